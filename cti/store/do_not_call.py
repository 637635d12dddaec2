"""The registry of those who are not to be called: `ports.DoNotCall` on the table `do_not_call`, and its import.

An entry holds for one project or for all. It stays when a customer is erased: that he is not to be called is what he
wanted. Its changes are audited with numbers shortened.

Theory of operation. A click must not wait for a database, so a registry of usual size is mirrored in memory. Every
change writes its line of the audit in its own transaction; the audit's newest number is asked for each second, and when
it has moved the mirror is read anew. A mirror that is older than `_FRESH_S`, or a registry that is larger than
`_MIRRORED`, is not trusted: then the table is asked.
"""

import asyncio
import contextlib
import csv
import itertools
import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.calling import hidden, in_full
from cti.database import Database
from cti.domain.ids import Milliseconds, ProjectId
from cti.errors import DatabaseDown, RuleError
from cti.ports.calling import Barred
from cti.store import models
from cti.store.text import storable
from cti.store.upsert import upsert

_LIST: Final = models.table(models.DoNotCallRow)
_AUDIT: Final = models.table(models.Deed)
_FOR_ALL: Final = ""
_ASK_LIMIT_S: Final = 1.0
_AT_ONCE: Final = 500
"""Numbers in one statement."""
_LONGEST_REASON: Final = 200
_MIRRORED: Final = 200_000
"""Entries up to which they are kept in memory, some 30 MB."""
_LOOK_EVERY_S: Final = 1.0
_FRESH_S: Final = 3.0


class StoredDoNotCall:
    """See `ports.DoNotCall`. `now_ms` is Unix time in ms."""

    def __init__(
        self, database: Database, *, now_ms: Callable[[], Milliseconds] = lambda: time.time_ns() // 1_000_000
    ) -> None:
        self._database = database
        self._now_ms = now_ms
        self._mirror: frozenset[tuple[str, str]] | None = None
        """Project and number of each entry; None: too many, or not read yet."""
        self._version = -1
        """The audit's newest number when the mirror was read."""
        self._looked_s = -math.inf
        self._changes = 0
        """Made by this process."""

    async def keep_fresh(self) -> None:
        """Mirror the registry, for ever; to be a supervised task."""
        while True:
            with contextlib.suppress(DatabaseDown):
                await self.look()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def look(self) -> None:
        """Bring the mirror up to date. Raises DatabaseDown; then it ages."""
        began, changes = time.monotonic(), self._changes
        version, mirror = await self._database.read(lambda connection: _mirrored(connection, self._version))
        if changes != self._changes:  # it may have been read before what was changed meanwhile
            return
        if version != self._version:
            self._version, self._mirror = version, mirror
        self._looked_s = began

    def _changed(self) -> None:
        self._changes += 1
        self._looked_s = -math.inf
        self._version = -1  # transactions side by side may end in another order than that of their lines' numbers

    async def is_listed(self, number: str, *, project_id: ProjectId) -> bool:
        """See `ports.DoNotCall`."""
        if self._mirror is not None and time.monotonic() - self._looked_s < _FRESH_S:
            return (project_id, number) in self._mirror or (_FOR_ALL, number) in self._mirror
        statement = sa.select(sa.literal(1)).where(_holds(project_id), _LIST.c.number == number).limit(1)
        return await self._database.read(
            lambda connection: connection.execute(statement).first() is not None, within_s=_ASK_LIMIT_S
        )

    async def listed_among(self, numbers: Collection[str], *, project_id: ProjectId) -> frozenset[str]:
        """See `ports.DoNotCall`."""

        def work(connection: Connection) -> frozenset[str]:
            found: set[str] = set()
            for some in _batched(numbers):
                statement = sa.select(_LIST.c.number).where(_holds(project_id), _LIST.c.number.in_(some))
                found.update(connection.execute(statement).scalars())
            return frozenset(found)

        return await self._database.read(work, within_s=30)

    async def add(self, numbers: Collection[str], *, project_id: ProjectId | None, reason: str, actor: str) -> int:
        """See `ports.DoNotCall`."""

        def work(connection: Connection) -> int:
            before = _count(connection)
            for some in _batched(numbers):
                connection.execute(
                    upsert(connection, _LIST, keys=["project_id", "number"]),
                    [
                        {
                            "project_id": project_id or _FOR_ALL,
                            "number": number,
                            "added_ms": self._now_ms(),
                            "actor": actor,
                            "reason": storable(reason[:_LONGEST_REASON]),
                        }
                        for number in some
                    ],
                )
            added = _count(connection) - before
            if added:
                self._note(connection, actor, "do_not_call_added", numbers, project_id)
            return added

        added = await self._database.write(work, within_s=60)
        self._changed()
        return added

    async def remove(self, number: str, *, project_id: ProjectId | None, actor: str) -> bool:
        """See `ports.DoNotCall`."""

        def work(connection: Connection) -> bool:
            found = (_LIST.c.project_id == (project_id or _FOR_ALL)) & (_LIST.c.number == number)
            gone = bool(connection.execute(sa.delete(_LIST).where(found)).rowcount)
            if gone:
                self._note(connection, actor, "do_not_call_removed", (number,), project_id)
            return gone

        gone = await self._database.write(work)
        self._changed()
        return gone

    async def entries(
        self, project_ids: Collection[ProjectId | None], *, begins: str = "", limit: int
    ) -> Sequence[Barred]:
        """See `ports.DoNotCall`."""
        wanted = [project_id or _FOR_ALL for project_id in project_ids]
        statement = (
            sa.select(_LIST)
            .where(_LIST.c.project_id.in_(wanted), _LIST.c.number.startswith(begins, autoescape=True))
            .order_by(_LIST.c.added_ms.desc(), _LIST.c.number)
            .limit(limit)
        )
        return await self._database.read(
            lambda connection: [
                Barred(
                    project_id=ProjectId(row.project_id) if row.project_id != _FOR_ALL else None,
                    number=row.number,
                    added_ms=row.added_ms,
                    actor=row.actor,
                    reason=row.reason,
                )
                for row in connection.execute(statement)
            ]
        )

    def _note(
        self,
        connection: Connection,
        actor: str,
        action: str,
        numbers: Collection[str],
        project_id: ProjectId | None,
    ) -> None:
        subject = hidden(next(iter(numbers))) if len(numbers) == 1 else f"{len(numbers)} numbers"
        values = {"actor": actor, "action": action, "subject": subject, "detail": project_id or "every project"}
        connection.execute(sa.insert(_AUDIT).values(at_ms=self._now_ms(), **values))


