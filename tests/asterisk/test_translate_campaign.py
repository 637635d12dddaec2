"""Recorded streams of agents' lines and of campaigns' callees, and what they mean. Needs no Asterisk."""

import pytest

from cti.asterisk import translate, wire
from cti.domain.events import CalleeAnswered, CalleeFailed, LegEnded, LineAnswered, LineFailed
from cti.domain.ids import AgentId, DialId, LegCause, LegId
from cti.ports import ListedLeg, SwitchEvent
from tests.asterisk.test_translate import NODE, meaning, recorded

AGENT = AgentId("u101")


def listened(stream: str, leg_id: LegId) -> list[SwitchEvent]:
    """What a stream means in which the callee is sent to be listened to once he has answered."""
    translator = translate.Translator(node=NODE, region="RU")
    first, *others = recorded(stream)
    events = meaning([first], translator=translator)
    translator.listens(leg_id)
    events += meaning(others, translator=translator)
    assert not translator.followed
    return events


def test_a_line_that_is_picked_up_and_hung_up() -> None:
    assert meaning(recorded("line_answers")) == [
        LineAnswered(agent_id=AGENT, leg_id=LegId("line-u101-7"), node=NODE),
        LegEnded(leg_id=LegId("line-u101-7"), cause=LegCause.NORMAL),
    ]


def test_a_phone_that_is_busy_is_a_failed_line() -> None:
    assert meaning(recorded("line_busy")) == [
        LineFailed(agent_id=AGENT, leg_id=LegId("line-u101-8"), cause=LegCause.BUSY)
    ]


def test_a_callee_who_is_busy_is_a_failed_callee() -> None:
    assert meaning(recorded("callee_busy")) == [
        CalleeFailed(dial_id=DialId("d1"), leg_id=LegId("dial-d1"), cause=LegCause.BUSY)
    ]


@pytest.mark.parametrize(
    ("stream", "dial", "machine"), [("callee_is_human", "d2-1", False), ("callee_is_machine", "d3", True)]
)
def test_a_callee_who_was_listened_to_comes_back_with_what_was_found(stream: str, dial: str, machine: bool) -> None:
    leg_id = LegId(f"dial-{dial}")
    assert listened(stream, leg_id) == [
        CalleeAnswered(dial_id=DialId(dial), leg_id=leg_id, node=NODE),
        CalleeAnswered(dial_id=DialId(dial), leg_id=leg_id, node=NODE, machine=machine),
        LegEnded(leg_id=leg_id, cause=LegCause.NORMAL),
    ]


@pytest.mark.parametrize("status", ["NOTSURE", "HANGUP"])
def test_whatever_is_not_surely_a_machine_is_a_human(status: str) -> None:
    channel = wire.Channel(id="dial-d1")
    [answered] = meaning([wire.Message(type="StasisStart", args=["callee", "d1", status], channel=channel)])
    assert isinstance(answered, CalleeAnswered)
    assert answered.machine is False


def test_a_callee_who_hangs_up_while_he_is_listened_to_has_ended_his_leg_once() -> None:
    assert listened("callee_hangs_up_while_listening", LegId("dial-d4")) == [
        CalleeAnswered(dial_id=DialId("d4"), leg_id=LegId("dial-d4"), node=NODE),
        LegEnded(leg_id=LegId("dial-d4"), cause=LegCause.NORMAL),
    ]


def test_a_callee_who_had_gone_before_he_was_to_be_listened_to_has_ended_once() -> None:
    translator = translate.Translator(node=NODE, region="RU")
    started, ended, *others = recorded("callee_told_sorry")
    events = meaning([started, ended], translator=translator)
    translator.listens(LegId("dial-d5"))
    events += meaning(others, translator=translator)
    assert [type(event) for event in events] == [CalleeAnswered, LegEnded]


def test_a_callee_who_is_told_that_nobody_is_free_is_ours_no_more_at_once() -> None:
    messages = recorded("callee_told_sorry")
    assert meaning(messages[:2]) == [
        CalleeAnswered(dial_id=DialId("d5"), leg_id=LegId("dial-d5"), node=NODE),
        LegEnded(leg_id=LegId("dial-d5"), cause=LegCause.NORMAL),
    ]
    assert meaning(messages) == meaning(messages[:2])


def test_one_who_hangs_up_after_a_gap_in_which_he_was_listened_to_has_ended() -> None:
    messages = recorded("callee_hangs_up_while_listening")
    translator = translate.Translator(node=NODE, region="RU")
    [leg] = listing(messages[-2])
    assert (leg.dial_id, leg.answered, leg.listening) == ("d4", False, True)
    translator.adopt([leg])
    assert meaning(messages[-2:], translator=translator) == [LegEnded(leg_id=LegId("dial-d4"), cause=LegCause.NORMAL)]


def test_a_listing_tells_what_was_found_of_a_callee_who_is_back() -> None:
    started, _, back, *_ = recorded("callee_is_machine")
    [leg] = listing(started)
    assert (leg.dial_id, leg.answered, leg.machine) == ("d3", True, None)
    [leg] = listing(back)
    assert (leg.dial_id, leg.answered, leg.listening, leg.machine) == ("d3", True, False, True)


def test_a_listing_tells_a_line_by_its_agent() -> None:
    [leg] = listing(recorded("line_answers")[0])
    assert leg == ListedLeg(leg_id=LegId("line-u101-7"), answered=True, caller=None, assignment_id=None, agent_id=AGENT)


@pytest.mark.parametrize("context", ["sorry", "sorry-v12", "destinations-v1"])
def test_one_whom_we_let_go_is_alive_and_not_ours(context: str) -> None:
    away = wire.Channel(id="dial-d5", state="Up", dialplan=wire.Dialplan(context=context, app_name="Playback"))
    listed = translate.listing(node=NODE, region="RU", channels=[away], bridges=[], followed=[away.id], now_ms=5)
    assert listed.legs == ()
    assert listed.other_channels == {"dial-d5"}


def listing(message: wire.Message) -> tuple[ListedLeg, ...]:
    """What is listed of the message's channel as it was then."""
    assert message.channel is not None
    listed = translate.listing(
        node=NODE, region="RU", channels=[message.channel], bridges=[], followed=[message.channel.id], now_ms=5
    )
    return listed.legs


@pytest.mark.parametrize("leg_id", ["line-u101-7", "dial-d1"])
def test_keys_on_these_legs_are_nobodys_business(leg_id: str) -> None:
    pressed = wire.Message(type="ChannelDtmfReceived", digit="1", channel=wire.Channel(id=leg_id))
    assert meaning([pressed]) == []


@pytest.mark.parametrize(
    ("leg_id", "agent", "dial"),
    [
        ("line-u101-7", "u101", None),
        ("line-u-1-7", "u-1", None),
        ("dial-d12", None, "d12"),
        ("dial-d12-3", None, "d12-3"),
        ("line-", None, None),
        ("dial-", None, None),
        ("leg-a1-1", None, None),
        ("centre-1.0", None, None),
    ],
)
def test_a_leg_names_its_agent_or_its_dial(leg_id: str, agent: str | None, dial: str | None) -> None:
    assert (translate.agent_of(leg_id), translate.dial_of(leg_id)) == (agent, dial)
