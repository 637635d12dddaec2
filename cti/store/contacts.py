"""Facts of contacts → their rows, from arrival to close. For `cti.store.projection`; talks: `cti.store.assignments`.

As there: every statement finds its rows by id, so the journal projected again gives the same.
"""

from typing import Final, assert_never

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.domain import facts
from cti.domain.ids import SYSTEM_ABANDONED
from cti.store import attempts, models
from cti.store.anew import RowsAnew
from cti.store.prepared import Prepared

Contacting = (
    facts.ContactQueued | facts.ContactMoved | facts.ContactRequeued | facts.CallbackAccepted | facts.ContactClosed
)
"""Facts that leave a row here."""

_CONTACTS: Final = models.table(models.ContactRow)
_c: Final = _CONTACTS.c

_at: Final[sa.BindParameter[int]] = sa.bindparam("at", type_=sa.BigInteger())
_contact: Final[sa.BindParameter[str]] = sa.bindparam("contact", type_=sa.Text())
_this_contact: Final = sa.update(_CONTACTS).where(_c.contact_id == _contact)

WAITED: Final = sa.case((_c.outbound, None), else_=sa.func.coalesce(_c.wait_ms, _at - _c.arrived_ms))
"""How long a contact waited that is served or closed `at`. Nobody waits in a call that an agent asked for."""

_QUEUED: Final = RowsAnew(_CONTACTS, "contact_id")
_REQUEUE: Final = Prepared.of(_this_contact.values(ended_ms=None))
_MOVE: Final = Prepared.of(_this_contact.values(queue_id=sa.bindparam("queue"), project_id=sa.bindparam("project")))
_CALL_BACK: Final = Prepared.of(_this_contact.values(medium="callback"))
_CLOSE: Final = Prepared.of(
    _this_contact.values(
        closed_ms=_at,
        disposition=sa.bindparam("code"),
        abandoned=sa.bindparam("abandoned_"),
        ended_ms=sa.func.coalesce(_c.ended_ms, _at),
        wait_ms=WAITED,
    )
)


def apply(connection: Connection, fact: Contacting) -> None:
    """Write what the fact changes; a campaign's attempt and lead have the contact's code, too."""
    match fact:
        case facts.ContactQueued():
            _queue(connection, fact)
        case facts.ContactRequeued(contact_id=contact_id):
            _REQUEUE.run(connection, {"contact": contact_id})
        case facts.ContactClosed(contact_id=contact_id, disposition=disposition, at_ms=at_ms):
            abandoned = disposition == SYSTEM_ABANDONED
            given = {"contact": contact_id, "at": at_ms, "code": disposition, "abandoned_": abandoned}
            _CLOSE.run(connection, given)
            attempts.coded(connection, given)
        case facts.ContactMoved(contact_id=contact_id, queue_id=queue_id, project_id=project_id):
            _MOVE.run(connection, {"contact": contact_id, "queue": queue_id, "project": project_id})
        case facts.CallbackAccepted(contact_id=contact_id):
            _CALL_BACK.run(connection, {"contact": contact_id})
        case _:
            assert_never(fact)


def _queue(connection: Connection, fact: facts.ContactQueued) -> None:
    _QUEUED.write(
        connection,
        {
            "contact_id": fact.contact_id,
            "project_id": fact.project_id,
            "queue_id": fact.queue_id,
            "medium": fact.medium.value,
            "arrived_ms": fact.arrived_ms,
            "queued_ms": fact.queued_ms,
            "offered": 0,
            "abandoned": False,
            "outbound": fact.outbound,
            "answered_ms": fact.arrived_ms if _is_callee(fact) else None,
        },
    )


def _is_callee(fact: facts.ContactQueued) -> bool:
    """Whether a campaign reached him before there was a contact: he is on the line already."""
    return fact.campaign_id is not None and fact.leg_id is not None
