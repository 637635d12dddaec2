"""What a journal tells afterwards: why a contact was decided on as it was, and whether a day kept to the policy.

Here: reading journals and snapshots for that, the commands, and both at work beside a running engine. The judging
itself is pure and stands in `cti.domain`. Called by `cti.cli` and wired by `cti.app`.
"""
