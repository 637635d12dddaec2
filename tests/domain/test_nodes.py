"""A node of the switch goes away and comes back: nobody is blamed for it, and nobody who waits there is forgotten."""

import pytest

from cti.domain.acd import Acd, restore, snapshot
from cti.domain.events import (
    ClockStepped,
    DesktopLost,
    EngineStarted,
    PhoneReachable,
    PhoneUnreachable,
    RingFailed,
    SwitchLost,
    SwitchReturned,
)
from cti.domain.facts import (
    AgentSkipped,
    AssignmentOffered,
    ContactRequeued,
    NodeReturned,
    OfferEnded,
    ReachChanged,
    ReadinessChanged,
)
from cti.domain.ids import REASON_DESKTOP_LOST, REASON_NO_ANSWER, REASON_PHONE_LOST, AgentId, Device, LegCause, NodeId
from cti.testing import NODE, Scenario

ANN = AgentId("ann")


@pytest.fixture
def day() -> Scenario:
    """A queue, and an agent who is ready."""
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    return day


def loses_the_node(day: Scenario) -> None:
    day.send(SwitchLost(node=NODE))


def has_the_node_back(day: Scenario) -> None:
    day.send(SwitchReturned(node=NODE))


def test_a_caller_on_a_lost_node_is_offered_when_it_returns(day: Scenario) -> None:
    day.takes_a_break("ann")
    day.call("c1")
    loses_the_node(day)
    day.ready("ann")
    day.expect_no(AssignmentOffered)
    has_the_node_back(day)
    assert day.expect(AssignmentOffered).contact_id == day.contact_ids["c1"]


def test_work_without_legs_goes_on_while_a_node_is_lost(day: Scenario) -> None:
    loses_the_node(day)
    day.task("t1")
    assert day.served_by("t1") == "ann"


def test_another_nodes_callers_are_served(day: Scenario) -> None:
    day.send(SwitchLost(node=NodeId("node-2")))
    day.call("c1")
    assert day.served_by("c1") == "ann"


def test_a_ring_that_ends_while_the_node_is_lost_blames_nobody(day: Scenario) -> None:
    day.call("c1")
    day.pop_shown("ann")
    loses_the_node(day)
    day.advance(seconds=15)
    day.expect(OfferEnded, outcome="failed")
    day.expect_no(ReadinessChanged)
    day.expect_no(AssignmentOffered)
    has_the_node_back(day)
    assert day.served_by("c1") == "ann"


def test_a_card_shown_while_the_node_is_lost_strands_nobody(day: Scenario) -> None:
    day.call("c1")
    loses_the_node(day)
    day.pop_shown("ann")
    day.advance(seconds=15)
    day.expect(OfferEnded, outcome="failed")
    day.expect_no(ReadinessChanged)


@pytest.mark.parametrize("cause", [LegCause.LOST, LegCause.UNREACHABLE, LegCause.BUSY])
def test_a_ring_that_the_node_took_with_it_is_made_again(day: Scenario, cause: LegCause) -> None:
    day.call("c1")
    day.pop_shown("ann")
    day.advance(seconds=3)
    loses_the_node(day)
    day.advance(seconds=2)
    has_the_node_back(day)
    assert day.recent == [day.expect(NodeReturned)]
    first = day.assignment("ann").id
    if cause is LegCause.BUSY:
        day.advance(seconds=10)
        day.expect(OfferEnded, outcome="failed")
    else:
        day.send(RingFailed(assignment_id=first, leg_id=day.leg("ann"), cause=cause))
    day.expect_no(ReadinessChanged)
    assert day.expect(AssignmentOffered).agent_id == "ann"
    day.advance(seconds=16)
    day.expect(ReadinessChanged, reason=REASON_NO_ANSWER)


def test_a_refusal_counts_though_the_node_was_away(day: Scenario) -> None:
    day.call("c1")
    day.pop_shown("ann")
    loses_the_node(day)
    has_the_node_back(day)
    day.ring_fails("ann", LegCause.REJECTED)
    day.expect(OfferEnded, outcome="rejected")
    day.expect(ReadinessChanged)


def test_phones_that_went_with_the_node_have_time_to_register_anew(day: Scenario) -> None:
    day.send(PhoneUnreachable(agent_id=ANN, device=Device.SIP))
    loses_the_node(day)
    assert day.expect(ReachChanged).grace_until_ms is None
    day.advance(seconds=600)
    has_the_node_back(day)
    assert day.expect(ReachChanged).grace_until_ms == day.clock.now_ms + 70_000
    day.advance(seconds=69)
    day.expect_no(ReadinessChanged)
    day.call("c1")
    day.send(PhoneReachable(agent_id=ANN, device=Device.SIP))
    assert day.served_by("c1") == "ann"


def test_a_phone_that_does_not_register_anew_is_missed_in_the_end(day: Scenario) -> None:
    loses_the_node(day)
    has_the_node_back(day)
    day.advance(seconds=59)
    day.send(PhoneUnreachable(agent_id=ANN, device=Device.SIP))
    day.advance(seconds=10)
    day.expect_no(ReadinessChanged)
    day.advance(seconds=1)
    day.expect(ReadinessChanged, reason=REASON_PHONE_LOST)


def test_a_desktop_is_missed_as_ever_while_a_node_is_lost(day: Scenario) -> None:
    loses_the_node(day)
    day.send(PhoneUnreachable(agent_id=ANN, device=Device.SIP))
    day.send(DesktopLost(agent_id=ANN))
    day.advance(seconds=10)
    day.expect(ReadinessChanged, reason=REASON_DESKTOP_LOST)


def test_a_phone_not_yet_registered_after_the_return_is_tried_again_later(day: Scenario) -> None:
    loses_the_node(day)
    has_the_node_back(day)
    day.call("c1")
    day.pop_shown("ann")
    day.advance(ms=10)
    day.ring_fails("ann", LegCause.UNREACHABLE)
    day.expect(AgentSkipped)
    day.expect_no(ReadinessChanged)
    day.expect_no(AssignmentOffered)
    day.advance(seconds=15)
    assert day.expect(AssignmentOffered).agent_id == "ann"


def test_an_agent_whose_talk_went_with_the_node_stays_ready(day: Scenario) -> None:
    day.call("c1")
    day.picks_up("ann")
    day.agent_leg_ends("ann", LegCause.LOST)
    loses_the_node(day)
    day.advance(seconds=20)
    day.expect(ContactRequeued)
    day.expect_no(ReadinessChanged)
    has_the_node_back(day)
    assert day.served_by("c1") == "ann"


def test_words_about_a_node_said_twice_are_once(day: Scenario) -> None:
    has_the_node_back(day)
    assert day.state.node == NODE, "the first that is heard of: from there is dialled"
    has_the_node_back(day)
    assert day.recent == [], "never heard of as lost: it is there"
    loses_the_node(day)
    loses_the_node(day)
    assert day.recent == []
    has_the_node_back(day)
    has_the_node_back(day)
    assert day.recent == []


def test_a_lost_node_outlives_a_restart_of_the_engine_and_a_step_of_the_clock(day: Scenario) -> None:
    loses_the_node(day)
    day.call("c1")
    acd = Acd(restore(snapshot(day.state)))
    now = day.clock.now_ms
    acd.handle(EngineStarted(node=NODE), now)
    assert acd.state.nodes[NODE].lost
    assert not acd.state.assignments
    acd.handle(SwitchReturned(node=NODE), now)
    assert len(acd.state.assignments) == 1
    acd.handle(ClockStepped(by_ms=3_600_000), now + 3_600_000)
    assert acd.state.nodes[NODE].settled_ms == now + 3_660_000
