"""Calls that an agent asks for, in the engine: the ring leaves first, pages hear in order, the customer is known."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from cti.domain.acd import Decision
from cti.domain.commands import DialCustomer, RingAgent, SwitchCommand
from cti.domain.events import (
    AgentBecameNotReady,
    AgentEnrolled,
    AgentSignedIn,
    LegAnswered,
    OutboundRequested,
    PhoneReachable,
    QueueOpened,
)
from cti.domain.facts import AssignmentStarted, ContactQueued
from cti.domain.ids import AgentId, Device, Milliseconds, ReasonId
from cti.engine.engine import Engine
from cti.errors import RuleError
from cti.ports import Arrival
from tests.engine.test_lost import Desks, MemorySwitch
from tests.engine.world import NODE, PROJECT, QUEUE, MemoryJournal, MemoryKeeper
from tests.running import PATIENCE_S, soon

ANN = AgentId("ann")
NUMBER = "+79165550001"


@dataclass
class Order:
    """What came first."""

    seen: list[str] = field(default_factory=list)
    rung: list[AgentId] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    """Of the decisions that the pages heard of."""


class OrderedSwitch(MemorySwitch):
    """Notes when it is told to ring."""

    def __init__(self, order: Order) -> None:
        super().__init__()
        self._order = order
        self.dialled = asyncio.Event()

    async def execute(self, command: SwitchCommand) -> None:
        if isinstance(command, RingAgent):
            self._order.seen.append("ring")
        if isinstance(command, DialCustomer):
            self.dialled.set()
        await super().execute(command)


class OrderedDesks(Desks):
    """Notes when it is told of a call and of its answer."""

    order: Order

    def decided(self, decision: Decision, now: Milliseconds) -> None:
        self.order.numbers.append(decision.number)
        for fact in decision.facts:
            if isinstance(fact, ContactQueued | AssignmentStarted):
                self.order.seen.append(type(fact).__name__)
        super().decided(decision, now)


@asynccontextmanager
async def running() -> AsyncIterator[tuple[Engine, OrderedSwitch, Order]]:
    order = Order()
    switch, desks = OrderedSwitch(order), OrderedDesks()
    desks.order = order
    engine = Engine(
        rules=[QueueOpened(queue_id=QUEUE, project_id=PROJECT)],
        switches={NODE: switch},
        journal=MemoryJournal(),
        desktops=desks,
        keeper=MemoryKeeper(),
        rung=order.rung.append,
    )
    desks.engine = engine
    await engine.start(persons=[], phones=[])
    await engine.handle(AgentEnrolled(agent_id=ANN, project_ids=(PROJECT,)))
    await engine.handle(AgentSignedIn(agent_id=ANN, device=Device.SIP))
    await engine.handle(PhoneReachable(agent_id=ANN, device=Device.SIP))
    try:
        yield engine, switch, order
    finally:
        await engine.stop()


async def test_the_request_to_ring_leaves_before_the_pages_are_drawn_and_the_rest_stays_in_order() -> None:
    async with running() as (engine, _, order):
        contact_id = await engine.call(OutboundRequested(agent_id=ANN, queue_id=QUEUE), Arrival(address=NUMBER))
        await soon(lambda: order.seen == ["ring", "ContactQueued"], what="first it rings, then the pages are drawn")
        assert order.rung == [ANN]
        assignment_id = engine.state.contacts[contact_id].assignment_id
        assert assignment_id is not None
        leg_id = engine.state.assignments[assignment_id].leg_id
        assert leg_id is not None
        await engine.handle(LegAnswered(assignment_id=assignment_id, leg_id=leg_id))
        await soon(lambda: order.seen[-1] == "AssignmentStarted", what="the pages hear of the talk")


async def test_pages_hear_of_a_ring_before_they_hear_of_what_comes_after_it_in_the_same_turn() -> None:
    async with running() as (engine, _, order):
        asking = asyncio.ensure_future(
            engine.call(OutboundRequested(agent_id=ANN, queue_id=QUEUE), Arrival(address=NUMBER))
        )
        later = asyncio.ensure_future(engine.handle(AgentBecameNotReady(agent_id=ANN, reason=ReasonId("break"))))
        await asyncio.gather(asking, later)
        await soon(lambda: "ContactQueued" in order.seen, what="the pages hear of the call")
        assert order.numbers == sorted(order.numbers)


async def test_the_customer_is_dialled_and_known_once_the_agent_is_there() -> None:
    async with running() as (engine, switch, _):
        contact_id = await engine.call(OutboundRequested(agent_id=ANN, queue_id=QUEUE), Arrival(address=NUMBER))
        known = engine.particulars(contact_id)
        assert known is not None
        assert known.address == NUMBER
        assert not [command for command in switch.commands if isinstance(command, DialCustomer)]
        (ring,) = [command for command in switch.commands if isinstance(command, RingAgent)]
        await engine.handle(LegAnswered(assignment_id=ring.assignment_id, leg_id=ring.leg_id))
        async with asyncio.timeout(PATIENCE_S):
            await switch.dialled.wait()


async def test_a_call_that_the_core_refuses_leaves_nothing_behind() -> None:
    async with running() as (engine, switch, order):
        await engine.call(OutboundRequested(agent_id=ANN, queue_id=QUEUE), Arrival(address=NUMBER))
        with pytest.raises(RuleError, match="Finish"):
            await engine.call(OutboundRequested(agent_id=ANN, queue_id=QUEUE), Arrival(address="+79165550002"))
        assert order.seen.count("ring") == 1
        assert len(engine.state.contacts) == 1
        assert sum(isinstance(command, RingAgent) for command in switch.commands) == 1
