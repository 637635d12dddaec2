"""Parked callers: who can fetch them, and where they are when nobody does."""

import pytest

from cti.domain.commands import DropBridge, EndLeg, HoldLeg, PlayMusic, RingAgent, RingParty
from cti.domain.events import EngineStarted, LegEnded, TimerFired
from cti.domain.facts import (
    AssignmentOffered,
    ContactClosed,
    ContactFetched,
    ContactParked,
    ContactRequeued,
    HandedOver,
    PriorityGiven,
)
from cti.domain.ids import SYSTEM_ABANDONED, AgentId, LegCause, LegId, TimerId
from cti.domain.parking import FIRST_SLOT, SLOTS
from cti.domain.states import AssignmentState, ContactState
from cti.errors import RuleError
from cti.testing import Scenario
from cti.testing.scenario import NODE, caller_leg


@pytest.fixture
def day() -> Scenario:
    """Ann talks to the caller c1; bob is there, and not ready."""
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.call("c1")
    day.picks_up("ann")
    day.agent("bob", ready=False)
    return day


def rung(day: Scenario) -> LegId:
    """The leg of whoever fetches c1."""
    [leg_id] = day.contact("c1").parties
    return leg_id


def test_a_caller_who_is_parked_hears_music_before_his_agent_goes(day: Scenario) -> None:
    ann = day.leg("ann")
    day.parks("ann")
    parked = day.expect(ContactParked, slot=FIRST_SLOT, agent_id="ann")
    assert parked.until_ms - parked.at_ms == 120_000
    day.expect(HandedOver)
    done = [one for one in day.recent if isinstance(one, HoldLeg | EndLeg | DropBridge)]
    assert [type(one) for one in done] == [HoldLeg, EndLeg, DropBridge]
    day.expect(EndLeg, leg_id=ann)
    assert day.contact("c1").state is ContactState.PARKED
    assert day.assignment("ann").state is AssignmentState.WRAP_UP


def test_a_caller_on_hold_can_be_parked(day: Scenario) -> None:
    day.holds("ann")
    day.parks("ann")
    assert day.contact("c1").slot == FIRST_SLOT


def test_whoever_fetches_him_is_rung_and_has_the_talk_as_his_own(day: Scenario) -> None:
    day.parks("ann")
    day.wraps_up("ann")
    day.fetches("bob", "c1")
    day.expect(ContactFetched, agent_id="bob")
    assert day.expect(RingParty, agent_id="bob").heard_by is None
    assert day.contact("c1").slot is None
    with pytest.raises(RuleError, match="not parked any more"):
        day.fetches("ann", "c1")
    day.party_answers(rung(day))
    assert day.served_by("c1") == "bob"
    assert day.assignment("bob").state is AssignmentState.ACTIVE
    day.hangs_up("bob")
    day.wraps_up("bob", "solved")
    assert day.closed_as("c1") == "solved"


def test_a_fetch_that_nobody_answers_leaves_him_first_in_his_queue(day: Scenario) -> None:
    day.parks("ann")
    day.fetches("bob", "c1")
    day.party_fails(rung(day))
    day.expect(ContactRequeued)
    day.expect(PriorityGiven)
    assert day.contact("c1").state is ContactState.WAITING


def test_a_phone_that_is_lost_while_it_fetches_leaves_him_in_his_queue(day: Scenario) -> None:
    day.parks("ann")
    day.fetches("bob", "c1")
    day.send(LegEnded(leg_id=rung(day), cause=LegCause.UNREACHABLE))
    assert day.contact("c1").state is ContactState.WAITING


def test_one_whom_nobody_fetches_is_rung_back_to_whoever_parked_him_if_he_is_ready(day: Scenario) -> None:
    day.parks("ann")
    day.wraps_up("ann")
    day.advance(seconds=119)
    assert day.contact("c1").state is ContactState.PARKED
    day.advance(seconds=2)
    day.expect(AssignmentOffered, agent_id="ann")
    day.expect(RingAgent, agent_id="ann")
    assert day.contact("c1").slot is None


def test_one_whom_nobody_fetches_is_first_in_his_queue_when_his_agent_is_not_ready(day: Scenario) -> None:
    day.parks("ann")
    day.wraps_up("ann")
    day.takes_a_break("ann")
    day.call("c2")
    day.advance(seconds=121)
    assert day.contact("c1").state is ContactState.WAITING
    assert day.contact("c1").priority > day.contact("c2").priority


def test_a_parked_caller_who_hangs_up_is_a_lost_one(day: Scenario) -> None:
    day.parks("ann")
    day.caller_hangs_up("c1")
    day.expect(ContactClosed, disposition=SYSTEM_ABANDONED)


def test_each_has_a_place_of_his_own_and_the_lowest_free_one() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    for number in range(SLOTS):
        day.call(f"c{number}")
        day.picks_up("ann")
        day.parks("ann")
        day.wraps_up("ann")
        assert day.contact(f"c{number}").slot == FIRST_SLOT + number
    day.caller_hangs_up("c3")
    day.call("late")
    day.picks_up("ann")
    day.parks("ann")
    assert day.contact("late").slot == FIRST_SLOT + 3
    day.wraps_up("ann")
    day.call("too many")
    day.picks_up("ann")
    with pytest.raises(RuleError, match="All places"):
        day.parks("ann")
    assert day.assignment("ann").state is AssignmentState.ACTIVE


def test_who_asks_a_colleague_cannot_park(day: Scenario) -> None:
    day.asks("ann", agent="bob")
    with pytest.raises(RuleError, match="Somebody is with you"):
        day.parks("ann")


def test_who_has_something_in_hand_cannot_fetch(day: Scenario) -> None:
    day.parks("ann")
    with pytest.raises(RuleError, match="in hand"):
        day.fetches("ann", "c1")
    assert day.contact("c1").state is ContactState.PARKED


def test_a_new_engine_keeps_him_parked_with_music_and_his_deadline(day: Scenario) -> None:
    day.parks("ann")
    contact = day.contact("c1")
    decision = day.send(EngineStarted(node=NODE))
    assert PlayMusic(leg_id=caller_leg("c1"), node=NODE, queue_id=contact.queue_id) in decision.commands
    assert f"park:{contact.id}" in [getattr(one, "timer_id", "") for one in decision.commands]
    assert EndLeg(leg_id=caller_leg("c1"), node=NODE) not in decision.commands
    assert day.contact("c1").parked_by == AgentId("ann")


def test_a_deadline_that_comes_early_or_twice_is_nothing(day: Scenario) -> None:
    day.parks("ann")
    key = TimerId(f"park:{day.contact('c1').id}")
    assert day.send(TimerFired(timer_id=key)).facts == ()
    day.advance(seconds=121)
    assert day.send(TimerFired(timer_id=key)).facts == ()


@pytest.mark.parametrize("folding", [False, True])
def test_the_places_outlast_the_engine_and_what_is_undone(day: Scenario, *, folding: bool) -> None:
    day.parks("ann")
    places = {FIRST_SLOT: day.contact("c1").id}
    day.restart(folding=folding)
    assert day.state.parked == places
    day.state.set_contact(places[FIRST_SLOT], None)
    assert not day.state.parked
    day.state.rollback()
    assert day.state.parked == places
