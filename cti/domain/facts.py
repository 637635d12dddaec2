"""What was decided: the only things that change state. `cti.domain.state` folds them; nothing else may.

A fact holds all that folding needs, so recovery never decides again. Facts are journalled beside their event and are
what history, wallboards and reports are built from.
"""

from typing import Final

from msgspec import Struct

from cti.domain.capacity import Capacity
from cti.domain.events import CampaignOpened, HoursSet, Lead, QueueOpened, SkillLevel
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    CampaignId,
    ContactId,
    Device,
    DialId,
    DialResult,
    DispositionId,
    EndedBy,
    LeadId,
    LegCause,
    LegId,
    Medium,
    Milliseconds,
    NodeId,
    OfferOutcome,
    PartyEnd,
    ProjectId,
    QueueId,
    Readiness,
    ReasonId,
    SiteId,
)
from cti.domain.states import Trigger

ASKED: Final = "asked"
"""The rule by which an agent gets a call that he asked for himself (`Why.rule`)."""
RESERVED: Final = "reserved"
"""The rule by which an agent gets a callee of the campaign that he was reserved for, or a lead to look at first."""
TRANSFERRED: Final = "transferred"
"""The rule by which an agent gets a talk that a colleague hands to him."""
OUT_OF_ORDER: Final = (ASKED, RESERVED, TRANSFERRED)
"""Rules by which an agent gets a contact that never stood in the order of those who wait."""


class Terms(Struct, frozen=True, kw_only=True, gc=False):
    """What a contact's score is the sum of, in milliseconds of waiting."""

    seniority_ms: Milliseconds
    """Its waiting, weighted."""
    priority_ms: Milliseconds
    tier_ms: Milliseconds = 0
    urgency_ms: Milliseconds = 0
    strict: bool = False
    """Its queue goes before all that are not strict."""


class Why(Struct, frozen=True, kw_only=True, gc=False):
    """Why this agent got this contact, in constant size; the full list is rebuilt by folding to the event."""

    rule: str
    """Which rule decided: `preferred`, `only_one`, `inner_ring`, `best_fit`, `least_load`, `longest_idle`, `lowest_id`;
    or `oldest` when an agent came free and took the contact with the highest score; or one `OUT_OF_ORDER`."""
    fit: int
    """Σ of the winner's levels in the skills asked for."""
    load: int
    idle_ms: Milliseconds
    score_ms: int
    """The contact's score at that moment."""
    runner_up: AgentId | None
    capable: int
    """How many agents have the skills, the project and the site …"""
    ready: int
    """… of these, how many were ready …"""
    free: int
    """… and of these, how many had capacity."""
    ring: int = 0
    """By which stage of relaxation the winner fits: 0, as it was asked at first."""
    terms: Terms | None = None
    other_project: int = 0
    """How many agents lacked the queue's project …"""
    other_site: int = 0
    """… had it, but belong to a site that is not asked (yet) …"""
    lacks_skill: int = 0
    """… or had both, but not the skills."""
    rival: ContactId | None = None
    """The contact with the next highest score that this agent could have had."""
    rival_score_ms: int = 0


class QueueConfigured(Struct, frozen=True, kw_only=True, gc=False):
    """The queue has these rules, and takes new contacts or does not."""

    rules: QueueOpened
    open: bool


class AgentConfigured(Struct, frozen=True, kw_only=True, gc=False):
    """The person has these projects and skills; removed, he gets nothing new."""

    agent_id: AgentId
    project_ids: tuple[ProjectId, ...]
    skills: tuple[SkillLevel, ...]
    removed: bool = False
    site_id: SiteId | None = None
    capacity: Capacity | None = None


class HoursConfigured(Struct, frozen=True, kw_only=True, gc=False):
    """Opening hours are these."""

    hours: HoursSet


class ReadinessChanged(Struct, frozen=True, kw_only=True, gc=False):
    """The agent is offline, not ready or ready from that instant."""

    agent_id: AgentId
    readiness: Readiness
    reason: ReasonId | None
    at_ms: Milliseconds
    media: tuple[Medium, ...] = ()
    """What he takes while ready; empty: every medium."""


