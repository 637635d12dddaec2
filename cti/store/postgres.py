"""A connection to PostgreSQL that never waits for longer than it was told, for the journal and the lease.

`cti.database` serves everything else, in threads and through SQLAlchemy. A server that is frozen or cut off is noticed
here by our own clock: the kernel still acknowledges what is sent to a process that stands still.
"""

import time
from typing import Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import make_url

T = TypeVar("T")

ANSWER_S: Final = 3.0
"""How long one statement may take, its commit included."""
_LOOK_EVERY_S: Final = 0.1
_SESSION: Final = "-c statement_timeout=2500 -c synchronous_commit=on -c timezone=UTC"

AWAY: Final = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError, OSError)
"""What is raised while the server is away, hangs, starts, stops or only lets read; the rest is about the statement."""


class _Bounded(psycopg.Connection[tuple[object, ...]]):
    """Each wait for the server ends after `ANSWER_S`, with an OperationalError."""

    def wait(self, gen: PQGen[T], interval: float = _LOOK_EVERY_S, timeout: float | None = None) -> T:
        return super().wait(_until(time.monotonic() + ANSWER_S, gen), interval=interval, timeout=timeout)


def _until(deadline: float, steps: PQGen[T]) -> PQGen[T]:
    """The steps of a conversation with the server, broken off at the deadline; looked at between two of them."""
    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            if time.monotonic() > deadline:
                raise psycopg.OperationalError(f"no answer within {ANSWER_S:g} s")
            wanted = steps.send(ready)
    except StopIteration as done:
        found: T = done.value
        return found


def connect(url: str, *, name: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection in which each statement commits by itself; blocks for at most 2 s a host. Raises `AWAY`.

    `url` as SQLAlchemy writes it; `name` is what the server's list of sessions shows.
    """
    return _Bounded.connect(
        bare(url),
        autocommit=True,
        application_name=name,
        connect_timeout=2,
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=3000,
        options=_SESSION,
    )


def bare(url: str) -> str:
    """The URL as libpq reads it, without a driver. It holds the password."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
