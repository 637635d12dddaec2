"""How contacts come in, and how they are withdrawn. Called by `acd`."""

from cti.domain import offers, talks
from cti.domain.commands import EndLeg
from cti.domain.contact import Contact
from cti.domain.events import ContactArrived, ContactCancelled
from cti.domain.facts import ContactClosed, ContactQueued
from cti.domain.ids import SYSTEM_CANCELLED, ContactId, Medium
from cti.domain.queue import merge
from cti.domain.states import ContactState
from cti.domain.turn import Turn
from cti.errors import RuleError


def contact_arrived(turn: Turn, event: ContactArrived) -> None:
    """Someone asks for something: he waits from now on. A leg that is known already is nothing new."""
    queue = turn.state.queue(event.queue_id)
    if not queue.open:
        raise RuleError(f"Queue {queue.id} is closed: send the contact to another.")
    has_leg = event.leg_id is not None and event.node is not None
    if has_leg != (event.medium is Medium.VOICE):
        raise RuleError("A voice contact has a leg and its node; a contact of any other medium has neither.")
    if event.leg_id in turn.state.contact_by_leg:
        return
    contact_id = ContactId(f"c{turn.number}")
    turn.waiting.append(contact_id)
    turn.record(
        ContactQueued(
            contact_id=contact_id,
            medium=event.medium,
            project_id=queue.rules.project_id,
            queue_id=queue.id,
            arrived_ms=event.arrived_ms,
            queued_ms=turn.now,
            leg_id=event.leg_id,
            node=event.node,
            requirements=merge(event.requirements, ()) if event.requirements else (),
            preferred=event.preferred,
        )
    )


def contact_cancelled(turn: Turn, event: ContactCancelled) -> None:
    """The request is withdrawn: closed at once, or on to wrap-up when an agent is at it."""
    contact = turn.state.contact(event.contact_id)
    if contact.assignment_id is not None and contact.state is not ContactState.OFFERED:
        talks.wrap_up(turn, turn.state.assignment(contact.assignment_id), ended_by="customer")
        return
    if contact.assignment_id is not None:
        offers.end_offer(turn, turn.state.assignment(contact.assignment_id), outcome="rescinded")
    turn.record(ContactClosed(contact_id=contact.id, disposition=SYSTEM_CANCELLED, at_ms=turn.now))
    _end_caller(turn, contact)


def _end_caller(turn: Turn, contact: Contact) -> None:
    if contact.leg_id is not None and contact.node is not None:
        turn.do(EndLeg(leg_id=contact.leg_id, node=contact.node))
