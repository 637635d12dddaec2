"""An `Engine` on ports in memory: callbacks asked for, callers lost, and whose particulars a task has."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest
from msgspec import structs

from cti.domain.acd import Decision
from cti.domain.commands import PromiseCallback, SwitchCommand
from cti.domain.events import (
    CallbackRequested,
    CallbackRule,
    ContactArrived,
    Event,
    LegEnded,
    QueueOpened,
    Step,
    TimerFired,
)
from cti.domain.facts import CallbackAccepted, CallbackPostponed, ContactClosed, ContactQueued
from cti.domain.ids import (
    SYSTEM_DUPLICATE,
    ContactId,
    LegCause,
    LegId,
    Medium,
    Milliseconds,
    NodeId,
    ProjectId,
    QueueId,
)
from cti.domain.queue import MOST_POINTS
from cti.engine import people, recall
from cti.engine.engine import Engine
from cti.engine.in_hand import InHand
from cti.engine.lost import LostCallers
from cti.errors import DatabaseDown, NotFound, RuleError
from cti.ports import (
    Arrival,
    CallerEntered,
    CallerLost,
    Entry,
    Listing,
    Particulars,
    Phone,
    SwitchConnected,
    SwitchDisconnected,
    SwitchEvent,
)
from cti.testing import Scenario
from cti.variables import Lost
from tests.engine.world import NODE, PROJECT, QUEUE, START_MS, MemoryJournal, MemoryKeeper, caller
from tests.running import PATIENCE_S, soon

NUMBER = "+79165550001"
RULES = QueueOpened(
    queue_id=QUEUE,
    project_id=PROJECT,
    steps=(Step(after_ms=1, offer_callback=True),),
    callback=CallbackRule(),
    lost_to=QUEUE,
)
WITHOUT_OFFER = QueueOpened(queue_id=QUEUE, project_id=PROJECT, lost_to=QUEUE)
E = TypeVar("E", bound=Event)
WITHOUT_TASKS = structs.replace(RULES, lost_to=None)
SECRET = b"known to this centre only"


class MemorySwitch:
    """A node that does whatever it is told."""

    node: NodeId = NODE

    def __init__(self) -> None:
        self.said: asyncio.Queue[SwitchEvent] = asyncio.Queue()
        self.commands: list[SwitchCommand] = []
        self.started_ms: Milliseconds = 0
        self.before: set[LegId] = set()
        self.here: set[LegId] = set()
        """Callers' legs that it still has, in its dialplan."""

    async def execute(self, command: SwitchCommand) -> None:
        self.commands.append(command)

    async def left_alone(self, legs: Iterable[LegId]) -> frozenset[LegId]:
        return frozenset()

    async def list_legs(self) -> Listing:
        here = frozenset(self.here)
        return Listing(node=NODE, legs=(), bridges=(), other_channels=here, started_ms=self.started_ms)

    def dies(self) -> None:
        """And is there again, without the legs that came `before`."""
        self.started_ms = START_MS + 1
        self.here -= self.before
        self.said.put_nowait(SwitchDisconnected(node=NODE))
        self.said.put_nowait(SwitchConnected(node=NODE))

    async def events(self) -> AsyncIterator[SwitchEvent]:
        yield SwitchConnected(node=NODE)
        while True:
            told = await self.said.get()
            if isinstance(told, CallerEntered):
                self.here.add(told.leg_id)
                self.before.add(told.leg_id)
            yield told

    async def mute(self, leg_id: LegId, *, muted: bool) -> None: ...

    async def send_digits(self, leg_id: LegId, digits: str) -> None: ...

    async def provision(self, phone: Phone) -> None: ...

    async def withdraw(self, phone: Phone) -> None: ...

    def know(self, phones: Iterable[Phone]) -> None: ...

    async def reclaim(self) -> int:
        return 0


