"""The one statement that SQLite and PostgreSQL spell alike but SQLAlchemy offers per dialect: insert or update."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import Insert


def upsert(
    connection: Connection,
    table: FromClause,
    *,
    keys: Sequence[str],
    updated: Sequence[str] = (),
    where: Callable[[Any], ColumnElement[bool]] | None = None,
) -> Insert:
    """An insert that, where a row with these keys stands, writes `updated` into it; or leaves it as it is.

    `where`: only into a row of which this holds, given the columns of the new one.
    """
    make: Any = importlib.import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert
    statement = make(table)
    made: Insert = (
        statement.on_conflict_do_update(
            index_elements=keys,
            set_={name: statement.excluded[name] for name in updated},
            where=where(statement.excluded) if where is not None else None,
        )
        if updated
        else statement.on_conflict_do_nothing(index_elements=keys)
    )
    return made
