import asyncio

import pytest

from cti.clock import SystemClock
from cti.domain.ids import TimerId
from cti.engine.timers import Timers
from tests.running import PATIENCE_S


class Fired:
    """Collects what fired, and wakes a test that waits for it."""

    def __init__(self) -> None:
        self.ids: list[TimerId] = []
        self._more = asyncio.Event()

    def __call__(self, timer_id: TimerId) -> None:
        self.ids.append(timer_id)
        self._more.set()

    async def wait_for(self, count: int) -> list[TimerId]:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.ids) < count:
                self._more.clear()
                await self._more.wait()
        return self.ids


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


async def test_timers_fire_in_the_order_of_their_deadlines(clock: SystemClock) -> None:
    fired = Fired()
    timers = Timers(now=clock.now, fire=fired)
    start = clock.now()
    timers.start(TimerId("ring:a2"), start + 30)
    timers.start(TimerId("ring:a1"), start + 10)
    assert await fired.wait_for(2) == ["ring:a1", "ring:a2"]
    assert clock.now() >= start + 30


async def test_a_stopped_timer_does_not_fire(clock: SystemClock) -> None:
    fired = Fired()
    timers = Timers(now=clock.now, fire=fired)
    timers.start(TimerId("ring:a1"), clock.now() + 10)
    timers.stop(TimerId("ring:a1"))
    timers.start(TimerId("ring:a2"), clock.now() + 20)
    assert await fired.wait_for(1) == ["ring:a2"]


async def test_the_same_id_again_replaces_the_deadline(clock: SystemClock) -> None:
    fired = Fired()
    timers = Timers(now=clock.now, fire=fired)
    timers.start(TimerId("ring:a1"), clock.now() + 10)
    timers.start(TimerId("ring:a1"), clock.now() + 40)
    timers.start(TimerId("wrap_up:a1"), clock.now() + 20)
    assert await fired.wait_for(2) == ["wrap_up:a1", "ring:a1"]


async def test_nothing_fires_after_close(clock: SystemClock) -> None:
    fired = Fired()
    timers = Timers(now=clock.now, fire=fired)
    timers.start(TimerId("ring:a1"), clock.now() + 5)
    timers.close()
    other = Fired()
    Timers(now=clock.now, fire=other).start(TimerId("ring:a2"), clock.now() + 15)
    await other.wait_for(1)
    assert fired.ids == []
