"""One day of a dialling floor, event by event: the model that all pacers are measured on.

Agents are always signed in. A dial takes `SET_UP_MS` to set up and is then busy or failed in a tenth of all cases; a
human answers with the day's probability after a Gamma ring (mean 10 s, deviation 5 s); the others ring until 22 s. An
answered callee goes to a free agent at once, waits at most 2 s otherwise, and is abandoned then. Talks have a mean of
120 s, exponential or log-normal (coefficient of variation 1.2); wrap-ups are exponential with a mean of 15 s.

Numbers are common to all pacers: the k-th dial and the k-th talk of a seed are the same whoever dials. Nothing here
decides how many are dialled; see `cti.bench.dialer.pacers`. Milliseconds, from the day's start.
"""

import math
import random
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from heapq import heappop, heappush
from typing import Final, Protocol, assert_never

from cti.domain.pacing import Book, answered, lost

SET_UP_MS: Final = 1_500
RING_OUT_MS: Final = 22_000
RING_SHAPE: Final = 4.0
RING_SCALE_MS: Final = 2_500.0
FAILED: Final = 0.1
TALK_MS: Final = 120_000
WRAP_UP_MS: Final = 15_000
WAIT_MS: Final = 2_000
DAY_MS: Final = 8 * 3_600_000
NOON_MS: Final = DAY_MS // 2
VARIATION: Final = 1.2
"""Of a log-normal talk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What kind of day."""

    agents: int
    rate: float
    """A human answers: the probability."""
    halved_at_noon: bool = False
    long_tails: bool = False
    """Log-normal talks."""

    @property
    def key(self) -> str:
        """In names of figures: agents and per cent."""
        kind = "_noon" if self.halved_at_noon else "_tails" if self.long_tails else ""
        return f"{self.agents}_{round(100 * self.rate)}{kind}"


class What(IntEnum):
    """What happens next to a dial, a callee or an agent."""

    NO_ANSWER = 0
    ANSWER = 1
    HANG_UP = 2
    TALK_OVER = 3
    WRAP_UP_OVER = 4


class Pacer(Protocol):
    """Decides how many to dial after each event, and is told what became of dials and talks."""

    def wanted(self, day: "Day") -> int:
        """How many more to dial now."""

    def dial_over(self, ring_ms: int, *, human: bool) -> None:
        """A dial was answered or came to nothing."""

    def talk_over(self, talk_ms: int) -> None:
        """An agent ended a talk."""

    def wrap_up_over(self, wrap_up_ms: int) -> None:
        """An agent is free again."""


class Day:
    """One day under one pacer: run it once, then read `occupancy`, `book` and `worst`."""

    def __init__(self, cell: Cell, *, seed: int, book: Book | None = None) -> None:
        """`book`: what earlier days left, when the window is longer than a day."""
        self.cell = cell
        self.now_ms = 0
        self.free = cell.agents
        self.dialled_ms: list[int] = []
        """When each dial that still rings began; rising."""
        self.talking_ms: list[int] = []
        self.wrapping_ms: list[int] = []
        self.waiting: deque[int] = deque()
        """When each callee who still waits answered."""
        self.book = Book() if book is None else book
        self.worst = 0.0
        """The highest A / L after any answer."""
        self.dials = 0
        self._busy_ms = 0
        self._dial_dice = random.Random(f"dials {seed}")  # a model, not a secret
        self._talk_dice = random.Random(f"talks {seed}")
        self._wrap_dice = random.Random(f"wrap-ups {seed}")
        self._heap: list[tuple[int, int, What, int]] = []
        """Instant, running number, what happens, when that began."""
        self._number = 0

    @property
    def occupancy(self) -> float:
        """Talk and wrap-up within the day, of all agents' time."""
        return self._busy_ms / (self.cell.agents * DAY_MS)

    @property
    def rate(self) -> float:
        """A / L at the end."""
        return self.book.abandoned / max(self.book.live, 1)

    def run(self, pacer: Pacer) -> None:
        """From the first dial until the last talk is over."""
        self._dial(pacer.wanted(self))
        heap = self._heap
        while heap:
            self.now_ms, _, what, since_ms = heappop(heap)
            if what is What.HANG_UP and not (self.waiting and self.waiting[0] == since_ms):
                continue  # an agent took him
            self._happen(what, since_ms, pacer)
            if self.now_ms < DAY_MS:
                self._dial(pacer.wanted(self))

    def _happen(self, what: What, since_ms: int, pacer: Pacer) -> None:
        lasted_ms = self.now_ms - since_ms
        match what:
            case What.NO_ANSWER:
                _take(self.dialled_ms, since_ms)
                pacer.dial_over(lasted_ms, human=False)
            case What.ANSWER:
                _take(self.dialled_ms, since_ms)
                pacer.dial_over(lasted_ms, human=True)
                self._answered()
            case What.HANG_UP:
                self.waiting.popleft()
                self._decided(lost(self.book))
            case What.TALK_OVER:
                _take(self.talking_ms, since_ms)
                pacer.talk_over(lasted_ms)
                self.wrapping_ms.append(self.now_ms)
                self._occupied(What.WRAP_UP_OVER, round(self._wrap_dice.expovariate(1 / WRAP_UP_MS)))
            case What.WRAP_UP_OVER:
                _take(self.wrapping_ms, since_ms)
                pacer.wrap_up_over(lasted_ms)
                self.free += 1
                if self.waiting:
                    self.waiting.popleft()
                    self._talk()
            case _:
                assert_never(what)

    def _dial(self, many: int) -> None:
        dice = self._dial_dice
        for _ in range(many):
            fate, ring_ms = dice.random(), dice.gammavariate(RING_SHAPE, RING_SCALE_MS)
            rate = self.cell.rate
            if self.cell.halved_at_noon and self.now_ms >= NOON_MS:
                rate /= 2
            self.dialled_ms.append(self.now_ms)
            self.dials += 1
            if fate < rate:
                self._later(What.ANSWER, SET_UP_MS + round(ring_ms))
            else:
                self._later(What.NO_ANSWER, SET_UP_MS if fate >= 1 - FAILED else RING_OUT_MS)

    def _answered(self) -> None:
        if self.free:
            self._talk()
        else:
            self.waiting.append(self.now_ms)
            self._later(What.HANG_UP, WAIT_MS)

    def _talk(self) -> None:
        self.free -= 1
        self._decided(answered(self.book))
        self.talking_ms.append(self.now_ms)
        self._occupied(What.TALK_OVER, self._talk_ms())

    def _talk_ms(self) -> int:
        if not self.cell.long_tails:
            return round(self._talk_dice.expovariate(1 / TALK_MS))
        square = math.log(1 + VARIATION**2)
        return round(self._talk_dice.lognormvariate(math.log(TALK_MS) - square / 2, math.sqrt(square)))

    def _decided(self, book: Book) -> None:
        self.book = book
        self.worst = max(self.worst, book.abandoned / book.live)

    def _occupied(self, what: What, length_ms: int) -> None:
        self._busy_ms += max(0, min(length_ms, DAY_MS - self.now_ms))
        self._later(what, length_ms)

    def _later(self, what: What, after_ms: int) -> None:
        self._number += 1
        heappush(self._heap, (self.now_ms + after_ms, self._number, what, self.now_ms))


def _take(instants: list[int], instant: int) -> None:
    """One of a rising sequence is over."""
    del instants[bisect_left(instants, instant)]
