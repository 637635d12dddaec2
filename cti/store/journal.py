"""The journal as a SQLite file of its own: append-only, durable, owned by one engine at a time.

One writer thread takes whatever has been appended, encodes it and commits it as one transaction (WAL,
synchronous=FULL); meanwhile the next batch gathers. So there is no waiting window, and the commit's cost is shared by
all that came during the one before. The loop only puts into a queue and is called back once per batch. The engine is
the only caller, and the history's projector listens by `on_flushed`.

A write that fails (disk full, I/O error, whatever it is) is kept and tried again until it succeeds; those who wait for
it are told at once. One entry that can never be written is set aside, a stub in its place, so that it does not keep
those behind it from the disk.
"""

import asyncio
import fcntl
import heapq
import itertools
import logging
import os
import queue
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cti.errors import OutsideError
from cti.ports import Entry
from cti.store import codec, snapshots

log = logging.getLogger(__name__)

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, version INTEGER NOT NULL,
    event TEXT NOT NULL, facts TEXT NOT NULL, refused TEXT);
CREATE TABLE IF NOT EXISTS owner (
    only INTEGER PRIMARY KEY CHECK (only = 1), epoch INTEGER NOT NULL, after INTEGER NOT NULL);
"""
OWN: Final = "INSERT INTO owner VALUES (1, 1, ?) ON CONFLICT DO UPDATE SET epoch = epoch + 1 RETURNING epoch, after"
INSERT: Final = "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)"
_SELECT: Final = "SELECT * FROM entries WHERE number > ? AND number <= ? ORDER BY number LIMIT ?"
_PAGE: Final = 500
_LAST_POSSIBLE: Final = 2**63 - 1
_LARGEST_BATCH: Final = 2000
_RETRY_S: Final = (0.1, 0.2, 0.5, 1.0)

_REFUSALS: Final = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    TypeError,
    ValueError,
)
"""What SQLite says of a row itself; anything else is the disk's or the file's trouble."""

Flushed = Callable[[Sequence[Entry]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the journal has done since it was opened, for metrics."""

    durable: int
    """Number of the last entry on disk."""
    backlog: int
    """Entries appended and not yet on disk."""
    batches: int
    failures: int
    """Writes that failed; each was or is tried again."""
    failing: bool
    """The last write failed: what needs a promise is to be refused until it succeeds."""
    set_aside: int
    """Entries that could not be written for what they hold; a stub stands in the place of each."""
    longest_flush_ms: float
    """From taking a batch to its commit."""


