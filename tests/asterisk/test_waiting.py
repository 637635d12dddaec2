"""What a waiting caller is told, how he leaves, and calling him back: `AsteriskSwitch` on a real Asterisk."""

import asyncio
import wave
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import wait
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from cti.asterisk.calls import Customer, said
from cti.asterisk.endpoints import Media
from cti.asterisk.lookups import Lookups
from cti.asterisk.switch import Address, AsteriskSwitch
from cti.config import Language
from cti.demo.carrier import Call, Carrier, Order, Seen, SipPhone, Step, Who
from cti.domain.commands import (
    Announce,
    DialCustomer,
    DropBridge,
    EndLeg,
    JoinLegs,
    PlayMusic,
    PromiseCallback,
    RingAgent,
    SendAway,
)
from cti.domain.events import CallbackRequested, LegAnswered, LegEnded, RingFailed
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    BridgeId,
    ContactId,
    DestinationId,
    Device,
    LegCause,
    LegId,
    NodeId,
    QueueId,
)
from cti.home import Home
from cti.ports import CallerEntered, CallerLost, ListedLeg
from cti.prompts import OWN, Prompts, Speech
from cti.variables import Lost
from tests.asterisk import node
from tests.asterisk.node import Nodes
from tests.asterisk.test_switch import Events, followed, phone
from tests.running import PATIENCE_S, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

NODE = NodeId("centre")
SUPPORT = QueueId("support")
CALLER = "+79161234567"
DESTINATIONS = """
destinations:
  elsewhere: {name: {en: Elsewhere, ru: Другое место}, number: "+79990000001"}
  nobody: {name: {en: Nobody, ru: Никто}, number: "+79990000000"}
  box: {name: {en: Box, ru: Ящик}, voicemail: {prompt: silence, limit_s: 60}}
"""
_numbers = count(1)


@dataclass(slots=True, kw_only=True)
class Bench:
    """A running centre whose music is silence: whatever a caller hears, somebody said."""

    nodes: Nodes
    switch: AsteriskSwitch
    events: Events
    carrier: Carrier
    seen: list[Seen]
    news: asyncio.Event
    ari: httpx.AsyncClient
    customers: dict[ContactId, Customer]

    def take(self, one: Seen) -> None:
        self.seen.append(one)
        self.news.set()

    async def until(self, who: Who, label: str, step: Step, *, within_s: float = 20) -> Seen:
        async with asyncio.timeout(within_s):
            while True:
                for one in self.seen:
                    if (one.who, one.label, one.step) == (who, label, step):
                        return one
                self.news.clear()
                await self.news.wait()

    async def wait(self) -> tuple[Call, CallerEntered]:
        """A caller waits, with music."""
        call = await self.carrier.place(Order(label=self.carrier.label(), caller=CALLER, to="+78005550102"))
        await self.carrier.watch_closely(call.order.label)
        caller = await self.events.next(CallerEntered)
        await self.switch.execute(PlayMusic(leg_id=caller.leg_id, node=NODE, queue_id=SUPPORT))
        async with asyncio.timeout(10):
            await call.answered.wait()
        await self.carrier.listen_to_centre(call.order.label)
        return call, caller

    async def playing(self, leg_id: LegId) -> tuple[str, str] | None:
        """The medium that this leg is told, and in what language; None when there is none."""
        answer = await self.ari.get(f"/playbacks/{said(leg_id)}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        body = answer.raise_for_status().json()
        return body["media_uri"], body["language"]

    async def ring(self) -> RingAgent:
        number = next(_numbers)
        command = RingAgent(
            assignment_id=AssignmentId(f"a{number}"),
            agent_id=AgentId("u101"),
            contact_id=ContactId(f"c{number}"),
            leg_id=LegId(f"leg-a{number}-1"),
            node=NODE,
            device=Device.SIP,
            limit_ms=15_000,
        )
        await self.switch.execute(command)
        await self.events.next(LegAnswered, lambda event: event.leg_id == command.leg_id)
        return command

    async def dial(self, number: str, *, limit_ms: int = 15_000) -> tuple[RingAgent, DialCustomer]:
        """An agent has answered, and his customer is called."""
        ring = await self.ring()
        self.customers[ring.contact_id] = Customer(number=number, language="ru")
        command = DialCustomer(
            assignment_id=ring.assignment_id,
            contact_id=ring.contact_id,
            leg_id=LegId(f"customer-{ring.assignment_id}"),
            agent_leg=ring.leg_id,
            node=NODE,
            limit_ms=limit_ms,
        )
        await self.switch.execute(command)
        return ring, command


def announce(caller: CallerEntered, *, position: int | None = 3, offer: bool = False) -> Announce:
    return Announce(
        contact_id=ContactId("c-waiting"),
        leg_id=caller.leg_id,
        node=NODE,
        queue_id=SUPPORT,
        position=position,
        expected_ms=None if offer else 125_000,
        offer_callback=offer,
    )


def join(ring: RingAgent, customer: LegId) -> JoinLegs:
    return JoinLegs(
        contact_id=ring.contact_id,
        assignment_id=ring.assignment_id,
        bridge_id=BridgeId(f"talk-{ring.contact_id}"),
        node=NODE,
        caller_leg=customer,
        agent_leg=ring.leg_id,
    )


@contextmanager
def spoken(home: Home) -> Iterator[Prompts]:
    """Our sentences, made beforehand."""
    prompts = Prompts(home.prompts, speech=Speech.find())
    wait(prompts.prepare(OWN.values()))
    try:
        yield prompts
    finally:
        prompts.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nodes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nodes]:
    folder = tmp_path_factory.mktemp("w")
    music = folder / "music" / "default"
    music.mkdir(parents=True)
    with wave.open(str(music / "silence.wav"), "wb") as silence:
        silence.setnchannels(1)
        silence.setsampwidth(2)
        silence.setframerate(8000)
        silence.writeframes(b"\0" * 16_000 * 60)
    async with node.running(folder, more=DESTINATIONS, max_calls=2) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def bench(nodes: Nodes) -> AsyncIterator[Bench]:
    home = nodes.home
    customers: dict[ContactId, Customer] = {}
    with spoken(home) as prompts:
        switch = AsteriskSwitch(
            node=NODE,
            address=Address(
                host=home.ports.CENTRE_ADDRESS,
                ari_port=home.ports.http,
                ari_username=home.secrets.ari_user,
                ari_password=home.secrets.ari_password,
                ami_port=home.ports.ami,
                ami_username=home.secrets.ami_user,
                ami_password=home.secrets.ami_password,
            ),
            media=Media(bind="127.0.0.1"),
            region="RU",
            lookups=Lookups(
                customer=lambda contact_id: customers.get(contact_id, Customer(number=CALLER)),
                caller_id="+78005550100",
                sounds=lambda key, language: prompts.ready(OWN[key], Language(language)),
            ),
        )
        ari = httpx.AsyncClient(
            base_url=f"http://{home.ports.CENTRE_ADDRESS}:{home.ports.http}/ari",
            auth=(home.secrets.ari_user, home.secrets.ari_password),
            trust_env=False,
        )
        async with Carrier(home) as carrier, followed(switch) as events, aclosing(ari):
            bench = Bench(
                nodes=nodes,
                switch=switch,
                events=events,
                carrier=carrier,
                seen=[],
                news=asyncio.Event(),
                ari=ari,
                customers=customers,
            )
            carrier.listen(bench.take)
            await switch.provision(phone("101"))
            await carrier.behave("101", ring_s=0, talk_s=0)
            await carrier.register([SipPhone(extension="101", secret="secret101")])
            await events.reachable("agent-101")
            yield bench
            left = await switch.list_legs()
            for leg in left.legs:
                await switch.execute(EndLeg(leg_id=leg.leg_id, node=NODE))
            for bridge in left.bridges:
                await switch.execute(DropBridge(bridge_id=bridge.bridge_id, node=NODE))


