"""What a command that fails means to the core, and in which order one line hears what is asked of it."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from cti.domain.commands import (
    Apologise,
    DetectMachine,
    DialLead,
    DropBridge,
    EndLeg,
    JoinLegs,
    Overhear,
    QuietLine,
    RingLine,
    SwitchCommand,
)
from cti.domain.events import CalleeAnswered, CalleeFailed, Event, LegEnded, LineFailed
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
)
from cti.engine.dispatch import Dispatch, LegCommand, consequence
from cti.errors import AsteriskDown, AsteriskSilent, ChannelGone, OutsideError
from cti.ports import Epoch, Listing, Phone, SwitchEvent
from tests.engine.world import NODE
from tests.running import soon

LINE, CALLEE = LegId("line-u1-7"), LegId("dial-d9")
TALK, NEXT_TALK = BridgeId("talk-c1"), BridgeId("talk-c2")
RING = RingLine(agent_id=AgentId("u1"), leg_id=LINE, node=NODE, device=Device.SIP, limit_ms=1)
QUIET = QuietLine(leg_id=LINE, node=NODE, bridge_id=TALK)
DIAL = DialLead(
    dial_id=DialId("d9"), campaign_id=CampaignId("spring"), lead_id=LeadId("l1"), leg_id=CALLEE, node=NODE, limit_ms=1
)
LISTEN = DetectMachine(dial_id=DialId("d9"), leg_id=CALLEE, node=NODE)
SORRY = Apologise(campaign_id=CampaignId("spring"), leg_id=CALLEE, node=NODE)
END = EndLeg(leg_id=LegId("dial-d8"), node=NODE)
DROP = DropBridge(bridge_id=TALK, node=NODE)
JOIN = JoinLegs(
    contact_id=ContactId("c2"),
    assignment_id=AssignmentId("a2"),
    bridge_id=NEXT_TALK,
    node=NODE,
    caller_leg=CALLEE,
    agent_leg=LINE,
)
EAR = Overhear(
    leg_id=LegId("party-c1-3"),
    spied=LegId("leg-a1-1"),
    snoop=LegId("snoop-party-c1-3-4"),
    instead_of=None,
    whispering=False,
    bridge_id=BridgeId("ear-party-c1-3"),
    node=NODE,
)
GONE, REFUSED = ChannelGone("x"), OutsideError("x")


@pytest.mark.parametrize(
    ("command", "error", "event"),
    [
        (RING, GONE, LineFailed(agent_id=AgentId("u1"), leg_id=LINE, cause=LegCause.UNREACHABLE)),
        (RING, REFUSED, LineFailed(agent_id=AgentId("u1"), leg_id=LINE, cause=LegCause.CONGESTION)),
        (DIAL, GONE, CalleeFailed(dial_id=DialId("d9"), leg_id=CALLEE, cause=LegCause.UNREACHABLE)),
        (DIAL, REFUSED, CalleeFailed(dial_id=DialId("d9"), leg_id=CALLEE, cause=LegCause.CONGESTION)),
        (LISTEN, GONE, None),
        (LISTEN, REFUSED, CalleeAnswered(dial_id=DialId("d9"), leg_id=CALLEE, node=NODE, machine=False)),
        (QUIET, GONE, None),
        (QUIET, REFUSED, None),
        (SORRY, GONE, None),
        (SORRY, REFUSED, None),
        (EAR, GONE, LegEnded(leg_id=EAR.snoop, cause=LegCause.UNREACHABLE)),
        (EAR, AsteriskSilent("x"), None),
        (DIAL, AsteriskDown("x"), None),
        (DIAL, AsteriskSilent("x"), None),
        (LISTEN, AsteriskSilent("x"), None),
    ],
)
def test_what_a_command_that_fails_means(command: LegCommand, error: OutsideError, event: Event | None) -> None:
    assert consequence(command, error) == event


class SlowSwitch:
    """A node that does one thing when the test lets it."""

    def __init__(self) -> None:
        self.node = NODE
        self.begun: list[SwitchCommand] = []
        self.done: list[SwitchCommand] = []
        self.held = asyncio.Event()

    async def execute(self, command: SwitchCommand) -> None:
        self.begun.append(command)
        if command is END:
            await self.held.wait()
        self.done.append(command)

    async def left_alone(self, legs: Iterable[LegId]) -> frozenset[LegId]:
        raise NotImplementedError

    async def list_legs(self) -> Listing:
        raise NotImplementedError

    async def mute(self, leg_id: LegId, *, muted: bool) -> None:
        raise NotImplementedError

    async def send_digits(self, leg_id: LegId, digits: str) -> None:
        raise NotImplementedError

    def know(self, phones: Iterable[Phone]) -> None:
        raise NotImplementedError

    async def provision(self, phone: Phone) -> None:
        raise NotImplementedError

    async def withdraw(self, phone: Phone) -> None:
        raise NotImplementedError

    async def reclaim(self) -> int:
        raise NotImplementedError

    def events(self) -> AsyncIterator[SwitchEvent]:
        raise NotImplementedError


async def test_a_line_falls_silent_before_it_is_joined_again_and_nothing_else_waits() -> None:
    switch = SlowSwitch()
    dispatch = Dispatch(switches={NODE: switch}, post=lambda _: None, doubt=lambda _: None)
    dispatch.send([END, QUIET, DROP])
    dispatch.send([JOIN])
    dispatch.send([SORRY])
    await soon(lambda: SORRY in switch.done, what="what concerns no line is done")
    assert switch.begun == [END, SORRY]
    switch.held.set()
    await dispatch.drain()
    assert switch.done == [SORRY, END, QUIET, DROP, JOIN]


async def test_nobody_is_dialled_before_it_is_on_disk_nor_when_it_is_no_longer_wanted() -> None:
    switch = SlowSwitch()
    told = list[Event]()
    dispatch = Dispatch(switches={NODE: switch}, post=told.append, doubt=lambda _: None)
    flushed = asyncio.get_running_loop().create_future()
    wanted = [True]
    left = list[int]()
    dispatch.send_after(flushed, [DIAL], wanted=lambda _: wanted[0], then=lambda: left.append(len(switch.begun)))
    dispatch.send([SORRY])
    await soon(lambda: SORRY in switch.done, what="what may be taken back goes out at once")
    assert DIAL not in switch.begun
    flushed.set_result(None)
    await dispatch.drain()
    assert DIAL in switch.done
    assert left == [2], "whoever draws pages is told when the request has left"
    wanted[0] = False
    dispatch.send_after(_done(), [DIAL], wanted=lambda _: wanted[0], then=lambda: None)
    await dispatch.drain()
    assert switch.begun.count(DIAL) == 1
    assert told == [CalleeFailed(dial_id=DialId("d9"), leg_id=CALLEE, cause=LegCause.LOST)], "it counts no longer"


async def test_a_leg_is_awaited_from_its_decision_until_the_switch_has_answered() -> None:
    switch = SlowSwitch()
    dispatch = Dispatch(switches={NODE: switch}, post=lambda _: None, doubt=lambda _: None)
    flushed = asyncio.get_running_loop().create_future()
    dispatch.send_after(flushed, [DIAL], wanted=lambda _: True, then=lambda: None)
    dispatch.send([END, RING, EAR, QUIET])
    assert dispatch.awaited_legs() == {CALLEE, LINE, EAR.snoop}
    switch.held.set()
    await soon(lambda: QUIET in switch.done, what="the line rings")
    assert dispatch.awaited_legs() == {CALLEE}
    flushed.set_result(None)
    await dispatch.drain()
    assert not dispatch.awaited_legs()


class Doubted:
    """A lead of which it is not known whether it stands, until the test says so."""

    def __init__(self) -> None:
        self.leads = False
        self._answer = asyncio.get_running_loop().create_future()

    def answer(self, *, leads: bool) -> None:
        self.leads = leads
        self._answer.set_result(leads)

    async def confirmed(self) -> bool:
        return bool(await self._answer)

    async def gained(self) -> Epoch:
        raise NotImplementedError

    async def lost(self) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("leads", [True, False])
async def test_who_stood_still_sends_nothing_before_it_is_known_to_lead_and_has_the_node_looked_at(leads: bool) -> None:
    switch, lead, doubted = SlowSwitch(), Doubted(), list[NodeId]()
    dispatch = Dispatch(switches={NODE: switch}, post=lambda _: None, doubt=doubted.append, leadership=lead)
    dispatch.send([SORRY])
    dispatch.send_after(_done(), [DIAL], wanted=lambda _: True, then=lambda: None)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not switch.begun
    lead.answer(leads=leads)
    await dispatch.drain()
    assert switch.begun == ([SORRY, DIAL] if leads else [])
    assert bool(doubted) == leads


async def test_a_dial_that_the_journal_cannot_take_is_no_attempt() -> None:
    switch, told = SlowSwitch(), list[Event]()
    dispatch = Dispatch(switches={NODE: switch}, post=told.append, doubt=lambda _: None)
    dispatch.send_after(_full_disk(), [DIAL], wanted=lambda _: True, then=lambda: None)
    await dispatch.drain()
    assert told == [CalleeFailed(dial_id=DialId("d9"), leg_id=CALLEE, cause=LegCause.LOST)]
    assert not switch.begun


async def _done() -> None:
    pass


async def _full_disk() -> None:
    raise OutsideError("the disk is full")