class SqliteJournal:
    """`ports.Journal` in one SQLite file; to be opened in the loop that uses it, as an async context manager.

    `after` counts only for a file that is new: its first entry gets the next number, so that ids made from numbers do
    not meet those in a history that outlived its journal. `size_limit_bytes` makes the file refuse to grow, as a full
    disk would. The backlog is not bounded: an event is never dropped, and `figures().failing` tells the engine to
    refuse what it can.
    """

    def __init__(self, path: Path, *, after: int = 0, size_limit_bytes: int | None = None) -> None:
        self._path = path
        self._after = after
        self.size_limit_bytes = size_limit_bytes
        """Counts from the next time that the file is opened, as it is after each failure."""
        self._appended: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._waiters: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._listeners: list[Flushed] = []
        self._last = self._durable = 0
        self._begun = False
        self._batches = self._failures = self._set_aside = 0
        self._trouble: str | None = None
        self._longest_flush_ms = 0.0
        self.epoch = 0
        """How often this journal was opened: greater than that of every owner before."""

    # -- life ---------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Become the owner. Raises OutsideError while another process is, or when the file cannot be used."""
        self._loop = asyncio.get_running_loop()
        self._lock = await asyncio.to_thread(self._become_owner)
        self._writer = threading.Thread(target=self._write_all, name="journal", daemon=True)
        self._writer.start()

    async def close(self) -> None:
        """Write what is left (one try when the disk refuses), stop the thread and let the next owner in."""
        self._closing.set()
        self._appended.put(None)
        await asyncio.to_thread(self._writer.join)
        os.close(self._lock)
        self._fail_waiters("The journal is closed; nothing more is written.")

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _become_owner(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = self._connect()
            try:
                connection.executescript(SCHEMA)
                self.epoch, after = connection.execute(OWN, (self._after,)).fetchone()
                self._last = self._durable = max(after, self._newest(connection))
            finally:
                connection.close()
        except BlockingIOError as error:
            os.close(lock)
            raise OutsideError(
                f"Another engine owns the journal {self._path}. Stop it first, or use another home."
            ) from error
        except (OSError, sqlite3.Error) as error:
            os.close(lock)
            raise OutsideError(
                f"The journal {self._path} cannot be opened: {error}. Check the disk and the file's owner."
            ) from error
        return lock

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=5)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if self.size_limit_bytes is not None:
            connection.execute(f"PRAGMA max_page_count = {max(1, self.size_limit_bytes // 4096)}")
        return connection

    @staticmethod
    def _newest(connection: sqlite3.Connection) -> int:
        return int(connection.execute("SELECT coalesce(max(number), 0) FROM entries").fetchone()[0])

    # -- for the loop -------------------------------------------------------------------------------------------------

    @property
    def last_number(self) -> int:
        """Number of the last entry appended; on opening, of the last on disk (or `after` while there is none)."""
        return self._last

    @property
    def failing(self) -> bool:
        """See `ports.Journal`."""
        return self._trouble is not None

    def append(self, entry: Entry) -> None:
        """See `ports.Journal`. Raises ValueError when the number is not the next."""
        if entry.number != self._last + 1 and (self._begun or entry.number <= self._last):
            raise ValueError(f"the journal's next entry is {self._last + 1}, not {entry.number}")
        self._begun = True
        self._last = entry.number
        self._appended.put(entry)

    async def flushed(self, number: int) -> None:
        """See `ports.Journal`. While writes fail it raises at once, although the entry is kept and tried again."""
        if number <= self._durable:
            return
        if self._trouble is not None:
            raise OutsideError(self._trouble)
        done = self._loop.create_future()
        heapq.heappush(self._waiters, (number, next(self._order), done))
        await done

    def on_flushed(self, listener: Flushed) -> None:
        """Have `listener` called in the loop with each batch that is on disk, in order; it must not block or raise."""
        self._listeners.append(listener)

    def figures(self) -> Figures:
        """For metrics; cheap."""
        return Figures(
            durable=self._durable,
            backlog=self._last - self._durable,
            batches=self._batches,
            failures=self._failures,
            failing=self._trouble is not None,
            set_aside=self._set_aside,
            longest_flush_ms=self._longest_flush_ms,
        )

    async def entries(self, *, after: int) -> AsyncIterator[Entry]:
        """See `ports.Journal`. Reads beside the writer; ends at what was durable when it was called."""
        until = self._durable
        while after < until:
            page = await asyncio.to_thread(self.read, after=after, until=until)
            if not page:
                return
            for entry in page:
                yield entry
            after = page[-1].number

    def read(self, *, after: int, until: int, limit: int = _PAGE) -> list[Entry]:
        """At most `limit` entries with after < number ≤ until; blocks. Raises OutsideError, ConfigError."""
        return read(self._path, after=after, until=until, limit=limit)

    async def save_snapshot(self, number: int, state: bytes) -> None:
        """Keep the state as it was after this entry, once that is on disk itself. Raises OutsideError."""
        await self.flushed(number)
        await asyncio.to_thread(snapshots.save, self._snapshots, number, state)

    async def latest_snapshot(self) -> tuple[int, bytes] | None:
        """The newest whole snapshot that the journal reaches: number of its last entry, and the state."""
        return await asyncio.to_thread(snapshots.latest, self._snapshots, until=self._durable)

    @property
    def _snapshots(self) -> Path:
        return self._path.with_suffix(".snapshots")

    def _batch_written(self, batch: Sequence[Entry], flush_ms: float) -> None:
        self._durable = batch[-1].number
        self._batches += 1
        self._longest_flush_ms = max(self._longest_flush_ms, flush_ms)
        if self._trouble is not None:
            log.warning("the journal is written again", extra={"action": "journal_recovered"})
            self._trouble = None
        while self._waiters and self._waiters[0][0] <= self._durable:
            done = heapq.heappop(self._waiters)[2]
            if not done.done():
                done.set_result(None)
        for listener in self._listeners:
            listener(batch)

    def _batch_failed(self, trouble: str) -> None:
        self._failures += 1
        if self._trouble is None:
            log.error("%s", trouble, extra={"action": "journal_failing"})
        self._trouble = trouble
        self._fail_waiters(trouble)

    def _fail_waiters(self, trouble: str) -> None:
        waiters, self._waiters = self._waiters, []
        for _, _, done in waiters:
            if not done.done():
                done.set_exception(OutsideError(trouble))

    # -- the writer thread --------------------------------------------------------------------------------------------

    def _write_all(self) -> None:
        connection: sqlite3.Connection | None = None
        while batch := self._take():
            rows = [self._row(entry) for entry in batch]
            for retry_s in itertools.chain(_RETRY_S, itertools.repeat(_RETRY_S[-1])):
                started = time.perf_counter()
                try:
                    connection = connection or self._connect()
                    self._commit(connection, batch, rows)
                except Exception as error:  # noqa: BLE001 - nobody else writes: it is told and tried again
                    connection = self._dropped(connection)
                    self._tell_failure(error)
                    if self._closing.wait(retry_s):
                        return
                else:
                    flush_ms = (time.perf_counter() - started) * 1000
                    self._loop.call_soon_threadsafe(self._batch_written, batch, flush_ms)
                    break
        if connection is not None:
            connection.close()

    def _take(self) -> list[Entry]:
        """What is there, waiting only when there is nothing; empty when the journal is closed and all is written."""
        first = self._appended.get()
        batch = [] if first is None else [first]
        while len(batch) < _LARGEST_BATCH:
            try:
                entry = self._appended.get_nowait()
            except queue.Empty:
                break
            if entry is None:
                self._appended.put(None)
                break
            batch.append(entry)
        return batch

    def _row(self, entry: Entry) -> codec.Row:
        try:
            return codec.encode(entry)
        except Exception as error:  # noqa: BLE001 - what cannot be encoded now cannot be later
            return self._put_stub(entry, error)

    def _commit(self, connection: sqlite3.Connection, batch: list[Entry], rows: list[codec.Row]) -> None:
        """All rows or none. A commit reported as failed may have happened: such rows are not written twice."""
        newest = self._newest(connection)
        connection.execute("BEGIN IMMEDIATE")
        try:
            try:
                connection.executemany(INSERT, [row for row in rows if row[0] > newest])
            except _REFUSALS:
                connection.execute("ROLLBACK")
                connection.execute("BEGIN IMMEDIATE")
                self._insert_singly(connection, batch, rows, newest)
            connection.execute("COMMIT")
        except Exception:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _insert_singly(
        self, connection: sqlite3.Connection, batch: list[Entry], rows: list[codec.Row], newest: int
    ) -> None:
        """A row that SQLite refuses is replaced by its stub for good; when it refuses that too, it is not the row."""
        for place, row in enumerate(rows):
            if row[0] > newest:
                try:
                    connection.execute(INSERT, row)
                except _REFUSALS as error:
                    connection.execute(INSERT, codec.stub(batch[place]))
                    rows[place] = self._put_stub(batch[place], error)

    def _put_stub(self, entry: Entry, error: Exception) -> codec.Row:
        self._set_aside += 1
        kind = type(entry.event).__name__
        log.error(
            "entry %s (%s) cannot be written: %s",
            entry.number,
            kind,
            error,
            extra={"action": "entry_set_aside", "number": entry.number},
        )
        return codec.stub(entry)

    @staticmethod
    def _dropped(connection: sqlite3.Connection | None) -> None:
        if connection is not None:
            connection.close()

    def _tell_failure(self, cause: Exception) -> None:
        folder = self._path.parent
        trouble = f"The journal cannot be written: {cause}. Calls go on; make room on the disk that holds {folder}."
        self._loop.call_soon_threadsafe(self._batch_failed, trouble)


def read(path: Path, *, after: int, until: int, limit: int = _PAGE) -> list[Entry]:
    """Entries of a journal's file with after < number ≤ until, in order, at most `limit`; beside its owner, if any.

    Blocks. Raises OutsideError when the file cannot be read, ConfigError for an entry of an unknown version.
    """
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        try:
            return [codec.decode(row) for row in connection.execute(_SELECT, (after, until, limit))]
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise OutsideError(f"The journal {path} cannot be read: {error}.") from error


def everything(path: Path) -> Iterator[Entry]:
    """Every durable entry of a journal's file, in order, a page at a time; raises as `read`."""
    last = 0
    while page := read(path, after=last, until=_LAST_POSSIBLE):
        yield from page
        last = page[-1].number
