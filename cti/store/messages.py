"""What was said on contacts without a call, in its tables: `ports.media.Messages`, and the only place that writes them.

Writes share transactions (`cti.store.committing`) and are on disk when they return, since what keeps them is followed
by what cannot be taken back. A message's key makes it one, however often it is told. Erasing a person is
`cti.crm.register.erase`, which empties these rows too; their keys stay, so that nothing comes back by being told again.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.database import Database
from cti.domain.ids import AgentId, ContactId, Medium, Milliseconds, ProjectId
from cti.ports.media import Attachment, Direction, Incoming, Message, Outgoing, Referred, Said, Sending
from cti.store import models
from cti.store.committing import GroupCommit
from cti.store.text import storable
from cti.store.upsert import upsert

_MESSAGES: Final = models.table(models.MessageRow)
_ATTACHMENTS: Final = models.table(models.AttachmentRow)
_MOST: Final = 500
"""Messages shown of one thread, the newest."""
_UNSENT_AT_ONCE: Final = 200

_THREAD: Final = sa.text("""
WITH RECURSIVE thread(contact_id) AS (
    SELECT CAST(:contact_id AS TEXT)
    UNION SELECT m.continues FROM messages m JOIN thread t ON m.contact_id = t.contact_id WHERE m.continues IS NOT NULL
)
, found AS MATERIALIZED (SELECT m.* FROM thread t CROSS JOIN messages m WHERE m.contact_id = t.contact_id)
SELECT * FROM found ORDER BY message_id DESC LIMIT :most
""")


_LATER: Final = sa.text("""
WITH RECURSIVE later(contact_id) AS (
    SELECT CAST(:contact_id AS TEXT)
    UNION SELECT m.contact_id FROM messages m JOIN later l ON m.continues = l.contact_id
)
SELECT m.contact_id FROM later l CROSS JOIN messages m
WHERE m.contact_id = l.contact_id AND m.contact_id <> :contact_id
GROUP BY m.contact_id ORDER BY MIN(m.message_id) DESC LIMIT :most
""")


class StoredMessages:
    """See `ports.media.Messages`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._group = GroupCommit(database)

    @property
    def commits(self) -> int:
        """Transactions so far, for metrics."""
        return self._group.commits

    async def keep(self, contact_id: ContactId, incoming: Incoming) -> Message:
        """See `ports.media.Messages`."""
        values = _blank(incoming.key, incoming.medium, contact_id, incoming.project_id, incoming.received_ms) | {
            "direction": Direction.IN,
            "address": incoming.address,
            "subject": incoming.subject,
            "text": incoming.text,
            "html": incoming.html,
            "reference": incoming.reference,
            "continues": incoming.continues if incoming.continues != contact_id else None,
        }
        return await self._group.write(partial(_take, values=values, attachments=incoming.attachments))

    async def queue(self, outgoing: Outgoing, *, agent_id: AgentId | None, at_ms: Milliseconds) -> Message:
        """See `ports.media.Messages`."""
        values = _blank(outgoing.key, outgoing.medium, outgoing.contact_id, outgoing.project_id, at_ms) | {
            "direction": Direction.OUT,
            "agent_id": agent_id,
            "address": outgoing.address,
            "subject": outgoing.subject,
            "text": outgoing.text,
            "in_reply_to": outgoing.in_reply_to,
            "thread": " ".join(outgoing.references),
            "sending": Sending.QUEUED,
        }
        return await self._group.write(partial(_keep, values=values, attachments=outgoing.attachments))

    async def note(self, said: Said) -> Message:
        """See `ports.media.Messages`."""
        values = _blank(said.key, said.medium, said.contact_id, said.project_id, said.at_ms) | {
            "direction": Direction.SYSTEM,
            "text": said.text,
        }
        return await self._group.write(partial(_keep, values=values, attachments=()))

    async def settle(self, key: str, sending: Sending, *, reference: str = "", problem: str = "") -> None:
        """See `ports.media.Messages`."""
        values: dict[str, str] = {"sending": sending, "problem": storable(problem)}
        if reference:
            values["reference"] = storable(reference)
        statement = sa.update(_MESSAGES).where(_MESSAGES.c.key == storable(key), _MESSAGES.c.direction == Direction.OUT)
        await self._group.write(lambda connection: _run(connection, statement.values(values)))

    async def unsent(self, medium: Medium, *, beginning: str = "") -> Sequence[Outgoing]:
        """See `ports.media.Messages`; 200: before those that failed those never tried, the oldest first."""
        return await self._database.read(partial(_unsent, medium=medium, beginning=beginning))

    async def of_contact(self, contact_id: ContactId) -> Sequence[Message]:
        """See `ports.media.Messages`; the newest 500."""
        return await self._database.read(partial(_of_contact, contact_id=contact_id))

    async def going_on_from(self, contact_id: ContactId) -> Sequence[ContactId]:
        """See `ports.media.Messages`; the newest 500."""
        given = {"contact_id": contact_id, "most": _MOST}
        return await self._database.read(
            lambda connection: [ContactId(one) for one in connection.execute(_LATER, given).scalars()]
        )

    async def contact_of(self, key: str) -> ContactId | None:
        """See `ports.media.Messages`."""
        statement = sa.select(_MESSAGES.c.contact_id).where(_MESSAGES.c.key == storable(key))
        found = await self._database.read(lambda connection: connection.execute(statement).scalar())
        return ContactId(found) if found is not None else None

    async def referred(self, reference: str) -> Referred | None:
        """See `ports.media.Messages`."""
        return await self._database.read(partial(_referred, reference=storable(reference)))

    async def attachment(self, attachment_id: int) -> tuple[ContactId, Attachment] | None:
        """See `ports.media.Messages`."""
        return await self._database.read(partial(_attachment, attachment_id=attachment_id))


