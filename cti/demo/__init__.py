"""The emulated carrier, demo agents and traffic."""
