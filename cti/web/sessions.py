"""Who is asking? Signed sessions, for the cookie of a page and the bearer token of a program.

A session holds the person's id, a random id of its own and when it began; nothing is kept of it on the server but the
ids of those that were ended early. What a person may do is read from the directory at each request, not from the
session. Not here: passwords (`cti.ports.People`).
"""

import contextlib
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from itsdangerous import BadSignature, URLSafeSerializer
from starlette.requests import HTTPConnection

from cti.domain.ids import AgentId
from cti.ports import TooManyTries

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
        self._ended: dict[str, int] = {}
        self._ended_for: dict[AgentId, int] = {}

    def begin(self, agent_id: AgentId, *, by_link: bool = False) -> str:
        """A new session's token."""
        return str(self._serializer.dumps([agent_id, secrets.token_urlsafe(9), _now_ms(), int(by_link)]))

    def read(self, connection: HTTPConnection) -> Session | None:
        """The session that the request or WebSocket shows, if it is ours and alive."""
        scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._load(bearer.strip(), by_cookie=False)
        cookie = connection.cookies.get(COOKIE)
        return self._load(cookie, by_cookie=True) if cookie else None

    def end(self, session: Session) -> None:
        """It counts no more."""
        oldest = _now_ms() - LIFE_MS
        self._ended = {key: began for key, began in self._ended.items() if began > oldest}
        self._ended[session.id] = session.began_ms

    def end_all(self, agent_id: AgentId) -> None:
        """None of his sessions counts any more: his password was changed, or he was shut out."""
        self._ended_for[agent_id] = _now_ms()

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
        return session if self._alive(session) else None

    def _alive(self, session: Session) -> bool:
        return (
            _now_ms() - session.began_ms < LIFE_MS
            and session.id not in self._ended
            and session.began_ms >= self._ended_for.get(session.agent_id, -1)
        )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
