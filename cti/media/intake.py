"""From a connector to the engine: each request becomes exactly one contact, whatever dies meanwhile.

Theory of operation. `take` brings one message in by three steps that are each as good done twice as once: the engine
has the contact on disk (`Engine.arrive`, which knows the source's key), the message is on disk (`Messages.keep`, which
knows it too), the source may forget it (`Connector.acknowledge`). Killed between two of them, the source tells it again
and the steps find what is there. Many messages are in hand at once, so that journal and tables write them together; one
that fails is tried again by itself, with longer and longer pauses, and keeps no other waiting.

A message that answers a contact is added to it while that goes on; to one that is over it makes a new contact, which
whoever answered last is asked first. Used by `cti.wiring`, a supervised task for each connector.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol, runtime_checkable

from cti.domain.contact import Contact
from cti.domain.events import ContactArrived
from cti.domain.ids import AgentId, ContactId, Milliseconds
from cti.domain.states import ContactState
from cti.errors import OutsideError, RuleError
from cti.metrics import Metrics
from cti.ports import Arrival, Engine
from cti.ports.media import Connector, Direction, Incoming, Messages, Outgoing

log = logging.getLogger(__name__)

MOST_IN_HAND: Final = 64
"""Messages of one connector that are being taken in."""
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 30.0
_GOING_ON: Final = (ContactState.WAITING, ContactState.OFFERED, ContactState.ACTIVE)


@runtime_checkable
class Acknowledging(Protocol):
    """A connector that tells a customer at once that he was heard."""

    def acknowledgement(self, contact_id: ContactId, incoming: Incoming) -> Outgoing | None: ...


class Intake:
    """Takes in what connectors receive."""

    def __init__(
        self,
        *,
        engine: Engine,
        messages: Messages,
        told: Callable[[ContactId], None],
        metrics: Metrics,
        hold_for_ms: Callable[[Connector], Milliseconds] = lambda _: 0,
        queued: Callable[[Outgoing], None] = lambda _: None,
    ) -> None:
        """`told` hears of each contact on which something new was said; `hold_for_ms` is how long who answered last is
        waited for; `queued` hears of what is to be sent now. None of them blocks.
        """
        self._engine, self._messages, self._told = engine, messages, told
        self._hold_for_ms, self._queued = hold_for_ms, queued
        self._received = metrics.counter("triune_messages_received_total", "Messages that connectors handed over")
        self._failed = metrics.counter("triune_messages_failed_total", "Tries to take a message in that failed")
        self._in_hand: dict[str, int] = {}
        metrics.gauge(
            "triune_messages_in_hand",
            "Messages being taken in, by account",
            lambda: dict(self._in_hand),
            label="account",
        )

    async def run(self, connector: Connector) -> None:
        """Take in all that the connector receives, for as long as it lives; to be a supervised task."""
        room = asyncio.Semaphore(MOST_IN_HAND)
        self._in_hand[connector.name] = 0
        async with asyncio.TaskGroup() as group:
            async for incoming in connector.receive():
                await room.acquire()
                self._received.add(account=connector.name)
                self._in_hand[connector.name] += 1
                taking = group.create_task(self._take_patiently(connector, incoming))
                taking.add_done_callback(lambda _: self._taken(connector, room))

    def _taken(self, connector: Connector, room: asyncio.Semaphore) -> None:
        self._in_hand[connector.name] -= 1
        room.release()

    async def _take_patiently(self, connector: Connector, incoming: Incoming) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                await self.take(connector, incoming)
                return
            except (OutsideError, RuleError) as error:
                log.warning("a message waits: %s", error, extra={"action": "intake_waits", "account": connector.name})
            except Exception:  # one message that we fail on must not keep the others outside
                log.exception("a message fails", extra={"action": "intake_failed", "account": connector.name})
            self._failed.add(account=connector.name)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def take(self, connector: Connector, incoming: Incoming) -> ContactId:
        """Bring one message in and acknowledge it; the contact that has it now. Raises OutsideError, RuleError."""
        if incoming.continues is not None:
            incoming = replace(incoming, continues=await self._end_of_thread(incoming.continues))
        known = await self._messages.contact_of(incoming.key)
        if known is not None and not self._came_too_late(known, incoming):
            contact_id = known
        elif self._is_added(incoming):
            contact_id = await self._add(connector, incoming)
        else:
            contact_id = await self._begin(connector, incoming)
        await connector.acknowledge(incoming.key)
        return contact_id

    # -- to a contact that is there ----------------------------------------------------------------------------------

    def _live(self, contact_id: ContactId | None) -> Contact | None:
        """The contact, as long as somebody will read what is added to it: after his work on it nobody does."""
        contact = self._engine.state.contacts.get(contact_id) if contact_id is not None else None
        return contact if contact is not None and contact.state in _GOING_ON else None

    async def _end_of_thread(self, contact_id: ContactId) -> ContactId:
        """Where a thread stands now: the contact of it that goes on, else its newest."""
        if self._live(contact_id) is not None:
            return contact_id
        later = await self._messages.going_on_from(contact_id)
        return next((one for one in later if self._live(one) is not None), next(iter(later), contact_id))

    def _is_added(self, incoming: Incoming) -> bool:
        """Does it belong to a contact that goes on, or is it a machine's word on one that is over?"""
        if incoming.continues is None:
            return False
        live = self._live(incoming.continues)
        return incoming.automatic or (live is not None and live.project_id == incoming.project_id)

    def _came_too_late(self, known: ContactId, incoming: Incoming) -> bool:
        """Was it added to a contact that is over by now, and never acknowledged? Perhaps nobody saw it."""
        return known == incoming.continues and not incoming.automatic and self._live(known) is None

    async def _add(self, connector: Connector, incoming: Incoming) -> ContactId:
        assert incoming.continues is not None
        await self._messages.keep(incoming.continues, incoming)
        self._told(incoming.continues)
        if self._came_too_late(incoming.continues, incoming):
            return await self._begin(connector, incoming)
        log.info("a message was added", extra={"action": "message_added", "contact": incoming.continues})
        return incoming.continues

    # -- to a new one ------------------------------------------------------------------------------------------------

    async def _begin(self, connector: Connector, incoming: Incoming) -> ContactId:
        preferred = await self._last_agent(incoming)
        event = ContactArrived(
            medium=incoming.medium,
            queue_id=incoming.queue_id,
            arrived_ms=min(incoming.received_ms, self._engine.now()),
            preferred=preferred,
            hold_for_ms=(self._hold_for_ms(connector),) * len(preferred),
            origin=incoming.continues,
        )
        arrival = Arrival(
            address=incoming.address,
            name=incoming.name,
            language=incoming.language,
            subject=incoming.subject,
            source=incoming.key,
        )
        contact_id = await self._engine.arrive(event, arrival)
        await self._messages.keep(contact_id, incoming)
        self._told(contact_id)
        if isinstance(connector, Acknowledging):
            await self._answer_at_once(connector, contact_id, incoming)
        return contact_id

    async def _answer_at_once(self, connector: Acknowledging, contact_id: ContactId, incoming: Incoming) -> None:
        outgoing = connector.acknowledgement(contact_id, incoming) if incoming.continues is None else None
        if outgoing is not None:
            await self._messages.queue(outgoing, agent_id=None, at_ms=self._engine.now())
            self._queued(outgoing)

    async def _last_agent(self, incoming: Incoming) -> tuple[AgentId, ...]:
        """Who answered last in the thread that it goes on from, or had it last; nobody when that is not known."""
        if incoming.continues is None:
            return ()
        thread = await self._messages.of_contact(incoming.continues)
        answered = [one.agent_id for one in thread if one.direction is Direction.OUT and one.agent_id is not None]
        return (answered[-1],) if answered else ()
