"""Asking others into a talk, and how it went for those who were asked."""

from msgspec import Struct

from cti.domain.ids import AgentId, AssignmentId, DestinationId, LegCause, LegId, NodeId, QueueId, TargetKind


class Target(Struct, frozen=True, kw_only=True, gc=False):
    """Whither, by what the kind says: only that one field is given. An outside number stands in the tables."""

    kind: TargetKind
    agent_id: AgentId | None = None
    queue_id: QueueId | None = None
    destination: DestinationId | None = None


class TransferRequested(Struct, frozen=True, kw_only=True, gc=False):
    """The agent hands his talk over unseen: he is free for wrap-up at once, the caller stays in our hands."""

    assignment_id: AssignmentId
    target: Target


class InviteRequested(Struct, frozen=True, kw_only=True, gc=False):
    """The agent asks a person or a number: the customer hears music, and he talks to whoever answers."""

    assignment_id: AssignmentId
    target: Target


class SwapRequested(Struct, frozen=True, kw_only=True, gc=False):
    """From the one aside to the customer, or back; whoever is left hears music."""

    assignment_id: AssignmentId


class ConferenceRequested(Struct, frozen=True, kw_only=True, gc=False):
    """The one aside comes into the talk: all hear each other."""

    assignment_id: AssignmentId


class HandOverRequested(Struct, frozen=True, kw_only=True, gc=False):
    """The agent leaves the customer to the one he asked; if that one is being rung still, unseen."""

    assignment_id: AssignmentId


class PartyDropped(Struct, frozen=True, kw_only=True, gc=False):
    """The agent parts from somebody whom he asked, or takes back that he asks him."""

    assignment_id: AssignmentId
    leg_id: LegId


class PartyAnswered(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody who was asked into a talk picked up, and his leg is in our hands."""

    leg_id: LegId
    node: NodeId | None = None
    """Where it stands: needed to end a leg that is nobody's any more."""


class PartyFailed(Struct, frozen=True, kw_only=True, gc=False):
    """He was not reached."""

    leg_id: LegId
    cause: LegCause
