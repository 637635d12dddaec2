"""Chats in their table: `ports.chat.ChatBook`, and the only place that writes it.

What was said stands with all other messages (`cti.store.messages`); here is which session a contact belongs to, and how
it went. No person's data but the address of the page he was on, which erasing the person empties.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.database import Database
from cti.domain.ids import ContactId, Milliseconds, ProjectId
from cti.ports.chat import ChatRecord
from cti.store import models
from cti.store.text import storable
from cti.store.upsert import upsert

_TABLE: Final = models.table(models.ChatRow)
_AT_ONCE: Final = 500
"""Contacts asked for in one statement."""


class StoredChats:
    """See `ports.chat.ChatBook`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, record: ChatRecord) -> ChatRecord:
        """See `ports.chat.ChatBook`."""
        values = {name: storable(value) if isinstance(value, str) else value for name, value in asdict(record).items()}
        statement = sa.select(_TABLE).where(_TABLE.c.session_id == record.session_id)

        def work(connection: Connection) -> ChatRecord:
            connection.execute(upsert(connection, _TABLE, keys=["session_id"]).values(values))
            return _record(connection.execute(statement).one())

        return await self._database.write(work, durable=True)

    async def of_session(self, session_id: str) -> ChatRecord | None:
        """See `ports.chat.ChatBook`."""
        statement = sa.select(_TABLE).where(_TABLE.c.session_id == session_id)
        row = await self._database.read(lambda connection: connection.execute(statement).one_or_none())
        return None if row is None else _record(row)

    async def of_contacts(self, contact_ids: Sequence[ContactId]) -> Sequence[ChatRecord]:
        """See `ports.chat.ChatBook`."""
        wanted = list(contact_ids)

        def work(connection: Connection) -> list[ChatRecord]:
            found: list[ChatRecord] = []
            for first in range(0, len(wanted), _AT_ONCE):
                some = _TABLE.c.contact_id.in_(wanted[first : first + _AT_ONCE])
                found += [_record(row) for row in connection.execute(sa.select(_TABLE).where(some))]
            return found

        return await self._database.read(work) if wanted else []

    async def responded(self, contact_id: ContactId, first_response_ms: Milliseconds) -> None:
        """See `ports.chat.ChatBook`."""
        where = (_TABLE.c.contact_id == contact_id, _TABLE.c.first_response_ms.is_(None))
        await self._change(sa.update(_TABLE).where(*where).values(first_response_ms=first_response_ms))

    async def rate(self, contact_id: ContactId, rating: int) -> None:
        """See `ports.chat.ChatBook`."""
        await self._change(sa.update(_TABLE).where(_TABLE.c.contact_id == contact_id).values(rating=rating))

    async def _change(self, statement: sa.Update) -> None:
        def work(connection: Connection) -> None:
            connection.execute(statement)

        await self._database.write(work)


def _record(row: sa.Row[Any]) -> ChatRecord:
    return ChatRecord(
        contact_id=ContactId(row.contact_id),
        session_id=row.session_id,
        project_id=ProjectId(row.project_id),
        site=row.site,
        began_ms=row.began_ms,
        page=row.page,
        first_response_ms=row.first_response_ms,
        rating=row.rating,
    )
