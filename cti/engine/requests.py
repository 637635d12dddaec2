"""Contacts that somebody asks for: mail, chats and callbacks, an agent's click, and callers who reached nobody.

None of them has a leg of its own at the switch yet (`cti.engine.callers` lets those in). Whose it is, is kept before
anybody is shown the contact, and whoever may tell again is acknowledged when both are on disk. Made by the engine.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from msgspec import structs

from cti.clock import Clock
from cti.domain.acd import Decision
from cti.domain.contact import Contact
from cti.domain.events import CallbackMoved, ContactArrived, InviteRequested, OutboundRequested, TransferRequested
from cti.domain.facts import ContactQueued, PartyInvited
from cti.domain.ids import ContactId, Medium, NodeId, ProjectId, QueueId
from cti.domain.state import State
from cti.engine import people
from cti.engine.known import Known, kept
from cti.engine.loop import Loop
from cti.engine.lost import LostCallers
from cti.engine.plan import Plan
from cti.engine.reception import Reception
from cti.errors import RuleError
from cti.ports import Arrival, CallerLost, Particulars

log = logging.getLogger(__name__)


class Requests:
    """See `ports.Engine` for the contract of each method that it has, too."""

    def __init__(
        self,
        *,
        state: State,
        loop: Loop,
        clock: Clock,
        plan: Plan,
        known: Known,
        lost: LostCallers,
        reception: Reception,
        address_key: Callable[[ProjectId, str], str],
        node: NodeId | None,
    ) -> None:
        """`node` is where those are called who have no leg yet."""
        self._state = state
        self._loop = loop
        self._clock = clock
        self._plan = plan
        self._known = known
        self._lost = lost
        self._reception = reception
        self._address_key = address_key
        self._node = node
        self._hearing: dict[tuple[QueueId, str], asyncio.Future[None]] = {}
        """Lost callers who are told of and not decided about."""

    async def arrive(self, event: ContactArrived, particulars: Arrival) -> ContactId:
        """See `ports.Engine`."""
        queue = self._plan.queues.get(event.queue_id)
        if queue is not None:
            event = structs.replace(
                event,
                address_key=self._address_key(queue.project_id, particulars.address),
                source_key=self._address_key(queue.project_id, particulars.source and f"source\0{particulars.source}"),
            )
            event = await self._reception.told(event, particulars.address, project_id=queue.project_id)
        if event.medium is Medium.CALLBACK and event.node is None:
            event = structs.replace(event, node=self._node)
        return await self._acknowledged(event, partial(people.of_arrival, particulars))

    async def call(self, event: OutboundRequested, particulars: Arrival) -> ContactId:
        """See `ports.Engine`."""
        queue = self._plan.queues.get(event.queue_id)
        if queue is not None:
            event = structs.replace(event, address_key=self._address_key(queue.project_id, particulars.address))
        event = structs.replace(event, node=event.node or self._node)
        decision = await self._loop.ask(
            event,
            before=lambda decision: self._known.keep(
                people.of_arrival(particulars, queued) for queued in people.queued(decision)
            ),
        )
        return next(people.queued(decision)).contact_id

    async def transfer(self, event: TransferRequested | InviteRequested, number: str) -> Decision:
        """See `ports.Engine`."""
        return await self._loop.ask(event, before=lambda decision: self._known.keep(self._asked(decision, number)))

    def _asked(self, decision: Decision, number: str) -> Iterator[Particulars]:
        """Of whoever outside is rung by this decision."""
        for fact in decision.facts:
            if isinstance(fact, PartyInvited) and fact.agent_id is None:
                customer, contact = self._known.in_hand.get(fact.contact_id), self._state.contacts[fact.contact_id]
                yield people.of_party(number, fact, known=customer, project_id=contact.project_id)

    async def hear_of_lost(self, caller: CallerLost) -> None:
        """See `ports.Engine`."""
        key = caller.queue_id, caller.number
        while (heard := self._hearing.get(key)) is not None:
            await asyncio.wait((heard,))  # told again before it is done
        event = self._of_lost(caller)
        if event is None:
            return
        self._hearing[key] = done = asyncio.get_running_loop().create_future()
        try:
            await self._acknowledged(event, partial(people.of_lost, caller))
        finally:
            del self._hearing[key]
            done.set_result(None)

    def lose(self, caller: CallerLost) -> None:
        """See `node.Floor`: what the switch tells is told once, and not waited for."""
        event = self._of_lost(caller)
        if event is not None:
            self._loop.post(
                event,
                before=lambda decision: self._known.keep(
                    people.of_lost(caller, queued) for queued in people.queued(decision)
                ),
            )

    def _of_lost(self, caller: CallerLost) -> ContactArrived | None:
        at_ms = caller.at_ms + self._clock.ahead_ms() if caller.at_ms else self._clock.now()
        event = self._lost.contact_of(self._state, caller, at_ms=min(at_ms, self._clock.now()), node=self._node)
        made = event.medium if event is not None else "nothing"
        log.info("a caller was lost", extra={"action": "caller_lost", "why": caller.why, "made": made})
        return event

    async def _acknowledged(
        self, event: ContactArrived, of: Callable[[ContactQueued | Contact], Particulars]
    ) -> ContactId:
        """Decide about a request, and return its contact when it is known for good whose that is.

        Told again it is the contact that it was before, whose particulars may have died with the engine that let it in.
        Raises RuleError when it is refused.
        """
        keeping: list[asyncio.Future[None]] = []

        def keep(contacts: Iterable[ContactQueued | Contact]) -> None:
            self._known.keep(map(of, contacts))
            keeping.append(self._known.durable())  # beside the journal's flush

        try:
            decision = await self._loop.ask(event, urgent=False, before=lambda decision: keep(people.queued(decision)))
        except RuleError as error:
            contact_id = self._state.callbacks.get(event.address_key)
            if error.code != "callback_pending" or contact_id is None or contact_id in self._known.in_hand:
                raise
        else:
            queued = next(people.queued(decision), None)
            contact_id = self._state.sources[event.source_key] if queued is None else queued.contact_id
        live = self._state.contacts.get(contact_id)
        if live is not None and contact_id not in self._known.in_hand:
            keep([live])
            if live.medium is Medium.CALLBACK:
                self._loop.post(CallbackMoved(contact_id=contact_id, not_before_ms=event.not_before_ms))
        await kept(keeping)
        return contact_id
