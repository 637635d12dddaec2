"""An agent who stays connected: one ring, then every call is put through at once, and the line outlives the talks."""

import pytest

from cti.domain.commands import EndLeg, JoinLegs, QuietLine, RingAgent, RingLine
from cti.domain.events import (
    AgentSignedOut,
    DeviceChosen,
    JoinFailed,
    LegEnded,
    LineAnswered,
    LineFailed,
    LineWanted,
    PhoneReachable,
    PhoneUnreachable,
)
from cti.domain.facts import AssignmentStarted, LineDown, LineUp, WrapUpStarted
from cti.domain.ids import AgentId, Device, LegCause, LegId
from cti.domain.talks import RINGS_IN_A_ROW
from cti.errors import RuleError
from cti.testing import NODE, Scenario

ANN = AgentId("ann")


@pytest.fixture
def day() -> Scenario:
    """A queue, and one agent on a switch that has been seen."""
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.call("early")
    day.caller_hangs_up("early")
    return day


def line_of(day: Scenario) -> LegId:
    """The leg of Ann's line."""
    leg_id = day.state.agents[ANN].line_leg
    assert leg_id is not None
    return leg_id


def test_the_phone_is_rung_once_and_falls_silent(day: Scenario) -> None:
    day.send(LineWanted(agent_id=ANN, wanted=True))
    day.expect(RingLine, agent_id=ANN)
    day.send(LineAnswered(agent_id=ANN, leg_id=line_of(day), node=NODE))
    day.expect(LineUp)
    day.expect(QuietLine, bridge_id=None)


def test_a_call_is_put_through_without_a_ring(day: Scenario) -> None:
    day.stays_connected("ann")
    day.call("c1")
    day.pop_shown("ann")
    day.expect_no(RingAgent)
    day.expect(AssignmentStarted, leg_id=line_of(day))
    day.expect(JoinLegs, agent_leg=line_of(day))


def test_the_line_outlives_the_talk_and_takes_the_next_call(day: Scenario) -> None:
    day.stays_connected("ann")
    line = line_of(day)
    for name in ("c1", "c2"):
        day.call(name)
        day.pop_shown("ann")
        day.caller_hangs_up(name)
        day.expect(WrapUpStarted)
        day.expect(QuietLine, leg_id=line)
        day.expect_no(EndLeg, leg_id=line)
        day.wraps_up("ann")
    assert line_of(day) == line


def test_who_hangs_up_his_phone_in_a_talk_ends_it_and_has_no_line(day: Scenario) -> None:
    day.stays_connected("ann")
    day.call("c1")
    day.pop_shown("ann")
    day.send(LegEnded(leg_id=line_of(day), cause=LegCause.NORMAL))
    day.expect(LineDown)
    day.expect(WrapUpStarted, ended_by="agent")


def test_a_line_lost_in_a_talk_is_a_lost_leg_and_the_talk_goes_on_by_a_ring(day: Scenario) -> None:
    day.stays_connected("ann")
    day.call("c1")
    day.pop_shown("ann")
    day.send(LegEnded(leg_id=line_of(day), cause=LegCause.LOST))
    day.expect(RingAgent)
    day.answers("ann")
    day.caller_hangs_up("c1")
    day.wraps_up("ann")
    assert day.state.agents[ANN].line_leg is None


def test_a_call_that_he_asks_for_goes_over_the_line(day: Scenario) -> None:
    day.stays_connected("ann")
    day.asks_to_call("ann", "out")
    day.expect_no(RingAgent)
    day.customer_answers("ann")
    day.expect(JoinLegs, agent_leg=line_of(day))


@pytest.mark.lesson(6)
def test_a_join_that_fails_again_and_again_is_not_tried_for_ever(day: Scenario) -> None:
    day.stays_connected("ann")
    day.call("c1")
    day.pop_shown("ann")
    held, contact = day.assignment("ann").id, day.contact("c1").id
    joins = 1
    for _ in range(10):
        day.send(JoinFailed(contact_id=contact, assignment_id=held))
        joins += len(day.every(JoinLegs))
    assert joins == RINGS_IN_A_ROW
    day.advance(seconds=25)
    assert day.contact("c1").assignment_id != held, "the caller waits again"


def test_no_longer_wanted_it_ends_at_once_or_after_the_talk(day: Scenario) -> None:
    day.stays_connected("ann")
    day.call("c1")
    day.pop_shown("ann")
    line = line_of(day)
    day.send(LineWanted(agent_id=ANN, wanted=False))
    day.expect_no(EndLeg)
    day.caller_hangs_up("c1")
    day.expect(EndLeg, leg_id=line)


def test_signing_out_ends_it(day: Scenario) -> None:
    day.stays_connected("ann")
    day.send(AgentSignedOut(agent_id=ANN))
    day.expect(EndLeg)
    assert day.state.agents[ANN].line_leg is None
    assert not day.state.agents[ANN].wants_line


def test_a_phone_that_is_not_picked_up_is_not_rung_again_until_he_asks(day: Scenario) -> None:
    day.send(LineWanted(agent_id=ANN, wanted=True))
    day.advance(seconds=31)
    day.expect(LineDown)
    day.advance(seconds=600)
    assert len(day.every(RingLine)) == 0
    day.send(LineWanted(agent_id=ANN, wanted=True))
    day.expect(RingLine)


def test_a_failed_ring_leaves_him_as_ready_as_he_was(day: Scenario) -> None:
    day.send(LineWanted(agent_id=ANN, wanted=True))
    day.send(LineFailed(agent_id=ANN, leg_id=line_of(day), cause=LegCause.BUSY))
    assert day.state.agents[ANN].readiness == "ready"
    assert day.state.agents[ANN].line_leg is None


def test_a_phone_that_registers_anew_gets_its_line_back(day: Scenario) -> None:
    day.stays_connected("ann")
    day.send(LegEnded(leg_id=line_of(day), cause=LegCause.LOST))
    day.send(PhoneUnreachable(agent_id=ANN, device=Device.SIP))
    day.send(PhoneReachable(agent_id=ANN, device=Device.SIP))
    day.expect(RingLine)


def test_another_device_gets_a_line_of_its_own(day: Scenario) -> None:
    day.stays_connected("ann")
    line = line_of(day)
    day.send(PhoneReachable(agent_id=ANN, device=Device.WEB))
    day.send(DeviceChosen(agent_id=ANN, device=Device.WEB))
    day.expect(EndLeg, leg_id=line)
    day.expect(RingLine, device=Device.WEB)


def test_a_line_answered_too_late_is_hung_up(day: Scenario) -> None:
    day.send(LineAnswered(agent_id=ANN, leg_id=LegId("line-ann-1"), node=NODE))
    day.expect(EndLeg, leg_id=LegId("line-ann-1"))


def test_who_is_offline_or_has_no_phone_is_told_so(day: Scenario) -> None:
    day.send(PhoneUnreachable(agent_id=ANN, device=Device.SIP))
    with pytest.raises(RuleError, match="not registered"):
        day.send(LineWanted(agent_id=ANN, wanted=True))
    day.send(AgentSignedOut(agent_id=ANN))
    with pytest.raises(RuleError, match="Sign in"):
        day.send(LineWanted(agent_id=ANN, wanted=True))


@pytest.mark.parametrize("folding", [False, True], ids=["snapshot", "facts"])
def test_a_restart_keeps_the_line(day: Scenario, folding: bool) -> None:
    day.stays_connected("ann")
    day.restart(folding=folding)
    day.call("c1")
    day.pop_shown("ann")
    day.expect(JoinLegs, agent_leg=line_of(day))
