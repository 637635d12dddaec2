"""Desk phones of the centre's own, at which people log in."""

from cti.config.record import Record
from cti.config.words import Words


class Desk(Record):
    """A phone that stands somewhere and is nobody's. Its key is part of the name under which it registers."""

    key: str
    name: Words
