"""`AsteriskSwitch` on a real Asterisk, with the emulated carrier's callers and phones on the other side."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
import pytest_asyncio
from msgspec import structs

from cti.asterisk.endpoints import Media
from cti.asterisk.switch import Address, AsteriskSwitch
from cti.demo.carrier import Call, Carrier, Order, Seen, SipPhone, Step, Who
from cti.domain.commands import (
    DropBridge,
    EndLeg,
    HoldLeg,
    JoinLegs,
    Overhear,
    PlayMusic,
    RingAgent,
    RingParty,
    SetFallback,
)
from cti.domain.events import LegAnswered, LegEnded, PartyAnswered, RingFailed
from cti.domain.ids import AgentId, AssignmentId, BridgeId, ContactId, Device, LegCause, LegId, NodeId, QueueId
from cti.errors import AsteriskDown, ChannelGone
from cti.home import Home
from cti.ports import CallerEntered, EndpointReached, Listing, Phone, SwitchConnected, SwitchDisconnected, SwitchEvent
from tests.asterisk import node
from tests.asterisk.node import Nodes
from tests.running import PATIENCE_S

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

NODE = NodeId("centre")
SUPPORT = QueueId("support")
FORWARDER = "109"

E = TypeVar("E")
_numbers = count(1)


@dataclass(slots=True, kw_only=True)
class Events:
    """What the switch said and no test has taken yet."""

    untaken: list[SwitchEvent] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self, switch: AsteriskSwitch) -> None:
        async with aclosing(switch.events()) as events:  # type: ignore[type-var]  # a generator, which the port does not promise
            async for event in events:
                self.untaken.append(event)
                self.arrived.set()

    async def next(self, kind: type[E], where: Callable[[E], bool] = lambda _: True) -> E:
        """The first event of this kind not taken yet, now or within the deadline."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for index, event in enumerate(self.untaken):
                    if isinstance(event, kind) and where(event):
                        del self.untaken[index]
                        return event
                self.arrived.clear()
                await self.arrived.wait()

    async def reachable(self, endpoint: str) -> None:
        await self.next(EndpointReached, lambda event: event.endpoint == endpoint and event.reachable)

    def of(self, leg_id: LegId) -> list[SwitchEvent]:
        return [event for event in self.untaken if getattr(event, "leg_id", None) == leg_id]


