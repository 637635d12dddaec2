"""The line through what a part holds: growth is found, noise is not taken for it."""

import random

import pytest

from tests.soak.resources import Slope, fitted, means


def grown(*, per_hour: float, noise: float, minutes: int = 60) -> list[tuple[float, float]]:
    dice = random.Random(1)
    return [(at, 100 + per_hour * at / 3600 + dice.gauss(0, noise)) for at in map(float, range(0, minutes * 60, 5))]


def slope_of(samples: list[tuple[float, float]], *, limit: float = 20) -> Slope:
    slope, margin = fitted(means(samples, 12))
    return Slope(name="x", first=0, last=0, per_hour=3600 * slope, margin=3600 * margin, limit=limit)


def test_a_straight_line_is_found_exactly() -> None:
    found = slope_of(grown(per_hour=50, noise=0))
    assert found.per_hour == pytest.approx(50)
    assert found.margin == pytest.approx(0, abs=1e-6)
    assert found.grows


@pytest.mark.parametrize(("per_hour", "grows"), [(60, True), (0, False), (15, False)])
def test_growth_beyond_what_is_allowed_is_told_from_noise(per_hour: float, grows: bool) -> None:
    assert slope_of(grown(per_hour=per_hour, noise=10)).grows is grows


def test_too_few_points_prove_nothing() -> None:
    assert not slope_of([(0.0, 0.0), (5.0, 1000.0)]).grows
