"""What an engine that waits for the lead, or for PostgreSQL, answers on the web's port: 503, so that a load balancer
sends nobody there.

A server of a few lines and not the app: nothing of it may run before this process leads. Made by `cti.seat` on the
socket that the web will have.
"""

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

LIMIT_S: Final = 2.0
"""How long a request may take to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How it stands with an engine that does not lead."""

    epoch: int
    """Of the reign that it waits behind; 0 when none was seen yet."""
    leader: str
    """Where that one answers."""
    number: int
    """Of the last entry of the journal that it has folded."""
    ok: bool = True
    standby: bool = True
    """Another leads; False: it leads in a moment, or has not found out yet."""
    leads: bool = False
    awaits_database: bool = False
    """It can go no further, neither as a standby nor as the leader, until the database is back."""


@contextlib.asynccontextmanager
async def answering(
    listener: socket.socket, *, waiting: Callable[[], Waiting], cert: Path | None, key: Path | None
) -> AsyncIterator[None]:
    """Answer each request with 503 and how it stands, until the end of the block; it listens on, and nobody accepts."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            async with asyncio.timeout(LIMIT_S):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(_refusal(waiting()))
                await writer.drain()
        writer.close()

    context = None
    if cert is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
    server = await asyncio.start_server(answer, sock=listener.dup(), ssl=context)
    try:
        yield
    finally:
        server.close()


def _refusal(standing: Waiting) -> bytes:
    code, detail = "standby", "This engine is the standby: another one leads."
    if standing.awaits_database:
        code, detail = "database", "This engine waits for PostgreSQL, and starts as soon as that answers."
    elif not standing.standby:
        code, detail = "starting", "This engine starts: come back in a moment."
    body = json.dumps({"code": code, "detail": detail, **asdict(standing)}).encode()
    head = (
        f"HTTP/1.1 503 {code.title()}\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
        f"Cache-Control: no-store\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
