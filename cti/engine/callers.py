"""Callers whose legs are ours: let in, cut off with their node, called back when they press the key for it.

In memory only; told by `cti.engine.node`, by way of the engine that makes it. Requests without a leg of their own are
`cti.engine.requests`'.
"""

import logging
from collections.abc import Callable, Set
from typing import Final

from cti.clock import Clock
from cti.domain.events import CallbackRequested, ContactArrived, Event, LegEnded
from cti.domain.ids import LegCause, LegId, Medium, ProjectId, QueueId
from cti.domain.state import State
from cti.domain.states import ContactState
from cti.engine import people
from cti.engine.known import Known
from cti.engine.loop import Loop
from cti.engine.lost import LostCallers
from cti.engine.plan import Plan
from cti.engine.reception import Reception
from cti.ports import CallerEntered, Desktops, Listing

log = logging.getLogger(__name__)

_BEFORE_TALK: Final = (ContactState.WAITING, ContactState.OFFERED)


class Callers:
    """See `node.Floor` for the contract of each method."""

    def __init__(
        self,
        *,
        state: State,
        loop: Loop,
        clock: Clock,
        post: Callable[[Event], None],
        plan: Plan,
        known: Known,
        lost: LostCallers,
        reception: Reception,
        desktops: Desktops,
        address_key: Callable[[ProjectId, str], str],
        callable_back: Callable[[str], bool],
    ) -> None:
        self._state = state
        self._loop = loop
        self._clock = clock
        self._post = post
        self._plan = plan
        self._known = known
        self._lost = lost
        self._reception = reception
        self._desktops = desktops
        self._address_key = address_key
        self._callable_back = callable_back

    def enter(self, caller: CallerEntered) -> None:
        """A caller's leg is ours: a new contact, unless it is known (back from the fallback queue)."""
        if caller.leg_id in self._state.contact_by_leg or self._reception.is_asking(caller.leg_id):
            return
        queue_id = self._queue_of(caller)
        project_id = self._plan.queues[queue_id].project_id
        self._desktops.expect(caller.number, project_id=project_id)
        event = ContactArrived(
            medium=Medium.VOICE,
            queue_id=queue_id,
            arrived_ms=min(caller.arrived_ms + self._clock.ahead_ms(), self._clock.now()),
            leg_id=caller.leg_id,
            node=caller.node,
            address_key=self._address_key(project_id, caller.number),
        )
        if self._reception.asks(queue_id, caller.number):
            self._reception.receive(
                event,
                caller.leg_id,
                caller.number,
                project_id=project_id,
                then=lambda told: self._let_in(caller, told),
            )
        else:
            self._let_in(caller, event)

    def _queue_of(self, caller: CallerEntered) -> QueueId:
        """The queue that the dialplan named; should it not exist, the first that does: never dead air."""
        if caller.queue_id in self._plan.queues:
            return caller.queue_id
        fallback = next(iter(self._plan.queues))
        log.error("no queue %r, %r takes the caller", caller.queue_id, fallback, extra={"action": "queue_unknown"})
        return fallback

    def _let_in(self, caller: CallerEntered, event: ContactArrived) -> None:
        self._loop.post(
            event,
            before=lambda decision: self._known.keep(
                people.of_caller(caller, queued) for queued in people.queued(decision)
            ),
        )

    def cut_off(self, legs: Set[LegId]) -> None:
        """See `node.Floor`."""
        for leg_id in sorted(legs):
            contact_id = self._state.contact_by_leg.get(leg_id)
            if contact_id is None:
                continue
            contact = self._state.contacts[contact_id]
            again = self._lost.may_be_called_back(self._state, contact, cut=legs)
            log.warning("a caller was cut off", extra={"action": "caller_cut_off", "contact": contact_id})
            self._post(LegEnded(leg_id=leg_id, cause=LegCause.LOST, cut=True, call_back=again))

    def call_back(self, event: CallbackRequested) -> None:
        """A waiting caller pressed the key for it. One not asked of him is nobody's business: not journalled."""
        contact_id = self._state.contact_by_leg.get(event.leg_id)
        contact = self._state.contacts[contact_id] if contact_id is not None else None
        if contact is None or not contact.callback_offered or contact.state not in _BEFORE_TALK:
            return
        particulars = self._known.in_hand.get(contact.id)
        if particulars is None or not self._callable_back(particulars.address):
            log.info("no number to call back", extra={"action": "callback_impossible", "contact": contact.id})
            return
        self._post(event)

    def listed(self, listing: Listing) -> None:
        """Particulars that died with the engine are still on the channel."""
        for leg in listing.legs:
            contact_id = self._state.contact_by_leg.get(leg.leg_id)
            if leg.caller is not None and contact_id is not None and contact_id not in self._known.in_hand:
                self._known.keep((people.of_caller(leg.caller, self._state.contacts[contact_id]),))
