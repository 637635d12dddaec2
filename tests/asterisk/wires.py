"""An Asterisk's two sockets, played by the test: what it hears, when it answers, and what it says of itself.

For what a real Asterisk does only by bad luck: an answer that comes late, in pieces, or never. Loopback only.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from tests.running import PATIENCE_S

Reply = tuple[int, object]


def _nothing_special(_: str) -> Reply | None:
    return (HTTPStatus.OK, {})


@dataclass(slots=True, kw_only=True)
class Ari:
    """ARI's WebSocket. `answer` gets "METHOD uri" and gives the answer; None keeps it until `release`."""

    answer: Callable[[str], Reply | None] = _nothing_special
    first_piece_read: asyncio.Event | None = None
    """With it the answer to the handshake leaves in two pieces: the second when the reader has said so of the first."""
    refuses: bool = False
    drops_after: int | None = None
    """Connections end after so many answers."""
    heard: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    connections: int = 0
    asked_for: list[str] = field(default_factory=list)
    """The address of each connection."""
    drop: Callable[[], None] = lambda: None
    """End the connection that stands now, without a word."""
    _kept: list[tuple[str, str]] = field(default_factory=list)
    _send: Callable[[object], None] = lambda _: None

    def say(self, event: object) -> None:
        """An event on the connection that stands now."""
        self._send(event)

    def release(self, what: str, status: int, body: object) -> None:
        """Answer the oldest kept request of this kind."""
        index = next(index for index, (kept, _) in enumerate(self._kept) if kept == what)
        _, request_id = self._kept.pop(index)
        self._reply(request_id, status, body)

    async def until(self, what: str) -> None:
        """Wait until "METHOD uri" was heard."""
        async with asyncio.timeout(PATIENCE_S):
            while what not in self.heard:
                self.news.clear()
                await self.news.wait()

    def _reply(self, request_id: str, status: int, body: object) -> None:
        self._send(
            {
                "type": "RESTResponse",
                "request_id": request_id,
                "status_code": status,
                "message_body": body if isinstance(body, str) else json.dumps(body),
            }
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        socket = ServerProtocol()

        def send(message: object) -> None:
            socket.send_text(json.dumps(message).encode())
            for data in socket.data_to_send():
                writer.write(data)

        self._send = send
        self.drop = writer.transport.abort
        answered = 0
        try:
            while socket.state is not State.CLOSED and (data := await reader.read(65_536)):
                socket.receive_data(data)
                for event in socket.events_received():
                    if isinstance(event, Request):
                        self.asked_for.append(event.path)
                        await self._shake_hands(socket, event, writer)
                    elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                        self._take(bytes(event.data))
                        answered += 1
                        if answered == self.drops_after:
                            return
                for out in socket.data_to_send():
                    writer.write(out)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _shake_hands(self, socket: ServerProtocol, request: Request, writer: asyncio.StreamWriter) -> None:
        response = socket.reject(HTTPStatus.UNAUTHORIZED, "no") if self.refuses else socket.accept(request)
        socket.send_response(response)
        whole = b"".join(socket.data_to_send())
        if self.first_piece_read is not None:
            writer.write(whole[:40])
            await self.first_piece_read.wait()
            whole = whole[40:]
        writer.write(whole)

    def _take(self, text: bytes) -> None:
        request = json.loads(text)
        what = f"{request['method']} {request['uri'].partition('?')[0]}"
        self.heard.append(what)
        self.news.set()
        reply = self.answer(what)
        if reply is None:
            self._kept.append((what, request["request_id"]))
        else:
            self._reply(request["request_id"], *reply)


@dataclass(slots=True, kw_only=True)
class Ami:
    """AMI. `answer` gets the action and gives the rest of its answer; None never answers."""

    answer: Callable[[dict[str, str]], str | None] = lambda _: "Response: Success\r\nMessage: done"
    heard: list[dict[str, str]] = field(default_factory=list)
    port: int = 0
    drop: Callable[[], None] = lambda: None
    """End the connection that stands now, without a word."""

    def named(self, name: str) -> list[dict[str, str]]:
        return [action for action in self.heard if action["Action"] == name]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.drop = writer.transport.abort
        writer.write(b"Asterisk Call Manager/9.0.0\r\n")
        try:
            while text := await reader.readuntil(b"\r\n\r\n"):
                lines = text.decode().strip().split("\r\n")
                action = dict(line.split(": ", 1) for line in lines)
                self.heard.append(action)
                login = action["Action"] == "Login"
                answer = "Response: Success\r\nMessage: Authentication accepted" if login else self.answer(action)
                if answer is not None:
                    writer.write(f"ActionID: {action['ActionID']}\r\n{answer}\r\n\r\n".encode())
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def played(wire: Ari | Ami) -> AsyncIterator[None]:
    """Listen, and end every connection at the end."""
    tasks: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(wire.serve(reader, writer))
        tasks.add(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
