"""The history: a projection of the journal into tables, its queries, and agents' notes.

Theory of operation: the projector knows one number, the position up to which the tables hold the journal, and writes
it in the transaction that writes what it read; so each entry counts exactly once, whenever process or database die.
What the journal has flushed comes by itself; whenever that does not join the position (after a start, or when the
database was away) the projector reads on from the journal's file. An entry that the database refuses goes into
`set_aside` with the reason, and the rest go on. Implements `ports.History`.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.database import Database
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    ContactId,
    DispositionId,
    LegCause,
    Medium,
    Milliseconds,
    ProjectId,
    QueueId,
)
from cti.errors import ConfigError, DatabaseDown
from cti.ports import CallsMade, Entry, Told
from cti.ports.history import BY_HAND_MS, Served
from cti.store import models, projection
from cti.store.appending import DurableJournal
from cti.store.behind import REFUSALS, WriteBehind
from cti.store.directory import wall_clock_ms
from cti.store.prepared import Prepared, together
from cti.store.row_spool import RowSpool
from cti.store.text import storable
from cti.store.upsert import upsert

log = logging.getLogger(__name__)

NAME: Final = "history"
_LARGEST_BATCH: Final = 200
_LARGEST_OF_ONE_WRITER: Final = 20
"""SQLite writes one piece after the other: who acknowledges a request waits behind a batch for its particulars."""
_GATHER_S: Final = 0.2
"""A transaction for each event would cost more than the events: they gather for so long."""
_RETRY_S: Final = 0.5
_HELD: Final = 5000
"""Entries kept in memory while the database is away; more are read again from the journal."""

_POSITIONS: Final = models.table(models.Projection)
_SET_ASIDE: Final = models.table(models.SetAside)
_NOTES: Final = models.table(models.NoteRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    assignment_id: AssignmentId
    contact_id: ContactId
    agent_id: AgentId
    at_ms: Milliseconds
    text: str


def position(connection: Connection) -> int:
    """Number of the last entry that the history holds; 0 before the first."""
    found: int | None = connection.execute(sa.select(_POSITIONS.c.position).where(_POSITIONS.c.name == NAME)).scalar()
    return found or 0


class StoredHistory:
    """See `ports.History`; `run` and `run_notes` are the tasks that write. One per journal."""

    def __init__(self, database: Database, journal: DurableJournal, *, spools: Path | None = None) -> None:
        """`spools`: folder for notes that wait while the database is away; None where that is a file beside it."""
        self._database = database
        self._journal = journal
        self._largest = _LARGEST_OF_ONE_WRITER if database.is_sqlite else _LARGEST_BATCH
        spool = RowSpool(spools, "notes", _Note) if spools is not None else None
        self._notes = WriteBehind(database, _write_notes, name="notes", spool=spool, restore=_restore_notes)
        self._flushed: deque[Entry] = deque(maxlen=_HELD)
        self._came = asyncio.Event()
        self._moved = asyncio.Condition()
        self._position = -1
        journal.on_flushed(self._take)

    # -- projecting ----------------------------------------------------------------------------------------------------

    @property
    def lag(self) -> int:
        """How many settled entries the tables do not hold yet, for metrics."""
        return self._journal.figures().settled - max(0, self._position)

    async def run(self) -> None:
        """Keep the tables up with the journal, for ever; to be a supervised task.

        Raises ConfigError, see `find_position`.
        """
        while True:
            try:
                await self.find_position()
                while True:
                    await self._follow()
            except DatabaseDown:
                await asyncio.sleep(_RETRY_S)

    async def reached(self, number: int) -> None:
        """Return when the tables hold this entry."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._position >= number)

    def _take(self, batch: Sequence[Entry]) -> None:
        self._flushed.extend(batch)
        self._came.set()

    async def find_position(self) -> None:
        """Learn how far the tables reach. Raises ConfigError when that is further than the journal, DatabaseDown.

        To be asked before anything is decided: a journal that grew on from there would soon reach as far, and its
        entries would be taken for those that the tables hold.
        """
        found = await self._database.read(position)
        durable = self._journal.figures().settled
        if found > durable:
            raise ConfigError(
                f"The database's history reaches entry {found}, but the journal ends at {durable}: they do not belong "
                "together, or the journal was restored from an older copy. Restore both from the same backup, or move "
                "journal.sqlite and journal.snapshots away: a new journal then goes on from the database."
            )
        await self._moved_to(found)

    async def _follow(self) -> None:
        """Wait until there is something new, and write it."""
        if self._position == self._journal.figures().settled:
            self._came.clear()
            await self._came.wait()
            await asyncio.sleep(_GATHER_S)
        if batch := await self._next():
            await self._write(batch)

    async def _next(self) -> list[Entry]:
        while self._flushed and self._flushed[0].number <= self._position:
            self._flushed.popleft()
        if self._flushed and self._flushed[0].number == self._position + 1:
            return [self._flushed[place] for place in range(min(len(self._flushed), self._largest))]
        until = self._journal.figures().settled
        return await asyncio.to_thread(self._journal.read, after=self._position, until=until, limit=self._largest)

    async def _write(self, batch: Sequence[Entry]) -> None:
        try:
            await self._database.write(lambda connection: _project(connection, batch), within_s=30)
        except DatabaseDown:
            raise
        except REFUSALS as error:
            if len(batch) == 1:
                await self._set_aside(batch[0], error)
            else:
                for entry in batch:
                    await self._write([entry])
        await self._moved_to(batch[-1].number)

    async def _set_aside(self, entry: Entry, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error.__cause__ or error}"[:500]
        log.error("the database refused entry %d: %s", entry.number, reason, extra={"action": "set_aside", "of": NAME})
        await self._database.write(lambda connection: _note_set_aside(connection, entry, reason))

    async def _moved_to(self, number: int) -> None:
        async with self._moved:
            self._position = number
            self._moved.notify_all()

    # -- notes ---------------------------------------------------------------------------------------------------------

    def keep_note(self, assignment_id: AssignmentId, contact_id: ContactId, agent_id: AgentId, note: str) -> None:
        """See `ports.History`."""
        at_ms = wall_clock_ms()
        self._notes.keep(
            [_Note(assignment_id=assignment_id, contact_id=contact_id, agent_id=agent_id, at_ms=at_ms, text=note)]
        )

    async def notes_written(self) -> None:
        """Return when all notes that were kept are in the database."""
        await self._notes.written()

    async def recover_notes(self) -> None:
        """Take the notes that an engine before could not write; before any other is kept."""
        await self._notes.recover()

    async def run_notes(self) -> None:
        """Write notes, for ever; to be a supervised task."""
        await self._notes.run()

    # -- queries -------------------------------------------------------------------------------------------------------

    async def of_agent(self, agent_id: AgentId, *, limit: int, before_ms: Milliseconds | None) -> Sequence[Told]:
        """See `ports.History`."""
        return await self._told(_took(agent_id), limit=limit, before_ms=before_ms)

    async def of_projects(
        self, project_ids: Sequence[ProjectId], *, address: str = "", limit: int, before_ms: Milliseconds | None
    ) -> Sequence[Told]:
        """Contacts of these projects, with this address when one is given; as `of_agent`."""
        where = sa.and_(
            _CONTACTS.c.project_id.in_(project_ids), _PARTICULARS.c.address == address if address else sa.true()
        )
        return await self._told(where, limit=limit, before_ms=before_ms)

    async def contact(self, contact_id: ContactId) -> Told | None:
        """See `ports.History`."""
        found = await self._told(_CONTACTS.c.contact_id == contact_id, limit=1, before_ms=None)
        return found[0] if found else None

    async def took(self, agent_id: AgentId, contact_id: ContactId) -> bool:
        """See `ports.History`."""
        where = _took(agent_id) & (_CONTACTS.c.contact_id == contact_id)
        return bool(await self._told(where, limit=1, before_ms=None))

    async def calls_made(
        self, project_ids: Sequence[ProjectId], *, since_ms: Milliseconds, until_ms: Milliseconds
    ) -> CallsMade:
        """See `ports.History`."""
        return await self._database.read(lambda connection: _calls_made(connection, project_ids, since_ms, until_ms))

    async def served(
        self,
        project_ids: Sequence[ProjectId],
        targets_ms: Mapping[QueueId, Milliseconds],
        *,
        since_ms: Milliseconds,
        now_ms: Milliseconds,
    ) -> Sequence[Served]:
        """See `ports.History`."""
        if not targets_ms:
            return []
        return await self._database.read(
            lambda connection: _served(connection, project_ids, targets_ms, since_ms, now_ms)
        )

    async def _told(
        self, where: sa.ColumnElement[bool], *, limit: int, before_ms: Milliseconds | None
    ) -> Sequence[Told]:
        if before_ms is not None:
            where &= _CONTACTS.c.arrived_ms < before_ms
        statement = _TOLD.where(where).order_by(_CONTACTS.c.arrived_ms.desc()).limit(limit)
        return await self._database.read(lambda connection: [_as_told(row) for row in connection.execute(statement)])


