"""No request is lost: a customer who did not get through becomes a task in the queue that his queue names for it.

Called by whatever closes a contact without having served it. What is known of the customer stays with the contact of
origin; the shell looks it up there.
"""

from cti.domain.contact import Contact
from cti.domain.facts import ContactQueued
from cti.domain.ids import ContactId, Medium
from cti.domain.turn import Turn


def make_task(turn: Turn, contact: Contact) -> None:
    """Queue a task for a contact that was lost, if its queue says where; a task that is lost makes no further one, nor
    does a call of ours.

    A queue of another project is none to name: no project sees another's customers.
    """
    if contact.outbound:
        return
    lost_to = turn.state.queues[contact.queue_id].rules.lost_to
    queue = turn.state.queues.get(lost_to) if lost_to is not None else None
    if queue is None or not queue.open or contact.medium is Medium.TASK:
        return
    if queue.rules.project_id != contact.project_id:
        return
    contact_id = ContactId(f"c{turn.number}")
    turn.waiting.append(contact_id)
    turn.record(
        ContactQueued(
            contact_id=contact_id,
            medium=Medium.TASK,
            project_id=queue.rules.project_id,
            queue_id=queue.id,
            arrived_ms=turn.now,
            queued_ms=turn.now,
            leg_id=None,
            node=None,
            requirements=(),
            preferred=contact.preferred,
            tier=contact.tier,
            origin=contact.id,
            address_key=contact.address_key,
        )
    )
