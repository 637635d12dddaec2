"""The journal as a SQLite file of its own: append-only, durable, owned by one engine at a time.

Each batch of `cti.store.appending`, whose thread is the only writer, becomes one transaction (WAL, synchronous=FULL).
Here: the file, and reading it beside its owner. The engine is the only owner.
"""

import asyncio
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from cti.errors import OutsideError
from cti.ports import Entry
from cti.store import codec, snapshots
from cti.store.appending import PAGE, Appending

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
_LAST_POSSIBLE: Final = 2**63 - 1
_DYING_S: Final = 1.0
"""How long a process takes to let go of what it held when it is killed."""
_LOOK_AGAIN_S: Final = 0.002

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


class SqliteFile:
    """`appending.Place` in one SQLite file; its connection belongs to the writer's thread."""

    def __init__(self, path: Path, *, size_limit_bytes: int | None = None) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._settled = 0
        self.size_limit_bytes = size_limit_bytes
        """Counts from the next time that the file is opened, as it is after each failure."""

    def connect(self) -> sqlite3.Connection:
        """A connection that writes durably; raises sqlite3.Error."""
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=5)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.Error:
            connection.close()
            raise
        connection.execute("PRAGMA synchronous = FULL")
        if self.size_limit_bytes is not None:
            connection.execute(f"PRAGMA max_page_count = {max(1, self.size_limit_bytes // 4096)}")
        return connection

    def put(self, batch: list[Entry], rows: list[codec.Row], stub: Callable[[Entry, Exception], codec.Row]) -> None:
        """All rows or none. A commit reported as failed may have happened: such rows are not written twice."""
        connection = self._connection = self._connection or self.connect()
        newest = newest_in(connection)
        connection.execute("BEGIN IMMEDIATE")
        try:
            try:
                connection.executemany(INSERT, [row for row in rows if row[0] > newest])
            except _REFUSALS:
                connection.execute("ROLLBACK")
                connection.execute("BEGIN IMMEDIATE")
                for place, row in enumerate(rows):
                    if row[0] > newest:
                        rows[place] = _put_singly(connection, row, batch[place], stub)
            connection.execute("COMMIT")
            self._settled = rows[-1][0]
        except Exception:  # raised again, once nothing is half done
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    @property
    def settled(self) -> int:
        """All that was put."""
        return self._settled

    def rest(self) -> float | None:
        """Nothing is to be done."""
        return None

    def release(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def trouble(self, cause: Exception) -> str:
        """See `appending.Place`."""
        folder = self._path.parent
        return f"The journal cannot be written: {cause}. Calls go on; make room on the disk that holds {folder}."


def _put_singly(
    connection: sqlite3.Connection, row: codec.Row, entry: Entry, stub: Callable[[Entry, Exception], codec.Row]
) -> codec.Row:
    """A row that SQLite refuses is replaced by its stub for good; when it refuses that too, it is not the row."""
    try:
        connection.execute(INSERT, row)
    except _REFUSALS as error:
        connection.execute(INSERT, codec.stub(entry))
        return stub(entry, error)
    return row


def newest_in(connection: sqlite3.Connection) -> int:
    """Number of the last entry in the file; 0 when there is none."""
    return int(connection.execute("SELECT coalesce(max(number), 0) FROM entries").fetchone()[0])


class SqliteJournal(Appending):
    """`ports.Journal` in one SQLite file.

    `after` counts only for a file that is new: its first entry gets the next number, so that ids made from numbers do
    not meet those in a history that outlived its journal. `size_limit_bytes` makes the file refuse to grow, as a full
    disk would.
    """

    def __init__(self, path: Path, *, after: int = 0, size_limit_bytes: int | None = None) -> None:
        self._path = path
        self.after = after
        self.file = SqliteFile(path, size_limit_bytes=size_limit_bytes)
        super().__init__(self.file)
        self.epoch = 0
        """How often this journal was opened: greater than that of every owner before."""

    # -- life ---------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Become the owner. Raises OutsideError while another process is, or when the file cannot be used."""
        self._lock, last = await asyncio.to_thread(self._become_owner)
        self.start(last=last)

    async def close(self) -> None:
        """Write what is left (one try when the disk refuses), stop the thread and let the next owner in."""
        await self.stop()
        os.close(self._lock)

    def _become_owner(self) -> tuple[int, int]:
        """The lock, and the number to go on from."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(lock)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = self.file.connect()
            try:
                connection.executescript(SCHEMA)
                self.epoch, after = connection.execute(OWN, (self.after,)).fetchone()
                last = max(after, newest_in(connection))
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
        return lock, last

    # -- for the loop -------------------------------------------------------------------------------------------------

    def read(self, *, after: int, until: int, limit: int = PAGE) -> list[Entry]:
        """At most `limit` entries with after < number ≤ until; blocks. Raises OutsideError, ConfigError."""
        return read(self._path, after=after, until=until, limit=limit)

    async def save_snapshot(self, number: int, state: bytes) -> None:
        """Keep the state as it was after this entry, once that is on disk itself. Raises OutsideError."""
        await self.flushed(number)
        await asyncio.to_thread(snapshots.save, self._snapshots, number, state)

    async def latest_snapshot(self) -> tuple[int, bytes] | None:
        """The newest whole snapshot that the journal reaches: number of its last entry, and the state."""
        return await asyncio.to_thread(snapshots.latest, self._snapshots, until=self.settled)

    @property
    def _snapshots(self) -> Path:
        return self._path.with_suffix(".snapshots")


def _lock(descriptor: int) -> None:
    """Raises BlockingIOError while another process has it; one that dies at this moment is waited for."""
    deadline = time.monotonic() + _DYING_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN_S)
        else:
            return


def read(path: Path, *, after: int, until: int, limit: int = PAGE) -> list[Entry]:
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
