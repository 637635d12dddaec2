"""Tiers: what a customer's standing is worth in the queues. What a queue makes of it stands in `cti.config.queues`."""

from pydantic import Field

from cti.config.record import Record
from cti.config.words import Words


class Tier(Record):
    """The customers whose tier field holds this key, in whatever case."""

    key: str
    name: Words
    level: int = Field(ge=1, le=10)
    """What `tier` stands for in conditions, and how many credits it is worth. Who is of no tier has 0."""
