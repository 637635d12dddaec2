"""What happened: everything that can reach the `Acd`, in the past tense.

Made by the shell (`cti.asterisk.translate`, the web API, timers, the directory) and journalled as they stand; so they
hold ids and numbers of the system, never a caller's number, name, digits or words. A new field needs a default or a
new `VERSION` and a lift in `cti.engine.journal`.
"""

from typing import Final

from msgspec import Struct

from cti.domain.ids import (
    AgentId,
    AssignmentId,
    ContactId,
    Device,
    DispositionId,
    LegCause,
    LegId,
    Medium,
    Milliseconds,
    NodeId,
    ProjectId,
    QueueId,
    ReasonId,
    SkillId,
    TimerId,
)

VERSION: Final = 1


class SkillLevel(Struct, frozen=True, kw_only=True, gc=False):
    """One skill at one level, 1–10: what an agent has, or what a contact asks for at least."""

    skill_id: SkillId
    level: int


# -- configuration ---------------------------------------------------------------------------------------------------


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
    ring_limit_ms: Milliseconds = 15_000
    wrap_up_limit_ms: Milliseconds = 60_000
    pop_limit_ms: Milliseconds = 150
    """How long the ring waits for the desktop to confirm the pop."""
    rejoin_limit_ms: Milliseconds = 20_000
    """How long a caller hears music after the agent's leg was lost, before he returns to the head of the queue."""


class QueueClosed(Struct, frozen=True, kw_only=True, gc=False):
    """The queue takes nothing new; what waits there is served out."""

    queue_id: QueueId


class AgentEnrolled(Struct, frozen=True, kw_only=True, gc=False):
    """The person may handle contacts of these projects; sent again, it replaces skills and projects."""

    agent_id: AgentId
    project_ids: tuple[ProjectId, ...]
    skills: tuple[SkillLevel, ...] = ()


class AgentRemoved(Struct, frozen=True, kw_only=True, gc=False):
    """The person handles contacts no longer: a talk he finishes, other work goes back to its queue at once."""

    agent_id: AgentId


class SkillsChanged(Struct, frozen=True, kw_only=True, gc=False):
    """Effective at the very next decision."""

    agent_id: AgentId
    skills: tuple[SkillLevel, ...]


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


class ContactCancelled(Struct, frozen=True, kw_only=True, gc=False):
    """The request is no longer wanted (non-voice, or an admin's word)."""

    contact_id: ContactId


class ContactTakenBack(Struct, frozen=True, kw_only=True, gc=False):
    """A supervisor takes a virtual call from its agent and lets it wait again. A talk is refused. Twice is once."""

    contact_id: ContactId


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
    """The node answers, and what it holds has been compared. Of a node not known as lost it is nothing."""

    node: NodeId


Event = (
    QueueOpened
    | QueueClosed
    | AgentEnrolled
    | AgentRemoved
    | SkillsChanged
    | AgentSignedIn
    | AgentSignedOut
    | DeviceChosen
    | AgentBecameReady
    | AgentBecameNotReady
    | DesktopConnected
    | DesktopLost
    | PhoneReachable
    | PhoneUnreachable
    | ContactArrived
    | ContactCancelled
    | ContactTakenBack
    | LegAnswered
    | LegEnded
    | RingFailed
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
