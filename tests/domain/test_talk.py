"""The talk: hold, hang-up from either side, a leg that is lost and comes back, wrap-up."""

import pytest

from cti.domain.commands import DropBridge, EndLeg, HoldLeg, JoinLegs, PlayMusic, RingAgent
from cti.domain.events import (
    AgentSignedOut,
    DesktopConnected,
    DesktopLost,
    PhoneReachable,
    PhoneUnreachable,
    QueueClosed,
)
from cti.domain.facts import (
    AgentLegLost,
    AssignmentClosed,
    AssignmentOffered,
    AssignmentStarted,
    ContactRequeued,
    ReadinessChanged,
    RingEnded,
    WrapUpStarted,
)
from cti.domain.ids import (
    REASON_PHONE_LOST,
    SYSTEM_AGENT_LOST,
    SYSTEM_WRAP_UP_EXPIRED,
    AgentId,
    Device,
    LegCause,
    QueueId,
    Readiness,
)
from cti.domain.states import AssignmentState
from cti.errors import IllegalTransition
from cti.testing import Scenario, caller_leg

ANN = AgentId("ann")


def talk(device: Device = Device.SIP) -> Scenario:
    """Ann talks to c1."""
    day = Scenario()
    day.queue("support")
    day.agent("ann", device=device)
    day.call("c1")
    day.picks_up("ann")
    day.advance(seconds=30)
    return day


def test_a_customer_who_hangs_up_leaves_the_agent_in_wrap_up() -> None:
    day = talk()
    leg = day.leg("ann")
    day.caller_hangs_up("c1")
    assert day.expect(WrapUpStarted).ended_by == "customer"
    assert day.expect(EndLeg).leg_id == leg
    day.expect(DropBridge)


def test_an_agent_who_hangs_up_his_phone_ends_the_callers_leg_too() -> None:
    day = talk()
    day.agent_leg_ends("ann")
    assert day.expect(WrapUpStarted).ended_by == "agent"
    day.expect(EndLeg, leg_id=caller_leg("c1"))


def test_hanging_up_in_the_page_ends_both_legs_once() -> None:
    day = talk(Device.WEB)
    leg = day.leg("ann")
    day.hangs_up("ann")
    assert [command.leg_id for command in day.every(EndLeg)] == [leg, caller_leg("c1")]
    day.caller_hangs_up("c1")
    assert day.recent == []
    day.agent_leg_ends("ann")
    assert day.recent == []


def test_a_page_without_the_sound_of_its_talk_is_rung_anew_while_the_caller_hears_music() -> None:
    day = talk(Device.WEB)
    useless = day.leg("ann")
    day.asks_to_rejoin("ann")
    assert day.expect(EndLeg).leg_id == useless
    assert day.expect(HoldLeg).leg_id == caller_leg("c1")
    assert day.expect(RingAgent).leg_id != useless
    day.answers("ann")
    day.expect(JoinLegs)


def test_hold_plays_music_and_resume_joins_again() -> None:
    day = talk()
    day.holds("ann")
    assert day.expect(HoldLeg).leg_id == caller_leg("c1")
    day.resumes("ann")
    day.expect(JoinLegs)


@pytest.mark.lesson(8)
def test_the_phone_that_he_does_not_talk_on_may_come_and_go() -> None:
    day = talk()
    leg = day.leg("ann")
    for event in (PhoneReachable, PhoneUnreachable, PhoneReachable):
        day.send(event(agent_id=ANN, device=Device.WEB))
        assert not [one for one in day.recent if isinstance(one, RingAgent | EndLeg | AgentLegLost)]
    assert (day.assignment("ann").state, day.leg("ann")) == (AssignmentState.ACTIVE, leg)
    day.call("c2")
    day.caller_hangs_up("c1")
    day.wraps_up("ann")
    day.pop_shown("ann")
    assert day.expect(RingAgent).device is Device.SIP


def test_holding_twice_is_refused_and_changes_nothing() -> None:
    day = talk()
    day.holds("ann")
    with pytest.raises(IllegalTransition, match="is held, so it cannot be held"):
        day.holds("ann")
    assert day.assignment("ann").state is AssignmentState.HELD


