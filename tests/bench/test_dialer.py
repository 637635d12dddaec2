"""The dialling model and its pacers: a short one on each change, a longer comparison in `make test`."""

import pytest

from cti.bench.dialer.compared import CELLS, figures, goals, line, one_day
from cti.bench.dialer.model import Cell, Day, Pacer
from cti.bench.dialer.pacers import LookAhead, Ours, Progressive
from cti.domain.pacing import Mode, Rules


def _day(cell: Cell, pacer: Pacer, seed: int = 1) -> Day:
    day = Day(cell, seed=seed)
    day.run(pacer)
    return day


def test_one_dial_a_free_agent_abandons_nobody_and_reaches_what_the_reference_says() -> None:
    day = _day(Cell(agents=10, rate=0.25), Progressive())
    assert day.book.abandoned == 0
    assert day.occupancy == pytest.approx(0.65, abs=0.03)


def test_our_progressive_mode_is_the_same_day() -> None:
    cell = Cell(agents=10, rate=0.25)
    ours, plain = _day(cell, Ours(Rules(mode=Mode.PROGRESSIVE))), _day(cell, Progressive())
    assert (ours.dials, ours.book, ours.occupancy) == (plain.dials, plain.book, plain.occupancy)


def test_the_plain_look_ahead_reaches_what_the_reference_says_and_breaks_the_cap_on_the_way() -> None:
    day = _day(Cell(agents=20, rate=0.25), LookAhead(Cell(agents=20, rate=0.25)))
    assert day.occupancy == pytest.approx(0.878, abs=0.02)
    assert day.worst > 0.03


def test_the_same_seed_is_the_same_day() -> None:
    cell = Cell(agents=5, rate=0.4, long_tails=True)
    one, other = _day(cell, Ours()), _day(cell, Ours())
    assert (one.dials, one.book, one.occupancy) == (other.dials, other.book, other.occupancy)


@pytest.mark.parametrize(
    "cell", [Cell(agents=10, rate=0.25), Cell(agents=10, rate=0.25, halved_at_noon=True)], ids=["plain", "noon"]
)
def test_ours_is_busier_than_progressive_and_never_above_the_cap(cell: Cell) -> None:
    ours, plain = _day(cell, Ours()), _day(cell, Progressive())
    assert ours.worst <= 0.03
    assert ours.occupancy > 1.1 * plain.occupancy


def test_every_goal_has_its_figure_and_every_cell_its_row() -> None:
    days = {cell: [one_day(cell, seed) for seed in (1, 2)] for cell in CELLS if cell.agents == 5}
    assert goals(days).keys() <= dict(figures(days)).keys()
    assert all(len(line(cell, of_cell)) <= 80 for cell, of_cell in days.items())


@pytest.mark.long
def test_the_goals_hold_on_a_reduced_run() -> None:
    days = {cell: [one_day(cell, seed) for seed in range(50, 52)] for cell in CELLS if cell.agents == 10}
    found = dict(figures(days))
    assert found["worst_moment_abandon_rate"] <= 0.03
    for cell in days:
        assert found[f"over_progressive_{cell.key}"] > 1
    for cell in days:
        if cell.rate >= 0.25 and not cell.halved_at_noon and not cell.long_tails:
            assert found[f"over_look_ahead_{cell.key}"] >= 0.93
