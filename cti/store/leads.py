"""The lists of campaigns: `ports.campaigns.Leads`, and the only place that enters leads or takes them off a list.

How far a lead has come is the projection's to write (`cti.store.attempts`). Who is not to be called is looked up anew
in `do_not_call` whenever leads are asked for, so an entry there counts at once.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.database import Database
from cti.domain.events import Lead
from cti.domain.ids import (
    AgentId,
    CampaignId,
    ContactId,
    DialId,
    DialResult,
    DispositionId,
    LeadId,
    Milliseconds,
    ProjectId,
)
from cti.ports.campaigns import (
    HUMAN_TALK_MS,
    Again,
    Asked,
    Attempt,
    Callee,
    DueLead,
    Entered,
    LeadRow,
    LeadState,
    NewLead,
    Progress,
    Rolling,
)
from cti.store import models
from cti.store.attempts import id_of, row_of
from cti.store.text import storable
from cti.store.upsert import upsert

_LEADS: Final = models.table(models.LeadRow)
_ATTEMPTS: Final = models.table(models.AttemptRow)
_BARRED: Final = models.table(models.DoNotCallRow)
_CONTACTS: Final = models.table(models.ContactRow)
_l: Final = _LEADS.c
_a: Final = _ATTEMPTS.c

_AT_ONCE: Final = 500
"""Values in one list of a statement: databases bound their parameters."""
_MOST_ATTEMPTS: Final = 200
_PIECE: Final = 1000
_WRITE_S: Final = 30.0

_may_be_tried: Final = _l.withdrawn_ms.is_(None) & _l.number.is_not(None)


class StoredLeads:
    """See `ports.campaigns.Leads`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def enter(self, campaign_id: CampaignId, leads: Sequence[NewLead], *, project_id: ProjectId) -> Entered:
        """See `ports.campaigns.Leads`."""
        work = partial(_enter, campaign_id=campaign_id, project_id=project_id, leads=leads)
        return await self._database.write(work, within_s=_WRITE_S)

    async def examine(self, campaign_id: CampaignId, leads: Sequence[NewLead], *, project_id: ProjectId) -> Entered:
        """See `ports.campaigns.Leads`."""
        work = partial(_sort_out, campaign_id=campaign_id, project_id=project_id, leads=leads)
        _, entered = await self._database.read(work)
        return entered

    async def zones(self, campaign_id: CampaignId) -> Sequence[str]:
        """See `ports.campaigns.Leads`."""
        statement = sa.select(_l.zones).where(_l.campaign_id == campaign_id).distinct()
        return await self._database.read(lambda c: list(c.execute(statement).scalars()))

    async def due(self, asked: Asked) -> Sequence[DueLead]:
        """See `ports.campaigns.Leads`."""
        return await self._database.read(partial(_due, asked=asked))

    async def barred(self, lead_ids: Sequence[LeadId], *, project_id: ProjectId) -> Collection[LeadId]:
        """See `ports.campaigns.Leads`."""
        return await self._database.read(partial(_not_to_be_called, lead_ids=lead_ids, project_id=project_id))

    async def recall(self, lead_ids: Sequence[LeadId]) -> Sequence[Callee]:
        """See `ports.campaigns.Leads`."""
        return await self._database.read(lambda c: [_callee(row) for row in _rows(c, lead_ids)])

    async def zones_of(self, lead_ids: Sequence[LeadId]) -> Mapping[LeadId, str]:
        """See `ports.campaigns.Leads`."""
        return await self._database.read(lambda c: {id_of(row.lead_id): row.zones for row in _rows(c, lead_ids)})

    async def progress(self, asked: Asked) -> Progress:
        """See `ports.campaigns.Leads`."""
        return await self._database.read(partial(_progress, asked=asked))

    async def rolling(self, campaign_id: CampaignId, *, since_ms: Milliseconds) -> Rolling:
        """See `ports.campaigns.Leads`."""
        return await self._database.read(partial(_rolling, campaign_id=campaign_id, since_ms=since_ms))

    async def search(
        self, campaign_id: CampaignId, *, text: str, state: LeadState | None, limit: int, after: int
    ) -> Sequence[LeadRow]:
        """See `ports.campaigns.Leads`."""
        where = (_l.campaign_id == campaign_id) & (_l.lead_id > after)
        if text:
            where &= _contains(storable(text))
        if state is not None:
            where &= _l.state == state.value
        statement = sa.select(_LEADS).where(where).order_by(_l.lead_id).limit(limit)
        return await self._database.read(lambda c: [_lead_row(row) for row in c.execute(statement)])

    async def lead(self, campaign_id: CampaignId, lead_id: LeadId) -> LeadRow | None:
        """See `ports.campaigns.Leads`."""
        statement = sa.select(_LEADS).where(_l.campaign_id == campaign_id, _l.lead_id == row_of(lead_id))
        row = await self._database.read(lambda c: c.execute(statement).one_or_none())
        return None if row is None else _lead_row(row)

    async def attempts(self, lead_id: LeadId) -> Sequence[Attempt]:
        """See `ports.campaigns.Leads`."""
        return await self._database.read(
            lambda c: list(reversed(_attempts(c, [row_of(lead_id)]).get(row_of(lead_id), ())))[:_MOST_ATTEMPTS]
        )

    async def withdraw(
        self,
        campaign_id: CampaignId,
        lead_ids: Sequence[LeadId] | None,
        *,
        now: Milliseconds,
        again: Sequence[Again] = (),
    ) -> int:
        """See `ports.campaigns.Leads`."""
        where = (_l.campaign_id == campaign_id) & _l.withdrawn_ms.is_(None)
        if lead_ids is None:
            where &= sa.or_(_l.state != "done", *(pending for _, pending in _pending(again)))
        else:
            where &= _l.lead_id.in_(list(map(row_of, lead_ids)))
        statement = sa.update(_LEADS).where(where).values(withdrawn_ms=now)
        return await self._database.write(lambda c: int(c.execute(statement).rowcount), within_s=_WRITE_S)

    async def results(self, campaign_id: CampaignId) -> AsyncIterator[Sequence[tuple[LeadRow, Sequence[Attempt]]]]:
        """See `ports.campaigns.Leads`."""
        after = 0
        while piece := await self._database.read(partial(_piece, campaign_id=campaign_id, after=after)):
            yield piece
            after = row_of(piece[-1][0].callee.lead_id)


