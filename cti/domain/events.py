"""What happened: everything that can reach the `Acd`, in the past tense.

Made by the shell (`cti.asterisk.translate`, the web API, timers, the directory) and journalled as they stand; so they
hold ids and numbers of the system, never a caller's number, name, digits or words. A new field needs a default or a
new `VERSION` and a lift in `cti.engine.journal`.
"""

from typing import Final

from msgspec import Struct

from cti.domain.capacity import Capacity
from cti.domain.ids import (
    AgentId,
    Announcement,
    AssignmentId,
    CampaignId,
    CampaignMode,
    ContactId,
    DestinationId,
    Device,
    DialId,
    DialResult,
    DispositionId,
    HoursId,
    LeadId,
    LegCause,
    LegId,
    Medium,
    Milliseconds,
    NodeId,
    ProjectId,
    QueueId,
    ReasonId,
    SiteId,
    SkillId,
    TargetKind,
    TimerId,
)

VERSION: Final = 1


class SkillLevel(Struct, frozen=True, kw_only=True, gc=False):
    """One skill at one level, 1–10: what an agent has, or what a contact asks for at least."""

    skill_id: SkillId
    level: int


# -- configuration ---------------------------------------------------------------------------------------------------


class CallbackRule(Struct, frozen=True, kw_only=True, gc=False):
    """How callers of a queue are called back."""

    hours: HoursId | None = None
    """When they may be called; None: at any time."""
    attempts: int = 3
    retry_ms: Milliseconds = 900_000
    """From an attempt that nobody answered to the next."""
    ring_limit_ms: Milliseconds = 30_000


class Weight(Struct, frozen=True, kw_only=True, gc=False):
    """How fast waiting counts on one medium."""

    medium: Medium
    percent: int
    """100 = real time; 0: it does not count, so contacts may starve."""


class ServiceLevel(Struct, frozen=True, kw_only=True, gc=False):
    """How soon contacts of one medium should be answered."""

    medium: Medium
    within_ms: Milliseconds


class Step(Struct, frozen=True, kw_only=True, gc=False):
    """A timed stage of waiting; what it changes holds from then on. The clock starts when the contact enters the queue.

    All conditions given must hold at its instant, else nothing is done (and a step with `every_ms` tries again).
    """

    after_ms: Milliseconds
    every_ms: Milliseconds = 0
    """Done again so often; 0: once."""
    if_position_over: int | None = None
    if_eligible_under: int | None = None
    """Ready agents who meet the requirement, busy ones included."""
    if_expected_over_ms: Milliseconds | None = None
    if_open: HoursId | None = None
    if_closed: HoursId | None = None
    relax: tuple[SkillLevel, ...] = ()
    """These skills are asked for at this level at most; 0 drops them."""
    add: str = ""
    """An expression (`cti.domain.requirement`) asked for besides."""
    sites: tuple[SiteId, ...] = ()
    """Added to the sites whose agents are asked."""
    priority: int = 0
    """Points added."""
    announce: tuple[Announcement, ...] = ()
    offer_callback: bool = False
    to_queue: QueueId | None = None
    """It goes on in that queue, with the seniority it has."""
    to_destination: DestinationId | None = None
    """The call leaves the ACD for that place. Contacts without a leg stay."""


