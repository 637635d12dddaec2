"""What every request passes first: its size, its origin, and the headers of every answer. Plain ASGI, no framework.

A browser sends `Origin` with every unsafe request and every WebSocket, and a page cannot forge it: a foreign one is
refused before anything is read. Together with the cookie's SameSite=Strict that is the protection against forged
requests. A program sends no Origin and no cookie but a bearer token.
"""

import json
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cti.web import words

BODY_LIMIT: Final = 256 * 1024
FILE_LIMIT: Final = 18_200_000
"""For a file put to a mail: a little more than the route takes, which says no in words."""
OPEN: Final = ("/chat/v1/", "/widget.js")
"""What customers' pages reach; whose may is looked at there (`cti.web.chat_visitors`)."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def policy(*, softphone_ws_url: str) -> str:
    """The Content-Security-Policy: our own files only, and the softphone's WebSocket."""
    parts = urlsplit(softphone_ws_url)
    softphone = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"media-src 'self' blob:; connect-src 'self'{softphone}; worker-src 'self'; manifest-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


class Edge:
    """The outermost layer."""

    def __init__(self, app: ASGIApp, *, softphone_ws_url: str, origins: Collection[str] = ()) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._headers = {
            "Content-Security-Policy": policy(softphone_ws_url=softphone_ws_url),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        unsafe = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if unsafe and not scope["path"].startswith(OPEN) and self._is_foreign(headers):
            await self._refuse(scope, receive, send, status=403, code="foreign_origin")
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        elif _declared_length(headers) > _limit(scope):
            await self._refuse(scope, receive, send, status=413, code="too_large")
        else:
            await self._pass(scope, receive, send)

    def _is_foreign(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        return origin not in self._origins and urlsplit(origin).netloc != headers.get("host")

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        read, limit = 0, _limit(scope)

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            # A body that does not say its length is cut off: what was read so far is no JSON and is refused as such.
            return {"type": "http.request", "body": b"", "more_body": False} if read > limit else message

        await self._app(scope, bounded, self._dressed(scope, send))

    def _dressed(self, scope: Scope, send: Send) -> Send:
        private, open_ = scope["path"].startswith("/api/"), scope["path"].startswith(OPEN)

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)  # a route may have one of its own, such as who may frame it
                if open_:
                    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
                if private:
                    headers["Cache-Control"] = "no-store"
            await send(message)

        return dressed

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, *, status: int, code: str) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": code})
            return
        language = words.language_of(Headers(scope=scope).get("accept-language", ""))
        body = json.dumps({"code": code, "sentence": words.problem(code, language)}, ensure_ascii=False).encode()
        dressed = self._dressed(scope, send)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await dressed({"type": "http.response.start", "status": status, "headers": headers})
        await dressed({"type": "http.response.body", "body": body})


def _limit(scope: Scope) -> int:
    """Bytes that the body may have."""
    path: str = scope["path"]
    is_file = path.startswith("/api/v1/assignments/") and path.endswith("/answer/files")
    is_file = is_file or (path.startswith("/api/v1/campaigns/") and path.endswith("/lists"))
    return FILE_LIMIT if is_file and scope["method"] == "POST" else BODY_LIMIT


def _declared_length(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() else 0
