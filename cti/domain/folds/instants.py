"""Which fields of the tables' records are instants, so that they move when the clock jumps."""

from collections.abc import Mapping
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from cti.domain.agent import Agent
from cti.domain.assignment import Assignment
from cti.domain.campaign import Campaign, Dial
from cti.domain.contact import Contact
from cti.domain.expected import Pace
from cti.domain.ids import Milliseconds
from cti.domain.monitor import Monitor
from cti.domain.node import Node
from cti.domain.party import Party

INSTANTS: Final[Mapping[type[Struct], tuple[str, ...]]] = {
    Contact: (
        *("arrived_ms", "queued_ms", "held_until_ms", "urgent_ms", "next_step_ms", "asleep_until_ms"),
        *("parked_ms", "parked_until_ms"),
    ),
    Assignment: (
        *("offered_ms", "lease_until_ms", "pop_until_ms", "pop_shown_ms", "rung_ms", "ring_until_ms", "answered_ms"),
        *("started_ms", "held_ms", "rejoin_until_ms", "wrap_up_ms", "wrap_up_until_ms"),
    ),
    Agent: ("since_ms", "idle_since_ms", "grace_until_ms", "desk_until_ms", "skipped_until_ms", "line_until_ms"),
    Party: ("invited_ms", "since_ms", "until_ms", "answered_ms"),
    Monitor: ("asked_ms", "since_ms", "until_ms"),
    Node: ("returned_ms", "settled_ms"),
    Campaign: ("window_from_ms",),
    Dial: ("dialled_ms", "until_ms", "answered_ms"),
    Pace: ("last_ms",),
}

_Record = TypeVar("_Record", bound=Struct)


def shifted(record: _Record, by_ms: Milliseconds) -> _Record:
    """The record with all its instants moved; what is not known stays unknown."""
    known = ((name, getattr(record, name)) for name in INSTANTS[type(record)])
    return replace(record, **{name: at_ms + by_ms for name, at_ms in known if at_ms is not None})
