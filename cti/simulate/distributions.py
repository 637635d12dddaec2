"""Distributions of spans, each as the inverse of its distribution function: one uniform number in, seconds out.

Drawing by the inverse takes exactly one number a draw and is monotone, so that two scenarios with the same seed stay
in step (common random numbers: Law, *Simulation Modeling and Analysis*, ch. 11). Pure; who draws is
`cti.simulate.customers`.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Protocol

NEVER: Final = math.inf
_NORMAL: Final = NormalDist()


class Distribution(Protocol):
    """A span in seconds; `math.inf` means never."""

    def at(self, share: float) -> float:
        """The span that a `share` (0 ≤ share < 1) of all spans do not exceed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """Always the same; `math.inf`: never."""

    s: float

    def at(self, share: float) -> float:
        """See `Distribution`."""
        return self.s


@dataclass(frozen=True, slots=True, kw_only=True)
class Exponential:
    """Without memory."""

    mean_s: float

    def at(self, share: float) -> float:
        """See `Distribution`."""
        return -self.mean_s * math.log1p(-share)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNormal:
    """What talks are like; `cv` is the standard deviation over the mean."""

    mean_s: float
    cv: float

    def at(self, share: float) -> float:
        """See `Distribution`."""
        variance = math.log1p(self.cv * self.cv)
        z = _NORMAL.inv_cdf(share) if share > 0 else -8.0
        return self.mean_s * math.exp(math.sqrt(variance) * z - variance / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Empirical:
    """One of the spans that were seen, each as often as it was seen."""

    spans_s: tuple[float, ...]
    """Ascending, at least one."""

    def at(self, share: float) -> float:
        """See `Distribution`."""
        return self.spans_s[int(share * len(self.spans_s))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """Steps of a distribution function that may not reach 1, as Kaplan and Meier's estimate of patience does not.

    Beyond the last step the tail is exponential with mean `tail_s`, or never ends.
    """

    spans_s: tuple[float, ...]
    """Ascending."""
    shares: tuple[float, ...]
    """The function at each of them, ascending, at most 1."""
    tail_s: float = NEVER

    def at(self, share: float) -> float:
        """See `Distribution`."""
        place = bisect_left(self.shares, share)
        if place < len(self.spans_s):
            return self.spans_s[place]
        reached = self.shares[-1] if self.shares else 0.0
        if self.tail_s == NEVER or reached >= 1:
            return NEVER if self.tail_s == NEVER else self.spans_s[-1]
        start = self.spans_s[-1] if self.spans_s else 0.0
        return start - self.tail_s * math.log((1 - share) / (1 - reached))


def kaplan_meier(left_s: list[float], stayed_s: list[float]) -> Stepped:
    """The patience of people of whom some left after so long, and others were answered after so long (censored).

    Kaplan and Meier, JASA 53 (1958): S(t) = Π (1 - leaving at tᵢ / still there at tᵢ). Whoever was answered in the
    instant in which another left was still there. Past the last one that left, the tail is exponential with the
    hazard of the whole: all waiting over all that left; nobody left: never.
    """
    if not left_s:
        return Stepped(spans_s=(), shares=())
    leaving = sorted(left_s)
    every = sorted([*left_s, *stayed_s])
    spans: list[float] = []
    shares: list[float] = []
    survival, place = 1.0, 0
    while place < len(leaving):
        span = leaving[place]
        after = place
        while after < len(leaving) and leaving[after] == span:
            after += 1
        there = len(every) - bisect_left(every, span)
        survival *= 1 - (after - place) / there
        spans.append(span)
        shares.append(1 - survival)
        place = after
    return Stepped(spans_s=tuple(spans), shares=tuple(shares), tail_s=sum(every) / len(leaving))
