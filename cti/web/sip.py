"""`/sip`: the browser softphone's signalling, carried to Asterisk's own WebSocket, which listens on loopback only.

So an agent on another computer needs one address and one certificate for pages, events and SIP. Only for those who are
signed in, as long as they are; what is said is passed on unread and never logged. SIP over WebSocket is RFC 7118, one
message a frame.
"""

import asyncio
import contextlib
import logging
from typing import Final

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from cti.errors import OutsideError
from cti.web.guard import Parts, identify
from cti.web.page import SIGNED_OUT, SLOW, Closing, Line

log = logging.getLogger(__name__)

CONNECT_S: Final = 3.0
CLOSE_S: Final = 1.0
MESSAGE_LIMIT: Final = 64 * 1024
SUBPROTOCOL: Final = "sip"

router = APIRouter()


@router.websocket("/sip")
async def carry(websocket: WebSocket) -> None:
    """Carry both ways until either side closes; 1013 when Asterisk does not answer: JsSIP tries again by itself."""
    target: str | None = websocket.app.state.sip_target
    await websocket.accept(SUBPROTOCOL if SUBPROTOCOL in websocket.scope["subprotocols"] else None)
    parts: Parts = websocket.app.state.parts
    found = identify(websocket)
    if found is None or target is None:
        await websocket.close(SIGNED_OUT, "sign in first")
        return
    line = Line(found[0], session=found[1])
    closing = Closing(SLOW, "try again later")
    try:
        parts.presence.carry(line)
        closing = await _carried(websocket, target, line) or closing
    except OutsideError:
        log.info("a softphone's line was turned away", extra={"action": "softphone_refused"})
    finally:
        parts.presence.drop(line)
    with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        await asyncio.wait_for(websocket.close(closing.code, closing.reason), CLOSE_S)


async def _carried(websocket: WebSocket, target: str, line: Line) -> Closing | None:
    """Carry to the end; why the web ended it, or None when another did."""
    try:
        async with connect(
            target,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            open_timeout=CONNECT_S,
            max_size=MESSAGE_LIMIT,
            compression=None,
            ping_interval=None,
            proxy=None,
        ) as asterisk:
            return await _both_ways(websocket, asterisk, line)
    except (OSError, TimeoutError, WebSocketException) as error:
        log.info("no softphone line: %s", type(error).__name__, extra={"action": "softphone_unreached"})
        return None


async def _both_ways(browser: WebSocket, asterisk: ClientConnection, line: Line) -> Closing | None:
    """Whoever ends first, either side or the web, ends all. A slow reader holds the other side back."""
    closing = asyncio.create_task(line.closed())
    tasks: set[asyncio.Task[Closing] | asyncio.Task[None]] = {
        closing,
        asyncio.create_task(_to_asterisk(browser, asterisk)),
        asyncio.create_task(_to_browser(browser, asterisk)),
    }
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return None if closing.cancelled() else closing.result()


async def _to_asterisk(browser: WebSocket, asterisk: ClientConnection) -> None:
    while (message := await browser.receive())["type"] == "websocket.receive":
        text = message.get("text")
        await asterisk.send(text if text is not None else message["bytes"])


async def _to_browser(browser: WebSocket, asterisk: ClientConnection) -> None:
    async for message in asterisk:
        if isinstance(message, str):
            await browser.send_text(message)
        else:
            await browser.send_bytes(message)
