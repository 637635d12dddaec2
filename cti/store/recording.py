"""A journal written whole by one who makes up a day: the engine's own format, without its writer thread.

In large transactions and not durable until `close`: nothing but time is lost when it is written anew. Called by
`cti.simulate` and by tests. What an entry looks like is `cti.store.codec`; the file's tables are `cti.store.journal`'s.
"""

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cti.errors import OutsideError
from cti.ports import Entry
from cti.store import codec
from cti.store.journal import INSERT, OWN, SCHEMA

_BATCH: Final = 5_000


class Recording:
    """A new journal's file, open for writing. Blocks. Raises OutsideError when it is there or cannot be made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[codec.Row] = []
        if path.exists():
            raise OutsideError(f"{path} is there already: name a new file, or delete it first.", transient=False)
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA synchronous = OFF")
            self._connection.executescript(SCHEMA)
            self._connection.execute(OWN, (0,)).fetchall()
        except sqlite3.Error as error:
            raise OutsideError(f"The journal {path} cannot be made: {error}.") from error

    def append(self, entry: Entry) -> None:
        """Write the entry, sooner or later. Raises OutsideError."""
        self._rows.append(codec.encode(entry))
        if len(self._rows) >= _BATCH:
            self._flush()

    def close(self) -> None:
        """Write what is left and have the file as the engine's own would be. Raises OutsideError."""
        self._flush()
        try:
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.Error as error:
            raise OutsideError(f"The journal {self._path} cannot be written: {error}.") from error
        finally:
            self._connection.close()

    def _flush(self) -> None:
        rows, self._rows = self._rows, []
        try:
            self._connection.execute("BEGIN")
            self._connection.executemany(INSERT, rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise OutsideError(f"The journal {self._path} cannot be written: {error}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
