import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import cast

from cti.domain.events import Event, SwitchReturned
from cti.domain.ids import LegId
from cti.engine.node import Floor, Watch
from cti.engine.people import Lines
from cti.ports import Listing, Switch, SwitchConnected, SwitchEvent
from tests.engine.world import NODE, Centre


class BrokenList:
    """A node that connects, and whose list makes the engine stumble."""

    node = NODE

    async def events(self) -> AsyncIterator[SwitchEvent]:
        yield SwitchConnected(node=NODE)
        await asyncio.Event().wait()

    async def left_alone(self, legs: Iterable[LegId]) -> frozenset[LegId]:
        return frozenset()

    async def list_legs(self) -> Listing:
        raise ValueError("not what was agreed")


class Told:
    """What the watch tells its engine."""

    ended_legs: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.state = Centre().acd.state
        self.posted: asyncio.Queue[Event] = asyncio.Queue()

    def now(self) -> int:
        return 0

    def post(self, event: Event) -> None:
        self.posted.put_nowait(event)

    def connection_changed(self) -> None:
        """Nobody asks."""


async def test_a_node_that_cannot_be_compared_is_served_all_the_same() -> None:
    told = Told()
    watch = Watch(cast(Switch, BrokenList()), floor=cast(Floor, told), lines=Lines(), phones=tuple)
    listening = asyncio.create_task(watch.listen())
    async with asyncio.timeout(5):
        assert await told.posted.get() == SwitchReturned(node=NODE)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
