"""Drawing spans by the inverse of their distribution function, and learning patience."""

import math
import random

import pytest

from cti.simulate import written
from cti.simulate.distributions import Distribution, Empirical, Exponential, Fixed, LogNormal, Stepped, kaplan_meier

DRAWS = 20_000


def mean(distribution: Distribution) -> float:
    source = random.Random(5)
    return math.fsum(distribution.at(source.random()) for _ in range(DRAWS)) / DRAWS


@pytest.mark.parametrize(
    "distribution", [Exponential(mean_s=120), LogNormal(mean_s=120, cv=0.8), Empirical(spans_s=(60, 120, 180))], ids=str
)
def test_draws_have_the_mean_that_was_asked_for(distribution: Distribution) -> None:
    assert mean(distribution) == pytest.approx(120, rel=0.03)


def test_a_log_normal_has_the_spread_that_was_asked_for() -> None:
    source = random.Random(6)
    distribution = LogNormal(mean_s=100, cv=0.5)
    drawn = [distribution.at(source.random()) for _ in range(DRAWS)]
    average = math.fsum(drawn) / DRAWS
    assert math.sqrt(math.fsum((one - average) ** 2 for one in drawn) / DRAWS) == pytest.approx(50, rel=0.06)


@pytest.mark.parametrize(
    "distribution",
    [Exponential(mean_s=9), LogNormal(mean_s=9, cv=2), Empirical(spans_s=(1, 2, 5)), kaplan_meier([1, 3], [2, 9])],
    ids=str,
)
def test_a_greater_share_never_gives_a_shorter_span(distribution: Distribution) -> None:
    drawn = [distribution.at(number / 1000) for number in range(1000)]
    assert drawn == sorted(drawn)
    assert drawn[0] >= 0


def test_kaplan_and_meier_weigh_those_who_were_answered_as_censored() -> None:
    # By hand: leaving at 2 of 5 still there, at 4 of 3, at 6 of 1.
    estimate = kaplan_meier([2, 4, 6], [3, 5])
    assert list(estimate.spans_s) == [2, 4, 6]
    assert estimate.shares == pytest.approx((1 - 4 / 5, 1 - 4 / 5 * 2 / 3, 1.0))


def test_kaplan_and_meier_find_the_patience_behind_answers() -> None:
    source = random.Random(7)
    left: list[float] = []
    stayed: list[float] = []
    for _ in range(20_000):
        patience, answer = source.expovariate(1 / 90), source.expovariate(1 / 60)
        (left if patience < answer else stayed).append(min(patience, answer))
    estimate = kaplan_meier(left, stayed)
    for share in (0.2, 0.5, 0.8):
        assert estimate.at(share) == pytest.approx(-90 * math.log(1 - share), rel=0.06)


def test_past_the_last_one_who_left_the_tail_goes_on_with_the_hazard_of_all() -> None:
    estimate = kaplan_meier([10], [10, 20])
    assert estimate.at(0.2) == 10
    assert estimate.at(0.9) == pytest.approx(10 + 40 * math.log((1 - 1 / 3) / (1 - 0.9)))


def test_where_nobody_left_nobody_ever_leaves() -> None:
    assert kaplan_meier([], [5, 6]).at(0.99) == math.inf
    assert Stepped(spans_s=(), shares=()).at(0.0) == math.inf


@pytest.mark.parametrize(
    ("text", "seconds"), [(90, 90), ("90s", 90), ("1h30m", 5400), ("2d", 172_800), ("1.5m", 90), (0.5, 0.5)]
)
def test_spans_are_written_in_several_ways(text: object, seconds: float) -> None:
    assert written.span(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", -1, "1x", None, True, "30m1h"])
def test_what_is_no_span_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="span"):
        written.span(text)


def test_a_time_of_day_may_lie_past_midnight() -> None:
    assert written.clock("08:30") == 30_600
    assert written.clock_span("22:00-30:00") == (79_200, 108_000)
    with pytest.raises(ValueError, match="does not end after it begins"):
        written.clock_span("18:00-08:00")


@pytest.mark.parametrize(
    ("text", "distribution"),
    [
        ("never", Fixed(s=math.inf)),
        (30, Fixed(s=30)),
        ({"exponential": "2m"}, Exponential(mean_s=120)),
        ({"log_normal": {"mean": 60, "cv": 1}}, LogNormal(mean_s=60, cv=1)),
        ({"empirical": [3, "1s", 2]}, Empirical(spans_s=(1, 2, 3))),
    ],
)
def test_distributions_are_written_by_name(text: object, distribution: Distribution) -> None:
    assert written.distribution(text) == distribution


@pytest.mark.parametrize(
    "text", [None, {}, {"normal": 3}, {"exponential": 0}, {"log_normal": {"mean": 3}}, {"empirical": []}, [1, 2]]
)
def test_what_is_no_distribution_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"write|mean|span"):
        written.distribution(text)
