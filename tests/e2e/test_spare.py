"""The engine is killed again and again: its spare routes at once, nothing is cut, and another spare stands by."""

import asyncio
import time

import pytest

from cti.demo.carrier import Step
from tests.e2e.floor import floor, hire
from tests.running import PATIENCE_S, RunningCentre, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(600)]

TIMES = 3
AGENTS = [str(number) for number in range(261, 264)]
WAITING = 4


async def spare_stands_by(centre: RunningCentre, *, after: int = 0) -> int:
    """Its pid, once there is one that follows the leader; another than `after`."""
    await soon(lambda: centre.endpoints().pids.spare not in (None, after), what="a spare stands by")
    spare = centre.endpoints().pids.spare
    assert spare is not None
    return spare


@pytest.mark.lesson(9)
async def test_the_spare_routes_when_the_engine_is_killed_three_times_in_a_row(centre: RunningCentre) -> None:
    staff = await hire(centre, AGENTS)
    async with floor(centre, staff) as made:
        talking = [await made.call(f"+7916557{number:04d}") for number in range(len(AGENTS))]
        await soon(lambda: len(made.phones(Step.HEARD)) == len(AGENTS), what="everybody talks")
        waiting = [await made.call(f"+7916558{number:04d}") for number in range(WAITING)]
        await asyncio.gather(*(asyncio.wait_for(call.answered.wait(), PATIENCE_S) for call in waiting))
        for time_ in range(TIMES):
            spare = await spare_stands_by(centre)
            killed = centre.kill("engine")
            died = time.monotonic()
            await made.hang_up([talking[time_]])
            expected = len(AGENTS) + time_ + 1
            await soon(lambda: len(made.phones(Step.HEARD)) == expected, what="the next is routed")  # noqa: B023 - awaited in the same round
            print(f"routed again {time.monotonic() - died:.2f} s after the kill")
            await soon(lambda: centre.is_back("engine", after=killed), what="it is told who serves")  # noqa: B023 - awaited in the same round
            assert centre.pid("engine") == spare
            assert centre.status()["parts"]["engine"]["pid"] == spare
        await spare_stands_by(centre, after=centre.pid("engine"))
        assert len(made.callers(Step.ENDED)) == TIMES, "nobody else was cut"
        assert "another engine leads; this one is its spare" in centre.log("engine")
        labels = {call.order.label for call in waiting}
        await soon(lambda: len(labels & set(made.callers(Step.HEARD))) == TIMES, what="they hear their agents, too")
        await made.hang_up([*waiting])
        await made.agents.desks.ready(limit_s=PATIENCE_S)


async def test_a_frozen_engine_is_killed_and_its_spare_takes_over(centre: RunningCentre) -> None:
    staff = await hire(centre, AGENTS[:1])
    async with floor(centre, staff) as made:
        talk = await made.call("+79165590001")
        await soon(lambda: made.phones(Step.HEARD), what="a talk")
        waits = await made.call("+79165590002")
        await soon(waits.answered.is_set, what="another hears music")
        spare = await spare_stands_by(centre)
        frozen = centre.freeze("engine")
        await soon(lambda: centre.is_back("engine", after=frozen), what="the spare serves")
        assert centre.pid("engine") == spare
        assert made.callers(Step.ENDED) == made.phones(Step.ENDED) == []
        await made.hang_up([talk])
        await soon(lambda: waits.order.label in made.callers(Step.HEARD), what="who waited talks")
        await made.hang_up([waits])
