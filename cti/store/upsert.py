"""The one statement that SQLite and PostgreSQL spell alike but SQLAlchemy offers per dialect: insert or update."""

import importlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import FromClause
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import Insert


def upsert(connection: Connection, table: FromClause, *, keys: Sequence[str], updated: Sequence[str] = ()) -> Insert:
    """An insert that, where a row with these keys stands, writes `updated` into it; or leaves it as it is."""
    make: Any = importlib.import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert
    statement = make(table)
    made: Insert = (
        statement.on_conflict_do_update(index_elements=keys, set_={name: statement.excluded[name] for name in updated})
        if updated
        else statement.on_conflict_do_nothing(index_elements=keys)
    )
    return made
