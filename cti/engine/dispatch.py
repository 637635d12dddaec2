"""Commands to the switch: each decision's commands go out in order, in the turn that decided them.

What somebody outside hears of waits until its decision is on disk. A command that fails comes back as an event; what
merely could not be asked (`AsteriskDown`) is left to the comparison that follows every reconnect, and what found no
answer on a standing connection raises a doubt, so that one is made now. What different decisions ask of one line that
is kept up is done in their order: else it might fall silent in the next talk. Keeping the static queues (`SetFallback`)
is nobody's hurry: it has a row of its own per node, behind which no ring waits. Whoever is not known to lead (it stood
still for a while) sends nothing before it is, and nothing at all when another leads. Called by the engine; knows
nothing of desktops and timers.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Final, assert_never

from cti.domain.commands import (
    Announce,
    Apologise,
    AskCaller,
    DetectMachine,
    DialCustomer,
    DialLead,
    DropBridge,
    EndLeg,
    HoldLeg,
    Irrevocable,
    JoinLegs,
    JoinParty,
    KeepSound,
    Overhear,
    PlayMusic,
    PromiseCallback,
    QuietLine,
    RingAgent,
    RingLine,
    RingParty,
    SendAway,
    SetFallback,
    SwitchCommand,
)
from cti.domain.events import (
    CalleeAnswered,
    CalleeFailed,
    Event,
    JoinFailed,
    LegEnded,
    LineFailed,
    PartyFailed,
    RingFailed,
)
from cti.domain.ids import AgentId, LegCause, LegId, NodeId
from cti.errors import AsteriskDown, AsteriskSilent, ChannelGone, OutsideError
from cti.ports import Leadership, Switch
from cti.variables import LINE_PREFIX

log = logging.getLogger(__name__)

DRAIN_LIMIT_S: Final = 3.0

LegCommand = (
    RingAgent
    | EndLeg
    | JoinLegs
    | HoldLeg
    | PlayMusic
    | Announce
    | SendAway
    | AskCaller
    | PromiseCallback
    | DialCustomer
    | RingLine
    | QuietLine
    | DialLead
    | DetectMachine
    | Apologise
    | DropBridge
    | RingParty
    | JoinParty
    | Overhear
    | KeepSound
)


_MAKING = RingAgent | RingLine | RingParty | DialCustomer | DialLead | Overhear


class Dispatch:
    """Has switch commands done: one task per decision, and one per node for the static queues while there is work."""

    def __init__(
        self,
        *,
        switches: dict[NodeId, Switch],
        post: Callable[[Event], None],
        doubt: Callable[[NodeId], None],
        rung: Callable[[AgentId], None] = lambda _: None,
        leadership: Leadership | None = None,
    ) -> None:
        """`rung` is told whom a switch has begun to ring; `leadership` is asked before each command."""
        self._rung = rung
        self._leadership = leadership
        self._switches = switches
        self._post = post
        self._doubt = doubt
        self._under_way: set[asyncio.Task[None]] = set()
        self._fallback: dict[NodeId, deque[SetFallback]] = {}
        self._awaited: Counter[LegId] = Counter()
        self._of_line: dict[LegId, asyncio.Task[None]] = {}
        """The last work for each line, while it is under way."""
        self.failed = 0

    def send(self, commands: Iterable[SwitchCommand]) -> None:
        """Start on them now, in this order; returns at once."""
        legs: list[LegCommand] = []
        for command in commands:
            if isinstance(command, SetFallback):
                self._line_up(command)
            else:
                legs.append(command)
        if legs:
            self._run_in_order(legs)

    def send_after(
        self,
        flushed: Awaitable[None],
        commands: Sequence[Irrevocable],
        *,
        wanted: Callable[[Irrevocable], bool],
        then: Callable[[], None],
    ) -> None:
        """Start on each when the journal has its decision, if it is `wanted` still; else, or never, it has failed.

        `then` is called when the first request has left, or none will.
        """
        self._start(self._run_after(flushed, commands, wanted, then), commands)

    def awaited_legs(self) -> frozenset[LegId]:
        """Legs that are to be made by commands which have found no answer yet: no list need hold them."""
        return frozenset(self._awaited)

    async def drain(self) -> None:
        """Wait until everything sent so far is done, for at most `DRAIN_LIMIT_S`."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=DRAIN_LIMIT_S)

    def _run_in_order(self, legs: Sequence[LegCommand]) -> None:
        lines = {line for command in legs if (line := line_in(command)) is not None}
        before = [self._of_line[line] for line in lines if line in self._of_line]
        task = self._start(self._run_after_others(before, legs) if before else self._run(legs), legs)
        for line in lines:
            self._of_line[line] = task
        if lines:
            task.add_done_callback(lambda _: self._forget(lines, task))

    def _forget(self, lines: Iterable[LegId], task: asyncio.Task[None]) -> None:
        for line in lines:
            if self._of_line.get(line) is task:
                del self._of_line[line]

    def _start(self, work: Coroutine[None, None, None], commands: Iterable[SwitchCommand] = ()) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        if made := [_made_by(command) for command in commands if isinstance(command, _MAKING)]:
            self._awaited.update(made)
            task.add_done_callback(lambda _: self._answered(made))
        return task

    def _answered(self, made: Sequence[LegId]) -> None:
        for leg_id in made:
            self._awaited[leg_id] -= 1
            if not self._awaited[leg_id]:
                del self._awaited[leg_id]

    async def _run_after_others(self, before: Sequence[asyncio.Task[None]], commands: Sequence[LegCommand]) -> None:
        await asyncio.wait(before)
        await self._run(commands)

    async def _run_after(
        self,
        flushed: Awaitable[None],
        commands: Sequence[Irrevocable],
        wanted: Callable[[Irrevocable], bool],
        then: Callable[[], None],
    ) -> None:
        try:
            try:
                await flushed
            finally:
                asyncio.get_running_loop().call_soon(then)
        except OutsideError as error:
            log.error("nobody is dialled, %s", error, extra={"action": "not_dialled"})
            for command in commands:
                self._post(_never_sent(command))
            return
        for command in commands:
            if wanted(command):
                await self._run([command])
            else:
                self._post(_never_sent(command))

    async def _run(self, commands: Sequence[LegCommand]) -> None:
        for command in commands:
            switch = self._switches.get(command.node)
            if switch is None:
                continue
            if not await self._leads(command.node):
                return
            try:
                await switch.execute(command)
            except OutsideError as error:
                self._failed(command, error)
            else:
                if isinstance(command, RingAgent):
                    self._rung(command.agent_id)

    async def _leads(self, node: NodeId) -> bool:
        """Whether this engine may command; waits while that is not known, and has the node looked at after that."""
        if self._leadership is None or self._leadership.leads:
            return True
        if await self._leadership.confirmed():
            self._doubt(node)
            return True
        return False

    def _line_up(self, command: SetFallback) -> None:
        for node in self._switches:
            row = self._fallback.get(node)
            if row is not None:
                row.append(command)
            else:
                self._fallback[node] = deque((command,))
                self._start(self._keep_fallback(node))

    async def _keep_fallback(self, node: NodeId) -> None:
        row = self._fallback[node]
        while row:
            command = row.popleft()
            try:
                await self._switches[node].execute(command)
            except OutsideError as error:  # the adapter tells the node anew after each log-in
                log.info("static queues not kept: %s", error, extra={"action": "fallback_failed"})
        del self._fallback[node]

    def _failed(self, command: LegCommand, error: OutsideError) -> None:
        self.failed += 1
        log.info("%s failed: %s", type(command).__name__, error, extra={"action": "command_failed"})
        if isinstance(error, AsteriskSilent):
            self._doubt(command.node)
        event = consequence(command, error)
        if event is not None:
            self._post(event)


