"""Serves the app: uvicorn with the limits that a public face needs.

The WebSocket's liveness is decided here: a ping every `PING_S`, and a page without pong `PONG_S` later is cut off at
the transport, so that a dead network is noticed after ten seconds and not after TCP's quarter of an hour. Used by
`cti.app`. What one connection may cost stands in `cti.web.connections`.
"""

import asyncio
import contextlib
import errno
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI

from cti.errors import OutsideError
from cti.web.connections import HttpConnection, WebSocketConnection, raise_descriptor_limit

PING_S: Final = 5.0
PONG_S: Final = 5.0
BACKLOG: Final = 2048
"""Most connections that wait to be accepted."""
MESSAGE_LIMIT: Final = 64 * 1024
"""Most bytes of what a page or softphone says at once."""
_AGAIN_S: Final = 0.005
"""How often a port is asked for that a process which is just dying has still."""


def make_server(app: FastAPI, *, cert: Path | None = None, key: Path | None = None) -> uvicorn.Server:
    """To be run with `serve(sockets=[…])` in the engine's own loop; takes no signals and logs no requests.

    Raises the process's limit of descriptors: a connection is one.
    """
    raise_descriptor_limit()
    config = uvicorn.Config(
        app,
        loop="none",
        http=HttpConnection,
        ws=WebSocketConnection,
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
    """A socket that listens already, though nobody accepts yet: whoever connects waits, and is not refused.

    Raises OSError when the port is taken. Port 0 takes any.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle's delay off; else each answer waits 40 ms for the peer's ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


async def bound(host: str, port: int, *, within_s: float) -> socket.socket | None:
    """As `bind`, and for so long a process that has just died may take to let go of the port.

    None when it is another's still. Raises OutsideError when this machine has no such address, or none to give.
    """
    deadline = time.monotonic() + within_s
    while True:
        try:
            return bind(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise OutsideError(
                    f"The engine cannot listen on {host}, port {port}: {error.strerror}. Give --listen an address of "
                    "this machine, or 0.0.0.0 and --public-address.",
                    transient=False,
                ) from error
        if time.monotonic() >= deadline:
            return None
        await asyncio.sleep(_AGAIN_S)
