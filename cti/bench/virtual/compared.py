"""The sides in turns, and what came of it.

A round has, for each database: bare inserts, a burst and whole lives. In a burst more comes at once than the agents
can take: each contact is on disk and decided on by the ACD, who has what and who waits where; the agents take up what
they are offered and are at work on it until the burst is over, since a letter takes longer than that. In whole lives
they need no time at all: each contact is accepted, offered, shown, taken, ended and coded, five events, each of them on
disk before the agent's next act.
"""

import asyncio
import contextlib
import gc
import os
import random
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvloop

from cti.bench.result import Goal, Result, percentile
from cti.bench.virtual.bare import Bare, BarePostgres, BareSqlite, per_s
from cti.bench.virtual.house import House, opened
from cti.bench.virtual.postgres import server
from cti.errors import SetupFailed
from cti.store import codec, journal

URL: Final = "TRIUNE_BENCH_POSTGRESQL"
"""Environment variable: URL of an empty PostgreSQL database to use instead of a server of the benchmark's own."""
ROUNDS: Final = 6
BARE_S: Final = 0.5
BURST: Final = 4_000
"""Contacts that come at once."""
LIVES: Final = 800
AT_ONCE: Final = 256
"""Of them on their way at a time: what four connectors take in (`cti.media.intake.MOST_IN_HAND`)."""
STEADY_S: Final = 8.0
WAITING: Final = (2_000, 10_000)
"""Contacts that wait when the memory is read."""
GOALS: Final[dict[str, Goal]] = {
    "accept_over_single_commit_insert": (">=", 3.0),
    "accept_over_single_commit_insert_postgresql": (">=", 3.0),
    "accept_p99_ms": ("<=", 30.0),
    "bytes_per_waiting": ("<=", 2_048),
}
_ACCEPTED: Final = (
    f"Accepted: Engine.arrive has returned, in bursts of {BURST} contacts, {AT_ONCE} at a time: on disk and decided on "
    "by the ACD; 200 agents take up what they are offered, two each, and have not finished it when the burst is over. "
    "The journal is SQLite (WAL, synchronous=FULL) beside either database."
)
_NOTES: Final = (
    _ACCEPTED,
    "Whole lives: accepted, shown, taken, ended and coded by agents who need no time; five journalled events each.",
    "Ratios are medians of the rounds; in each round every side had its turn. No page is open and no HTTP is spoken.",
    "Bare inserts wait for the disk, the engine for the processor: the slower the disk commits, the larger the ratio.",
    "three_times_from_commit_ms: how long a commit takes on the disk on which the ratio would be 3, all else equal.",
    "accept_p99_ms: Poisson arrivals at half the rate of whole lives, SQLite behind.",
    "bytes_per_waiting: what Python has allocated, particulars and the memory of sources included.",
)
_SWITCH_INTERVAL_S: Final = 0.0002
"""As `cti.app` sets it."""


@dataclass(slots=True, kw_only=True)
class Side:
    """One database: the house on it, its bare alternative, and what was found of both."""

    house: House
    bare: Bare
    row: Callable[[], codec.Row]
    bare_per_s: list[float] = field(default_factory=list)
    accepted_per_s: list[float] = field(default_factory=list)
    lives_per_s: list[float] = field(default_factory=list)

    async def turn(self) -> None:
        """One round."""
        self.bare_per_s.append(per_s(self.bare, self.row, for_s=BARE_S))
        await self._burst()
        await self._lives()

    async def _burst(self) -> None:
        floor = self.house.floor
        floor.finishing.clear()
        self.accepted_per_s.append(BURST / await self.house.accept_many(BURST, at_once=AT_ONCE))
        floor.finishing.set()
        await floor.until_closed(self.house.accepted)
        await self.house.settled()

    async def _lives(self) -> None:
        begun = time.perf_counter()
        await self.house.accept_many(LIVES, at_once=AT_ONCE)
        await self.house.floor.until_closed(self.house.accepted)
        self.lives_per_s.append(LIVES / (time.perf_counter() - begun))
        await self.house.settled()

    def over(self, found: list[float]) -> float:
        """By what factor the house did better than the bare inserts of the same round."""
        return round(statistics.median(ours / bare for ours, bare in zip(found, self.bare_per_s, strict=True)), 2)


async def measure(say: Callable[[str], None]) -> Result:
    """All sides in turns; takes about two minutes. Raises OutsideError when the disk refuses."""
    return await asyncio.to_thread(lambda: uvloop.run(_measure(say)))


async def _measure(say: Callable[[str], None]) -> Result:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    try:
        say("memory")
        bytes_per_waiting = await _memory()
        async with AsyncExitStack() as stack:
            sides, missing = await _sides(stack, say)
            for number in range(ROUNDS):
                say(f"round {number + 1} of {ROUNDS}")
                for side in sides:
                    await side.turn()
            say("steady load")
            waits_ms = await _steady(sides[0])
            return result(sides, missing, waits_ms=waits_ms, bytes_per_waiting=bytes_per_waiting)
    finally:
        sys.setswitchinterval(before)