class DeviceSet(Struct, frozen=True, kw_only=True, gc=False):
    """The agent's next ring goes to this device."""

    agent_id: AgentId
    device: Device


class ReachChanged(Struct, frozen=True, kw_only=True, gc=False):
    """The agent's desktop and phones as known now."""

    agent_id: AgentId
    desktop: bool
    phones: tuple[Device, ...]
    grace_until_ms: Milliseconds | None
    """When he stops being ready unless the missing one returns; None when nothing is missing, or it is forgiven."""
    desk_until_ms: Milliseconds | None = None
    """When what he works on at the desktop goes back to its queue; None while there is a desktop or no such work."""


class AgentSkipped(Struct, frozen=True, kw_only=True, gc=False):
    """The agent is offered nothing until then, ready as he is; None: he is offered contacts again."""

    agent_id: AgentId
    until_ms: Milliseconds | None


class SignOutDeferred(Struct, frozen=True, kw_only=True, gc=False):
    """He asked to leave while holding a contact; offline follows its close."""

    agent_id: AgentId


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


class CallbackOffered(Struct, frozen=True, kw_only=True, gc=False):
    """The caller has been told the key by which he is called back instead of waiting."""

    contact_id: ContactId
    at_ms: Milliseconds


class CallbackAccepted(Struct, frozen=True, kw_only=True, gc=False):
    """The call became a callback: the same contact, the same place, no leg."""

    contact_id: ContactId
    at_ms: Milliseconds


class CustomerRung(Struct, frozen=True, kw_only=True, gc=False):
    """The customer of a callback is being dialled with this leg."""

    assignment_id: AssignmentId
    leg_id: LegId
    node: NodeId
    at_ms: Milliseconds
    until_ms: Milliseconds


class CustomerReached(Struct, frozen=True, kw_only=True, gc=False):
    """The customer who was dialled has answered."""

    assignment_id: AssignmentId
    at_ms: Milliseconds


class CustomerMissed(Struct, frozen=True, kw_only=True, gc=False):
    """The customer whom an agent called was not reached."""

    assignment_id: AssignmentId
    cause: LegCause
    at_ms: Milliseconds


class CallbackPostponed(Struct, frozen=True, kw_only=True, gc=False):
    """Nobody was reached: the contact waits again, and is offered to nobody before that instant."""

    contact_id: ContactId
    attempts: int
    until_ms: Milliseconds
    at_ms: Milliseconds


class AssignmentOffered(Struct, frozen=True, kw_only=True, gc=False):
    """The contact is reserved for this agent, and the agent for it."""

    assignment_id: AssignmentId
    contact_id: ContactId
    agent_id: AgentId
    at_ms: Milliseconds
    pop_until_ms: Milliseconds | None
    """The ring waits for the pop until then; None: ring at once (no desktop), or nothing to ring (virtual call)."""
    lease_until_ms: Milliseconds
    """The offer cannot outlive this; always later than any ring."""
    why: Why
    preview: bool = False
    """A lead to be looked at: the phone rings when the agent says so."""


class PopConfirmed(Struct, frozen=True, kw_only=True, gc=False):
    """The card is on the agent's screen."""

    assignment_id: AssignmentId
    at_ms: Milliseconds
    late: bool
    """It came after the ring had been let go."""


class AgentRung(Struct, frozen=True, kw_only=True, gc=False):
    """The agent's phone is being rung with this leg (first ring or a rejoin)."""

    assignment_id: AssignmentId
    leg_id: LegId
    device: Device
    at_ms: Milliseconds
    until_ms: Milliseconds


class AssignmentStarted(Struct, frozen=True, kw_only=True, gc=False):
    """Agent and customer are together: talk, or work on a virtual call, begins (or goes on after a rejoin)."""

    assignment_id: AssignmentId
    leg_id: LegId | None
    at_ms: Milliseconds


class AssignmentHeld(Struct, frozen=True, kw_only=True, gc=False):
    """The customer hears music."""

    assignment_id: AssignmentId
    at_ms: Milliseconds


