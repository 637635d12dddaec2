"""Faults in random order under mixed load, and the books after each: `make chaos`, and a few rounds in `make test`.

`faults` breaks things, `customers` are those of `tests.soak` who do not mind a broken connection, `books` compares what
carrier, phones, visitors and mail server counted with what the journal tells, `rounds` plays it all.
"""
