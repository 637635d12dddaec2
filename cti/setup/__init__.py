"""Set-up: finds or fetches the programs around Triune (Asterisk, speech, Node, the tests' tools).

Nothing here runs a centre. `cti.setup.cli.run_setup` is called by `python -m cti.setup` (make) and by the `cti`
command; the supervisor asks `asterisk.find`, the prompts ask `speech.find_espeak`.
"""
