"""The file of a sealed recording: AES-256-GCM in chunks, so that any part can be opened alone.

    magic (8 bytes) · length of the content (8 bytes, little-endian) · chunks

A chunk is up to 64 KiB of content and its tag of 16 bytes. Every file has a key of its own, so the chunk's number can
be its nonce (NIST SP 800-38D, 8.2.1). The recording's id, the length and the chunk's number are authenticated with it:
a chunk that was changed, moved, left out or taken from another file does not open. Here: that format. Not here: keys
(`cti.recordings.keys`) and what is inside (`cti.recordings.sound`). Everything blocks on the disk.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cti.errors import OutsideError

CHUNK: Final = 65_536
_MAGIC: Final = b"TRIUNER1"
_TAG: Final = 16
_HEAD: Final = 16


class Damaged(OutsideError):
    """The file is not what was sealed, or not with this key."""

    def __init__(self, sentence: str = "The recording is damaged: restore its file from a backup.") -> None:
        super().__init__(sentence, transient=False)


def seal(target: Path, content: Iterable[bytes], *, length: int, key: bytes, recording_id: str) -> None:
    """Write the content, `length` bytes in pieces of any size, into a new file of mode 600; durable on return.

    Raises OSError, and ValueError when it is of another length.
    """
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_head(length))
        written = 0
        for number, chunk in enumerate(_chunks(content)):
            written += len(chunk)
            file.write(AESGCM(key).encrypt(_nonce(number), chunk, _bound(recording_id, length, number)))
        if written != length:
            raise ValueError(f"{written} bytes instead of {length}")
        file.flush()
        os.fsync(file.fileno())


class Sealed:
    """A sealed file, to be read from; `with`. Raises Damaged, OSError."""

    def __init__(self, path: Path, *, key: bytes, recording_id: str) -> None:
        self._cipher = AESGCM(key)
        self._recording_id = recording_id
        self._file = path.open("rb")
        head = self._file.read(_HEAD)
        if len(head) != _HEAD or not head.startswith(_MAGIC):
            self._file.close()
            raise Damaged
        self.length = int.from_bytes(head[len(_MAGIC) :], "little")
        """Of the content, in bytes."""

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The content from byte `start` up to, not with, `stop`; only the chunks that hold it are opened."""
        stop = self.length if stop is None else min(stop, self.length)
        for number in range(start // CHUNK, -(-stop // CHUNK)):
            begin = number * CHUNK
            chunk = self._chunk(number)
            yield chunk[max(0, start - begin) : stop - begin]

    def _chunk(self, number: int) -> bytes:
        size = min(CHUNK, self.length - number * CHUNK)
        self._file.seek(_HEAD + number * (CHUNK + _TAG))
        sealed = self._file.read(size + _TAG)
        try:
            return self._cipher.decrypt(_nonce(number), sealed, _bound(self._recording_id, self.length, number))
        except (InvalidTag, ValueError) as error:
            raise Damaged from error

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def __enter__(self) -> "Sealed":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _head(length: int) -> bytes:
    return _MAGIC + length.to_bytes(8, "little")


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _bound(recording_id: str, length: int, number: int) -> bytes:
    return _head(length) + number.to_bytes(8, "little") + recording_id.encode()


def _chunks(content: Iterable[bytes]) -> Iterator[bytes]:
    """The content in pieces of `CHUNK` bytes; the last may be shorter."""
    held = bytearray()
    for piece in content:
        held += piece
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    if held:
        yield bytes(held)
