"""When the centre counts as strained or overloaded, and when no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.domain.overload import Bounds, Judgement, Level, Measured, Strain, judge

BOUNDS = Bounds(loop=1000, mailbox=1000, journal=5000, switch=1500, after_ms=3000, calm_ms=5000)


def after(*loop_ms: int, every_ms: int = 1000) -> Judgement:
    """Judged once for each of these lags of the loop."""
    found = Judgement()
    for place, lag in enumerate(loop_ms):
        found = judge(found, Measured(loop=lag), BOUNDS, now=place * every_ms)
    return found


def test_a_moment_beyond_a_bound_is_no_overload() -> None:
    assert after(2000, 2000, 2000).level is Level.CALM
    assert after(2000, 2000, 2000, 0, 2000, 2000, 2000).level is Level.CALM


def test_beyond_a_bound_for_long_enough_new_calls_are_refused() -> None:
    found = after(2000, 2000, 2000, 2000)
    assert (found.level, found.strain, found.percent) == (Level.OVERLOADED, Strain.LOOP, 200)


def test_half_way_to_a_bound_what_can_wait_has_to_while_calls_are_taken() -> None:
    assert after(600, 600, 600, 600).level is Level.STRAINED
    assert after(*[2000] * 4, *[600] * 20).level is Level.OVERLOADED, "it does not flicker"


def test_it_ends_only_after_a_calm_without_a_pause() -> None:
    assert after(*[2000] * 4, *[100] * 5).level is Level.OVERLOADED
    assert after(*[2000] * 4, *[100] * 4, 600, *[100] * 5).level is Level.OVERLOADED
    found = after(*[2000] * 4, *[100] * 6)
    assert (found.level, found.strain) == (Level.CALM, None)


@pytest.mark.parametrize(
    ("measured", "strain"),
    [
        (Measured(mailbox=1200, loop=1000), Strain.MAILBOX),
        (Measured(journal=6000, loop=1000), Strain.JOURNAL),
        (Measured(switch=1500), Strain.SWITCH),
    ],
)
def test_the_worst_of_all_is_named(measured: Measured, strain: Strain) -> None:
    found = Judgement()
    for second in range(4):
        found = judge(found, measured, BOUNDS, now=second * 1000)
    assert (found.level, found.strain) == (Level.OVERLOADED, strain)


@given(st.lists(st.integers(min_value=0, max_value=3000), min_size=1, max_size=60))
def test_no_level_changes_faster_than_its_bounds_say(lags: list[int]) -> None:
    found, changed = Judgement(), 0
    for second, lag in enumerate(lags):
        before, found = found, judge(found, Measured(loop=lag), BOUNDS, now=second * 1000)
        if found.level is Level.CALM and before.level is not Level.CALM:
            assert all(each < 500 for each in lags[second - 5 : second + 1])
        if found.level is Level.OVERLOADED and before.level is not Level.OVERLOADED:
            assert all(each >= 1000 for each in lags[second - 3 : second + 1])
        changed += found.level is not before.level
        assert (found.strain is None) == (found.level is Level.CALM)
    assert changed <= 1 + len(lags) // 3
