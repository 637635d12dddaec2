"""Which talks are to be recorded, as the state and the centre file have it. Pure; called by `cti.recordings.recorder`.

A recording is the contact's, not an agent's: once begun it goes on while the contact has its leg, whoever has the talk,
unless it comes into a queue whose talks are not recorded.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from cti.config import Recording
from cti.domain import facts
from cti.domain.acd import Decision
from cti.domain.commands import JoinLegs, JoinParty
from cti.domain.contact import Contact, is_call, is_dialled
from cti.domain.ids import ContactId, LegId
from cti.domain.state import State
from cti.domain.states import AssignmentState, ContactState

_TALKING: Final = (AssignmentState.ACTIVE, AssignmentState.HELD)
_OVER: Final = (ContactState.WRAP_UP, ContactState.CLOSED)
_OF_CONTACT: Final = (facts.ContactClosed, facts.ContactMoved, facts.ContactRequeued)
_OF_ASSIGNMENT: Final = (facts.AssignmentStarted, facts.CustomerReached, facts.WrapUpStarted, facts.HandedOver)
_OF_PARTY: Final = (facts.PartyMoved, facts.PartyEnded)


def may_begin(contact: Contact, state: State, policy: Recording | None) -> bool:
    """Whether this talk is to be recorded from now on. Whether its caller was told is not known here."""
    if policy is None or not is_call(contact) or contact.leg_id is None or contact.node is None:
        return False
    assignment = state.assignments.get(contact.assignment_id) if contact.assignment_id is not None else None
    if contact.state is not ContactState.ACTIVE or assignment is None or assignment.state not in _TALKING:
        return False
    if was_called(contact) and not policy.outgoing:
        return False
    return is_chosen(contact.id, policy.percent)


def may_go_on(contact: Contact | None, leg_id: LegId, policy: Recording | None) -> bool:
    """Whether what was begun on this leg of the contact's is to go on."""
    return contact is not None and contact.leg_id == leg_id and contact.state not in _OVER and policy is not None


def was_called(contact: Contact) -> bool:
    """Whether the centre made the call: nothing was played to its customer before."""
    return is_dialled(contact) or contact.campaign_id is not None


def is_chosen(contact_id: ContactId, percent: int) -> bool:
    """Whether this contact is among so many of a hundred; always the same answer."""
    return int.from_bytes(hashlib.sha256(contact_id.encode()).digest()[:4]) % 100 < percent


def concerned(decision: Decision, state: State) -> Iterator[ContactId]:
    """Contacts whose recording may have to begin or end by this decision; some of them twice."""
    for fact in decision.facts:
        if isinstance(fact, _OF_CONTACT):
            yield fact.contact_id
        elif isinstance(fact, _OF_ASSIGNMENT):
            assignment = state.assignments.get(fact.assignment_id)
            if assignment is not None:
                yield assignment.contact_id


def resounding(decision: Decision, state: State) -> Iterator[tuple[LegId, LegId | None]]:
    """Legs that are spoken to by others from this decision on, and by whose leg; None: by whoever it may be."""
    for command in decision.commands:
        if isinstance(command, JoinLegs):
            yield command.caller_leg, command.agent_leg
        elif isinstance(command, JoinParty):
            yield from ((leg_id, None) for leg_id in command.legs)
    for fact in decision.facts:
        if isinstance(fact, _OF_PARTY):
            yield from (
                (contact.leg_id, None)
                for contact in map(state.contacts.get, _contacts_of(fact, state))
                if contact is not None and contact.leg_id is not None
            )


def _contacts_of(fact: facts.PartyMoved | facts.PartyEnded, state: State) -> Iterator[ContactId]:
    """The id of a party's leg names its contact, also when the party has left the state."""
    party = state.parties.get(fact.leg_id)
    if party is not None:
        yield party.contact_id
        return
    _, _, rest = fact.leg_id.partition("-")
    yield ContactId(rest.rpartition("-")[0])
