"""Hot desks: the last wins, who signs out leaves, and what a phone may say."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, cast

import pytest

from cti.domain.acd import Acd, Decision
from cti.domain.events import AgentSignedOut, DeviceChosen, Event, PhoneUnreachable
from cti.domain.ids import AgentId, Device, Milliseconds
from cti.domain.state import State
from cti.engine.desks import TRIES, TRIES_WITHIN_MS, HotDesks
from cti.engine.engine import Engine
from cti.errors import DatabaseDown, NotFound, RuleError
from cti.ports.desks import PinAnswer, Seat
from tests.engine.world import Centre
from tests.running import soon

ANN, BOB = AgentId("u1"), AgentId("u2")
EXTENSIONS = {ANN: "101", BOB: "102"}


class Book:
    """`ports.DeskBook` in memory; every PIN is 2468 that was not set."""

    def __init__(self) -> None:
        self.kept: dict[AgentId, Seat] = {}
        self.checks = 0
        self.is_down = False
        self.pins: dict[AgentId, str] = {}

    async def seats(self) -> Sequence[Seat]:
        return list(self.kept.values())

    async def take(self, seat: Seat) -> None:
        for _ in range(5):
            await asyncio.sleep(0)  # others go on while a database writes
        self.kept = {one: kept for one, kept in self.kept.items() if kept.desk != seat.desk} | {seat.agent_id: seat}

    async def leave(self, agent_id: AgentId) -> None:
        self.kept.pop(agent_id, None)

    async def check(self, agent_id: AgentId, pin: str) -> PinAnswer:
        self.checks += 1
        await asyncio.sleep(0)
        if self.is_down:
            raise DatabaseDown("It does not answer.")
        return PinAnswer.OK if pin == self.pins.get(agent_id, "2468") else PinAnswer.WRONG

    async def set_pin(self, agent_id: AgentId, pin: str) -> None:
        self.pins[agent_id] = pin


class Switch:
    """`ports.DeskSwitch` in memory."""

    def __init__(self) -> None:
        self.desks: Mapping[str, str] = {}
        self.seated: dict[str, str] = {}

    def know(self, desks: Mapping[str, str]) -> None:
        self.desks = desks

    def seat(self, desk: str, extension: str) -> None:
        self.seated[extension] = desk

    def leave(self, extension: str) -> None:
        self.seated.pop(extension, None)

    def is_reached(self, desk: str) -> bool:
        return desk in self.desks


class Core:
    """As much of an engine as desks need, over a real `Acd`."""

    def __init__(self) -> None:
        self.centre = Centre()
        self.events: list[Event] = []

    @property
    def acd(self) -> Acd:
        return self.centre.acd

    @property
    def state(self) -> State:
        return self.acd.state

    def now(self) -> Milliseconds:
        return self.centre.now

    def post(self, event: Event) -> None:
        self.events.append(event)
        self.centre.do(event)

    async def handle(self, event: Event) -> Decision:
        self.events.append(event)
        return self.centre.do(event)


class World:
    """Two agents, two desk phones."""

    def __init__(self) -> None:
        self.core, self.book, self.switch = Core(), Book(), Switch()
        self.files = {"d12": "secret12", "d14": "secret14"}
        self.desks = HotDesks(
            engine=cast("Engine", cast("Any", self.core)),
            book=self.book,
            switch=self.switch,
            extension=EXTENSIONS.get,
            desks=lambda: self.files,
        )

    def device(self, agent_id: AgentId) -> Device:
        return self.core.state.agent(agent_id).device


@contextlib.asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    """While its task runs."""
    task = asyncio.create_task(world.desks.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_he_is_rung_where_he_logged_in_last_and_where_he_was_before_when_he_leaves() -> None:
    world = World()
    for desk in ("d12", "d14"):
        await world.desks.log_in(ANN, desk)
        assert (world.switch.seated, world.desks.of(ANN), world.device(ANN)) == ({"101": desk}, desk, Device.DESK)
    await world.desks.log_out(ANN)
    assert (world.switch.seated, world.desks.of(ANN), world.device(ANN)) == ({}, None, Device.SIP)
    assert PhoneUnreachable(agent_id=ANN, device=Device.DESK) in world.core.events
    assert world.book.kept == {}


async def test_who_sat_there_is_rung_there_no_more() -> None:
    world = World()
    await world.desks.log_in(ANN, "d12")
    await world.desks.log_in(BOB, "d12")
    assert world.switch.seated == {"102": "d12"}
    assert [(seat.agent_id, seat.desk) for seat in world.desks.seats] == [(BOB, "d12")]
    assert (world.device(ANN), world.device(BOB)) == (Device.SIP, Device.DESK)


async def test_who_has_chosen_another_phone_meanwhile_keeps_it() -> None:
    world = World()
    await world.desks.log_in(ANN, "d12")
    await world.core.handle(DeviceChosen(agent_id=ANN, device=Device.WEB))
    await world.desks.log_out(ANN)
    assert world.device(ANN) is Device.WEB


async def test_who_signs_out_leaves_and_a_seat_outlives_the_engine() -> None:
    world = World()
    await world.book.take(Seat(desk="d14", agent_id=ANN, before=Device.WEB, since_ms=1))
    async with running(world):
        await soon(lambda: world.switch.seated == {"101": "d14"}, what="the seat is taken up")
        world.desks.decided(await world.core.handle(AgentSignedOut(agent_id=ANN)), 0)
        await soon(lambda: world.switch.seated == {} and world.book.kept == {}, what="he has left")


async def test_whose_desk_is_gone_from_the_centre_file_leaves_it_and_no_one_else_does() -> None:
    world = World()
    async with running(world):
        await world.desks.log_in(ANN, "d12")
        await world.desks.log_in(BOB, "d14")
        del world.files["d12"]
        world.desks.look()
        await soon(lambda: world.desks.of(ANN) is None, what="she has left")
        assert (world.switch.seated, list(world.book.kept)) == ({"102": "d14"}, [BOB])
        assert world.device(ANN) is Device.SIP


async def test_a_desk_that_went_while_no_engine_ran_is_left_too() -> None:
    world = World()
    world.files.clear()
    await world.book.take(Seat(desk="d12", agent_id=ANN, before=Device.SIP, since_ms=1))
    async with running(world):
        await soon(lambda: world.switch.seated == {} and world.book.kept == {}, what="she has left")


async def test_who_moves_away_from_a_desk_that_is_gone_stays_where_he_moved() -> None:
    world = World()
    world.files["d16"] = "secret16"
    async with running(world):
        await world.desks.log_in(ANN, "d12")
        await world.desks.log_in(BOB, "d16")
        del world.files["d12"], world.files["d16"]
        await world.desks.log_in(ANN, "d14")
        await soon(lambda: world.desks.of(BOB) is None, what="Bob, whose turn comes after Ann's, has left")
        assert (world.desks.of(ANN), world.switch.seated) == ("d14", {"101": "d14"})


@pytest.mark.parametrize(
    ("extension", "pin", "endpoint", "answer"),
    [
        ("101", "2468", "desk-d12", PinAnswer.OK),
        ("101", "1111", "desk-d12", PinAnswer.WRONG),
        ("999", "2468", "desk-d12", PinAnswer.UNKNOWN),
        ("101", "2468", "desk-d99", PinAnswer.UNKNOWN),
        ("101", "2468", "agent-102", PinAnswer.UNKNOWN),
        ("101", "2468", "d12", PinAnswer.UNKNOWN),
    ],
)
async def test_only_a_desk_phone_and_the_right_pin_log_somebody_in(
    extension: str, pin: str, endpoint: str, answer: PinAnswer
) -> None:
    world = World()
    world.desks.look()
    assert await world.desks.log_in_by_phone(extension, pin, endpoint=endpoint) is answer
    assert (world.desks.of(ANN) == "d12") is (answer is PinAnswer.OK)


async def test_a_phone_that_tries_all_numbers_is_locked_for_a_while_and_no_other_is() -> None:
    world = World()
    world.desks.look()
    tried = [("999", "2468"), ("101", "1111"), ("102", "1111"), ("101", "2468")] * 3 + [("998", "1")]
    answers = [await world.desks.log_in_by_phone(number, pin, endpoint="desk-d12") for number, pin in tried]
    assert answers == [PinAnswer.UNKNOWN, PinAnswer.WRONG, PinAnswer.WRONG, PinAnswer.OK] * 3 + [PinAnswer.UNKNOWN]
    asked = world.book.checks
    assert await world.desks.log_in_by_phone("102", "2468", endpoint="desk-d12") is PinAnswer.LOCKED
    assert (world.book.checks, world.desks.of(BOB)) == (asked, None), "the book is not even asked"
    assert await world.desks.log_in_by_phone("102", "2468", endpoint="desk-d14") is PinAnswer.OK
    world.core.centre.now += TRIES_WITHIN_MS
    assert await world.desks.log_in_by_phone("102", "2468", endpoint="desk-d12") is PinAnswer.OK


async def test_of_many_tries_at_once_no_more_are_weighed_than_of_as_many_in_turn() -> None:
    world = World()
    world.desks.look()
    tries = (world.desks.log_in_by_phone("101", "1111", endpoint="desk-d12") for _ in range(TRIES + 5))
    assert (await asyncio.gather(*tries)).count(PinAnswer.LOCKED) == 5
    assert world.book.checks == TRIES


async def test_a_right_pin_that_seats_nobody_counts_for_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.desks.look()
    with monkeypatch.context() as while_refused:
        while_refused.setattr(world.core, "handle", _refuse)
        for _ in range(TRIES):
            with pytest.raises(RuleError):
                await world.desks.log_in_by_phone("101", "2468", endpoint="desk-d12")
    assert await world.desks.log_in_by_phone("101", "2468", endpoint="desk-d12") is PinAnswer.OK


async def _refuse(_event: Event) -> Decision:
    raise RuleError("Not now.")


async def test_a_database_that_is_down_locks_no_phone() -> None:
    world = World()
    world.desks.look()
    world.book.is_down = True
    for _ in range(TRIES):
        with pytest.raises(DatabaseDown):
            await world.desks.log_in_by_phone("101", "2468", endpoint="desk-d12")
    world.book.is_down = False
    assert await world.desks.log_in_by_phone("101", "2468", endpoint="desk-d12") is PinAnswer.OK


async def test_whoever_sits_there_leaves_by_the_phone() -> None:
    world = World()
    await world.desks.log_in(ANN, "d12")
    assert not await world.desks.log_out_by_phone("desk-d14")
    assert await world.desks.log_out_by_phone("desk-d12")
    assert not await world.desks.log_out_by_phone("desk-d12")


async def test_a_desk_that_there_is_not_takes_nobody() -> None:
    world = World()
    with pytest.raises(NotFound):
        await world.desks.log_in(ANN, "d99")
    assert world.book.kept == {}