_CONTACTS: Final = models.table(models.ContactRow)
_ASSIGNMENTS: Final = models.table(models.AssignmentRow)
_ATTEMPTS: Final = models.table(models.AttemptRow)
"""Of campaigns: their contacts are none that an agent asked for."""
_PARTICULARS: Final = models.table(models.ContactParticulars)
_CUSTOMERS: Final = models.table(models.Customer)
_NEWEST_NOTE: Final = (
    sa.select(_NOTES.c.text)
    .where(_NOTES.c.contact_id == _CONTACTS.c.contact_id)
    .order_by(_NOTES.c.at_ms.desc())
    .limit(1)
    .scalar_subquery()
)
_NEWEST_CALL: Final = {
    column.name: sa.select(column)
    .where(_ASSIGNMENTS.c.contact_id == _CONTACTS.c.contact_id, _CONTACTS.c.outbound)
    .order_by(_ASSIGNMENTS.c.offered_ms.desc())
    .limit(1)
    .scalar_subquery()
    for column in (_ASSIGNMENTS.c.missed, _ASSIGNMENTS.c.dialled_ms)
}
_TOLD: Final = sa.select(
    _CONTACTS,
    *(found.label(name) for name, found in _NEWEST_CALL.items()),
    _CUSTOMERS.c.name.label("customer"),
    _PARTICULARS.c.address,
    _NEWEST_NOTE.label("note"),
).select_from(
    _CONTACTS.outerjoin(_PARTICULARS, _PARTICULARS.c.contact_id == _CONTACTS.c.contact_id).outerjoin(
        _CUSTOMERS, _CUSTOMERS.c.customer_id == _PARTICULARS.c.customer_id
    )
)


