"""Signing in and out, readiness, phones and desktops that come and go."""

import pytest

from cti.domain.commands import SetFallback
from cti.domain.events import (
    AgentBecameNotReady,
    AgentBecameReady,
    AgentEnrolled,
    AgentRemoved,
    AgentSignedIn,
    AgentSignedOut,
    DesktopConnected,
    DesktopLost,
    DeviceChosen,
    PhoneReachable,
    PhoneUnreachable,
    SkillsChanged,
    Step,
)
from cti.domain.facts import AssignmentOffered, DeviceSet, ReachChanged, ReadinessChanged
from cti.domain.ids import (
    REASON_DESKTOP_LOST,
    REASON_PHONE_LOST,
    REASON_REMOVED,
    REASON_SIGNED_IN,
    AgentId,
    Device,
    Medium,
    ProjectId,
    Readiness,
    ReasonId,
)
from cti.errors import NotFound, RuleError
from cti.testing import Scenario, levels

ANN = AgentId("ann")


@pytest.fixture
def day() -> Scenario:
    """One queue; Ann is enrolled."""
    day = Scenario()
    day.queue("support")
    day.send(AgentEnrolled(agent_id=ANN, project_ids=(ProjectId("demo"),)))
    return day


def test_signing_in_is_not_being_ready(day: Scenario) -> None:
    day.send(AgentSignedIn(agent_id=ANN, device=Device.SIP))
    day.expect(ReadinessChanged, readiness=Readiness.NOT_READY, reason=REASON_SIGNED_IN)


@pytest.mark.lesson(7)
def test_nobody_is_ready_with_a_phone_that_is_not_registered(day: Scenario) -> None:
    day.send(AgentSignedIn(agent_id=ANN, device=Device.WEB))
    day.send(PhoneReachable(agent_id=ANN, device=Device.SIP))
    with pytest.raises(RuleError, match="Your phone is not registered"):
        day.ready("ann")
    day.send(PhoneReachable(agent_id=ANN, device=Device.WEB))
    day.ready("ann")
    day.expect(ReadinessChanged, readiness=Readiness.READY)


def test_nobody_is_ready_before_signing_in(day: Scenario) -> None:
    with pytest.raises(RuleError, match="sign in"):
        day.ready("ann")
    with pytest.raises(RuleError, match="signed out"):
        day.send(AgentBecameNotReady(agent_id=ANN, reason=ReasonId("lunch")))
    with pytest.raises(NotFound, match="no agent bob"):
        day.ready("bob")


@pytest.mark.lesson(8)
def test_a_second_sign_in_moves_the_agent_to_the_new_device() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.send(PhoneReachable(agent_id=ANN, device=Device.WEB))
    day.send(AgentSignedIn(agent_id=ANN, device=Device.WEB))
    day.expect(DeviceSet, device=Device.WEB)
    day.expect_no(ReadinessChanged)
    assert [(c.device, c.available) for c in day.every(SetFallback)] == [(Device.SIP, False), (Device.WEB, True)]
    day.call("c1")
    day.pop_shown("ann")
    assert day.assignment("ann").device is Device.WEB


def test_readiness_is_told_to_the_fallback_queues_he_has_skills_for() -> None:
    day = Scenario()
    day.queue("support", skills={"en": 3})
    day.queue("russian", skills={"ru": 3})
    day.queue("elsewhere", project="other")
    day.queue("sales")
    day.agent("ann", skills={"en": 5})
    command = day.expect(SetFallback)
    assert (command.queue_ids, command.available) == (("sales", "support"), True)
    day.send(SkillsChanged(agent_id=ANN, skills=levels({"ru": 9})))
    assert day.expect(SetFallback).queue_ids == ("russian", "sales")
    day.takes_a_break("ann")
    assert not day.expect(SetFallback).available


def test_ready_twice_is_once() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.ready("ann")
    assert day.recent == []
    day.takes_a_break("ann")
    day.takes_a_break("ann")
    assert day.recent == []


def test_a_blink_of_the_desktop_is_forgiven() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.send(DesktopLost(agent_id=ANN))
    day.advance(seconds=9)
    day.send(DesktopConnected(agent_id=ANN))
    day.advance(seconds=9)
    assert day.state.agents[ANN].readiness is Readiness.READY


def test_a_desktop_that_stays_away_makes_the_agent_not_ready() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.send(DesktopLost(agent_id=ANN))
    assert day.expect(ReachChanged).grace_until_ms == day.clock.now_ms + 10_000
    day.advance(seconds=10)
    day.expect(ReadinessChanged, readiness=Readiness.NOT_READY, reason=REASON_DESKTOP_LOST)


def test_an_agent_who_never_had_a_desktop_does_not_miss_it() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann", desktop=False)
    day.send(DesktopLost(agent_id=ANN))
    day.advance(seconds=60)
    assert day.state.agents[ANN].readiness is Readiness.READY


