"""A contact: one request by a customer from arrival to close. The record only; the rules stand in `acd` and its
modules.
"""

from msgspec import Struct

from cti.domain.events import SkillLevel
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    CampaignId,
    ContactId,
    LeadId,
    LegId,
    Medium,
    Milliseconds,
    NodeId,
    ProjectId,
    QueueId,
)
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
    """The one live assignment, if there is one; a talk that was handed over to somebody off duty has none."""
    hold_for_ms: tuple[Milliseconds, ...] = ()
    condition: str = ""
    tier: int = 0
    priority: int = 0
    """Points of its own: given by its source, a supervisor, or steps."""
    origin: ContactId | None = None
    """The contact that it was made of."""
    cut_off: bool = False
    """A callback to one whom a switch cut off in its menus."""
    outbound: bool = False
    """We call the customer, not he us; a callback, which he asked for, is none."""
    campaign_id: CampaignId | None = None
    lead_id: LeadId | None = None
    """Whom of the campaign's list."""
    address_key: str = ""
    expected_ms: Milliseconds | None = None
    """How long it was expected to wait when it was queued."""
    urged: bool = False
    steps_taken: int = 0
    """Bit n: the n-th step of its queue was taken at least once."""
    stepped_ms: Milliseconds = 0
    """Everything planned up to this instant of waiting is done; counts from `queued_ms`."""
    held_until_ms: Milliseconds | None = None
    """Only its preferred agents may have it until then."""
    urgent_ms: Milliseconds | None = None
    """When its service level will be in danger."""
    next_step_ms: Milliseconds | None = None
    asleep_until_ms: Milliseconds | None = None
    """It is offered to nobody until then."""
    callback_offered: bool = False
    attempts: int = 0
    """To call back, so far."""
    slot: int | None = None
    """The place where it is parked."""
    parked_from: AssignmentId | None = None
    """Of the agent who parked it; it may be closed by now."""
    parked_by: AgentId | None = None
    parked_ms: Milliseconds | None = None
    parked_until_ms: Milliseconds | None = None
    parties: tuple[LegId, ...] = ()
    """Who was asked into its talk, in that order."""


def is_call(contact: Contact) -> bool:
    """Whether an agent's phone rings for it: its customer is, or will be, on a leg."""
    return contact.medium is Medium.VOICE or contact.medium is Medium.CALLBACK


def is_dialled(contact: Contact) -> bool:
    """Whether its customer is to be dialled once an agent is there, or was."""
    return contact.outbound or contact.medium is Medium.CALLBACK


def plan_ms(contact: Contact) -> Milliseconds | None:
    """When something is next to be done for it, while it waits; None: nothing is."""
    if contact.asleep_until_ms is not None:
        return contact.asleep_until_ms
    planned = (contact.next_step_ms, contact.held_until_ms, contact.urgent_ms)
    return min((at_ms for at_ms in planned if at_ms is not None), default=None)


def number_of(contact_id: ContactId) -> int:
    """The event number in a contact's id."""
    return int(contact_id[1:].partition("-")[0])
