"""Benchmarks: what Triune costs and how quick it is, beside the plain alternative in the same run.

`cti bench NAME` (`cti.bench.commands`) runs one; each is a module here that returns a `cti.bench.result.Result`. They
start a centre of their own in a temporary home and look at it from outside only. The product imports nothing from here.
"""
