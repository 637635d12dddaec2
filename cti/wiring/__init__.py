"""The parts of an engine, put together by subject. Nothing is decided here, nor when anything starts: `cti.app` does.

Each module knows the adapters of its subject and stands on `ground`, which all share.
"""