def _made_by(command: RingAgent | RingLine | RingParty | DialCustomer | DialLead | Overhear) -> LegId:
    return command.snoop if isinstance(command, Overhear) else command.leg_id


def line_in(command: LegCommand) -> LegId | None:
    """The line that the command silences, or joins to somebody."""
    match command:
        case QuietLine():
            return command.leg_id
        case JoinLegs() if command.agent_leg.startswith(LINE_PREFIX):
            return command.agent_leg
        case JoinParty():
            return next((leg_id for leg_id in command.legs if leg_id.startswith(LINE_PREFIX)), None)
        case _:
            return None


def consequence(command: LegCommand, error: OutsideError) -> Event | None:
    """The event that tells the core; None when a leg's end, or the comparison after a reconnect, tells it anyway."""
    if isinstance(error, AsteriskDown | AsteriskSilent):
        return None
    cause = LegCause.UNREACHABLE if isinstance(error, ChannelGone) else LegCause.CONGESTION
    match command:
        case RingAgent() | DialCustomer():
            return RingFailed(assignment_id=command.assignment_id, leg_id=command.leg_id, cause=cause)
        case RingLine():
            return LineFailed(agent_id=command.agent_id, leg_id=command.leg_id, cause=cause)
        case DialLead():
            return CalleeFailed(dial_id=command.dial_id, leg_id=command.leg_id, cause=cause)
        case DetectMachine():
            return None if isinstance(error, ChannelGone) else _taken_for_human(command)
        case JoinLegs():
            return JoinFailed(contact_id=command.contact_id, assignment_id=command.assignment_id)
        case (
            EndLeg()
            | HoldLeg()
            | PlayMusic()
            | Announce()
            | SendAway()
            | AskCaller()
            | PromiseCallback()
            | DropBridge()
        ):
            return None
        case Overhear():
            return LegEnded(leg_id=command.snoop, cause=cause)
        case RingParty():
            return PartyFailed(leg_id=command.leg_id, cause=cause)
        case QuietLine() | Apologise() | JoinParty() | KeepSound():
            return None
        case _:
            assert_never(command)


def _never_sent(command: Irrevocable) -> Event:
    """Nothing rang: that is no attempt of a lead's."""
    if isinstance(command, DialLead):
        return CalleeFailed(dial_id=command.dial_id, leg_id=command.leg_id, cause=LegCause.LOST)
    if isinstance(command, RingParty):
        return PartyFailed(leg_id=command.leg_id, cause=LegCause.CONGESTION)
    return RingFailed(assignment_id=command.assignment_id, leg_id=command.leg_id, cause=LegCause.CONGESTION)


def _taken_for_human(command: DetectMachine) -> CalleeAnswered:
    return CalleeAnswered(dial_id=command.dial_id, leg_id=command.leg_id, node=command.node, machine=False)
