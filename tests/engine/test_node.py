"""A watch over one node: what it does with lists that come, that do not come, and that lack somebody."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Set
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import cast

import pytest

from cti.domain.commands import SwitchCommand
from cti.domain.events import Event, LegEnded, RingFailed, SwitchLost, SwitchReturned
from cti.domain.ids import LegCause, LegId
from cti.domain.state import State
from cti.engine import node
from cti.engine.node import Floor, Watch
from cti.engine.staff import Lines
from cti.errors import AsteriskDown, AsteriskSilent
from cti.ports import CallerEntered, ListedLeg, Listing, Switch, SwitchConnected, SwitchEvent
from tests.engine.world import NODE, Centre, caller

PATIENCE_S = 5


class Lists:
    """A node that connects, says no more, and is asked for lists; `give` makes or refuses the next one."""

    node = NODE

    def __init__(self, give: Callable[[int], Listing]) -> None:
        self._give = give
        self.asked = 0
        self.news = asyncio.Event()

    async def events(self) -> AsyncIterator[SwitchEvent]:
        yield SwitchConnected(node=NODE)
        await asyncio.Event().wait()

    async def left_alone(self, legs: Iterable[LegId]) -> frozenset[LegId]:
        return frozenset()

    async def reclaim(self) -> int:
        return 0

    async def list_legs(self) -> Listing:
        self.asked += 1
        self.news.set()
        return self._give(self.asked)

    async def until_asked(self, times: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.asked < times:
                self.news.clear()
                await self.news.wait()


class Told:
    """What the watch tells its engine. A second passes whenever it asks for the time."""

    ended_legs: frozenset[str] = frozenset()

    def __init__(self, state: State) -> None:
        self.state = state
        self.posted: asyncio.Queue[Event] = asyncio.Queue()
        self.sent: list[SwitchCommand] = []
        self.cut: set[LegId] = set()
        self._time: Iterator[int] = count(0, 1_000)

    def now(self) -> int:
        return next(self._time)

    def post(self, event: Event) -> None:
        self.posted.put_nowait(event)

    def enter(self, caller: CallerEntered) -> None:
        """Known already."""

    def send(self, commands: Iterable[SwitchCommand]) -> None:
        self.sent += commands

    def awaited_legs(self) -> frozenset[LegId]:
        return self.awaited

    awaited: frozenset[LegId] = frozenset()
    recovered_ms = 0
    is_ahead_ms = 0

    def ahead_ms(self) -> int:
        return self.is_ahead_ms

    def cut_off(self, legs: Set[LegId]) -> None:
        self.cut |= legs

    def farewell(self, leg_id: LegId) -> None:
        """Nobody was sent away."""

    def listed(self, listing: Listing) -> None:
        """Nothing is learnt."""

    def connection_changed(self) -> None:
        """Nobody asks."""


@asynccontextmanager
async def watched(lists: Lists, told: Told) -> AsyncIterator[None]:
    watch = Watch(cast(Switch, lists), floor=cast(Floor, told), lines=Lines(), phones=tuple)
    tasks = [asyncio.create_task(work) for work in (watch.listen(), watch.compare_for_ever())]
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def listing(*legs: ListedLeg) -> Listing:
    return Listing(node=NODE, legs=legs, bridges=(), other_channels=frozenset())


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute and a second are a moment."""
    monkeypatch.setattr(node, "COMPARE_EVERY_S", 0.01)
    monkeypatch.setattr(node, "SECOND_LIST_S", 0.001)


async def test_a_node_that_cannot_be_compared_is_served_all_the_same() -> None:
    def broken(_: int) -> Listing:
        raise ValueError("not what was agreed")

    told = Told(Centre().acd.state)
    async with watched(Lists(broken), told):
        assert await told.posted.get() == SwitchReturned(node=NODE)


@pytest.mark.lesson(11)
@pytest.mark.parametrize("error", [AsteriskSilent, AsteriskDown])
async def test_lists_that_could_not_be_had_end_nobody(hasty: None, error: type[AsteriskSilent | AsteriskDown]) -> None:
    def refuse(_: int) -> Listing:
        raise error("no list")

    centre = Centre(agents=1)
    centre.answer(centre.call("n1-1"))
    centre.call("n1-2")
    told, lists = Told(centre.acd.state), Lists(refuse)
    async with watched(lists, told):
        await lists.until_asked(6)
    assert told.posted.get_nowait() == SwitchReturned(node=NODE)
    assert told.posted.empty()
    assert told.sent == []


