"""Lines on their way into Asterisk's `queue_log`: bounded, behind every decision, over an AMI connection of their own.

Theory of operation. `put` costs an append; a task sends what has gathered, many lines in one write, and counts the
answers without reading them: a line costs the engine a few microseconds. Asterisk stamps a line when it writes it, so
one that could not be written within `LATE_S` is left out, as are the oldest beyond `LIMIT`; both are counted. A portion
that was not answered is written again, perhaps twice. What had not been written when the engine died is lost; the
journal has it all.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from cti.asterisk.backoff import Backoff
from cti.asterisk.queue_log import Line
from cti.errors import AsteriskDown, AsteriskSilent, OutsideError

log = logging.getLogger(__name__)

LIMIT: Final = 20_000
LATE_S: Final = 60.0
GATHER_S: Final = 0.1
_AT_ONCE: Final = 200
_DEADLINE_S: Final = 5.0
_ANSWER: Final = b"Response: "
_REFUSAL: Final = b"Response: Error"


class QueueLogWriter:
    """One node's. `run` is its task."""

    def __init__(
        self, *, host: str, port: int, username: str, password: str, may_send: Callable[[], bool] = lambda: True
    ) -> None:
        """`may_send` is asked before every write: while it says no nothing leaves."""
        self._may_send = may_send
        self._host, self._port = host, port
        self._login = (
            f"Action: Login\r\nActionID: login\r\nUsername: {username}\r\nSecret: {password}\r\nEvents: off\r\n\r\n"
        )
        self._waiting: deque[tuple[float, Line]] = deque()
        self._there = asyncio.Event()
        self._done = asyncio.Event()
        self._done.set()
        self._sent: list[tuple[float, Line]] = []
        """Written, not answered yet."""
        self.written = 0
        self.lost = 0
        """Lines that came too many or too late, or were refused."""

    @property
    def backlog(self) -> int:
        """Lines that wait."""
        return len(self._waiting) + len(self._sent)

    def put(self, line: Line) -> None:
        """Have it written soon. On the loop; never waits."""
        if len(self._waiting) >= LIMIT:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append((asyncio.get_running_loop().time(), line))
        self._there.set()
        self._done.clear()

    async def run(self) -> None:
        """Write for ever, over one connection after another; returns only by being cancelled."""
        backoff = Backoff()
        while True:
            begun = asyncio.get_running_loop().time()
            try:
                await self._serve_one()
            except (OSError, OutsideError, EOFError, TimeoutError) as error:
                log.warning("queue_log cannot be written: %s", error, extra={"action": "queue_log_unreachable"})
            backoff.stood(asyncio.get_running_loop().time() - begun)
            await asyncio.sleep(backoff.wait_s())

    async def written_out(self, *, within_s: float) -> bool:
        """Whether all that waits has been written in time; for an orderly end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._done.wait()
        return not self.backlog

    async def _serve_one(self) -> None:
        self._check()
        async with asyncio.timeout(_DEADLINE_S):
            reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            async with asyncio.timeout(_DEADLINE_S):
                await reader.readline()  # the greeting
                writer.write(self._login.encode())
                if _REFUSAL in await reader.readuntil(b"\r\n\r\n"):
                    raise AsteriskDown("Name or password are wrong.")
            while True:
                await self._there.wait()
                await asyncio.sleep(GATHER_S)
                await self._send(reader, writer)
        finally:
            writer.close()

    async def _send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while self.backlog:
            self._check()
            self._take()
            try:
                async with asyncio.timeout(_DEADLINE_S):
                    writer.write("".join(_action(line) for _, line in self._sent).encode())
                    await writer.drain()
                    refused = await _answers(reader, len(self._sent))
            except TimeoutError as error:
                raise AsteriskSilent("Asterisk did not answer QueueLog.") from error
            self.written += len(self._sent) - refused
            self.lost += refused
            self._sent.clear()
        self._there.clear()
        self._done.set()

    def _check(self) -> None:
        if not self._may_send():
            raise AsteriskDown("This engine is not known to lead now: it sends nothing.")

    def _take(self) -> None:
        """The next portion: what was not answered before goes first; what is too late is left out."""
        late = asyncio.get_running_loop().time() - LATE_S
        while self._waiting and len(self._sent) < _AT_ONCE:
            self._sent.append(self._waiting.popleft())
        in_time = [(at, line) for at, line in self._sent if at >= late]
        self.lost += len(self._sent) - len(in_time)
        self._sent[:] = in_time


async def _answers(reader: asyncio.StreamReader, wanted: int) -> int:
    """Read until so many answers have come; how many were refusals."""
    seen = refused = 0
    rest = b""
    while seen < wanted:
        data = await reader.read(65_536)
        if not data:
            raise AsteriskDown("Asterisk closed the AMI connection.")
        whole, mark, rest = (rest + data).rpartition(b"\r\n\r\n")
        if mark:
            seen += whole.count(_ANSWER)
            refused += whole.count(_REFUSAL)
    return refused


def _action(line: Line) -> str:
    return (
        f"Action: QueueLog\r\nActionID: log\r\nQueue: {_plain(line.queue)}\r\nUniqueid: {_plain(line.call)}\r\n"
        f"Interface: {_plain(line.agent)}\r\nEvent: {line.event}\r\n"
        f"Message: {'|'.join(map(_field, line.data))}\r\n\r\n"
    )


def _plain(text: str) -> str:
    """No text can end its header, nor begin another action."""
    return text.replace("\r", " ").replace("\n", " ")


def _field(text: str) -> str:
    return _plain(text).replace("|", " ")