async def test_a_caller_is_told_his_place_and_his_wait_and_music_goes_on(bench: Bench) -> None:
    call, caller = await bench.wait()
    command = announce(caller)
    await bench.switch.execute(command)
    playing = await bench.playing(caller.leg_id)
    assert playing is not None
    assert playing[0].startswith(f"sound:{bench.nodes.home.prompts}/en/queue_position-")
    await bench.until(Who.CALLER, call.order.label, Step.SPEAKS)
    heard = {playing[0]}
    async with asyncio.timeout(20):
        while (playing := await bench.playing(caller.leg_id)) is not None:
            heard.add(playing[0])
    assert "sound:digits/3" in heard
    assert any("queue_wait-" in medium for medium in heard)
    assert bench.events.of(caller.leg_id) == []


async def test_nothing_of_an_announcement_is_heard_in_a_talk(bench: Bench) -> None:
    call, caller = await bench.wait()
    ring = await bench.ring()
    await bench.switch.execute(announce(caller, offer=True))
    await bench.until(Who.CALLER, call.order.label, Step.SPEAKS)
    began = asyncio.get_running_loop().time()
    await bench.switch.execute(join(ring, caller.leg_id))
    assert asyncio.get_running_loop().time() - began < 1.5, "the bridge waited for the end of the sentence"
    assert await bench.playing(caller.leg_id) is None
    await bench.until(Who.CALLER, call.order.label, Step.HEARD, within_s=5)
    await bench.until(Who.PHONE, "101", Step.HEARD, within_s=5)


