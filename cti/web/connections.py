"""One TCP connection of the web: uvicorn's own protocols with the deadlines and bounds that a public face needs.

Nobody may hold a descriptor for nothing: the engine needs some to reach the switch again and to open its journal.
Used by `cti.web.server` only.
"""

import asyncio
import ipaddress
import logging
import resource
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

log = logging.getLogger(__name__)

REQUEST_S: Final = 10.0
"""How long a request, or the first byte of one, may take to come whole; its body is small (`cti.web.edge`)."""
LINGER_S: Final = 2.0
"""How long a closed WebSocket may take to send what is left."""
PER_ADDRESS: Final = 1_000
"""Most connections from one address: an office behind one router, its pages, softphones and programs. A proxy on this
machine is not counted so."""
RESERVED: Final = 200
"""Descriptors that the web leaves to the rest of the process."""


def most_connections() -> int:
    """How many the web may have open at once, by the process's limit of descriptors."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(RESERVED, soft - RESERVED) if soft != resource.RLIM_INFINITY else 1 << 20


def raise_descriptor_limit() -> None:
    """As many descriptors as the system lets this process have; the usual 1024 are few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class HttpConnection(HttpToolsProtocol):
    """Cut off when a request does not come whole in time, or when its address has too many connections."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        if self._is_surplus():
            log.warning("too many connections", extra={"action": "connection_refused"})
            transport.abort()
        else:
            self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._came()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.parser.should_upgrade():
            self._came()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._came()

    def _expect(self) -> None:
        self._came()
        self._deadline = self.loop.call_later(REQUEST_S, self.transport.abort)

    def _came(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _is_surplus(self) -> bool:
        if len(self.connections) > most_connections():
            return True
        host = _host(self)
        return not is_this_machine(host) and sum(_host(one) == host for one in self.connections) > PER_ADDRESS


class WebSocketConnection(WebSocketsSansIOProtocol):
    """A peer that takes nothing any more does not keep the connection open."""

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._abort_later()

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self._abort_later()

    def _abort_later(self) -> None:
        self.loop.call_later(LINGER_S, self.transport.abort)


def _host(connection: object) -> str:
    client: tuple[str, int] | None = getattr(connection, "client", None)
    return client[0] if client else ""


def is_this_machine(host: str) -> bool:
    """Whether it is a loopback address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
