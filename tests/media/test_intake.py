"""From a source to the engine and back: one message is one contact, whatever fails; what is queued goes out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from cti.database import Database
from cti.domain import ids
from cti.domain.acd import Decision
from cti.domain.contact import Contact
from cti.domain.events import (
    AgentBecameReady,
    AgentEnrolled,
    AgentSignedIn,
    DesktopConnected,
    HangUpRequested,
    OfferAccepted,
    PhoneReachable,
    QueueOpened,
    WrapUpFinished,
)
from cti.domain.facts import ContactQueued
from cti.domain.ids import AgentId, ContactId, Device, DispositionId, Milliseconds, ProjectId
from cti.engine.engine import Engine
from cti.engine.people import keyed
from cti.errors import DatabaseDown, OutsideError
from cti.media.intake import Intake
from cti.media.outbox import GIVE_UP_MS, Outbox
from cti.metrics import Metrics
from cti.ports import Entry
from cti.ports.media import Direction, Incoming, Message, Outgoing, Sending
from cti.store.messages import StoredMessages
from cti.testing.connector import MemoryConnector, MemorySource
from tests.engine.world import PROJECT, QUEUE, MemoryJournal, MemoryKeeper
from tests.running import soon

C7 = ContactId("c7")
ANNA = "anna@customer.test"
HOLD_MS = 60_000


class Quiet:
    """`ports.Desktops` without a page."""

    def expect(self, address: str, *, project_id: ProjectId) -> None: ...
    def decided(self, decision: Decision, now: Milliseconds) -> None: ...
    def is_connected(self, agent_id: AgentId) -> bool:
        return True

    def switch_changed(self, *, up: bool) -> None: ...


class Journal(MemoryJournal):
    """One that a second engine goes on with: its numbers begin further on."""

    def append(self, entry: Entry) -> None:
        assert entry.number > self.last_number
        self.written.append(entry)


class Failing(StoredMessages):
    """Keeps nothing as long as `fail` says so."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.fail: Callable[[Incoming], bool] = lambda _: False

    async def keep(self, contact_id: ContactId, incoming: Incoming) -> Message:
        if self.fail(incoming):
            raise DatabaseDown("The database does not answer.")
        return await super().keep(contact_id, incoming)


class World:
    """An engine on a journal in memory, real tables, and a source."""

    def __init__(self, database: Database) -> None:
        self.source, self.journal = MemorySource(), Journal()
        self.messages = Failing(database)
        self.told: list[ContactId] = []
        self.metrics = Metrics()
        self.keeper = MemoryKeeper()
        self.now_ms: Milliseconds = 1

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[Engine]:
        made = Engine(
            rules=[QueueOpened(queue_id=QUEUE, project_id=PROJECT)],
            switches={},
            journal=self.journal,
            desktops=Quiet(),
            keeper=self.keeper,
            address_key=keyed(b"secret"),
        )
        await made.start(persons=(), phones=())
        try:
            yield made
        finally:
            await made.stop()

    @asynccontextmanager
    async def intake(self, engine: Engine, connector: MemoryConnector | None = None) -> AsyncIterator[Intake]:
        intake = Intake(
            engine=engine,
            messages=self.messages,
            told=self.told.append,
            metrics=Metrics(),
            hold_for_ms=lambda _: HOLD_MS,
        )
        running = asyncio.ensure_future(intake.run(connector or MemoryConnector(self.source)))
        try:
            yield intake
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def write(
        self, key: str, text: str = "Help", *, automatic: bool = False, continues: ContactId | None = None
    ) -> None:
        self.source.put(
            Incoming(
                key=key,
                medium=ids.Medium.EMAIL,
                project_id=PROJECT,
                queue_id=QUEUE,
                received_ms=1,
                address=ANNA,
                text=text,
                automatic=automatic,
                continues=continues,
            )
        )

    @property
    def queued(self) -> list[ContactQueued]:
        return [fact for entry in self.journal.written for fact in entry.facts if isinstance(fact, ContactQueued)]

    async def all_taken(self) -> None:
        await soon(lambda: not self.source.waiting, what="everything is acknowledged", within_s=20)


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


async def serve(engine: Engine, *, answered: Callable[[ContactId], None] | None = None) -> ContactId:
    """An agent takes the one waiting contact up, and finishes it."""
    agent = AgentId("u1")
    if agent not in engine.state.agents:
        await engine.handle(AgentEnrolled(agent_id=agent, project_ids=(PROJECT,)))
        await engine.handle(AgentSignedIn(agent_id=agent, device=Device.SIP))
        await engine.handle(DesktopConnected(agent_id=agent))
        await engine.handle(PhoneReachable(agent_id=agent, device=Device.SIP))
        await engine.handle(AgentBecameReady(agent_id=agent))
    (assignment,) = engine.state.assignments.values()
    await engine.handle(OfferAccepted(assignment_id=assignment.id))
    return assignment.contact_id


