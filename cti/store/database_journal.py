"""The journal in PostgreSQL, so that a standby on another machine finds it; a local spool while PostgreSQL is away.

Theory of operation. One statement puts a batch down and looks at the leader's epoch, holding the leader's row for as
long as it takes: a successor that raises the epoch waits for an append under way, and an append that comes after finds
that its reign is over (`Deposed`). It is one statement, and no transaction of several, so that a process frozen in the
middle holds nothing.

While PostgreSQL does not answer, batches go to the spool (`cti.store.spool`) beside, fsynced, which counts as durable:
whoever waits for a flush goes on. What stands only there is not `settled`: nobody else could find it, so no projection
follows it. Another thread tries to reach PostgreSQL; once it does, the spool is stored in order, a page at each turn,
under the same check of the epoch, before anything newer is. Made by `cti.wiring`; who leads is `cti.store.lease`.
"""

import asyncio
import contextlib
import hashlib
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.database import Database
from cti.errors import Deposed, OutsideError
from cti.ports import Entry, Epoch, fresh_number
from cti.store import codec, models, postgres
from cti.store.appending import LARGEST_BATCH, PAGE, Appending
from cti.store.spool import Spool, found_in

log = logging.getLogger(__name__)

LAST_POSSIBLE: Final = 2**63 - 1
NO_REIGN: Final = Epoch(0)
_REACH_EVERY_S: Final = 0.3
_KEPT_SNAPSHOTS: Final = 2
_ENTRIES: Final = models.table(models.JournalRow)
_SNAPSHOTS: Final = models.table(models.SnapshotRow)

_PUT: Final = """
WITH mine AS MATERIALIZED (SELECT epoch FROM leader WHERE one = 1 AND epoch = %s FOR SHARE),
put AS (INSERT INTO journal (number, at_ms, kind, version, event, facts, refused)
        SELECT row.* FROM mine, unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[],
                                       %s::text[]) AS row ON CONFLICT (number) DO NOTHING)
SELECT count(*) FROM mine
"""
_STORED: Final = """
SELECT number, at_ms, kind, version, event, facts, refused FROM journal WHERE number BETWEEN %s AND %s
"""
_REFUSALS: Final = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.ProgrammingError,
    OverflowError,
    TypeError,
    ValueError,
)
"""What is said of a row itself; anything else is the server's trouble."""