@dataclass(slots=True)
class Desks:
    """Pages that only look on; what the engine knows of a contact is asked when they are told of it."""

    known: dict[ContactId, Particulars | None] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    engine: Engine | None = None

    def expect(self, address: str, *, project_id: ProjectId) -> None: ...

    def decided(self, decision: Decision, now: Milliseconds) -> None:
        assert self.engine is not None
        for fact in decision.facts:
            if isinstance(fact, ContactQueued):
                self.known[fact.contact_id] = self.engine.particulars(fact.contact_id)
        self.decisions.append(decision)
        self.news.set()

    def is_connected(self, agent_id: str) -> bool:
        return False

    def switch_changed(self, *, up: bool) -> None: ...


@dataclass(slots=True, kw_only=True)
class World:
    """The engine and what it met."""

    engine: Engine
    switch: MemorySwitch
    desks: Desks
    journal: MemoryJournal

    async def until(self, kind: type[object], count: int = 1) -> object:
        """The count-th fact of this kind."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = [fact for one in self.desks.decisions for fact in one.facts if isinstance(fact, kind)]
                if len(found) >= count:
                    return found[count - 1]
                self.desks.news.clear()
                await self.desks.news.wait()

    async def queued(self, count: int = 1) -> ContactQueued:
        found = await self.until(ContactQueued, count)
        assert isinstance(found, ContactQueued)
        return found

    async def settled(self) -> None:
        """Everything posted so far has been decided."""
        await self.engine.handle(LegEnded(leg_id=LegId("nobody"), cause=LegCause.NORMAL))

    async def offered(self, leg: str, *, count: int, number: str = NUMBER) -> ContactId:
        """A caller waits and has been offered a callback."""
        self.switch.said.put_nowait(caller(leg, number=number))
        queued = await self.queued(count)
        async with asyncio.timeout(PATIENCE_S):
            while not self.engine.state.contacts[queued.contact_id].callback_offered:
                self.desks.news.clear()
                await self.desks.news.wait()
        return queued.contact_id

    def events(self, kind: type[E]) -> list[E]:
        return [entry.event for entry in self.journal.written if isinstance(entry.event, kind)]


@asynccontextmanager
async def running(
    rules: QueueOpened = RULES,
    *,
    journal: MemoryJournal | None = None,
    keeper: MemoryKeeper | None = None,
    callable_back: Callable[[str], bool] = bool,
    here: Iterable[str] = (),
) -> AsyncIterator[World]:
    """`here`: callers' legs that the node has when the engine starts."""
    switch, desks, journal = MemorySwitch(), Desks(), journal or MemoryJournal()
    switch.here.update(map(LegId, here))
    engine = Engine(
        rules=[rules],
        switches={NODE: switch},
        journal=journal,
        desktops=desks,
        keeper=keeper or MemoryKeeper(),
        address_key=people.keyed(SECRET),
        callable_back=callable_back,
    )
    desks.engine = engine
    await engine.start(persons=[], phones=[])
    try:
        yield World(engine=engine, switch=switch, desks=desks, journal=journal)
    finally:
        await engine.stop()


def lost(number: str = NUMBER, *, why: Lost = Lost.LEFT_MENU) -> CallerLost:
    return CallerLost(
        queue_id=QUEUE,
        number=number,
        name="Anna",
        dialled="+78005550100",
        language="ru",
        path="main:2",
        why=why,
        at_ms=1_700_000_000_000,
    )


async def test_a_key_that_was_not_asked_for_is_neither_decided_nor_journalled() -> None:
    async with running(WITHOUT_OFFER) as world:
        world.switch.said.put_nowait(caller("n1-1"))
        await world.queued()
        world.switch.said.put_nowait(CallbackRequested(leg_id=LegId("n1-1")))
        world.switch.said.put_nowait(CallbackRequested(leg_id=LegId("n1-unknown")))
        world.switch.said.put_nowait(lost("+79165550099"))
        await world.queued(2)
        assert not world.events(CallbackRequested)


