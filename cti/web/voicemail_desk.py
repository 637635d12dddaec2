"""What the routes of voice messages stand on: which sound belongs to a contact."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cti import voicemail
from cti.domain.ids import ContactId
from cti.ports.media import Direction, Message, Messages


class Sound(Protocol):
    """An open message."""

    @property
    def length(self) -> int:
        """In bytes, of the WAV file."""

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to, not with, `stop`. Blocks; raises OutsideError."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Unsealed:
    """A message as it was recorded, in the moment before it is put away."""

    content: bytes

    @property
    def length(self) -> int:
        """See `Sound`."""
        return len(self.content)

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """See `Sound`."""
        yield self.content[start:stop]

    def close(self) -> None:
        """See `Sound`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailDesk:
    """Given to the routes by `cti.wiring`."""

    messages: Messages
    folder: Path
    """Where the dialplan records."""
    unseal: Callable[[Path], Sound]
    """Blocks; raises OutsideError."""

    async def left(self, contact_id: ContactId) -> Message | None:
        """The message that the contact is about; None when there is none. Raises DatabaseDown."""
        said = await self.messages.of_contact(contact_id)
        spoken = (one for one in said if one.direction is Direction.IN and one.key.startswith(voicemail.KEY))
        return next((one for one in spoken if one.contact_id == contact_id), None)

    def open(self, message: Message) -> Sound | None:
        """Its sound; None once it was deleted. Blocks; raises OutsideError."""
        if not message.text:
            return None
        path = voicemail.file_of(message.key, self.folder)
        try:
            return Unsealed((self.folder / f"{path.stem}.wav").read_bytes())
        except OSError:
            return self.unseal(path) if path.is_file() else None
