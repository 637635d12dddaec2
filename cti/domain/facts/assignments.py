"""Who gets whom and why, and the course of an assignment from the offer to the end of wrap-up."""

from typing import Final

from msgspec import Struct

from cti.domain.ids import (
    AgentId,
    AssignmentId,
    ContactId,
    Device,
    DispositionId,
    EndedBy,
    LegCause,
    LegId,
    Milliseconds,
    OfferOutcome,
)

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