@pytest.mark.lesson(5)
async def test_whoever_left_without_a_word_is_missed_at_a_later_look(hasty: None) -> None:
    centre = Centre(agents=1)
    agent_leg = centre.answer(centre.call("n1-1"))
    [assignment] = centre.acd.state.assignments
    both = listing(
        ListedLeg(leg_id=LegId("n1-1"), answered=True, caller=caller("n1-1"), assignment_id=None),
        ListedLeg(leg_id=agent_leg, answered=True, caller=None, assignment_id=assignment),
    )
    told = Told(centre.acd.state)
    async with watched(Lists(lambda asked: both if asked <= 3 else listing()), told):
        assert await told.posted.get() == SwitchReturned(node=NODE)
        for leg in (LegId("n1-1"), agent_leg):
            assert await told.posted.get() == LegEnded(leg_id=leg, cause=LegCause.LOST)


@pytest.mark.lesson(5)
async def test_a_leg_that_the_node_has_not_answered_about_is_not_missed(hasty: None) -> None:
    centre = Centre(agents=1)
    agent_leg = centre.answer(centre.call("n1-1"))
    here = ListedLeg(leg_id=LegId("n1-1"), answered=True, caller=caller("n1-1"), assignment_id=None)
    told, lists = Told(centre.acd.state), Lists(lambda _: listing(here))
    told.awaited = frozenset({agent_leg})
    async with watched(lists, told):
        await lists.until_asked(6)
        assert told.posted.get_nowait() == SwitchReturned(node=NODE)
        assert told.posted.empty()
        told.awaited = frozenset()
        assert await told.posted.get() == LegEnded(leg_id=agent_leg, cause=LegCause.LOST)


@pytest.mark.lesson(5)
async def test_nobody_is_rung_again_for_one_who_left_while_the_node_was_away(hasty: None) -> None:
    centre = Centre(agents=1)
    centre.call("n1-1")
    told = Told(centre.acd.state)
    async with watched(Lists(lambda _: listing()), told):
        assert await told.posted.get() == LegEnded(leg_id=LegId("n1-1"), cause=LegCause.LOST)
        assert await told.posted.get() == SwitchReturned(node=NODE)
        later = [await told.posted.get(), await told.posted.get()]
    assert RingFailed in {type(event) for event in later}
    assert told.sent == []


@pytest.mark.lesson(5)
async def test_who_hung_up_while_nobody_listened_has_gone_before_anybody_is_offered() -> None:
    centre = Centre(agents=0)
    centre.call("n1-1")
    centre.call("n1-2")
    here = ListedLeg(leg_id=LegId("n1-2"), answered=True, caller=caller("n1-2"), assignment_id=None)
    told = Told(centre.acd.state)
    async with watched(Lists(lambda _: listing(here)), told):
        assert await told.posted.get() == LegEnded(leg_id=LegId("n1-1"), cause=LegCause.LOST)
        assert await told.posted.get() == SwitchReturned(node=NODE)


@pytest.mark.parametrize(("recovered_ms", "lost"), [(500, True), (1_500, False), (0, False)])
async def test_a_node_that_began_anew_while_no_engine_was_there_was_lost(recovered_ms: int, lost: bool) -> None:
    told = Told(Centre().acd.state)
    told.recovered_ms = recovered_ms
    async with watched(Lists(lambda _: replace(listing(), started_ms=1_000)), told):
        first = await told.posted.get()
    assert first == (SwitchLost(node=NODE) if lost else SwitchReturned(node=NODE))


async def test_customers_older_than_the_nodes_process_are_cut_off_before_anybody_is_offered() -> None:
    centre = Centre(agents=0)
    centre.call("n1-1")
    told = Told(centre.acd.state)
    async with watched(Lists(lambda _: replace(listing(), started_ms=centre.now + 1)), told):
        assert await told.posted.get() == SwitchReturned(node=NODE)
        assert told.cut == {"n1-1"}


async def test_nobody_is_cut_off_by_a_wall_clock_that_is_set_back_while_the_node_lives(hasty: None) -> None:
    centre = Centre(agents=1)
    began_ms = centre.now - 1_000
    centre.answer(centre.call("n1-1"))
    told = Told(centre.acd.state)

    def set_back_after_the_first(asked: int) -> Listing:
        told.is_ahead_ms = 3_600_000 if asked > 1 else 0
        return replace(listing(), started_ms=began_ms)

    async with watched(Lists(set_back_after_the_first), told):
        assert await told.posted.get() == SwitchReturned(node=NODE)
        assert await told.posted.get() == LegEnded(leg_id=LegId("n1-1"), cause=LegCause.LOST)
    assert not told.cut
