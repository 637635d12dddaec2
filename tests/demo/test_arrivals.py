"""The plan of a run: seeded, Poisson, within bounds."""

import itertools
import statistics

import pytest

from cti.demo import arrivals
from cti.demo.traffic import Wish
from cti.errors import ConfigError

BOTH = ("telecom", "clinic")


def plan(
    *, seed: int, rate: float = 2.0, duration_s: float = 120.0, projects: tuple[str, ...] = BOTH
) -> list[arrivals.Arrival]:
    return arrivals.plan(rate=rate, duration_s=duration_s, seed=seed, projects=projects)


def test_the_same_seed_gives_the_same_callers() -> None:
    assert plan(seed=7) == plan(seed=7)


def test_another_seed_gives_other_callers() -> None:
    assert plan(seed=7) != plan(seed=8)


def test_callers_come_in_order_and_within_the_duration() -> None:
    times = [arrival.at_s for arrival in plan(seed=1)]
    assert times == sorted(times)
    assert times[0] > 0
    assert times[-1] < 120


def test_gaps_are_those_of_a_poisson_process() -> None:
    times = [0.0, *(arrival.at_s for arrival in plan(seed=3, rate=5, duration_s=2000))]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    # an exponential distribution's deviation equals its mean
    assert statistics.mean(gaps) == pytest.approx(0.2, rel=0.05)
    assert statistics.stdev(gaps) == pytest.approx(0.2, rel=0.05)


def test_every_caller_has_a_number_of_his_own() -> None:
    callers = [arrival.caller for arrival in plan(seed=2, rate=20, duration_s=300)]
    assert len(callers) > 5000
    assert len(set(callers)) == len(callers)


def test_customers_and_strangers_call() -> None:
    callers = {arrival.caller for arrival in plan(seed=4)}
    assert callers & set(arrivals.CUSTOMERS)
    assert callers - set(arrivals.CUSTOMERS)


def test_nobody_calls_a_project_without_agents() -> None:
    numbers = {arrival.to for arrival in plan(seed=5, projects=("telecom",))}
    assert numbers == {"+78005550100", "+78005550102"}
    assert plan(seed=5, projects=()) == []


@pytest.mark.parametrize(
    ("option", "value"),
    [("rate", 20.5), ("rate", 0.0), ("rate", float("nan")), ("duration_s", 3601.0), ("talk_s", 0.1)],
)
def test_what_is_out_of_bounds_is_refused_by_its_option(option: str, value: float) -> None:
    given = {"rate": 2.0, "duration_s": 10.0, "talk_s": 3.0} | {option: value}
    with pytest.raises(ConfigError, match="--" + option.removesuffix("_s")):
        Wish(agents=3, seed=1, **given)
