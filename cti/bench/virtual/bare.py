"""The plain alternative: one row a request, one transaction a row, by the database's own driver and nothing else.

The row is the journal's of a contact's arrival, whole. `Bare` of SQLite commits as the journal does (WAL,
synchronous=FULL), that of PostgreSQL as its server is set up (a commit waits for the disk).
"""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import psycopg

from cti.store import codec
from cti.store.journal import INSERT, SCHEMA

_TABLE: Final = (
    "CREATE TABLE bare_entries (number BIGINT PRIMARY KEY, at_ms BIGINT NOT NULL, kind TEXT NOT NULL, "
    "version INTEGER NOT NULL, event TEXT NOT NULL, facts TEXT NOT NULL, refused TEXT)"
)
_INSERT: Final = "INSERT INTO bare_entries VALUES (%s, %s, %s, %s, %s, %s, %s)"


class Bare(Protocol):
    """Inserts rows, each in a transaction of its own."""

    def insert(self, row: codec.Row) -> None:
        """Durable when it returns; blocks."""

    def close(self) -> None: ...


class BareSqlite:
    """A file of its own beside the journal's."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(SCHEMA)

    def insert(self, row: codec.Row) -> None:
        """See `Bare`. Outside a transaction each statement is one."""
        self._connection.execute(INSERT, row)

    def close(self) -> None:
        """Leave the file."""
        self._connection.close()


class BarePostgres:
    """A table of its own in the database; the driver prepares the statement by itself."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute(_TABLE)

    def insert(self, row: codec.Row) -> None:
        """See `Bare`."""
        self._connection.execute(_INSERT, row)

    def close(self) -> None:
        """Leave the server."""
        self._connection.execute("DROP TABLE bare_entries")
        self._connection.close()


def per_s(bare: Bare, row: Callable[[], codec.Row], *, for_s: float) -> float:
    """How many rows a second it inserts; blocks for so long. `row` gives one with a number of its own."""
    begun = time.perf_counter()
    done = 0
    while time.perf_counter() - begun < for_s:
        bare.insert(row())
        done += 1
    return done / (time.perf_counter() - begun)
