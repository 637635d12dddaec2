"""Every cell of the model under every pacer, on the same seeds, and what comes of it.

Also a second day whose book goes on from the first: what the hard cap costs is mostly the start of each day.
"""

import asyncio
import math
import multiprocessing
import os
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Final

from cti.bench.dialer.model import Cell, Day, Pacer
from cti.bench.dialer.pacers import Capped, LookAhead, Ours, Progressive
from cti.bench.result import Goal, Result

AGENTS: Final = (5, 10, 20, 50, 100)
RATES: Final = (0.10, 0.25, 0.40)
SEEDS: Final = 10
CELLS: Final = (
    *(Cell(agents=agents, rate=rate) for agents in AGENTS for rate in RATES),
    *(Cell(agents=agents, rate=0.25, halved_at_noon=True) for agents in AGENTS),
    *(Cell(agents=agents, rate=0.25, long_tails=True) for agents in AGENTS),
)
CAP: Final = 0.03
STUDENT: Final = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26)
"""Student's t for a two-sided 95 % interval with 1 to 9 degrees of freedom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Of one day under one pacer."""

    occupancy: float
    rate: float
    """Abandoned of live answers at the end."""
    worst: float
    """The same at its worst moment."""
    dials: int
    decision_us: float = 0.0


Outcomes = Mapping[str, Outcome]
"""By pacer."""


def one_day(cell: Cell, seed: int) -> Outcomes:
    """One seed under every pacer."""
    ours = Ours()
    first = Day(cell, seed=seed)
    outcomes = {
        "ours": _run(first, ours),
        "progressive": _run(Day(cell, seed=seed), Progressive()),
        "look_ahead": _run(Day(cell, seed=seed), LookAhead(cell)),
        "capped": _run(Day(cell, seed=seed), Capped(cell)),
    }
    if cell.rate == min(RATES):
        outcomes["second_day"] = _run(Day(cell, seed=seed + 1_000, book=first.book), ours)
    return outcomes


def _run(day: Day, pacer: Pacer) -> Outcome:
    day.run(pacer)
    spent_us = pacer.spent_ns / pacer.decisions / 1_000 if isinstance(pacer, Ours) else 0.0
    return Outcome(occupancy=day.occupancy, rate=day.rate, worst=day.worst, dials=day.dials, decision_us=spent_us)


def mean(days: Sequence[Outcomes], pacer: str) -> float:
    """Occupancy of one pacer."""
    return statistics.fmean(day[pacer].occupancy for day in days)


def margin(days: Sequence[Outcomes], pacer: str) -> float:
    """Half of the 95 % interval of that mean; two seeds or more, up to ten."""
    deviation: float = statistics.stdev(day[pacer].occupancy for day in days)
    return STUDENT[len(days) - 2] * deviation / math.sqrt(len(days))


async def measure(say: Callable[[str], None]) -> Result:
    """Every cell on ten seeds, on all processors; minutes."""
    return await asyncio.to_thread(_measure, say)


def _measure(say: Callable[[str], None]) -> Result:
    days: dict[Cell, list[Outcomes]] = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context, initializer=os.nice, initargs=(10,)) as pool:
        asked = {cell: [pool.submit(one_day, cell, seed) for seed in range(SEEDS)] for cell in CELLS}
        say(HEAD)
        for cell, running in asked.items():
            days[cell] = [future.result() for future in running]
            say(line(cell, days[cell]))
    lines = (HEAD, *(line(cell, of_cell) for cell, of_cell in days.items()))
    return Result(name="dialer", figures=dict(figures(days)), goals=goals(days), notes=(*NOTES, *lines))


NOTES: Final = (
    f"Means of {SEEDS} seeds, the same for all; ours learns the answer rate, the look-ahead is given it.",
    "worst_moment_abandon_rate: of ours, A/L after every answer of every day; each day begins with an empty book.",
    "capped: the look-ahead, given the truth, under the same hard cap: what the cap costs by itself.",
    "2nd day (p = .10): ours when the book goes on from the day before, as in a longer window.",
    "Rows: occupancy in % ± half of its 95 % interval; abandoned % of live answers at the end/at the worst moment.",
)
PACERS: Final = {
    "ours": ("ours", 20),
    "progressive": ("progr.", 10),
    "look_ahead": ("look-ahead", 20),
    "capped": ("capped", 10),
    "second_day": ("2nd day", 10),
}
"""Of each its head and its column's width: narrow ones tell no abandons."""
HEAD: Final = f"{'':9}" + "".join(f"{head:>{width}}" for head, width in PACERS.values())


def line(cell: Cell, days: Sequence[Outcomes]) -> str:
    """One cell for a reader."""
    told = (f"{_told(days, pacer):>{width}}" for pacer, (_, width) in PACERS.items() if pacer in days[0])
    return f"{cell.key.replace('_', ' '):9}" + "".join(told)


def _told(days: Sequence[Outcomes], pacer: str) -> str:
    occupancy = f"{100 * mean(days, pacer):.1f}±{100 * margin(days, pacer):.1f}"
    if PACERS[pacer][1] < 20:
        return occupancy
    rate = statistics.fmean(day[pacer].rate for day in days)
    return f"{occupancy} {100 * rate:.2f}/{100 * max(day[pacer].worst for day in days):.2f}"


def figures(days: Mapping[Cell, Sequence[Outcomes]]) -> Iterator[tuple[str, float]]:
    """The contract's figures: shares of 1, and ratios."""
    ours = [day["ours"] for of_cell in days.values() for day in of_cell]
    yield "worst_moment_abandon_rate", round(max(day.worst for day in ours), 5)
    plain = [day["look_ahead"].worst for of_cell in days.values() for day in of_cell]
    yield "look_ahead_worst_moment_abandon_rate", round(max(plain), 5)
    most = max(cell.agents for cell in days)
    slowest = [day["ours"].decision_us for cell, of_cell in days.items() if cell.agents == most for day in of_cell]
    yield f"decision_us_{most}", round(statistics.fmean(slowest), 1)
    for cell, of_cell in days.items():
        occupancy = mean(of_cell, "ours")
        yield f"occupancy_{cell.key}", round(occupancy, 4)
        for pacer in ("progressive", "look_ahead", "capped"):
            yield f"over_{pacer}_{cell.key}", round(occupancy / mean(of_cell, pacer), 3)
        if "second_day" in of_cell[0]:
            second = mean(of_cell, "second_day") / mean(of_cell, "look_ahead")
            yield f"second_day_over_look_ahead_{cell.key}", round(second, 3)


def goals(cells: Mapping[Cell, object]) -> Mapping[str, Goal]:
    """What is wanted of which figure."""
    wanted: dict[str, Goal] = {"worst_moment_abandon_rate": ("<=", CAP)}
    for cell in cells:
        if not cell.halved_at_noon and not cell.long_tails:
            share = 0.85 if cell.rate < 0.25 else 0.95 if cell.agents >= 20 else 0.93
            wanted[f"over_look_ahead_{cell.key}"] = (">=", share)
        wanted[f"over_progressive_{cell.key}"] = (">=", 1.0)
    return wanted
