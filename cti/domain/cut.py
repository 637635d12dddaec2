"""Customers who were cut off with their node: each is called back, once, before all others of his queue.

Theory of operation. A node that dies takes its channels with it, so nobody tells who hung up and who did not. Whoever
the state still has on a leg that is older than the node's start did not: his contact ends as any other does whose leg
is gone, and in the same decision a callback begins that has its queue, its seniority and what was asked for it. Who it
is stays with the contact of origin; the shell looks it up there, and there it is known whether he may be called. Who
calls again before an agent is at his callback has its place in the line instead. Who was in the menus has no contact
yet: the shell hears of him by another way and asks for his callback (`ContactArrived.cut_off`).

Called by `talks` and `arrivals`. Which legs are meant is found by `cti.engine.reconcile`.
"""

from cti.domain.contact import Contact
from cti.domain.facts import ContactQueued
from cti.domain.ids import AgentId, ContactId, Medium
from cti.domain.queue import MOST_POINTS
from cti.domain.state import State
from cti.domain.states import ContactState
from cti.domain.turn import Turn


def call_back(turn: Turn, contact: Contact, *, talked_to: AgentId | None) -> bool:
    """Queue a callback for him whose contact has just ended; whether he has one now, be it an earlier one.

    None for one without a number, and for one whom we called: his agent, or his campaign, knows what to do.
    `talked_to`: who had him; he is asked first, if he is free by then.
    """
    queue = turn.state.queues[contact.queue_id]
    if contact.outbound or not contact.address_key or not queue.open:
        return False
    if contact.address_key in turn.state.callbacks:
        return True
    contact_id = ContactId(f"c{turn.number}")
    turn.waiting.append(contact_id)
    turn.record(
        ContactQueued(
            contact_id=contact_id,
            medium=Medium.CALLBACK,
            project_id=contact.project_id,
            queue_id=contact.queue_id,
            arrived_ms=contact.arrived_ms,
            queued_ms=turn.now,
            leg_id=None,
            node=contact.node,
            requirements=contact.requirements,
            preferred=contact.preferred if talked_to is None else (talked_to,),
            condition=contact.condition,
            tier=contact.tier,
            priority=MOST_POINTS,
            origin=contact.id,
            address_key=contact.address_key,
        )
    )
    return True


def callback_to(state: State, address_key: str) -> Contact | None:
    """The callback of one who was cut off; None when there is none, or an agent is at it already.

    Of those, one was made of another contact, or is for somebody who had none yet: no callback that was asked for is.
    """
    contact_id = state.callbacks.get(address_key) if address_key else None
    callback = state.contacts[contact_id] if contact_id is not None else None
    if callback is None or (callback.origin is None and not callback.cut_off):
        return None
    return callback if callback.state in (ContactState.WAITING, ContactState.OFFERED) else None