class AssignmentResumed(Struct, frozen=True, kw_only=True, gc=False):
    """The held customer is back in the talk."""

    assignment_id: AssignmentId
    at_ms: Milliseconds


class AssignmentPaused(Struct, frozen=True, kw_only=True, gc=False):
    """Something more urgent interrupts the work: it does not count towards the agent's capacity until it goes on."""

    assignment_id: AssignmentId
    by: AssignmentId
    """The offer that interrupts it."""
    at_ms: Milliseconds


class AssignmentUnpaused(Struct, frozen=True, kw_only=True, gc=False):
    """What interrupted it is over: the work goes on."""

    assignment_id: AssignmentId
    at_ms: Milliseconds


class AgentLegLost(Struct, frozen=True, kw_only=True, gc=False):
    """The talk goes on without the agent's leg: music, and he is rung again as soon as a phone of his is there."""

    assignment_id: AssignmentId
    leg_id: LegId
    at_ms: Milliseconds
    until_ms: Milliseconds
    stood: bool = False
    """The leg had served for a while, so the rings in a row count anew."""


class RingEnded(Struct, frozen=True, kw_only=True, gc=False):
    """The ring of a rejoin came to nothing; the caller goes on hearing music until the rejoin limit."""

    assignment_id: AssignmentId
    leg_id: LegId
    cause: LegCause
    at_ms: Milliseconds


class OfferEnded(Struct, frozen=True, kw_only=True, gc=False):
    """The offer came to nothing; the contact waits again in its old place (unless ContactClosed follows)."""

    assignment_id: AssignmentId
    outcome: OfferOutcome
    cause: LegCause | None
    at_ms: Milliseconds


class ContactRequeued(Struct, frozen=True, kw_only=True, gc=False):
    """Its agent was lost or it was taken from him: it waits with the seniority it has, and all that is known."""

    contact_id: ContactId
    at_ms: Milliseconds


class WrapUpStarted(Struct, frozen=True, kw_only=True, gc=False):
    """The talk or the work is over; the agent codes it."""

    assignment_id: AssignmentId
    at_ms: Milliseconds
    until_ms: Milliseconds
    ended_by: EndedBy


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


class AssignmentClosed(Struct, frozen=True, kw_only=True, gc=False):
    """The agent has done with the contact."""

    assignment_id: AssignmentId
    disposition: DispositionId
    at_ms: Milliseconds


class ContactClosed(Struct, frozen=True, kw_only=True, gc=False):
    """The contact is over, with this result."""

    contact_id: ContactId
    disposition: DispositionId
    at_ms: Milliseconds


class LineWish(Struct, frozen=True, kw_only=True, gc=False):
    """The agent wants to stay connected between calls, or no longer."""

    agent_id: AgentId
    wanted: bool


class LineRung(Struct, frozen=True, kw_only=True, gc=False):
    """The agent's phone is being rung for a line with this leg."""

    agent_id: AgentId
    leg_id: LegId
    node: NodeId
    device: Device
    until_ms: Milliseconds


class LineUp(Struct, frozen=True, kw_only=True, gc=False):
    """The agent's line stands: his calls are put through without a ring."""

    agent_id: AgentId
    at_ms: Milliseconds


class LineDown(Struct, frozen=True, kw_only=True, gc=False):
    """The agent has no line (any more)."""

    agent_id: AgentId
    cause: LegCause
    at_ms: Milliseconds


class CampaignConfigured(Struct, frozen=True, kw_only=True, gc=False):
    """The campaign has these rules; closed, it dials nobody and forgets the leads that it was given."""

    rules: CampaignOpened
    open: bool
    at_ms: Milliseconds


class CampaignSwitched(Struct, frozen=True, kw_only=True, gc=False):
    """The campaign dials, or does not, from now on."""

    campaign_id: CampaignId
    running: bool
    at_ms: Milliseconds


class WindowBegun(Struct, frozen=True, kw_only=True, gc=False):
    """The campaign's book is begun anew. Dials of earlier windows still count there."""

    campaign_id: CampaignId
    window: int
    """From 1."""
    at_ms: Milliseconds


