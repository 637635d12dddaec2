"""The spools: SQLite files where a leader's entries wait while PostgreSQL is away, one for each reign that needed one.

They have a journal's shape, so that everything that reads a journal reads them too. The reign stands in the file's
name, so that a leader whose reign is over, and does not know, writes where nobody looks. What a former reign left is
stored by the next one here if the journal has not gone on without it, see docs/decisions on the standby. Called by
`cti.store.database_journal`.
"""

import contextlib
import itertools
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cti.ports import Entry, Epoch
from cti.store import codec
from cti.store.journal import SCHEMA, SqliteFile

_PAGE: Final = "SELECT * FROM entries WHERE number > ? ORDER BY number LIMIT ?"
_NAME: Final = "spool-"
_VOID: Final = "void-"
_ENDS: Final = ("", "-wal", "-shm")
"""SQLite's own files beside the first."""


class Spool:
    """The spool of one reign, made when it is first needed; for one thread at a time."""

    def __init__(self, folder: Path, epoch: Epoch, *, made: bool = False) -> None:
        self.epoch = epoch
        self.path = folder / f"{_NAME}{epoch}.sqlite"
        self._file = SqliteFile(self.path)
        self._made = made

    def put(self, batch: list[Entry], rows: list[codec.Row], stub: Callable[[Entry, Exception], codec.Row]) -> None:
        """As `appending.Place.put`, in the file."""
        if not self._made:
            self._make()
        self._file.put(batch, rows, stub)

    def count(self) -> int:
        """How many entries it holds."""
        with contextlib.closing(self._connected()) as connection:
            return int(connection.execute("SELECT count(*) FROM entries").fetchone()[0])

    def page(self, *, after: int, limit: int) -> list[codec.Row]:
        """Rows with greater numbers, in order; none while there is no file, or nothing in it. Raises sqlite3.Error."""
        if not self._made:
            return []
        with contextlib.closing(self._connected()) as connection:
            return connection.execute(_PAGE, (after, limit)).fetchall()

    def remove(self) -> None:
        """All of it is stored where it belongs."""
        self.release()
        for end in _ENDS:
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)
        self._made = False

    def set_aside(self) -> Path:
        """Move the file out of the way, for people to look at; its new name."""
        self.release()
        aside = self.path.with_name(_VOID + self.path.name)
        for more in itertools.count(2):
            if not aside.exists():
                break
            aside = self.path.with_name(f"{_VOID}{self.path.stem}-{more}.sqlite")
        for end in _ENDS:  # a damaged file may have left some of itself in the others
            with contextlib.suppress(FileNotFoundError):
                self.path.with_name(self.path.name + end).rename(aside.with_name(aside.name + end))
        return aside

    def release(self) -> None:
        """Close what is open."""
        self._file.release()

    def _connected(self) -> sqlite3.Connection:
        """With the tables: whoever began the file may have died, or had a full disk, before they were made."""
        connection = self._file.connect()
        try:
            connection.executescript(SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _make(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.touch(mode=0o600)
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(SCHEMA)
        self._made = True


def found_in(folder: Path) -> list[Spool]:
    """Every spool that was left, by reign."""
    reigns = [path.stem.removeprefix(_NAME) for path in folder.glob(f"{_NAME}*.sqlite")]
    return [
        Spool(folder, Epoch(reign), made=True) for reign in sorted(int(reign) for reign in reigns if reign.isdecimal())
    ]
