"""Contacts without a channel go through the very same ACD."""

import pytest

from cti.domain.commands import ClosePop, DropBridge, EndLeg, JoinLegs, RingAgent, ShowPop
from cti.domain.events import (
    AgentRemoved,
    ContactCancelled,
    ContactTakenBack,
    DesktopConnected,
    DesktopLost,
    EngineStarted,
)
from cti.domain.facts import (
    AssignmentClosed,
    AssignmentOffered,
    AssignmentStarted,
    ContactRequeued,
    OfferEnded,
    ReadinessChanged,
    WrapUpStarted,
)
from cti.domain.ids import (
    REASON_NO_ANSWER,
    REASON_TAKEN_BACK,
    SYSTEM_ABANDONED,
    SYSTEM_AGENT_LOST,
    SYSTEM_CANCELLED,
    SYSTEM_TAKEN_BACK,
    AgentId,
    Medium,
    Readiness,
)
from cti.domain.states import AssignmentState
from cti.errors import IllegalTransition, RuleError
from cti.testing import NODE, Scenario

ANN = AgentId("ann")


@pytest.fixture
def day() -> Scenario:
    """A queue, and an agent who is ready."""
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    return day


@pytest.mark.parametrize("medium", [medium for medium in Medium if medium not in (Medium.VOICE, Medium.CALLBACK)])
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


def test_a_task_whose_agent_lost_his_desktop_stays_with_him_for_a_while(day: Scenario) -> None:
    day.task("t1")
    day.accepts("ann")
    day.send(DesktopLost(agent_id=ANN))
    day.advance(seconds=299)
    assert day.assignment("ann").state is AssignmentState.ACTIVE
    day.send(DesktopConnected(agent_id=ANN))
    day.advance(seconds=600)
    assert day.assignment("ann").state is AssignmentState.ACTIVE


def test_a_task_whose_agent_has_no_desktop_for_long_waits_again_in_its_place(day: Scenario) -> None:
    day.task("t1")
    day.accepts("ann")
    day.task("t2")
    day.send(DesktopLost(agent_id=ANN))
    day.advance(seconds=300)
    assert day.expect(AssignmentClosed).disposition == SYSTEM_AGENT_LOST
    day.expect(ContactRequeued)
    assert day.holds_nothing("ann")
    day.agent("bob")
    assert day.served_by("t1") == "bob"


def test_a_task_accepted_without_a_desktop_is_not_held_for_ever(day: Scenario) -> None:
    day.task("t1")
    day.send(DesktopLost(agent_id=ANN))
    day.accepts("ann")
    day.send(EngineStarted(node=NODE))
    day.advance(seconds=300)
    day.expect(ContactRequeued)


def test_the_deadline_of_desk_work_ends_with_the_work(day: Scenario) -> None:
    day.task("t1")
    day.accepts("ann")
    day.send(DesktopLost(agent_id=ANN))
    day.hangs_up("ann")
    assert day.state.agents[ANN].desk_until_ms is None
    day.advance(seconds=300)
    day.expect_no(ContactRequeued)


def test_a_task_of_a_removed_agent_waits_again_at_once(day: Scenario) -> None:
    day.agent("bob")
    day.task("t1")
    day.accepts("ann")
    day.send(AgentRemoved(agent_id=ANN))
    assert day.expect(AssignmentClosed).disposition == SYSTEM_AGENT_LOST
    assert day.served_by("t1") == "bob"
    assert day.state.agents[ANN].readiness is Readiness.OFFLINE


@pytest.mark.parametrize("accepted", [False, True])
def test_a_supervisor_takes_a_task_back(day: Scenario, accepted: bool) -> None:
    day.task("t1")
    if accepted:
        day.accepts("ann")
    back = ContactTakenBack(contact_id=day.contact_ids["t1"])
    day.send(back)
    day.expect(ClosePop, agent_id=ANN)
    day.expect(ReadinessChanged, readiness=Readiness.NOT_READY, reason=REASON_TAKEN_BACK)
    assert day.served_by("t1") is None
    assert len(day.every(AssignmentClosed, disposition=SYSTEM_TAKEN_BACK)) == accepted
    day.send(back)
    assert day.recent == []
    day.agent("bob")
    assert day.served_by("t1") == "bob"


def test_a_talk_and_finished_work_are_not_taken_back(day: Scenario) -> None:
    day.task("t1")
    day.accepts("ann")
    day.hangs_up("ann")
    with pytest.raises(IllegalTransition, match="wrap up, so it cannot be requeued"):
        day.send(ContactTakenBack(contact_id=day.contact_ids["t1"]))
    day.call("c1")
    with pytest.raises(RuleError, match="call cannot be taken back"):
        day.send(ContactTakenBack(contact_id=day.contact_ids["c1"]))


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


def test_whoever_went_away_while_he_waited_has_abandoned(day: Scenario) -> None:
    day.task("c1", medium=Medium.CHAT)
    day.send(ContactCancelled(contact_id=day.contact("c1").id, abandoned=True))
    assert day.closed_as("c1") == SYSTEM_ABANDONED
