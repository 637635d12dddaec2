"""Switches lost and returned, and a clock that was set."""

from msgspec import Struct

from cti.domain.ids import Milliseconds, NodeId


class NodeLost(Struct, frozen=True, kw_only=True, gc=False):
    """The node is away: what waits there is not offered, and no phone is missed."""

    node: NodeId
    at_ms: Milliseconds


class NodeReturned(Struct, frozen=True, kw_only=True, gc=False):
    """The node is back: what waits there is offered; missing phones are forgiven for a while, they register anew."""

    node: NodeId
    at_ms: Milliseconds
    settled_ms: Milliseconds


class ClockShifted(Struct, frozen=True, kw_only=True, gc=False):
    """Every deadline and instant that still counts moves with the clock."""

    by_ms: Milliseconds
