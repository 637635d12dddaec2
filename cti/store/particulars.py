"""Contacts' particulars in their table: `ports.Particular`, and the only place that writes them.

The engine hands them over as a contact arrives and asks for them again after a restart; the journal knows none of it.
Each is linked to the customer whose address it carries, if there is one by then. Erasing a person is
`cti.crm.customers.erase`, which empties these rows too.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.database import Database
from cti.domain.ids import ContactId, Medium, ProjectId
from cti.ports import Particulars
from cti.store import models
from cti.store.behind import WriteBehind
from cti.store.prepared import Prepared
from cti.store.row_spool import RowSpool
from cti.store.text import storable
from cti.store.upsert import upsert

_TABLE: Final = models.table(models.ContactParticulars)
_COLUMNS: Final = tuple(Particulars.__dataclass_fields__)
_AT_ONCE: Final = 1_000
"""Contacts asked for in one statement: databases bound its parameters, and ours its time."""


class ParticularStore:
    """See `ports.Particular`; `run` is the task that writes."""

    def __init__(self, database: Database, *, spools: Path | None = None) -> None:
        """`spools`: folder for what waits while the database is away; None where that is a file beside it."""
        self._database = database
        spool = RowSpool(spools, "particulars", Particulars) if spools is not None else None
        self._behind = WriteBehind(database, _write, name="particulars", spool=spool, restore=_restore)

    def keep(self, particulars: Sequence[Particulars]) -> None:
        """See `ports.Particular`."""
        self._behind.keep(particulars)

    async def recall(self, contact_ids: Sequence[ContactId]) -> dict[ContactId, Particulars]:
        """See `ports.Particular`; knows also what is not written yet."""
        wanted = frozenset(contact_ids)
        found: dict[ContactId, Particulars] = {}
        for first in range(0, len(contact_ids), _AT_ONCE):
            some = contact_ids[first : first + _AT_ONCE]
            found |= await self._database.read(partial(_read, contact_ids=some))
        left, waiting = (
            {one.contact_id: one for one in rows if one.contact_id in wanted}
            for rows in (self._behind.left, self._behind.waiting)
        )
        return left | found | waiting

    async def durable(self) -> None:
        """See `ports.Particular`."""
        await self._behind.durable()

    async def written(self) -> None:
        """Return when all that was kept is in the database."""
        await self._behind.written()

    async def recover(self) -> None:
        """Take what an engine before could not write; before anything else is asked of this."""
        await self._behind.recover()

    async def run(self) -> None:
        """Write what is kept, for ever; to be a supervised task."""
        await self._behind.run()


_WHOSE: Final = (
    sa.select(models.Address.customer_id)
    .where(models.Address.project_id == sa.bindparam("project_id"), models.Address.value == sa.bindparam("address"))
    .scalar_subquery()
)
_VALUES: Final[dict[str, Any]] = {name: sa.bindparam(name) for name in _COLUMNS} | {"customer_id": _WHOSE}
_WRITE: Final = Prepared(
    lambda connection: upsert(connection, _TABLE, keys=["contact_id"], updated=_COLUMNS[1:]).values(_VALUES)
)
_RESTORE: Final = Prepared(lambda connection: upsert(connection, _TABLE, keys=["contact_id"]).values(_VALUES))


def _write(connection: Connection, particulars: Sequence[Particulars]) -> None:
    _WRITE.run_all(connection, _rows(particulars))


def _restore(connection: Connection, particulars: Sequence[Particulars]) -> None:
    """A row that stands is newer, or was emptied when its customer was erased."""
    _RESTORE.run_all(connection, _rows(particulars))


def _rows(particulars: Iterable[Particulars]) -> list[dict[str, str]]:
    return [{name: storable(getattr(one, name)) for name in _COLUMNS} for one in particulars]


def _read(connection: Connection, *, contact_ids: Sequence[ContactId]) -> dict[ContactId, Particulars]:
    rows = connection.execute(
        sa.select(*(_TABLE.c[name] for name in _COLUMNS)).where(_TABLE.c.contact_id.in_(contact_ids))
    )
    return {ContactId(row.contact_id): particulars_of(row) for row in rows}


def particulars_of(row: sa.Row[tuple[str, ...]]) -> Particulars:
    """The record of a row that has all its columns."""
    fields = {name: getattr(row, name) for name in _COLUMNS}
    return Particulars(
        **fields
        | {
            "contact_id": ContactId(row.contact_id),
            "project_id": ProjectId(row.project_id),
            "medium": Medium(row.medium),
        }
    )
