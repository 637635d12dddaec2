"""`AsteriskSwitch` when answers and events cross: an Asterisk played by the test, so that the order is the test's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from cti.asterisk import seats
from cti.asterisk.endpoints import Media
from cti.asterisk.switch import Address, AsteriskSwitch
from cti.domain.commands import JoinLegs, PlayMusic
from cti.domain.events import LegEnded
from cti.domain.ids import AgentId, AssignmentId, BridgeId, ContactId, LegCause, LegId, NodeId, QueueId
from cti.errors import AsteriskSilent
from cti.ports import CallerEntered, EndpointReached, Phone, SwitchConnected, SwitchDisconnected, SwitchEvent
from tests.asterisk.wires import Ami, Ari, Reply, played
from tests.running import PATIENCE_S

NODE = NodeId("centre")
CALLER = LegId("centre-1.0")
AGENT = LegId("leg-a1-1")
JOIN = JoinLegs(
    contact_id=ContactId("c1"),
    assignment_id=AssignmentId("a1"),
    bridge_id=BridgeId("talk-c1"),
    node=NODE,
    caller_leg=CALLER,
    agent_leg=AGENT,
)
LISTS = ("GET channels", "GET bridges", "GET applications/triune")
ENDPOINTS = "GET endpoints/PJSIP"


def channel(leg_id: str, *, state: str, arguments: str) -> dict[str, object]:
    dialplan = {"app_name": "Stasis", "app_data": f"triune,{arguments}"}
    return {"id": leg_id, "state": state, "dialplan": dialplan, "channelvars": {"TRIUNE_QUEUE": "support"}}


RINGING = channel(CALLER, state="Ring", arguments="in")


class World:
    """The wires and what the switch said."""

    def __init__(self) -> None:
        self.ari = Ari(answer=self.answer)
        self.ami = Ami(answer=self.manage)
        self.registered: list[str] = []
        self.channels: list[object] = []
        self.standing: list[str] = []
        self.keep_lists = False
        self.said: asyncio.Queue[SwitchEvent] = asyncio.Queue()

    def answer(self, what: str) -> Reply | None:
        if what in LISTS and self.keep_lists:
            return None
        if what == LISTS[0]:
            return 200, self.channels
        if what == LISTS[1]:
            return 200, []
        if what == LISTS[2]:
            return 200, {"name": "triune", "channel_ids": [CALLER, AGENT]}
        if what == ENDPOINTS:
            return 200, [{"technology": "PJSIP", "resource": name} for name in self.standing]
        return 200, {}

    def manage(self, action: dict[str, str]) -> str:
        if action["Action"] != "PJSIPShowContacts":
            return "Response: Success\r\nMessage: done"
        if not self.registered:
            return "Response: Error\r\nMessage: No Contacts found"
        again = f"ActionID: {action['ActionID']}"
        contacts = [
            f"Event: ContactList\r\n{again}\r\nEndpoint: {one}\r\nUri: sip:{one}@here\r\nStatus: Reachable"
            for one in self.registered
        ]
        end = f"Event: ContactListComplete\r\n{again}\r\nEventList: Complete"
        return "\r\n\r\n".join(["Response: Success\r\nEventList: start\r\nMessage: follows", *contacts, end])

    def release_lists(self) -> None:
        """Answer with what was so when they were asked for."""
        self.keep_lists = False
        for what in LISTS:
            reply = self.answer(what)
            assert reply is not None
            self.ari.release(what, *reply)

    async def next(self, kind: type[SwitchEvent]) -> SwitchEvent:
        async with asyncio.timeout(PATIENCE_S):
            while not isinstance(event := await self.said.get(), kind):
                pass
            return event

    async def reached(self, endpoint: str, *, reachable: bool) -> None:
        while await self.next(EndpointReached) != EndpointReached(endpoint=endpoint, reachable=reachable):
            pass

    async def follow(self, switch: AsteriskSwitch) -> None:
        async with aclosing(switch.events()) as events:  # type: ignore[type-var]  # a generator, which the port does not promise
            async for event in events:
                self.said.put_nowait(event)


@asynccontextmanager
async def connected(world: World, *phones: Phone) -> AsyncIterator[AsteriskSwitch]:
    async with played(world.ari), played(world.ami):
        switch = AsteriskSwitch(
            node=NODE,
            address=Address(
                host="127.0.0.1",
                ari_port=world.ari.port,
                ari_username="x",
                ari_password="x",
                ami_port=world.ami.port,
                ami_username="x",
                ami_password="x",
            ),
            media=Media(bind=None),
            region="RU",
        )
        switch.know(phones)
        task = asyncio.create_task(world.follow(switch))
        try:
            await world.next(SwitchConnected)
            yield switch
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def caller_rings(world: World) -> None:
    world.ari.say({"type": "StasisStart", "args": ["in"], "channel": RINGING})
    await world.next(CallerEntered)


async def test_music_is_stopped_though_a_listing_was_older_than_its_start() -> None:
    world = World()
    async with connected(world) as switch:
        await switch.list_legs()
        await caller_rings(world)
        world.channels, world.keep_lists = [RINGING], True
        listing = asyncio.create_task(switch.list_legs())
        await world.ari.until(LISTS[2])
        await switch.execute(PlayMusic(leg_id=CALLER, node=NODE, queue_id=QueueId("support")))
        world.release_lists()
        assert not (await listing).legs[0].answered
        world.ari.heard.clear()
        await switch.execute(JOIN)
    assert world.ari.heard == [
        f"DELETE channels/{CALLER}/moh",
        "POST bridges/talk-c1",
        "POST bridges/talk-c1/addChannel",
    ]


async def test_a_caller_who_rings_on_over_a_gap_is_picked_up_at_the_join() -> None:
    world = World()
    world.channels = [RINGING]
    async with connected(world) as switch:
        await switch.list_legs()
        await switch.execute(JOIN)
    assert f"POST channels/{CALLER}/answer" in world.ari.heard


async def test_a_caller_whom_a_listing_shows_picked_up_is_not_picked_up_again() -> None:
    world = World()
    async with connected(world) as switch:
        await caller_rings(world)
        world.channels = [channel(CALLER, state="Up", arguments="in")]
        await switch.list_legs()
        await switch.execute(JOIN)
    assert f"POST channels/{CALLER}/answer" not in world.ari.heard


async def test_a_leg_lost_while_a_listing_comes_in_is_lost_and_not_hung_up() -> None:
    world = World()
    agent = channel(AGENT, state="Up", arguments="agent,a1")
    async with connected(world) as switch:
        await switch.list_legs()
        world.ari.say({"type": "ChannelHangupRequest", "cause": 1, "soft": True, "channel": agent})
        await switch.list_legs()
        world.ari.say({"type": "StasisEnd", "channel": agent})
        assert await world.next(LegEnded) == LegEnded(leg_id=AGENT, cause=LegCause.LOST)


async def test_at_each_connect_missing_lines_are_made_and_lines_of_nobody_deleted() -> None:
    world = World()
    world.standing = ["trunk", "agent-101", "agent-101-web", "agent-107", "agent-107-web"]
    phones = [Phone(agent_id=AgentId(f"u{one}"), extension=one, secret="s") for one in ("101", "102")]
    async with connected(world, *phones):
        changes = {what.replace("asterisk/config/dynamic/res_pjsip/", "") for what in world.ari.heard}
    changes = {what for what in changes if "endpoint/" in what}
    assert changes == {
        "PUT endpoint/agent-102",
        "PUT endpoint/agent-102-web",
        "DELETE endpoint/agent-107",
        "DELETE endpoint/agent-107-web",
    }


async def test_an_engine_that_knows_no_line_deletes_none() -> None:
    world = World()
    world.standing = ["agent-101"]
    async with connected(world):
        assert not any(what.startswith("DELETE") for what in world.ari.heard)


async def test_a_line_that_asterisk_refuses_keeps_it_from_no_other() -> None:
    world = World()
    usual = world.answer
    refused = "PUT asterisk/config/dynamic/res_pjsip/endpoint/agent-101"
    world.ari.answer = lambda what: (403, "no") if what == refused else usual(what)
    phones = [Phone(agent_id=AgentId(f"u{one}"), extension=one, secret="s") for one in ("101", "102")]
    async with connected(world, *phones):
        assert "PUT asterisk/config/dynamic/res_pjsip/endpoint/agent-102-web" in world.ari.heard


async def test_a_seat_that_asterisk_refuses_keeps_it_from_no_other_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seats, "_RETRY_S", 0.05)
    world = World()
    usual = world.answer
    refused = "PUT asterisk/config/dynamic/res_pjsip/endpoint/agent-101-desk"
    world.ari.answer = lambda what: (403, "no") if what == refused else usual(what)
    world.registered = ["desk-d12", "desk-d14"]
    async with connected(world) as switch:
        switch.seats.know({"d12": "s", "d14": "s"})
        switch.seats.seat("d12", "101")
        switch.seats.seat("d14", "102")
        await world.reached("agent-102-desk", reachable=True)
        assert not switch.seats.reachable("agent-101-desk")
        world.ari.answer = usual
        await world.reached("agent-101-desk", reachable=True)
    assert world.ari.heard.count(refused) >= 2


async def test_a_seat_that_cannot_move_rings_at_the_old_desk_no_more() -> None:
    world = World()
    usual = world.answer
    world.registered = ["desk-d12", "desk-d14"]
    async with connected(world) as switch:
        switch.seats.know({"d12": "s", "d14": "s"})
        switch.seats.seat("d12", "101")
        await world.reached("agent-101-desk", reachable=True)
        world.ari.answer = lambda what: (403, "no") if what.endswith("agent-101-desk") else usual(what)
        switch.seats.seat("d14", "101")
        await world.reached("agent-101-desk", reachable=False)


@pytest.mark.lesson(9)
async def test_after_each_login_the_registrations_are_asked_for_anew() -> None:
    world = World()
    world.registered = ["agent-101"]
    phone = Phone(agent_id=AgentId("u101"), extension="101", secret="s")
    async with connected(world, phone) as switch:
        await switch.provision(phone)
        await world.reached("agent-101", reachable=True)
        world.registered = []
        world.ami.drop()
        await world.reached("agent-101", reachable=False)
        world.registered = ["agent-101"]
        world.ami.drop()
        await world.reached("agent-101", reachable=True)
    assert len(world.ami.named("Login")) == 3


@pytest.mark.lesson(10)
async def test_after_a_lost_connection_the_next_caller_is_told_of() -> None:
    world = World()
    async with connected(world):
        for _ in range(3):
            world.ari.drop()
            await world.next(SwitchDisconnected)
            await world.next(SwitchConnected)
            await caller_rings(world)
    assert len(world.ari.asked_for) == 4
    assert all("app=triune" in address for address in world.ari.asked_for), "each connection follows the application"


@pytest.mark.lesson(11)
@pytest.mark.parametrize("failing", LISTS)
async def test_a_listing_of_which_a_part_failed_is_none(failing: str) -> None:
    world = World()
    usual = world.answer
    world.ari.answer = lambda what: (500, "Internal Server Error") if what == failing else usual(what)
    async with connected(world) as switch:
        with pytest.raises(AsteriskSilent):
            await switch.list_legs()