# -- entering ----------------------------------------------------------------------------------------------------------


def _enter(
    connection: Connection, *, campaign_id: CampaignId, project_id: ProjectId, leads: Sequence[NewLead]
) -> Entered:
    fresh, entered = _sort_out(connection, campaign_id=campaign_id, project_id=project_id, leads=leads)
    if fresh:
        rows = [_row(lead, campaign_id, project_id) for lead in fresh]
        # What it returns is not wanted, but has the rows sent many in one statement instead of one each.
        connection.execute(upsert(connection, _LEADS, keys=["campaign_id", "number"]).returning(_l.lead_id), rows)
    return entered


def _sort_out(
    connection: Connection, *, campaign_id: CampaignId, project_id: ProjectId, leads: Sequence[NewLead]
) -> tuple[list[NewLead], Entered]:
    """Those that are new here and may be called, and what becomes of all."""
    numbers = [lead.number for lead in leads]
    b = _BARRED.c
    known = _those(connection, sa.select(_l.number).where(_l.campaign_id == campaign_id), _l.number, numbers)
    barred = _those(connection, sa.select(b.number).where(b.project_id.in_(["", project_id])), b.number, numbers)
    fresh = [lead for lead in leads if lead.number not in known and lead.number not in barred]
    entered = Entered(
        added=len(fresh),
        known=tuple(lead.line for lead in leads if lead.number in known),
        barred=tuple(lead.line for lead in leads if lead.number in barred and lead.number not in known),
    )
    return fresh, entered


def _those(
    connection: Connection, statement: "sa.Select[Any]", column: "sa.ColumnElement[Any]", values: Sequence[str]
) -> set[str]:
    found: set[str] = set()
    for first in range(0, len(values), _AT_ONCE):
        found.update(connection.execute(statement.where(column.in_(values[first : first + _AT_ONCE]))).scalars())
    return found


def _row(lead: NewLead, campaign_id: CampaignId, project_id: ProjectId) -> dict[str, object]:
    return {
        "campaign_id": campaign_id,
        "project_id": project_id,
        "number": lead.number,
        "name": storable(lead.name),
        "language": lead.language,
        "place": -lead.tier,
        "not_before_ms": lead.not_before_ms,
        "zones": " ".join(lead.zones),
        "columns": storable(msgspec.json.encode(dict(lead.columns)).decode()),
        "state": LeadState.NEW.value,
        "attempts": 0,
    }


# -- what may be dialled -----------------------------------------------------------------------------------------------


def _callable(asked: Asked) -> "sa.ColumnElement[bool]":
    """Of this campaign, on its list still, and not barred."""
    b = _BARRED.c
    barred = sa.exists().where(b.number == _l.number, b.project_id.in_(["", asked.project_id]))
    return (_l.campaign_id == asked.campaign_id) & _may_be_tried & ~barred


def _pending(again: Iterable[Again]) -> "list[tuple[Again, sa.ColumnElement[bool]]]":
    """Done, and to be tried again by its disposition."""
    return [
        (one, (_l.state == "done") & (_l.disposition == one.disposition) & (_l.attempts < one.attempts))
        for one in again
    ]


