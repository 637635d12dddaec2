"""Recorded streams of a real Asterisk, and what they mean. Needs no Asterisk."""

from pathlib import Path

import pytest

from cti.asterisk import translate, wire
from cti.domain.events import LegAnswered, LegEnded, RingFailed
from cti.domain.ids import AssignmentId, LegCause, LegId, NodeId, QueueId
from cti.ports import CallerEntered, ListedLeg, SwitchEvent

WIRE = Path(__file__).parent / "wire"
NODE = NodeId("centre")


def recorded(name: str) -> list[wire.Message]:
    return [wire.message(line) for line in (WIRE / f"{name}.jsonl").read_text().splitlines()]


def meaning(messages: list[wire.Message], *, translator: translate.Translator | None = None) -> list[SwitchEvent]:
    translator = translator or translate.Translator(node=NODE, region="RU")
    return [event for message in messages if (event := translator.translate(message)) is not None]


def test_a_talk_that_the_caller_ends_is_four_events() -> None:
    entered, answered, first, second = meaning(recorded("talk_caller_hangs_up"))
    assert isinstance(entered, CallerEntered)
    assert answered == LegAnswered(assignment_id=AssignmentId("a1"), leg_id=LegId("leg-a1-1"), node=NODE)
    assert first == LegEnded(leg_id=entered.leg_id, cause=LegCause.NORMAL)
    assert second == LegEnded(leg_id=LegId("leg-a1-1"), cause=LegCause.NORMAL)


def test_a_caller_brings_what_the_dialplan_knows_of_him() -> None:
    entered = meaning(recorded("talk_caller_hangs_up"))[0]
    assert entered == CallerEntered(
        leg_id=LegId("centre-1795319206.0"),
        node=NODE,
        arrived_ms=1700000000123,
        number="+79001234567",
        name="Иван Петров",
        dialled="+78005550102",
        queue_id=QueueId("support"),
        language="ru",
        path="main:2",
        account="",
        returned="",
    )


def test_an_agent_who_hangs_up_ends_his_leg_once() -> None:
    ended = [event for event in meaning(recorded("agent_hangs_up")) if isinstance(event, LegEnded)]
    assert [event.leg_id for event in ended] == ["leg-a2-1", "centre-1795319209.2"]


@pytest.mark.parametrize(
    ("stream", "assignment", "cause"),
    [
        ("agent_busy", "a3", LegCause.BUSY),
        ("agent_rejects", "a4", LegCause.REJECTED),
        ("agent_forwards", "a5", LegCause.REJECTED),
        ("agent_no_answer", "a6", LegCause.NO_ANSWER),
        ("ring_withdrawn", "a7", LegCause.NORMAL),
    ],
)
def test_a_leg_that_was_never_answered_is_one_failed_ring(stream: str, assignment: str, cause: LegCause) -> None:
    assert meaning(recorded(stream)) == [
        RingFailed(assignment_id=AssignmentId(assignment), leg_id=LegId(f"leg-{assignment}-1"), cause=cause)
    ]


def test_a_withheld_number_is_empty_and_a_hostile_name_stays_text() -> None:
    entered = meaning(recorded("caller_gives_up"))[0]
    assert isinstance(entered, CallerEntered)
    assert entered.number == ""
    assert entered.name == "; DROP ${SHELL(id)} 😀"


def test_the_end_of_a_leg_answered_before_this_connection_is_no_failed_ring() -> None:
    translator = translate.Translator(node=NODE, region="RU")
    leg_id = LegId("leg-a1-1")
    translator.adopt([ListedLeg(leg_id=leg_id, answered=True, caller=None, assignment_id=AssignmentId("a1"))])
    destroyed = recorded("talk_caller_hangs_up")[-1]
    assert meaning([destroyed], translator=translator) == []


def test_nothing_is_kept_of_legs_that_are_gone() -> None:
    translator = translate.Translator(node=NODE, region="RU")
    for stream in sorted(WIRE.glob("*.jsonl")):
        meaning(recorded(stream.stem), translator=translator)
    assert not translator.followed