def _took(agent_id: AgentId) -> sa.ColumnElement[bool]:
    return _CONTACTS.c.contact_id.in_(
        sa.select(_ASSIGNMENTS.c.contact_id).where(
            _ASSIGNMENTS.c.agent_id == agent_id, _ASSIGNMENTS.c.started_ms.is_not(None)
        )
    )


def _as_told(row: "sa.Row[tuple[object, ...]]") -> Told:
    return Told(
        contact_id=ContactId(row.contact_id),
        medium=Medium(row.medium),
        project_id=ProjectId(row.project_id),
        queue_id=QueueId(row.queue_id),
        arrived_ms=row.arrived_ms,
        answered_ms=row.answered_ms,
        ended_ms=row.ended_ms,
        closed_ms=row.closed_ms,
        wait_ms=row.wait_ms,
        talk_ms=row.talk_ms,
        hold_ms=row.hold_ms,
        wrap_up_ms=row.wrap_up_ms,
        agent_id=AgentId(row.agent_id) if row.agent_id else None,
        customer=row.customer,
        address=row.address or "",
        disposition=DispositionId(row.disposition) if row.disposition else None,
        note=row.note or "",
        outbound=bool(row.outbound),
        missed=LegCause(row.missed) if row.missed else None,
        dialled_ms=row.dialled_ms,
    )


