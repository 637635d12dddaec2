"""How many dials are wise: a look ahead over the free agents and answers to come, under the cap of `cap`.

Theory of operation
-------------------
Let the horizon be the mean age of a dial at its answer. X answers come: each callee who waits now is one, each ringing
dial is one with the share of its age. F agents are free by the horizon and the two seconds a callee waits: those who
are, and each who talks or wraps up with the share of his time in it. X and F are sums of many small chances, taken as
normal: E[(X - F)+] = s·G(z), with s² the variance of X - F, z = E[F - X] / s and G(z) = φ(z) - z·(1 - Φ(z)), the unit
normal loss. One more is dialled while E[(X - F)+] ≤ e·E[X]; and always while an agent is free for it.

e is steered by the budget B = c·L - A. The cap's second part must be paid from it: n - F dials at risk at once. So a
stock K of it is kept in hand, twice the dials that win the agents to come their callees, and e = c + (B - K) / 300. At
the start of a window, when B is 0, e is small and nearly nothing is abandoned: the fastest way to a stock. Errors of
the estimates, of the normal law and of the horizon move the rate of abandons, and e moves against them.

Called by the campaigns after every event that changed a floor. Integers only, in shares of `estimates.ONE`.
"""

from collections.abc import Sequence
from enum import StrEnum
from math import isqrt
from typing import Final, assert_never

from msgspec import Struct

from cti.domain.ids import Milliseconds
from cti.domain.pacing.cap import ALL, Book, may_dial
from cti.domain.pacing.estimates import CELL_MS, ONE, SPREAD_BITS, TALK_CELL_MS, WRAP_CELL_MS, Estimates

_STOCK: Final = 2
"""Budget kept in hand, in dials that win an agent to come his callee, 1 / p each: those in flight for him, twice."""
_WITHIN: Final = 300
"""Answers within which the budget's distance from the stock is to be spent or mended."""
_LEAST: Final = 30
_MOST: Final = 5
"""e is never below cap / `_LEAST` nor above cap · `_MOST`."""


class Mode(StrEnum):
    """How a campaign dials by itself."""

    PROGRESSIVE = "progressive"
    """One dial for each free reserved agent, never more."""
    PREDICTIVE = "predictive"


class Rules(Struct, frozen=True, kw_only=True, gc=False):
    """What the campaign's owner has set."""

    mode: Mode = Mode.PREDICTIVE
    cap_permyriad: int = 300
    """0 to 10 000. 300 is 3 %."""
    spare: int = 0
    """Free agents left out of the cap's count, so that as many may vanish at a time without a breach."""
    lines: int = 1_000
    """At most so many dials in flight."""


class Floor(Struct, frozen=True, kw_only=True, gc=False):
    """Who does what in one campaign at this moment. The order within a sequence does not matter."""

    free: int
    """Reserved for this campaign and free (`cap` says what that promises)."""
    waiting: int = 0
    """Callees who answered, undecided: no agent has them yet."""
    dialled_ms: Sequence[Milliseconds] = ()
    """When each dial that still rings was decided."""
    talking_ms: Sequence[Milliseconds] = ()
    """When each talk began of an agent who will be this campaign's again."""
    wrapping_ms: Sequence[Milliseconds] = ()
    """When each wrap-up began, likewise."""


def dials(estimates: Estimates, floor: Floor, book: Book, rules: Rules, now_ms: Milliseconds) -> int:
    """How many more numbers to dial now; 0 for none. Beyond the cap never, whatever the estimates say."""
    in_flight = len(floor.dialled_ms) + floor.waiting
    free = max(0, floor.free - rules.spare)
    most = rules.lines - in_flight
    sure = min(free - in_flight, most)
    match rules.mode:
        case Mode.PROGRESSIVE:
            return max(0, sure)
        case Mode.PREDICTIVE:
            more = max(0, sure)
        case _:
            assert_never(rules.mode)
    outlook: _Outlook | None = None
    while more < most and may_dial(book, in_flight=in_flight + more, free=free, cap_permyriad=rules.cap_permyriad):
        outlook = outlook or _outlook(estimates, floor, book, rules, now_ms)
        if not outlook.bears(more + 1):
            break
        more += 1
    return more


