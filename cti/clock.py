"""The engine's clock: Unix milliseconds that never go back.

It runs on the monotonic clock and starts from the wall clock. When the wall clock is set forward it follows, and says
by how much, so that the step becomes an event; when the wall clock is set back it goes on as it was, since an instant
once journalled cannot be unsaid.
"""

import time
from collections.abc import Callable
from typing import Final, Protocol

from cti.domain.ids import Milliseconds

STEP_MS: Final = 2_000
"""A difference from the wall clock that is a step and no longer drift."""


class Clock(Protocol):
    """What the engine asks of a clock."""

    def now(self) -> Milliseconds:
        """The present; never less than before."""

    def ahead_ms(self) -> Milliseconds:
        """How far this clock is ahead of a wall clock that was set back; 0 when it was not."""

    def step(self) -> Milliseconds:
        """How far the wall clock was set forward since the last question; the clock has followed. Usually 0."""


def _wall_ms() -> Milliseconds:
    return time.time_ns() // 1_000_000


def _monotonic_ms() -> Milliseconds:
    return time.monotonic_ns() // 1_000_000


class SystemClock:
    """The machine's clocks; `not_before` is the last instant that was journalled."""

    def __init__(
        self,
        *,
        not_before: Milliseconds = 0,
        wall_ms: Callable[[], Milliseconds] = _wall_ms,
        monotonic_ms: Callable[[], Milliseconds] = _monotonic_ms,
    ) -> None:
        self._wall_ms = wall_ms
        self._monotonic_ms = monotonic_ms
        self._offset = max(wall_ms(), not_before) - monotonic_ms()

    def now(self) -> Milliseconds:
        """The present in Unix milliseconds."""
        return self._monotonic_ms() + self._offset

    def ahead_ms(self) -> Milliseconds:
        """Instants that Asterisk stamps are behind ours by this much."""
        ahead = self.now() - self._wall_ms()
        return ahead if ahead >= STEP_MS else 0

    def step(self) -> Milliseconds:
        """Follow a wall clock that was set forward by `STEP_MS` or more; by how much."""
        ahead = self._wall_ms() - self.now()
        if ahead < STEP_MS:
            return 0
        self._offset += ahead
        return ahead