async def test_one_key_asks_for_a_callback_and_no_other_is_heard(bench: Bench) -> None:
    call, caller = await bench.wait()
    await bench.switch.execute(announce(caller, offer=True))
    for digit in ("5", "#", "1"):
        await bench.carrier.press(call.order.label, digit)
    assert await bench.events.next(CallbackRequested) == CallbackRequested(leg_id=caller.leg_id)
    command = PromiseCallback(contact_id=ContactId("c1"), leg_id=caller.leg_id, node=NODE)
    await bench.switch.execute(command)
    assert await bench.events.next(LegEnded) == LegEnded(leg_id=caller.leg_id, cause=LegCause.NORMAL)
    listing = await bench.switch.list_legs()
    assert caller.leg_id not in {leg.leg_id for leg in listing.legs}
    assert not call.ended.done(), "he is told first"
    async with asyncio.timeout(20):
        assert (await call.ended).cause == 16
    assert bench.events.of(caller.leg_id) == []


async def test_a_customer_is_called_back_while_his_agent_hears_ringing(bench: Bench) -> None:
    ring, dial = await bench.dial("+79990000007")
    await bench.switch.execute(dial)
    assert await bench.playing(ring.leg_id) == ("tone:ring", "en")
    [agent, customer] = sorted((await bench.switch.list_legs()).legs, key=lambda leg: leg.leg_id, reverse=True)
    assert customer == ListedLeg(leg_id=dial.leg_id, answered=False, caller=None, assignment_id=dial.assignment_id)
    assert agent.leg_id == ring.leg_id
    answered = await bench.events.next(LegAnswered)
    assert answered == LegAnswered(assignment_id=dial.assignment_id, leg_id=dial.leg_id, node=NODE)
    await bench.switch.execute(join(ring, dial.leg_id))
    assert await bench.playing(ring.leg_id) is None
    await bench.until(Who.PHONE, "101", Step.HEARD)
    await bench.switch.execute(EndLeg(leg_id=dial.leg_id, node=NODE))
    assert await bench.events.next(LegEnded) == LegEnded(leg_id=dial.leg_id, cause=LegCause.NORMAL)


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        ("+79990000000", LegCause.BUSY),
        ("+79990000005", LegCause.NO_ANSWER),
        ("+79990000008", LegCause.NO_SUCH_NUMBER),
        ("", LegCause.NO_SUCH_NUMBER),
        ("+7999@evil", LegCause.NO_SUCH_NUMBER),
        ("101", LegCause.NO_SUCH_NUMBER),
    ],
)
async def test_a_customer_who_cannot_be_reached_is_a_failed_ring(bench: Bench, number: str, cause: LegCause) -> None:
    _, dial = await bench.dial(number, limit_ms=2_000)
    failed = await bench.events.next(RingFailed)
    assert failed == RingFailed(assignment_id=dial.assignment_id, leg_id=dial.leg_id, cause=cause)


async def test_a_caller_sent_away_talks_to_the_number_and_is_ours_no_more(bench: Bench) -> None:
    call, caller = await bench.wait()
    command = SendAway(
        contact_id=ContactId("c1"), leg_id=caller.leg_id, node=NODE, destination=DestinationId("elsewhere")
    )
    await bench.switch.execute(command)
    assert await bench.events.next(LegEnded) == LegEnded(leg_id=caller.leg_id, cause=LegCause.NORMAL)
    await bench.until(Who.CALLER, call.order.label, Step.SPEAKS)
    listing = await bench.switch.list_legs()
    assert not listing.legs
    assert caller.leg_id in listing.other_channels
    await bench.carrier.hang_up(call.order.label)


async def test_a_message_left_in_a_box_is_a_file_with_sound(bench: Bench) -> None:
    call, caller = await bench.wait()
    command = SendAway(contact_id=ContactId("c1"), leg_id=caller.leg_id, node=NODE, destination=DestinationId("box"))
    await bench.switch.execute(command)
    await bench.events.next(LegEnded)
    folder = bench.nodes.home.voicemail
    await soon(lambda: any(file.stat().st_size > 16_000 for file in folder.glob("box-*.wav")), what="a second recorded")
    await bench.carrier.hang_up(call.order.label)
    async with asyncio.timeout(PATIENCE_S):
        await call.ended
    [message] = folder.glob("box-*.wav")
    assert CALLER.strip("+") not in message.name
    await soon(lambda: recorded(message), what="Asterisk has closed the file")
    samples = memoryview(recorded(message)).cast("h")
    assert max(samples) > 1000


def recorded(message: Path) -> bytes:
    """The sound; nothing while the file's head is not written, which is its last part to be."""
    try:
        with wave.open(str(message)) as file:
            return bytes(file.readframes(80_000))
    except (wave.Error, EOFError):
        return b""


async def test_a_caller_without_a_line_is_told_and_the_engine_too(bench: Bench) -> None:
    calls = [await bench.wait(), await bench.wait()]
    order = replace(calls[0][0].order, label=bench.carrier.label(), caller="+79160000009")
    turned_away = await bench.carrier.place(order)
    lost = await bench.events.next(CallerLost)
    assert (lost.number, lost.dialled, lost.queue_id, lost.why, lost.language) == (
        "+79160000009",
        "+78005550102",
        SUPPORT,
        Lost.LINES_BUSY,
        "en",
    )
    assert lost.at_ms > 0
    await bench.carrier.hang_up(turned_away.order.label)
