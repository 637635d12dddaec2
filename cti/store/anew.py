"""Rows that the first fact about something writes whole, so that a journal projected again gives the same.

Used by the projection's modules; rows of which only some columns change are theirs alone.
"""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.store.prepared import Prepared
from cti.store.upsert import upsert


class RowsAnew:
    """The rows of one table, each found by its `key`."""

    def __init__(self, table: sa.Table, key: str) -> None:
        self._columns = tuple(column.key for column in table.c)
        others = [name for name in self._columns if name != key]
        self._write = Prepared(lambda connection: upsert(connection, table, keys=[key], updated=others))

    def write(self, connection: Connection, given: Mapping[str, object]) -> None:
        """The row with this key has these columns from now on, and nothing in the others."""
        self._write.run(connection, {**dict.fromkeys(self._columns), **given})
