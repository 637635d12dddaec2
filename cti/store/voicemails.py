"""How messages that callers left stand: whether their contact is closed, whether their person was erased.

Read by `cti.media.voicemail_keeping`; the messages themselves are `cti.store.messages`'.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.database import Database
from cti.ports.media import Kept
from cti.store import models

_MESSAGES: Final = models.table(models.MessageRow)
_CONTACTS: Final = models.table(models.ContactRow)
_AT_ONCE: Final = 500


class StoredVoicemails:
    """Asks the tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self, keys: Sequence[str]) -> Mapping[str, Kept]:
        """How the messages with these keys stand; those that no table knows are absent. Raises DatabaseDown."""
        found: dict[str, Kept] = {}
        for start in range(0, len(keys), _AT_ONCE):
            found |= await self._database.read(partial(_read, keys=keys[start : start + _AT_ONCE]))
        return found


def _read(connection: Connection, *, keys: Sequence[str]) -> dict[str, Kept]:
    joined = _MESSAGES.outerjoin(_CONTACTS, _CONTACTS.c.contact_id == _MESSAGES.c.contact_id)
    statement = (
        sa.select(_MESSAGES.c.key, _MESSAGES.c.text, _CONTACTS.c.closed_ms)
        .select_from(joined)
        .where(_MESSAGES.c.key.in_(keys))
    )
    return {
        row.key: Kept(erased=not row.text, closed=row.closed_ms is not None) for row in connection.execute(statement)
    }
