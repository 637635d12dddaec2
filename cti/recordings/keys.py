"""Keys of recordings: one for each file, wrapped with a key of the home.

The home's keys stand in `secrets.json`, the last of them wraps what is recorded from now on. A file's own key stands,
wrapped, in the database beside the recording: forgetting it erases the recording wherever copies of the file are, and
a new key of the home needs no file to be written anew.
"""

import base64
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cti.errors import OutsideError
from cti.home import RecordingKey

_NONCE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """A file's key as it is kept."""

    key_id: str
    """Of the home's key."""
    text: str


class Keyring:
    """The home's keys for recordings."""

    def __init__(self, keys: Sequence[RecordingKey]) -> None:
        self._keys = {one.id: base64.b64decode(one.key) for one in keys}
        self._newest = keys[-1].id if keys else ""

    @property
    def newest(self) -> str:
        """Id of the key that wraps from now on; "" when the home has none."""
        return self._newest

    def wrap(self, key: bytes, recording_id: str) -> Wrapped:
        """Wrap a file's key with the newest. Raises OutsideError when the home has none."""
        nonce = os.urandom(_NONCE)
        sealed = AESGCM(self._master(self._newest)).encrypt(nonce, key, recording_id.encode())
        return Wrapped(key_id=self._newest, text=base64.b64encode(nonce + sealed).decode())

    def unwrap(self, wrapped: Wrapped, recording_id: str) -> bytes:
        """The file's key. Raises OutsideError when the home has not that key any more, or it does not fit."""
        try:
            data = base64.b64decode(wrapped.text)
            return AESGCM(self._master(wrapped.key_id)).decrypt(data[:_NONCE], data[_NONCE:], recording_id.encode())
        except (InvalidTag, ValueError) as error:
            raise OutsideError(
                "The recording's key does not open: secrets.json is not the one it was recorded with.", transient=False
            ) from error

    def _master(self, key_id: str) -> bytes:
        try:
            return self._keys[key_id]
        except KeyError:
            raise OutsideError(
                f"The key {key_id!r} of recordings is not in secrets.json: restore it from a backup.", transient=False
            ) from None


def new_key() -> bytes:
    """A fresh key for a file."""
    return secrets.token_bytes(32)
