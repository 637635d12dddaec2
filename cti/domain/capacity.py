"""How many contacts of which media one agent may hold at once, and what may interrupt what.

A pure formula over a profile that is data. What an agent holds counts from the offer to the end of its wrap-up, except
while it is paused: interrupted by something more urgent. Profiles come from the centre file
(`cti.config`), through `AgentEnrolled`. Called by `cti.domain.agent`.
"""

from collections.abc import Hashable
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
    cost: int = 0
    """Percent of the agent, 0–100; 0 leaves it to the limits."""


class Exclusion(Struct, frozen=True, kw_only=True, gc=False):
    """While he holds the one, he takes none of the other. The other way round is another exclusion."""

    holding: Medium
    bars: Medium


class Interrupt(Struct, frozen=True, kw_only=True, gc=False):
    """A contact of medium `by` may pause the work on one of medium `pauses`."""

    by: Medium
    pauses: Medium


class Capacity(Struct, frozen=True, kw_only=True, gc=False):
    """A profile: the shares of all media that the agent may hold; a medium without a share he never gets."""

    shares: tuple[Share, ...]
    exclusions: tuple[Exclusion, ...] = ()
    interrupts: tuple[Interrupt, ...] = ()


ONE_AT_A_TIME: Final = Capacity(shares=tuple(Share(medium=medium, limit=1, cost=FULL_LOAD) for medium in Medium))
"""One contact of whatever medium: what holds where the centre file says nothing."""


def interned(capacity: Capacity) -> Capacity:
    """One object for equal profiles: what is remembered of them below goes by identity."""
    return _PROFILES.setdefault(capacity, capacity)


_PROFILES: Final[dict[Capacity, Capacity]] = {ONE_AT_A_TIME: ONE_AT_A_TIME}


def accepts(capacity: Capacity, active: tuple[Medium, ...], medium: Medium) -> bool:
    """Whether one more fits: `active[m] < cap[m] ∧ Σ cost[i]·active[i] + cost[m] ≤ 100 ∧ no exclusion`."""
    shares = {share.medium: share for share in capacity.shares}
    share = shares.get(medium)
    if share is None or active.count(medium) >= share.limit:
        return False
    if sum(shares[held].cost for held in active if held in shares) + share.cost > FULL_LOAD:
        return False
    return not any(exclusion.bars is medium and exclusion.holding in active for exclusion in capacity.exclusions)


def accepts_by_pausing(
    capacity: Capacity, active: tuple[Medium, ...], pausable: tuple[Medium, ...], medium: Medium
) -> tuple[Medium, ...] | None:
    """Which of `pausable` (part of `active`) to pause so that one more fits, latest first; None when none helps."""
    left, paused = list(active), []
    if accepts(capacity, active, medium):
        return ()
    allowed = {interrupt.pauses for interrupt in capacity.interrupts if interrupt.by is medium}
    for held in reversed(pausable):
        if held not in allowed:
            continue
        left.remove(held)
        paused.append(held)
        if accepts(capacity, tuple(left), medium):
            return tuple(paused)
    return None


def load(capacity: Capacity, active: tuple[Medium, ...]) -> int:
    """Σ of the costs of what is held, in percent, by which the least loaded is chosen.

    A medium without a cost counts by its limit: one of four chats is a quarter.
    """
    if not active:
        return 0
    known = _LOADS.get((id(capacity), active))
    if known is not None and known[0] is capacity:
        return known[1]
    shares = {share.medium: share for share in capacity.shares}
    found = sum(
        shares[medium].cost or FULL_LOAD // max(shares[medium].limit, 1) for medium in active if medium in shares
    )
    return _remembered(_LOADS, (id(capacity), active), capacity, found)


def open_media(capacity: Capacity, active: tuple[Medium, ...], pausable: tuple[Medium, ...] = ()) -> int:
    """The bits of all media of which one more contact fits, if need be by pausing."""
    key = (id(capacity), active, pausable)
    known = _OPEN.get(key)
    if known is not None and known[0] is capacity:
        return known[1]
    found = sum(BIT[medium] for medium in Medium if accepts_by_pausing(capacity, active, pausable, medium) is not None)
    return _remembered(_OPEN, key, capacity, found)


_MOST_REMEMBERED: Final = 8192
_Known = tuple[Capacity, int]
_LOADS: Final[dict[Hashable, _Known]] = {}
_OPEN: Final[dict[Hashable, _Known]] = {}
"""Answers by the profile's identity: profiles are few and live long, and hashing one whole costs more than the sum.
Each holds its profile, so that no other can come to have the same id."""


def _remembered(table: dict[Hashable, _Known], key: Hashable, capacity: Capacity, found: int) -> int:
    if len(table) >= _MOST_REMEMBERED:
        table.clear()
    table[key] = (capacity, found)
    return found
