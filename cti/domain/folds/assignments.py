"""What the facts of `cti.domain.facts.assignments` change in the tables."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from cti.domain.agent import Agent, without
from cti.domain.assignment import Assignment
from cti.domain.contact import Contact
from cti.domain.expected import measured, new_pace, pace_key
from cti.domain.facts import (
    TRANSFERRED,
    AgentLegLost,
    AgentRung,
    AssignmentClosed,
    AssignmentHeld,
    AssignmentOffered,
    AssignmentPaused,
    AssignmentResumed,
    AssignmentStarted,
    AssignmentUnpaused,
    Fact,
    OfferEnded,
    PopConfirmed,
    RingEnded,
    WrapUpStarted,
)
from cti.domain.folds.campaigns import learn_talk, learn_wrap_up
from cti.domain.ids import AssignmentId, Device, Medium, Milliseconds, OfferOutcome
from cti.domain.states import AssignmentState, Trigger, next_contact

if TYPE_CHECKING:
    from cti.domain.state import State


OUTCOMES: Final = {
    OfferOutcome.TIMED_OUT: Trigger.TIMED_OUT,
    OfferOutcome.REJECTED: Trigger.REJECTED,
    OfferOutcome.RESCINDED: Trigger.RESCINDED,
    OfferOutcome.FAILED: Trigger.FAILED,
}
"""What the end of an offer does to the machines."""


def _assignment_offered(state: "State", fact: AssignmentOffered) -> None:
    contact = state.contact(fact.contact_id)
    agent = state.agent(fact.agent_id)
    if not contact.outbound and fact.why.rule != TRANSFERRED:
        _measure(state, contact, fact.at_ms)
    after = next_contact(contact.id, contact.state, Trigger.OFFERED)
    state.put_contact(replace(contact, state=after, assignment_id=fact.assignment_id))
    state.put_agent(
        replace(
            agent,
            assignment_ids=(*agent.assignment_ids, fact.assignment_id),
            active=(*agent.active, contact.medium),
        )
    )
    state.put_assignment(
        Assignment(
            id=fact.assignment_id,
            contact_id=contact.id,
            agent_id=agent.id,
            medium=contact.medium,
            state=AssignmentState.OFFERED,
            offered_ms=fact.at_ms,
            lease_until_ms=fact.lease_until_ms,
            pop_until_ms=fact.pop_until_ms,
            preview=fact.preview,
        )
    )


def _agent_rung(state: "State", fact: AgentRung) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.RUNG)
    state.put_assignment(
        replace(
            assignment,
            state=after,
            leg_id=fact.leg_id,
            device=fact.device,
            rings=assignment.rings + 1,
            rung_ms=fact.at_ms,
            ring_until_ms=fact.until_ms,
            pop_until_ms=None,
            lease_until_ms=max(assignment.lease_until_ms, fact.until_ms + 1),
        )
    )


def _pop_confirmed(state: "State", fact: PopConfirmed) -> None:
    state.put_assignment(replace(state.assignment(fact.assignment_id), pop_shown_ms=fact.at_ms))


def _assignment_started(state: "State", fact: AssignmentStarted) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.STARTED)
    contact = state.contact(assignment.contact_id)
    contact_state = next_contact(contact.id, contact.state, Trigger.STARTED)
    if contact_state is not contact.state:
        state.put_contact(replace(contact, state=contact_state))
    state.put_assignment(
        replace(
            assignment,
            state=after,
            leg_id=fact.leg_id,
            rings=assignment.rings + (fact.leg_id is not None and fact.leg_id in state.line_by_leg),
            pop_until_ms=None,
            ring_until_ms=None,
            rejoin_until_ms=None,
            answered_ms=fact.at_ms,
            device=assignment.device if fact.leg_id is None or assignment.device else _device(state, assignment),
            started_ms=fact.at_ms if assignment.started_ms is None else assignment.started_ms,
        )
    )
    agent = state.agent(assignment.agent_id)
    if agent.capacity.interrupts and assignment.id not in agent.pausable:
        state.put_agent(replace(agent, pausable=_pausable(agent, assignment.id, assignment.medium)))


def _device(state: "State", assignment: Assignment) -> Device:
    """Of a call that was put through without a ring: that of the agent's line, which is the one he chose."""
    return state.agent(assignment.agent_id).device


def _wrap_up_started(state: "State", fact: WrapUpStarted) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.WRAPPED_UP)
    contact = state.contact(assignment.contact_id)
    state.put_contact(replace(contact, state=next_contact(contact.id, contact.state, Trigger.WRAPPED_UP)))
    learn_talk(state, contact, assignment, fact.at_ms)
    agent = state.agent(assignment.agent_id)
    if assignment.id in agent.pausable:
        state.put_agent(replace(agent, pausable=without(agent.pausable, assignment.id)))
    state.put_assignment(
        replace(
            assignment,
            state=after,
            held_ms=None,
            ring_until_ms=None,
            rejoin_until_ms=None,
            wrap_up_ms=fact.at_ms,
            wrap_up_until_ms=fact.until_ms,
        )
    )


