"""Agents' lines and campaigns' callees: `AsteriskSwitch` on a real Asterisk, with the emulated carrier's people."""

import asyncio
import re
from collections.abc import AsyncIterator
from concurrent.futures import wait
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count

import pytest
import pytest_asyncio

from cti.asterisk.calls import Customer
from cti.asterisk.endpoints import Media
from cti.asterisk.lines import LIMIT_S
from cti.asterisk.lookups import Lookups
from cti.asterisk.switch import Address, AsteriskSwitch
from cti.config import Language
from cti.demo.carrier import Carrier, Says, Seen, SipPhone, Step, Who
from cti.domain.commands import (
    Apologise,
    DetectMachine,
    DialLead,
    DropBridge,
    EndLeg,
    JoinLegs,
    QuietLine,
    RingLine,
    SetFallback,
)
from cti.domain.events import CalleeAnswered, CalleeFailed, LegEnded, LineAnswered, LineFailed
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    BridgeId,
    CampaignId,
    ContactId,
    Device,
    DialId,
    LeadId,
    LegCause,
    LegId,
    NodeId,
    QueueId,
)
from cti.errors import ChannelGone
from cti.home import Home
from cti.ports import ListedLeg
from cti.prompts import OWN, Own, Prompts, Speech
from tests.asterisk import node
from tests.asterisk.node import Nodes
from tests.asterisk.test_switch import Events, ari_of, followed, phone
from tests.running import soon

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

NODE = NodeId("centre")
SPRING = CampaignId("spring")
AGENT = AgentId("u101")
HUMAN, MACHINE, FAX = "1", "4", "6"
"""Last digits of numbers."""
_numbers = count(1)


@dataclass(slots=True, kw_only=True)
class Bench:
    """A running centre, its switch, an agent's phone that picks up at once, and the carrier's people."""

    nodes: Nodes
    switch: AsteriskSwitch
    events: Events
    connection: AsyncExitStack
    """Closed, the switch has no engine any more."""
    carrier: Carrier
    leads: dict[LeadId, Customer]
    seen: list[Seen]
    news: asyncio.Event

    def take(self, one: Seen) -> None:
        self.seen.append(one)
        self.news.set()

    async def until(self, who: Who, label: str, step: Step, *, within_s: float = 10) -> Seen:
        """The first such thing not taken yet."""
        async with asyncio.timeout(within_s):
            while True:
                for index, one in enumerate(self.seen):
                    if (one.who, one.label, one.step) == (who, label, step):
                        del self.seen[index]
                        return one
                self.news.clear()
                await self.news.wait()

    async def plug_in(self) -> None:
        """The agent's phone is there."""
        await self.switch.provision(phone("101"))
        await self.carrier.behave("101", ring_s=0, talk_s=0)
        await self.carrier.register([SipPhone(extension="101", secret="secret101")])
        await self.events.reachable("agent-101")

    async def line(self) -> RingLine:
        """The agent stays connected."""
        command = RingLine(
            agent_id=AGENT,
            leg_id=LegId(f"line-{AGENT}-{next(_numbers)}"),
            node=NODE,
            device=Device.SIP,
            limit_ms=15_000,
        )
        await self.switch.execute(command)
        answered = await self.events.next(LineAnswered)
        assert answered == LineAnswered(agent_id=AGENT, leg_id=command.leg_id, node=NODE)
        await self.switch.execute(QuietLine(leg_id=command.leg_id, node=NODE, bridge_id=None))
        return command

    async def dial(self, last_digit: str, *, limit_ms: int = 15_000) -> DialLead:
        """A lead is dialled, with a number that nobody else has.

        A carrier on this very machine may refuse before the leg is followed; then it is dialled again.
        """
        for _ in range(5):
            with suppress(ChannelGone):
                return await self._dial(last_digit, limit_ms=limit_ms)
        raise AssertionError("no dial was followed")

    async def _dial(self, last_digit: str, *, limit_ms: int) -> DialLead:
        number = next(_numbers)
        command = DialLead(
            dial_id=DialId(f"d{number}-1"),
            campaign_id=SPRING,
            lead_id=LeadId(f"l{number}"),
            leg_id=LegId(f"dial-d{number}-1"),
            node=NODE,
            limit_ms=limit_ms,
        )
        self.leads[command.lead_id] = Customer(number=f"+7999{number:06d}{last_digit}", language="ru")
        await self.switch.execute(command)
        return command

    def number(self, dial: DialLead) -> str:
        return self.leads[dial.lead_id].number

    async def answered(self, dial: DialLead) -> None:
        event = await self.events.next(CalleeAnswered, lambda one: one.dial_id == dial.dial_id)
        assert event == CalleeAnswered(dial_id=dial.dial_id, leg_id=dial.leg_id, node=NODE)

    async def listened(self, dial: DialLead) -> bool | None:
        """Have it found out what answered."""
        await self.answered(dial)
        await self.switch.execute(DetectMachine(dial_id=dial.dial_id, leg_id=dial.leg_id, node=NODE))
        back = await self.events.next(CalleeAnswered, lambda one: one.dial_id == dial.dial_id)
        return back.machine

    async def listened_to(self) -> ListedLeg:
        """The one leg that is there, once the switch is past handing it to the detection."""
        async with asyncio.timeout(10):
            while True:
                [leg] = (await self.switch.list_legs()).legs
                if leg.listening:
                    return leg

    async def join(self, line: RingLine, dial: DialLead) -> BridgeId:
        command = JoinLegs(
            contact_id=ContactId("c1"),
            assignment_id=AssignmentId("a1"),
            bridge_id=BridgeId(f"talk-{dial.dial_id}"),
            node=NODE,
            caller_leg=dial.leg_id,
            agent_leg=line.leg_id,
        )
        await self.switch.execute(command)
        return command.bridge_id

    async def talk(self, line: RingLine, dial: DialLead) -> None:
        """Both hear each other, and then the customer's side ends."""
        bridge_id = await self.join(line, dial)
        await self.until(Who.CALLED, self.number(dial), Step.HEARD)
        await self.until(Who.PHONE, "101", Step.SPEAKS)
        await self.switch.execute(EndLeg(leg_id=dial.leg_id, node=NODE))
        for _ in range(2):
            await self.switch.execute(QuietLine(leg_id=line.leg_id, node=NODE, bridge_id=bridge_id))
            await self.switch.execute(DropBridge(bridge_id=bridge_id, node=NODE))
        await self.events.next(LegEnded, lambda one: one.leg_id == dial.leg_id)

    async def silence(self, *, packets: int) -> None:
        """Wait until the phone has got so many more packets; 50 are a second."""
        first = self.packets_to_the_phone()
        await soon(lambda: self.packets_to_the_phone() >= first + packets, what=f"{packets} packets of silence")

    def packets_to_the_phone(self) -> int:
        """How many packets of sound the carrier, who holds the phone, has received on its leg, the oldest."""
        shown = self.nodes.console(self.nodes.home.carrier, "pjsip show channelstats")
        counts = re.findall(r"(centre-\S+)\s+\S+\s+\S+\s+(\d+)", shown)
        assert counts, shown
        return int(min(counts)[1])