class QueueOpened(Struct, frozen=True, kw_only=True, gc=False):
    """The queue exists with these rules from now on; sent again, it replaces them. What waits keeps its place."""

    queue_id: QueueId
    project_id: ProjectId
    requirements: tuple[SkillLevel, ...] = ()
    priority: int = 0
    """Each point is worth 60 s of waiting."""
    weight_percent: int = 100
    """How fast waiting counts here; 100 = real time."""
    service_level_ms: Milliseconds = 20_000
    service_levels: tuple[ServiceLevel, ...] = ()
    """For media that may wait longer, or not so long, than `service_level_ms`."""
    ring_limit_ms: Milliseconds = 15_000
    wrap_up_limit_ms: Milliseconds = 60_000
    pop_limit_ms: Milliseconds = 150
    """How long the ring waits for the desktop to confirm the pop."""
    rejoin_limit_ms: Milliseconds = 20_000
    """How long a caller hears music after the agent's leg was lost, before he returns to the head of the queue."""
    condition: str = ""
    """An expression (`cti.domain.requirement`) asked for besides `requirements`."""
    sites: tuple[SiteId, ...] = ()
    """Whose agents are asked first; empty: those of every site."""
    weights: tuple[Weight, ...] = ()
    """For media whose waiting counts otherwise than `weight_percent`."""
    strict: bool = False
    """Before every queue that is not, in order of priority, whatever waits elsewhere."""
    tier_credit_ms: Milliseconds = 0
    """What one tier of the customer is worth in waiting time."""
    urgency_ms: Milliseconds = 0
    """What a contact gains once when its service level is predicted to be missed."""
    steps: tuple[Step, ...] = ()
    """By `after_ms`."""
    callback: CallbackRule | None = None
    """None: no caller is offered one."""
    lost_to: QueueId | None = None
    """Where a task is made of every contact that was lost here; None: nowhere."""


class OpenSpan(Struct, frozen=True, kw_only=True, gc=False):
    """From–to on one weekday, local time."""

    weekday: int
    """0 is Monday."""
    from_minute: int
    to_minute: int
    """Not included; 1440 is midnight."""


class HoursSet(Struct, frozen=True, kw_only=True, gc=False):
    """Opening hours by this key are these from now on; what they mean at an instant says `cti.domain.schedule`."""

    hours_id: HoursId
    tz: str
    """IANA name."""
    weekly: tuple[OpenSpan, ...]
    holidays: str | None = None
    """Two letters of a country whose public holidays are closed days."""
    closed_on: tuple[str, ...] = ()
    """Closed days besides, ISO 8601."""


class QueueClosed(Struct, frozen=True, kw_only=True, gc=False):
    """The queue takes nothing new; what waits there is served out."""

    queue_id: QueueId


class AgentEnrolled(Struct, frozen=True, kw_only=True, gc=False):
    """The person may handle contacts of these projects; sent again, it replaces skills and projects."""

    agent_id: AgentId
    project_ids: tuple[ProjectId, ...]
    skills: tuple[SkillLevel, ...] = ()
    site_id: SiteId | None = None
    capacity: Capacity | None = None
    """None: one contact at a time."""


class AgentRemoved(Struct, frozen=True, kw_only=True, gc=False):
    """The person handles contacts no longer: a talk he finishes, other work goes back to its queue at once."""

    agent_id: AgentId


class SkillsChanged(Struct, frozen=True, kw_only=True, gc=False):
    """Effective at the very next decision."""

    agent_id: AgentId
    skills: tuple[SkillLevel, ...]


class Retry(Struct, frozen=True, kw_only=True, gc=False):
    """When a lead is tried again after a result; results without one end it."""

    result: DialResult
    after_ms: Milliseconds
    attempts: int = 3
    """At most so many attempts with any result."""


class CampaignOpened(Struct, frozen=True, kw_only=True, gc=False):
    """The campaign has these rules from now on; sent again, it replaces them. It dials once it is started."""

    campaign_id: CampaignId
    queue_id: QueueId
    """Whose agents serve it, and by whose rules its contacts are wrapped up."""
    mode: CampaignMode
    cap_permyriad: int = 300
    """Abandoned of live answers, at most, in hundredths of a per cent."""
    spare: int = 0
    """Agents whom the pacer does not count on."""
    lines: int = 100
    """Numbers dialled at once, at most."""
    ring_limit_ms: Milliseconds = 25_000
    connect_limit_ms: Milliseconds = 2_000
    """How long a callee may wait for an agent before he is told sorry and counts as abandoned."""
    detects_machines: bool = False
    window_ms: Milliseconds = 86_400_000
    """The book of answers and abandoned is begun anew so often; 0: never."""
    preview_limit_ms: Milliseconds = 120_000
    """How long an agent may look at a lead."""
    retries: tuple[Retry, ...] = ()