class _Table:
    """`appending.Place` in PostgreSQL, with a spool beside it."""

    def __init__(self, url: str, *, spools: Path) -> None:
        self._url = url
        self._spools = spools
        self._epoch = Epoch(0)
        self._spool = Spool(spools, self._epoch)
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._reacher = ThreadPoolExecutor(1, thread_name_prefix="journal-reach")
        self._reaching: Future[psycopg.Connection[tuple[object, ...]]] | None = None
        self.spooling = False
        self.settled = 0

    def begin(self, epoch: Epoch, *, after: int) -> int:
        """Take over what is there: the number to go on from. Blocks. Raises Deposed, OutsideError, `postgres.AWAY`."""
        self._epoch = epoch
        self._spool = Spool(self._spools, epoch)
        self._insert([])
        for left in found_in(self._spools):
            try:
                self._inherit(left, after=after)
            except sqlite3.OperationalError as error:
                raise OutsideError(
                    f"The spool {left.path} cannot be taken over: {error}. Make room on that disk, and end whatever "
                    "has the file open; the engine starts as soon as it can be read."
                ) from error
            except sqlite3.DatabaseError as error:
                self._set_damaged_aside(left, error)
        self.settled = max(after, self._newest())
        return self.settled

    def _inherit(self, left: Spool, *, after: int) -> None:
        """What of a spool the journal has not is stored; where the journal went on otherwise, the rest is void, and so
        is all of one that does not join on to the journal: that is not the journal which it went with.
        """
        newest, agreed, stored, seen = self._newest(), 0, 0, 0
        while rows := left.page(after=seen, limit=LARGEST_BATCH):
            if not seen and not _joins_on(rows[0][0], newest=max(after, newest)):
                self._set_strange_aside(left, newest=newest)
                return
            known = [row for row in rows if row[0] <= newest]
            same = self._agreeing(known)
            agreed += same
            if same < len(known):
                self._set_aside(left, count=left.count() - agreed)
                return
            self._store(rows[same:])
            stored += len(rows) - same
            seen = rows[-1][0]
        if stored:
            log.warning("%d entries of the spool are stored", stored, extra={"action": "spool_stored", "count": stored})
        left.remove()

    def _set_aside(self, left: Spool, *, count: int) -> None:
        log.error(
            "%d entries that reign %d decided without PostgreSQL were never stored, and others have written since: "
            "they are void, and kept in %s. Look there (`cti replay --home FILE`) for contacts that nobody has.",
            *(count, left.epoch, left.set_aside()),
            extra={"action": "spool_set_aside", "count": count},
        )

    def _set_strange_aside(self, left: Spool, *, newest: int) -> None:
        count = left.count()
        log.error(
            "%d entries that reign %d decided without PostgreSQL do not follow entry %d, the journal's last: the "
            "database seems to be an older one, restored. They are void, and kept in %s. Look there (`cti "
            "replay --home FILE`).",
            *(count, left.epoch, newest, left.set_aside()),
            extra={"action": "spool_set_aside", "count": count},
        )

    def _set_damaged_aside(self, left: Spool, error: sqlite3.DatabaseError) -> None:
        log.error(
            "the spool of reign %d is damaged (%s): what it holds and the journal does not is void, and kept in %s. "
            "Look there (`sqlite3 FILE .recover`) for contacts that nobody has.",
            *(left.epoch, error, left.set_aside()),
            extra={"action": "spool_damaged"},
        )

    def _newest(self) -> int:
        found = self._reached().execute("SELECT coalesce(max(number), 0) FROM journal").fetchone()
        assert found is not None
        return int(str(found[0]))

    def _agreeing(self, rows: Sequence[codec.Row]) -> int:
        """How many of these, from the first on, stand in the journal as they are here, or as a stub."""
        if not rows:
            return 0
        found = {row[0]: row for row in self._reached().execute(_STORED, (rows[0][0], rows[-1][0]))}
        differs = (place for place, row in enumerate(rows) if found.get(row[0]) not in (row, codec.stub_of(*row[:2])))
        return next(differs, len(rows))

    # -- appending.Place ----------------------------------------------------------------------------------------------

    def put(self, batch: list[Entry], rows: list[codec.Row], stub: Callable[[Entry, Exception], codec.Row]) -> None:
        """See `appending.Place`: in PostgreSQL, or else in the spool."""
        if not self.spooling or self._come_back():
            try:
                self._insert_all(batch, rows, stub)
                self.settled = rows[-1][0]
            except postgres.AWAY as error:
                self._go_away(error)
            else:
                return
        self._spool.put(batch, rows, stub)

    def rest(self) -> float | None:
        """Store the spool, as soon as that can be done."""
        if not self.spooling or self._come_back():
            return None
        return 0.0 if self._connection is not None else _REACH_EVERY_S

    def release(self) -> None:
        """Let go of both; what was being reached is closed when it comes."""
        self._drop()
        self._spool.release()

    def close(self) -> None:
        """No more tries to reach the server; what one under way reaches is closed at once."""
        if self._reaching is not None:
            self._reaching.add_done_callback(_close_reached)
        self._reacher.shutdown(wait=False, cancel_futures=True)

    def trouble(self, cause: Exception) -> str:
        """See `appending.Place`."""
        return (
            f"The journal can be written neither to PostgreSQL nor to {self._spool.path}: {cause}. Calls go on; "
            "make room on that disk, or bring PostgreSQL back."
        )

    # -- PostgreSQL ---------------------------------------------------------------------------------------------------

    def _insert_all(
        self, batch: list[Entry], rows: list[codec.Row], stub: Callable[[Entry, Exception], codec.Row]
    ) -> None:
        try:
            self._insert(rows)
        except _REFUSALS:
            for place, row in enumerate(rows):
                try:
                    self._insert([row])
                except _REFUSALS as error:
                    self._insert([codec.stub(batch[place])])
                    rows[place] = stub(batch[place], error)

    def _store(self, rows: Sequence[codec.Row]) -> None:
        """Rows of a spool; in place of one that PostgreSQL refuses, and SQLite did not, a stub."""
        try:
            self._insert(rows)
        except _REFUSALS:
            for row in rows:
                self._store_singly(row)

    def _store_singly(self, row: codec.Row) -> None:
        try:
            self._insert([row])
        except _REFUSALS as error:
            number, at_ms, kind, *_ = row
            self._insert([codec.stub_of(number, at_ms)])
            log.error(
                "entry %d (%s) of the spool cannot be stored: %s",
                *(number, kind, error),
                extra={"action": "entry_set_aside", "number": number},
            )

    def _insert(self, rows: Sequence[codec.Row]) -> None:
        columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 7
        found = self._reached().execute(_PUT, (self._epoch, *columns)).fetchone()
        if found is None or found[0] != 1:
            raise Deposed(
                f"Another engine leads this centre since reign {self._epoch}, which was this one's: nothing more is "
                "written or sent from here. Start it again to be the standby."
            )

    def _reached(self) -> psycopg.Connection[tuple[object, ...]]:
        if self._connection is None:
            self._connection = postgres.connect(self._url, name="triune journal")
        return self._connection

    def _go_away(self, error: Exception) -> None:
        log.error(
            "PostgreSQL does not take the journal (%s): it goes to %s until then",
            *(error, self._spool.path),
            extra={"action": "spool_begun"},
        )
        self.spooling = True
        self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _come_back(self) -> bool:
        """One step: begin to reach PostgreSQL, or store a page of the spool; true when it is all stored."""
        if self._connection is None and not self._is_reached():
            return False
        try:
            rows = self._spool.page(after=self.settled, limit=LARGEST_BATCH)
            if rows:
                self._store(rows)
                self.settled = rows[-1][0]
        except postgres.AWAY:
            self._drop()
            return False
        if len(rows) == LARGEST_BATCH:
            return False
        self._spool.remove()
        self.spooling = False
        log.warning("the spool is stored in PostgreSQL", extra={"action": "spool_stored"})
        return True

    def _is_reached(self) -> bool:
        if self._reaching is None:
            self._reaching = self._reacher.submit(self._reach)
        if not self._reaching.done():
            return False
        reached, self._reaching = self._reaching, None
        if reached.exception() is not None:
            return False
        self._connection = reached.result()
        return True

    def _reach(self) -> psycopg.Connection[tuple[object, ...]]:
        time.sleep(_REACH_EVERY_S)  # in a thread of its own, between two tries
        connection = postgres.connect(self._url, name="triune journal")
        connection.execute("SELECT 1")
        return connection


