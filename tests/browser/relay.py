"""The network between a page and its centre, which can be cut: an HTTP proxy for one browser profile.

Pages, events and the softphone's signalling go through it; sound goes its own way, over UDP.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

_HEAD_LIMIT: Final = 64 * 1024


class Relay:
    """One proxy. `cut` ends all that goes through it and refuses what comes, until `mend`."""

    def __init__(self) -> None:
        self.cuts = 0
        self._open = True
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        self.cuts += 1
        self._open = False
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        self._open = True

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if self._open:
                await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            writer.transport.abort()

    async def close(self) -> None:
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line, _, headers = head.partition(b"\r\n")
        method, target, version = line.decode().split(" ")
        at = urlsplit(f"//{target}" if method == "CONNECT" else target)
        onward_reader, onward = await asyncio.open_connection(at.hostname, at.port or 80, limit=_HEAD_LIMIT)
        self._writers.add(onward)
        try:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                path = f"{at.path or '/'}{'?' if at.query else ''}{at.query}"
                kept = [each for each in headers.split(b"\r\n") if not each.lower().startswith(_OF_PROXY)]
                onward.write(f"{method} {path} {version}\r\nConnection: close\r\n".encode() + b"\r\n".join(kept))
            ways = {asyncio.create_task(_pipe(reader, onward)), asyncio.create_task(_pipe(onward_reader, writer))}
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            self._writers.discard(onward)
            onward.close()
            with contextlib.suppress(OSError):
                await writer.drain()


_OF_PROXY: Final = (b"connection:", b"proxy-connection:")


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


@asynccontextmanager
async def relay() -> AsyncIterator[tuple[Relay, str]]:
    """A relay and the proxy's address."""
    made = Relay()
    server = await asyncio.start_server(made.take, "127.0.0.1", 0, limit=_HEAD_LIMIT)
    port = server.sockets[0].getsockname()[1]
    try:
        yield made, f"http://127.0.0.1:{port}"
    finally:
        server.close()
        await made.close()