async def finish(engine: Engine) -> None:
    (assignment,) = engine.state.assignments.values()
    await engine.handle(HangUpRequested(assignment_id=assignment.id))
    await engine.handle(WrapUpFinished(assignment_id=assignment.id, disposition=DispositionId("resolved")))


def live(engine: Engine) -> Contact:
    (contact,) = engine.state.contacts.values()
    return contact


async def test_many_messages_become_as_many_contacts_in_few_transactions(world: World) -> None:
    for number in range(100):
        world.write(f"m{number}")
    async with world.engine() as engine, world.intake(engine):
        await world.all_taken()
    assert len(world.queued) == 100
    assert len({await world.messages.contact_of(f"m{number}") for number in range(100)}) == 100
    assert world.messages.commits < 60


async def test_a_message_whose_acknowledgement_fails_is_one_contact_all_the_same(world: World) -> None:
    tries: list[str] = []

    def acknowledging(key: str) -> None:
        tries.append(key)
        if len(tries) < 3:
            raise OutsideError("The mail server does not answer.")

    world.write("m1")
    connector = MemoryConnector(world.source, acknowledging=acknowledging)
    async with world.engine() as engine, world.intake(engine, connector):
        await world.all_taken()
    assert tries == ["m1"] * 3
    assert len(world.queued) == 1


async def test_an_engine_that_dies_between_contact_and_message_finds_the_contact_again(world: World) -> None:
    world.messages.fail = lambda _: True
    world.write("m1")
    async with world.engine() as engine, world.intake(engine):
        await soon(lambda: world.queued, what="the contact is journalled")
    assert await world.messages.contact_of("m1") is None
    world.messages.fail = lambda _: False
    async with world.engine() as engine, world.intake(engine):
        await world.all_taken()
        assert await world.messages.contact_of("m1") == live(engine).id
    assert len(world.queued) == 1


async def test_an_engine_that_dies_before_the_acknowledgement_has_one_contact(world: World) -> None:
    def never(key: str) -> None:
        raise OutsideError("The mail server does not answer.")

    world.write("m1")
    async with world.engine() as engine, world.intake(engine, MemoryConnector(world.source, acknowledging=never)):
        await soon(lambda: world.told, what="the message is kept")
    async with world.engine() as engine, world.intake(engine):
        await world.all_taken()
    assert len(world.queued) == 1


async def test_one_message_that_fails_keeps_no_other_waiting(world: World) -> None:
    world.messages.fail = lambda incoming: incoming.key == "bad"
    world.write("bad")
    for number in range(5):
        world.write(f"m{number}")
    async with world.engine() as engine, world.intake(engine):
        await soon(lambda: list(world.source.waiting) == ["bad"], what="the others are taken")
        world.messages.fail = lambda _: False
        await world.all_taken()
    assert len(world.queued) == 6


async def test_an_answer_to_a_contact_that_goes_on_is_added_to_it(world: World) -> None:
    world.write("m1")
    async with world.engine() as engine, world.intake(engine):
        await world.all_taken()
        before = live(engine)
        world.write("m2", "And another thing", continues=before.id)
        await world.all_taken()
        assert live(engine) == before, "it keeps its place"
        assert [one.text for one in await world.messages.of_contact(before.id)] == ["Help", "And another thing"]
        assert world.told[-1] == before.id


async def test_an_answer_to_a_closed_contact_is_a_new_one_for_whoever_answered_last(world: World) -> None:
    world.write("m1")
    async with world.engine() as engine, world.intake(engine):
        await world.all_taken()
        first = await serve(engine)
        sent = answer("a1", first)
        await world.messages.queue(sent, agent_id=AgentId("u1"), at_ms=2)
        await finish(engine)
        assert not engine.state.contacts
        world.write("m2", "It did not help", continues=first)
        await world.all_taken()
        second = live(engine)
        assert (second.origin, second.preferred, second.hold_for_ms) == (first, (AgentId("u1"),), (HOLD_MS,))
        assert [one.text for one in await world.messages.of_contact(second.id)] == ["Help", "Look", "It did not help"]
        world.write("m3", "At all", continues=first)
        await world.all_taken()
        assert live(engine).id == second.id, "the thread goes on there"


async def test_an_answer_while_its_agent_wraps_up_is_a_new_contact(world: World) -> None:
    """He has ended his work: what came after that he would not read."""
    world.write("m1")
    async with world.engine() as engine, world.intake(engine):
        await world.all_taken()
        first = await serve(engine)
        (assignment,) = engine.state.assignments.values()
        await engine.handle(HangUpRequested(assignment_id=assignment.id))
        world.write("m2", continues=first)
        await world.all_taken()
    assert [fact.origin for fact in world.queued] == [None, first]


