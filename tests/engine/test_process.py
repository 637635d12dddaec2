"""When a node's process began, though the wall clock was set back: as the engine's clock has it, and never too late."""

import pytest

from cti.engine.process import ProcessStart

HOUR_MS = 3_600_000
BEGAN_MS = 1_700_000_000_000


def test_while_the_clocks_agree_it_is_as_it_was_told() -> None:
    assert ProcessStart().of(BEGAN_MS, ahead_ms=0) == BEGAN_MS


def test_a_clock_that_is_set_back_later_does_not_move_it() -> None:
    start = ProcessStart()
    assert [start.of(BEGAN_MS, ahead_ms=ahead_ms) for ahead_ms in (0, HOUR_MS, 2 * HOUR_MS)] == [BEGAN_MS] * 3


def test_of_a_process_that_was_there_before_the_engine_the_earlier_instant_is_taken() -> None:
    assert ProcessStart().of(BEGAN_MS, ahead_ms=HOUR_MS) == BEGAN_MS


def test_of_a_process_that_took_the_place_of_another_after_the_step_it_is_known() -> None:
    start = ProcessStart()
    start.of(BEGAN_MS, ahead_ms=0)
    start.of(BEGAN_MS, ahead_ms=HOUR_MS)
    anew_ms = BEGAN_MS - HOUR_MS // 2
    assert start.of(anew_ms, ahead_ms=HOUR_MS) == anew_ms + HOUR_MS
    assert start.of(anew_ms, ahead_ms=2 * HOUR_MS) == anew_ms + HOUR_MS


@pytest.mark.parametrize("ahead_ms", [0, HOUR_MS])
def test_of_a_process_that_took_the_place_of_another_while_the_clock_was_set_it_is_not_too_late(ahead_ms: int) -> None:
    start = ProcessStart()
    start.of(BEGAN_MS, ahead_ms=ahead_ms)
    assert start.of(BEGAN_MS + 1_000, ahead_ms=ahead_ms + HOUR_MS) == BEGAN_MS + 1_000


def test_what_is_not_told_is_not_known_and_forgets_nothing() -> None:
    start = ProcessStart()
    assert start.of(0, ahead_ms=0) == 0
    start.of(BEGAN_MS, ahead_ms=0)
    assert start.of(0, ahead_ms=HOUR_MS) == 0
    assert start.of(BEGAN_MS, ahead_ms=HOUR_MS) == BEGAN_MS
