"""Those whom an agent asks into a talk, and talks handed over."""

from msgspec import Struct

from cti.domain.ids import AgentId, AssignmentId, ContactId, Device, LegCause, LegId, Milliseconds, NodeId, PartyEnd
from cti.domain.states import Trigger


class PartyInvited(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody is asked into a talk: his leg is being rung."""

    leg_id: LegId
    contact_id: ContactId
    node: NodeId
    agent_id: AgentId | None
    """None: an outside number."""
    device: Device | None
    by: AssignmentId
    at_ms: Milliseconds
    until_ms: Milliseconds
    alone: bool = False
    """For the customer, whose agent has left already."""


class PartyMoved(Struct, frozen=True, kw_only=True, gc=False):
    """He is somewhere else in the talk from now on (`states.PARTY`)."""

    leg_id: LegId
    trigger: Trigger
    at_ms: Milliseconds


class PartyEnded(Struct, frozen=True, kw_only=True, gc=False):
    """He is in the talk no more."""

    leg_id: LegId
    how: PartyEnd
    cause: LegCause | None
    at_ms: Milliseconds


class HandedOver(Struct, frozen=True, kw_only=True, gc=False):
    """The agent is done with the talk, and codes his part; the contact goes on without him."""

    assignment_id: AssignmentId
    at_ms: Milliseconds
    until_ms: Milliseconds
