"""Contacts that wait, what their waiting is made of, and their end."""

from msgspec import Struct

from cti.domain.events import SkillLevel
from cti.domain.ids import (
    AgentId,
    CampaignId,
    ContactId,
    DispositionId,
    LeadId,
    LegId,
    Medium,
    Milliseconds,
    NodeId,
    ProjectId,
    QueueId,
)


class ContactQueued(Struct, frozen=True, kw_only=True, gc=False):
    """A contact exists and waits."""

    contact_id: ContactId
    medium: Medium
    project_id: ProjectId
    queue_id: QueueId
    arrived_ms: Milliseconds
    queued_ms: Milliseconds
    leg_id: LegId | None
    node: NodeId | None
    requirements: tuple[SkillLevel, ...]
    preferred: tuple[AgentId, ...]
    hold_for_ms: tuple[Milliseconds, ...] = ()
    condition: str = ""
    tier: int = 0
    priority: int = 0
    origin: ContactId | None = None
    address_key: str = ""
    """Stands for the customer's number or address without telling it; "" when there is none."""
    source_key: str = ""
    """Stands for the source's own key of the request; "" when it has none."""
    cut_off: bool = False
    """A callback that nobody asked for, to one who had no contact yet."""
    outbound: bool = False
    """We call the customer."""
    campaign_id: CampaignId | None = None
    lead_id: LeadId | None = None
    """Whom of the campaign's list."""


class WaitPlanned(Struct, frozen=True, kw_only=True, gc=False):
    """What is next to be done for a waiting contact, and whom it is kept for until then. The plan before is void."""

    contact_id: ContactId
    stepped_ms: Milliseconds
    """Everything planned up to this much waiting in its queue is done."""
    next_step_ms: Milliseconds | None = None
    held_until_ms: Milliseconds | None = None
    """Only its preferred agents may have it until then; None: anyone who can."""
    urgent_ms: Milliseconds | None = None
    """When its service level will be in danger; None: never, or it is known already."""
    asleep_until_ms: Milliseconds | None = None
    """It is offered to nobody until then (a callback's next attempt)."""
    expected_ms: Milliseconds | None = None
    """How long it was expected to wait when it began to; None: too little is known."""


class StepTaken(Struct, frozen=True, kw_only=True, gc=False):
    """A stage of its queue was reached: what that changes is read from the queue's rules."""

    contact_id: ContactId
    step: int
    """Its place in the queue's steps, from 0."""
    at_ms: Milliseconds
    priority: int = 0
    """Points that the contact has from now on, those of its queue not counted."""


class ContactUrged(Struct, frozen=True, kw_only=True, gc=False):
    """Its service level is about to be missed: it gains its queue's urgency, once."""

    contact_id: ContactId
    at_ms: Milliseconds


class ContactMoved(Struct, frozen=True, kw_only=True, gc=False):
    """It waits in another queue from now on, with the seniority it has."""

    contact_id: ContactId
    queue_id: QueueId
    project_id: ProjectId
    at_ms: Milliseconds


class PriorityGiven(Struct, frozen=True, kw_only=True, gc=False):
    """It has so many points of its own."""

    contact_id: ContactId
    priority: int
    at_ms: Milliseconds


class ContactRequeued(Struct, frozen=True, kw_only=True, gc=False):
    """Its agent was lost or it was taken from him: it waits with the seniority it has, and all that is known."""

    contact_id: ContactId
    at_ms: Milliseconds


class ContactClosed(Struct, frozen=True, kw_only=True, gc=False):
    """The contact is over, with this result."""

    contact_id: ContactId
    disposition: DispositionId
    at_ms: Milliseconds
