"""Snapshots of the engine's state, each a file beside the journal: `<number of its last entry>.state`.

A file of its own, since writing megabytes into the journal would hold up its flushes. Each is written beside, synced
and renamed, and begins with a digest of the rest: one that is torn or rotten counts as absent, and the journal is
folded from the one before. What the bytes mean is the engine's affair. Called by `cti.store.journal`, off the loop.
"""

import hashlib
import os
from pathlib import Path
from typing import Final

from cti.errors import OutsideError

_KEPT: Final = 2
_DIGEST_BYTES: Final = 32


def save(folder: Path, number: int, state: bytes) -> None:
    """Write the snapshot and drop all but the newest two. Blocks. Raises OutsideError, and then nothing has changed."""
    beside = folder / f"{number}.new"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(hashlib.sha256(state).digest())
            file.write(state)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(folder / f"{number}.state")
        _sync(folder)
        for old in _numbers(folder)[_KEPT:]:
            (folder / f"{old}.state").unlink(missing_ok=True)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise OutsideError(f"The snapshot of the state cannot be written to {folder}: {error}.") from error


def latest(folder: Path, *, until: int) -> tuple[int, bytes] | None:
    """The newest whole snapshot whose number is at most `until`. Blocks."""
    for number in _numbers(folder):
        content = (folder / f"{number}.state").read_bytes()
        digest, state = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if number <= until and hashlib.sha256(state).digest() == digest:
            return number, state
    return None


def _numbers(folder: Path) -> list[int]:
    """Numbers of all snapshots, the newest first."""
    return sorted((int(file.stem) for file in folder.glob("*.state") if file.stem.isdecimal()), reverse=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
