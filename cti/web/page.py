"""One open page: its outbox and its numbering; and the line of a softphone, which has neither.

Messages leave in the order they were put in, numbered from 1 without holes. A page that has not drained `LIMIT` of them
is closed, never sent less: it connects again and begins with a snapshot. Used by `cti.web.hub`, `cti.web.events` and
`cti.web.sip`; which of them are open is known to `cti.web.presence`.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from cti.domain.ids import Milliseconds
from cti.ports import Person
from cti.web.sessions import Session

LIMIT: Final = 1_000
SLOW: Final = 1013
"""Close code `Try Again Later` (IANA WebSocket registry): the page did not drain its messages."""
CHANGED: Final = 1012
"""Close code `Service Restart`: connect again, something has changed."""
SIGNED_OUT: Final = 4401
"""Close code: nobody is signed in on this page any more."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Why the server closes the page."""

    code: int
    reason: str


class Line:
    """A softphone's WebSocket to the switch."""

    def __init__(self, person: Person, *, session: Session) -> None:
        self.person = person
        self.session = session
        self._closing: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()

    def close(self, code: int, reason: str) -> None:
        """Have it closed. Twice is once."""
        if not self._closing.done():
            self._closing.set_result(Closing(code, reason))

    async def closed(self) -> Closing:
        """Return when the server wants it closed."""
        return await asyncio.shield(self._closing)


class Page:
    """What waits to be sent to one WebSocket. All calls on the loop."""

    def __init__(self, person: Person, *, session: Session) -> None:
        self.person = person
        self.session = session
        self.numbered = 0
        self.watching: str | None = None
        """The contact whose chat it shows though it is in nobody's hands here."""
        self._outbox: deque[str] = deque()
        self._filled = asyncio.Event()
        self._closing: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()

    def put(self, change: str, now: Milliseconds) -> None:
        """Queue one change, encoded already; a page that is being closed takes nothing more."""
        if self._closing.done():
            return
        if len(self._outbox) >= LIMIT:
            self.close(SLOW, "too slow")
            return
        self.numbered += 1
        self._outbox.append(f'{{"type":"delta","n":{self.numbered},"now_ms":{now},"change":{change}}}')
        self._filled.set()

    def close(self, code: int, reason: str) -> None:
        """Have the page closed; what it has not got it will not get. Twice is once."""
        if not self._closing.done():
            self._outbox.clear()
            self._closing.set_result(Closing(code, reason))

    async def pump(self, send: Callable[[str], Awaitable[None]]) -> None:
        """Send whatever comes, for ever; raises what `send` raises."""
        while True:
            while self._outbox:
                await send(self._outbox.popleft())
            self._filled.clear()
            await self._filled.wait()

    async def closed(self) -> Closing:
        """Return when the server wants the page closed."""
        return await asyncio.shield(self._closing)
