"""A clock for tests and the simulator."""

from typing import Final

from cti.domain.ids import Milliseconds

START_MS: Final[Milliseconds] = 1_700_000_000_000
"""When days begin: a Tuesday, 22:13:20 UTC."""


class ManualClock:
    """A clock that stands until it is moved."""

    def __init__(self, now_ms: Milliseconds = START_MS) -> None:
        self.now_ms = now_ms

    def now(self) -> Milliseconds:
        """Unix time in ms."""
        return self.now_ms

    def advance(self, *, seconds: float = 0, ms: Milliseconds = 0) -> None:
        """Move on."""
        self.now_ms += round(seconds * 1000) + ms
