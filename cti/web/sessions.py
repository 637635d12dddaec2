"""Who is asking? Signed sessions, for the cookie of a page and the bearer token of a program.

A session holds the person's id, a random id of its own and when it began; the server keeps
nothing of it. What a person may do is read from the directory at each request, not from the session, and so is whether
the session was ended early (`Roster.holder`). Not here: passwords (`cti.ports.People`).
"""

import contextlib
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from itsdangerous import BadSignature, URLSafeSerializer
from starlette.requests import HTTPConnection

from cti.domain.ids import AgentId, Milliseconds
from cti.ports import Person, TooManyTries

COOKIE: Final = "triune_session"
LIFE_S: Final = 12 * 3600
"""A working day; then one signs in again."""
LIFE_MS: Final = LIFE_S * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Whose it is."""

    id: str
    agent_id: AgentId
    began_ms: int
    by_link: bool
    """Begun by a one-time link: its holder may choose a password without knowing the old one."""
    by_cookie: bool

    @property
    def until_ms(self) -> Milliseconds:
        """When it ends, unless it is ended before."""
        return self.began_ms + LIFE_MS

    @property
    def is_over(self) -> bool:
        """It has grown too old."""
        return _now_ms() >= self.until_ms


class Door:
    """Bounds how many passwords are weighed at once: that takes a thread and memory, and strangers can ask for it."""

    LIMIT: Final = 32

    def __init__(self) -> None:
        self._inside = 0

    @contextlib.contextmanager
    def pass_through(self) -> Iterator[None]:
        """Raises TooManyTries when too many are inside."""
        if self._inside >= self.LIMIT:
            raise TooManyTries(1.0)
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1


class Sessions:
    """Makes and reads sessions."""

    def __init__(self, *, signing_key: str) -> None:
        self._serializer = URLSafeSerializer(signing_key, salt="triune.session.1")

    def begin(self, person: Person, *, by_link: bool = False) -> str:
        """A new session's token. It counts although the clock was set back since his sessions were ended."""
        began_ms = max(_now_ms(), person.sessions_from_ms)
        return str(self._serializer.dumps([person.agent_id, secrets.token_urlsafe(9), began_ms, int(by_link)]))

    def read(self, connection: HTTPConnection) -> Session | None:
        """The session that the request or WebSocket shows, if it is ours and not too old."""
        scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._load(bearer.strip(), by_cookie=False)
        cookie = connection.cookies.get(COOKIE)
        return self._load(cookie, by_cookie=True) if cookie else None

    def _load(self, token: str, *, by_cookie: bool) -> Session | None:
        try:
            agent_id, session_id, began_ms, by_link = self._serializer.loads(token[:400])
        except (BadSignature, ValueError, TypeError):
            return None
        session = Session(
            id=session_id,
            agent_id=AgentId(agent_id),
            began_ms=began_ms,
            by_link=bool(by_link),
            by_cookie=by_cookie,
        )
        return None if session.is_over else session


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
