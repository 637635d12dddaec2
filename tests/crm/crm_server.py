"""A CRM on a real port that behaves as a test wants: well, slowly, not at all, or badly."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class Mood(Enum):
    WELL = auto()
    SILENT = auto()
    DEAD = auto()
    REDIRECTING = auto()
    HUGE = auto()
    ENDLESS = auto()
    MALFORMED = auto()
    NESTED = auto()
    HTML = auto()
    PACKED = auto()
    FAILING = auto()
    BUSY = auto()
    REFUSING = auto()
    NOT_HTTP = auto()
    OTHER_SHAPE = auto()


JSON = "application/json"
_PLAIN: dict[Mood, tuple[int, bytes, str, str]] = {
    Mood.REDIRECTING: (302, b"", JSON, "Location: http://169.254.169.254/latest/meta-data\r\n"),
    Mood.HUGE: (200, b'{"name": "' + b"x" * 1_000_000 + b'"}', JSON, ""),
    Mood.MALFORMED: (200, b'{"name": "An', JSON, ""),
    Mood.NESTED: (200, b"[" * 100_000, JSON, ""),
    Mood.HTML: (200, b"<html>Sign in</html>", "text/html", ""),
    Mood.PACKED: (200, b"\x1f\x8b", JSON, "Content-Encoding: gzip\r\n"),
    Mood.FAILING: (500, b"{}", JSON, ""),
    Mood.BUSY: (429, b"{}", JSON, "Retry-After: 60\r\n"),
    Mood.REFUSING: (400, b"{}", JSON, ""),
    Mood.OTHER_SHAPE: (200, b'{"name": {"first": 3}, "total": [1]}', JSON, ""),
}
"""Moods in which each request gets the same."""


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query, strict_parsing=False)


@dataclass
class FakeCrm:
    """What it knows, how it feels, what it was asked."""

    people: dict[str, Any] = field(default_factory=dict)
    """By number."""
    mood: Mood = Mood.WELL
    key: str | None = None
    """The Authorization that it wants."""
    token_life_s: int = 3600
    tokens: int = 0
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while self.mood is not Mood.DEAD:
                request = await _read(reader)
                self.requests.append(request)
                if not await self._answer(request, writer):
                    break
        writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        if (answer := _PLAIN.get(self.mood)) is not None:
            return await _send(writer, *answer)
        match self.mood:
            case Mood.SILENT:
                await self.released.wait()
            case Mood.NOT_HTTP:
                writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
            case Mood.ENDLESS:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
                while not self.released.is_set():
                    writer.write(b" " * 65_536)
                    await writer.drain()
            case Mood.WELL:
                return await self._well(request, writer)
        return False

    async def _well(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        if request.path == "/token":
            self.tokens += 1
            self.key = f"Bearer token-{self.tokens}"
            answer = {"access_token": f"token-{self.tokens}", "expires_in": self.token_life_s, "token_type": "Bearer"}
            return await _send(writer, 200, json.dumps(answer).encode())
        if self.key is not None and request.headers.get("authorization") != self.key:
            return await _send(writer, 401, b"{}")
        asked = request.query.get("phone", [""])[0] or json.loads(request.body or b"{}").get("phone", "")
        found = self.people.get(unquote(asked))
        if found is None:
            return await _send(writer, 404, b"{}")
        return await _send(writer, 200, json.dumps(found).encode())


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in head[1:] if line}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method=method, path=path, headers=headers, body=body)


async def _send(
    writer: asyncio.StreamWriter, status: int, body: bytes, kind: str = "application/json", more: str = ""
) -> bool:
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nContent-Type: {kind}\r\n{more}\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    return True


@contextlib.asynccontextmanager
async def fake_crm() -> AsyncIterator[FakeCrm]:
    """One, on a free port of loopback."""
    crm = FakeCrm()
    server = await asyncio.start_server(crm.serve, "127.0.0.1", 0)
    crm.port = server.sockets[0].getsockname()[1]
    try:
        yield crm
    finally:
        crm.released.set()
        server.close()
