"""How many contacts of which media one agent may hold at once.

A pure formula over a profile that is data. What an agent holds counts from the offer to the end of its wrap-up.
Called by `cti.domain.routing`.
"""

from functools import lru_cache
from typing import Final

from msgspec import Struct

from cti.domain.ids import Medium

FULL_LOAD: Final = 100

BIT: Final = {medium: 1 << position for position, medium in enumerate(Medium)}
"""One bit a medium, so that what an agent takes right now is one integer."""


class Share(Struct, frozen=True, kw_only=True, gc=False):
    """What one contact of a medium costs of an agent, and how many of them he may hold."""

    medium: Medium
    limit: int
    cost: int
    """Percent of the agent, 0–100."""


class Capacity(Struct, frozen=True, kw_only=True, gc=False, eq=False):
    """A profile: the shares of all media that the agent may hold, and pairs of media that exclude each other.

    Compared by identity, so that the caches below need not hash it whole.
    """

    shares: tuple[Share, ...]
    exclusions: tuple[tuple[Medium, Medium], ...] = ()


ONE_AT_A_TIME: Final = Capacity(shares=tuple(Share(medium=medium, limit=1, cost=FULL_LOAD) for medium in Medium))
"""A voice contact excludes everything; anything else is worked on one at a time, and never during a call."""


def accepts(capacity: Capacity, active: tuple[Medium, ...], medium: Medium) -> bool:
    """Whether one more fits: `active[m] < cap[m] ∧ Σ cost[i]·active[i] + cost[m] ≤ 100 ∧ no exclusion`."""
    shares = {share.medium: share for share in capacity.shares}
    share = shares.get(medium)
    if share is None or active.count(medium) >= share.limit:
        return False
    if load(capacity, active) + share.cost > FULL_LOAD:
        return False
    return not any((medium, other) in capacity.exclusions or (other, medium) in capacity.exclusions for other in active)


@lru_cache(maxsize=4096)
def load(capacity: Capacity, active: tuple[Medium, ...]) -> int:
    """Σ of the costs of what is held, in percent."""
    shares = {share.medium: share for share in capacity.shares}
    return sum(shares[medium].cost for medium in active if medium in shares)


@lru_cache(maxsize=4096)
def open_media(capacity: Capacity, active: tuple[Medium, ...]) -> int:
    """The bits of all media of which one more contact fits."""
    return sum(BIT[medium] for medium in Medium if accepts(capacity, active, medium))
