"""One heap for every deadline of the domain; one call-back of the event loop for the earliest.

The loop module starts and stops timers as the `Acd` commands; what is due comes back through `fire`.
"""

import asyncio
import heapq
from collections.abc import Callable

from cti.domain.ids import Milliseconds, TimerId


class Timers:
    """Deadlines by id. Replacing or stopping one costs O(log n) when its turn comes, nothing now."""

    def __init__(self, *, now: Callable[[], Milliseconds], fire: Callable[[TimerId], None]) -> None:
        self._now = now
        self._fire = fire
        self._deadlines: dict[TimerId, Milliseconds] = {}
        self._heap: list[tuple[Milliseconds, TimerId]] = []
        self._call: asyncio.TimerHandle | None = None
        self._call_at: Milliseconds = 0

    def start(self, timer_id: TimerId, at_ms: Milliseconds) -> None:
        """Fire at or after that instant; an earlier deadline of the same id is forgotten."""
        self._deadlines[timer_id] = at_ms
        heapq.heappush(self._heap, (at_ms, timer_id))
        if self._call is None or at_ms < self._call_at:
            self._arm(at_ms)

    def stop(self, timer_id: TimerId) -> None:
        """Forget it; unknown is fine."""
        self._deadlines.pop(timer_id, None)

    def close(self) -> None:
        """Nothing fires any more."""
        self._deadlines.clear()
        self._heap.clear()
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _arm(self, at_ms: Milliseconds) -> None:
        if self._call is not None:
            self._call.cancel()
        self._call_at = at_ms
        delay_s = max(0, at_ms - self._now()) / 1000
        self._call = asyncio.get_running_loop().call_later(delay_s, self._ring)

    def _ring(self) -> None:
        self._call = None
        now = self._now()
        while self._heap and self._heap[0][0] <= now:
            at_ms, timer_id = heapq.heappop(self._heap)
            if self._deadlines.get(timer_id) == at_ms:
                del self._deadlines[timer_id]
                self._fire(timer_id)
        if self._heap:
            self._arm(self._heap[0][0])