def _due(connection: Connection, *, asked: Asked) -> list[DueLead]:
    if not asked.open_zones or asked.limit <= 0:
        return []
    fits = _callable(asked) & _l.zones.in_(list(asked.open_zones))
    waits = _l.not_before_ms.is_(None) | (_l.not_before_ms <= asked.now)
    ways = [(fits & (_l.state == "retry") & (_l.next_ms <= asked.now), (_l.next_ms, _l.lead_id))]
    ways += [
        (fits & where & (_l.tried_ms <= asked.now - one.after_ms), (_l.tried_ms, _l.lead_id))
        for one, where in _pending(asked.again)
    ]
    ways.append((fits & (_l.state == "new") & waits, (_l.place, _l.lead_id)))
    without = frozenset(map(row_of, asked.without))
    found: list[DueLead] = []
    for where, order in ways:
        wanted = asked.limit - len(found)
        if wanted <= 0:
            break
        statement = sa.select(_LEADS).where(where).order_by(*order).limit(wanted + len(without))
        rows = [row for row in connection.execute(statement) if row.lead_id not in without]
        found += map(_due_lead, rows[:wanted])
    return found


def _due_lead(row: "sa.Row[Any]") -> DueLead:
    lead = Lead(lead_id=id_of(row.lead_id), attempts=row.attempts, tier=-row.place)
    return DueLead(lead=lead, callee=_callee(row), zones=row.zones)


def _not_to_be_called(connection: Connection, *, lead_ids: Sequence[LeadId], project_id: ProjectId) -> set[LeadId]:
    b = _BARRED.c
    barred = sa.exists().where(b.number == _l.number, b.project_id.in_(["", project_id]))
    found: set[LeadId] = set()
    for first in range(0, len(lead_ids), _AT_ONCE):
        rows = list(map(row_of, lead_ids[first : first + _AT_ONCE]))
        left = sa.select(_l.lead_id).where(_l.lead_id.in_(rows), _may_be_tried, ~barred)
        found.update(map(id_of, set(rows) - set(connection.execute(left).scalars())))
    return found


def _rows(connection: Connection, lead_ids: Sequence[LeadId]) -> "list[sa.Row[Any]]":
    found: list[sa.Row[Any]] = []
    for first in range(0, len(lead_ids), _AT_ONCE):
        rows = list(map(row_of, lead_ids[first : first + _AT_ONCE]))
        found += connection.execute(sa.select(_LEADS).where(_l.lead_id.in_(rows)))
    return found


# -- how far it is -----------------------------------------------------------------------------------------------------


def _progress(connection: Connection, *, asked: Asked) -> Progress:
    mine = _l.campaign_id == asked.campaign_id
    gone = _l.withdrawn_ms.is_not(None) | _l.number.is_(None)
    pending = _pending(asked.again)
    again = sa.or_(*(where for _, where in pending)) if pending else sa.false()
    state = sa.case((gone, "withdrawn"), (again, "retry"), else_=_l.state).label("way")
    result = sa.case((gone | again, None), (_l.state == "done", _l.result), else_=None).label("end")
    counted = connection.execute(sa.select(state, result, sa.func.count()).where(mine).group_by(state, result)).all()
    by_state = dict.fromkeys(("new", "trying", "retry", "withdrawn"), 0)
    done: dict[DialResult, int] = {}
    for way, end, count in counted:
        if way == "done":
            done[DialResult(end)] = done.get(DialResult(end), 0) + count
        else:
            by_state[way] += count
    left = mine & _may_be_tried & (_l.state.in_(["new", "retry"]) | again)
    fits, is_due = left & _callable(asked), _is_due(asked, pending)
    return Progress(
        total=sum(count for _, _, count in counted),
        **by_state,
        done=done,
        barred=by_state["new"] + by_state["retry"] - _count(connection, fits),
        next_ms=_next_ms(connection, fits, pending),
        due=_count(connection, fits & is_due & _l.zones.in_(list(asked.open_zones))),
        outside_hours=_count(connection, fits & is_due & _l.zones.not_in(list(asked.open_zones))),
    )


def _is_due(asked: Asked, pending: "Sequence[tuple[Again, sa.ColumnElement[bool]]]") -> "sa.ColumnElement[bool]":
    return sa.or_(
        (_l.state == "new") & (_l.not_before_ms.is_(None) | (_l.not_before_ms <= asked.now)),
        (_l.state == "retry") & (_l.next_ms <= asked.now),
        *(where & (_l.tried_ms <= asked.now - one.after_ms) for one, where in pending),
    )