async def test_a_caller_who_is_offered_a_callback_is_promised_one_and_his_leg_is_no_new_caller() -> None:
    async with running() as world:
        contact_id = await world.offered("n1-1", count=1)
        world.switch.said.put_nowait(CallbackRequested(leg_id=LegId("n1-1")))
        await world.until(CallbackAccepted)
        assert world.engine.state.contacts[contact_id].medium is Medium.CALLBACK
        assert "n1-1" in world.engine.ended_legs
        farewell = world.engine.farewell(LegId("n1-1"))
        assert farewell == PromiseCallback(contact_id=contact_id, leg_id=LegId("n1-1"), node=NODE)


async def test_the_same_number_is_called_back_once() -> None:
    async with running() as world:
        first = await world.offered("n1-1", count=1)
        second = await world.offered("n1-2", count=2)
        for leg in ("n1-1", "n1-2"):
            world.switch.said.put_nowait(CallbackRequested(leg_id=LegId(leg)))
        closed = await world.until(ContactClosed)
        assert isinstance(closed, ContactClosed)
        assert (closed.contact_id, closed.disposition) == (second, SYSTEM_DUPLICATE)
        assert world.engine.state.contacts[first].medium is Medium.CALLBACK


async def test_without_a_number_nobody_is_called_back() -> None:
    async with running() as world:
        contact_id = await world.offered("n1-1", count=1, number="")
        world.switch.said.put_nowait(CallbackRequested(leg_id=LegId("n1-1")))
        world.switch.said.put_nowait(lost("+79165550099"))
        await world.queued(2)
        assert world.engine.state.contacts[contact_id].medium is Medium.VOICE


async def test_a_lost_caller_becomes_a_task_that_says_who_and_why() -> None:
    async with running() as world:
        world.switch.said.put_nowait(lost(why=Lost.LINES_BUSY))
        task = await world.queued()
        known = world.desks.known[task.contact_id]
        assert known is not None
        assert (task.medium, known.medium, known.address) == (Medium.TASK, Medium.TASK, NUMBER)
        assert (known.name, known.dialled, known.language) == ("Anna", "+78005550100", "ru")
        assert known.path == "main:2;lost:lines_busy"
        assert task.address_key == people.keyed(SECRET)(PROJECT, NUMBER)


async def test_who_was_cut_off_in_the_menus_is_called_back_once_and_his_card_says_why() -> None:
    async with running() as world:
        await world.engine.hear_of_lost(lost(why=Lost.CUT_OFF))
        callback = await world.queued()
        await world.engine.hear_of_lost(lost(why=Lost.CUT_OFF))
        await world.settled()
        known = world.desks.known[callback.contact_id]
        assert known is not None
        assert (callback.medium, callback.queue_id, callback.priority) == (Medium.CALLBACK, QUEUE, MOST_POINTS)
        assert (callback.arrived_ms, callback.node) == (lost().at_ms, NODE)
        assert (known.address, known.path) == (NUMBER, "main:2;lost:cut_off")
        assert len(world.engine.state.contacts) == 1


async def test_told_twice_at_once_it_is_one_callback_or_one_task() -> None:
    async with running() as world:
        for why in (Lost.CUT_OFF, Lost.LEFT_MENU):
            number = f"{NUMBER}{why is Lost.CUT_OFF:d}"
            await asyncio.gather(*(world.engine.hear_of_lost(lost(number, why=why)) for _ in range(3)))
        assert sorted(one.medium for one in world.engine.state.contacts.values()) == [Medium.CALLBACK, Medium.TASK]


async def test_a_callback_whose_particulars_died_with_the_engine_before_is_known_again_when_it_is_told_again() -> None:
    journal = MemoryJournal()
    async with running(journal=journal) as world:
        await world.engine.hear_of_lost(lost(why=Lost.CUT_OFF))
    async with running(journal=Continued(journal.written)) as world:
        (callback,) = world.engine.state.contacts
        assert world.engine.particulars(callback) is None
        await world.engine.hear_of_lost(lost(why=Lost.CUT_OFF))
        known = world.engine.particulars(callback)
        assert known is not None
        assert (known.address, known.path) == (NUMBER, "main:2;lost:cut_off")
        assert len(world.engine.state.contacts) == 1


