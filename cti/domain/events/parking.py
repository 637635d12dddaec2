"""What happens to callers who are parked."""

from msgspec import Struct

from cti.domain.ids import AgentId, AssignmentId, ContactId


class ParkRequested(Struct, frozen=True, kw_only=True, gc=False):
    """The agent puts his caller aside, where any colleague can fetch him: he goes to wrap-up at once."""

    assignment_id: AssignmentId


class FetchRequested(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody wants a parked caller: his phone rings for it. Refused when another has fetched him."""

    contact_id: ContactId
    agent_id: AgentId