def test_a_customer_may_leave_on_hold() -> None:
    day = talk()
    day.holds("ann")
    day.caller_hangs_up("c1")
    day.expect(WrapUpStarted, ended_by="customer")


def test_wrap_up_ends_with_a_disposition_and_brings_the_next_caller_at_once() -> None:
    day = talk()
    day.call("c2")
    day.hangs_up("ann")
    day.wraps_up("ann", "sold")
    assert day.closed_as("c1") == "sold"
    assert day.expect(AssignmentOffered).contact_id == day.contact_ids["c2"]


@pytest.mark.lesson(2)
@pytest.mark.parametrize("change", ["read anew", "closed", "opened again", "a restart"])
def test_wrap_up_goes_on_whatever_becomes_of_its_queue(change: str) -> None:
    day = talk()
    day.queue("sales")
    day.call("c2", queue="sales")
    day.hangs_up("ann")
    if change == "read anew":
        day.queue("support", priority=3)
    elif change == "a restart":
        day.restart()
    else:
        day.send(QueueClosed(queue_id=QueueId("support")))
        if change == "opened again":
            day.queue("support")
    day.advance(seconds=59)
    assert day.assignment("ann").state is AssignmentState.WRAP_UP
    assert day.served_by("c2") is None
    day.advance(seconds=1)
    assert day.closed_as("c1") == SYSTEM_WRAP_UP_EXPIRED
    assert day.served_by("c2") == "ann"


def test_wrap_up_has_a_limit_and_the_agent_stays_ready() -> None:
    day = talk()
    day.hangs_up("ann")
    day.advance(seconds=60)
    assert day.closed_as("c1") == SYSTEM_WRAP_UP_EXPIRED
    assert day.state.agents[ANN].readiness is Readiness.READY


def test_wrap_up_cannot_be_finished_before_the_talk_is_over() -> None:
    day = talk()
    with pytest.raises(IllegalTransition):
        day.wraps_up("ann")


def test_a_break_asked_for_in_wrap_up_stands_after_it() -> None:
    day = talk()
    day.call("c2")
    day.hangs_up("ann")
    day.takes_a_break("ann")
    day.wraps_up("ann")
    day.expect_no(AssignmentOffered)


# -- a lost leg is not an ended talk -----------------------------------------------------------------------------------


def test_a_refreshed_page_is_rung_and_joined_again() -> None:
    day = talk(Device.WEB)
    day.send(DesktopLost(agent_id=ANN))
    day.agent_leg_ends("ann", LegCause.NORMAL)
    day.expect(AgentLegLost)
    day.expect(HoldLeg, leg_id=caller_leg("c1"))
    day.expect_no(RingAgent)
    day.advance(seconds=2)
    day.send(DesktopConnected(agent_id=ANN))
    ring = day.expect(RingAgent)
    assert ring.leg_id.endswith("-2")
    assert ring.limit_ms == 18_000, "no longer than the caller is to wait"
    day.answers("ann")
    day.expect(AssignmentStarted)
    day.expect(JoinLegs, agent_leg=ring.leg_id)
    assert day.assignment("ann").started_ms == day.clock.now_ms - 32_000
    day.advance(seconds=60)
    assert day.recent == []


def test_a_ring_to_the_old_page_gives_way_to_the_new_registration() -> None:
    day = talk(Device.WEB)
    day.agent_leg_ends("ann", LegCause.LOST)
    day.send(DesktopConnected(agent_id=ANN))
    stale = day.expect(RingAgent).leg_id
    day.send(DesktopConnected(agent_id=ANN))
    day.expect_no(RingAgent)
    day.send(PhoneReachable(agent_id=ANN, device=Device.WEB))
    day.expect(EndLeg, leg_id=stale)
    assert day.expect(RingAgent).leg_id != stale
    assert len(day.every(RingEnded)) == 1


def test_a_page_whose_phone_is_gone_is_rung_when_it_registers() -> None:
    day = talk(Device.WEB)
    day.agent_leg_ends("ann", LegCause.LOST)
    day.send(PhoneUnreachable(agent_id=ANN, device=Device.WEB))
    day.send(DesktopConnected(agent_id=ANN))
    day.expect_no(RingAgent)
    day.send(PhoneReachable(agent_id=ANN, device=Device.SIP))
    day.expect_no(RingAgent)
    day.send(PhoneReachable(agent_id=ANN, device=Device.WEB))
    day.expect(RingAgent)


