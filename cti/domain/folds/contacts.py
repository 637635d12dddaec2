"""What the facts of `cti.domain.facts.contacts` change in the tables."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from cti.domain.contact import Contact, number_of
from cti.domain.facts import (
    ContactClosed,
    ContactMoved,
    ContactQueued,
    ContactRequeued,
    ContactUrged,
    Fact,
    PriorityGiven,
    StepTaken,
    WaitPlanned,
)
from cti.domain.folds.parking import unparked
from cti.domain.states import ContactState, Trigger, next_contact

if TYPE_CHECKING:
    from cti.domain.state import State


def _contact_closed(state: "State", fact: ContactClosed) -> None:
    contact = state.contact(fact.contact_id)
    next_contact(contact.id, contact.state, Trigger.CLOSED)
    state.set_contact(contact.id, None)


def _contact_queued(state: "State", fact: ContactQueued) -> None:
    state.put_contact(
        Contact(
            id=fact.contact_id,
            number=number_of(fact.contact_id),
            medium=fact.medium,
            project_id=fact.project_id,
            queue_id=fact.queue_id,
            arrived_ms=fact.arrived_ms,
            queued_ms=fact.queued_ms,
            leg_id=fact.leg_id,
            node=fact.node,
            requirements=fact.requirements,
            preferred=fact.preferred,
            state=ContactState.WAITING,
            hold_for_ms=fact.hold_for_ms,
            condition=fact.condition,
            tier=fact.tier,
            priority=fact.priority,
            origin=fact.origin,
            cut_off=fact.cut_off,
            address_key=fact.address_key,
            outbound=fact.outbound,
            campaign_id=fact.campaign_id,
            lead_id=fact.lead_id,
        )
    )
    if fact.source_key:
        state.set_source(fact.source_key, fact.contact_id)
    if fact.node is not None and fact.node != state.node:
        state.set_newest_node(fact.node)


def _contact_requeued(state: "State", fact: ContactRequeued) -> None:
    contact = state.contact(fact.contact_id)
    after = next_contact(contact.id, contact.state, Trigger.REQUEUED)
    state.put_contact(replace(unparked(contact), state=after, assignment_id=None))


def _wait_planned(state: "State", fact: WaitPlanned) -> None:
    contact = state.contact(fact.contact_id)
    state.put_contact(
        replace(
            contact,
            stepped_ms=fact.stepped_ms,
            next_step_ms=fact.next_step_ms,
            held_until_ms=fact.held_until_ms,
            urgent_ms=fact.urgent_ms,
            asleep_until_ms=fact.asleep_until_ms,
            expected_ms=fact.expected_ms,
        )
    )


def _step_taken(state: "State", fact: StepTaken) -> None:
    contact = state.contact(fact.contact_id)
    state.put_contact(replace(contact, steps_taken=contact.steps_taken | 1 << fact.step, priority=fact.priority))


def _contact_urged(state: "State", fact: ContactUrged) -> None:
    state.put_contact(replace(state.contact(fact.contact_id), urged=True))


def _contact_moved(state: "State", fact: ContactMoved) -> None:
    contact = state.contact(fact.contact_id)
    state.put_contact(
        replace(
            contact,
            queue_id=fact.queue_id,
            project_id=fact.project_id,
            queued_ms=fact.at_ms,
            steps_taken=0,
            stepped_ms=0,
            next_step_ms=None,
            held_until_ms=None,
            urgent_ms=None,
            urged=False,
            expected_ms=None,
            callback_offered=False,
        )
    )


def _priority_given(state: "State", fact: PriorityGiven) -> None:
    state.put_contact(replace(state.contact(fact.contact_id), priority=fact.priority))


FOLDS: Final[Mapping[type[Fact], Callable[["State", Any], None]]] = {
    ContactClosed: _contact_closed,
    ContactQueued: _contact_queued,
    ContactRequeued: _contact_requeued,
    WaitPlanned: _wait_planned,
    StepTaken: _step_taken,
    ContactUrged: _contact_urged,
    ContactMoved: _contact_moved,
    PriorityGiven: _priority_given,
}
