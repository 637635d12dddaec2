"""Callers who reached nobody, or were cut off: who becomes a task or a callback, what that knows, and that it is one.

The core makes tasks of the contacts that it lost itself; here are those that never became one, and whose particulars
either kind has. In memory only: the engine posts the events, and keeps what is to be kept.
"""

from collections.abc import Callable, Iterator, Mapping, Set

from cti.domain.acd import Decision
from cti.domain.contact import Contact
from cti.domain.events import ContactArrived, QueueOpened
from cti.domain.facts import ContactClosed, ContactQueued
from cti.domain.ids import SYSTEM_CALLBACK_FAILED, ContactId, LegId, Medium, Milliseconds, NodeId, ProjectId, QueueId
from cti.domain.state import State
from cti.domain.states import ContactState
from cti.engine import people
from cti.engine.in_hand import InHand
from cti.ports import CallerLost, Particulars
from cti.variables import Lost


class LostCallers:
    """Asked by the engine; changes nothing."""

    def __init__(
        self,
        *,
        queues: Mapping[QueueId, QueueOpened],
        in_hand: InHand,
        address_key: Callable[[ProjectId, str], str],
        callable_back: Callable[[str], bool],
    ) -> None:
        self._queues = queues
        self._in_hand = in_hand
        self._address_key = address_key
        self._callable_back = callable_back

    def contact_of(
        self, state: State, caller: CallerLost, *, at_ms: Milliseconds, node: NodeId | None
    ) -> ContactArrived | None:
        """The callback for one who was cut off, by `node`, the task for another, and for one who may not be called.

        None where nobody wants a task, without a number, or when he is here already.
        """
        rules = self._queues.get(caller.queue_id)
        if rules is None or not caller.number:
            return None
        here = self._live(state, rules.project_id, caller.number)
        if any(_talks_or_waits(one) or self._asks_for_call(one) for one in here):
            return None
        address_key = self._address_key(rules.project_id, caller.number)
        if caller.why is Lost.CUT_OFF and self._callable_back(caller.number):
            return ContactArrived(
                medium=Medium.CALLBACK,
                queue_id=rules.queue_id,
                arrived_ms=at_ms,
                node=node,
                address_key=address_key,
                cut_off=True,
            )
        target = self._queues.get(rules.lost_to) if rules.lost_to is not None else None
        if target is None:
            return None
        return ContactArrived(medium=Medium.TASK, queue_id=target.queue_id, arrived_ms=at_ms, address_key=address_key)

    def inherited(self, decision: Decision) -> Iterator[Particulars]:
        """A contact that was made of another one is about the same person."""
        for queued in decision.facts:
            if not isinstance(queued, ContactQueued) or queued.origin is None:
                continue
            origin = self._in_hand.get(queued.origin)
            if origin is not None and queued.contact_id not in self._in_hand:
                yield people.of_origin(origin, queued, why=_why(decision, queued))

    def may_be_called_back(self, state: State, contact: Contact, *, cut: Set[LegId]) -> bool:
        """Whether he who was cut off is to be called: not without a number that may be, nor when he is here again.

        `cut`: the legs of all who were cut off with him.
        """
        known = self._in_hand.get(contact.id)
        if known is None or not known.address:
            return False
        here = self._live(state, known.project_id, known.address)
        again = any(_talks_or_waits(one) and one.leg_id not in cut for one in here)
        return self._callable_back(known.address) and not again

    def is_second(self, state: State, contact_id: ContactId) -> bool:
        """Whether somebody is to be called for whom the same was asked before: the earlier request keeps its place."""
        known = self._in_hand.get(contact_id)
        live = state.contacts.get(contact_id)
        if known is None or not known.address or live is None or not self._asks_for_call(live):
            return False
        others = self._live(state, known.project_id, known.address)
        return any(other.id != contact_id and self._asks_for_call(other) for other in others)

    def _live(self, state: State, project_id: ProjectId, address: str) -> Iterator[Contact]:
        """The live contacts of this number in that project."""
        for contact_id in self._in_hand.of_address(project_id, address):
            contact = state.contacts.get(contact_id)
            if contact is not None:
                yield contact

    def _asks_for_call(self, contact: Contact) -> bool:
        """Is this somebody who is to be called (back)?"""
        known = self._in_hand.get(contact.id)
        of_lost = contact.medium is Medium.TASK and known is not None and people.why_lost(known) is not None
        return of_lost or (contact.medium is Medium.CALLBACK and contact.state is not ContactState.WRAP_UP)


def _talks_or_waits(contact: Contact) -> bool:
    """Is this a call whose customer is here?"""
    return contact.medium is Medium.VOICE and contact.state is not ContactState.WRAP_UP


def _why(decision: Decision, queued: ContactQueued) -> Lost:
    """Why the contact of which another was made reached nobody, or was not over."""
    if queued.medium is Medium.CALLBACK:
        return Lost.CUT_OFF
    for fact in decision.facts:
        if isinstance(fact, ContactClosed) and fact.contact_id == queued.origin:
            return Lost.CALLBACK_FAILED if fact.disposition == SYSTEM_CALLBACK_FAILED else Lost.ABANDONED
    return Lost.ABANDONED
