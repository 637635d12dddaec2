"""When a CRM that fails is left alone, and tried again. Pure: the clock is given.

Closed: everyone may ask. After `failures` in a row it opens: nobody may, for `pause_s`. Then one may (half-open): if he
gets an answer it closes, if not it opens again. What was begun before a change of state tells nothing of the new one.
"""

from collections.abc import Callable
from enum import StrEnum

from cti.errors import OutsideError


class BreakerState(StrEnum):
    """How a CRM is treated."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


class LeftAlone(OutsideError):
    """The CRM has failed too often of late: it was not asked."""


class Breaker:
    """One CRM's; `clock` counts seconds."""

    def __init__(self, *, failures: int, pause_s: float, clock: Callable[[], float]) -> None:
        self._limit = failures
        self._pause_s = pause_s
        self._clock = clock
        self._failed = 0
        self._until = 0.0
        self._period = 0
        self._state = BreakerState.CLOSED

    @property
    def state(self) -> BreakerState:
        """As it stands now; open also when its pause is over and nobody has tried."""
        return self._state

    def enter(self) -> int:
        """Before asking; what to give to the others afterwards. Raises LeftAlone."""
        if self._state is BreakerState.OPEN and self._clock() >= self._until:
            self._turn(BreakerState.HALF_OPEN)
            return self._period
        if self._state is not BreakerState.CLOSED:
            left_s = max(0.0, self._until - self._clock())
            raise LeftAlone(
                f"It failed {self._failed} times in a row and is left alone for {left_s:.0f} s more.",
                retry_after_s=left_s,
            )
        return self._period

    def succeeded(self, period: int) -> None:
        """An answer came."""
        if period == self._period:
            self._failed = 0
            if self._state is BreakerState.HALF_OPEN:
                self._turn(BreakerState.CLOSED)

    def failed(self, period: int, *, pause_s: float | None = None) -> None:
        """None came. With `pause_s` it has asked to be left alone for so long."""
        if period != self._period:
            return
        self._failed += 1
        if self._state is BreakerState.HALF_OPEN or self._failed >= self._limit or pause_s is not None:
            self._until = self._clock() + (self._pause_s if pause_s is None else pause_s)
            self._turn(BreakerState.OPEN)

    def abandoned(self, period: int) -> None:
        """Whoever asked has given up for a reason of his own: if he was the one to try, the next may."""
        if period == self._period and self._state is BreakerState.HALF_OPEN:
            self._until = self._clock()
            self._turn(BreakerState.OPEN)

    def _turn(self, state: BreakerState) -> None:
        self._state = state
        self._period += 1