async def test_a_wish_to_be_called_whose_number_died_with_the_engine_before_sleeps_until_it_is_told_again() -> None:
    journal = MemoryJournal()
    async with running(journal=journal) as world:
        callback = await world.engine.arrive(wish(), Arrival(address=NUMBER, source="the form"))
    for source in ("the form", "another"):
        async with running(journal=Continued(journal.written)) as world:
            await world.settled()
            asleep_until_ms = world.engine.state.contacts[callback].asleep_until_ms
            assert asleep_until_ms is not None
            assert asleep_until_ms > world.engine.now()
            assert await world.engine.arrive(wish(), Arrival(address=NUMBER, source=source)) == callback
            await world.settled()
            known = world.engine.particulars(callback)
            assert known is not None
            assert known.address == NUMBER
            assert world.engine.state.contacts[callback].asleep_until_ms is None
            with pytest.raises(RuleError, match="pending already"):
                await world.engine.arrive(wish(), Arrival(address=NUMBER, source="a third"))


async def test_a_number_that_another_writes_later_is_known_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall, "UNKNOWN_AGAIN_S", 0.01)
    journal, keeper = MemoryJournal(), MemoryKeeper()
    async with running(journal=journal, keeper=keeper) as world:
        callback = await world.engine.arrive(wish(), Arrival(address=NUMBER, source="the form"))
    later = MemoryKeeper()
    async with running(journal=Continued(journal.written), keeper=later) as world:
        await world.settled()
        assert world.engine.particulars(callback) is None
        later.keep([keeper.kept[callback]])
        await soon(lambda: world.engine.particulars(callback) is not None, what="it is known")
        await world.settled()
        moves = [one for one in world.desks.decisions for fact in one.facts if isinstance(fact, CallbackPostponed)]
        assert len(moves) == 1, "it was sent to sleep once"


async def test_another_request_of_one_who_is_to_be_called_is_not_taken_for_that() -> None:
    journal = MemoryJournal()
    async with running(journal=journal) as world:
        await world.engine.arrive(wish(), Arrival(address=NUMBER, source="the form"))
    async with running(journal=Continued(journal.written)) as world:
        closed = structs.replace(wish(), medium=Medium.SMS, queue_id=QueueId("closed"))
        with pytest.raises(NotFound):
            await world.engine.arrive(closed, Arrival(address=NUMBER, source="a message"))


def wish() -> ContactArrived:
    return ContactArrived(medium=Medium.CALLBACK, queue_id=QUEUE, arrived_ms=lost().at_ms)


async def test_whose_last_talk_is_being_wrapped_up_is_called_back_when_he_is_cut_off() -> None:
    talk = Scenario()
    talk.queue("support")
    talk.agent("ann")
    talk.call("carl", key="k1")
    talk.picks_up("ann")
    talk.caller_hangs_up("carl")
    in_hand = InHand()
    in_hand.put(people.of_lost(lost(), talk.contact("carl")))
    rules = talk.state.queues[QUEUE].rules
    callers = LostCallers(
        queues={rules.queue_id: rules}, in_hand=in_hand, address_key=people.keyed(SECRET), callable_back=bool
    )
    made = callers.contact_of(talk.state, lost(why=Lost.CUT_OFF), at_ms=0, node=NODE)
    assert made is not None
    assert made.medium is Medium.CALLBACK


async def test_who_was_cut_off_and_may_not_be_called_is_a_task() -> None:
    async with running(callable_back=lambda _: False) as world:
        await world.engine.hear_of_lost(lost(why=Lost.CUT_OFF))
        assert (await world.queued()).medium is Medium.TASK


