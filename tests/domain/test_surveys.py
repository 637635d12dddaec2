"""Who is asked something after the talk: callers who are still there when their agent is done."""

import pytest

from cti.domain import surveys
from cti.domain.commands import AskCaller, DropBridge, EndLeg
from cti.domain.events import EngineStarted
from cti.domain.facts import WrapUpStarted
from cti.domain.ids import EndedBy, LegCause
from cti.testing import Scenario
from cti.testing.scenario import NODE, caller_leg


@pytest.fixture
def day() -> Scenario:
    """A queue that asks everybody, and a talk."""
    day = Scenario()
    day.queue("support", survey_percent=100)
    day.agent("ann")
    day.call("c1")
    day.picks_up("ann")
    return day


def is_hung_up(day: Scenario) -> bool:
    return any(isinstance(one, EndLeg) and one.leg_id == caller_leg("c1") for one in day.recent)


@pytest.mark.parametrize("how", ["desktop", "phone", "on hold"])
def test_a_caller_whose_agent_ends_the_talk_is_asked_before_the_agent_goes(day: Scenario, how: str) -> None:
    ann = day.leg("ann")
    if how == "on hold":
        day.holds("ann")
    if how == "phone":
        day.agent_leg_ends("ann")
    else:
        day.hangs_up("ann")
    asked = day.expect(AskCaller, leg_id=caller_leg("c1"), queue_id="support", agent_id="ann")
    order = [one for one in day.recent if isinstance(one, AskCaller | EndLeg | DropBridge)]
    assert order[0] == asked
    assert [one.leg_id for one in order if isinstance(one, EndLeg)] == [ann]
    day.expect(WrapUpStarted, ended_by=EndedBy.AGENT)


def test_a_caller_who_hangs_up_himself_is_not_asked(day: Scenario) -> None:
    day.caller_hangs_up("c1")
    day.expect_no(AskCaller)


def test_a_caller_whose_agent_is_lost_is_not_asked_but_waits_for_him(day: Scenario) -> None:
    day.agent_leg_ends("ann", cause=LegCause.LOST)
    day.expect_no(AskCaller)


def test_a_queue_that_asks_nothing_hangs_up() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.call("c1")
    day.picks_up("ann")
    day.hangs_up("ann")
    day.expect_no(AskCaller)
    assert is_hung_up(day)


def test_nobody_is_asked_whom_we_called() -> None:
    day = Scenario()
    day.queue("support", survey_percent=100)
    day.agent("ann")
    day.asks_to_call("ann", "out")
    day.picks_up("ann")
    day.customer_answers("ann")
    day.hangs_up("ann")
    day.expect_no(AskCaller)


def test_a_share_is_asked_and_always_the_same() -> None:
    def asked() -> list[bool]:
        day = Scenario()
        day.queue("support", survey_percent=30)
        day.agent("ann")
        found = []
        for number in range(100):
            day.call(f"c{number}")
            day.picks_up("ann")
            day.hangs_up("ann")
            found.append(any(isinstance(one, AskCaller) for one in day.recent))
            day.wraps_up("ann")
        return found

    first = asked()
    assert 15 <= sum(first) <= 45
    assert asked() == first


def test_an_engine_that_takes_over_knows_who_did_not_reach_the_survey(day: Scenario) -> None:
    assert surveys.of_leg(day.state, caller_leg("c1")) is None, "he talks still"
    day.hangs_up("ann")
    sent = day.expect(AskCaller)
    assert surveys.of_leg(day.state, caller_leg("c1")) == sent
    resumed = day.send(EngineStarted(node=NODE)).commands
    assert EndLeg(leg_id=caller_leg("c1"), node=NODE) not in resumed, "he may be in the midst of it"
    day.wraps_up("ann")
    assert surveys.of_leg(day.state, caller_leg("c1")) is None