def _next_ms(
    connection: Connection,
    fits: "sa.ColumnElement[bool]",
    pending: "Sequence[tuple[Again, sa.ColumnElement[bool]]]",
) -> Milliseconds | None:
    """When the next lead is due that waits for its time."""
    ways = [
        sa.select(sa.func.min(_l.next_ms)).where(fits, _l.state == "retry"),
        sa.select(sa.func.min(_l.not_before_ms)).where(fits, _l.state == "new"),
    ]
    ways += [sa.select(sa.func.min(_l.tried_ms) + one.after_ms).where(fits, where) for one, where in pending]
    found = [connection.execute(way).scalar() for way in ways]
    return min((at_ms for at_ms in found if at_ms is not None), default=None)


def _count(connection: Connection, where: "sa.ColumnElement[bool]") -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(_LEADS).where(where)).scalar_one())


def _rolling(connection: Connection, *, campaign_id: CampaignId, since_ms: Milliseconds) -> Rolling:
    talked = sa.case((_CONTACTS.c.talk_ms >= HUMAN_TALK_MS, 1), else_=0)
    statement = (
        sa.select(_a.result, sa.func.count(), sa.func.sum(talked))
        .select_from(_ATTEMPTS.outerjoin(_CONTACTS, _CONTACTS.c.contact_id == _a.contact_id))
        .where(_a.campaign_id == campaign_id, _a.dialled_ms >= since_ms, _a.answered_ms.is_not(None))
        .group_by(_a.result)
    )
    found = {row[0]: (int(row[1]), int(row[2])) for row in connection.execute(statement)}
    connected, humans = found.get(DialResult.CONNECTED.value, (0, 0))
    abandoned, _ = found.get(DialResult.ABANDONED.value, (0, 0))
    machines, _ = found.get(DialResult.MACHINE.value, (0, 0))
    return Rolling(answered=connected + abandoned, abandoned=abandoned, machines=machines, humans=humans)


# -- what is shown -----------------------------------------------------------------------------------------------------


def _contains(text: str) -> "sa.ColumnElement[bool]":
    """Whatever the case of a name: SQLite knows capitals of ASCII only."""
    digits = "".join(filter(str.isdigit, text))
    found = sa.or_(*(_l.name.contains(each, autoescape=True) for each in {text, text.lower(), text.title()}))
    return found | _l.number.contains(digits, autoescape=True) if digits else found


def _piece(connection: Connection, *, campaign_id: CampaignId, after: int) -> list[tuple[LeadRow, Sequence[Attempt]]]:
    where = (_l.campaign_id == campaign_id) & (_l.lead_id > after)
    rows = connection.execute(sa.select(_LEADS).where(where).order_by(_l.lead_id).limit(_PIECE)).all()
    attempts = _attempts(connection, [row.lead_id for row in rows])
    return [(_lead_row(row), attempts.get(row.lead_id, [])) for row in rows]


def _attempts(connection: Connection, leads: Sequence[int]) -> dict[int, list[Attempt]]:
    """Of each lead, the oldest first."""
    found: dict[int, list[Attempt]] = {}
    for first in range(0, len(leads), _AT_ONCE):
        statement = (
            sa.select(_ATTEMPTS, _CONTACTS.c.agent_id, _CONTACTS.c.talk_ms)
            .select_from(_ATTEMPTS.outerjoin(_CONTACTS, _CONTACTS.c.contact_id == _a.contact_id))
            .where(_a.lead_id.in_(leads[first : first + _AT_ONCE]))
            .order_by(_a.dialled_ms, _a.dial_id)
        )
        for row in connection.execute(statement):
            found.setdefault(row.lead_id, []).append(_attempt(row))
    return found


def _attempt(row: "sa.Row[Any]") -> Attempt:
    return Attempt(
        dial_id=DialId(row.dial_id),
        lead_id=id_of(row.lead_id),
        dialled_ms=row.dialled_ms,
        answered_ms=row.answered_ms,
        ended_ms=row.ended_ms,
        result=None if row.result is None else DialResult(row.result),
        contact_id=None if row.contact_id is None else ContactId(row.contact_id),
        agent_id=None if row.agent_id is None else AgentId(row.agent_id),
        talk_ms=row.talk_ms,
        disposition=None if row.disposition is None else DispositionId(row.disposition),
        next_ms=row.next_ms,
    )


def _callee(row: "sa.Row[Any]") -> Callee:
    return Callee(
        lead_id=id_of(row.lead_id),
        campaign_id=CampaignId(row.campaign_id),
        number=row.number or "",
        name=row.name,
        language=row.language,
        columns=msgspec.json.decode(row.columns, type=dict[str, str]),
        attempts=row.attempts,
    )


def _lead_row(row: "sa.Row[Any]") -> LeadRow:
    return LeadRow(
        callee=_callee(row),
        state=LeadState(row.state),
        withdrawn=row.withdrawn_ms is not None,
        result=None if row.result is None else DialResult(row.result),
        disposition=None if row.disposition is None else DispositionId(row.disposition),
        next_ms=row.next_ms,
        tried_ms=row.tried_ms,
        tier=-row.place,
        zones=tuple(row.zones.split()),
    )
