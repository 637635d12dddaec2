"""Files that agents have put to answers which they have not sent yet: `ports.media.Uploads`.

They outlive a refresh of the page and a restart of the engine, and are forgotten after a day.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.database import Database
from cti.domain.ids import AgentId, ContactId, Milliseconds
from cti.ports.media import Attachment, Upload
from cti.store import models
from cti.store.text import storable

MOST_FILES: Final = 20
MOST_BYTES: Final = 18_000_000
"""Of one answer; base64 makes a third more of it, and many mail servers refuse more than 25 MB."""
_KEPT_MS: Final = 86_400_000
_WRITE_S: Final = 20.0
_UPLOADS: Final = models.table(models.UploadRow)


class StoredUploads:
    """See `ports.media.Uploads`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(
        self, contact_id: ContactId, agent_id: AgentId, file: Attachment, *, at_ms: Milliseconds
    ) -> Upload | None:
        """See `ports.media.Uploads`."""
        row = {
            "contact_id": contact_id,
            "agent_id": agent_id,
            "at_ms": at_ms,
            "name": storable(file.name),
            "media_type": storable(file.media_type),
            "size": len(file.content),
            "content": file.content,
        }
        return await self._database.write(partial(_put, row=row), within_s=_WRITE_S)

    async def listed(self, contact_id: ContactId, agent_id: AgentId) -> Sequence[Upload]:
        """See `ports.media.Uploads`."""
        return await self._database.read(partial(_listed, contact_id=contact_id, agent_id=agent_id))

    async def read(self, contact_id: ContactId, agent_id: AgentId) -> Sequence[Attachment]:
        """See `ports.media.Uploads`."""
        return await self._database.read(partial(_read, contact_id=contact_id, agent_id=agent_id), within_s=_WRITE_S)

    async def drop(self, contact_id: ContactId, agent_id: AgentId, upload_id: int | None = None) -> None:
        """See `ports.media.Uploads`."""
        statement = sa.delete(_UPLOADS).where(_his(contact_id, agent_id))
        if upload_id is not None:
            statement = statement.where(_UPLOADS.c.upload_id == upload_id)
        await self._database.write(lambda connection: connection.execute(statement).rowcount)


def _his(contact_id: ContactId, agent_id: AgentId) -> sa.ColumnElement[bool]:
    return sa.and_(_UPLOADS.c.contact_id == contact_id, _UPLOADS.c.agent_id == agent_id)


def _put(connection: Connection, *, row: dict[str, Any]) -> Upload | None:
    connection.execute(sa.delete(_UPLOADS).where(_UPLOADS.c.at_ms < row["at_ms"] - _KEPT_MS))
    there = _listed(connection, contact_id=row["contact_id"], agent_id=row["agent_id"])
    if len(there) >= MOST_FILES or sum(one.size for one in there) + row["size"] > MOST_BYTES:
        return None
    upload_id = connection.execute(sa.insert(_UPLOADS).values(row).returning(_UPLOADS.c.upload_id)).scalar_one()
    return Upload(upload_id=upload_id, name=row["name"], media_type=row["media_type"], size=row["size"])


def _listed(connection: Connection, *, contact_id: ContactId, agent_id: AgentId) -> list[Upload]:
    columns = _UPLOADS.c
    statement = sa.select(columns.upload_id, columns.name, columns.media_type, columns.size)
    rows = connection.execute(statement.where(_his(contact_id, agent_id)).order_by(columns.upload_id))
    return [Upload(upload_id=row.upload_id, name=row.name, media_type=row.media_type, size=row.size) for row in rows]


def _read(connection: Connection, *, contact_id: ContactId, agent_id: AgentId) -> list[Attachment]:
    columns = _UPLOADS.c
    statement = sa.select(columns.name, columns.media_type, columns.content)
    rows = connection.execute(statement.where(_his(contact_id, agent_id)).order_by(columns.upload_id))
    return [Attachment(name=row.name, media_type=row.media_type, content=row.content) for row in rows]
