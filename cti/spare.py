"""What an engine is until it leads: a spare, put together whole, that folds what the leader writes.

Theory of operation. Every engine asks for the lead; the first one has it at once, and one that comes while another
leads waits here. It commands nothing and writes nothing: it reads the journal every `READ_EVERY_S`, so that only the
rest is to be folded when the leader dies, and answers `ping` on a socket in the home, so that its supervisor knows that
it lives. What was put together counts for the centre file that it was made of: a spare whose centre file changed says
so (`Outdated`) and ends, to be started anew.

Called by `cti.app`. Who leads is `ports.Leadership`'s affair; that there is a spare, the supervisor's.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from cti.engine.recovery import Chronicle, Follower
from cti.errors import ConfigError, OutsideError
from cti.home import Home
from cti.ports import Epoch, Leadership
from cti.supervise.health import FOLLOWS, PREPARES

log = logging.getLogger(__name__)

READ_EVERY_S: Final = 0.25
_AT_ONCE_S: Final = 0.2
"""Who does not lead by then waits for another's death."""


class Outdated(Exception):
    """The centre file changed while this engine waited."""


class MadeOf:
    """The centre file that an engine was put together with."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._found = self._look()

    def check(self) -> None:
        """Raises Outdated when another one is in force."""
        if self._look() != self._found:
            raise Outdated

    def _look(self) -> tuple[str, int, int] | None:
        try:
            path = self._home.centre_in_force
            found = path.stat()
        except (ConfigError, OSError):
            return None
        return str(path), found.st_mtime_ns, found.st_size


async def until_leading(
    leadership: Leadership, follower: Follower, chronicle: Chronicle, *, made_of: MadeOf, socket: Path | None
) -> Epoch:
    """Wait for the lead, and have `follower` fold meanwhile. Raises Outdated, OutsideError; may be cancelled.

    Pings are answered at `socket` meanwhile; None: nobody asks.
    """
    gaining = asyncio.ensure_future(leadership.gained())
    try:
        await asyncio.wait((gaining,), timeout=_AT_ONCE_S)
        if not gaining.done():
            log.info("another engine leads; this one is its spare", extra={"action": "spare_waits"})
            await _wait(gaining, follower, chronicle, made_of=made_of, socket=socket)
        made_of.check()
        return gaining.result()
    finally:
        gaining.cancel()


async def _wait(
    gaining: "asyncio.Future[Epoch]", follower: Follower, chronicle: Chronicle, *, made_of: MadeOf, socket: Path | None
) -> None:
    caught_up = asyncio.Event()
    async with contextlib.nullcontext() if socket is None else _answering(socket, caught_up):
        following = asyncio.create_task(_follow(follower, chronicle, made_of, caught_up))
        try:
            await asyncio.wait((gaining, following), return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                following.result()
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def _follow(follower: Follower, chronicle: Chronicle, made_of: MadeOf, caught_up: asyncio.Event) -> None:
    """Read what is written, for ever. Raises Outdated."""
    trouble = ""
    while True:
        made_of.check()
        try:
            await follower.read(chronicle)
            trouble = ""
            if not caught_up.is_set():
                log.info("the spare follows", extra={"action": "spare_follows", "number": follower.number})
            caught_up.set()
        except OutsideError as error:
            if str(error) != trouble:  # said once
                trouble = str(error)
                log.warning("%s", error, extra={"action": "spare_cannot_read"})
        await asyncio.sleep(READ_EVERY_S)


@contextlib.asynccontextmanager
async def _answering(socket: Path, caught_up: asyncio.Event) -> AsyncIterator[None]:
    """Answer each line on this socket. It is gone before the lead is taken: the next spare makes its own."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError):
            if await reader.readline():
                writer.write(FOLLOWS if caught_up.is_set() else PREPARES)
                await writer.drain()
        writer.close()

    socket.parent.mkdir(mode=0o700, exist_ok=True)
    _remove(socket)
    server = await asyncio.start_unix_server(answer, socket)
    try:
        yield
    finally:
        server.close()
        _remove(socket)


def _remove(socket: Path) -> None:
    socket.unlink(missing_ok=True)