async def test_however_often_he_tries_it_is_one_task() -> None:
    async with running() as world:
        for _ in range(3):
            world.switch.said.put_nowait(lost())
            await world.queued()
        await world.settled()
        world.switch.said.put_nowait(lost("+79165550099"))
        await world.queued(2)
        await world.settled()
        assert len(world.engine.state.contacts) == 2


@pytest.mark.parametrize("number", [NUMBER, ""])
async def test_no_task_is_made_where_nobody_wants_one_or_nobody_can_be_called(number: str) -> None:
    rules = WITHOUT_OFFER if number == "" else QueueOpened(queue_id=QUEUE, project_id=PROJECT)
    async with running(rules) as world:
        await world.engine.hear_of_lost(lost(number))
        await world.settled()
        assert not world.engine.state.contacts


async def test_a_caller_who_gives_up_leaves_a_task_about_himself_known_before_any_page_hears_of_it() -> None:
    async with running(WITHOUT_OFFER) as world:
        world.switch.said.put_nowait(replace(caller("n1-1"), path="main:2"))
        call = await world.queued()
        world.switch.said.put_nowait(LegEnded(leg_id=LegId("n1-1"), cause=LegCause.NORMAL))
        task = await world.queued(2)
        assert task.origin == call.contact_id
        known = world.desks.known[task.contact_id]
        assert known is not None
        assert (known.contact_id, known.address, known.medium) == (task.contact_id, NUMBER, Medium.TASK)
        assert known.path == "main:2;lost:abandoned"


async def test_who_gives_up_again_and_again_is_one_task() -> None:
    async with running(WITHOUT_OFFER) as world:
        for index, leg in enumerate(("n1-1", "n1-2")):
            world.switch.said.put_nowait(caller(leg))
            await world.queued(2 * index + 1)
            world.switch.said.put_nowait(LegEnded(leg_id=LegId(leg), cause=LegCause.NORMAL))
            await world.queued(2 * index + 2)
        await world.until(ContactClosed, 3)
        [contact] = world.engine.state.contacts.values()
        assert contact.medium is Medium.TASK


async def test_the_journal_knows_a_number_by_a_key_that_tells_nothing() -> None:
    async with running() as world:
        first = await world.offered("n1-1", count=1)
        key = world.engine.state.contacts[first].address_key
        assert key
        assert NUMBER not in repr(world.journal.written)
        assert key != people.keyed(b"another centre")(PROJECT, NUMBER)
        assert key != people.keyed(SECRET)(ProjectId("clinic"), NUMBER)
        assert people.keyed(SECRET)(PROJECT, "") == ""


async def test_the_steps_of_one_who_waits_no_longer_are_not_heard_of() -> None:
    async with running(structs.replace(WITHOUT_TASKS, steps=(Step(after_ms=100, offer_callback=True),))) as world:
        world.switch.said.put_nowait(caller("n1-1"))
        await world.queued()
        world.switch.said.put_nowait(LegEnded(leg_id=LegId("n1-1"), cause=LegCause.NORMAL))
        await world.until(ContactClosed)
        contact_id = await world.offered("n1-2", count=2, number="+79165550002")
        assert {event.timer_id for event in world.events(TimerFired)} == {f"step:{contact_id}"}


class Continued(MemoryJournal):
    """A second engine goes on in it, with numbers of its own."""

    def append(self, entry: Entry) -> None:
        self.written.append(entry)


class AwayAtFirst(MemoryKeeper):
    """The database is away when it is asked for the first time."""

    def __init__(self, kept: dict[ContactId, Particulars]) -> None:
        super().__init__()
        self.kept = kept
        self.asked = 0
        self.told = asyncio.Event()

    async def recall(self, contact_ids: Sequence[ContactId]) -> dict[ContactId, Particulars]:
        self.asked += 1
        if self.asked == 1:
            raise DatabaseDown("The database does not answer.")
        self.told.set()
        return await super().recall(contact_ids)