@dataclass(slots=True, kw_only=True)
class Bench:
    """A running centre, its switch, and the carrier."""

    nodes: Nodes
    switch: AsteriskSwitch
    events: Events
    carrier: Carrier
    seen: list[Seen]
    heard: asyncio.Event

    async def call(self) -> tuple[Call, CallerEntered]:
        order = Order(label=self.carrier.label(), caller="+79161234567", to="+78005550102")
        call = await self.carrier.place(order)
        return call, await self.events.next(CallerEntered)

    async def ring(self, extension: str, *, limit_ms: int = 15_000) -> RingAgent:
        number = next(_numbers)
        command = RingAgent(
            assignment_id=AssignmentId(f"a{number}"),
            agent_id=AgentId(f"u{extension}"),
            contact_id=ContactId(f"c{number}"),
            leg_id=LegId(f"leg-a{number}-1"),
            node=NODE,
            device=Device.SIP,
            limit_ms=limit_ms,
        )
        await self.switch.execute(command)
        return command

    async def join(self, caller: CallerEntered, ring: RingAgent) -> JoinLegs:
        command = JoinLegs(
            contact_id=ring.contact_id,
            assignment_id=ring.assignment_id,
            bridge_id=BridgeId(f"talk-{ring.contact_id}"),
            node=NODE,
            caller_leg=caller.leg_id,
            agent_leg=ring.leg_id,
        )
        await self.switch.execute(command)
        return command

    async def talk(self, extension: str = "101") -> tuple[Call, CallerEntered, RingAgent, JoinLegs]:
        call, caller = await self.call()
        ring = await self.ring(extension)
        await self.events.next(LegAnswered)
        return call, caller, ring, await self.join(caller, ring)

    async def listed(self, such: Callable[[Listing], bool]) -> Listing:
        """The first listing that is such: Asterisk lists a leg or a bridge a moment longer than it speaks of it."""
        async with asyncio.timeout(PATIENCE_S):
            while not such(listing := await self.switch.list_legs()):
                pass
            return listing

    async def until_heard(self, who: Who, label: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not any(one.who is who and one.label == label and one.step is Step.HEARD for one in self.seen):
                self.heard.clear()
                await self.heard.wait()

    def take(self, one: Seen) -> None:
        self.seen.append(one)
        self.heard.set()


def switch_of(home: Home, *, ari_port: int | None = None) -> AsteriskSwitch:
    return AsteriskSwitch(
        node=NODE,
        address=Address(
            host=home.ports.CENTRE_ADDRESS,
            ari_port=ari_port or home.ports.http,
            ari_username=home.secrets.ari_user,
            ari_password=home.secrets.ari_password,
            ami_port=home.ports.ami,
            ami_username=home.secrets.ami_user,
            ami_password=home.secrets.ami_password,
        ),
        media=Media(bind="127.0.0.1"),
        region="RU",
    )


def ari_of(home: Home) -> httpx.AsyncClient:
    auth = (home.secrets.ari_user, home.secrets.ari_password)
    return httpx.AsyncClient(base_url=home.ari_url, auth=auth, timeout=PATIENCE_S, trust_env=False)


def phone(extension: str) -> Phone:
    return Phone(agent_id=AgentId(f"u{extension}"), extension=extension, secret=f"secret{extension}")


@asynccontextmanager
async def followed(switch: AsteriskSwitch) -> AsyncIterator[Events]:
    events = Events()
    task = asyncio.create_task(events.follow(switch))
    try:
        await events.next(SwitchConnected)
        yield events
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nodes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nodes]:
    async with node.running(tmp_path_factory.mktemp("s")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def bench(nodes: Nodes) -> AsyncIterator[Bench]:
    switch = switch_of(nodes.home)
    async with Carrier(nodes.home) as carrier, followed(switch) as events:
        bench = Bench(nodes=nodes, switch=switch, events=events, carrier=carrier, seen=[], heard=asyncio.Event())
        carrier.listen(bench.take)
        for extension in ("101", "102"):
            await switch.provision(phone(extension))
            await carrier.behave(extension, ring_s=0, talk_s=0)
        await carrier.register([SipPhone(extension=one, secret=f"secret{one}") for one in ("101", "102")])
        for extension in ("101", "102"):
            await events.reachable(f"agent-{extension}")
        yield bench
        left = await switch.list_legs()
        for leg in left.legs:
            await switch.execute(EndLeg(leg_id=leg.leg_id, node=NODE))
        for bridge in left.bridges:
            await switch.execute(DropBridge(bridge_id=bridge.bridge_id, node=NODE))
        await bench.listed(is_empty)  # what ends late would be heard by the next test


def is_empty(listing: Listing) -> bool:
    return not (listing.legs or listing.bridges or listing.other_channels)


async def test_a_caller_enters_with_what_the_dialplan_knows_of_him(bench: Bench) -> None:
    call, caller = await bench.call()
    assert (caller.number, caller.dialled, caller.queue_id) == ("+79161234567", "+78005550102", SUPPORT)
    assert caller.arrived_ms > 0
    await bench.carrier.hang_up(call.order.label)
    assert await bench.events.next(LegEnded) == LegEnded(leg_id=caller.leg_id, cause=LegCause.NORMAL)


async def test_caller_and_agent_hear_each_other_and_the_caller_hangs_up(bench: Bench) -> None:
    call, caller, ring, join = await bench.talk()
    await bench.until_heard(Who.CALLER, call.order.label)
    await bench.until_heard(Who.PHONE, "101")
    await bench.carrier.hang_up(call.order.label)
    assert await bench.events.next(LegEnded) == LegEnded(leg_id=caller.leg_id, cause=LegCause.NORMAL)
    for _ in range(2):
        await bench.switch.execute(EndLeg(leg_id=ring.leg_id, node=NODE))
        await bench.switch.execute(DropBridge(bridge_id=join.bridge_id, node=NODE))
    assert await bench.events.next(LegEnded) == LegEnded(leg_id=ring.leg_id, cause=LegCause.NORMAL)
    with pytest.raises(ChannelGone):
        await bench.switch.execute(join)
    await bench.listed(lambda listing: not listing.bridges)  # a join that failed leaves nothing behind
    assert not bench.events.of(caller.leg_id)
    assert not bench.events.of(ring.leg_id), "one end, once"


async def test_a_talk_outlives_hold_and_every_command_said_twice(bench: Bench) -> None:
    _, caller, ring, join = await bench.talk()
    await bench.switch.execute(ring)
    await bench.switch.execute(join)
    hold = HoldLeg(leg_id=caller.leg_id, bridge_id=join.bridge_id, node=NODE, queue_id=SUPPORT)
    for _ in range(2):
        await bench.switch.execute(hold)
    await bench.listed(lambda listing: [bridge.legs for bridge in listing.bridges] == [{ring.leg_id}])
    bench.seen.clear()
    await bench.switch.execute(join)
    await bench.switch.mute(ring.leg_id, muted=True)
    await bench.switch.mute(ring.leg_id, muted=False)
    await bench.switch.send_digits(ring.leg_id, "12#")
    await bench.listed(lambda listing: [bridge.legs for bridge in listing.bridges] == [{ring.leg_id, caller.leg_id}])


async def test_a_caller_whose_agent_was_lost_hears_the_next_one_after_music(bench: Bench) -> None:
    _, caller, ring, join = await bench.talk()
    await bench.switch.execute(EndLeg(leg_id=ring.leg_id, node=NODE))
    await bench.events.next(LegEnded)
    await bench.switch.execute(PlayMusic(leg_id=caller.leg_id, node=NODE, queue_id=SUPPORT))
    await bench.switch.execute(DropBridge(bridge_id=join.bridge_id, node=NODE))
    bench.seen.clear()
    second = await bench.ring("102")
    await bench.events.next(LegAnswered)
    await bench.join(caller, second)
    await bench.until_heard(Who.PHONE, "102")


async def test_a_supervisors_ear_is_changed_for_another_and_goes_with_the_agents_leg(bench: Bench) -> None:
    _, _, ring, _ = await bench.talk()
    leg = LegId(f"party-{ring.contact_id}-1")
    await bench.switch.execute(
        RingParty(
            leg_id=leg,
            contact_id=ring.contact_id,
            agent_id=AgentId("u102"),
            device=Device.SIP,
            heard_by=None,
            bridge_id=BridgeId(f"ear-{leg}"),
            node=NODE,
            limit_ms=15_000,
        )
    )
    await bench.events.next(PartyAnswered)
    listens = Overhear(
        leg_id=leg,
        spied=ring.leg_id,
        snoop=LegId(f"snoop-{leg}-2"),
        instead_of=None,
        whispering=False,
        bridge_id=BridgeId(f"ear-{leg}"),
        node=NODE,
    )
    coaches = structs.replace(listens, snoop=LegId(f"snoop-{leg}-3"), instead_of=listens.snoop, whispering=True)
    for order in (listens, listens, coaches, coaches):
        await bench.switch.execute(order)
        await bench.listed(lambda listing, ear=order.snoop: _ears(listing) == [{leg, ear}])  # type: ignore[misc]  # a default in a lambda
    ended = await bench.events.next(LegEnded)
    assert ended.leg_id == listens.snoop
    await bench.switch.execute(EndLeg(leg_id=ring.leg_id, node=NODE))
    gone = {(await bench.events.next(LegEnded)).leg_id for _ in range(2)}
    assert gone == {ring.leg_id, coaches.snoop}
    with pytest.raises(ChannelGone):
        await bench.switch.execute(structs.replace(listens, snoop=LegId(f"snoop-{leg}-4")))


def _ears(listing: Listing) -> list[frozenset[LegId]]:
    """Who is in each bridge in which a supervisor hears a talk; an ear that is nobody's any more spoils it."""
    there = {leg.leg_id for leg in listing.legs if leg.ear}
    found = [bridge.legs for bridge in listing.bridges if bridge.bridge_id.startswith("ear-")]
    return found if all(there <= legs for legs in found) else []


async def test_an_agent_who_hangs_up_ends_only_his_own_leg(bench: Bench) -> None:
    await bench.carrier.behave("101", ring_s=0, talk_s=1)
    _, caller, ring, _ = await bench.talk()
    assert await bench.events.next(LegEnded) == LegEnded(leg_id=ring.leg_id, cause=LegCause.NORMAL)
    await bench.listed(lambda listing: [leg.caller for leg in listing.legs] == [caller])


async def test_a_ring_without_answer_fails_at_its_limit(bench: Bench) -> None:
    await bench.carrier.behave("101", ring_s=30, talk_s=0)
    ring = await bench.ring("101", limit_ms=1_000)
    failed = await bench.events.next(RingFailed)
    assert (failed.assignment_id, failed.cause) == (ring.assignment_id, LegCause.NO_ANSWER)


async def test_a_ring_that_is_withdrawn_fails_as_normal(bench: Bench) -> None:
    await bench.carrier.behave("101", ring_s=30, talk_s=0)
    ring = await bench.ring("101")
    listed = await bench.switch.list_legs()
    assert [(leg.assignment_id, leg.answered) for leg in listed.legs] == [(ring.assignment_id, False)]
    await bench.switch.execute(EndLeg(leg_id=ring.leg_id, node=NODE))
    assert (await bench.events.next(RingFailed)).cause is LegCause.NORMAL


async def test_a_phone_that_is_not_registered_is_gone(bench: Bench) -> None:
    await bench.switch.provision(phone("108"))
    with pytest.raises(ChannelGone):
        await bench.ring("108")


async def test_a_withdrawn_line_can_neither_register_nor_be_rung_and_its_extension_begins_anew(bench: Bench) -> None:
    gone, home = phone("107"), bench.nodes.home
    await bench.switch.provision(gone)
    await bench.carrier.register([SipPhone(extension="107", secret=gone.secret)])
    await bench.events.reachable("agent-107")
    fallback = SetFallback(agent_id=gone.agent_id, device=Device.SIP, queue_ids=(SUPPORT,), available=True)
    await bench.switch.execute(fallback)
    for _ in range(2):
        await bench.switch.withdraw(gone)
    with pytest.raises(ChannelGone):
        await bench.ring("107")
    assert "agent-107" not in bench.nodes.console(home.asterisk, "pjsip show contacts")
    assert "agent-107" not in bench.nodes.console(home.asterisk, "pjsip show auths")
    assert "agent-107" not in bench.nodes.console(home.asterisk, "queue show fallback-support")
    async with ari_of(home) as ari:
        standing = {one["resource"] for one in (await ari.get("/ari/endpoints/PJSIP")).json()}
    assert "agent-101" in standing
    assert not standing & {"agent-107", "agent-107-web"}
    await bench.switch.provision(replace(gone, secret="another"))
    with pytest.raises(ChannelGone):
        await bench.ring("107")
    await bench.carrier.unregister(["107"])
    await bench.switch.withdraw(gone)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ("486 Busy Here", LegCause.BUSY),
        ("600 Busy Everywhere", LegCause.BUSY),
        ("603 Decline", LegCause.REJECTED),
        ("480 Temporarily Unavailable", LegCause.NO_ANSWER),
    ],
)
async def test_what_a_phone_answers_is_why_the_ring_failed(
    bench: Bench, tmp_path: Path, answer: str, cause: LegCause
) -> None:
    await bench.switch.provision(phone(FORWARDER))
    text = Path(__file__).with_name("refuse.xml").read_text()
    scenario = tmp_path / "refuse.xml"
    scenario.write_text(text.replace("ANSWER", answer))
    async with answering(bench, scenario, tmp_path):
        await bench.ring(FORWARDER)
        assert (await bench.events.next(RingFailed)).cause is cause


