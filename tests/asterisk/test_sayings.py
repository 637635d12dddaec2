"""What an announcement consists of. Needs no Asterisk."""

import pytest

from cti.asterisk import sayings
from cti.domain.commands import Announce
from cti.domain.ids import ContactId, LegId, NodeId, QueueId


def said(
    *, position: int | None = None, expected_ms: int | None = None, offer: bool = False, spoken: bool = True
) -> list[str]:
    command = Announce(
        contact_id=ContactId("c1"),
        leg_id=LegId("n1-1.0"),
        node=NodeId("n1"),
        queue_id=QueueId("support"),
        position=position,
        expected_ms=expected_ms,
        offer_callback=offer,
    )
    sounds = (lambda key, language: f"/{language}/{key}") if spoken else (lambda _, __: None)
    media = sayings.announcement(command, language="ru", sounds=sounds, may_offer=True)
    return [medium.removeprefix("sound:") for medium in media]


@pytest.mark.parametrize(
    ("position", "digits"),
    [
        (1, ["1"]),
        (13, ["13"]),
        (20, ["20"]),
        (21, ["20", "1"]),
        (90, ["90"]),
        (99, ["90", "9"]),
        (105, ["1", "0", "5"]),
    ],
)
def test_a_place_is_a_number_of_recordings_that_every_language_has(position: int, digits: list[str]) -> None:
    assert said(position=position) == ["/ru/queue_position", *(f"digits/{digit}" for digit in digits)]


@pytest.mark.parametrize(
    ("expected_ms", "words"),
    [
        (0, ["/ru/queue_wait_short"]),
        (59_999, ["/ru/queue_wait_short"]),
        (60_000, ["/ru/queue_wait", "digits/1"]),
        (60_001, ["/ru/queue_wait", "digits/2"]),
    ],
)
def test_a_wait_is_told_in_minutes_rounded_up(expected_ms: int, words: list[str]) -> None:
    assert said(expected_ms=expected_ms) == words


def test_what_is_not_known_is_not_said() -> None:
    assert said() == []


def test_without_a_voice_asterisk_says_it_and_no_callback_is_offered() -> None:
    assert said(position=2, expected_ms=120_000, offer=True, spoken=False) == [
        "queue-thereare",
        "digits/2",
        "queue-holdtime",
        "digits/2",
        "queue-minutes",
    ]


def test_a_callback_is_offered_last() -> None:
    assert said(position=1, offer=True)[-1] == "/ru/callback_offer"
