"""The spool: a SQLite file where the leader's entries wait while PostgreSQL is away.

It has a journal's shape, so that everything that reads a journal reads it too. It belongs to one reign, whose number
stands in it: what a former reign left is stored by its direct successor only, see docs/decisions on the standby.
Called by `cti.store.database_journal`.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cti.ports import Entry, Epoch
from cti.store import codec
from cti.store.journal import SCHEMA, SqliteFile, newest_in

_PAGE: Final = "SELECT * FROM entries WHERE number > ? ORDER BY number LIMIT ?"
_OWN: Final = "INSERT INTO owner VALUES (1, ?, 0) ON CONFLICT DO UPDATE SET epoch = excluded.epoch"


class Spool:
    """One spool file, made when it is first needed; for one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = SqliteFile(path)
        self._made = False

    def put(self, batch: list[Entry], rows: list[codec.Row], stub: Callable[[Entry, Exception], codec.Row]) -> None:
        """As `appending.Place.put`, in the file."""
        self._file.put(batch, rows, stub)

    def begin(self, epoch: Epoch) -> None:
        """Belong to this reign from now on; what was there must have been stored or set aside."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch(mode=0o600)
        connection = self._file.connect()
        try:
            connection.executescript(SCHEMA)
            connection.execute("DELETE FROM entries")
            connection.execute(_OWN, (epoch,))
        finally:
            connection.close()

    def left(self) -> tuple[int, int]:
        """Reign and number of the entries that a former process left; 0 and 0 when there is nothing."""
        if not self.path.exists():
            return 0, 0
        connection = self._file.connect()
        try:
            connection.executescript(SCHEMA)
            reign = connection.execute("SELECT epoch FROM owner").fetchone()
            count = connection.execute("SELECT count(*) FROM entries").fetchone()[0]
            return (int(reign[0]) if reign else 0), int(count)
        finally:
            connection.close()

    def page(self, *, after: int, limit: int) -> list[codec.Row]:
        """Rows with greater numbers, in order."""
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=5)
        try:
            return connection.execute(_PAGE, (after, limit)).fetchall()
        finally:
            connection.close()

    def newest(self) -> int:
        """Number of its last entry; 0 when it is empty."""
        connection = self._file.connect()
        try:
            return newest_in(connection)
        finally:
            connection.close()

    def clear(self) -> None:
        """Forget all: it is stored where it belongs."""
        connection = self._file.connect()
        try:
            connection.execute("DELETE FROM entries")
        finally:
            connection.close()

    def set_aside(self, reign: int) -> Path:
        """Move the file out of the way, for people to look at; its new name."""
        self.release()
        aside = self.path.with_name(f"{self.path.stem}-of-reign-{reign}{self.path.suffix}")
        self.path.rename(aside)
        return aside

    def release(self) -> None:
        """Close what is open."""
        self._file.release()