async def test_a_phone_that_forwards_is_a_refused_ring_and_no_further_call(bench: Bench, tmp_path: Path) -> None:
    await bench.switch.provision(phone(FORWARDER))
    async with answering(bench, Path(__file__).with_name("redirect.xml"), tmp_path):
        ring = await bench.ring(FORWARDER)
        failed = await bench.events.next(RingFailed)
        assert failed.assignment_id == ring.assignment_id
    await bench.listed(is_empty)
    assert not any(one.label.endswith("79990001122") for one in bench.seen)


@asynccontextmanager
async def answering(bench: Bench, scenario: Path, directory: Path) -> AsyncIterator[None]:
    """The forwarder's phone, played by SIPp for one call, which must come."""
    sipp = shutil.which("sipp")
    assert sipp is not None, "SIPp is missing: run `make setup`"
    home, port = bench.nodes.home, bench.nodes.home.ports.base + 60
    async with ari_of(home) as ari:
        values = {"contact": f"sip:{FORWARDER}@127.0.0.1:{port}", "qualify_frequency": "0"}
        fields = [{"attribute": name, "value": value} for name, value in values.items()]
        done = await ari.put(f"/ari/asterisk/config/dynamic/res_pjsip/aor/agent-{FORWARDER}", json={"fields": fields})
        assert done.status_code == httpx.codes.OK
    process = await asyncio.create_subprocess_exec(
        sipp, "-sf", scenario, "-i", "127.0.0.1", "-p", str(port), "-m", "1",
        "-nostdin",
        cwd=directory, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0, "the phone was rung and did answer"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_callers_in_the_static_queue_come_back_with_their_time_of_arrival(bench: Bench) -> None:
    _, caller = await bench.call()
    home = bench.nodes.home
    async with ari_of(home) as ari:
        done = await ari.post(
            f"/ari/channels/{caller.leg_id}/continue",
            params={"context": "fallback", "extension": SUPPORT, "priority": "1"},
        )
        assert done.status_code == httpx.codes.NO_CONTENT
    await bench.events.next(LegEnded)
    async with asyncio.timeout(PATIENCE_S):
        while not await bench.switch.reclaim():
            pass
    back = await bench.events.next(CallerEntered)
    assert (back.leg_id, back.arrived_ms, back.queue_id) == (caller.leg_id, caller.arrived_ms, SUPPORT)


async def test_an_agent_is_in_the_static_queues_as_told(bench: Bench) -> None:
    for available in (True, True, False, False):
        await bench.switch.execute(
            SetFallback(agent_id=AgentId("u101"), device=Device.SIP, queue_ids=(SUPPORT,), available=available)
        )
        shown = bench.nodes.console(bench.nodes.home.asterisk, "queue show fallback-support")
        assert ("PJSIP/agent-101" in shown) is available


@pytest.mark.lesson(10)
async def test_a_lost_connection_comes_back_and_the_legs_are_still_there(bench: Bench) -> None:
    _, caller, ring, join = await bench.talk()
    home = bench.nodes.home
    async with proxy(home.ports.http) as wire, followed(switch_of(home, ari_port=wire.port)) as events:
        # The first switch was replaced by this one: it says so, and stands back.
        await bench.events.next(SwitchDisconnected)
        wire.cut()
        await events.next(SwitchDisconnected)
        await events.next(SwitchConnected)
    await bench.events.next(SwitchConnected)
    listed = await bench.switch.list_legs()
    assert {leg.leg_id for leg in listed.legs} == {caller.leg_id, ring.leg_id}
    assert [bridge.bridge_id for bridge in listed.bridges] == [join.bridge_id]
    await bench.switch.execute(EndLeg(leg_id=ring.leg_id, node=NODE))
    assert (await bench.events.next(LegEnded)).leg_id == ring.leg_id


@pytest.mark.lesson(9)
@pytest.mark.lesson(10)
async def test_after_a_restart_of_asterisk_lines_and_contacts_are_there_again(bench: Bench) -> None:
    os.kill(bench.nodes.pids["asterisk"], signal.SIGKILL)
    await bench.events.next(SwitchDisconnected)
    with pytest.raises(AsteriskDown):
        await bench.switch.list_legs()
    bench.events.untaken.clear()
    await bench.events.next(SwitchConnected)
    await bench.carrier.unregister(["101"])
    await bench.carrier.register([SipPhone(extension="101", secret="secret101")])
    await bench.events.reachable("agent-101")
    await bench.carrier.behave("101", ring_s=0, talk_s=0)
    ring = await bench.ring("101")
    assert (await bench.events.next(LegAnswered)).leg_id == ring.leg_id
    listed = await bench.switch.list_legs()
    assert [leg.leg_id for leg in listed.legs] == [ring.leg_id]


@pytest.mark.lesson(10)
async def test_after_a_lost_connection_the_next_caller_and_the_next_answer_are_told_of(bench: Bench) -> None:
    async with followed(switch_of(bench.nodes.home)):
        await bench.events.next(SwitchDisconnected)
    await bench.events.next(SwitchConnected)
    call, caller, ring, _ = await bench.talk()
    assert not bench.events.of(ring.leg_id)
    await bench.carrier.hang_up(call.order.label)
    assert (await bench.events.next(LegEnded)).leg_id == caller.leg_id


@pytest.mark.lesson(5)
async def test_a_phone_that_vanishes_without_a_bye_is_a_lost_leg(bench: Bench) -> None:
    """Last: the fixture's carrier, and with it the phone, is killed."""
    async with ari_of(bench.nodes.home) as ari:
        fields = {"fields": [{"attribute": "rtp_timeout", "value": "2"}]}
        await ari.put("/ari/asterisk/config/dynamic/res_pjsip/endpoint/agent-101", json=fields)
    _, _, ring, _ = await bench.talk()
    await bench.until_heard(Who.PHONE, "101")
    os.kill(bench.nodes.pids["carrier"], signal.SIGKILL)
    assert await bench.events.next(LegEnded) == LegEnded(leg_id=ring.leg_id, cause=LegCause.LOST)


# -- a wire that can be cut ----------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Wire:
    """A TCP proxy on loopback whose connections can be cut, as a network does it: without a word."""

    port: int
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()


@asynccontextmanager
async def proxy(target: int) -> AsyncIterator[Wire]:
    wire = Wire(port=0)

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        out_reader, out_writer = await asyncio.open_connection("127.0.0.1", target)
        wire.writers += [writer, out_writer]
        await asyncio.gather(copy(reader, out_writer), copy(out_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    async with server:
        yield wire
        wire.cut()