async def test_a_customer_to_be_called_back_is_known_again_when_the_database_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recall, "AGAIN_S", 0.01)
    journal, keeper = MemoryJournal(), MemoryKeeper()
    async with running(journal=journal, keeper=keeper) as world:
        contact_id = await world.offered("n1-1", count=1)
    known = AwayAtFirst(keeper.kept)
    after = running(journal=Continued(journal.written), keeper=known, here=["n1-1"])
    async with after as world, asyncio.timeout(PATIENCE_S):
        assert world.engine.particulars(contact_id) is None
        await known.told.wait()
        await world.settled()
        assert world.engine.particulars(contact_id) == keeper.kept[contact_id]


# -- the node dies -----------------------------------------------------------------------------------------------------


async def cut_off(world: World) -> ContactQueued:
    """A caller waits when the node dies: his callback."""
    world.switch.said.put_nowait(replace(caller("n1-1"), path="main:2"))
    call = await world.queued()
    world.switch.dies()
    callback = await world.queued(2)
    assert callback.origin == call.contact_id
    return callback


async def test_who_was_cut_off_is_called_back_and_it_is_known_who_he_is_and_why() -> None:
    async with running(WITHOUT_OFFER) as world:
        callback = await cut_off(world)
        known = world.desks.known[callback.contact_id]
        assert known is not None
        assert (known.medium, known.address, known.name) == (Medium.CALLBACK, NUMBER, "Anna")
        assert known.path == "main:2;lost:cut_off"


async def test_who_was_cut_off_and_calls_again_has_his_place_and_is_not_called_back() -> None:
    async with running(WITHOUT_OFFER) as world:
        callback = await cut_off(world)
        world.switch.said.put_nowait(caller("n1-2"))
        again = await world.queued(3)
        closed = await world.until(ContactClosed, 2)
        assert isinstance(closed, ContactClosed)
        assert closed.contact_id == callback.contact_id
        [contact] = world.engine.state.contacts.values()
        assert (contact.id, contact.priority) == (again.contact_id, MOST_POINTS)


async def test_who_called_again_before_the_node_was_compared_is_not_called_back() -> None:
    async with running(WITHOUT_TASKS) as world:
        world.switch.said.put_nowait(caller("n1-1"))
        await world.queued()
        world.switch.said.put_nowait(replace(caller("n1-2"), arrived_ms=START_MS + 2))
        second = await world.queued(2)
        world.switch.before.discard(LegId("n1-2"))
        world.switch.dies()
        await world.until(ContactClosed)
        await world.settled()
        assert list(world.engine.state.contacts) == [second.contact_id]


async def test_another_mans_call_leaves_the_callback_alone() -> None:
    async with running(WITHOUT_OFFER) as world:
        callback = await cut_off(world)
        world.switch.said.put_nowait(caller("n1-2", number="+79165550099"))
        await world.queued(3)
        await world.settled()
        assert callback.contact_id in world.engine.state.contacts


async def test_who_may_not_be_called_is_not_called_back() -> None:
    async with running(WITHOUT_TASKS, callable_back=lambda number: number != NUMBER) as world:
        for leg, number in (("n1-1", NUMBER), ("n1-2", "+79165550099")):
            world.switch.said.put_nowait(caller(leg, number=number))
        await world.queued(2)
        world.switch.dies()
        await world.queued(3)
        await world.until(ContactClosed, 2)
        [contact] = world.engine.state.contacts.values()
        known = world.engine.particulars(contact.id)
        assert known is not None
        assert known.address == "+79165550099"


async def test_who_was_cut_off_while_the_engine_was_dead_is_called_back() -> None:
    journal, keeper = Continued(), MemoryKeeper()
    async with running(WITHOUT_OFFER, journal=journal, keeper=keeper) as world:
        world.switch.said.put_nowait(caller("n1-1"))
        await world.queued()
    async with running(WITHOUT_OFFER, journal=journal, keeper=keeper) as world:
        world.switch.dies()
        callback = await world.queued()
        assert callback.medium is Medium.CALLBACK
        known = world.desks.known[callback.contact_id]
        assert known is not None
        assert known.address == NUMBER
