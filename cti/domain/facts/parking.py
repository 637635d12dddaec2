"""Facts of callers who are parked."""

from msgspec import Struct

from cti.domain.ids import AgentId, AssignmentId, ContactId, Milliseconds


class ContactParked(Struct, frozen=True, kw_only=True, gc=False):
    """The caller hears music at this place, and is nobody's."""

    contact_id: ContactId
    slot: int
    assignment_id: AssignmentId
    agent_id: AgentId
    """Who parked him."""
    at_ms: Milliseconds
    until_ms: Milliseconds


class ContactFetched(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody wants him and is being rung: he is parked no more."""

    contact_id: ContactId
    agent_id: AgentId
    at_ms: Milliseconds
