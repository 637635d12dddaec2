"""What a benchmark says it found."""

import json

import pytest

from cti.bench import result
from cti.bench.result import Result


def found(**figures: float) -> Result:
    return Result(name="thing", figures=figures, goals={"ratio": ("<=", 1.0), "rate": (">=", 50)})


def test_goals_are_met_only_when_every_one_is() -> None:
    assert found(ratio=1.0, rate=50).met
    assert not found(ratio=1.01, rate=50).met
    assert not found(ratio=1.0, rate=49).met


def test_a_goal_without_its_figure_is_not_met() -> None:
    assert not found(ratio=0.5).met


def test_the_json_has_what_outsiders_rely_on() -> None:
    told = json.loads(json.dumps(found(ratio=0.5, rate=60).as_json()))
    assert {"name", "figures", "goals", "met", "machine"} <= told.keys()
    assert told["goals"] == {"ratio": ["<=", 1.0], "rate": [">=", 50]}
    assert told["met"] is True


@pytest.mark.parametrize(("percent", "expected"), [(50, 50.0), (99, 99.0), (100, 100.0), (1, 1.0)])
def test_a_percentile_is_the_nearest_rank(percent: float, expected: float) -> None:
    assert result.percentile([float(value) for value in range(100, 0, -1)], percent) == expected


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        result.percentile([], 50)
