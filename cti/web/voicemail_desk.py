"""What the routes of voice messages stand on: which file belongs to a contact."""

from dataclasses import dataclass
from pathlib import Path

from cti import voicemail
from cti.domain.ids import ContactId
from cti.ports.media import Direction, Message, Messages


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailDesk:
    """Given to the routes by `cti.app`."""

    messages: Messages
    folder: Path
    """Where the dialplan records."""

    async def left(self, contact_id: ContactId) -> Message | None:
        """The message that the contact is about; None when there is none. Raises DatabaseDown."""
        said = await self.messages.of_contact(contact_id)
        spoken = (one for one in said if one.direction is Direction.IN and one.key.startswith(voicemail.KEY))
        return next((one for one in spoken if one.contact_id == contact_id), None)

    def file(self, message: Message) -> Path | None:
        """Its sound; None once it was deleted. While it is being taken in, it stands where it was recorded."""
        kept = voicemail.file_of(message.key, self.folder)
        places = (kept, self.folder / kept.name)
        return next((path for path in places if message.text and path.is_file()), None)
