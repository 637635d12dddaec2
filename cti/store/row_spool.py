"""Files where rows wait while the database is away, so that they outlive the process: a line of JSON for each row.

Each process has a file of its own, for its owner alone, since it holds what the database would: numbers, names, notes.
It is there only meanwhile; what a process before has left is read by the next, and goes when it is written. A last line
that was cut short is none: nobody was told that it was kept. Called by `cti.store.behind`.
"""

import contextlib
import dataclasses
import fcntl
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final, Generic, Protocol, TypeVar

import msgspec

from cti.store.text import storable

log = logging.getLogger(__name__)


class Row(Protocol):
    """A dataclass of strings, numbers and enumerations."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[object]]]


T = TypeVar("T", bound=Row)

_ENCODER: Final = msgspec.json.Encoder()
_END: Final = ".jsonl"
_VOID: Final = "void-"


class RowSpool(Generic[T]):
    """Rows of one kind, by one thread at a time. All blocks."""

    def __init__(self, folder: Path, name: str, kind: type[T]) -> None:
        """`folder` is made when it is first needed, and in it `NAME-….jsonl`."""
        self._folder = folder
        self._name = name
        self._path = folder / f"{name}-{time.time_ns()}-{os.getpid()}{_END}"
        self._file: int | None = None
        """Locked for as long as it is open: so others see whose process lives."""
        self._decoder = msgspec.json.Decoder(kind)
        self._left: list[Path] = []
        self.passed_over = False
        """Was there a file, when `left` looked, of another process that lived still?"""

    # -- of processes before -------------------------------------------------------------------------------------------

    def left(self) -> list[T]:
        """What processes that are no more have left here, in order. Raises OSError.

        A file with lines that this version cannot read is put aside as `void-…`, and what it can read is told.
        """
        rows: list[T] = []
        self._left, self.passed_over = [], False
        for path in sorted(self._folder.glob(f"{self._name}-*{_END}")):
            with path.open("rb") as file:
                if _is_locked(file.fileno()):
                    self.passed_over |= path != self._path
                else:
                    rows += self._read(path, file.read())
        return rows

    def _read(self, path: Path, content: bytes) -> list[T]:
        lines = content.splitlines(keepends=True)
        rows = [self._decoded(line) for line in lines]
        void = sum(row is None and line.endswith(b"\n") for line, row in zip(lines, rows, strict=True))
        if void:
            aside = path.with_name(f"{_VOID}{path.name}")
            path.rename(aside)
            log.error("%d rows cannot be read: %s", void, aside, extra={"action": "row_spool_void"})
        else:
            self._left.append(path)
        return [row for row in rows if row is not None]

    def _decoded(self, line: bytes) -> T | None:
        try:
            return self._decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def remove_left(self) -> None:
        """All that was `left` is in the database. Raises OSError."""
        for path in self._left:
            path.unlink(missing_ok=True)
        if self._left:
            self._left = []
            self._settle_folder()

    # -- of this one ---------------------------------------------------------------------------------------------------

    @property
    def is_there(self) -> bool:
        """Has this process a file?"""
        return self._file is not None

    def put(self, rows: Sequence[T]) -> None:
        """Have the rows on disk, behind the others. Raises OSError; then none of them is there."""
        if self._file is None:
            self._file = self._opened()
        _append(self._file, b"".join(_encoded(row) + b"\n" for row in rows))

    def _opened(self) -> int:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._settle_folder()
        except OSError:
            os.close(file)
            raise
        return file

    def remove(self) -> None:
        """All that this process has put there is in the database. Raises OSError."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            file, self._file = self._file, None
            os.close(file)
            self._settle_folder()

    def _settle_folder(self) -> None:
        """A file that was made, or removed, stays so when the power goes."""
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _is_locked(file: int) -> bool:
    """Whether the process that writes it lives."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _append(file: int, content: bytes) -> None:
    before = os.fstat(file).st_size
    rest = memoryview(content)
    try:
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(file, before)
        raise


def _encoded(row: Row) -> bytes:
    fields = {name: getattr(row, name) for name in row.__dataclass_fields__}
    return _ENCODER.encode(
        {name: storable(value) if isinstance(value, str) else value for name, value in fields.items()}
    )