async def _sides(stack: AsyncExitStack, say: Callable[[str], None]) -> tuple[list[Side], str]:
    """SQLite's first, and PostgreSQL's; or why that is missing."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="triune-")))
    first = await stack.enter_async_context(_side(folder / "sqlite", f"sqlite:///{folder}/sqlite/triune.sqlite"))
    try:
        say("starting PostgreSQL")
        url = os.environ.get(URL) or stack.enter_context(server())
    except SetupFailed as error:
        return [first], f"PostgreSQL was not measured: {error}"
    return [first, await stack.enter_async_context(_side(folder / "postgresql", url))], ""


@contextlib.asynccontextmanager
async def _side(folder: Path, url: str) -> AsyncIterator[Side]:
    await asyncio.to_thread(folder.mkdir)
    async with opened(folder, url) as house:
        await house.accept_many(BURST // 4, at_once=AT_ONCE)
        await house.floor.until_closed(house.accepted)
        await house.settled()
        bare: Bare = BareSqlite(folder / "bare.sqlite") if url.startswith("sqlite") else BarePostgres(url)
        with contextlib.closing(bare):
            yield Side(house=house, bare=bare, row=_rows(folder / "journal.sqlite").__next__)


def _rows(path: Path) -> Iterator[codec.Row]:
    """The journal's row of a contact's arrival, over and over, each time with another number."""
    arrivals = (entry for entry in journal.everything(path) if type(entry.event).__name__ == "ContactArrived")
    row = codec.encode(next(arrivals))
    number = 0
    while True:
        number += 1
        yield (number, *row[1:])


async def _steady(side: Side) -> list[float]:
    """Of each acceptance, how many milliseconds it took at half of what can be served."""
    house, dice = side.house, random.Random(11)
    rate = statistics.median(side.lives_per_s) / 2
    house.spent_ms.clear()
    async with asyncio.timeout(4 * STEADY_S), asyncio.TaskGroup() as group:
        begun = time.perf_counter()
        due_s = 0.0
        while due_s < STEADY_S:
            due_s += dice.expovariate(rate)
            if (left_s := begun + due_s - time.perf_counter()) > 0:
                await asyncio.sleep(left_s)
            group.create_task(house.accept())
    await house.floor.until_closed(house.accepted)
    await house.settled()
    return house.spent_ms


async def _memory() -> float:
    """Bytes of one more contact that waits, with nobody there to take it."""
    with tempfile.TemporaryDirectory(prefix="triune-") as name:
        async with opened(Path(name), f"sqlite:///{name}/triune.sqlite", staffed=False) as house:
            tracemalloc.start()
            try:
                few, many = [await _allocated(house, waiting) for waiting in WAITING]
            finally:
                tracemalloc.stop()
    return (many - few) / (WAITING[1] - WAITING[0])


async def _allocated(house: House, waiting: int) -> int:
    await house.accept_many(waiting - house.accepted, at_once=AT_ONCE)
    await house.settled()
    house.spent_ms.clear()
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def result(sides: list[Side], missing: str, *, waits_ms: list[float], bytes_per_waiting: float) -> Result:
    """All figures and their goals; `missing` is why PostgreSQL's are not there."""
    figures: dict[str, float] = {}
    for side, suffix in zip(sides, ("", "_postgresql"), strict=False):
        figures[f"accept_over_single_commit_insert{suffix}"] = side.over(side.accepted_per_s)
        figures[f"whole_life_over_single_commit_insert{suffix}"] = side.over(side.lives_per_s)
        figures[f"accepted_per_s{suffix}"] = round(statistics.median(side.accepted_per_s))
        figures[f"whole_lives_per_s{suffix}"] = round(statistics.median(side.lives_per_s))
        figures[f"single_commit_inserts_per_s{suffix}"] = round(statistics.median(side.bare_per_s))
        figures[f"single_commit_ms{suffix}"] = round(1000 / statistics.median(side.bare_per_s), 2)
        figures[f"three_times_from_commit_ms{suffix}"] = round(3000 / statistics.median(side.accepted_per_s), 2)
    figures["accept_p50_ms"] = round(percentile(waits_ms, 50), 2)
    figures["accept_p99_ms"] = round(percentile(waits_ms, 99), 2)
    figures["offered_per_s"] = round(len(waits_ms) / STEADY_S)
    figures["bytes_per_waiting"] = round(bytes_per_waiting)
    return Result(name="virtual", figures=figures, goals=GOALS, notes=(*_NOTES, *filter(None, (missing,))))
