"""Whether a part answers: one question each, with a deadline.

Here: the questions. Not here: what follows from silence (`cti.supervise.supervisor`).
"""

import asyncio
import base64
import ssl
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Final, TypeAlias

Probe: TypeAlias = Callable[[], Awaitable[bool]]
"""Asks once; False or OSError means no good answer. It sets itself no deadline: the caller does."""

OK: Final = b"200"
FOLLOWS: Final = b"follows\n"
"""What a spare engine answers that knows all that its leader has written."""
PREPARES: Final = b"prepares\n"
"""What it answers before."""


def http(
    host: str,
    port: int,
    path: str,
    *,
    user: str = "",
    password: str = "",
    tls: bool = False,
    statuses: tuple[bytes, ...] = (OK,),
) -> Probe:
    """GET `path` answers with one of these statuses, such as `503 Standby`.

    The certificate is not looked at: it is our own process on this machine.
    """
    lines = [f"GET {path} HTTP/1.0", f"Host: {host}:{port}", "Connection: close"]
    if user:
        lines.append("Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())
    request = "\r\n".join([*lines, "", ""]).encode()
    context = None
    if tls:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE

    async def ask() -> bool:
        status = (await _exchange(host, port, request, context)).partition(b" ")[2].strip()
        return status.startswith(statuses)

    return ask


def line(host: str, port: int, question: bytes, answer: bytes) -> Probe:
    """A line is answered by a line, as the IVR answers `ping` with `pong` on its AGI port."""

    async def ask() -> bool:
        return await _exchange(host, port, question, None) == answer

    return ask


def local(socket: Path, question: bytes, answers: Collection[bytes]) -> Probe:
    """A line on a Unix socket is answered by one of these lines."""

    async def ask() -> bool:
        reader, writer = await asyncio.open_unix_connection(socket)
        return await _answer(reader, writer, question) in answers

    return ask


def both(first: Probe, second: Probe) -> Probe:
    """Both answer."""

    async def ask() -> bool:
        return await first() and await second()

    return ask


async def _exchange(host: str, port: int, request: bytes, context: ssl.SSLContext | None) -> bytes:
    """Send `request`, return the first line of the answer, empty when there was none."""
    return await _answer(*await asyncio.open_connection(host, port, ssl=context), request)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    try:
        writer.write(request)
        await writer.drain()
        return await reader.readline()
    finally:
        writer.close()