def _joins_on(first: int, *, newest: int) -> bool:
    """Can a spool that begins so have been the next to be written, or begin within what was?"""
    return first <= newest + 1 or first == fresh_number(newest) + 1


def _close_reached(reached: "Future[psycopg.Connection[tuple[object, ...]]]") -> None:
    if not reached.cancelled() and reached.exception() is None:
        reached.result().close()


class DatabaseJournal(Appending):
    """`ports.Journal` of one reign; the spool counts as durable.

    `epoch` is the reign that `Leadership.gained` gave, and `after` as in `SqliteJournal`; both may be set until it is
    opened. `spools` is the folder for what is written while PostgreSQL is away. Once `deposed` is set the process is
    to end: its appends fail as Deposed.
    """

    def __init__(self, database: Database, *, spools: Path, epoch: Epoch = NO_REIGN, after: int = 0) -> None:
        self._database = database
        self.epoch = epoch
        self.after = after
        url = database.engine.url.render_as_string(hide_password=False)
        self._table = _Table(url, spools=spools)
        super().__init__(self._table)

    # -- life ---------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Go on where the reign before ended. Raises Deposed, and OutsideError when PostgreSQL does not answer."""
        try:
            last = await asyncio.to_thread(self._table.begin, self.epoch, after=self.after)
        except postgres.AWAY as error:
            raise OutsideError("The journal in PostgreSQL cannot be opened: it does not answer.") from error
        finally:
            self._table.release()
        self.start(last=last)

    async def close(self) -> None:
        """Write what is left, to PostgreSQL or the spool, and stop; then `unsettled` tells what only the spool has."""
        await self.stop()
        self._table.close()

    # -- for the loop -------------------------------------------------------------------------------------------------

    @property
    def spooling(self) -> bool:
        """Is PostgreSQL away, or the spool not stored yet?"""
        return self._table.spooling

    def read(self, *, after: int, until: int, limit: int = PAGE) -> list[Entry]:
        """At most `limit` settled entries with after < number ≤ until; blocks. Raises DatabaseDown, ConfigError."""
        return read(self._database, after=after, until=until, limit=limit)

    async def save_snapshot(self, number: int, state: bytes) -> None:
        """Keep the state as it was after this entry, once that is settled itself. Raises OutsideError."""
        await self.flushed(number)
        if self.settled < number:
            raise OutsideError("PostgreSQL is away: no snapshot is kept until it has the journal.")
        await self._database.write(lambda connection: _save(connection, number, state), within_s=30)

    async def latest_snapshot(self) -> tuple[int, bytes] | None:
        """The newest whole snapshot that the journal reaches: number of its last entry, and the state."""
        return await self._database.read(lambda connection: latest(connection, self.settled), within_s=30)


