"""A relay on loopback, as a tunnel between two hosts is one, that keeps what its clients send."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Relay:
    """One port led to another. `sent` is all that clients sent, connection by connection."""

    def __init__(self) -> None:
        self.sent: list[bytearray] = []

    def marks(self) -> list[int]:
        """How much has been sent so far."""
        return [len(sent) for sent in self.sent]

    def requests_since(self, marks: list[int]) -> int:
        """Requests sent since: REST requests over the WebSocket, HTTP requests, and AMI actions."""
        rest = [sent[mark:] for sent, mark in zip(self.sent, [*marks, *[0] * len(self.sent)], strict=False)]
        return sum(_text_frames(part) + part.count(b"Action:") + part.count(b"HTTP/1.1\r\n") for part in rest)


def _text_frames(data: bytearray) -> int:
    """WebSocket frames of text (RFC 6455, section 5.2) at the beginning of which the data begins."""
    count = place = 0
    while place + 2 <= len(data) and data[place] in (0x81, 0x88, 0x89, 0x8A):
        length, skip = data[place + 1] & 0x7F, 6
        if length == 126:
            length, skip = int.from_bytes(data[place + 2 : place + 4]), 8
        elif length == 127:
            length, skip = int.from_bytes(data[place + 2 : place + 10]), 14
        count += data[place] == 0x81
        place += skip + length
    return count


@contextlib.asynccontextmanager
async def relayed(port: int, *, to: int) -> AsyncIterator[Relay]:
    """Lead connections to this port to the other one, until the end of the block."""
    relay = Relay()
    tasks: set[asyncio.Task[None]] = set()

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent = bytearray()
        relay.sent.append(sent)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", to)
        except OSError:
            writer.close()
            return
        for each in (_pass(reader, far_writer, sent), _pass(far_reader, writer, None)):
            task = asyncio.create_task(each)
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(lead, "127.0.0.1", port)
    try:
        yield relay
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray | None) -> None:
    try:
        while data := await reader.read(65_536):
            if kept is not None:
                kept += data
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # an end like any other
    finally:
        writer.close()
