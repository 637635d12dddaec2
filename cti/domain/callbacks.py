"""A caller who would rather be called back: the same contact, in the same place, without a leg until its turn comes.

When its turn comes, the agent's phone is rung as for a call; when he has answered, the customer is dialled, and when he
answers too, both are joined. A customer who is not reached waits for the next attempt, in calling hours; after the last
one the contact is closed as failed and, where its queue says so, becomes a task: never silently gone. One callback a
customer is pending. Called by `acd`, `arrivals`, `talks` and `deadlines`.
"""

from cti.domain import hours, legs, lost
from cti.domain.assignment import Assignment
from cti.domain.commands import ClosePop, DialCustomer, PromiseCallback
from cti.domain.contact import Contact, is_dialled
from cti.domain.events import CallbackRequested, CallbackRule, RingFailed
from cti.domain.facts import (
    AssignmentClosed,
    CallbackAccepted,
    CallbackPostponed,
    ContactClosed,
    ContactRequeued,
    CustomerMissed,
    CustomerReached,
    CustomerRung,
    WrapUpStarted,
)
from cti.domain.ids import (
    SYSTEM_CALLBACK_FAILED,
    SYSTEM_DUPLICATE,
    SYSTEM_NOT_REACHED,
    EndedBy,
    LegCause,
    LegId,
    TimerKind,
)
from cti.domain.readiness import let_go
from cti.domain.states import AssignmentState, ContactState
from cti.domain.turn import Turn
from cti.errors import RuleError
from cti.variables import CUSTOMER_LEG_PREFIX

_ANY_TIME = CallbackRule()


def requested(turn: Turn, event: CallbackRequested) -> None:
    """He pressed the key. A caller who is being offered to an agent, or has no offer, goes on waiting."""
    contact_id = turn.state.contact_by_leg.get(event.leg_id)
    contact = turn.state.contacts.get(contact_id) if contact_id is not None else None
    if contact is None or contact.leg_id is None or contact.node is None:
        return
    if contact.state is not ContactState.WAITING or not contact.callback_offered:
        return
    promise = PromiseCallback(contact_id=contact.id, leg_id=contact.leg_id, node=contact.node)
    if turn.state.callbacks.get(contact.address_key) is not None and contact.address_key:
        turn.record(ContactClosed(contact_id=contact.id, disposition=SYSTEM_DUPLICATE, at_ms=turn.now))
    else:
        turn.record(CallbackAccepted(contact_id=contact.id, at_ms=turn.now))
        turn.waiting.append(contact.id)
    turn.do(promise)


def refuse_second(turn: Turn, address_key: str) -> None:
    """Raises RuleError when this customer's callback is pending already."""
    if address_key and address_key in turn.state.callbacks:
        raise RuleError("A callback to this customer is pending already.", code="callback_pending")


def dial(turn: Turn, assignment: Assignment, contact: Contact) -> None:
    """The agent is there: dial the customer, unless calling hours ended while the agent's phone rang."""
    assert contact.node is not None
    assert assignment.leg_id is not None
    rule = _rule(turn, contact)
    calling = turn.state.hours.get(rule.hours) if rule.hours is not None and not contact.outbound else None
    if calling is not None and not hours.is_open(calling, turn.now):
        not_reached(turn, assignment, LegCause.REJECTED)
        return
    limit_ms = rule.ring_limit_ms
    leg_id = LegId(f"{CUSTOMER_LEG_PREFIX}{assignment.id}")
    until = turn.now + limit_ms
    turn.record(
        CustomerRung(assignment_id=assignment.id, leg_id=leg_id, node=contact.node, at_ms=turn.now, until_ms=until)
    )
    turn.start(TimerKind.RING, assignment.id, at_ms=until)
    turn.do(
        DialCustomer(
            assignment_id=assignment.id,
            contact_id=contact.id,
            leg_id=leg_id,
            agent_leg=assignment.leg_id,
            node=contact.node,
            limit_ms=limit_ms,
        )
    )


