"""How contacts come in, and how they are withdrawn. Called by `acd`."""

from typing import Final

from cti.domain import callbacks, cut, legs, offers, talks, transfers, waiting
from cti.domain.contact import Contact, is_call
from cti.domain.events import (
    CallbackMoved,
    ContactArrived,
    ContactCancelled,
    ContactTakenBack,
    MoveRequested,
    SkillLevel,
)
from cti.domain.facts import CallbackPostponed, ContactClosed, ContactMoved, ContactQueued
from cti.domain.ids import (
    REASON_TAKEN_BACK,
    SYSTEM_ABANDONED,
    SYSTEM_CANCELLED,
    SYSTEM_TAKEN_BACK,
    ContactId,
    DispositionId,
    EndedBy,
    Medium,
    NodeId,
    OfferOutcome,
    SkillId,
)
from cti.domain.queue import MOST_POINTS
from cti.domain.readiness import make_not_ready
from cti.domain.requirement import parse
from cti.domain.states import ContactState, Trigger, illegal
from cti.domain.turn import Turn
from cti.errors import RuleError

HIGHEST_TIER: Final = 10


def contact_arrived(turn: Turn, event: ContactArrived) -> None:
    """Someone asks for something: he waits from now on. A leg or request that is known already is nothing new.

    A caller who is to be called back because he was cut off has the place of that callback, and it is withdrawn.
    """
    queue = turn.state.queue(event.queue_id)
    if not queue.open:
        raise RuleError(f"Queue {queue.id} is closed: send the contact to another.", code="queue_closed")
    has_leg = event.leg_id is not None and event.node is not None
    if has_leg != (event.medium is Medium.VOICE) or (event.leg_id is None) == has_leg:
        raise RuleError("A voice contact has a leg and its node; a contact of any other medium has no leg.")
    if event.leg_id in turn.state.contact_by_leg or event.source_key in turn.state.sources:
        return
    node = _node(turn, event)
    callback = cut.callback_to(turn.state, event.address_key) if has_leg else None
    if callback is not None:
        _withdraw(turn, callback, disposition=SYSTEM_CANCELLED)
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
            node=node,
            requirements=_normal(event.requirements) if event.requirements else (),
            preferred=event.preferred,
            hold_for_ms=event.hold_for_ms,
            condition=parse(event.condition).text if event.condition else "",
            tier=max(0, min(event.tier, HIGHEST_TIER)),
            priority=_points(event, has_place=callback is not None or event.cut_off),
            origin=event.origin,
            cut_off=event.cut_off,
            address_key=event.address_key,
            source_key=event.source_key,
        )
    )
    if event.not_before_ms is not None and event.not_before_ms > turn.now:
        turn.record(CallbackPostponed(contact_id=contact_id, attempts=0, until_ms=event.not_before_ms, at_ms=turn.now))
    if event.hold_for_ms:
        waiting.keep_for_preferred(turn, turn.state.contacts[contact_id])


def _node(turn: Turn, event: ContactArrived) -> NodeId | None:
    """Where the contact has its leg, or is called back from; None for one that has neither."""
    if event.medium is Medium.CALLBACK:
        callbacks.refuse_second(turn, event.address_key)
        node = event.node or turn.state.node
        if node is None:
            raise RuleError("No switch has been seen yet to call back from: try again in a moment.", code="no_switch")
        return node
    if event.node is not None and event.medium is not Medium.VOICE:
        raise RuleError("Only a call or a callback belongs to a node.")
    if event.not_before_ms is not None or event.cut_off:
        raise RuleError("Only a callback can be wanted at a later time, or be for one who was cut off.")
    return event.node


def _points(event: ContactArrived, *, has_place: bool) -> int:
    """`has_place`: at the head of the line, whatever was asked for."""
    return MOST_POINTS if has_place else max(-MOST_POINTS, min(event.priority, MOST_POINTS))


