"""The table of recorded talks: `ports.recordings.Shelf`. Their sound stands in files (`cti.recordings`)."""

import json
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.database import Database
from cti.domain.ids import AgentId, ContactId, Milliseconds, ProjectId, QueueId
from cti.ports.recordings import Kept
from cti.store import models
from cti.store.upsert import upsert

_ROWS: Final = models.table(models.RecordingRow)
_ORDER: Final = (_ROWS.c.began_ms, _ROWS.c.recording_id)
_AUDIT: Final = models.table(models.Deed)
_AT_ONCE: Final = 500
"""Ids in one statement."""
_WRITE_S: Final = 30.0


class StoredRecordings:
    """See `ports.recordings.Shelf`. `now_ms` is Unix time in ms."""

    def __init__(
        self, database: Database, *, now_ms: Callable[[], Milliseconds] = lambda: time.time_ns() // 1_000_000
    ) -> None:
        self._database = database
        self._now_ms = now_ms

    async def put(self, kept: Kept) -> None:
        """See `ports.recordings.Shelf`."""
        row = _row(kept)
        await self._database.write(
            lambda connection: connection.execute(upsert(connection, _ROWS, keys=["recording_id"]), row),
            within_s=_WRITE_S,
            durable=True,
        )

    async def get(self, recording_id: str) -> Kept | None:
        """See `ports.recordings.Shelf`."""
        found = await self._select(_ROWS.c.recording_id == recording_id)
        return found[0] if found else None

    async def of_contacts(self, contact_ids: Collection[ContactId]) -> Sequence[Kept]:
        """See `ports.recordings.Shelf`."""
        return await self._select(_ROWS.c.contact_id.in_(contact_ids)) if contact_ids else []

    async def listed(self, *, limit: int, after: Kept | None = None) -> Sequence[Kept]:
        """See `ports.recordings.Shelf`."""
        older = sa.tuple_(*_ORDER) < (after.began_ms, after.recording_id) if after is not None else sa.true()
        return await self._select(older, limit=limit, newest_first=True)

    async def expired(self, now_ms: Milliseconds, *, limit: int) -> Sequence[Kept]:
        """See `ports.recordings.Shelf`."""
        over = _ROWS.c.erased_ms.is_(None) & (_ROWS.c.keep_until_ms <= now_ms)
        return await self._select(over, limit=limit)

    async def _select(
        self, where: sa.ColumnElement[bool], *, limit: int | None = None, newest_first: bool = False
    ) -> list[Kept]:
        statement = sa.select(_ROWS).where(where).limit(limit)
        statement = statement.order_by(*(column.desc() for column in _ORDER) if newest_first else _ORDER)
        return await self._database.read(lambda connection: [_kept(row) for row in connection.execute(statement)])

    async def erase(self, recording_ids: Collection[str], *, actor: str, why: str) -> int:
        """See `ports.recordings.Shelf`."""

        def work(connection: Connection) -> int:
            now_ms = self._now_ms()
            his = _ROWS.c.recording_id.in_(recording_ids) & _ROWS.c.erased_ms.is_(None)
            forgotten = sa.update(_ROWS).where(his).values(key_id="", wrapped_key="", erased_ms=now_ms)
            erased = connection.execute(forgotten.returning(_ROWS.c.recording_id)).scalars().all()
            line = {"at_ms": now_ms, "actor": actor, "action": "recording_erased", "detail": why}
            if erased:
                connection.execute(sa.insert(_AUDIT), [{**line, "subject": one} for one in sorted(erased)])
            return len(erased)

        return await self._database.write(work, within_s=_WRITE_S, durable=True) if recording_ids else 0

    async def erased_among(self, recording_ids: Collection[str]) -> frozenset[str]:
        """See `ports.recordings.Shelf`."""
        asked = sorted(recording_ids)

        def work(connection: Connection) -> frozenset[str]:
            found: set[str] = set()
            for start in range(0, len(asked), _AT_ONCE):
                some = _ROWS.c.recording_id.in_(asked[start : start + _AT_ONCE]) & _ROWS.c.erased_ms.is_not(None)
                found.update(connection.execute(sa.select(_ROWS.c.recording_id).where(some)).scalars())
            return frozenset(found)

        return await self._database.read(work, within_s=_WRITE_S)

    async def keys_in_use(self) -> frozenset[str]:
        """See `ports.recordings.Shelf`."""
        used = sa.select(_ROWS.c.key_id).where(_ROWS.c.erased_ms.is_(None)).distinct()
        return await self._database.read(
            lambda connection: frozenset(connection.execute(used).scalars()), within_s=_WRITE_S
        )

    async def rewrap(self, recording_id: str, *, before: str, key_id: str, wrapped_key: str) -> bool:
        """See `ports.recordings.Shelf`."""
        as_before = (_ROWS.c.recording_id == recording_id) & (_ROWS.c.wrapped_key == before)
        statement = sa.update(_ROWS).where(as_before).values(key_id=key_id, wrapped_key=wrapped_key)
        changed = await self._database.write(
            lambda connection: connection.execute(statement).rowcount, within_s=_WRITE_S, durable=True
        )
        return bool(changed)


def _row(kept: Kept) -> dict[str, object]:
    return {
        "recording_id": kept.recording_id,
        "contact_id": kept.contact_id,
        "project_id": kept.project_id,
        "queue_id": kept.queue_id,
        "agents": " ".join(kept.agents),
        "began_ms": kept.began_ms,
        "length_ms": kept.length_ms,
        "pauses": json.dumps(kept.pauses),
        "keep_until_ms": kept.keep_until_ms,
        "size": kept.size,
        "sha256": kept.sha256,
        "key_id": kept.key_id,
        "wrapped_key": kept.wrapped_key,
        "erased_ms": kept.erased_ms,
    }


def _kept(row: sa.Row[Any]) -> Kept:
    return Kept(
        recording_id=row.recording_id,
        contact_id=ContactId(row.contact_id),
        project_id=ProjectId(row.project_id),
        queue_id=QueueId(row.queue_id),
        agents=tuple(map(AgentId, row.agents.split())),
        began_ms=row.began_ms,
        length_ms=row.length_ms,
        pauses=tuple((begun, over) for begun, over in json.loads(row.pauses)),
        keep_until_ms=row.keep_until_ms,
        size=row.size,
        sha256=row.sha256,
        key_id=row.key_id,
        wrapped_key=row.wrapped_key,
        erased_ms=row.erased_ms,
    )
