"""What the facts of `cti.domain.facts.callbacks` change in the tables."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from cti.domain.facts import (
    CallbackAccepted,
    CallbackOffered,
    CallbackPostponed,
    CustomerMissed,
    CustomerReached,
    CustomerRung,
    Fact,
)
from cti.domain.ids import Medium

if TYPE_CHECKING:
    from cti.domain.state import State


def _callback_offered(state: "State", fact: CallbackOffered) -> None:
    state.put_contact(replace(state.contact(fact.contact_id), callback_offered=True))


def _callback_accepted(state: "State", fact: CallbackAccepted) -> None:
    contact = state.contact(fact.contact_id)
    state.put_contact(replace(contact, medium=Medium.CALLBACK, leg_id=None, outbound=False, callback_offered=False))


def _customer_rung(state: "State", fact: CustomerRung) -> None:
    assignment = state.assignment(fact.assignment_id)
    contact = state.contact(assignment.contact_id)
    state.put_contact(replace(contact, leg_id=fact.leg_id, node=fact.node, attempts=contact.attempts + 1))
    state.put_assignment(replace(assignment, ring_until_ms=fact.until_ms))


def _customer_reached(state: "State", fact: CustomerReached) -> None:
    state.put_assignment(replace(state.assignment(fact.assignment_id), ring_until_ms=None))


def _customer_missed(state: "State", fact: CustomerMissed) -> None:
    state.put_assignment(replace(state.assignment(fact.assignment_id), ring_until_ms=None, missed=fact.cause))


def _callback_postponed(state: "State", fact: CallbackPostponed) -> None:
    contact = state.contact(fact.contact_id)
    state.put_contact(replace(contact, leg_id=None, attempts=fact.attempts, asleep_until_ms=fact.until_ms))


FOLDS: Final[Mapping[type[Fact], Callable[["State", Any], None]]] = {
    CallbackOffered: _callback_offered,
    CallbackAccepted: _callback_accepted,
    CustomerRung: _customer_rung,
    CustomerReached: _customer_reached,
    CustomerMissed: _customer_missed,
    CallbackPostponed: _callback_postponed,
}
