"""A file where rows wait while the database is away, so that they outlive the process: a line of JSON for each row.

It is there only meanwhile, for its owner alone, since it holds what the database would: numbers, names, notes. A last
line that was cut short is none: nobody was told that it was kept. Called by `cti.store.behind`.
"""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final, Generic, Protocol, TypeVar

import msgspec

from cti.store.text import storable


class Row(Protocol):
    """A dataclass of strings, numbers and enumerations."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[object]]]


T = TypeVar("T", bound=Row)

_ENCODER: Final = msgspec.json.Encoder()


class RowSpool(Generic[T]):
    """Rows of one kind, by one writer. All blocks."""

    def __init__(self, path: Path, kind: type[T]) -> None:
        """`path` is the file's; it and its folder are made when they are first needed."""
        self._path = path
        self._decoder = msgspec.json.Decoder(kind)

    def found(self) -> list[T]:
        """What was left here, in order; a line that cannot be read is passed over. Raises OSError."""
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        return [row for line in lines for row in self._decoded(line)]

    def _decoded(self, line: bytes) -> list[T]:
        try:
            return [self._decoder.decode(line)]
        except msgspec.DecodeError:
            return []

    def put(self, rows: Sequence[T]) -> None:
        """Have the rows on disk, behind the others. Raises OSError; then some of them may be there."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(b"\n" + b"\n".join(map(_encoded, rows)))  # in front: behind a line that was cut short
            file.flush()
            os.fsync(descriptor)

    def remove(self) -> None:
        """All of them are in the database. Raises OSError."""
        self._path.unlink(missing_ok=True)


def _encoded(row: Row) -> bytes:
    fields = {name: getattr(row, name) for name in row.__dataclass_fields__}
    return _ENCODER.encode(
        {name: storable(field) if isinstance(field, str) else field for name, field in fields.items()}
    )
