"""How contacts come in, and how they are withdrawn. Called by `acd`."""

from cti.domain import offers, talks
from cti.domain.commands import EndLeg
from cti.domain.contact import Contact
from cti.domain.events import ContactArrived, ContactCancelled, ContactTakenBack
from cti.domain.facts import ContactClosed, ContactQueued
from cti.domain.ids import (
    REASON_TAKEN_BACK,
    SYSTEM_CANCELLED,
    SYSTEM_TAKEN_BACK,
    ContactId,
    EndedBy,
    Medium,
    OfferOutcome,
)
from cti.domain.queue import merge
from cti.domain.readiness import make_not_ready
from cti.domain.states import ContactState, Trigger, illegal
from cti.domain.turn import Turn
from cti.errors import RuleError


def contact_arrived(turn: Turn, event: ContactArrived) -> None:
    """Someone asks for something: he waits from now on. A leg that is known already is nothing new."""
    queue = turn.state.queue(event.queue_id)
    if not queue.open:
        raise RuleError(f"Queue {queue.id} is closed: send the contact to another.", code="queue_closed")
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
        talks.wrap_up(turn, turn.state.assignment(contact.assignment_id), ended_by=EndedBy.CUSTOMER)
        return
    if contact.assignment_id is not None:
        offers.end_offer(turn, turn.state.assignment(contact.assignment_id), outcome=OfferOutcome.RESCINDED)
    turn.record(ContactClosed(contact_id=contact.id, disposition=SYSTEM_CANCELLED, at_ms=turn.now))
    _end_caller(turn, contact)


def contact_taken_back(turn: Turn, event: ContactTakenBack) -> None:
    """It waits again in its place; whoever had it is not ready, or he would be offered it at once."""
    contact = turn.state.contact(event.contact_id)
    if contact.leg_id is not None:
        raise RuleError("A call cannot be taken back: its agent has to end it.", code="call_not_taken_back")
    if contact.assignment_id is None:
        return
    assignment = turn.state.assignment(contact.assignment_id)
    if contact.state is ContactState.OFFERED:
        offers.end_offer(turn, assignment, outcome=OfferOutcome.RESCINDED)
    elif contact.state is ContactState.ACTIVE:
        talks.requeue_work(turn, assignment, SYSTEM_TAKEN_BACK)
    else:
        raise illegal("Contact", contact.id, state=contact.state, trigger=Trigger.REQUEUED)
    make_not_ready(turn, assignment.agent_id, REASON_TAKEN_BACK)


def _end_caller(turn: Turn, contact: Contact) -> None:
    if contact.leg_id is not None and contact.node is not None:
        turn.do(EndLeg(leg_id=contact.leg_id, node=contact.node))