class DatabaseChronicle:
    """The same journal as read by who does not lead: what is settled now. Every method raises OutsideError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self, *, after: int) -> AsyncIterator[Entry]:
        """Every settled entry with a greater number, in order, then end."""
        while page := await asyncio.to_thread(self._page, after):
            for entry in page:
                yield entry
            after = page[-1].number

    async def latest_snapshot(self) -> tuple[int, bytes] | None:
        """The newest whole snapshot: number of its last entry, and the state. It is made of settled entries only."""
        with _there():
            return await self._database.read(lambda connection: latest(connection, LAST_POSSIBLE), within_s=30)

    def _page(self, after: int) -> list[Entry]:
        with _there():
            return read(self._database, after=after, until=LAST_POSSIBLE)


@contextlib.contextmanager
def _there() -> Iterator[None]:
    """Raises OutsideError where the tables are not made yet, or are just being restored."""
    try:
        yield
    except sa.exc.ProgrammingError as error:
        raise OutsideError("The journal's tables are not in this database (yet).") from error


def read(database: Database, *, after: int, until: int, limit: int = PAGE) -> list[Entry]:
    """Entries with after < number ≤ until, in order, at most `limit`; anyone may read. Blocks.

    Raises DatabaseDown, and ConfigError for an entry of an unknown version.
    """
    found = (
        sa.select(_ENTRIES)
        .where(_ENTRIES.c.number > after, _ENTRIES.c.number <= until)
        .order_by(_ENTRIES.c.number)
        .limit(limit)
    )
    return [codec.decode((*row,)) for row in database.read_now(lambda c: c.execute(found).all())]


def _save(connection: Connection, number: int, state: bytes) -> None:
    values = {"number": number, "digest": hashlib.sha256(state).digest(), "state": state}
    connection.execute(sa.delete(_SNAPSHOTS).where(_SNAPSHOTS.c.number == number))
    connection.execute(sa.insert(_SNAPSHOTS).values(values))
    kept = sa.select(_SNAPSHOTS.c.number).order_by(_SNAPSHOTS.c.number.desc()).limit(_KEPT_SNAPSHOTS)
    connection.execute(sa.delete(_SNAPSHOTS).where(_SNAPSHOTS.c.number.not_in(kept)))


def latest(connection: Connection, until: int) -> tuple[int, bytes] | None:
    """The newest whole snapshot whose number is at most `until`, and its number."""
    found = sa.select(_SNAPSHOTS).where(_SNAPSHOTS.c.number <= until).order_by(_SNAPSHOTS.c.number.desc())
    for row in connection.execute(found):
        if hashlib.sha256(row.state).digest() == bytes(row.digest):
            return row.number, bytes(row.state)
    return None
