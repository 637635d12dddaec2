"""A contact: one request by a customer from arrival to close. The record only; the rules stand in `acd` and its
modules.
"""

from msgspec import Struct

from cti.domain.events import SkillLevel
from cti.domain.ids import AgentId, AssignmentId, ContactId, LegId, Medium, Milliseconds, NodeId, ProjectId, QueueId
from cti.domain.states import ContactState


class Contact(Struct, frozen=True, kw_only=True, gc=False):
    """A live contact; a closed one has left the state."""

    id: ContactId
    number: int
    """Of the event that brought it: the last tie-breaker of the order."""
    medium: Medium
    project_id: ProjectId
    queue_id: QueueId
    arrived_ms: Milliseconds
    """Seniority counts from here, whatever happens after."""
    queued_ms: Milliseconds
    leg_id: LegId | None
    """The caller's leg; None: a virtual call. Kept through wrap-up, when it has been told to end."""
    node: NodeId | None
    requirements: tuple[SkillLevel, ...]
    """Asked for besides what its queue asks."""
    preferred: tuple[AgentId, ...]
    state: ContactState
    assignment_id: AssignmentId | None = None
    """The one live assignment, if there is one."""


def number_of(contact_id: ContactId) -> int:
    """The event number in a contact's id."""
    return int(contact_id[1:])
