"""From the arrival of a call to its answer, and every way in which an offer fails."""

import pytest

from cti.domain.commands import ClosePop, EndLeg, JoinLegs, PlayMusic, RingAgent, ShowPop, StartTimer
from cti.domain.events import JoinFailed, LegAnswered, OfferAccepted, PopShown, RingFailed, TimerFired
from cti.domain.facts import (
    AgentRung,
    AssignmentOffered,
    AssignmentStarted,
    ContactClosed,
    OfferEnded,
    PopConfirmed,
    ReadinessChanged,
)
from cti.domain.ids import (
    REASON_NO_ANSWER,
    REASON_PHONE_LOST,
    REASON_REJECTED,
    SYSTEM_ABANDONED,
    AgentId,
    AssignmentId,
    LegCause,
    LegId,
    Readiness,
    TimerId,
)
from cti.domain.states import AssignmentState
from cti.errors import NotFound, RuleError
from cti.testing import NODE, Scenario, caller_leg


@pytest.fixture
def day() -> Scenario:
    """A queue, and an agent who is ready with phone and desktop."""
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    return day


def test_the_card_pops_before_the_phone_rings(day: Scenario) -> None:
    day.call("c1")
    day.expect(ShowPop, agent_id="ann", contact_id=day.contact_ids["c1"])
    day.expect_no(RingAgent)
    day.advance(ms=40)
    day.pop_shown("ann")
    day.expect(PopConfirmed, late=False)
    ring = day.expect(RingAgent)
    assert ring.leg_id == f"leg-{day.assignment('ann').id}-1"
    assert (ring.node, ring.limit_ms) == (NODE, 15_000)


def test_the_ring_waits_for_the_pop_no_longer_than_its_limit(day: Scenario) -> None:
    day.call("c1")
    day.advance(ms=149)
    day.expect_no(RingAgent)
    day.advance(ms=1)
    day.expect(RingAgent)
    day.pop_shown("ann")
    day.expect(PopConfirmed, late=True)
    day.expect_no(RingAgent)


def test_a_pop_confirmed_by_a_second_page_is_nothing(day: Scenario) -> None:
    day.call("c1")
    day.pop_shown("ann")
    day.pop_shown("ann")
    assert day.recent == []


def test_an_agent_without_a_desktop_is_rung_at_once() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann", desktop=False)
    day.call("c1")
    assert day.expect(AssignmentOffered).pop_until_ms is None
    day.expect(RingAgent)
    day.expect_no(ShowPop)


def test_an_answer_joins_both_legs_and_starts_the_talk(day: Scenario) -> None:
    day.call("c1")
    day.picks_up("ann")
    join = day.expect(JoinLegs)
    assert (join.caller_leg, join.agent_leg) == (caller_leg("c1"), day.leg("ann"))
    assert join.bridge_id == f"talk-{day.contact_ids['c1']}"
    assert day.assignment("ann").state is AssignmentState.ACTIVE
    day.advance(seconds=600)
    assert day.recent == [], "no timer of the offer is left"


def test_a_talk_answered_again_is_joined_again(day: Scenario) -> None:
    day.call("c1")
    day.picks_up("ann")
    day.answers("ann")
    day.expect(JoinLegs)
    day.expect_no(AssignmentStarted)


def test_ring_without_answer_returns_the_contact_to_its_place(day: Scenario) -> None:
    day.call("c1")
    day.call("c2")
    day.pop_shown("ann")
    leg = day.leg("ann")
    day.advance(seconds=15)
    ended = day.expect(OfferEnded)
    assert (ended.outcome, ended.cause) == ("timed_out", LegCause.NO_ANSWER)
    day.expect(EndLeg, leg_id=leg)
    day.expect(ClosePop)
    day.expect(ReadinessChanged, readiness=Readiness.NOT_READY, reason=REASON_NO_ANSWER)
    day.agent("bob")
    assert day.served_by("c1") == "bob"
    assert day.served_by("c2") is None


def test_a_failed_ring_is_offered_to_the_next_free_agent_in_the_same_decision(day: Scenario) -> None:
    day.agent("bob")
    day.call("c1")
    day.pop_shown("ann")
    day.ring_fails("ann", LegCause.NO_ANSWER)
    assert day.expect(AssignmentOffered).agent_id == "bob"


