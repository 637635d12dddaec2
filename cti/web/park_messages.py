"""The public API's records for parked calls. Beside `cti.web.messages`; its rules hold."""

from typing import Literal

from cti.web.record import Message


class ParkedAt(Message):
    """Where the call is parked now."""

    slot: int


class ParkedView(Message):
    """A parked caller."""

    contact_id: str
    slot: int
    name: str
    address: str
    queue: str
    by: str
    """Who parked him."""
    since_ms: int
    until_ms: int
    """Then he is with whoever parked him, or first in his queue."""


class ParkedChanged(Message):
    """Somebody was parked, or is so no more: the list is to be read again."""

    kind: Literal["parked"] = "parked"
