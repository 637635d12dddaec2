"""Serves the app: uvicorn with the limits that a public face needs.

The WebSocket's liveness is decided here: a ping every `PING_S`, and a page without pong `PONG_S` later is cut off at
the transport, so that a dead network is noticed after ten seconds and not after TCP's quarter of an hour. Used by
`cti.app`.
"""

import contextlib
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

PING_S: Final = 5.0
PONG_S: Final = 5.0
LINGER_S: Final = 2.0
"""How long a closed connection may take to send what is left."""
MESSAGE_LIMIT: Final = 64 * 1024
"""Most bytes of what a page or softphone says at once."""


class _Connection(WebSocketsSansIOProtocol):
    """uvicorn's own, but a peer that takes nothing any more does not keep the connection open."""

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._abort_later()

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self._abort_later()

    def _abort_later(self) -> None:
        self.loop.call_later(LINGER_S, self.transport.abort)


def make_server(app: FastAPI, *, cert: Path | None = None, key: Path | None = None) -> uvicorn.Server:
    """To be run with `serve(sockets=[…])` in the engine's own loop; takes no signals and logs no requests."""
    config = uvicorn.Config(
        app,
        loop="none",
        http="httptools",
        ws=_Connection,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PONG_S,
        ws_max_size=MESSAGE_LIMIT,
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,
        limit_concurrency=4000,
        ssl_certfile=cert,
        ssl_keyfile=key,
    )
    access = logging.getLogger("uvicorn.access")
    access.propagate, access.handlers = False, []
    return _Server(config)


class _Server(uvicorn.Server):
    """Signals belong to the process, not to the web."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(host: str, port: int) -> socket.socket:
    """The listening socket; raises OSError when the port is taken. Port 0 takes any."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.setblocking(False)
    return listener
