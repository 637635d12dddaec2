"""A journal as those read it who explain, audit, replay and simulate: a file or PostgreSQL's table, beside its owner.

Blocks: for commands, and for processes of their own. The owners are `cti.store.journal` and
`cti.store.database_journal`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cti.database import Database, open_database
from cti.errors import OutsideError
from cti.home import Home, JournalPlace
from cti.ports import Entry
from cti.store import database_journal, journal, snapshots

LAST_POSSIBLE: Final = 2**63 - 1
_PAGE: Final = 2_000


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A journal's SQLite file, with its snapshots beside it."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def read(self, *, after: int, until: int, limit: int) -> list[Entry]:
        """As `journal.read`."""
        return journal.read(self.path, after=after, until=until, limit=limit)

    def snapshot(self, *, until: int) -> tuple[int, bytes] | None:
        """The newest whole snapshot whose number is at most `until`."""
        return snapshots.latest(self.path.with_suffix(".snapshots"), until=until)


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """The journal in a home's PostgreSQL."""

    database: Database

    def __str__(self) -> str:
        return "in PostgreSQL"

    def read(self, *, after: int, until: int, limit: int) -> list[Entry]:
        """As `database_journal.read`."""
        return database_journal.read(self.database, after=after, until=until, limit=limit)

    def snapshot(self, *, until: int) -> tuple[int, bytes] | None:
        """The newest whole snapshot whose number is at most `until`. Raises DatabaseDown."""
        return self.database.read_now(lambda connection: database_journal.latest(connection, until))


Written = WrittenFile | WrittenTable


def journal_of(place: Path) -> Written:
    """The journal of a home, or the file itself. Raises OutsideError when it is not there, ConfigError."""
    place = place.expanduser().absolute()
    if (place / "settings.json").exists():
        home = Home.open(place)
        if home.settings.journal is JournalPlace.DATABASE:
            return WrittenTable(open_database(home.database_url))
    file = place / "journal.sqlite" if place.is_dir() else place
    if file.exists():
        return WrittenFile(file)
    if place.is_dir():
        raise OutsideError(
            f"{place} holds no journal.sqlite: is it the home that `cti up --home` was given, and did it ever run?",
            transient=False,
        )
    raise OutsideError(f"There is no journal {file}: give --home DIR, or the file itself.", transient=False)


def entries(written: Written, *, after: int = 0, until: int = LAST_POSSIBLE) -> Iterator[Entry]:
    """Every durable entry with after < number ≤ until, in order, a page at a time."""
    last = after
    while page := written.read(after=last, until=until, limit=_PAGE):
        yield from page
        last = page[-1].number
