"""How often strangers may ask for callbacks: by network address and by number. In memory; numbers as keyed hashes only.

A counter is begun anew when its span is over; at most `LIMIT` are kept, the oldest goes first.
"""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

HOUR_S: Final = 3600.0
DAY_S: Final = 86_400.0
LIMIT: Final = 20_000


class Limits:
    """Counts within spans; `clock` counts seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._salt = secrets.token_bytes(16)
        self._counts: OrderedDict[bytes, tuple[float, int]] = OrderedDict()

    def wait_s(self, kind: str, who: str, *, most: int) -> float:
        """In how many seconds he may; 0: now. Counts nothing."""
        until, count = self._counts.get(self._key(kind, who), (0.0, 0))
        left_s = until - self._clock()
        return left_s if left_s > 0 and count >= most else 0.0

    def count(self, kind: str, who: str, *, span_s: float) -> None:
        """He has."""
        key, now = self._key(kind, who), self._clock()
        until, count = self._counts.get(key, (0.0, 0))
        self._counts[key] = (until, count + 1) if until > now else (now + span_s, 1)
        self._counts.move_to_end(key)
        if len(self._counts) > LIMIT:
            self._counts.popitem(last=False)

    def take_back(self, kind: str, who: str) -> None:
        """He has not, after all: what he asked for came to nothing by our fault."""
        key = self._key(kind, who)
        until, count = self._counts.get(key, (0.0, 0))
        if count > 0:
            self._counts[key] = (until, count - 1)

    def _key(self, kind: str, who: str) -> bytes:
        return hashlib.blake2b(f"{kind}\0{who}".encode(), key=self._salt, digest_size=12).digest()
