"""What the facts of `cti.domain.facts.parking` change in the tables."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from cti.domain.contact import Contact
from cti.domain.facts import ContactFetched, ContactParked, Fact
from cti.domain.states import Trigger, next_contact

if TYPE_CHECKING:
    from cti.domain.state import State


def _contact_parked(state: "State", fact: ContactParked) -> None:
    contact = state.contact(fact.contact_id)
    state.put_contact(
        replace(
            contact,
            state=next_contact(contact.id, contact.state, Trigger.PARKED),
            slot=fact.slot,
            parked_from=fact.assignment_id,
            parked_by=fact.agent_id,
            parked_ms=fact.at_ms,
            parked_until_ms=fact.until_ms,
        )
    )


def _contact_fetched(state: "State", fact: ContactFetched) -> None:
    contact = state.contact(fact.contact_id)
    after = next_contact(contact.id, contact.state, Trigger.FETCHED)
    state.put_contact(unparked(replace(contact, state=after)))


def unparked(contact: Contact) -> Contact:
    """The contact without a place; the very same when it has none."""
    if contact.slot is None:
        return contact
    return replace(contact, slot=None, parked_from=None, parked_by=None, parked_ms=None, parked_until_ms=None)


FOLDS: Final[Mapping[type[Fact], Callable[["State", Any], None]]] = {
    ContactParked: _contact_parked,
    ContactFetched: _contact_fetched,
}
