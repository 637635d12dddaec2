"""What is to be sent: from the table of messages to the connector of its account, until it is sent or never can be.

Queued messages stand in the table before anything is sent, so nothing is lost with the engine; after a restart they are
found there. One that fails for the moment is tried again with longer and longer pauses, without holding up the others
of its account, for five days; then it has failed, and whoever wrote it is told, as by a mail server. Used by
`cti.wiring`, a supervised task for each connector.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from cti.domain.ids import ContactId, Milliseconds
from cti.errors import ConfigError, DatabaseDown, OutsideError
from cti.metrics import Metrics
from cti.ports.media import Connector, Messages, Outgoing, Sending

log = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 4
"""Messages of one account on their way."""
GIVE_UP_MS: Final[Milliseconds] = 5 * 86_400_000
"""How long a message is tried (RFC 5321, 4.5.4.1)."""
_LOOK_AGAIN_S: Final = 30.0
_LONGEST_PAUSE_S: Final = 300.0


async def _always() -> bool:
    return True


class Outbox:
    """Sends what is queued for one connector."""

    def __init__(
        self,
        connector: Connector,
        *,
        messages: Messages,
        told: Callable[[ContactId], None],
        metrics: Metrics,
        now: Callable[[], Milliseconds],
        leads: Callable[[], Awaitable[bool]] = _always,
    ) -> None:
        """`told` hears of each contact of which a message was sent, or was not; `now` the engine's clock. `leads` is
        asked before each message: an engine that has been succeeded leaves it to its successor.
        """
        self._leads = leads
        self._now = now
        self._connector, self._messages, self._told = connector, messages, told
        self._beginning = f"{connector.medium}:{connector.name}:"
        self._wake = asyncio.Event()
        self._in_hand: set[str] = set()
        self._waits: dict[str, tuple[float, float]] = {}
        """When a message is tried again, in the loop's seconds, and its last pause; by key."""
        self._sent = metrics.counter("triune_messages_sent_total", "Messages that were sent or failed, by result")

    def wake(self) -> None:
        """Something was queued. From the loop."""
        self._wake.set()

    async def run(self) -> None:
        """Send, for ever; to be a supervised task."""
        self._in_hand.clear()
        room = asyncio.Semaphore(MOST_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                for outgoing in await self._due():
                    await room.acquire()
                    self._in_hand.add(outgoing.key)
                    task = group.create_task(self._send(outgoing))
                    task.add_done_callback(partial(self._done, outgoing.key, room))
                await self._sleep()

    def _done(self, key: str, room: asyncio.Semaphore, _sent: asyncio.Task[None]) -> None:
        self._in_hand.discard(key)
        room.release()
        if key in self._waits:
            self._wake.set()  # only now may it be planned anew

    async def _due(self) -> list[Outgoing]:
        """What is to be tried now, oldest first; nothing while the database is away."""
        in_hand = frozenset(self._in_hand)  # one that is sent while the table is read is told of as unsent still
        try:
            unsent = await self._messages.unsent(self._connector.medium, beginning=self._beginning)
        except DatabaseDown:
            return []
        now = asyncio.get_running_loop().time()
        self._waits = {one.key: self._waits[one.key] for one in unsent if one.key in self._waits}
        return [one for one in unsent if one.key not in in_hand and self._waits.get(one.key, (0.0, 0.0))[0] <= now]

    async def _sleep(self) -> None:
        now = asyncio.get_running_loop().time()
        next_s = min(
            (at_s - now for key, (at_s, _) in self._waits.items() if key not in self._in_hand), default=_LOOK_AGAIN_S
        )
        try:
            await asyncio.wait_for(self._wake.wait(), max(0.05, min(next_s, _LOOK_AGAIN_S)))
        except TimeoutError:
            return

    async def _send(self, outgoing: Outgoing) -> None:
        if not await self._leads():
            return
        try:
            reference = await self._connector.send(outgoing)
        except (OutsideError, ConfigError) as error:
            await self._failed(outgoing, error)
        else:
            await self._settle(outgoing, Sending.SENT, reference=reference)

    async def _failed(self, outgoing: Outgoing, error: OutsideError | ConfigError) -> None:
        is_old = outgoing.queued_ms > 0 and self._now() - outgoing.queued_ms > GIVE_UP_MS
        transient = not is_old and (isinstance(error, ConfigError) or error.transient)
        log.warning(
            "a message was not sent: %s",
            error,
            extra={"action": "message_not_sent", "account": self._connector.name, "contact": outgoing.contact_id},
        )
        if transient:
            _, pause_s = self._waits.get(outgoing.key, (0.0, 0.5))
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            self._waits[outgoing.key] = (asyncio.get_running_loop().time() + pause_s, pause_s)
        words = (
            str(error)
            if isinstance(error, OutsideError)
            else "The mail account is not set up: tell your administrator."
        )
        await self._settle(outgoing, Sending.QUEUED if transient else Sending.FAILED, problem=words)

    async def _settle(self, outgoing: Outgoing, sending: Sending, *, reference: str = "", problem: str = "") -> None:
        """Note it; a database that is away is waited for, so that what was sent is not sent again."""
        self._sent.add(account=self._connector.name, result=sending)
        while True:
            try:
                await self._messages.settle(outgoing.key, sending, reference=reference, problem=problem)
                break
            except DatabaseDown:
                await asyncio.sleep(1.0)
        self._told(outgoing.contact_id)