class CampaignClosed(Struct, frozen=True, kw_only=True, gc=False):
    """The campaign is no more: it dials nobody, what rings or talks goes on."""

    campaign_id: CampaignId


class CampaignStarted(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody wants it to dial. Twice is once."""

    campaign_id: CampaignId


class CampaignPaused(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody wants it to dial no more for now; what rings goes on. Twice is once."""

    campaign_id: CampaignId


class Lead(Struct, frozen=True, kw_only=True, gc=False):
    """An entry of a campaign's list, to be dialled soon."""

    lead_id: LeadId
    attempts: int = 0
    """Made so far."""
    address_key: str = ""
    """As in `ContactArrived`."""
    tier: int = 0


class LeadsGiven(Struct, frozen=True, kw_only=True, gc=False):
    """These may be dialled now, in this order, after those given before. One that is known already is nothing new."""

    campaign_id: CampaignId
    leads: tuple[Lead, ...]


class LeadsTakenBack(Struct, frozen=True, kw_only=True, gc=False):
    """These must not be dialled now: calling hours ended, or they asked not to be called. Unknown ones are nothing."""

    campaign_id: CampaignId
    lead_ids: tuple[LeadId, ...]


# -- agents ----------------------------------------------------------------------------------------------------------


class AgentSignedIn(Struct, frozen=True, kw_only=True, gc=False):
    """He sits at a desktop or phone; not ready until he says so. A second sign-in moves the agent to the new device."""

    agent_id: AgentId
    device: Device


class AgentSignedOut(Struct, frozen=True, kw_only=True, gc=False):
    """He leaves. In a call: he takes nothing new and goes offline when the call's wrap-up is closed."""

    agent_id: AgentId


class DeviceChosen(Struct, frozen=True, kw_only=True, gc=False):
    """From the next ring on this device rings."""

    agent_id: AgentId
    device: Device


class AgentBecameReady(Struct, frozen=True, kw_only=True, gc=False):
    """He asks to be ready; refused while he is offline, or wants calls and his phone is not reachable."""

    agent_id: AgentId
    media: tuple[Medium, ...] = ()
    """Those he takes now; empty: every one. Sent again, it replaces them."""


class AgentBecameNotReady(Struct, frozen=True, kw_only=True, gc=False):
    """He asks for a break; an offer that already rings goes on."""

    agent_id: AgentId
    reason: ReasonId


class LineWanted(Struct, frozen=True, kw_only=True, gc=False):
    """He wants to stay connected between calls, or no longer: the phone he chose is rung once and then kept up."""

    agent_id: AgentId
    wanted: bool


class LineAnswered(Struct, frozen=True, kw_only=True, gc=False):
    """The phone that was rung for a line was picked up, and its leg is in our hands."""

    agent_id: AgentId
    leg_id: LegId
    node: NodeId | None = None


class LineFailed(Struct, frozen=True, kw_only=True, gc=False):
    """It could not be rung, or nobody picked it up."""

    agent_id: AgentId
    leg_id: LegId
    cause: LegCause


class DesktopConnected(Struct, frozen=True, kw_only=True, gc=False):
    """A page of his answers pings; pops can be shown."""

    agent_id: AgentId


class DesktopLost(Struct, frozen=True, kw_only=True, gc=False):
    """No page of his answers pings any more."""

    agent_id: AgentId


class PhoneReachable(Struct, frozen=True, kw_only=True, gc=False):
    """The device made a registration. Said at each new one, also when the old was not missed: a lost leg is rung."""

    agent_id: AgentId
    device: Device


class PhoneUnreachable(Struct, frozen=True, kw_only=True, gc=False):
    """The device has none."""

    agent_id: AgentId
    device: Device


# -- contacts --------------------------------------------------------------------------------------------------------


class ContactArrived(Struct, frozen=True, kw_only=True, gc=False):
    """Someone asks for something in this queue. The contact's id derives from this event's number.

    `leg_id` and `node` are the caller's leg for voice, None for a virtual call. `arrived_ms` is when the request
    reached the switch or the mailbox: seniority counts from there, not from this event.
    """

    medium: Medium
    queue_id: QueueId
    arrived_ms: Milliseconds
    leg_id: LegId | None = None
    node: NodeId | None = None
    requirements: tuple[SkillLevel, ...] = ()
    """Asked for besides what the queue asks (a language, say)."""
    preferred: tuple[AgentId, ...] = ()
    """Who should have it: the owner of the open case, the last agent, the relationship manager; the first is asked
    first."""
    hold_for_ms: tuple[Milliseconds, ...] = ()
    """How long each of those is waited for while he is busy; missing ones are 0. Nobody waits for one who is away."""
    condition: str = ""
    """An expression (`cti.domain.requirement`) asked for besides."""
    tier: int = 0
    """Of the customer, 0–10."""
    priority: int = 0
    """Points added to those of the queue."""
    origin: ContactId | None = None
    """The contact that this one was made of."""
    address_key: str = ""
    """Stands for the customer's number or address without telling it (a keyed hash); "" when there is none."""
    source_key: str = ""
    """Stands for the source's own key of the request: one with the same key is the same, not a second; "" has none."""
    not_before_ms: Milliseconds | None = None
    """When a customer wants to be called back, at the earliest; of callbacks only. None: as soon as may be."""


class OutboundRequested(Struct, frozen=True, kw_only=True, gc=False):
    """An agent wants a customer called, now, by himself. The contact's id derives from this event's number."""

    agent_id: AgentId
    queue_id: QueueId
    """Whose project the call is for, and by whose rules it is wrapped up."""
    node: NodeId | None = None
    """From where; None: where the newest caller's leg stands."""
    origin: ContactId | None = None
    """The contact that it is about."""
    address_key: str = ""
    """As in `ContactArrived`."""
    asked_ms: Milliseconds | None = None
    """When he clicked, as far as is known; None: now."""


class CallbackRequested(Struct, frozen=True, kw_only=True, gc=False):
    """The caller would rather be called back than wait: he keeps his place. One without the offer is refused."""

    leg_id: LegId


class PriorityChanged(Struct, frozen=True, kw_only=True, gc=False):
    """A supervisor gives one contact so many points; effective at the very next decision."""

    contact_id: ContactId
    priority: int


class ContactCancelled(Struct, frozen=True, kw_only=True, gc=False):
    """The request is no longer wanted (non-voice, or an admin's word)."""

    contact_id: ContactId
    abandoned: bool = False
    """The customer went away while he waited: counted as a caller who hung up."""


class CallbackMoved(Struct, frozen=True, kw_only=True, gc=False):
    """Who is to be called back wants it at another time; refused once an agent is at it."""

    contact_id: ContactId
    not_before_ms: Milliseconds | None = None
    """None: as soon as an agent is free."""


class MoveRequested(Struct, frozen=True, kw_only=True, gc=False):
    """A supervisor has a waiting contact wait in another queue of its project, with the seniority it has."""

    contact_id: ContactId
    queue_id: QueueId


class ContactTakenBack(Struct, frozen=True, kw_only=True, gc=False):
    """A supervisor takes a virtual call from its agent and lets it wait again. A talk is refused. Twice is once."""

    contact_id: ContactId


# -- transfers -------------------------------------------------------------------------------------------------------


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


# -- legs ------------------------------------------------------------------------------------------------------------


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


# -- the agent's acts ------------------------------------------------------------------------------------------------


class PopShown(Struct, frozen=True, kw_only=True, gc=False):
    """The page has drawn the card."""

    assignment_id: AssignmentId


class OfferAccepted(Struct, frozen=True, kw_only=True, gc=False):
    """He takes a virtual call (voice is accepted by LegAnswered). Twice is once."""

    assignment_id: AssignmentId


class OfferRejected(Struct, frozen=True, kw_only=True, gc=False):
    """He refuses; not ready, and the contact keeps its place."""

    assignment_id: AssignmentId


class HoldRequested(Struct, frozen=True, kw_only=True, gc=False):
    """The customer is to hear music."""

    assignment_id: AssignmentId


class ResumeRequested(Struct, frozen=True, kw_only=True, gc=False):
    """The held customer is to be joined again."""

    assignment_id: AssignmentId


class RejoinRequested(Struct, frozen=True, kw_only=True, gc=False):
    """His page shows a talk whose sound it does not have (it crashed, say): he wants to be rung for it."""

    assignment_id: AssignmentId


class HangUpRequested(Struct, frozen=True, kw_only=True, gc=False):
    """The agent ends the talk, or finishes a virtual call: on to wrap-up."""

    assignment_id: AssignmentId


class WrapUpFinished(Struct, frozen=True, kw_only=True, gc=False):
    """After-contact work is done and coded; the note stands in the database."""

    assignment_id: AssignmentId
    disposition: DispositionId


# -- time and the engine itself --------------------------------------------------------------------------------------


class TimerFired(Struct, frozen=True, kw_only=True, gc=False):
    """A deadline passed. One that no longer matters is answered with an empty decision."""

    timer_id: TimerId


class ClockStepped(Struct, frozen=True, kw_only=True, gc=False):
    """The wall clock jumped by so much; the engine's own did not. Deadlines stay as far away as they were."""

    by_ms: Milliseconds


class EngineStarted(Struct, frozen=True, kw_only=True, gc=False):
    """A new process took over this state. Answered with the commands that make timers and pops stand again."""

    node: NodeId


class SwitchLost(Struct, frozen=True, kw_only=True, gc=False):
    """The node does not answer; its legs are unknown, not gone. Until `SwitchReturned` nothing there is offered."""

    node: NodeId


class SwitchReturned(Struct, frozen=True, kw_only=True, gc=False):
    """The node answers, and what it holds has been compared. Of one not known as lost it is nothing, but the first."""

    node: NodeId


Event = (
    QueueOpened
    | QueueClosed
    | CampaignOpened
    | CampaignClosed
    | CampaignStarted
    | CampaignPaused
    | LeadsGiven
    | LeadsTakenBack
    | HoursSet
    | AgentEnrolled
    | AgentRemoved
    | SkillsChanged
    | AgentSignedIn
    | AgentSignedOut
    | DeviceChosen
    | AgentBecameReady
    | AgentBecameNotReady
    | LineWanted
    | LineAnswered
    | LineFailed
    | DesktopConnected
    | DesktopLost
    | PhoneReachable
    | PhoneUnreachable
    | ContactArrived
    | OutboundRequested
    | CallbackRequested
    | PriorityChanged
    | ContactCancelled
    | TransferRequested
    | InviteRequested
    | SwapRequested
    | ConferenceRequested
    | HandOverRequested
    | PartyDropped
    | PartyAnswered
    | PartyFailed
    | CallbackMoved
    | MoveRequested
    | ContactTakenBack
    | LegAnswered
    | LegEnded
    | RingFailed
    | CalleeAnswered
    | CalleeFailed
    | JoinFailed
    | PopShown
    | OfferAccepted
    | OfferRejected
    | HoldRequested
    | ResumeRequested
    | RejoinRequested
    | HangUpRequested
    | WrapUpFinished
    | TimerFired
    | ClockStepped
    | EngineStarted
    | SwitchLost
    | SwitchReturned
)
