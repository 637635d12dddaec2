"""What the switch is told of every decision so that it knows too: its `queue_log`, and who is at work.

Here: feeding both, and their life. Nothing waits for them, and a failure of theirs is logged and costs nobody anything.
Made by `cti.wiring`.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from cti import variables
from cti.asterisk.occupation import Occupation
from cti.asterisk.queue_log import QueueLog
from cti.asterisk.queue_log_writer import QueueLogWriter
from cti.domain.acd import Decision
from cti.domain.ids import AgentId, Milliseconds
from cti.domain.state import State
from cti.errors import OutsideError

LAST_WORDS_S: Final = 2.0


class Ledger:
    """One node's. `state` is the engine's; it is asked for at the first decision and from then on."""

    def __init__(
        self,
        *,
        state: Callable[[], State],
        extension: Callable[[AgentId], str | None],
        writer: QueueLogWriter,
        occupation: Occupation,
    ) -> None:
        self._state = state
        self._log = QueueLog(agent=lambda agent_id: _interface(extension(agent_id)))
        self.writer = writer
        self.occupation = occupation
        self._started = False

    def decided(self, decision: Decision, _now: Milliseconds) -> None:
        """After every decision; never blocks."""
        state = self._state()
        if not self._started:
            self._started = True
            self._log.start(state)
            self.occupation.start(state)
        for line in self._log.lines(decision.facts, state):
            self.writer.put(line)
        self.occupation.note(decision.facts, state)

    async def stop(self) -> None:
        """Say what is left, and that nobody is at work any more; while the connections stand."""
        with suppress(OutsideError, TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await self.occupation.free_all()
        await self.writer.written_out(within_s=LAST_WORDS_S)


def _interface(extension: str | None) -> str | None:
    return f"PJSIP/{variables.agent_endpoint(extension)}" if extension is not None else None
