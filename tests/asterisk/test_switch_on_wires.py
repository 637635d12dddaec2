"""`AsteriskSwitch` when answers and events cross: an Asterisk played by the test, so that the order is the test's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from cti.asterisk.endpoints import Media
from cti.asterisk.switch import Address, AsteriskSwitch
from cti.domain.commands import JoinLegs, PlayMusic
from cti.domain.events import LegEnded
from cti.domain.ids import AgentId, AssignmentId, BridgeId, ContactId, LegCause, LegId, NodeId, QueueId
from cti.ports import CallerEntered, Phone, SwitchConnected, SwitchEvent
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

    async def follow(self, switch: AsteriskSwitch) -> None:
        async with aclosing(switch.events()) as events:  # type: ignore[type-var]
            async for event in events:
                self.said.put_nowait(event)


@asynccontextmanager
async def connected(world: World, *phones: Phone) -> AsyncIterator[AsteriskSwitch]:
    manager = Ami()
    async with played(world.ari), played(manager):
        switch = AsteriskSwitch(
            node=NODE,
            address=Address(
                host="127.0.0.1",
                ari_port=world.ari.port,
                ari_username="x",
                ari_password="x",
                ami_port=manager.port,
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