def switch_of(
    home: Home, prompts: Prompts, leads: dict[LeadId, Customer], *, line_limit_s: int = LIMIT_S
) -> AsteriskSwitch:
    return AsteriskSwitch(
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
            caller_id="+78005550100",
            sounds=lambda key, language: prompts.ready(OWN[key], Language(language)),
            lead=lambda _, lead_id: leads.get(lead_id, Customer()),
        ),
        line_limit_s=line_limit_s,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nodes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nodes]:
    async with node.running(tmp_path_factory.mktemp("c")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def prompts(nodes: Nodes) -> AsyncIterator[Prompts]:
    made = Prompts(nodes.home.prompts, speech=Speech.find())
    wait(made.prepare([OWN[Own.NO_AGENT]]))
    yield made
    made.close()


@asynccontextmanager
async def standing(nodes: Nodes, prompts: Prompts, *, line_limit_s: int = LIMIT_S) -> AsyncIterator[Bench]:
    leads: dict[LeadId, Customer] = {}
    switch = switch_of(nodes.home, prompts, leads, line_limit_s=line_limit_s)
    async with Carrier(nodes.home) as carrier, AsyncExitStack() as connection:
        bench = Bench(
            nodes=nodes,
            switch=switch,
            events=await connection.enter_async_context(followed(switch)),
            connection=connection,
            carrier=carrier,
            leads=leads,
            seen=[],
            news=asyncio.Event(),
        )
        carrier.listen(bench.take)
        await carrier.watch_called()
        yield bench


@pytest_asyncio.fixture(loop_scope="module")
async def bench(nodes: Nodes, prompts: Prompts) -> AsyncIterator[Bench]:
    async with standing(nodes, prompts) as bench:
        await bench.plug_in()
        yield bench
        switch, carrier = bench.switch, bench.carrier
        await carrier.let_called_say(Says.HELLO)
        for leg in (await switch.list_legs()).legs:
            await switch.execute(EndLeg(leg_id=leg.leg_id, node=NODE))
        async with asyncio.timeout(10):  # what ends late would be heard by the next test
            while (listing := await switch.list_legs()).legs or listing.other_channels:
                pass


async def test_a_line_is_kept_alive_by_silence_both_ways(bench: Bench) -> None:
    async with ari_of(bench.nodes.home) as ari:
        fields = {"fields": [{"attribute": "rtp_timeout", "value": "1"}]}
        await ari.put("/ari/asterisk/config/dynamic/res_pjsip/endpoint/agent-101", json=fields)
    line = await bench.line()
    await bench.silence(packets=100)
    [leg] = (await bench.switch.list_legs()).legs
    assert (leg.leg_id, leg.agent_id, leg.answered) == (line.leg_id, AGENT, True)
    assert not bench.events.of(line.leg_id)


async def test_two_callees_talk_on_one_line_one_after_the_other(bench: Bench) -> None:
    line = await bench.line()
    for _ in range(2):
        dial = await bench.dial(HUMAN)
        await bench.answered(dial)
        await bench.talk(line, dial)
        await bench.silence(packets=50)
    listing = await bench.switch.list_legs()
    assert [leg.leg_id for leg in listing.legs] == [line.leg_id]
    assert not listing.bridges
    await bench.switch.execute(EndLeg(leg_id=line.leg_id, node=NODE))
    assert await bench.events.next(LegEnded) == LegEnded(leg_id=line.leg_id, cause=LegCause.NORMAL)
    with pytest.raises(ChannelGone):
        await bench.switch.execute(QuietLine(leg_id=line.leg_id, node=NODE, bridge_id=None))


async def test_a_line_is_hung_up_when_its_engine_has_long_been_away_but_not_in_a_talk(
    nodes: Nodes, prompts: Prompts
) -> None:
    async with standing(nodes, prompts, line_limit_s=2) as bench:
        await bench.plug_in()
        line = await bench.line()
        await bench.silence(packets=150)
        dial = await bench.dial(HUMAN)
        await bench.answered(dial)
        await bench.join(line, dial)
        picked_up = await bench.until(Who.CALLED, bench.number(dial), Step.ANSWERED)
        await bench.connection.aclose()
        await bench.silence(packets=150)
        assert not any(one.step is Step.ENDED for one in bench.seen)
        await bench.carrier.hang_up_called(picked_up.leg)
    async with standing(nodes, prompts, line_limit_s=2) as bench:
        [leg] = (await bench.switch.list_legs()).legs
        assert leg.leg_id == line.leg_id
        await bench.switch.execute(QuietLine(leg_id=line.leg_id, node=NODE, bridge_id=None))
        await bench.connection.aclose()
        await bench.until(Who.PHONE, "101", Step.ENDED, within_s=5)
        await bench.carrier.unregister(["101"])


async def test_a_phone_whose_line_is_up_is_busy_to_colleagues_and_to_the_static_queues(bench: Bench) -> None:
    await bench.line()
    fallback = SetFallback(agent_id=AGENT, device=Device.SIP, queue_ids=(QueueId("support"),), available=True)
    await bench.switch.execute(fallback)
    asterisk = bench.nodes.home.asterisk
    [member] = re.findall("u101 .*", bench.nodes.console(asterisk, "queue show fallback-support"))
    assert "(ringinuse disabled)" in member
    assert "(Busy)" in member
    assert "BUSY" in bench.nodes.console(asterisk, "dialplan eval function DEVICE_STATE(PJSIP/agent-101)")


async def test_a_line_that_is_not_picked_up_has_failed(bench: Bench) -> None:
    await bench.carrier.behave("101", ring_s=30, talk_s=0)
    command = RingLine(agent_id=AGENT, leg_id=LegId(f"line-{AGENT}-0"), node=NODE, device=Device.SIP, limit_ms=1_000)
    await bench.switch.execute(command)
    failed = await bench.events.next(LineFailed)
    assert failed == LineFailed(agent_id=AGENT, leg_id=command.leg_id, cause=LegCause.NO_ANSWER)


async def test_each_way_not_to_reach_a_callee_has_its_cause(bench: Bench) -> None:
    causes = {
        "0": LegCause.BUSY,
        "5": LegCause.NO_ANSWER,
        "8": LegCause.NO_SUCH_NUMBER,
        "9": LegCause.CONGESTION,
        "@evil": LegCause.NO_SUCH_NUMBER,
    }
    limits = {ending: 1_000 if cause is LegCause.NO_ANSWER else 15_000 for ending, cause in causes.items()}
    dials = {ending: await bench.dial(ending, limit_ms=limit_ms) for ending, limit_ms in limits.items()}
    nobody = DialLead(
        dial_id=DialId("d0"),
        campaign_id=SPRING,
        lead_id=LeadId("unknown"),
        leg_id=LegId("dial-d0"),
        node=NODE,
        limit_ms=1_000,
    )
    await bench.switch.execute(nobody)
    failed = {one.dial_id: one for one in [await bench.events.next(CalleeFailed) for _ in range(len(causes) + 1)]}
    for dial, cause in [*((dials[ending], cause) for ending, cause in causes.items()), (nobody, causes["8"])]:
        assert failed[dial.dial_id] == CalleeFailed(dial_id=dial.dial_id, leg_id=dial.leg_id, cause=cause)


async def test_a_dial_that_is_given_up_rings_no_more(bench: Bench) -> None:
    dial = await bench.dial("5")
    await bench.until(Who.CALLED, bench.number(dial), Step.RINGING)
    [leg] = (await bench.switch.list_legs()).legs
    assert (leg.dial_id, leg.answered) == (dial.dial_id, False)
    await bench.switch.execute(EndLeg(leg_id=dial.leg_id, node=NODE))
    assert (await bench.events.next(CalleeFailed)).cause is LegCause.NORMAL
    await bench.until(Who.CALLED, bench.number(dial), Step.ENDED)


async def test_machines_and_faxes_are_told_from_humans(bench: Bench) -> None:
    for ending, machine in ((HUMAN, False), (MACHINE, True), (FAX, True)):
        dial = await bench.dial(ending)
        assert await bench.listened(dial) is machine
        [leg] = (await bench.switch.list_legs()).legs
        assert (leg.dial_id, leg.machine) == (dial.dial_id, machine)
        await bench.switch.execute(EndLeg(leg_id=dial.leg_id, node=NODE))
        await bench.events.next(LegEnded, lambda one, ended=dial: one.leg_id == ended.leg_id)  # type: ignore[misc]  # a default in a lambda


async def test_one_who_says_nothing_is_a_human(bench: Bench) -> None:
    await bench.carrier.let_called_say(Says.SILENCE)
    assert await bench.listened(await bench.dial(HUMAN)) is False


async def test_one_who_hangs_up_while_he_is_listened_to_has_ended_his_leg(bench: Bench) -> None:
    await bench.carrier.let_called_say(Says.NOTHING)
    dial = await bench.dial(HUMAN)
    await bench.answered(dial)
    picked_up = await bench.until(Who.CALLED, bench.number(dial), Step.ANSWERED)
    await bench.switch.execute(DetectMachine(dial_id=dial.dial_id, leg_id=dial.leg_id, node=NODE))
    leg = await bench.listened_to()
    assert (leg.dial_id, leg.answered) == (dial.dial_id, False)
    assert not bench.events.of(dial.leg_id)
    await bench.carrier.hang_up_called(picked_up.leg)
    assert await bench.events.next(LegEnded) == LegEnded(leg_id=dial.leg_id, cause=LegCause.NORMAL)
    await bench.switch.execute(EndLeg(leg_id=dial.leg_id, node=NODE))


async def test_an_engine_hears_what_was_found_of_one_whom_the_engine_before_had_listened_to(
    nodes: Nodes, prompts: Prompts
) -> None:
    async with standing(nodes, prompts) as before:
        await before.carrier.let_called_say(Says.NOTHING)
        dial = await before.dial(HUMAN)
        await before.answered(dial)
        await before.switch.execute(DetectMachine(dial_id=dial.dial_id, leg_id=dial.leg_id, node=NODE))
    async with standing(nodes, prompts) as bench:
        [leg] = (await bench.switch.list_legs()).legs
        assert (leg.dial_id, leg.listening) == (dial.dial_id, True)
        back = await bench.events.next(CalleeAnswered)
        assert back == CalleeAnswered(dial_id=dial.dial_id, leg_id=dial.leg_id, node=NODE, machine=False)
        await bench.switch.execute(EndLeg(leg_id=dial.leg_id, node=NODE))
        assert await bench.events.next(LegEnded) == LegEnded(leg_id=dial.leg_id, cause=LegCause.NORMAL)
        await bench.carrier.let_called_say(Says.HELLO)


async def test_one_for_whom_there_is_no_agent_is_told_so_within_two_seconds(bench: Bench, prompts: Prompts) -> None:
    dial = await bench.dial(HUMAN)
    await bench.answered(dial)
    number = bench.number(dial)
    picked_up = await bench.until(Who.CALLED, number, Step.ANSWERED)
    await bench.switch.execute(Apologise(campaign_id=SPRING, leg_id=dial.leg_id, node=NODE))
    assert await bench.events.next(LegEnded) == LegEnded(leg_id=dial.leg_id, cause=LegCause.NORMAL)
    told = await bench.until(Who.CALLED, number, Step.SPEAKS)
    assert told.at_s - picked_up.at_s < 2
    sound = prompts.ready(OWN[Own.NO_AGENT], Language.RU)
    assert sound is not None
    shown = bench.nodes.console(bench.nodes.home.asterisk, "core show channels concise")
    assert f"!Playback!{sound}!" in shown
    listing = await bench.switch.list_legs()
    assert not listing.legs
    assert dial.leg_id in listing.other_channels
    ended = await bench.until(Who.CALLED, number, Step.ENDED, within_s=20)
    assert ended.cause == 16
    assert not any(one.step is Step.HEARD for one in bench.seen), "that was no agent"


async def test_one_who_picks_up_while_there_is_no_engine_is_told_sorry_within_two_seconds(
    nodes: Nodes, prompts: Prompts
) -> None:
    async with standing(nodes, prompts) as bench:
        dial = await bench.dial(FAX)
        number = bench.number(dial)
        await bench.until(Who.CALLED, number, Step.RINGING)
        await bench.connection.aclose()
        picked_up = await bench.until(Who.CALLED, number, Step.ANSWERED)
        told = await bench.until(Who.CALLED, number, Step.SPEAKS)
        assert told.at_s - picked_up.at_s < 2
        await bench.carrier.hang_up_called(picked_up.leg)
    async with standing(nodes, prompts) as bench:
        assert await bench.switch.left_alone([dial.leg_id, LegId("dial-d999-1")]) == {dial.leg_id}


async def test_one_who_waits_for_an_agent_when_the_engine_dies_is_told_sorry_and_not_left_in_silence(
    nodes: Nodes, prompts: Prompts
) -> None:
    async with standing(nodes, prompts) as bench:
        dial = await bench.dial(HUMAN)
        number = bench.number(dial)
        await bench.answered(dial)
        picked_up = await bench.until(Who.CALLED, number, Step.ANSWERED)
        await bench.connection.aclose()
        told = await bench.until(Who.CALLED, number, Step.SPEAKS)
        assert told.at_s - picked_up.at_s < 4
        await bench.carrier.hang_up_called(picked_up.leg)
    async with standing(nodes, prompts) as bench:
        assert await bench.switch.left_alone([dial.leg_id]) == {dial.leg_id}


async def test_a_talk_is_not_ended_by_the_limit_of_the_wait_before_it(bench: Bench) -> None:
    line = await bench.line()
    dial = await bench.dial(HUMAN)
    await bench.answered(dial)
    await bench.join(line, dial)
    await bench.until(Who.CALLED, bench.number(dial), Step.HEARD)
    await bench.silence(packets=200)
    assert not bench.events.of(dial.leg_id)
    assert dial.leg_id in {leg.leg_id for leg in (await bench.switch.list_legs()).legs}


async def test_one_who_hangs_up_before_he_is_told_that_there_is_no_engine_was_left_alone_too(
    nodes: Nodes, prompts: Prompts
) -> None:
    async with standing(nodes, prompts) as bench:
        dial = await bench.dial(FAX)
        number = bench.number(dial)
        await bench.until(Who.CALLED, number, Step.RINGING)
        await bench.connection.aclose()
        picked_up = await bench.until(Who.CALLED, number, Step.ANSWERED)
        await bench.carrier.hang_up_called(picked_up.leg)
        await bench.until(Who.CALLED, number, Step.ENDED)
        assert not any(one.step is Step.SPEAKS for one in bench.seen)
    async with standing(nodes, prompts) as bench:
        async with asyncio.timeout(5):
            while await bench.switch.left_alone([dial.leg_id]) != {dial.leg_id}:
                pass


async def test_one_who_picks_up_while_an_engine_is_just_coming_is_let_in(nodes: Nodes, prompts: Prompts) -> None:
    async with standing(nodes, prompts) as before:
        dial = await before.dial(FAX)
        await before.until(Who.CALLED, before.number(dial), Step.RINGING)
        await before.connection.aclose()
        await before.until(Who.CALLED, before.number(dial), Step.ANSWERED)
        async with standing(nodes, prompts) as bench:
            await bench.answered(dial)
            await bench.switch.execute(EndLeg(leg_id=dial.leg_id, node=NODE))
            assert await bench.events.next(LegEnded) == LegEnded(leg_id=dial.leg_id, cause=LegCause.NORMAL)
            assert not await bench.switch.left_alone([dial.leg_id])
