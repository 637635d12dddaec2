"""Whom something is asked after the talk: callers who are still there when their agent is done.

Which of them is asked is decided by the contact's number, so that a replay asks the same ones, and an engine that
takes over knows whom the one before wanted asked. What is asked, and what was answered, is not the ACD's. Called by
`talks` and the engine.
"""

from zlib import crc32

from cti.domain import legs
from cti.domain.commands import AskCaller
from cti.domain.contact import Contact
from cti.domain.ids import LegId, Medium
from cti.domain.state import State
from cti.domain.states import ContactState


def asking(state: State, contact: Contact) -> AskCaller | None:
    """The command that leads its caller to the survey; None when he is not to be asked."""
    queue = state.queues.get(contact.queue_id)
    held = state.assignments.get(contact.assignment_id) if contact.assignment_id is not None else None
    if queue is None or held is None or contact.leg_id is None or contact.node is None:
        return None
    if contact.medium is not Medium.VOICE or contact.outbound or not is_chosen(contact, queue.rules.survey_percent):
        return None
    return AskCaller(
        contact_id=contact.id,
        agent_id=held.agent_id,
        queue_id=contact.queue_id,
        leg_id=contact.leg_id,
        node=contact.node,
        bridge_id=legs.bridge_of(contact),
    )


def is_chosen(contact: Contact, percent: int) -> bool:
    """Whether it is among that share of all contacts."""
    return crc32(contact.id.encode()) % 100 < percent


def of_leg(state: State, leg_id: LegId) -> AskCaller | None:
    """For a caller's leg that is in our hands still, though its talk is over: the survey that it did not reach."""
    contact_id = state.contact_by_leg.get(leg_id)
    contact = state.contacts[contact_id] if contact_id is not None else None
    if contact is None or contact.state is not ContactState.WRAP_UP:
        return None
    return asking(state, contact)