class _Outlook(Struct, frozen=True, kw_only=True, gc=False):
    """What is expected at the horizon, in shares of `ONE`."""

    answers: int
    agents: int
    variance: int
    new: int
    """A new dial: share and variance, packed."""
    risk: int
    """e: what may be abandoned, of answers."""

    def bears(self, more: int) -> bool:
        """Is the expected abandoned share small enough with so many more dials?"""
        answers = self.answers + more * (self.new >> SPREAD_BITS)
        spread = isqrt((self.variance + more * (self.new & _VARIANCE)) * ONE)
        return _beyond(self.agents - answers, spread) * ONE <= self.risk * answers


def _outlook(estimates: Estimates, floor: Floor, book: Book, rules: Rules, now_ms: Milliseconds) -> _Outlook:
    ringing = _sum(estimates.by_age, floor.dialled_ms, now_ms, CELL_MS)
    agents = _sum(estimates.by_talk, floor.talking_ms, now_ms, TALK_CELL_MS)
    agents += _sum(estimates.by_wrap_up, floor.wrapping_ms, now_ms, WRAP_CELL_MS)
    new = estimates.by_age[0]
    coming = agents >> SPREAD_BITS
    stock = _STOCK * coming * ONE // max(new >> SPREAD_BITS, 1)
    budget = (rules.cap_permyriad * book.live - ALL * book.abandoned) * ONE // ALL
    cap = rules.cap_permyriad * ONE // ALL
    risk = cap + (budget - stock) // _WITHIN
    return _Outlook(
        answers=(ringing >> SPREAD_BITS) + floor.waiting * ONE,
        agents=coming + floor.free * ONE,
        variance=(ringing & _VARIANCE) + (agents & _VARIANCE),
        new=new,
        risk=min(max(risk, cap // _LEAST), cap * _MOST),
    )


def _sum(table: Sequence[int], since_ms: Sequence[Milliseconds], now_ms: Milliseconds, cell_ms: Milliseconds) -> int:
    """The shares and variances of all who began at these instants."""
    if not since_ms:
        return 0
    if now_ms - min(since_ms) < cell_ms * len(table) and max(since_ms) <= now_ms:
        return sum([table[(now_ms - since) // cell_ms] for since in since_ms])
    last = len(table) - 1
    return sum([table[min(max(now_ms - since, 0) // cell_ms, last)] for since in since_ms])


def _beyond(gap: int, spread: int) -> int:
    """E[(X - F)+] for a normal X - F of mean -gap; all in shares of `ONE`."""
    if spread == 0:
        return max(0, -gap)
    place, rest = divmod(abs(gap) * _LOSS_STEPS * ONE // spread, ONE)
    loss = 0
    if place + 1 < len(_LOSS):
        loss = _LOSS[place] - (_LOSS[place] - _LOSS[place + 1]) * rest // ONE
    return spread * loss // ONE + max(0, -gap)


_VARIANCE: Final = (1 << SPREAD_BITS) - 1
_LOSS_STEPS: Final = 16
_LOSS: Final = (
    26145,
    24148,
    22253,
    20459,
    18766,
    17171,
    15674,
    14272,
    12963,
    11744,
    10612,
    9564,
    8596,
    7706,
    6889,
    6142,
    5460,
    4841,
    4279,
    3772,
    3315,
    2905,
    2538,
    2211,
    1921,
    1663,
    1436,
    1236,
    1060,
    907,
    773,
    657,
    556,
    470,
    396,
    332,
    278,
    231,
    192,
    159,
    131,
    108,
    89,
    72,
    59,
    48,
    39,
    31,
    25,
    20,
    16,
    13,
    10,
    8,
    6,
    5,
    4,
    3,
    2,
    2,
    1,
    1,
    1,
    1,
    0,
)
"""G(z) = φ(z) - z·(1 - Φ(z)) for z = 0, 1/16, … 4, of `ONE`; G(-z) = G(z) + z."""
