"""Facts of campaigns → rows of leads and attempts. Functions of a connection, for `cti.store.projection`.

As there: every statement finds its rows by id, so the journal projected again gives the same. The lists themselves are
entered by `cti.store.leads`; a lead that stands in no list any more leaves its attempts only.
"""

from collections.abc import Mapping
from typing import Final, assert_never

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.domain import facts
from cti.domain.ids import LeadId
from cti.store import models
from cti.store.anew import RowsAnew
from cti.store.prepared import Prepared

Campaigning = facts.LeadDialled | facts.LeadShown | facts.DialAnswered | facts.CalleeQueued | facts.AttemptEnded
"""Facts that leave a row here."""

_LEADS: Final = models.table(models.LeadRow)
_ATTEMPTS: Final = models.table(models.AttemptRow)
_l: Final = _LEADS.c
_a: Final = _ATTEMPTS.c

_lead: Final[sa.BindParameter[int]] = sa.bindparam("lead", type_=sa.BigInteger())
_dial: Final[sa.BindParameter[str]] = sa.bindparam("dial", type_=sa.Text())
_at: Final[sa.BindParameter[int]] = sa.bindparam("at", type_=sa.BigInteger())
_contact: Final[sa.BindParameter[str]] = sa.bindparam("contact", type_=sa.Text())
_next: Final[sa.BindParameter[int | None]] = sa.bindparam("next", type_=sa.BigInteger())
_this_lead: Final = sa.update(_LEADS).where(_l.lead_id == _lead)
_this_dial: Final = sa.update(_ATTEMPTS).where(_a.dial_id == _dial)

_BEGUN: Final = RowsAnew(_ATTEMPTS, "dial_id")
_TRY: Final = Prepared.of(_this_lead.values(state="trying", next_ms=None))
_ANSWER: Final = Prepared.of(_this_dial.values(answered_ms=sa.func.coalesce(_a.answered_ms, _at)))
_MEET: Final = Prepared.of(_this_dial.values(contact_id=_contact))
_END: Final = Prepared.of(
    _this_dial.values(
        ended_ms=_at,
        result=sa.bindparam("result_"),
        next_ms=_next,
        contact_id=sa.func.coalesce(_contact, _a.contact_id),
    )
)
_SETTLE: Final = Prepared.of(
    _this_lead.values(
        state=sa.bindparam("state_"),
        attempts=sa.bindparam("attempts_"),
        result=sa.bindparam("result_"),
        next_ms=_next,
        tried_ms=_at,
        disposition=None,
    )
)
_CODE: Final = Prepared.of(
    sa.update(_ATTEMPTS).where(_a.contact_id == _contact).values(disposition=sa.bindparam("code"))
)
_CODE_LEAD: Final = Prepared.of(
    sa.update(_LEADS)
    .where(_l.lead_id.in_(sa.select(_a.lead_id).where(_a.contact_id == _contact)), _l.state != "trying")
    .values(disposition=sa.bindparam("code"))
)


def row_of(lead_id: LeadId) -> int:
    """The row's key: `l12` → 12."""
    return int(lead_id[1:])


def id_of(row: int) -> LeadId:
    """What stands in journals for a row."""
    return LeadId(f"l{row}")


def apply(connection: Connection, fact: Campaigning) -> None:
    """Write what the fact changes."""
    match fact:
        case facts.LeadDialled():
            _begin(connection, fact)
        case facts.LeadShown():
            _begin(connection, fact, contact_id=fact.contact_id)
        case facts.DialAnswered(dial_id=dial_id, at_ms=at_ms):
            _ANSWER.run(connection, {"dial": dial_id, "at": at_ms})
        case facts.CalleeQueued(dial_id=dial_id, contact_id=contact_id):
            _MEET.run(connection, {"dial": dial_id, "contact": contact_id})
        case facts.AttemptEnded():
            _end(connection, fact)
        case _:
            assert_never(fact)


def coded(connection: Connection, given: Mapping[str, object]) -> None:
    """A contact is closed with a disposition, `contact` and `code` in `given`: its attempt and lead have it too."""
    named = {"contact": given["contact"], "code": given["code"]}
    _CODE.run(connection, named)
    _CODE_LEAD.run(connection, named)


def _begin(connection: Connection, fact: facts.LeadDialled | facts.LeadShown, *, contact_id: str | None = None) -> None:
    lead = row_of(fact.lead.lead_id)
    _BEGUN.write(
        connection,
        {
            "dial_id": fact.dial_id,
            "campaign_id": fact.campaign_id,
            "lead_id": lead,
            "dialled_ms": fact.at_ms,
            "contact_id": contact_id,
        },
    )
    _TRY.run(connection, {"lead": lead})


def _end(connection: Connection, fact: facts.AttemptEnded) -> None:
    result = fact.result.value
    _END.run(
        connection,
        {
            "dial": fact.dial_id,
            "at": fact.at_ms,
            "result_": result,
            "next": fact.next_ms,
            "contact": fact.contact_id,
        },
    )
    _SETTLE.run(
        connection,
        {
            "lead": row_of(fact.lead_id),
            "state_": "done" if fact.next_ms is None else "retry",
            "attempts_": fact.attempts,
            "result_": result,
            "next": fact.next_ms,
            "at": fact.at_ms,
        },
    )