def test_a_phone_whose_media_broke_is_rung_at_once() -> None:
    day = talk()
    day.agent_leg_ends("ann", LegCause.LOST)
    day.expect(RingAgent)


def test_a_broken_phone_is_not_rung_for_ever() -> None:
    day = talk()
    rings = 0
    for _ in range(10):
        day.agent_leg_ends("ann", LegCause.LOST)
        if not day.every(RingAgent):
            break
        rings += 1
        day.answers("ann")
    assert rings == 3


def test_a_phone_that_served_for_a_while_is_rung_again_however_often_it_broke() -> None:
    day = talk()
    for _ in range(5):
        day.agent_leg_ends("ann", LegCause.LOST)
        day.expect(RingAgent)
        day.answers("ann")
        day.advance(seconds=10)


@pytest.mark.lesson(4)
def test_an_agent_who_does_not_come_back_costs_the_caller_no_place() -> None:
    day = talk(Device.WEB)
    day.call("c2")
    day.agent_leg_ends("ann")
    day.advance(seconds=20)
    assert day.expect(AssignmentClosed).disposition == SYSTEM_AGENT_LOST
    day.expect(ContactRequeued)
    day.expect(PlayMusic, leg_id=caller_leg("c1"))
    day.expect(ReadinessChanged, reason=REASON_PHONE_LOST)
    day.agent("bob")
    assert day.served_by("c1") == "bob"
    assert day.served_by("c2") is None


def test_a_customer_who_does_not_wait_for_the_rejoin_is_wrapped_up() -> None:
    day = talk(Device.WEB)
    day.agent_leg_ends("ann")
    day.send(DesktopConnected(agent_id=ANN))
    leg = day.leg("ann")
    day.caller_hangs_up("c1")
    day.expect(WrapUpStarted)
    day.expect(EndLeg, leg_id=leg)
    day.advance(seconds=30)
    assert day.recent == [], "the rejoin limit no longer counts"


def test_a_rejoin_ring_that_fails_waits_for_the_next_registration() -> None:
    day = talk(Device.WEB)
    day.agent_leg_ends("ann")
    day.send(DesktopConnected(agent_id=ANN))
    day.ring_fails("ann", LegCause.UNREACHABLE)
    day.expect(RingEnded)
    day.expect_no(ReadinessChanged)
    day.send(PhoneReachable(agent_id=ANN, device=Device.WEB))
    day.expect(RingAgent)


def test_a_leg_lost_on_hold_is_rejoined_into_the_talk() -> None:
    day = talk(Device.WEB)
    day.holds("ann")
    day.agent_leg_ends("ann")
    day.expect_no(HoldLeg)
    day.send(PhoneReachable(agent_id=ANN, device=Device.WEB))
    day.answers("ann")
    assert day.assignment("ann").state is AssignmentState.ACTIVE


# -- leaving in a talk -------------------------------------------------------------------------------------------------


def test_signing_out_in_a_call_takes_effect_after_its_wrap_up() -> None:
    day = talk()
    day.call("c2")
    day.send(AgentSignedOut(agent_id=ANN))
    day.expect_no(ReadinessChanged)
    day.hangs_up("ann")
    day.wraps_up("ann")
    day.expect(ReadinessChanged, readiness=Readiness.OFFLINE)
    day.expect_no(AssignmentOffered)


def test_signing_out_gives_an_offer_back() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.call("c1")
    day.send(AgentSignedOut(agent_id=ANN))
    assert day.served_by("c1") is None
    assert day.state.agents[ANN].readiness is Readiness.OFFLINE


def test_an_agent_lost_while_leaving_goes_offline() -> None:
    day = talk(Device.WEB)
    day.send(AgentSignedOut(agent_id=ANN))
    day.agent_leg_ends("ann")
    day.advance(seconds=20)
    assert day.state.agents[ANN].readiness is Readiness.OFFLINE
    assert day.served_by("c1") is None