async def test_a_machine_s_word_begins_no_contact(world: World) -> None:
    world.write("m1")
    async with world.engine() as engine, world.intake(engine):
        await world.all_taken()
        first = await serve(engine)
        await finish(engine)
        world.write("m2", "I am on holiday", automatic=True, continues=first)
        await world.all_taken()
        assert not engine.state.contacts
    assert [one.text for one in await world.messages.of_contact(first)] == ["Help", "I am on holiday"]


# -- out ---------------------------------------------------------------------------------------------------------------


def answer(key: str, contact_id: ContactId = C7, address: str = ANNA) -> Outgoing:
    return Outgoing(
        key=f"email:memory:{contact_id}:{key}",
        medium=ids.Medium.EMAIL,
        contact_id=contact_id,
        project_id=PROJECT,
        address=address,
        subject="Re",
        text="Look",
    )


@asynccontextmanager
async def outbox(world: World, connector: MemoryConnector) -> AsyncIterator[Outbox]:
    made = Outbox(
        connector, messages=world.messages, told=world.told.append, metrics=Metrics(), now=lambda: world.now_ms
    )
    running = asyncio.ensure_future(made.run())
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def states(world: World, contact_id: ContactId = C7) -> list[tuple[Sending | None, str]]:
    return [
        (one.sending, one.problem)
        for one in await world.messages.of_contact(contact_id)
        if one.direction is Direction.OUT
    ]


async def test_what_was_queued_before_the_engine_died_is_sent_after(world: World) -> None:
    await world.messages.queue(answer("a1"), agent_id=None, at_ms=1)
    async with outbox(world, MemoryConnector(world.source)) as box:
        await soon(lambda: world.told, what="it is sent")
        await world.messages.queue(answer("a2"), agent_id=None, at_ms=1)
        box.wake()
        await soon(lambda: len(world.told) == 2, what="the next is sent")
    assert [one.key for one in world.source.delivered.values()] == [answer("a1").key, answer("a2").key]
    assert await states(world) == [(Sending.SENT, "")] * 2


async def test_what_can_never_be_sent_says_why_and_holds_nothing_up(world: World) -> None:
    await world.messages.queue(answer("a1", address="refused@customer.test"), agent_id=None, at_ms=1)
    await world.messages.queue(answer("a2", address="later@customer.test"), agent_id=None, at_ms=1)
    await world.messages.queue(answer("a3"), agent_id=None, at_ms=1)
    async with outbox(world, MemoryConnector(world.source)):
        await soon(lambda: len(world.told) >= 3, what="all were tried")
    assert await states(world) == [
        (Sending.FAILED, "There is nobody of that name here."),
        (Sending.QUEUED, "The mailbox is full."),
        (Sending.SENT, ""),
    ]


async def test_what_fails_for_the_moment_is_tried_again_with_the_same_key(world: World) -> None:
    tried: list[str] = []

    def sending(outgoing: Outgoing) -> None:
        tried.append(outgoing.key)
        if len(tried) == 1:
            raise OutsideError("The mail server does not answer.")

    await world.messages.queue(answer("a1"), agent_id=None, at_ms=1)
    async with outbox(world, MemoryConnector(world.source, sending=sending)):
        await soon(lambda: world.source.delivered, what="it is sent", within_s=10)  # not at the next round, in 30 s
    assert tried == [answer("a1").key] * 2


async def test_what_cannot_be_sent_for_five_days_has_failed(world: World) -> None:
    await world.messages.queue(answer("a1", address="later@customer.test"), agent_id=None, at_ms=1)
    async with outbox(world, MemoryConnector(world.source)) as box:
        await soon(lambda: world.told, what="it was tried")
        assert await states(world) == [(Sending.QUEUED, "The mailbox is full.")]
        world.now_ms += GIVE_UP_MS + 1
        box.wake()
        await soon(lambda: len(world.told) == 2, what="it was tried again")
    assert await states(world) == [(Sending.FAILED, "The mailbox is full.")]


async def test_an_account_sends_its_own_messages_only(world: World) -> None:
    await world.messages.queue(replace(answer("a1"), key="email:other:c7:a1"), agent_id=None, at_ms=1)
    await world.messages.queue(answer("a2"), agent_id=None, at_ms=1)
    async with outbox(world, MemoryConnector(world.source)):
        await soon(lambda: world.told, what="one is sent")
    assert [one.key for one in world.source.delivered.values()] == [answer("a2").key]