def test_a_phone_that_is_gone_is_offered_no_call_and_after_the_grace_he_is_not_ready() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.send(PhoneUnreachable(agent_id=ANN, device=Device.SIP))
    day.call("c1")
    day.expect_no(AssignmentOffered)
    day.advance(seconds=10)
    day.expect(ReadinessChanged, reason=REASON_PHONE_LOST)


def test_a_phone_that_comes_back_within_the_grace_gets_the_waiting_call_at_once() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.send(PhoneUnreachable(agent_id=ANN, device=Device.SIP))
    day.call("c1")
    day.send(PhoneReachable(agent_id=ANN, device=Device.SIP))
    day.expect(AssignmentOffered)
    day.advance(seconds=11)
    day.expect_no(ReadinessChanged, reason=REASON_PHONE_LOST)


@pytest.mark.lesson(8)
def test_the_other_phone_may_be_off() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.send(PhoneReachable(agent_id=ANN, device=Device.WEB))
    day.send(PhoneUnreachable(agent_id=ANN, device=Device.WEB))
    assert day.expect(ReachChanged).grace_until_ms is None


def test_choosing_a_phone_that_is_off_gives_the_grace_to_switch_it_on() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.send(DeviceChosen(agent_id=ANN, device=Device.WEB))
    assert day.state.agents[ANN].grace_until_ms is not None
    day.send(DeviceChosen(agent_id=ANN, device=Device.SIP))
    assert day.state.agents[ANN].grace_until_ms is None


def test_readiness_may_be_for_some_media_only() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann", ready=False)
    day.send(PhoneUnreachable(agent_id=ANN, device=Device.SIP))
    day.send(AgentBecameReady(agent_id=ANN, media=(Medium.CHAT,)))
    day.call("c1")
    day.task("t1", medium=Medium.EMAIL)
    assert day.holds_nothing("ann")
    day.task("t2", medium=Medium.CHAT)
    assert day.served_by("t2") == "ann"


def test_signing_out_idle_is_offline_at_once_and_twice_is_once() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.send(AgentSignedOut(agent_id=ANN))
    day.expect(ReadinessChanged, readiness=Readiness.OFFLINE)
    assert not day.expect(SetFallback).available
    day.send(AgentSignedOut(agent_id=ANN))
    assert day.recent == []


def test_signing_in_again_while_leaving_stays() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.call("c1")
    day.picks_up("ann")
    day.send(AgentSignedOut(agent_id=ANN))
    with pytest.raises(RuleError, match="sign in"):
        day.ready("ann")
    day.send(AgentSignedIn(agent_id=ANN, device=Device.SIP))
    day.ready("ann")
    day.hangs_up("ann")
    day.wraps_up("ann")
    assert day.state.agents[ANN].readiness is Readiness.READY


def test_a_removed_agent_finishes_what_he_holds_and_gets_no_more() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.call("c1")
    day.picks_up("ann")
    day.send(AgentRemoved(agent_id=ANN))
    day.call("c2")
    day.hangs_up("ann")
    day.wraps_up("ann")
    day.expect(ReadinessChanged, readiness=Readiness.OFFLINE)
    with pytest.raises(RuleError, match="removed"):
        day.send(AgentSignedIn(agent_id=ANN, device=Device.SIP))


def test_an_idle_agent_who_is_removed_is_offline_with_the_reason() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.send(AgentRemoved(agent_id=ANN))
    day.expect(ReadinessChanged, reason=REASON_REMOVED)


def test_the_same_enrolment_again_is_nothing(day: Scenario) -> None:
    day.send(AgentEnrolled(agent_id=ANN, project_ids=(ProjectId("demo"),)))
    assert day.recent == []


def test_who_takes_only_callbacks_needs_a_phone_too(day: Scenario) -> None:
    day.send(AgentSignedIn(agent_id=ANN, device=Device.SIP))
    with pytest.raises(RuleError, match="not registered"):
        day.ready("ann", media=[Medium.CALLBACK])
    day.send(PhoneReachable(agent_id=ANN, device=Device.SIP))
    day.ready("ann", media=[Medium.CALLBACK])
    day.send(PhoneUnreachable(agent_id=ANN, device=Device.SIP))
    day.advance(seconds=11)
    day.expect(ReadinessChanged, reason=REASON_PHONE_LOST)


def test_who_takes_no_calls_any_more_serves_in_no_fallback_queue() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.ready("ann", media=[Medium.EMAIL])
    assert day.expect(SetFallback).available is False
    day.ready("ann")
    assert day.expect(SetFallback).available is True


def test_a_skill_named_twice_counts_at_its_higher_level() -> None:
    day = Scenario()
    day.queue("support", skills={"en": 4}, steps=[Step(after_ms=5_000, relax=levels({"en": 1}))])
    day.agent("ann")
    day.send(SkillsChanged(agent_id=ANN, skills=(*levels({"en": 5}), *levels({"en": 2}))))
    day.call("c1")
    assert day.served_by("c1") == "ann"
    day.caller_hangs_up("c1")
    day.send(SkillsChanged(agent_id=ANN, skills=(*levels({"en": 2}), *levels({"en": 3}))))
    day.call("c2")
    day.advance(seconds=5)
    assert day.served_by("c2") == "ann"
