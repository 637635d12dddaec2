"""A node of the switch, as far as its absence matters. The record only; `presence` and `readiness` hold the rules."""

from msgspec import Struct

from cti.domain.ids import Milliseconds, NodeId


class Node(Struct, frozen=True, kw_only=True, gc=False):
    """A node that has been lost at least once; one never heard of as lost is there, and has no record."""

    id: NodeId
    lost: bool
    returned_ms: Milliseconds | None = None
    """When it was back last."""
    settled_ms: Milliseconds | None = None
    """Until then its phones may still have to register anew."""