@pytest.mark.parametrize(
    ("cause", "outcome", "reason"),
    [
        (LegCause.NO_ANSWER, "timed_out", REASON_NO_ANSWER),
        (LegCause.REJECTED, "rejected", REASON_REJECTED),
        (LegCause.UNREACHABLE, "failed", REASON_PHONE_LOST),
        (LegCause.LOST, "failed", REASON_PHONE_LOST),
    ],
)
def test_why_a_ring_failed_is_why_the_agent_is_not_ready(
    day: Scenario, cause: LegCause, outcome: str, reason: str
) -> None:
    day.call("c1")
    day.pop_shown("ann")
    day.ring_fails("ann", cause)
    assert day.expect(OfferEnded).outcome == outcome
    assert day.expect(ReadinessChanged).reason == reason


@pytest.mark.lesson(7)
def test_a_phone_that_is_in_another_call_is_left_alone_for_a_while(day: Scenario) -> None:
    day.call("c1")
    day.pop_shown("ann")
    day.advance(ms=200)
    day.ring_fails("ann", LegCause.BUSY)
    assert day.expect(OfferEnded).outcome == "failed"
    day.expect_no(ReadinessChanged)
    day.task("t1")
    assert day.holds_nothing("ann")
    day.agent("bob")
    assert day.served_by("c1") == "bob"
    day.advance(seconds=15)
    assert day.served_by("t1") == "ann"


def test_an_agent_who_says_he_is_ready_is_not_skipped_any_more(day: Scenario) -> None:
    day.call("c1")
    day.pop_shown("ann")
    day.ring_fails("ann", LegCause.BUSY)
    day.takes_a_break("ann")
    day.ready("ann")
    assert day.served_by("c1") == "ann"


def test_a_key_that_declines_with_busy_is_a_refusal(day: Scenario) -> None:
    day.call("c1")
    day.pop_shown("ann")
    day.advance(seconds=2)
    day.ring_fails("ann", LegCause.BUSY)
    day.expect(OfferEnded, outcome="rejected")
    day.expect(ReadinessChanged, reason=REASON_REJECTED)


def test_a_refusal_makes_the_agent_not_ready_and_keeps_the_contacts_place(day: Scenario) -> None:
    day.call("c1")
    day.advance(seconds=3)
    day.rejects("ann")
    day.expect(OfferEnded, outcome="rejected")
    day.expect(ReadinessChanged, reason=REASON_REJECTED)
    assert day.served_by("c1") is None


def test_hanging_up_on_a_ringing_offer_is_a_refusal(day: Scenario) -> None:
    day.call("c1")
    day.pop_shown("ann")
    day.hangs_up("ann")
    day.expect(OfferEnded, outcome="rejected")


@pytest.mark.lesson(5)
def test_a_caller_who_leaves_while_it_rings_takes_pop_and_ring_with_him(day: Scenario) -> None:
    day.call("c1")
    day.pop_shown("ann")
    leg = day.leg("ann")
    day.caller_hangs_up("c1")
    day.expect(OfferEnded, outcome="rescinded")
    day.expect(ClosePop, agent_id="ann")
    day.expect(EndLeg, leg_id=leg)
    day.expect_no(ReadinessChanged)
    assert day.closed_as("c1") == SYSTEM_ABANDONED
    day.call("c2")
    assert day.served_by("c2") == "ann"


@pytest.mark.lesson(6)
def test_a_caller_who_leaves_while_waiting_is_abandoned_and_blocks_nobody(day: Scenario) -> None:
    day.takes_a_break("ann")
    day.call("c1")
    day.call("c2")
    day.caller_hangs_up("c1")
    day.expect(ContactClosed, disposition=SYSTEM_ABANDONED)
    day.ready("ann")
    assert day.served_by("c2") == "ann"


@pytest.mark.lesson(5)
def test_an_answer_that_comes_after_the_caller_left_is_hung_up(day: Scenario) -> None:
    day.call("c1")
    day.pop_shown("ann")
    answer = LegAnswered(assignment_id=day.assignment("ann").id, leg_id=day.leg("ann"))
    day.caller_hangs_up("c1")
    day.send(answer)
    assert day.expect(EndLeg).leg_id == answer.leg_id
    day.expect_no(JoinLegs)


@pytest.mark.lesson(1)
def test_one_call_is_never_answered_by_two_agents(day: Scenario) -> None:
    day.agent("bob")
    day.call("c1")
    day.pop_shown("ann")
    late = LegAnswered(assignment_id=day.assignment("ann").id, leg_id=day.leg("ann"), node=NODE)
    day.ring_fails("ann", LegCause.NO_ANSWER)
    day.picks_up("bob")
    day.send(late)
    day.expect(EndLeg, leg_id=late.leg_id)
    day.expect_no(JoinLegs)
    assert day.served_by("c1") == "bob"