def _assignment_closed(state: "State", fact: AssignmentClosed) -> None:
    assignment, _ = state.move(fact.assignment_id, Trigger.CLOSED)
    learn_wrap_up(state, state.contacts.get(assignment.contact_id), assignment, fact.at_ms)
    state.set_assignment(assignment.id, None)
    state.put_agent(_released(state.agent(assignment.agent_id), assignment.id, idle_since_ms=fact.at_ms))


def _offer_ended(state: "State", fact: OfferEnded) -> None:
    trigger = OUTCOMES[fact.outcome]
    assignment, _ = state.move(fact.assignment_id, trigger)
    contact = state.contact(assignment.contact_id)
    after = next_contact(contact.id, contact.state, trigger)
    state.set_assignment(assignment.id, None)
    agent = state.agent(assignment.agent_id)
    state.put_agent(_released(agent, assignment.id, idle_since_ms=agent.idle_since_ms))
    state.put_contact(replace(contact, state=after, assignment_id=None))


def _assignment_held(state: "State", fact: AssignmentHeld) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.HELD)
    state.put_assignment(replace(assignment, state=after, held_ms=fact.at_ms))


def _assignment_resumed(state: "State", fact: AssignmentResumed) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.RESUMED)
    state.put_assignment(replace(assignment, state=after, held_ms=None))


def _agent_leg_lost(state: "State", fact: AgentLegLost) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.LEG_LOST)
    state.put_assignment(
        replace(
            assignment,
            state=after,
            leg_id=None,
            held_ms=None,
            rejoin_until_ms=fact.until_ms,
            rings_before=assignment.rings if fact.stood else assignment.rings_before,
        )
    )


def _ring_ended(state: "State", fact: RingEnded) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.RING_ENDED)
    state.put_assignment(replace(assignment, state=after, leg_id=None, ring_until_ms=None))


def _assignment_paused(state: "State", fact: AssignmentPaused) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.PAUSED)
    state.put_assignment(replace(assignment, state=after, held_ms=fact.at_ms))
    agent = state.agent(assignment.agent_id)
    state.put_agent(
        replace(
            agent,
            paused=(*agent.paused, assignment.id),
            pausable=without(agent.pausable, assignment.id),
        )
    )


def _assignment_unpaused(state: "State", fact: AssignmentUnpaused) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.UNPAUSED)
    state.put_assignment(replace(assignment, state=after, held_ms=None))
    agent = state.agent(assignment.agent_id)
    state.put_agent(
        replace(
            agent,
            paused=without(agent.paused, assignment.id),
            pausable=_pausable(agent, assignment.id, assignment.medium),
        )
    )


def _measure(state: "State", contact: Contact, now: Milliseconds) -> None:
    """A contact leaves the line to be served: note how fast the line moves, and how good the guess was."""
    key = pace_key(contact)
    before = state.paces.get(key)
    after = measured(before or new_pace(key), contact, now, behind=state.index.waiting_count(contact.queue_id) - 1)
    state.set_pace(key, after)


def _released(agent: Agent, assignment_id: AssignmentId, *, idle_since_ms: Milliseconds) -> Agent:
    """The agent without that assignment."""
    at = agent.assignment_ids.index(assignment_id)
    return replace(
        agent,
        assignment_ids=agent.assignment_ids[:at] + agent.assignment_ids[at + 1 :],
        active=agent.active[:at] + agent.active[at + 1 :],
        paused=without(agent.paused, assignment_id),
        pausable=without(agent.pausable, assignment_id),
        idle_since_ms=idle_since_ms,
    )


def _pausable(agent: Agent, assignment_id: AssignmentId, medium: Medium) -> tuple[AssignmentId, ...]:
    """What of his may be interrupted, with that assignment if anything interrupts its medium."""
    if all(interrupt.pauses is not medium for interrupt in agent.capacity.interrupts):
        return agent.pausable
    return (*agent.pausable, assignment_id)


FOLDS: Final[Mapping[type[Fact], Callable[["State", Any], None]]] = {
    AssignmentOffered: _assignment_offered,
    AgentRung: _agent_rung,
    PopConfirmed: _pop_confirmed,
    AssignmentStarted: _assignment_started,
    WrapUpStarted: _wrap_up_started,
    AssignmentClosed: _assignment_closed,
    OfferEnded: _offer_ended,
    AssignmentHeld: _assignment_held,
    AssignmentResumed: _assignment_resumed,
    AgentLegLost: _agent_leg_lost,
    RingEnded: _ring_ended,
    AssignmentPaused: _assignment_paused,
    AssignmentUnpaused: _assignment_unpaused,
}
