"""Voice messages at rest: sealed files, whose keys follow from one secret of the home and the message's name.

The format is that of recordings (`cti.recordings.vault`), the secret `voicemail` among the home's own, made when it is
first needed. Given to `cti.media.voicemail` and to the web by `cti.wiring`. Everything here blocks on the disk.
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cti.errors import OutsideError
from cti.home import Home
from cti.recordings import vault

SECRET: Final = "voicemail"  # noqa: S105 - a secret's name
_BYTES: Final = 32
_PIECE: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Cabinet:
    """Seals messages, and opens them again."""

    secret: bytes

    @classmethod
    def of(cls, home: Home) -> "Cabinet":
        """The home's; its secret is made if there is none. Raises ConfigError when it is damaged."""
        if not home.secret_file(SECRET).exists():
            home.keep_secret(SECRET, base64.b64encode(secrets.token_bytes(_BYTES)).decode())
        return cls(secret=base64.b64decode(home.secret(SECRET)))

    def put(self, source: Path, target: Path) -> None:
        """Seal the source as `target`, whole or not at all, with the source's age, and remove the source.

        Done already, it only sees to it that the source is gone. Raises OSError.
        """
        if source.exists() and not target.exists():
            target.parent.mkdir(mode=0o700, exist_ok=True)
            found = source.stat()
            temporary = target.with_name(f".{target.name}.{os.getpid()}")
            temporary.unlink(missing_ok=True)
            name = target.stem
            vault.seal(temporary, _pieces(source), length=found.st_size, key=self._key(name), recording_id=name)
            os.utime(temporary, (found.st_mtime, found.st_mtime))
            temporary.replace(target)
        source.unlink(missing_ok=True)

    def open(self, path: Path) -> vault.Sealed:
        """A sealed message, to be read from. Raises OutsideError: it was changed, or the secret is another."""
        try:
            return vault.Sealed(path, key=self._key(path.stem), recording_id=path.stem)
        except OSError as error:
            raise OutsideError(f"A message cannot be read: {error.strerror}.", transient=False) from error

    def _key(self, name: str) -> bytes:
        return hmac.digest(self.secret, name.encode(), hashlib.sha256)


def _pieces(source: Path) -> Iterator[bytes]:
    with source.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