class LeadsQueued(Struct, frozen=True, kw_only=True, gc=False):
    """These stand in line to be dialled."""

    campaign_id: CampaignId
    leads: tuple[Lead, ...]


class LeadsDropped(Struct, frozen=True, kw_only=True, gc=False):
    """These do not (any more): nothing was tried."""

    campaign_id: CampaignId
    lead_ids: tuple[LeadId, ...]


class AgentReserved(Struct, frozen=True, kw_only=True, gc=False):
    """The agent is kept free for the callees of this campaign; None: for nobody any more."""

    agent_id: AgentId
    campaign_id: CampaignId | None
    at_ms: Milliseconds


class LeadDialled(Struct, frozen=True, kw_only=True, gc=False):
    """The lead is being dialled with this leg. It stands in line no more."""

    dial_id: DialId
    campaign_id: CampaignId
    lead: Lead
    leg_id: LegId
    node: NodeId
    at_ms: Milliseconds
    until_ms: Milliseconds
    window: int
    """Its outcome goes to that window's book."""


class LeadShown(Struct, frozen=True, kw_only=True, gc=False):
    """An agent is shown the lead, with this contact, before it is called. It stands in line no more."""

    dial_id: DialId
    campaign_id: CampaignId
    lead: Lead
    contact_id: ContactId
    at_ms: Milliseconds


class DialAnswered(Struct, frozen=True, kw_only=True, gc=False):
    """The callee picked up; whether he is a machine may be listened for."""

    dial_id: DialId
    at_ms: Milliseconds
    until_ms: Milliseconds
    """An agent must have him by then."""


class DialGivenUp(Struct, frozen=True, kw_only=True, gc=False):
    """The dial is being hung up before an answer; until its end is known it counts as one that may be answered."""

    dial_id: DialId
    at_ms: Milliseconds


class CalleeQueued(Struct, frozen=True, kw_only=True, gc=False):
    """The callee is a human: this contact, which is queued by the same event, is his."""

    dial_id: DialId
    contact_id: ContactId
    at_ms: Milliseconds


class AttemptEnded(Struct, frozen=True, kw_only=True, gc=False):
    """What came of an attempt to reach a lead, and when he is tried next."""

    campaign_id: CampaignId
    lead_id: LeadId
    dial_id: DialId
    result: DialResult
    attempts: int
    """Made so far, this one included if it counts."""
    at_ms: Milliseconds
    next_ms: Milliseconds | None
    """Not before then; None: never again."""
    contact_id: ContactId | None = None


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


Fact = (
    QueueConfigured
    | AgentConfigured
    | HoursConfigured
    | ReadinessChanged
    | DeviceSet
    | ReachChanged
    | AgentSkipped
    | SignOutDeferred
    | ContactQueued
    | WaitPlanned
    | StepTaken
    | ContactUrged
    | ContactMoved
    | PriorityGiven
    | CallbackOffered
    | CallbackAccepted
    | CustomerRung
    | CustomerReached
    | CustomerMissed
    | CallbackPostponed
    | AssignmentOffered
    | PopConfirmed
    | AgentRung
    | AssignmentStarted
    | AssignmentHeld
    | AssignmentResumed
    | AssignmentPaused
    | AssignmentUnpaused
    | AgentLegLost
    | RingEnded
    | OfferEnded
    | ContactRequeued
    | WrapUpStarted
    | PartyInvited
    | PartyMoved
    | PartyEnded
    | HandedOver
    | AssignmentClosed
    | ContactClosed
    | LineWish
    | LineRung
    | LineUp
    | LineDown
    | CampaignConfigured
    | CampaignSwitched
    | WindowBegun
    | LeadsQueued
    | LeadsDropped
    | AgentReserved
    | LeadDialled
    | LeadShown
    | DialAnswered
    | DialGivenUp
    | CalleeQueued
    | AttemptEnded
    | NodeLost
    | NodeReturned
    | ClockShifted
)