def test_a_dead_transport_is_a_lost_leg_and_not_a_hang_up() -> None:
    text = (WIRE / "talk_caller_hangs_up.jsonl").read_text().splitlines()
    lost = text[4].replace('"cause":32', '"cause":1')
    messages = [wire.message(line) for line in [text[1], lost, text[5]]]
    assert meaning(messages)[-1] == LegEnded(leg_id=LegId("leg-a1-1"), cause=LegCause.LOST)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+79001234567", "+79001234567"),
        ("89001234567", "+79001234567"),
        ("9001234567", "+79001234567"),
        ("0049301234567", ""),
        ("81049301234567", "+49301234567"),
        ("anonymous", ""),
        ("101", ""),
        ("", ""),
        ("+", ""),
        ("${SHELL(id)}", ""),
        ("1" * 10_000, ""),
    ],
)
def test_numbers_become_e164_or_nothing(number: str, expected: str) -> None:
    assert translate.e164(number, "RU") == expected


def test_names_lose_control_characters_and_length_only() -> None:
    assert translate.printable("A\x00\r\nB\u202e") == "AB"
    assert translate.printable("я" * 10_000) == "я" * 80


@pytest.mark.parametrize(
    ("leg_id", "assignment"), [("leg-a12-1", "a12"), ("leg-a12-2-1", "a12-2"), ("centre-1.0", None), ("leg-", None)]
)
def test_an_agents_leg_names_its_assignment(leg_id: str, assignment: str | None) -> None:
    assert translate.assignment_of(leg_id) == assignment


def test_a_listing_tells_callers_agents_and_others_apart() -> None:
    messages = recorded("talk_caller_hangs_up")
    caller, agent = messages[0].channel, messages[1].channel
    ringing = recorded("ring_withdrawn")[0].channel
    assert caller is not None
    assert agent is not None
    assert ringing is not None
    elsewhere = wire.Channel(id="centre-9.9", state="Up", dialplan=wire.Dialplan(app_name="Queue"))
    listed = translate.listing(
        node=NODE,
        region="RU",
        channels=[caller, agent, ringing, elsewhere],
        bridges=[wire.Bridge(id="talk-c1", channels=[caller.id, agent.id]), wire.Bridge(id="other")],
        followed=[caller.id, agent.id, ringing.id],
        now_ms=5,
    )
    assert [(leg.leg_id, leg.answered, leg.assignment_id, leg.caller is not None) for leg in listed.legs] == [
        (caller.id, True, None, True),
        ("leg-a1-1", True, "a1", False),
        ("leg-a7-1", False, "a7", False),
    ]
    [bridge] = listed.bridges
    assert bridge.bridge_id == "talk-c1"
    assert bridge.legs == {LegId(caller.id), LegId(agent.id)}
    assert listed.other_channels == {"centre-9.9"}


def test_an_agents_leg_that_is_up_but_not_in_the_application_cannot_be_joined_yet() -> None:
    started = recorded("talk_caller_hangs_up")[1].channel
    assert started is not None
    picked_up = wire.Channel(
        id=started.id, state="Up", dialplan=wire.Dialplan(app_name="AppDial2", app_data="(Outgoing Line)")
    )
    for channel, answered in ((picked_up, False), (started, True)):
        listed = translate.listing(
            node=NODE, region="RU", channels=[channel], bridges=[], followed=[started.id], now_ms=5
        )
        assert [leg.answered for leg in listed.legs] == [answered]


def test_a_supervisors_ear_is_told_by_its_end_alone_and_nothing_is_kept_of_it() -> None:
    translator = translate.Translator(node=NODE, region="RU")
    channel = wire.Channel(id="snoop-party-c1-5-6")
    came = wire.Message(type="StasisStart", args=["snoop", "party-c1-5"], channel=channel)
    assert translate.ear_there(came) == "snoop-party-c1-5-6"
    messages = [wire.Message(type=kind, channel=channel) for kind in ("ChannelHangupRequest", "StasisEnd")]
    assert meaning([came, *messages], translator=translator) == [
        LegEnded(leg_id=LegId("snoop-party-c1-5-6"), cause=LegCause.NORMAL)
    ]
    assert meaning([wire.Message(type="ChannelDestroyed", channel=channel)], translator=translator) == []
    assert translator.followed == 0
