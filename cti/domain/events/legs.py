"""What the switch tells of legs: answered, ended, failed, not joined."""

from msgspec import Struct

from cti.domain.ids import AssignmentId, ContactId, DialId, LegCause, LegId, NodeId


class LegAnswered(Struct, frozen=True, kw_only=True, gc=False):
    """The agent's leg was picked up and is in our hands. Said again of a talk under way: the legs are joined again."""

    assignment_id: AssignmentId
    leg_id: LegId
    node: NodeId | None = None
    """Where it stands: needed to end a leg that is nobody's any more. None: on the node of the newest caller."""


class LegEnded(Struct, frozen=True, kw_only=True, gc=False):
    """Caller's or agent's leg is gone. Unknown legs are no error: the answer is an empty decision."""

    leg_id: LegId
    cause: LegCause
    cut: bool = False
    """A customer's: he did not hang up, the node died under him."""
    call_back: bool = False
    """He who was cut may be called back, and has not called again."""


class RingFailed(Struct, frozen=True, kw_only=True, gc=False):
    """The agent's leg could not be made or was never answered."""

    assignment_id: AssignmentId
    leg_id: LegId
    cause: LegCause


class CalleeAnswered(Struct, frozen=True, kw_only=True, gc=False):
    """A campaign's callee picked up, and his leg is in our hands; again when it is known whether he is a machine."""

    dial_id: DialId
    leg_id: LegId
    node: NodeId | None = None
    machine: bool | None = None
    """None: not listened for (yet). A doubt is a human."""


class CalleeFailed(Struct, frozen=True, kw_only=True, gc=False):
    """A campaign's callee was not reached."""

    dial_id: DialId
    leg_id: LegId
    cause: LegCause
    alone: bool = False
    """He did pick up, while no engine was there: he was told sorry, or hung up before."""


class JoinFailed(Struct, frozen=True, kw_only=True, gc=False):
    """The two legs could not be joined; one of them is usually gone and its LegEnded follows or preceded."""

    contact_id: ContactId
    assignment_id: AssignmentId
