"""Facts of assignments → their rows, and what they change in the row of the contact. For `cti.store.projection`.

As there: every statement finds its rows by id and computes spans from what stands there.
"""

from typing import Final, assert_never

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.domain import facts
from cti.domain.ids import AssignmentId, EndedBy, Medium, Milliseconds
from cti.store import models
from cti.store.anew import RowsAnew
from cti.store.contacts import WAITED
from cti.store.prepared import Prepared

Offering = facts.AssignmentOffered | facts.PopConfirmed | facts.AgentRung | facts.OfferEnded
Talking = (
    facts.AssignmentStarted
    | facts.AssignmentHeld
    | facts.AssignmentPaused
    | facts.AssignmentResumed
    | facts.AssignmentUnpaused
    | facts.WrapUpStarted
    | facts.HandedOver
    | facts.AssignmentClosed
)
Reaching = facts.CustomerRung | facts.CustomerReached | facts.CustomerMissed
Assigning = Offering | Talking | Reaching
"""Facts that leave a row here: of the offer, of the talk, and of the customer whom the agent has dialled."""

_CONTACTS: Final = models.table(models.ContactRow)
_ASSIGNMENTS: Final = models.table(models.AssignmentRow)
_a: Final = _ASSIGNMENTS.c
_c: Final = _CONTACTS.c

_at: Final[sa.BindParameter[int]] = sa.bindparam("at", type_=sa.BigInteger())
_assignment: Final[sa.BindParameter[str]] = sa.bindparam("assignment", type_=sa.Text())
_contact: Final[sa.BindParameter[str]] = sa.bindparam("contact", type_=sa.Text())
_OF_ASSIGNMENT: Final = sa.select(_a.contact_id).where(_a.assignment_id == _assignment).scalar_subquery()
_this_assignment: Final = sa.update(_ASSIGNMENTS).where(_a.assignment_id == _assignment)
_its_contact: Final = sa.update(_CONTACTS).where(_c.contact_id == _OF_ASSIGNMENT)


def _total(span: sa.ColumnElement[int]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.sum(span)).where(_a.contact_id == _c.contact_id).scalar_subquery()


_is_dialled: Final = sa.or_(_c.outbound, _c.medium == Medium.CALLBACK.value)
"""The agent is first on the line: his answer is not yet the customer's."""
_OFFERED: Final = RowsAnew(_ASSIGNMENTS, "assignment_id")
_COUNT_OFFERS: Final = Prepared.of(
    sa.update(_CONTACTS)
    .where(_c.contact_id == _contact)
    .values(offered=sa.select(sa.func.count()).where(_a.contact_id == _contact).scalar_subquery())
)
_POP: Final = Prepared.of(_this_assignment.values(pop_ms=_at, pop_late=sa.bindparam("late")))
_RING: Final = Prepared.of(_this_assignment.values(rung_ms=sa.func.coalesce(_a.rung_ms, _at)))
_END_OFFER: Final = Prepared.of(
    _this_assignment.values(
        closed_ms=_at, outcome=sa.bindparam("outcome_"), cause=sa.bindparam("cause_", type_=sa.Text())
    )
)
_START: Final = Prepared.of(_this_assignment.values(started_ms=sa.func.coalesce(_a.started_ms, _at)))
_ANSWER: Final = Prepared.of(
    _its_contact.values(
        answered_ms=sa.case((_is_dialled, _c.answered_ms), else_=sa.func.coalesce(_c.answered_ms, _at)),
        wait_ms=WAITED,
        agent_id=sa.select(_a.agent_id).where(_a.assignment_id == _assignment).scalar_subquery(),
    )
)
_HOLD: Final = Prepared.of(_this_assignment.where(_a.held_since_ms.is_(None)).values(held_since_ms=_at))
_RESUME: Final = Prepared.of(
    _this_assignment.where(_a.held_since_ms.is_not(None)).values(
        hold_ms=_a.hold_ms + _at - _a.held_since_ms, held_since_ms=None
    )
)
_END_TALK: Final = Prepared.of(
    _this_assignment.where(_a.talk_ms.is_(None), _a.started_ms.is_not(None)).values(
        talk_ms=sa.case(
            (_a.dialled_ms.is_not(None) & _a.reached_ms.is_(None), 0),
            else_=_at - sa.func.coalesce(_a.reached_ms, _a.started_ms) - _a.hold_ms,
        )
    )
)
_SUM_UP: Final = Prepared.of(
    _its_contact.values(
        talk_ms=_total(_a.talk_ms), hold_ms=_total(_a.hold_ms), wrap_up_ms=_total(_a.closed_ms - _a.wrap_up_started_ms)
    )
)
_WRAP_UP: Final = Prepared.of(_this_assignment.values(wrap_up_started_ms=_at, ended_by=sa.bindparam("ended_by_")))
_END_CONTACT: Final = Prepared.of(_its_contact.values(ended_ms=_at))
_CLOSE: Final = Prepared.of(_this_assignment.values(closed_ms=_at, outcome="closed", disposition=sa.bindparam("code")))
_DIAL: Final = Prepared.of(_this_assignment.values(dialled_ms=sa.func.coalesce(_a.dialled_ms, _at)))
_REACH: Final = Prepared.of(_this_assignment.values(reached_ms=sa.func.coalesce(_a.reached_ms, _at)))
_CUSTOMER_ANSWERS: Final = Prepared.of(
    _its_contact.where(_is_dialled).values(answered_ms=sa.func.coalesce(_c.answered_ms, _at))
)
_MISS: Final = Prepared.of(_this_assignment.values(missed=sa.bindparam("cause_")))