@pytest.mark.lesson(1)
def test_an_agent_who_answers_and_hangs_up_at_once_takes_no_other_ring_with_him(day: Scenario) -> None:
    day.agent("bob")
    for name in ("c1", "c2", "c3"):
        day.call(name)
    day.pop_shown("ann")
    day.pop_shown("bob")
    assert (day.served_by("c1"), day.served_by("c2")) == ("ann", "bob")
    day.answers("ann")
    anns = day.leg("ann")
    day.agent_leg_ends("ann")
    assert {command.leg_id for command in day.every(EndLeg)} == {anns, caller_leg("c1")}
    day.expect_no(OfferEnded)
    day.answers("bob")
    day.expect(JoinLegs, caller_leg=caller_leg("c2"))
    day.wraps_up("ann")
    assert day.served_by("c3") == "ann"


def test_a_failure_of_an_earlier_ring_is_nothing(day: Scenario) -> None:
    day.call("c1")
    day.pop_shown("ann")
    assignment_id = day.assignment("ann").id
    day.send(RingFailed(assignment_id=assignment_id, leg_id=LegId("leg-other-1"), cause=LegCause.LOST))
    assert day.recent == []
    day.send(RingFailed(assignment_id=AssignmentId("a0"), leg_id=LegId("leg-a0-1"), cause=LegCause.LOST))
    assert day.recent == []


@pytest.mark.lesson(3)
@pytest.mark.lesson(7)
def test_two_calls_never_ring_one_agent(day: Scenario) -> None:
    day.call("c1")
    day.call("c2")
    day.expect_no(AssignmentOffered)
    lease = day.assignment("ann").lease_until_ms
    day.advance(ms=150)
    assert day.expect(AgentRung).until_ms < lease


def test_a_ring_that_ends_without_a_word_fails_the_offer(day: Scenario) -> None:
    day.call("c1")
    day.pop_shown("ann")
    day.agent_leg_ends("ann", LegCause.LOST)
    day.expect(OfferEnded, outcome="failed")
    assert day.contact("c1").assignment_id is None


def test_a_timer_that_fires_too_early_or_twice_decides_nothing(day: Scenario) -> None:
    day.call("c1")
    pop_timer = TimerId(f"pop:{day.assignment('ann').id}")
    day.send(TimerFired(timer_id=pop_timer))
    assert day.expect(StartTimer).timer_id == pop_timer
    assert len(day.recent) == 1
    day.advance(ms=150)
    day.send(TimerFired(timer_id=pop_timer))
    assert day.recent == []
    day.send(TimerFired(timer_id=TimerId("never:heard-of")))
    assert day.recent == []


def test_a_call_is_not_accepted_in_the_page(day: Scenario) -> None:
    day.call("c1")
    with pytest.raises(RuleError, match="answering the phone"):
        day.accepts("ann")


def test_words_about_offers_that_are_over_are_harmless_or_refused(day: Scenario) -> None:
    gone = AssignmentId("a0")
    day.send(PopShown(assignment_id=gone))
    assert day.recent == []
    with pytest.raises(NotFound):
        day.send(OfferAccepted(assignment_id=gone))


@pytest.mark.lesson(1)
def test_legs_that_cannot_be_joined_strand_nobody(day: Scenario) -> None:
    day.call("c1")
    day.picks_up("ann")
    held = day.assignment("ann")
    day.send(JoinFailed(contact_id=held.contact_id, assignment_id=held.id))
    day.expect(EndLeg, leg_id=held.leg_id)
    day.expect(RingAgent)
    day.caller_hangs_up("c1")
    assert day.assignment("ann").state is AssignmentState.WRAP_UP


def test_nobody_is_told_to_ready_himself_twice(day: Scenario) -> None:
    day.call("c1")
    day.pop_shown("ann")
    day.takes_a_break("ann")
    day.answers("ann")
    assert day.state.agents[AgentId("ann")].readiness is Readiness.NOT_READY
    assert day.assignment("ann").state is AssignmentState.ACTIVE, "an offer that rings goes on"


def test_only_a_caller_who_finds_nobody_free_hears_music(day: Scenario) -> None:
    day.call("c1")
    day.expect_no(PlayMusic)
    day.call("c2")
    assert day.expect(PlayMusic).leg_id == caller_leg("c2")
    day.pop_shown("ann")
    day.ring_fails("ann", LegCause.NO_ANSWER)
    assert day.expect(PlayMusic).leg_id == caller_leg("c1")
