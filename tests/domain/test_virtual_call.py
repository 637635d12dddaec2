"""Contacts without a channel go through the very same ACD."""

import pytest

from cti.domain.commands import ClosePop, DropBridge, EndLeg, JoinLegs, RingAgent, ShowPop
from cti.domain.events import ContactCancelled, DesktopLost
from cti.domain.facts import AssignmentOffered, AssignmentStarted, OfferEnded, ReadinessChanged, WrapUpStarted
from cti.domain.ids import REASON_NO_ANSWER, SYSTEM_CANCELLED, AgentId, Medium
from cti.domain.states import AssignmentState
from cti.errors import IllegalTransition, RuleError
from cti.testing import Scenario


@pytest.fixture
def day() -> Scenario:
    """A queue, and an agent who is ready."""
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    return day


@pytest.mark.parametrize("medium", [medium for medium in Medium if medium is not Medium.VOICE])
def test_a_contact_of_any_medium_is_offered_accepted_worked_on_and_closed(day: Scenario, medium: Medium) -> None:
    day.task("t1", medium=medium)
    day.expect(ShowPop)
    day.accepts("ann")
    day.expect(AssignmentStarted, leg_id=None)
    day.hangs_up("ann")
    day.expect(WrapUpStarted, ended_by="agent")
    for command in (RingAgent, JoinLegs, EndLeg, DropBridge):
        day.expect_no(command)
    day.wraps_up("ann", "answered")
    assert day.closed_as("t1") == "answered"


def test_accepting_twice_is_once(day: Scenario) -> None:
    day.task("t1")
    day.accepts("ann")
    day.accepts("ann")
    assert day.recent == []


def test_an_offer_nobody_accepts_times_out(day: Scenario) -> None:
    day.task("t1")
    day.advance(seconds=15)
    day.expect(OfferEnded, outcome="timed_out")
    day.expect(ReadinessChanged, reason=REASON_NO_ANSWER)
    day.expect(ClosePop)
    assert day.served_by("t1") is None


def test_an_accepted_offer_does_not_time_out(day: Scenario) -> None:
    day.task("t1")
    day.accepts("ann")
    day.advance(seconds=3600)
    assert day.recent == []


def test_a_call_does_not_reach_an_agent_at_work_on_a_task_nor_the_other_way_round(day: Scenario) -> None:
    day.task("t1")
    day.accepts("ann")
    day.call("c1")
    day.task("t2")
    assert day.served_by("c1") is None
    day.hangs_up("ann")
    day.wraps_up("ann")
    assert day.served_by("c1") == "ann"
    assert day.served_by("t2") is None


def test_a_task_is_offered_only_where_a_desktop_can_show_it() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann", desktop=False)
    day.task("t1")
    day.expect_no(AssignmentOffered)
    day.call("c1")
    assert day.served_by("c1") == "ann"


def test_a_task_whose_agent_lost_his_desktop_stays_with_him(day: Scenario) -> None:
    day.task("t1")
    day.accepts("ann")
    day.send(DesktopLost(agent_id=AgentId("ann")))
    day.advance(seconds=30)
    assert day.assignment("ann").state is AssignmentState.ACTIVE


def test_a_task_cannot_be_held_nor_finished_before_it_is_accepted(day: Scenario) -> None:
    day.task("t1")
    with pytest.raises(IllegalTransition):
        day.hangs_up("ann")
    day.accepts("ann")
    with pytest.raises(RuleError, match="Only a call"):
        day.holds("ann")


def test_a_withdrawn_request_frees_whoever_it_was_offered_to(day: Scenario) -> None:
    day.task("t1")
    day.send(ContactCancelled(contact_id=day.contact_ids["t1"]))
    day.expect(OfferEnded, outcome="rescinded")
    assert day.closed_as("t1") == SYSTEM_CANCELLED
    assert day.holds_nothing("ann")


def test_a_request_withdrawn_under_work_goes_to_wrap_up(day: Scenario) -> None:
    day.task("t1")
    day.accepts("ann")
    day.send(ContactCancelled(contact_id=day.contact_ids["t1"]))
    assert day.assignment("ann").state is AssignmentState.WRAP_UP


def test_a_cancelled_caller_is_hung_up(day: Scenario) -> None:
    day.takes_a_break("ann")
    day.call("c1")
    day.send(ContactCancelled(contact_id=day.contact_ids["c1"]))
    day.expect(EndLeg)
    assert day.closed_as("c1") == SYSTEM_CANCELLED
