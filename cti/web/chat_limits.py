"""How much a visitor may ask of the centre: strangers reach it without signing in.

Here: whose session a token is, how fast one page may speak, how many pages and new chats one address may have. Not
here: the size of a message (`chat_messages`), how many chats a site has at once (`cti.media.chat`).
"""

import contextlib
import ipaddress
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from itsdangerous import BadSignature, URLSafeSerializer
from starlette.requests import HTTPConnection

from cti.web.connections import is_this_machine

PER_ADDRESS: Final = 30
"""Pages with an open chat from one address: an office behind one router."""
MOST_PAGES: Final = 3_000
"""Pages with an open chat from everywhere; agents' own pages must find room."""
NEW_CHATS: Final = 20
"""Chats that one address may begin at once."""
NEW_CHAT_S: Final = 30.0
"""From then on it may begin one in so many seconds."""
SAYS: Final = 10
"""What one page may say at once."""
SAYS_PER_S: Final = 2.0
"""What it may say from then on."""
STRIKES: Final = 40
"""How often a page may be told that it is too fast, before it is closed."""
TOKEN_S: Final = 7 * 86_400
_MOST_ADDRESSES: Final = 50_000


class Bucket:
    """So much at once, and so much a second from then on."""

    def __init__(self, most: float, per_s: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._per_s = per_s
        self._clock = clock
        self._left = most
        self._at = clock()

    def take(self) -> bool:
        """Take one; False when there is none now."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    @property
    def is_full(self) -> bool:
        """Nothing was taken for long."""
        return self._left + (self._clock() - self._at) * self._per_s >= self._most


class Visitors:
    """Sessions of visitors, and their limits. Addresses are counted in memory only."""

    def __init__(self, *, signing_key: str) -> None:
        self._serializer = URLSafeSerializer(signing_key, salt="triune.chat.1")
        self._pages: Counter[str] = Counter()
        self._begun: dict[str, Bucket] = {}

    @property
    def page_count(self) -> int:
        """Pages with an open chat."""
        return self._pages.total()

    # -- sessions ----------------------------------------------------------------------------------------------------

    def begin(self, site: str) -> tuple[str, str]:
        """A new session of this site: its id and its token."""
        session_id = secrets.token_urlsafe(16)
        return session_id, str(self._serializer.dumps([site, session_id, int(time.time())]))

    def read(self, token: str | None, site: str) -> str | None:
        """The id of the session; None when the token is not ours, not this site's, or too old."""
        if token is None:
            return None
        try:
            of, session_id, began_s = self._serializer.loads(token)
        except (BadSignature, ValueError, TypeError):
            return None
        return str(session_id) if of == site and time.time() - began_s < TOKEN_S else None

    # -- limits ------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def admit(self, source: str) -> Iterator[bool]:
        """Count a page for as long as it is open; False: there are too many already."""
        if self.page_count >= MOST_PAGES or (source and self._pages[source] >= PER_ADDRESS):
            yield False
            return
        self._pages[source] += 1
        try:
            yield True
        finally:
            self._pages[source] -= 1
            if not self._pages[source]:
                del self._pages[source]

    def may_begin(self, source: str) -> bool:
        """Whether this address may begin one more chat, or leave a message; counts it."""
        if not source:
            return True
        if len(self._begun) >= _MOST_ADDRESSES:
            self._begun = {key: bucket for key, bucket in self._begun.items() if not bucket.is_full}
        return self._begun.setdefault(source, Bucket(NEW_CHATS, 1 / NEW_CHAT_S)).take()


def source_of(connection: HTTPConnection) -> str:
    """Whose limits count: the peer's address; behind a proxy on this machine the one that it names last.

    Of an IPv6 address its /64, which is the least that one customer of a provider has. "" for this machine itself,
    which is not limited.
    """
    host = connection.client.host if connection.client else ""
    if not is_this_machine(host):
        return _network(host)
    named = connection.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()[:64]
    return _network(named) if named and not is_this_machine(named) else ""


def _network(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host.strip("[]"))
    except ValueError:
        return host
    return str(address.ipv4_mapped or ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
