"""Supervisors at agents' talks: whether the agent is told. Who may listen is `cti.web`'s to say."""

from cti.config.record import Record


class Monitoring(Record):
    """What an agent sees of a supervisor at his talk."""

    tell_agents: bool = True
    """His page says who listens. Whoever coaches him, or is in the talk, he hears anyway: that is always shown."""
