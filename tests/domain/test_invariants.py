"""Random days, legal and illegal acts mixed: whatever happens, the invariants of the ACD hold.

`TRIUNE_SEQUENCES=100000 pytest tests/domain/test_invariants.py` searches longer than `make test` does.
"""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cti.domain.acd import Acd, restore
from cti.domain.events import (
    ClockStepped,
)
from cti.domain.facts import (
    AssignmentClosed,
    AssignmentOffered,
    AttemptEnded,
    ContactClosed,
    ContactQueued,
    LeadDialled,
    LeadShown,
    OfferEnded,
)
from cti.errors import RuleError
from cti.testing import broken_invariants
from tests.domain.unrest import Day, records

SEQUENCES = int(os.environ.get("TRIUNE_SEQUENCES", "10000"))


@pytest.mark.lesson(1)
@pytest.mark.lesson(7)
@pytest.mark.lesson(12)
@pytest.mark.timeout(900)
@settings(max_examples=SEQUENCES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(min_size=45, max_size=120))
def test_any_day_keeps_the_invariants(script: bytes) -> None:
    day = Day(script[1])
    for at in range(0, len(script) - 2, 3):
        day.act(script[at], script[at + 1], script[at + 2])
    nothing_is_lost(day)
    folding_gives_the_same_state(day)
    if script[0] % 4 == 0:
        the_same_journal_gives_the_same_decisions(day)


def nothing_is_lost(day: Day) -> None:
    assert not list(day.unwoken())
    facts = day.facts
    assert facts[ContactQueued] == facts[ContactClosed] + len(day.state.contacts)
    assert facts[LeadDialled] + facts[LeadShown] == facts[AttemptEnded] + len(day.state.dials)
    assert facts[AssignmentOffered] == facts[OfferEnded] + facts[AssignmentClosed] + len(day.state.assignments)


def folding_gives_the_same_state(day: Day) -> None:
    assert records(day.folded.state) == records(day.state)
    assert day.folded.state.number == day.state.number
    assert not broken_invariants(day.folded.state)


def the_same_journal_gives_the_same_decisions(day: Day) -> None:
    start, state = (0, None) if day.halfway is None else (day.halfway[0], restore(day.halfway[1]))
    other = Acd(state)
    for event, now, decision in day.log[start:]:
        try:
            assert other.handle(event, now) == decision
        except RuleError:
            assert decision is None


def test_a_clock_that_steps_back_and_forth_changes_no_order() -> None:
    day = Day()
    for step in (5_000, -8_000, 86_400_000, -3):
        day.handle(day.call(0, 3))
        day.handle(ClockStepped(by_ms=step))
        day.now += step
    assert day.facts[ContactQueued] == 4
