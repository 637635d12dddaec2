"""Sealing: what the switch has written becomes a WAV file, its checksum, and a sealed file. And opening it again.

`seal` is a process's work: `cti.recordings.sealer` has it done in one of its own. Everything blocks.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from cti.home import Home
from cti.ports.recordings import Kept
from cti.recordings import keys, sound, vault
from cti.recordings.spool import Spool

_PIECE: Final = 1 << 18
"""Bytes read at once; a multiple of a written frame."""


class Result(Struct, frozen=True, kw_only=True):
    """What was sealed. `size` 0: the switch has written nothing, and there is no file."""

    size: int
    """Bytes of the WAV file."""
    length_ms: int = 0
    sha256: str = ""
    key_id: str = ""
    wrapped_key: str = ""


def seal(home: Path, *, written: Path, target: Path, recording_id: str) -> Result:
    """Seal what the switch has written into a new file `target`. Raises OSError, OutsideError, ConfigError."""
    frames = written.stat().st_size // sound.WRITTEN_FRAME
    if frames == 0:
        return Result(size=0)
    ring = keys.Keyring(Home.open(home).secrets.recording_keys)
    key = keys.new_key()
    wrapped = ring.wrap(key, recording_id)
    data = frames * sound.SIDES
    found = hashlib.sha256()

    def content() -> Iterator[bytes]:
        for piece in _wav(written, frames=frames):
            found.update(piece)
            yield piece

    size = sound.HEAD_BYTES + data
    vault.seal(target, content(), length=size, key=key, recording_id=recording_id)
    return Result(
        size=size,
        length_ms=sound.length_ms(data),
        sha256=found.hexdigest(),
        key_id=wrapped.key_id,
        wrapped_key=wrapped.text,
    )


def _wav(written: Path, *, frames: int) -> Iterator[bytes]:
    left = frames * sound.WRITTEN_FRAME
    yield sound.head(frames * sound.SIDES)
    with written.open("rb") as file:
        while left:
            piece = file.read(min(_PIECE, left))
            left -= len(piece)
            yield sound.encoded(piece)


def unsealed(home: Path, kept: Kept) -> vault.Sealed:
    """The file of a recording, to be read from. Raises vault.Damaged, OutsideError when a key is missing."""
    found = Home.open(home)
    ring = keys.Keyring(found.secrets.recording_keys)
    key = ring.unwrap(keys.Wrapped(key_id=kept.key_id, text=kept.wrapped_key), kept.recording_id)
    try:
        return vault.Sealed(
            Spool(found).place(kept.recording_id, kept.began_ms), key=key, recording_id=kept.recording_id
        )
    except OSError as error:
        raise vault.Damaged("The recording's file is gone: restore it from a backup.") from error


def is_whole(home: Path, kept: Kept) -> bool:
    """Whether the file opens, and has the checksum that it was sealed with. Raises OutsideError for a missing key."""
    found = hashlib.sha256()
    try:
        with unsealed(home, kept) as file:
            for piece in file.read():
                found.update(piece)
    except (vault.Damaged, OSError):
        return False
    return found.hexdigest() == kept.sha256
