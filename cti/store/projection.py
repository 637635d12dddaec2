"""Facts → rows of the history. Functions of a connection, for `cti.store.history`.

Every statement finds its rows by id and computes spans from what stands there, so the projector keeps no state. A
contact's first fact and an offer write their row anew: the journal projected again gives the same ledger. Facts about
agents' phones and configuration leave no row.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final, assert_never

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.domain import facts
from cti.domain.facts import Fact
from cti.domain.ids import SYSTEM_ABANDONED, AssignmentId, EndedBy, Medium, Milliseconds
from cti.ports import Entry
from cti.store import attempts, models
from cti.store.prepared import Prepared
from cti.store.upsert import upsert

_CONTACTS: Final = models.table(models.ContactRow)
_ASSIGNMENTS: Final = models.table(models.AssignmentRow)
_READINESS: Final = models.table(models.ReadinessRow)

_at: Final[sa.BindParameter[int]] = sa.bindparam("at", type_=sa.BigInteger())
_assignment: Final[sa.BindParameter[str]] = sa.bindparam("assignment", type_=sa.Text())
_contact: Final[sa.BindParameter[str]] = sa.bindparam("contact", type_=sa.Text())

_a: Final = _ASSIGNMENTS.c
_c: Final = _CONTACTS.c
_OF_ASSIGNMENT: Final = sa.select(_a.contact_id).where(_a.assignment_id == _assignment).scalar_subquery()
_this_assignment: Final = sa.update(_ASSIGNMENTS).where(_a.assignment_id == _assignment)
_its_contact: Final = sa.update(_CONTACTS).where(_c.contact_id == _OF_ASSIGNMENT)
_this_contact: Final = sa.update(_CONTACTS).where(_c.contact_id == _contact)


def _total(span: sa.ColumnElement[int]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.sum(span)).where(_a.contact_id == _c.contact_id).scalar_subquery()


def _anew(table: sa.Table, key: str) -> Prepared:
    others = [name for name in table.c.keys() if name != key]  # noqa: SIM118 - it gives columns without it
    return Prepared(lambda connection: upsert(connection, table, keys=[key], updated=others))


_WAITED: Final = sa.case((_c.outbound, None), else_=sa.func.coalesce(_c.wait_ms, _at - _c.arrived_ms))
"""Nobody waits in a call that an agent asked for."""
_is_dialled: Final = sa.or_(_c.outbound, _c.medium == Medium.CALLBACK.value)
"""The agent is first on the line: his answer is not yet the customer's."""
_QUEUE: Final = _anew(_CONTACTS, "contact_id")
_OFFER: Final = _anew(_ASSIGNMENTS, "assignment_id")
_NOTE_READINESS: Final = Prepared(lambda connection: upsert(connection, _READINESS, keys=["entry", "place"]))
_COUNT_OFFERS: Final = Prepared.of(
    _this_contact.values(offered=sa.select(sa.func.count()).where(_a.contact_id == _contact).scalar_subquery())
)
_POP: Final = Prepared.of(_this_assignment.values(pop_ms=_at, pop_late=sa.bindparam("late")))
_RING: Final = Prepared.of(_this_assignment.values(rung_ms=sa.func.coalesce(_a.rung_ms, _at)))
_START: Final = Prepared.of(_this_assignment.values(started_ms=sa.func.coalesce(_a.started_ms, _at)))
_ANSWER: Final = Prepared.of(
    _its_contact.values(
        answered_ms=sa.case((_is_dialled, _c.answered_ms), else_=sa.func.coalesce(_c.answered_ms, _at)),
        wait_ms=_WAITED,
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
_END_OFFER: Final = Prepared.of(
    _this_assignment.values(
        closed_ms=_at, outcome=sa.bindparam("outcome_"), cause=sa.bindparam("cause_", type_=sa.Text())
    )
)
_DIAL: Final = Prepared.of(_this_assignment.values(dialled_ms=sa.func.coalesce(_a.dialled_ms, _at)))
_REACH: Final = Prepared.of(_this_assignment.values(reached_ms=sa.func.coalesce(_a.reached_ms, _at)))
_CUSTOMER_ANSWERS: Final = Prepared.of(
    _its_contact.where(_is_dialled).values(answered_ms=sa.func.coalesce(_c.answered_ms, _at))
)
_MISS: Final = Prepared.of(_this_assignment.values(missed=sa.bindparam("cause_")))
_WRAP_UP: Final = Prepared.of(_this_assignment.values(wrap_up_started_ms=_at, ended_by=sa.bindparam("ended_by_")))
_END_CONTACT: Final = Prepared.of(_its_contact.values(ended_ms=_at))
_CLOSE: Final = Prepared.of(_this_assignment.values(closed_ms=_at, outcome="closed", disposition=sa.bindparam("code")))
_REQUEUE: Final = Prepared.of(_this_contact.values(ended_ms=None))
_MOVE: Final = Prepared.of(_this_contact.values(queue_id=sa.bindparam("queue"), project_id=sa.bindparam("project")))
_CALL_BACK: Final = Prepared.of(_this_contact.values(medium="callback"))
_CLOSE_CONTACT: Final = Prepared.of(
    _this_contact.values(
        closed_ms=_at,
        disposition=sa.bindparam("code"),
        abandoned=sa.bindparam("abandoned_"),
        ended_ms=sa.func.coalesce(_c.ended_ms, _at),
        wait_ms=_WAITED,
    )
)


def apply(connection: Connection, entry: Entry) -> None:
    """Write what the entry's facts change in the ledger."""
    for place, fact in enumerate(entry.facts):
        _apply(connection, fact, place=(entry.number, place))


def _apply(connection: Connection, fact: Fact, *, place: tuple[int, int]) -> None:  # noqa: C901 - one case per fact
    run = partial(_run, connection)
    match fact:
        case facts.ContactQueued():
            _queue(connection, fact)
        case facts.AssignmentOffered():
            _offer(connection, fact)
        case facts.PopConfirmed(assignment_id=assignment_id, at_ms=at_ms, late=late):
            run(_POP, _given(assignment_id, at_ms) | {"late": late})
        case facts.AgentRung(assignment_id=assignment_id, at_ms=at_ms):
            run(_RING, _given(assignment_id, at_ms))
        case facts.AssignmentStarted(assignment_id=assignment_id, at_ms=at_ms):
            for statement in (_START, _ANSWER):
                run(statement, _given(assignment_id, at_ms))
        case (
            facts.AssignmentHeld(assignment_id=assignment_id, at_ms=at_ms)
            | facts.AssignmentPaused(assignment_id=assignment_id, at_ms=at_ms)
        ):
            run(_HOLD, _given(assignment_id, at_ms))
        case (
            facts.AssignmentResumed(assignment_id=assignment_id, at_ms=at_ms)
            | facts.AssignmentUnpaused(assignment_id=assignment_id, at_ms=at_ms)
        ):
            run(_RESUME, _given(assignment_id, at_ms))
        case facts.OfferEnded(assignment_id=assignment_id, outcome=outcome, cause=cause, at_ms=at_ms):
            run(_END_OFFER, _given(assignment_id, at_ms) | {"outcome_": outcome.value, "cause_": cause and cause.value})
        case facts.WrapUpStarted(assignment_id=assignment_id, at_ms=at_ms, ended_by=ended_by):
            run(_WRAP_UP, _given(assignment_id, at_ms) | {"ended_by_": ended_by.value})
            for statement in (_RESUME, _END_TALK, _END_CONTACT, _SUM_UP):
                run(statement, _given(assignment_id, at_ms))
        case facts.HandedOver(assignment_id=assignment_id, at_ms=at_ms):
            run(_WRAP_UP, _given(assignment_id, at_ms) | {"ended_by_": EndedBy.TRANSFERRED.value})
            for statement in (_RESUME, _END_TALK, _SUM_UP):
                run(statement, _given(assignment_id, at_ms))
        case facts.PartyInvited() | facts.PartyMoved() | facts.PartyEnded():
            pass
        case facts.ContactParked() | facts.ContactFetched():
            pass
        case (
            facts.MonitorRung()
            | facts.MonitorWished()
            | facts.MonitorMoved()
            | facts.MonitorCameIn()
            | facts.MonitorEnded()
        ):
            pass
        case facts.AssignmentClosed(assignment_id=assignment_id, disposition=disposition, at_ms=at_ms):
            run(_CLOSE, _given(assignment_id, at_ms) | {"code": disposition})
            for statement in (_RESUME, _END_TALK, _SUM_UP):
                run(statement, _given(assignment_id, at_ms))
        case facts.CustomerRung(assignment_id=assignment_id, at_ms=at_ms):
            run(_DIAL, _given(assignment_id, at_ms))
        case facts.CustomerReached(assignment_id=assignment_id, at_ms=at_ms):
            for statement in (_REACH, _CUSTOMER_ANSWERS):
                run(statement, _given(assignment_id, at_ms))
        case facts.CustomerMissed(assignment_id=assignment_id, cause=cause):
            run(_MISS, {"assignment": assignment_id, "cause_": cause.value})
        case facts.ContactRequeued(contact_id=contact_id):
            run(_REQUEUE, {"contact": contact_id})
        case facts.ContactClosed(contact_id=contact_id, disposition=disposition, at_ms=at_ms):
            abandoned = disposition == SYSTEM_ABANDONED
            given = {"contact": contact_id, "at": at_ms, "code": disposition, "abandoned_": abandoned}
            run(_CLOSE_CONTACT, given)
            attempts.coded(connection, given)
        case facts.ContactMoved(contact_id=contact_id, queue_id=queue_id, project_id=project_id):
            run(_MOVE, {"contact": contact_id, "queue": queue_id, "project": project_id})
        case facts.CallbackAccepted(contact_id=contact_id):
            run(_CALL_BACK, {"contact": contact_id})
        case facts.ReadinessChanged():
            _note_readiness(connection, fact, place=place)
        case (
            facts.LeadDialled() | facts.LeadShown() | facts.DialAnswered() | facts.CalleeQueued() | facts.AttemptEnded()
        ):
            attempts.apply(connection, fact)
        case (
            facts.QueueConfigured()
            | facts.AgentConfigured()
            | facts.DeviceSet()
            | facts.ReachChanged()
            | facts.AgentSkipped()
            | facts.LineWish()
            | facts.LineRung()
            | facts.LineUp()
            | facts.LineDown()
            | facts.CampaignConfigured()
            | facts.CampaignSwitched()
            | facts.WindowBegun()
            | facts.LeadsQueued()
            | facts.LeadsDropped()
            | facts.AgentReserved()
            | facts.DialGivenUp()
            | facts.SignOutDeferred()
            | facts.AgentLegLost()
            | facts.RingEnded()
            | facts.NodeLost()
            | facts.NodeReturned()
            | facts.ClockShifted()
            | facts.HoursConfigured()
            | facts.WaitPlanned()
            | facts.StepTaken()
            | facts.ContactUrged()
            | facts.PriorityGiven()
            | facts.CallbackOffered()
            | facts.CallbackPostponed()
        ):
            pass
        case _:
            assert_never(fact)


def _given(assignment_id: AssignmentId, at_ms: Milliseconds) -> dict[str, object]:
    return {"assignment": assignment_id, "at": at_ms}


def _queue(connection: Connection, fact: facts.ContactQueued) -> None:
    written = {
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
    }
    _write_anew(connection, _QUEUE, _CONTACTS, written)


def _is_callee(fact: facts.ContactQueued) -> bool:
    """Whether a campaign reached him before there was a contact: he is on the line already."""
    return fact.campaign_id is not None and fact.leg_id is not None


def _offer(connection: Connection, fact: facts.AssignmentOffered) -> None:
    written = {
        "assignment_id": fact.assignment_id,
        "contact_id": fact.contact_id,
        "agent_id": fact.agent_id,
        "offered_ms": fact.at_ms,
        "pop_late": False,
        "hold_ms": 0,
        "why": msgspec.json.encode(fact.why).decode(),
    }
    _write_anew(connection, _OFFER, _ASSIGNMENTS, written)
    _COUNT_OFFERS.run(connection, {"contact": fact.contact_id})


def _write_anew(connection: Connection, statement: Prepared, table: sa.Table, given: Mapping[str, object]) -> None:
    """The row with this key has these columns and no others."""
    statement.run(connection, {**dict.fromkeys(table.c.keys()), **given})


def _run(connection: Connection, statement: Prepared, given: Mapping[str, object]) -> None:
    statement.run(connection, given)


def _note_readiness(connection: Connection, fact: facts.ReadinessChanged, *, place: tuple[int, int]) -> None:
    _NOTE_READINESS.run(
        connection,
        {
            "entry": place[0],
            "place": place[1],
            "agent_id": fact.agent_id,
            "at_ms": fact.at_ms,
            "readiness": fact.readiness.value,
            "reason": fact.reason,
        },
    )