def is_dialling(assignment: Assignment, contact: Contact) -> bool:
    """Whether its customer is being dialled, or is about to be, and has not answered."""
    if not is_dialled(contact) or assignment.state is not AssignmentState.ACTIVE:
        return False
    return contact.leg_id is None or assignment.ring_until_ms is not None


def reached(turn: Turn, assignment: Assignment) -> None:
    """The customer has answered."""
    turn.record(CustomerReached(assignment_id=assignment.id, at_ms=turn.now))
    turn.stop(TimerKind.RING, assignment.id)


def not_reached(turn: Turn, assignment: Assignment, cause: LegCause) -> None:
    """Nobody answered: the agent is free, the contact waits for its next attempt or has failed.

    A call that the agent asked for is his to code. An attempt that the node's loss cut short does not count: nobody
    knows what rang. One before it was dialled is none.
    """
    contact = turn.state.contact(assignment.contact_id)
    if contact.outbound:
        _missed(turn, assignment, contact, cause)
        return
    rule = _rule(turn, contact)
    node = turn.state.nodes.get(contact.node) if contact.node is not None else None
    was_cut = contact.leg_id is not None and node is not None and node.lost
    attempts = contact.attempts - was_cut
    turn.record(AssignmentClosed(assignment_id=assignment.id, disposition=SYSTEM_NOT_REACHED, at_ms=turn.now))
    turn.record(ContactRequeued(contact_id=contact.id, at_ms=turn.now))
    if attempts >= rule.attempts:
        turn.record(ContactClosed(contact_id=contact.id, disposition=SYSTEM_CALLBACK_FAILED, at_ms=turn.now))
        lost.make_task(turn, contact)
    else:
        turn.record(
            CallbackPostponed(
                contact_id=contact.id,
                attempts=attempts,
                until_ms=turn.now + rule.retry_ms,
                at_ms=turn.now,
            )
        )
        turn.waiting.append(contact.id)
    if turn.state.agent(assignment.agent_id).desktop:
        turn.do(ClosePop(assignment_id=assignment.id, agent_id=assignment.agent_id))
    _end_legs(turn, assignment, contact)
    turn.stop(TimerKind.RING, assignment.id)
    let_go(turn, assignment.agent_id)


def ring_failed(turn: Turn, event: RingFailed) -> bool:
    """Whether the leg that failed was that of a customer being dialled; if so, what follows from it is done."""
    assignment = turn.state.assignments.get(event.assignment_id)
    contact = turn.state.contacts.get(assignment.contact_id) if assignment is not None else None
    if assignment is None or contact is None or contact.leg_id != event.leg_id:
        return False
    if is_dialling(assignment, contact):
        not_reached(turn, assignment, event.cause)
    return True


def _missed(turn: Turn, assignment: Assignment, contact: Contact, cause: LegCause) -> None:
    """The agent is told why, and codes it: both legs end."""
    until = turn.now + turn.state.queues[contact.queue_id].rules.wrap_up_limit_ms
    turn.record(CustomerMissed(assignment_id=assignment.id, cause=cause, at_ms=turn.now))
    turn.record(WrapUpStarted(assignment_id=assignment.id, at_ms=turn.now, until_ms=until, ended_by=EndedBy.UNREACHED))
    _end_legs(turn, assignment, contact)
    turn.stop(TimerKind.RING, assignment.id)
    turn.start(TimerKind.WRAP_UP, assignment.id, at_ms=until)


def _end_legs(turn: Turn, assignment: Assignment, contact: Contact) -> None:
    legs.end_agents(turn, assignment, contact)
    legs.end_customers(turn, contact)
    legs.drop_bridge(turn, contact)


def _rule(turn: Turn, contact: Contact) -> CallbackRule:
    return turn.state.queues[contact.queue_id].rules.callback or _ANY_TIME
