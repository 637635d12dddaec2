"""Messages that callers left: what there is of one, and its sound.

Whoever has the contact in his hands, or had it, may hear it, and so may a supervisor of its project.
"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse

from cti import voicemail
from cti.domain.ids import ContactId
from cti.ports import Person
from cti.ports.media import Message as Said
from cti.web import contact_routes
from cti.web.guard import Anyone, AnyParts, Parts
from cti.web.problems import Refusal, responses
from cti.web.record import Message
from cti.web.voicemail_desk import VoicemailDesk

router = APIRouter(prefix="/api/v1", tags=["voicemail"], responses=responses(401, 404))

Contacted = Annotated[str, Path(max_length=60, pattern=r"^c[0-9]+(-[0-9]+)?$")]


class VoicemailView(Message):
    """A message that a caller left."""

    received_ms: int
    seconds: float | None
    """None: its sound was deleted, since its days were over or its caller was erased."""


@router.get("/contacts/{contact_id}/voicemail")
async def about(contact_id: Contacted, person: Anyone, parts: AnyParts) -> VoicemailView:
    """When the message was left, and how long it is."""
    desk, message = await _message(ContactId(contact_id), person, parts)
    file = await asyncio.to_thread(desk.file, message)
    seconds = round(await asyncio.to_thread(voicemail.recorded_s, file), 1) if file is not None else None
    return VoicemailView(received_ms=message.at_ms, seconds=seconds)


@router.get("/contacts/{contact_id}/voicemail/sound", response_class=FileResponse)
async def sound(contact_id: Contacted, person: Anyone, parts: AnyParts) -> FileResponse:
    """The message as a WAV file, whole or by ranges of bytes (RFC 9110, 14). 404 once it was deleted."""
    desk, message = await _message(ContactId(contact_id), person, parts)
    file = await asyncio.to_thread(desk.file, message)
    if file is None:
        raise Refusal(404, "voicemail_gone")
    return FileResponse(file, media_type="audio/wav", headers={"Cache-Control": "private, no-store"})


async def _message(contact_id: ContactId, person: Person, parts: Parts) -> tuple[VoicemailDesk, Said]:
    """The message, if he may hear it."""
    desk = parts.voicemail
    if desk is None or not await contact_routes.may_read(contact_id, person, parts):
        raise Refusal(404, "not_found")
    message = await desk.left(contact_id)
    if message is None:
        raise Refusal(404, "not_found")
    return desk, message
