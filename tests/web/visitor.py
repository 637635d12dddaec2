"""A visitor's page without a browser: what it says over `/chat/v1/{key}`, and what it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect

from tests.running import PATIENCE_S

_AGAIN_S = 1.0


class Visitor:
    """One page, open; `lines` is the transcript as it knows it, by id."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.welcome: dict[str, Any] = {}
        self.lines: dict[int, dict[str, Any]] = {}
        self.standing: dict[str, Any] = {}

    async def hello(self, token: str | None = None, *, language: str = "en") -> Self:
        await self.say_raw({"type": "hello", "token": token, "language": language})
        self.welcome = await self.next("welcome")
        return self

    @property
    def token(self) -> str:
        return str(self.welcome["token"])

    @property
    def texts(self) -> list[str]:
        """What was said, notes left out, in order."""
        return [line["text"] for _, line in sorted(self.lines.items()) if line["side"] != "note"]

    async def say(self, text: str, *, client_id: str = "m1", **more: str) -> dict[str, Any]:
        """Say it and wait until it is kept; the line. Said again, as by the page, when the centre asks for it."""
        await self.say_raw({"type": "say", "client_id": client_id, "text": text, **more})
        while True:
            message = await self.next("line", "refused")
            if message["type"] == "refused" and message["client_id"] == client_id:
                assert message["again"], message
                await asyncio.sleep(_AGAIN_S)
                await self.say_raw({"type": "say", "client_id": client_id, "text": text, **more})
            elif message["type"] == "line" and message["line"]["client_id"] == client_id:
                line: dict[str, Any] = message["line"]
                return line

    async def hear(self, text: str) -> dict[str, Any]:
        """Wait for this text of somebody's."""
        while True:
            line: dict[str, Any] = (await self.next("line"))["line"]
            if line["text"] == text:
                return line

    async def stands(self, phase: str, **fields: object) -> dict[str, Any]:
        """Wait until the chat stands so."""
        while True:
            if self.standing.get("phase") == phase and fields.items() <= self.standing.items():
                return self.standing
            await self.next("standing")

    async def say_raw(self, message: object) -> None:
        await self.socket.send(message if isinstance(message, str) else json.dumps(message))

    async def next(self, *kinds: str) -> dict[str, Any]:
        """The next message of these types; others are folded and passed over."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                self._fold(message)
                if message["type"] in kinds:
                    return message

    def _fold(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "welcome":
                self.standing = message["standing"]
                self.lines = {line["id"]: line for line in message["lines"]}
            case "line":
                self.lines[message["line"]["id"]] = message["line"]
            case "standing":
                self.standing = message["standing"]


@asynccontextmanager
async def visiting(
    base: str, token: str | None = None, *, site: str = "shop", origin: str | None = "own", **headers: str
) -> AsyncIterator[Visitor]:
    """A page on the centre's own address, or on another origin, that has said hello."""
    async with page_at(base, site=site, origin=origin, **headers) as page:
        yield await page.hello(token)


@asynccontextmanager
async def page_at(
    base: str, *, site: str = "shop", origin: str | None = "own", **headers: str
) -> AsyncIterator[Visitor]:
    """A page that has said nothing yet. Raises InvalidStatus when it may not chat."""
    url = f"{base.replace('http', 'ws', 1)}/chat/v1/{site}"
    sent = headers if origin is None else {"Origin": base if origin == "own" else origin, **headers}
    async with connect(url, additional_headers=sent, max_size=None) as socket:
        yield Visitor(socket)