def apply(connection: Connection, fact: Assigning) -> None:
    """Write what the fact changes."""
    if isinstance(fact, Offering):
        _apply_offering(connection, fact)
    elif isinstance(fact, Talking):
        _apply_talking(connection, fact)
    else:
        _apply_reaching(connection, fact)


def _apply_offering(connection: Connection, fact: Offering) -> None:
    given = _given(fact.assignment_id, fact.at_ms)
    match fact:
        case facts.AssignmentOffered():
            _offer(connection, fact)
        case facts.PopConfirmed(late=late):
            _POP.run(connection, given | {"late": late})
        case facts.AgentRung():
            _RING.run(connection, given)
        case facts.OfferEnded(outcome=outcome, cause=cause):
            _END_OFFER.run(connection, given | {"outcome_": outcome.value, "cause_": cause and cause.value})
        case _:
            assert_never(fact)


def _apply_talking(connection: Connection, fact: Talking) -> None:
    given = _given(fact.assignment_id, fact.at_ms)
    match fact:
        case facts.AssignmentStarted():
            _run(connection, given, _START, _ANSWER)
        case facts.AssignmentHeld() | facts.AssignmentPaused():
            _HOLD.run(connection, given)
        case facts.AssignmentResumed() | facts.AssignmentUnpaused():
            _RESUME.run(connection, given)
        case facts.WrapUpStarted(ended_by=ended_by):
            _WRAP_UP.run(connection, given | {"ended_by_": ended_by.value})
            _run(connection, given, _RESUME, _END_TALK, _END_CONTACT, _SUM_UP)
        case facts.HandedOver():
            _WRAP_UP.run(connection, given | {"ended_by_": EndedBy.TRANSFERRED.value})
            _run(connection, given, _RESUME, _END_TALK, _SUM_UP)
        case facts.AssignmentClosed(disposition=disposition):
            _CLOSE.run(connection, given | {"code": disposition})
            _run(connection, given, _RESUME, _END_TALK, _SUM_UP)
        case _:
            assert_never(fact)


def _apply_reaching(connection: Connection, fact: Reaching) -> None:
    match fact:
        case facts.CustomerRung():
            _DIAL.run(connection, _given(fact.assignment_id, fact.at_ms))
        case facts.CustomerReached():
            _run(connection, _given(fact.assignment_id, fact.at_ms), _REACH, _CUSTOMER_ANSWERS)
        case facts.CustomerMissed(assignment_id=assignment_id, cause=cause):
            _MISS.run(connection, {"assignment": assignment_id, "cause_": cause.value})
        case _:
            assert_never(fact)


def _given(assignment_id: AssignmentId, at_ms: Milliseconds) -> dict[str, object]:
    return {"assignment": assignment_id, "at": at_ms}


def _run(connection: Connection, given: dict[str, object], *statements: Prepared) -> None:
    for statement in statements:
        statement.run(connection, given)


def _offer(connection: Connection, fact: facts.AssignmentOffered) -> None:
    _OFFERED.write(
        connection,
        {
            "assignment_id": fact.assignment_id,
            "contact_id": fact.contact_id,
            "agent_id": fact.agent_id,
            "offered_ms": fact.at_ms,
            "pop_late": False,
            "hold_ms": 0,
            "why": msgspec.json.encode(fact.why).decode(),
        },
    )
    _COUNT_OFFERS.run(connection, {"contact": fact.contact_id})
