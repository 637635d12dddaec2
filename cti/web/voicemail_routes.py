"""Messages that callers left: what there is of one, and its sound.

Whoever has the contact in his hands, or had it, may hear it, and so may a supervisor of its project.
"""

import asyncio
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from cti import voicemail
from cti.domain.ids import ContactId
from cti.ports import Person
from cti.ports.media import Message as Said
from cti.web import contact_routes
from cti.web.guard import Anyone, AnyParts, Parts
from cti.web.problems import Refusal, responses
from cti.web.record import Message
from cti.web.recording_routes import part_of
from cti.web.voicemail_desk import Sound, VoicemailDesk

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
    found = await asyncio.to_thread(desk.open, message)
    if found is None:
        return VoicemailView(received_ms=message.at_ms, seconds=None)
    found.close()
    return VoicemailView(received_ms=message.at_ms, seconds=round(voicemail.sealed_s(found.length), 1))


@router.get("/contacts/{contact_id}/voicemail/sound", response_class=Response)
async def sound(contact_id: Contacted, request: Request, person: Anyone, parts: AnyParts) -> Response:
    """The message as a WAV file, whole or by ranges of bytes (RFC 9110, 14). 404 once it was deleted."""
    desk, message = await _message(ContactId(contact_id), person, parts)
    found = await asyncio.to_thread(desk.open, message)
    if found is None:
        raise Refusal(404, "voicemail_gone")
    span = part_of(request.headers.get("range", ""), found.length)
    if span is None:
        found.close()
        return Response(status_code=416, headers={"Content-Range": f"bytes */{found.length}"})
    start, stop = span
    is_whole = (start, stop) == (0, found.length)
    headers = {"Accept-Ranges": "bytes", "Content-Length": str(stop - start), "Cache-Control": "private, no-store"}
    if not is_whole:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{found.length}"
    return StreamingResponse(
        _pieces(found, start, stop), status_code=200 if is_whole else 206, headers=headers, media_type="audio/wav"
    )


def _pieces(found: Sound, start: int, stop: int) -> Iterator[bytes]:
    try:
        yield from found.read(start, stop)
    finally:
        found.close()


async def _message(contact_id: ContactId, person: Person, parts: Parts) -> tuple[VoicemailDesk, Said]:
    """The message, if he may hear it."""
    desk = parts.voicemail
    if desk is None or not await contact_routes.may_read(contact_id, person, parts):
        raise Refusal(404, "not_found")
    message = await desk.left(contact_id)
    if message is None:
        raise Refusal(404, "not_found")
    return desk, message
