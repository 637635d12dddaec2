"""The pacers that are compared: ours, one dial a free agent, and the plain look-ahead.

The plain look-ahead knows the true probability of an answer and the true laws of ringing, talk and wrap-up, except that
it takes talks as exponential, and has no hard cap. `Capped` is the same under the hard cap: what the cap alone costs.
"""

import math
import time
from collections.abc import Sequence
from typing import Final

from cti.bench.dialer.model import (
    FAILED,
    NOON_MS,
    RING_OUT_MS,
    RING_SCALE_MS,
    SET_UP_MS,
    TALK_MS,
    WRAP_UP_MS,
    Cell,
    Day,
)
from cti.domain.pacing import (
    Estimates,
    Floor,
    Rules,
    dials,
    learned_answer,
    learned_no_answer,
    learned_talk,
    learned_wrap_up,
    may_dial,
    nothing_learned,
)

CAP: Final = 0.03
RULES: Final = Rules(cap_permyriad=300)

_CELL_MS: Final = 250
_HORIZON_MS: Final = SET_UP_MS + 10_000
_WITHIN: Final = 200
"""Answers within which the plain look-ahead means to spend or mend its budget."""


class Ours:
    """`cti.domain.pacing`, which begins knowing nothing."""

    def __init__(self, rules: Rules = RULES) -> None:
        self._rules = rules
        self._estimates: Estimates = nothing_learned()
        self.decisions = 0
        self.spent_ns = 0
        """Processor time of all decisions."""

    def wanted(self, day: Day) -> int:
        """How many more to dial now."""
        floor = Floor(
            free=day.free,
            waiting=len(day.waiting),
            dialled_ms=day.dialled_ms,
            talking_ms=day.talking_ms,
            wrapping_ms=day.wrapping_ms,
        )
        begun = time.thread_time_ns()
        many = dials(self._estimates, floor, day.book, self._rules, day.now_ms)
        self.spent_ns += time.thread_time_ns() - begun
        self.decisions += 1
        return many

    def dial_over(self, ring_ms: int, *, human: bool) -> None:
        """A dial was answered or came to nothing."""
        self._estimates = (learned_answer if human else learned_no_answer)(self._estimates, ring_ms)

    def talk_over(self, talk_ms: int) -> None:
        """An agent ended a talk."""
        self._estimates = learned_talk(self._estimates, talk_ms)

    def wrap_up_over(self, wrap_up_ms: int) -> None:
        """An agent is free again."""
        self._estimates = learned_wrap_up(self._estimates, wrap_up_ms)


class Progressive:
    """One dial for each free agent."""

    def wanted(self, day: Day) -> int:
        """How many more to dial now."""
        return max(0, day.free - len(day.dialled_ms) - len(day.waiting))

    def dial_over(self, ring_ms: int, *, human: bool) -> None:
        """Nothing is learned."""

    def talk_over(self, talk_ms: int) -> None:
        """Nothing is learned."""

    def wrap_up_over(self, wrap_up_ms: int) -> None:
        """Nothing is learned."""


class LookAhead(Progressive):
    """The untuned chance-constrained look-ahead, given the truth."""

    stock = 0.0
    """Budget kept in hand, in dials for each agent to come."""

    def __init__(self, cell: Cell) -> None:
        self._before = _answer_by_age(cell.rate)
        self._after = _answer_by_age(cell.rate / 2) if cell.halved_at_noon else self._before
        talk, wrap = 1 / TALK_MS, 1 / WRAP_UP_MS
        self._talk = 1 - (wrap * math.exp(-talk * _HORIZON_MS) - talk * math.exp(-wrap * _HORIZON_MS)) / (wrap - talk)
        self._wrap_up = 1 - math.exp(-wrap * _HORIZON_MS)

    def wanted(self, day: Day) -> int:
        """How many more to dial now."""
        table, spreads = self._after if day.now_ms >= NOON_MS else self._before
        ages = [(day.now_ms - since) // _CELL_MS for since in day.dialled_ms]
        answers = sum([table[age] for age in ages]) + len(day.waiting)
        talking, wrapping = len(day.talking_ms), len(day.wrapping_ms)
        agents = day.free + talking * self._talk + wrapping * self._wrap_up
        variance = sum([spreads[age] for age in ages])
        variance += talking * self._talk * (1 - self._talk) + wrapping * self._wrap_up * (1 - self._wrap_up)
        book, share = day.book, table[0]
        coming = agents - day.free
        risk = max(CAP / 10, CAP + (CAP * book.live - book.abandoned - self.stock * coming / share) / _WITHIN)
        many = 0
        while True:
            answers += share
            variance += spreads[0]
            if _beyond(answers - agents, math.sqrt(variance)) > risk * answers or not self.may(day, many):
                return many
            many += 1

    def may(self, day: Day, more: int) -> bool:
        """Does a cap forbid one more?"""
        return True


class Capped(LookAhead):
    """The plain look-ahead with the truth, the hard cap over it, and the stock of budget that it calls for."""

    stock = 2.0

    def may(self, day: Day, more: int) -> bool:
        """Does a cap forbid one more?"""
        in_flight = len(day.dialled_ms) + len(day.waiting) + more
        return may_dial(day.book, in_flight=in_flight, free=day.free, cap_permyriad=RULES.cap_permyriad)


def _beyond(mean: float, spread: float) -> float:
    """E[max(0, V)] of a normal V."""
    place = mean / spread
    return spread * math.exp(-place * place / 2) / math.sqrt(2 * math.pi) + mean * math.erfc(-place / math.sqrt(2)) / 2


def _answer_by_age(rate: float) -> tuple[Sequence[float], Sequence[float]]:
    """By cells of age, the probability that a dial that still rings is answered, and its variance."""
    table = []
    for cell in range(400):
        age_ms = cell * _CELL_MS
        x = max(0, age_ms - SET_UP_MS) / RING_SCALE_MS
        yes = rate * math.exp(-x) * (1 + x + x * x / 2 + x**3 / 6)
        no = (FAILED if age_ms < SET_UP_MS else 0) + (1 - FAILED - rate if age_ms < RING_OUT_MS else 0)
        table.append(yes / (yes + no))
    return table, [share * (1 - share) for share in table]
