"""The gate: what it measures, whom it turns away, what the entry is told."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from cti.clock import SystemClock
from cti.domain.acd import Acd
from cti.domain.overload import Bounds, Level
from cti.engine import gate as gates
from cti.engine.gate import Gate
from cti.engine.loop import Loop
from cti.errors import AsteriskDown, Busy
from cti.ports import Refusing
from cti.variables import Refused
from tests.engine.test_loop import OPEN
from tests.engine.world import MemoryJournal, arrival
from tests.running import soon

BOUNDS = Bounds(loop=60_000, mailbox=60_000, journal=60_000, switch=400, after_ms=50, calm_ms=50)


class Entry:
    """`ports.Entrance` in memory; `slow_s` is how long the switch takes to answer."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.counted = dict.fromkeys(Refused, 0)
        self.slow_s = 0.0
        self.is_down = False

    @property
    def refused(self) -> dict[Refused, int]:
        return dict(self.counted)

    async def shut(self, until_s: int) -> None:
        if self.is_down:
            raise AsteriskDown("There is no connection to Asterisk.")
        self.told.append(until_s)

    async def ping(self) -> None:
        if self.is_down:
            raise AsteriskDown("There is no connection to Asterisk.")
        await asyncio.sleep(self.slow_s)


class World:
    """A gate at work."""

    def __init__(self) -> None:
        self.entry = Entry()
        self.journal = MemoryJournal()
        self.loop = Loop(acd=Acd(), clock=SystemClock(), journal=self.journal, decided=lambda *_: None)
        self.told: list[Refusing | None] = []
        self.gate = Gate(
            loop=self.loop,
            journal=self.journal,
            entrances=(self.entry,),
            bounds=lambda: BOUNDS,
            told=self.told.append,
            now=lambda: 1000,
        )

    async def until(self, true: Callable[[], object], what: str) -> None:
        await soon(true, what=what)


@asynccontextmanager
async def at_work(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    for name, value in {"EVERY_S": 0.02, "TICK_S": 0.01, "LINGER_S": 0.2}.items():
        monkeypatch.setattr(gates, name, value)
    world = World()
    running = asyncio.create_task(world.gate.run())
    try:
        yield world
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_switch_that_answers_late_shuts_the_entry_and_it_opens_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_work(monkeypatch) as world:
        await world.until(lambda: world.entry.told == [0], "what an engine before us said is taken back")
        world.entry.slow_s = 1.0
        await world.until(lambda: len(world.entry.told) > 1, "shut")
        assert time.time() < world.entry.told[1] <= time.time() + gates.SHUT_FOR_S
        await world.until(lambda: world.told, "said to people")
        assert world.told == [Refusing(since_ms=1000, reason="switch")]
        world.entry.slow_s = 0.0
        await world.until(lambda: world.entry.told[-1] == 0, "open")
        await world.until(lambda: world.told[-1] is None, "and said")


async def test_before_calls_are_refused_what_can_wait_is_asked_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_work(monkeypatch) as world:
        await world.loop.ask(OPEN)
        world.entry.slow_s = 1.0
        await world.until(lambda: world.gate.judgement.level is not Level.CALM, "strained")
        with pytest.raises(Busy) as refused:
            await world.loop.ask(arrival("n1-1", 1), urgent=False)
        assert refused.value.retry_after_s > 0
        await world.loop.ask(arrival("n1-2", 1))
        world.entry.slow_s = 0.0
        await world.until(lambda: world.gate.judgement.level is Level.CALM, "calm")
        await world.loop.ask(arrival("n1-3", 1), urgent=False)


async def test_an_entry_that_did_not_hear_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_work(monkeypatch) as world:
        await world.until(lambda: world.entry.told == [0], "open")
        world.entry.slow_s = 1.0
        await world.until(lambda: len(world.entry.told) == 2, "shut")
        world.entry.slow_s = 0.0
        world.entry.is_down = True
        await world.until(lambda: world.gate.judgement.level is Level.CALM, "calm: what is away is not slow")
        world.entry.is_down = False
        await world.until(lambda: world.entry.told[-1] == 0, "open at last")


async def test_whom_the_dialplan_refused_is_told_and_a_while_later_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_work(monkeypatch) as world:
        await world.until(lambda: world.gate._seen is not None, "at work")
        world.entry.counted[Refused.RATE] += 3
        await world.until(lambda: world.told, "said")
        assert world.told[0] == Refusing(since_ms=1000, reason="rate")
        assert world.gate.refused() == {"lines": 0, "rate": 3, "overload": 0}
        await world.until(lambda: world.told[-1] is None, "nobody has been refused since")
        assert world.entry.told == [0], "the engine is not overloaded"


async def test_a_disk_that_refuses_to_write_is_no_reason_to_refuse_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_work(monkeypatch) as world:
        world.journal.failing = True
        await world.until(lambda: world.gate._seen is not None, "at work")
        world.entry.counted[Refused.LINES] += 1
        await world.until(lambda: world.told, "it measures on")
        assert world.gate.judgement.level is Level.CALM