def _calls_made(
    connection: Connection, project_ids: Sequence[ProjectId], since_ms: Milliseconds, until_ms: Milliseconds
) -> CallsMade:
    statement = (
        sa.select(_CONTACTS.c.arrived_ms, _CONTACTS.c.answered_ms, _NEWEST_CALL["dialled_ms"].label("dialled_ms"))
        .where(_CONTACTS.c.outbound, _CONTACTS.c.project_id.in_(project_ids))
        .where(_CONTACTS.c.arrived_ms >= since_ms, _CONTACTS.c.arrived_ms < until_ms)
        .where(~sa.exists().where(_ATTEMPTS.c.contact_id == _CONTACTS.c.contact_id))
    )
    rows = connection.execute(statement).all()
    spans = sorted(row.dialled_ms - row.arrived_ms for row in rows if row.dialled_ms is not None)
    return CallsMade(
        asked=len(rows),
        dialled=len(spans),
        reached=sum(row.answered_ms is not None for row in rows),
        to_dial_ms=sum(spans),
        to_dial_p50_ms=spans[(len(spans) - 1) // 2] if spans else None,
        saved_ms=sum(max(0, BY_HAND_MS - span) for span in spans),
    )


def _served(
    connection: Connection,
    project_ids: Sequence[ProjectId],
    targets_ms: Mapping[QueueId, Milliseconds],
    since_ms: Milliseconds,
    now_ms: Milliseconds,
) -> list[Served]:
    queue_id = _CONTACTS.c.queue_id
    target_ms = sa.case(dict(targets_ms), value=queue_id)
    waited_ms = sa.func.coalesce(_CONTACTS.c.answered_ms, _CONTACTS.c.closed_ms, now_ms) - _CONTACTS.c.queued_ms
    answered = _CONTACTS.c.answered_ms.is_not(None)
    statement = (
        sa.select(
            queue_id,
            sa.func.sum(sa.case((answered | (waited_ms > target_ms), 1), else_=0)).label("counted"),
            sa.func.sum(sa.case((answered & (waited_ms <= target_ms), 1), else_=0)).label("in_time"),
            sa.func.sum(sa.case((_CONTACTS.c.abandoned, 1), else_=0)).label("abandoned"),
        )
        .where(_CONTACTS.c.project_id.in_(project_ids), _CONTACTS.c.arrived_ms >= since_ms)
        .where(queue_id.in_(targets_ms), ~_CONTACTS.c.outbound)
        .group_by(queue_id)
    )
    return [
        Served(queue_id=QueueId(row.queue_id), counted=row.counted, in_time=row.in_time, abandoned=row.abandoned)
        for row in connection.execute(statement)
    ]


_MOVE: Final = Prepared(lambda connection: upsert(connection, _POSITIONS, keys=["name"], updated=["position"]))


def _project(connection: Connection, batch: Sequence[Entry]) -> None:
    """The batch and its position, in the transaction of the connection; what is there already is left out."""
    reached = position(connection)
    with together(connection):
        for entry in batch:
            if entry.number > reached:
                projection.apply(connection, entry)
        _move(connection, max(reached, batch[-1].number))


def _move(connection: Connection, number: int) -> None:
    _MOVE.run(connection, {"name": NAME, "position": number})


def _note_set_aside(connection: Connection, entry: Entry, reason: str) -> None:
    values = {"at_ms": entry.at_ms, "kind": type(entry.event).__name__, "reason": reason.replace("\0", "?")}
    connection.execute(upsert(connection, _SET_ASIDE, keys=["entry"]).values(entry=entry.number, **values))
    _move(connection, entry.number)


def _write_notes(connection: Connection, notes: Sequence[_Note]) -> None:
    statement = upsert(connection, _NOTES, keys=["assignment_id"], updated=["at_ms", "text"])
    connection.execute(statement, _rows_of(notes))


def _restore_notes(connection: Connection, notes: Sequence[_Note]) -> None:
    """A note that is as new stands; so does one that was emptied, since its customer was erased."""
    statement = upsert(
        connection,
        _NOTES,
        keys=["assignment_id"],
        updated=["at_ms", "text"],
        where=lambda new: sa.and_(_NOTES.c.text != "", _NOTES.c.at_ms < new.at_ms),
    )
    connection.execute(statement, _rows_of(notes))


def _rows_of(notes: Sequence[_Note]) -> list[dict[str, object]]:
    return [
        {
            "assignment_id": note.assignment_id,
            "contact_id": note.contact_id,
            "agent_id": note.agent_id,
            "at_ms": note.at_ms,
            "text": storable(note.text),
        }
        for note in notes
    ]
