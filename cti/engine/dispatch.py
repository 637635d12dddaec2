"""Commands to the switch: each decision's commands go out in order, in the turn that decided them.

A command that fails comes back as an event; what merely could not be asked (`AsteriskDown`) is left to the comparison
that follows every reconnect. Called by the engine; knows nothing of desktops and timers.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final, assert_never

from cti.domain.commands import (
    DropBridge,
    EndLeg,
    HoldLeg,
    JoinLegs,
    PlayMusic,
    RingAgent,
    SetFallback,
    SwitchCommand,
)
from cti.domain.events import Event, JoinFailed, RingFailed
from cti.domain.ids import LegCause, NodeId
from cti.errors import AsteriskDown, ChannelGone, OutsideError
from cti.ports import Switch

log = logging.getLogger(__name__)

DRAIN_LIMIT_S: Final = 3.0


class Dispatch:
    """Has switch commands done. At most one task per decision; they end with their last command's deadline."""

    def __init__(self, *, switches: dict[NodeId, Switch], post: Callable[[Event], None]) -> None:
        self._switches = switches
        self._post = post
        self._under_way: set[asyncio.Task[None]] = set()
        self.failed = 0

    def send(self, commands: Iterable[SwitchCommand]) -> None:
        """Start on them now, in this order; returns at once."""
        ordered = tuple(commands)
        if not ordered:
            return
        task = asyncio.get_running_loop().create_task(self._run(ordered))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def drain(self) -> None:
        """Wait until everything sent so far is done, for at most `DRAIN_LIMIT_S`."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=DRAIN_LIMIT_S)

    async def _run(self, commands: tuple[SwitchCommand, ...]) -> None:
        for command in commands:
            for switch in self._targets(command):
                try:
                    await switch.execute(command)
                except OutsideError as error:
                    self._failed(command, error)

    def _targets(self, command: SwitchCommand) -> Iterable[Switch]:
        if isinstance(command, SetFallback):
            return tuple(self._switches.values())
        switch = self._switches.get(command.node)
        return (switch,) if switch else ()

    def _failed(self, command: SwitchCommand, error: OutsideError) -> None:
        self.failed += 1
        log.info("%s failed: %s", type(command).__name__, error, extra={"action": "command_failed"})
        event = consequence(command, error)
        if event is not None:
            self._post(event)


def consequence(command: SwitchCommand, error: OutsideError) -> Event | None:
    """The event that tells the core; None when a leg's end, or the comparison after a reconnect, tells it anyway."""
    if isinstance(error, AsteriskDown):
        return None
    cause = LegCause.UNREACHABLE if isinstance(error, ChannelGone) else LegCause.CONGESTION
    match command:
        case RingAgent():
            return RingFailed(assignment_id=command.assignment_id, leg_id=command.leg_id, cause=cause)
        case JoinLegs():
            return JoinFailed(contact_id=command.contact_id, assignment_id=command.assignment_id)
        case EndLeg() | HoldLeg() | PlayMusic() | DropBridge() | SetFallback():
            return None
        case _:
            assert_never(command)