def _blank(
    key: str, medium: Medium, contact_id: ContactId, project_id: ProjectId, at_ms: Milliseconds
) -> dict[str, str | int | None]:
    """A row of which only what every message has is known."""
    nothing = ("address", "subject", "text", "html", "reference", "in_reply_to", "thread", "problem")
    return {
        **dict.fromkeys(nothing, ""),
        "key": key,
        "medium": medium,
        "contact_id": contact_id,
        "project_id": project_id,
        "at_ms": at_ms,
        "agent_id": None,
        "continues": None,
        "sending": None,
    }


def _run(connection: Connection, statement: sa.Update) -> None:
    connection.execute(statement)


def _take(
    connection: Connection, *, values: Mapping[str, str | int | None], attachments: Sequence[Attachment]
) -> Message:
    """One that was added to a contact which was over by then belongs to the contact that goes on from it."""
    if values["continues"] is not None:
        key, continues = storable(str(values["key"])), values["continues"]
        connection.execute(
            sa.update(_MESSAGES)
            .where(_MESSAGES.c.key == key, _MESSAGES.c.contact_id == continues)
            .values(contact_id=values["contact_id"], continues=continues)
        )
    return _keep(connection, values=values, attachments=attachments)


def _keep(
    connection: Connection, *, values: Mapping[str, str | int | None], attachments: Sequence[Attachment]
) -> Message:
    clean = {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}
    statement = upsert(connection, _MESSAGES, keys=["key"]).values(clean).returning(_MESSAGES.c.message_id)
    message_id = connection.execute(statement).scalar()
    if message_id is None:
        kept = connection.execute(sa.select(_MESSAGES).where(_MESSAGES.c.key == clean["key"])).one()
        return _messages(connection, [kept])[0]
    names = [_attach(connection, message_id, one) for one in attachments]
    return _message(message_id, clean, names)


def _attach(connection: Connection, message_id: int, one: Attachment) -> tuple[int, str, str, int]:
    """Keep a file of a message; what it is, without its content."""
    row = {
        "message_id": message_id,
        "name": storable(one.name),
        "media_type": storable(one.media_type),
        "size": len(one.content),
        "content": one.content,
    }
    statement = sa.insert(_ATTACHMENTS).values(row).returning(_ATTACHMENTS.c.attachment_id)
    return connection.execute(statement).scalar_one(), str(row["name"]), str(row["media_type"]), len(one.content)


def _of_contact(connection: Connection, *, contact_id: ContactId) -> list[Message]:
    rows = connection.execute(_THREAD, {"contact_id": contact_id, "most": _MOST}).all()
    return _messages(connection, sorted(rows, key=lambda row: int(row.message_id)))


