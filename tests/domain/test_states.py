"""The transition tables themselves, and every (state, event) pair driven through the ACD."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from cti.domain import states
from cti.domain.acd import RULES, snapshot
from cti.domain.assignment import Assignment
from cti.domain.events import (
    ContactCancelled,
    Event,
    HangUpRequested,
    HoldRequested,
    JoinFailed,
    LegAnswered,
    LegEnded,
    OfferAccepted,
    OfferRejected,
    PopShown,
    RejoinRequested,
    ResumeRequested,
    RingFailed,
    WrapUpFinished,
)
from cti.domain.facts import Fact
from cti.domain.folds import FOLDS
from cti.domain.ids import Device, DispositionId, LegCause, LegId, Readiness
from cti.domain.states import AGENT, ASSIGNMENT, CONTACT, AssignmentState, ContactState, Trigger
from cti.errors import IllegalTransition, RuleError
from cti.testing import NODE, Scenario, caller_leg

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("state", ContactState)
@pytest.mark.parametrize("trigger", Trigger)
def test_a_contact_moves_by_its_table_alone(state: ContactState, trigger: Trigger) -> None:
    if (state, trigger) in CONTACT:
        assert states.next_contact("c1", state, trigger) is CONTACT[state, trigger]
    else:
        with pytest.raises(IllegalTransition):
            states.next_contact("c1", state, trigger)


@pytest.mark.parametrize("state", AssignmentState)
@pytest.mark.parametrize("trigger", Trigger)
def test_an_assignment_moves_by_its_table_alone(state: AssignmentState, trigger: Trigger) -> None:
    if (state, trigger) in ASSIGNMENT:
        assert states.next_assignment("a1", state, trigger) is ASSIGNMENT[state, trigger]
    else:
        with pytest.raises(IllegalTransition):
            states.next_assignment("a1", state, trigger)


@pytest.mark.parametrize("state", Readiness)
@pytest.mark.parametrize("trigger", Trigger)
def test_readiness_moves_by_its_table_alone(state: Readiness, trigger: Trigger) -> None:
    if (state, trigger) in AGENT:
        assert states.next_readiness("u1", state, trigger) is AGENT[state, trigger]
    else:
        with pytest.raises(IllegalTransition):
            states.next_readiness("u1", state, trigger)


def test_every_state_can_be_reached_and_left_or_is_an_end() -> None:
    ends = {
        AssignmentState.CLOSED,
        AssignmentState.REJECTED,
        AssignmentState.TIMED_OUT,
        AssignmentState.RESCINDED,
        AssignmentState.FAILED,
    }
    assert {state for state, _ in ASSIGNMENT} == set(AssignmentState) - ends
    assert set(ASSIGNMENT.values()) == set(AssignmentState)
    assert {state for state, _ in CONTACT} == set(ContactState) - {ContactState.CLOSED}
    assert set(CONTACT.values()) == set(ContactState)
    assert set(AGENT.values()) == set(Readiness)


def test_the_diagrams_in_the_documentation_are_the_tables() -> None:
    assert (ROOT / "docs" / "states.md").read_text() == states.mermaid()


# -- every state of a call's assignment, met by every event ------------------------------------------------------------


def _offered(day: Scenario) -> None:
    day.call("c1")


def _ringing(day: Scenario) -> None:
    day.call("c1")
    day.pop_shown("ann")


def _active(day: Scenario) -> None:
    _ringing(day)
    day.answers("ann")


def _held(day: Scenario) -> None:
    _active(day)
    day.holds("ann")


def _rejoining(day: Scenario) -> None:
    _active(day)
    day.agent_leg_ends("ann")


def _wrap_up(day: Scenario) -> None:
    _active(day)
    day.caller_hangs_up("c1")


def _closed(day: Scenario) -> None:
    _wrap_up(day)
    day.wraps_up("ann")


SITUATIONS = {
    "offered": _offered,
    "ringing": _ringing,
    "active": _active,
    "held": _held,
    "rejoining": _rejoining,
    "wrap_up": _wrap_up,
    "closed": _closed,
}

EVENTS: dict[str, Callable[[Assignment, LegId], Event]] = {
    "PopShown": lambda held, leg: PopShown(assignment_id=held.id),
    "OfferAccepted": lambda held, leg: OfferAccepted(assignment_id=held.id),
    "OfferRejected": lambda held, leg: OfferRejected(assignment_id=held.id),
    "LegAnswered": lambda held, leg: LegAnswered(assignment_id=held.id, leg_id=leg, node=NODE),
    "RingFailed": lambda held, leg: RingFailed(assignment_id=held.id, leg_id=leg, cause=LegCause.NO_ANSWER),
    "JoinFailed": lambda held, leg: JoinFailed(contact_id=held.contact_id, assignment_id=held.id),
    "HoldRequested": lambda held, leg: HoldRequested(assignment_id=held.id),
    "ResumeRequested": lambda held, leg: ResumeRequested(assignment_id=held.id),
    "RejoinRequested": lambda held, leg: RejoinRequested(assignment_id=held.id),
    "HangUpRequested": lambda held, leg: HangUpRequested(assignment_id=held.id),
    "WrapUpFinished": lambda held, leg: WrapUpFinished(assignment_id=held.id, disposition=DispositionId("solved")),
    "ContactCancelled": lambda held, leg: ContactCancelled(contact_id=held.contact_id),
    "caller's LegEnded": lambda held, leg: LegEnded(leg_id=caller_leg("c1"), cause=LegCause.NORMAL),
    "agent's LegEnded": lambda held, leg: LegEnded(leg_id=leg, cause=LegCause.NORMAL),
}

R, N, E, F = "refused", "nothing", "commands only", "facts"
ANSWERS: dict[str, tuple[str, ...]] = {
    # event               offered ringing active held rejoining wrap_up closed
    "PopShown": (F, N, N, N, N, N, N),
    "OfferAccepted": (R, R, R, R, R, R, R),
    "OfferRejected": (F, F, R, R, R, R, R),
    "LegAnswered": (E, F, E, N, E, E, E),
    "RingFailed": (N, F, N, N, N, N, N),
    "JoinFailed": (N, N, F, F, N, N, N),
    "HoldRequested": (R, R, F, R, R, R, R),
    "ResumeRequested": (R, R, R, F, R, R, R),
    "RejoinRequested": (R, R, F, F, F, R, R),
    "HangUpRequested": (F, F, F, F, F, R, R),
    "WrapUpFinished": (R, R, R, R, R, F, R),
    "ContactCancelled": (F, F, F, F, F, R, R),
    "caller's LegEnded": (F, F, F, F, F, N, N),
    "agent's LegEnded": (N, F, F, F, N, N, N),
}
PAIRS = [
    (event, situation, answer)
    for event, answers in ANSWERS.items()
    for situation, answer in zip(SITUATIONS, answers, strict=True)
]


def test_the_matrix_of_answers_is_complete() -> None:
    assert ANSWERS.keys() == EVENTS.keys()


@pytest.mark.parametrize(("event", "situation", "answer"), PAIRS)
def test_every_event_in_every_state_acts_or_changes_nothing(event: str, situation: str, answer: str) -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann", device=Device.WEB)
    day.call("c0")
    held = day.assignment("ann")
    day.caller_hangs_up("c0")
    leg = LegId(f"leg-a{day.state.number + 1}-1")
    SITUATIONS[situation](day)
    held = held if day.holds_nothing("ann") else day.assignment("ann")
    before = snapshot(day.state)
    try:
        decision = day.send(EVENTS[event](held, leg))
    except RuleError:
        outcome = R
    else:
        outcome = F if decision.facts else E if decision.commands else N
    assert outcome == answer
    if outcome != F:
        after = snapshot(day.state)
        assert (after.contacts, after.assignments, after.agents) == (before.contacts, before.assignments, before.agents)


def test_every_event_has_its_rule_and_every_fact_its_fold() -> None:
    assert set(RULES) == set(get_args(Event))
    assert set(FOLDS) == set(get_args(Fact))