def _normal(levels: tuple[SkillLevel, ...]) -> tuple[SkillLevel, ...]:
    """Each skill once, at its highest level, by id: equal demands are to look equal."""
    highest: dict[SkillId, int] = {}
    for wanted in levels:
        highest[wanted.skill_id] = max(wanted.level, highest.get(wanted.skill_id, 0))
    return tuple(SkillLevel(skill_id=skill_id, level=level) for skill_id, level in sorted(highest.items()))


def contact_cancelled(turn: Turn, event: ContactCancelled) -> None:
    """The request is withdrawn: closed at once, or on to wrap-up when an agent is at it."""
    contact = turn.state.contact(event.contact_id)
    if contact.assignment_id is not None and contact.state is not ContactState.OFFERED:
        talks.wrap_up(turn, turn.state.assignment(contact.assignment_id), ended_by=EndedBy.CUSTOMER)
        return
    _withdraw(turn, contact, disposition=SYSTEM_ABANDONED if event.abandoned else SYSTEM_CANCELLED)


def _withdraw(turn: Turn, contact: Contact, *, disposition: DispositionId) -> None:
    """Of one whom no agent has; whoever it is being offered to is rescued from it."""
    if contact.assignment_id is not None:
        offers.end_offer(turn, turn.state.assignment(contact.assignment_id), outcome=OfferOutcome.RESCINDED)
    if contact.id not in turn.state.contacts:
        return
    transfers.end_all(turn, contact)
    turn.record(ContactClosed(contact_id=contact.id, disposition=disposition, at_ms=turn.now))
    legs.end_customers(turn, contact)


def callback_moved(turn: Turn, event: CallbackMoved) -> None:
    """It sleeps until then, or waits from now on; one whom it was being offered to is rescued from it."""
    contact = turn.state.contact(event.contact_id)
    if contact.medium is not Medium.CALLBACK or contact.leg_id is not None:
        raise RuleError("Only a callback can be wanted at another time.")
    if contact.state not in (ContactState.WAITING, ContactState.OFFERED):
        raise illegal("Contact", contact.id, state=contact.state, trigger=Trigger.REQUEUED)
    if contact.assignment_id is not None:
        offers.end_offer(turn, turn.state.assignment(contact.assignment_id), outcome=OfferOutcome.RESCINDED)
    until = turn.now if event.not_before_ms is None else max(event.not_before_ms, turn.now)
    turn.record(CallbackPostponed(contact_id=contact.id, attempts=contact.attempts, until_ms=until, at_ms=turn.now))
    turn.waiting.append(contact.id)


def move_requested(turn: Turn, event: MoveRequested) -> None:
    """It waits there from now on; whoever it was being offered to has it no more. The same queue is nothing."""
    contact, queue = turn.state.contact(event.contact_id), turn.state.queue(event.queue_id)
    if contact.state not in (ContactState.WAITING, ContactState.OFFERED):
        raise illegal("Contact", contact.id, state=contact.state, trigger=Trigger.REQUEUED)
    if not queue.open or queue.rules.project_id != contact.project_id:
        raise RuleError("It cannot wait in that queue: choose one of its project.", code="not_its_queue")
    if queue.id == contact.queue_id:
        return
    if contact.campaign_id is not None or offers.is_own(contact):
        raise RuleError("A call that we make stays where it is.", code="call_not_moved")
    if contact.assignment_id is not None:
        offers.end_offer(turn, turn.state.assignment(contact.assignment_id), outcome=OfferOutcome.RESCINDED)
    turn.record(
        ContactMoved(contact_id=contact.id, queue_id=queue.id, project_id=queue.rules.project_id, at_ms=turn.now)
    )
    turn.waiting.append(contact.id)


def contact_taken_back(turn: Turn, event: ContactTakenBack) -> None:
    """It waits again in its place; whoever had it is not ready, or he would be offered it at once."""
    contact = turn.state.contact(event.contact_id)
    if contact.leg_id is not None or (is_call(contact) and contact.state is not ContactState.OFFERED):
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
