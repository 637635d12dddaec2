"""Statements that are run for every call: compiled once per dialect, then given to the driver as text.

SQLAlchemy's own execution works out its cache key, its parameters and its result anew each time, which costs several
times what SQLite needs for the statement itself. So what the history writes several times a call goes this way;
everything else does not. Used by `cti.store`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from sqlalchemy.engine import Connection
from sqlalchemy.sql import ClauseElement


class Prepared:
    """One statement without a result. Its parameters are plain values: no type of SQLAlchemy's converts them."""

    def __init__(self, make: Callable[[Connection], ClauseElement]) -> None:
        """`make` gives the statement as the connection's dialect has it; an insert without values has every column."""
        self._make: Final = make
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None, Mapping[str, object]]] = {}

    @classmethod
    def of(cls, statement: ClauseElement) -> Self:
        """One that every dialect spells by itself."""
        return cls(lambda _: statement)

    def run(self, connection: Connection, given: Mapping[str, object]) -> None:
        """Execute with these parameters, all of them. Raises SQLAlchemy's errors, and KeyError for one left out."""
        text, order, constants = self._compiled.get(connection.dialect.name) or self._compile(connection)
        values = {**constants, **given}
        connection.exec_driver_sql(text, values if order is None else tuple([values[name] for name in order]))

    def _compile(self, connection: Connection) -> tuple[str, tuple[str, ...] | None, Mapping[str, object]]:
        compiled: Any = self._make(connection).compile(dialect=connection.dialect)
        constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        order = tuple(compiled.positiontup) if compiled.positional else None
        self._compiled[connection.dialect.name] = made = (str(compiled), order, constants)
        return made