@dataclass(slots=True)
class Imported:
    """What a file came to."""

    read: int = 0
    added: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    """Line and reason."""


async def import_csv(
    registry: StoredDoNotCall,
    file: IO[str],
    *,
    project_id: ProjectId | None,
    country: str,
    reason: str,
    actor: str,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Enter the numbers of a CSV file: the column `number`, or the first one; one that is none is refused by its line.

    Ten thousand numbers share a transaction. `progress` is told the lines read so far.
    Raises RuleError when the file is no CSV, DatabaseDown.
    """
    done = Imported()
    for portion in _portions(_rows(file, country, done)):
        if not dry_run:
            done.added += await registry.add(portion, project_id=project_id, reason=reason, actor=actor)
        progress(done.read)
        await asyncio.sleep(0)
    return done


def _rows(file: IO[str], country: str, done: Imported) -> Iterator[str]:
    reader = csv.reader(file)
    column = 0
    try:
        for place, row in enumerate(reader):
            if place == 0 and (heading := [cell.strip().lower() for cell in row]) and "number" in heading:
                column = heading.index("number")
                continue
            if not any(row):
                continue
            done.read += 1
            number = in_full(row[column].strip(), country=country) if column < len(row) else ""
            if number:
                yield number
            else:
                done.refused.append((reader.line_num, "no number; write it in full with +, such as +79165550001"))
    except (csv.Error, UnicodeDecodeError) as error:
        raise RuleError(f"Line {reader.line_num} cannot be read: {error}. Save the file as CSV in UTF-8.") from error


def _portions(numbers: Iterator[str]) -> Iterator[list[str]]:
    while portion := list(dict.fromkeys(itertools.islice(numbers, 20 * _AT_ONCE))):
        yield portion


def _batched(numbers: Collection[str]) -> Iterator[list[str]]:
    ahead = iter(numbers)
    while some := list(itertools.islice(ahead, _AT_ONCE)):
        yield some


def _holds(project_id: ProjectId) -> sa.ColumnElement[bool]:
    return _LIST.c.project_id.in_((project_id, _FOR_ALL))


def _mirrored(connection: Connection, known: int) -> tuple[int, frozenset[tuple[str, str]] | None]:
    """The registry's version, and all of it if that is another one than is known, and it is small enough."""
    version = connection.execute(sa.select(sa.func.coalesce(sa.func.max(_AUDIT.c.deed_id), 0))).scalar_one()
    if version == known:
        return version, None
    rows = connection.execute(sa.select(_LIST.c.project_id, _LIST.c.number).limit(_MIRRORED + 1)).all()
    return version, frozenset((row.project_id, row.number) for row in rows) if len(rows) <= _MIRRORED else None


def _count(connection: Connection) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(_LIST)).scalar_one())