def _messages(connection: Connection, rows: Sequence[sa.Row[Any]]) -> list[Message]:
    attachments = _names(connection, [row.message_id for row in rows])
    return [_message(row.message_id, row._mapping, attachments.get(row.message_id, ())) for row in rows]


def _message(message_id: int, row: Mapping[Any, Any], attachments: Sequence[tuple[int, str, str, int]]) -> Message:
    return Message(
        message_id=message_id,
        contact_id=ContactId(row["contact_id"]),
        direction=Direction(row["direction"]),
        at_ms=row["at_ms"],
        key=row["key"],
        agent_id=AgentId(row["agent_id"]) if row["agent_id"] is not None else None,
        subject=row["subject"],
        text=row["text"],
        html=row["html"],
        reference=row["reference"],
        sending=Sending(row["sending"]) if row["sending"] is not None else None,
        problem=row["problem"],
        address=row["address"],
        attachments=tuple(attachments),
    )


def _names(connection: Connection, message_ids: Iterable[int]) -> dict[int, list[tuple[int, str, str, int]]]:
    """Of each message that has attachments: what they are, without their content."""
    columns = _ATTACHMENTS.c
    statement = (
        sa.select(columns.message_id, columns.attachment_id, columns.name, columns.media_type, columns.size)
        .where(columns.message_id.in_(list(message_ids)))
        .order_by(columns.attachment_id)
    )
    found: dict[int, list[tuple[int, str, str, int]]] = {}
    for row in connection.execute(statement):
        found.setdefault(row.message_id, []).append((row.attachment_id, row.name, row.media_type, row.size))
    return found


def _unsent(connection: Connection, *, medium: Medium, beginning: str) -> list[Outgoing]:
    statement = (
        sa.select(_MESSAGES)
        .where(_MESSAGES.c.sending == Sending.QUEUED, _MESSAGES.c.medium == medium)
        .where(_MESSAGES.c.key.startswith(beginning, autoescape=True))
        .order_by(_MESSAGES.c.problem != "", _MESSAGES.c.message_id)
        .limit(_UNSENT_AT_ONCE)
    )
    return [_outgoing(connection, row) for row in connection.execute(statement).all()]


def _outgoing(connection: Connection, row: sa.Row[Any]) -> Outgoing:
    columns = _ATTACHMENTS.c
    files = connection.execute(
        sa.select(columns.name, columns.media_type, columns.content)
        .where(columns.message_id == row.message_id)
        .order_by(columns.attachment_id)
    )
    return Outgoing(
        key=row.key,
        medium=Medium(row.medium),
        contact_id=ContactId(row.contact_id),
        project_id=ProjectId(row.project_id),
        address=row.address,
        subject=row.subject,
        text=row.text,
        queued_ms=row.at_ms,
        in_reply_to=row.in_reply_to,
        references=tuple(row.thread.split()),
        attachments=tuple(Attachment(name=one.name, media_type=one.media_type, content=one.content) for one in files),
    )


def _referred(connection: Connection, *, reference: str) -> Referred | None:
    columns = _MESSAGES.c
    row = connection.execute(
        sa.select(columns.key, columns.contact_id, columns.project_id, columns.address)
        .where(columns.reference == reference, columns.direction == Direction.OUT)
        .order_by(columns.message_id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Referred(
        key=row.key,
        contact_id=ContactId(row.contact_id),
        project_id=ProjectId(row.project_id),
        address=row.address,
    )


def _attachment(connection: Connection, *, attachment_id: int) -> tuple[ContactId, Attachment] | None:
    row = connection.execute(
        sa.select(_MESSAGES.c.contact_id, _ATTACHMENTS.c.name, _ATTACHMENTS.c.media_type, _ATTACHMENTS.c.content)
        .join(_MESSAGES, _MESSAGES.c.message_id == _ATTACHMENTS.c.message_id)
        .where(_ATTACHMENTS.c.attachment_id == attachment_id)
    ).one_or_none()
    if row is None:
        return None
    return ContactId(row.contact_id), Attachment(name=row.name, media_type=row.media_type, content=row.content)
