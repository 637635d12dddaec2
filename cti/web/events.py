"""The WebSocket `/api/v1/events`: one page's live connection, from its snapshot to its end.

Three tasks for a page: one reads what it says, one sends what the hub puts into its outbox, one waits for the hub to
want it closed. Whichever ends first ends the page.
"""

import asyncio
import contextlib
import logging
from typing import assert_never

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import TypeAdapter, ValidationError

from cti.domain.ids import ContactId
from cti.errors import OutsideError
from cti.ports.chat import Side
from cti.web import acts, chat_routes
from cti.web.chat_messages import ChatTypes, ChatWatch
from cti.web.guard import Parts, identify
from cti.web.messages import Said, Shown
from cti.web.page import SIGNED_OUT, SLOW, Closing, Page

log = logging.getLogger(__name__)

CLOSE_S = 1.0
"""How long the closing handshake may take."""
_SAID = TypeAdapter[Shown | ChatTypes | ChatWatch](Said)

router = APIRouter(prefix="/api/v1")


@router.websocket("/events")
async def events(websocket: WebSocket) -> None:
    """Snapshot, then deltas; see `cti.web.messages`. Close codes: 4401 sign in again, 1013 and 1012 connect again."""
    parts: Parts = websocket.app.state.parts
    found = identify(websocket)
    await websocket.accept()
    if found is None:
        await websocket.close(SIGNED_OUT, "sign in first")
        return
    page = Page(found[0], session=found[1])
    try:
        snapshot = parts.hub.join(page).model_dump_json()
        closing = await _serve(websocket, page, snapshot, parts)
    except OutsideError:
        closing = Closing(SLOW, "try again later")
    finally:
        parts.presence.leave(page)
    if closing is not None:
        with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
            await asyncio.wait_for(websocket.close(closing.code, closing.reason), CLOSE_S)


async def _serve(websocket: WebSocket, page: Page, snapshot: str, parts: Parts) -> Closing | None:
    """Run the page to its end; how to close it, or None when it is gone already."""
    reading = asyncio.create_task(_read(websocket, page, parts))
    sending = asyncio.create_task(_write(websocket, page, snapshot))
    closing = asyncio.create_task(page.closed())
    tasks = {reading, sending, closing}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for result in ended:
        if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect | RuntimeError):
            log.error("a page broke", exc_info=result, extra={"action": "page_broke"})
    return closing.result() if not closing.cancelled() and closing.exception() is None else None


async def _write(websocket: WebSocket, page: Page, snapshot: str) -> None:
    await websocket.send_text(snapshot)
    await page.pump(websocket.send_text)


async def _read(websocket: WebSocket, page: Page, parts: Parts) -> None:
    """Take what the page says; anything but what is its own to say is passed over."""
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return
        try:
            said = _SAID.validate_json(message.get("text") or message.get("bytes") or b"")
        except ValidationError:
            log.debug("a page said what is not understood", extra={"action": "page_message_ignored"})
            continue
        _heard(said, page, parts)


def _heard(said: Shown | ChatTypes | ChatWatch, page: Page, parts: Parts) -> None:
    match said:
        case Shown():
            assignment = acts.own(said.assignment_id, page.person, parts)
            if assignment is not None:
                parts.hub.confirm(assignment)
        case ChatTypes():
            if chat_routes.holds(ContactId(said.contact_id), page.person, parts) is not None:
                parts.chats.types(ContactId(said.contact_id), Side.AGENT)
        case ChatWatch():
            wanted = ContactId(said.contact_id or "")
            page.watching = wanted if parts.chat_desk.may_watch(page.person, wanted) else None
        case _:
            assert_never(said)
