"""The transition tables themselves, and every (state, event) pair driven through the ACD."""

from pathlib import Path
from typing import get_args

import pytest

from cti.domain import states
from cti.domain.acd import RULES
from cti.domain.events import (
    Event,
)
from cti.domain.facts import Fact
from cti.domain.folds import FOLDS
from cti.domain.ids import Readiness
from cti.domain.states import AGENT, ASSIGNMENT, CONTACT, AssignmentState, ContactState, Trigger
from cti.errors import IllegalTransition

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


def test_every_event_has_its_rule_and_every_fact_its_fold() -> None:
    assert set(RULES) == set(get_args(Event))
    assert set(FOLDS) == set(get_args(Fact))
