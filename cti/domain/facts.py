"""What was decided: the only things that change state. `cti.domain.state` folds them; nothing else may.

A fact holds all that folding needs, so recovery never decides again. Facts are journalled beside their event and are
what history, wallboards and reports are built from.
"""

from msgspec import Struct

from cti.domain.events import QueueOpened, SkillLevel
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    ContactId,
    Device,
    DispositionId,
    EndedBy,
    LegCause,
    LegId,
    Medium,
    Milliseconds,
    NodeId,
    OfferOutcome,
    ProjectId,
    QueueId,
    Readiness,
    ReasonId,
)


class Why(Struct, frozen=True, kw_only=True, gc=False):
    """Why this agent got this contact, in constant size; the full list is rebuilt by folding to the event."""

    rule: str
    """Which rule decided: `preferred`, `only_one`, `best_fit`, `least_load`, `longest_idle`, `lowest_id`; or `oldest`
    when an agent came free and took the contact with the highest score."""
    fit: int
    """Σ of the winner's levels in the skills asked for."""
    load: int
    idle_ms: Milliseconds
    score_ms: int
    """The contact's score at that moment."""
    runner_up: AgentId | None
    capable: int
    """How many agents have the skills and the project …"""
    ready: int
    """… of these, how many were ready …"""
    free: int
    """… and of these, how many had capacity."""


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
    | ReadinessChanged
    | DeviceSet
    | ReachChanged
    | AgentSkipped
    | SignOutDeferred
    | ContactQueued
    | AssignmentOffered
    | PopConfirmed
    | AgentRung
    | AssignmentStarted
    | AssignmentHeld
    | AssignmentResumed
    | AgentLegLost
    | RingEnded
    | OfferEnded
    | ContactRequeued
    | WrapUpStarted
    | AssignmentClosed
    | ContactClosed
    | NodeLost
    | NodeReturned
    | ClockShifted
)
