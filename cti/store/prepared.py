"""Statements that are run for every call: compiled once per dialect, then given to the driver as text.

SQLAlchemy's own execution works out its cache key, its parameters and its result anew each time, which costs several
times what SQLite needs for the statement itself. So what is written several times a contact goes this way; everything
else does not. To PostgreSQL a statement is a way there and back: those of one batch go out together (`together`).
Used by `cti.store`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Self

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement

_CURSOR: Final = "triune_cursor"


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
        cursor = connection.info.get(_CURSOR) or _cursor(connection)
        try:
            cursor.execute(text, values if order is None else tuple([values[name] for name in order]))
        except connection.dialect.loaded_dbapi.Error as error:
            raise _told(connection, error, text) from error

    def run_all(self, connection: Connection, given: Iterable[Mapping[str, object]]) -> None:
        """As `run` for each of them, in order, in one call of the driver."""
        text, order, constants = self._compiled.get(connection.dialect.name) or self._compile(connection)
        rows = [{**constants, **one} for one in given]
        cursor = connection.info.get(_CURSOR) or _cursor(connection)
        try:
            cursor.executemany(text, rows if order is None else [tuple([row[name] for name in order]) for row in rows])
        except connection.dialect.loaded_dbapi.Error as error:
            raise _told(connection, error, text) from error

    def _compile(self, connection: Connection) -> tuple[str, tuple[str, ...] | None, Mapping[str, object]]:
        compiled: Any = self._make(connection).compile(dialect=connection.dialect)
        constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        order = tuple(compiled.positiontup) if compiled.positional else None
        self._compiled[connection.dialect.name] = made = (str(compiled), order, constants)
        return made


def _cursor(connection: Connection) -> Any:
    """One for as long as the connection to the database lives: to make one costs more than to use it."""
    made = connection.info[_CURSOR] = connection.connection.cursor()
    return made


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """What is run inside is sent without waiting for each answer, where the driver can; SQLite has no way to go.

    An error may be raised by a later statement than the one it is about, or at the end.
    """
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "postgresql":
        yield
        return
    try:
        with driver.pipeline():
            yield
    except connection.dialect.loaded_dbapi.Error as error:
        raise _told(connection, error, None) from error


def _told(connection: Connection, error: Exception, text: str | None) -> Exception:
    """The driver's error as SQLAlchemy tells of it, who would have wrapped it on its own way."""
    lost = connection.dialect.is_disconnect(error, connection.connection, None)  # type: ignore[arg-type]  # a driver's own
    if lost:
        connection.invalidate(error)
    told: Exception = DBAPIError.instance(
        text,
        None,
        error,
        connection.dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=connection.dialect,
    )
    return told
