"""The switch is told who is at work on what it cannot see, and of nobody else."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from cti.asterisk import occupation
from cti.asterisk.occupation import Occupation
from cti.domain.acd import Decision
from cti.domain.events import Event
from cti.domain.ids import Medium
from cti.testing import Scenario
from tests.running import soon

ANN = "Stasis:agent-ann"


class Told(Scenario):
    """A day of which the switch is told."""

    def __init__(self, told: Occupation) -> None:
        self.told = told
        super().__init__()
        self.queue("support")

    def _handle(self, event: Event) -> Decision:
        decision = super()._handle(event)
        self.told.note(decision.facts, self.state)
        return decision


class States:
    """What ARI's device states are, without the wire."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}

    async def list(self) -> dict[str, str]:
        return dict(self.said)

    async def update(self, deviceName: str, deviceState: str) -> None:  # noqa: N803 - ARI's own names
        self.said[deviceName] = deviceState


@pytest.fixture
async def states() -> States:
    return States()


@pytest.fixture
async def day(states: States, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Told]:
    monkeypatch.setattr(occupation, "GATHER_S", 0.0)
    told = Occupation(states, extension=str)  # type: ignore[arg-type]  # what it asks of ARI, and no more
    task = asyncio.create_task(told.run())
    day = Told(told)
    told.start(day.state)
    yield day
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def shown(states: States, state: str) -> None:
    await soon(lambda: states.said.get(ANN, "NOT_INUSE") == state, what=f"he is {state}")


async def test_a_letter_makes_its_agent_busy_until_it_is_coded(day: Told, states: States) -> None:
    day.agent("ann")
    day.task("m1", medium=Medium.EMAIL)
    day.accepts("ann")
    await shown(states, "INUSE")
    day.hangs_up("ann")
    await shown(states, "INUSE")
    day.wraps_up("ann")
    await shown(states, "NOT_INUSE")


async def test_a_talk_shows_by_its_phone_and_what_is_written_after_it_by_the_state(day: Told, states: States) -> None:
    day.agent("ann")
    day.call("c1")
    day.pop_shown("ann")
    day.picks_up("ann")
    day.holds("ann")
    day.resumes("ann")
    await day.told._tell()
    assert states.said.get(ANN, "NOT_INUSE") == "NOT_INUSE"
    day.caller_hangs_up("c1")
    await shown(states, "INUSE")
    day.wraps_up("ann")
    await shown(states, "NOT_INUSE")


async def test_a_switch_that_says_otherwise_is_corrected_at_the_next_connection(day: Told, states: States) -> None:
    states.said = {ANN: "INUSE", "Stasis:other": "INUSE"}
    day.agent("ann")
    day.told.reconnected()
    await shown(states, "NOT_INUSE")
    assert states.said["Stasis:other"] == "INUSE", "what is not ours is left alone"


async def test_an_engine_that_starts_again_frees_nobody_who_is_still_at_work(day: Told, states: States) -> None:
    day.agent("ann")
    day.task("m1", medium=Medium.EMAIL)
    day.accepts("ann")
    await shown(states, "INUSE")
    again = Occupation(states, extension=str)  # type: ignore[arg-type]  # what it asks of ARI, and no more
    again.reconnected()
    task = asyncio.create_task(again.run())
    again.start(day.state)
    day.told = again
    day.hangs_up("ann")
    await again._tell()
    assert states.said[ANN] == "INUSE"
    day.wraps_up("ann")
    await shown(states, "NOT_INUSE")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_at_an_orderly_end_everybody_is_free(day: Told, states: States) -> None:
    day.agent("ann")
    day.task("m1", medium=Medium.EMAIL)
    day.accepts("ann")
    await shown(states, "INUSE")
    await day.told.free_all()
    assert states.said[ANN] == "NOT_INUSE"
