"""Clock steps, restarts of the engine, and recovery from what was journalled."""

import pytest
from msgspec import Struct

from cti.domain.acd import Acd, restore, resume, snapshot
from cti.domain.commands import EndLeg, SetFallback, ShowPop, StartTimer
from cti.domain.contact import Contact
from cti.domain.deadlines import ADOPTION_MS, open_rings
from cti.domain.events import ClockStepped, DesktopLost, EngineStarted, SwitchLost
from cti.domain.expected import Pace
from cti.domain.facts import ClockShifted, NodeLost, OfferEnded, ReadinessChanged
from cti.domain.folds.instants import INSTANTS
from cti.domain.ids import AgentId
from cti.domain.states import AssignmentState
from cti.testing import NODE, Scenario


def three_calls() -> Scenario:
    """Ann rings, Bob is in wrap-up, Cyd lacks her desktop, and one more waits."""
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.call("c1")
    day.pop_shown("ann")
    day.agent("bob")
    day.call("c2")
    day.picks_up("bob")
    day.caller_hangs_up("c2")
    day.call("c3")
    return day


def test_a_jump_of_the_clock_expires_nobody() -> None:
    day = three_calls()
    before = {timer: at - day.clock.now_ms for timer, at in day.timers.items()}
    assert len(before) == 2
    hour = 3_600_000
    day.clock.advance(ms=hour)
    day.send(ClockStepped(by_ms=hour))
    day.expect(ClockShifted)
    assert {timer: at - day.clock.now_ms for timer, at in day.timers.items()} == before
    assert day.contact("c3").arrived_ms == day.clock.now_ms
    day.advance(seconds=14)
    day.expect_no(OfferEnded)
    day.advance(seconds=1)
    day.expect(OfferEnded)


SPANS = {Contact: {"hold_for_ms", "expected_ms", "stepped_ms"}, Pace: {"interval_ms"}}
"""Fields of the tables' records that are no instants."""


@pytest.mark.parametrize("kind", INSTANTS)
def test_whatever_a_record_knows_of_the_time_of_day_moves_with_the_clock(kind: type[Struct]) -> None:
    times = {name for name in kind.__struct_fields__ if name.endswith("_ms")}
    assert set(INSTANTS[kind]) == times - SPANS.get(kind, set())


def test_a_step_of_nothing_is_nothing() -> None:
    day = three_calls()
    day.send(ClockStepped(by_ms=0))
    assert day.recent == []


def test_a_new_engine_sets_up_timers_pops_and_ends_again() -> None:
    day = three_calls()
    day.agent("cyd", ready=False)
    bob_leg = day.assignment("bob").leg_id
    acd = Acd(restore(snapshot(day.state)))
    commands = acd.handle(EngineStarted(node=NODE), day.clock.now_ms).commands
    timers = {c.timer_id: c.at_ms for c in commands if isinstance(c, StartTimer)}
    assert timers == day.timers
    assert [c.assignment_id for c in commands if isinstance(c, ShowPop)] == [day.assignment("ann").id]
    assert bob_leg in [c.leg_id for c in commands if isinstance(c, EndLeg)]
    assert {c.agent_id for c in commands if isinstance(c, SetFallback)} == {"ann", "bob"}


def test_deadlines_that_passed_while_the_engine_was_away_wait_for_the_switch_to_be_asked() -> None:
    day = three_calls()
    later = day.clock.now_ms + 3_600_000
    timers = [command for command in resume(day.state, later) if isinstance(command, StartTimer)]
    assert {timer.at_ms for timer in timers} == {later + ADOPTION_MS}


def test_a_ring_decided_but_never_sent_can_be_found() -> None:
    day = three_calls()
    (ring,) = open_rings(day.state, day.clock.now_ms)
    assert ring.leg_id == day.leg("ann")
    assert ring.limit_ms == 15_000


def test_a_lost_switch_ends_nothing() -> None:
    day = three_calls()
    day.send(SwitchLost(node=NODE))
    day.expect(NodeLost)
    assert len(day.recent) == 1


def test_grace_outlives_a_restart() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.send(DesktopLost(agent_id=AgentId("ann")))
    day.timers.clear()
    day.send(EngineStarted(node=NODE))
    day.advance(seconds=10)
    day.expect(ReadinessChanged)


def test_folding_the_facts_gives_the_state_and_the_numbers() -> None:
    day = three_calls()
    acd = Acd()
    acd.fold(day.state.number, tuple(day.facts))
    assert snapshot(acd.state) == snapshot(day.state)
    assert acd.state.assignments[day.assignment("ann").id].state is AssignmentState.OFFERED


def test_a_fold_of_a_refused_event_only_counts_it() -> None:
    acd = Acd()
    acd.fold(7, ())
    assert acd.state.number == 7
    assert acd.handle(SwitchLost(node=NODE), 1).number == 8
