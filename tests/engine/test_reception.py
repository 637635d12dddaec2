"""Who calls is asked before he is let in, where it decides how he is routed: in time, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from cti.domain.events import (
    AgentBecameReady,
    AgentSignedIn,
    ContactArrived,
    HangUpRequested,
    LegAnswered,
    LegEnded,
    PhoneReachable,
    QueueOpened,
    WrapUpFinished,
)
from cti.domain.facts import AgentRung, AssignmentOffered, WaitPlanned
from cti.domain.ids import AgentId, Device, DispositionId, LegCause, LegId, Medium, ProjectId, QueueId
from cti.engine.engine import Engine
from cti.engine.reception import LIMIT_S
from cti.errors import DatabaseDown
from cti.ports import Arrival, Card, Person, Phone, Role, Standing
from cti.regard import Preferred, Regard
from tests.engine.test_lost import Desks, MemorySwitch, World
from tests.engine.world import NODE, PROJECT, QUEUE, START_MS, MemoryJournal, MemoryKeeper, caller
from tests.running import PATIENCE_S

PLAIN = QueueId("plain")
VERA, BORIS = AgentId("u1"), AgentId("u2")
GOLD, OTHER = "+79165550001", "+79165550002"
RULES = [
    QueueOpened(queue_id=QUEUE, project_id=PROJECT, tier_credit_ms=60_000),
    QueueOpened(queue_id=PLAIN, project_id=PROJECT),
]


def regard(hold_ms: int) -> dict[QueueId, Regard]:
    return {QUEUE: Regard(prefer=((Preferred.LAST_AGENT, hold_ms),), levels={"gold": 3})}


@dataclass(slots=True)
class Customers:
    """Answers when the test lets it, or fails."""

    standings: dict[str, Standing] = field(default_factory=dict)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def find(self, address: str, *, project_id: ProjectId) -> Card | None:
        raise AssertionError("the card is not the engine's business")

    async def standing(self, address: str, *, project_id: ProjectId) -> Standing | None:
        self.asked.append(address)
        self.news.set()
        if self.error is not None:
            raise self.error
        await self.open.wait()
        return self.standings.get(address)

    async def until_asked(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.news.wait()


def person(agent_id: AgentId, extension: str) -> Person:
    return Person(
        agent_id=agent_id,
        login=f"agent{extension}",
        name=agent_id,
        role=Role.AGENT,
        project_ids=(PROJECT,),
        extension=extension,
        language="en",
        skills=(),
        active=True,
    )


@asynccontextmanager
async def running(customers: Customers, *, hold_ms: int = 0) -> AsyncIterator[World]:
    """A centre with two agents who are away."""
    switch, desks, journal = MemorySwitch(), Desks(), MemoryJournal()
    engine = Engine(
        rules=RULES,
        switches={NODE: switch},
        journal=journal,
        desktops=desks,
        keeper=MemoryKeeper(),
        customers=customers,
        regards=regard(hold_ms),
    )
    desks.engine = engine
    persons = [person(VERA, "101"), person(BORIS, "102")]
    phones = [
        Phone(agent_id=one.agent_id, extension=one.extension, secret="x")
        for one in persons
        if one.extension is not None
    ]
    await engine.start(persons=persons, phones=phones)
    try:
        yield World(engine=engine, switch=switch, desks=desks, journal=journal)
    finally:
        await engine.stop()


async def ready(world: World, *agents: AgentId) -> None:
    for agent_id in agents:
        await world.engine.handle(AgentSignedIn(agent_id=agent_id, device=Device.SIP))
        await world.engine.handle(PhoneReachable(agent_id=agent_id, device=Device.SIP))
        await world.engine.handle(AgentBecameReady(agent_id=agent_id))


async def offered(world: World, count: int = 1) -> AssignmentOffered:
    found = await world.until(AssignmentOffered, count)
    assert isinstance(found, AssignmentOffered)
    return found


async def answer(world: World, count: int) -> None:
    """The phone of the count-th offer is picked up as soon as it rings."""
    rung = await world.until(AgentRung, count)
    assert isinstance(rung, AgentRung)
    await world.engine.handle(LegAnswered(assignment_id=rung.assignment_id, leg_id=rung.leg_id, node=NODE))


async def test_a_customer_arrives_with_his_tier_and_gets_his_last_agent() -> None:
    customers = Customers({GOLD: Standing(tier="gold", last_agent=BORIS)})
    customers.open.set()
    async with running(customers) as world:
        await ready(world, VERA, BORIS)
        world.engine.enter(caller("n1-1", number=GOLD))
        queued = await world.queued()
        assert (queued.tier, queued.preferred, queued.arrived_ms) == (3, (BORIS,), START_MS)
        assert (await offered(world)).agent_id == BORIS


async def test_a_busy_last_agent_is_waited_for_as_long_as_the_queue_says() -> None:
    customers = Customers({GOLD: Standing(tier="", last_agent=BORIS)})
    customers.open.set()
    async with running(customers, hold_ms=300) as world:
        await ready(world, BORIS)
        world.engine.enter(caller("n1-1", number=OTHER))
        await offered(world)
        await ready(world, VERA)
        world.engine.enter(caller("n1-2", number=GOLD))
        queued = await world.queued(2)
        contact = world.engine.state.contacts[queued.contact_id]
        assert contact.held_until_ms == queued.queued_ms + 300
        assert contact.assignment_id is None
        given = await offered(world, 2)
        assert given.agent_id == VERA
        assert given.at_ms >= queued.queued_ms + 300


async def test_a_last_agent_who_is_done_in_time_has_him() -> None:
    customers = Customers({GOLD: Standing(tier="", last_agent=BORIS)})
    customers.open.set()
    async with running(customers, hold_ms=60_000) as world:
        await ready(world, BORIS)
        world.engine.enter(caller("n1-1", number=OTHER))
        first = await offered(world)
        await answer(world, 1)
        await ready(world, VERA)
        world.engine.enter(caller("n1-2", number=GOLD))
        await world.until(WaitPlanned)
        await world.engine.handle(HangUpRequested(assignment_id=first.assignment_id))
        await world.engine.handle(
            WrapUpFinished(assignment_id=first.assignment_id, disposition=DispositionId("resolved"))
        )
        assert (await offered(world, 2)).agent_id == BORIS


@pytest.mark.parametrize("error", [None, DatabaseDown("It is away."), KeyError("a bug")])
async def test_who_cannot_be_looked_up_in_time_arrives_as_anybody_would(error: Exception | None) -> None:
    customers = Customers({GOLD: Standing(tier="gold", last_agent=BORIS)}, error=error)
    async with running(customers) as world:
        begun = asyncio.get_running_loop().time()
        world.engine.enter(caller("n1-1", number=GOLD))
        queued = await world.queued()
        took_s = asyncio.get_running_loop().time() - begun
        assert (queued.tier, queued.preferred, queued.arrived_ms) == (0, (), START_MS)
        assert error is not None or took_s >= LIMIT_S
        assert world.engine.reception.missed == 1


async def test_nobody_waits_for_another_s_look_up() -> None:
    customers = Customers()
    async with running(customers) as world:
        world.engine.enter(caller("n1-1", number=GOLD))
        await customers.until_asked()
        event = ContactArrived(medium=Medium.EMAIL, queue_id=PLAIN, arrived_ms=START_MS)
        contact_id = await world.engine.arrive(event, Arrival(address=OTHER))
        assert list(world.engine.state.contacts) == [contact_id]
        await world.queued(2)


async def test_who_hangs_up_while_he_is_looked_up_never_arrives() -> None:
    customers = Customers({GOLD: Standing(tier="gold")})
    async with running(customers) as world:
        world.switch.said.put_nowait(caller("n1-1", number=GOLD))
        await customers.until_asked()
        world.switch.said.put_nowait(LegEnded(leg_id=LegId("n1-1"), cause=LegCause.NORMAL))
        async with asyncio.timeout(PATIENCE_S):
            while not world.events(LegEnded):
                world.desks.news.clear()
                await world.desks.news.wait()
        customers.open.set()
        world.engine.enter(caller("n1-2", number=OTHER))
        await world.queued()
        assert len(world.events(ContactArrived)) == 1
        assert "n1-1" in world.engine.ended_legs


async def test_a_caller_who_is_told_of_twice_arrives_once() -> None:
    customers = Customers({GOLD: Standing(tier="gold")})
    async with running(customers) as world:
        for _ in range(2):
            world.engine.enter(caller("n1-1", number=GOLD))
        await customers.until_asked()
        customers.open.set()
        await world.queued()
        world.engine.enter(caller("n1-1", number=GOLD))
        await world.settled()
        assert len(world.events(ContactArrived)) == 1
        assert customers.asked == [GOLD]


async def test_a_contact_without_a_channel_is_known_as_well() -> None:
    customers = Customers({"anna@example.com": Standing(tier="Gold", last_agent=BORIS)})
    customers.open.set()
    async with running(customers) as world:
        event = ContactArrived(medium=Medium.EMAIL, queue_id=QUEUE, arrived_ms=START_MS)
        contact_id = await world.engine.arrive(event, Arrival(address="anna@example.com"))
        contact = world.engine.state.contacts[contact_id]
        assert (contact.tier, contact.preferred) == (3, (BORIS,))


async def test_a_queue_that_need_not_know_lets_callers_in_at_once() -> None:
    customers = Customers({GOLD: Standing(tier="gold")})
    async with running(customers) as world:
        await world.settled()
        before = world.engine.loop.waiting
        world.engine.enter(replace(caller("n1-1", number=GOLD), queue_id=PLAIN))
        assert world.engine.loop.waiting == before + 1
        world.engine.enter(caller("n1-2", number=""))
        assert world.engine.loop.waiting == before + 2
        await world.queued(2)
        assert customers.asked == []
