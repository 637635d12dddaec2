"""How long a contact can be kept from its turn by later ones: the bound that follows from the queues' rules alone.

Let O be an older contact that has waited L, with weight w and credit c (both of `cti.domain.queue`), and Y one that
came D after it, with weight v and credit d. Y goes before O only while

    (L - D)·v/100 + d  >  L·w/100 + c                                                               (ties go to O)

The credit of any contact lies between `lowest` and `highest` of its queue: points of priority between ±MOST_POINTS of
its own (steps and supervisors cannot give it more), a tier from 0 to 10, urgent or not. So with g = d's highest less
c's lowest, and L ≥ D:

    v ≤ w, w > 0:   D  <  100·g / w                        later ones can pass only if they came soon after
    v > w > 0:      D  <  L·(1 - w/v) + 100·g / v          they also gain on it: a share of its wait, below the whole
    w = 0:          no bound, if v > 0 or g > 0            its waiting does not count: it can starve
    Y strict, O not: no bound                              a strict queue goes first for ever

A bound holds among contacts that the same agent could be offered at that moment: one that is kept for somebody, that
sleeps until a callback is due, whose node is away, or whose requirement he does not meet is not passed but waits for
something else. `cti conf lint` prints the bounds; `auditor` watches that days keep to the policy.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from msgspec import Struct

from cti.domain.events import QueueOpened
from cti.domain.ids import Medium, Milliseconds, ProjectId, QueueId
from cti.domain.queue import MOST_POINTS, PRIORITY_POINT_MS, weight_percent

HIGHEST_TIER: Final = 10


class Bound(Struct, frozen=True, kw_only=True):
    """How far ahead of a contact later ones can get.

    A contact of this queue and medium that has waited L ms is never behind one that came more than
    `fixed_ms + L × share_percent / 100` after it.
    """

    queue_id: QueueId
    medium: Medium
    fixed_ms: Milliseconds | None
    """None: there is no bound, it can starve."""
    share_percent: int
    starved_by: tuple[QueueId, ...] = ()
    """Whose contacts can pass it for ever; empty when there is a bound."""


def bounds(rules: Sequence[QueueOpened], *, teams: Iterable[Collection[ProjectId]] | None = None) -> tuple[Bound, ...]:
    """The bound of every queue and medium, in the order given.

    `teams` are the sets of projects that one agent works for: only queues that share an agent compete. None: anyone
    may serve every queue.
    """
    together = None if teams is None else [frozenset(team) for team in teams]
    return tuple(
        _bound(queue, medium, [other for other in rules if _compete(queue, other, together)])
        for queue in rules
        for medium in Medium
    )


def lowest_credit_ms(rules: QueueOpened) -> Milliseconds:
    """What a contact of this queue has besides its waiting at least; strictness not counted."""
    return PRIORITY_POINT_MS * (rules.priority - MOST_POINTS) + min(0, rules.tier_credit_ms * HIGHEST_TIER)


def highest_credit_ms(rules: QueueOpened) -> Milliseconds:
    """What a contact of this queue can have besides its waiting at most; strictness not counted."""
    points = PRIORITY_POINT_MS * (rules.priority + MOST_POINTS)
    return points + max(0, rules.tier_credit_ms * HIGHEST_TIER) + max(0, rules.urgency_ms)


def _compete(queue: QueueOpened, other: QueueOpened, teams: list[frozenset[ProjectId]] | None) -> bool:
    if teams is None or queue.project_id == other.project_id:
        return True
    return any(queue.project_id in team and other.project_id in team for team in teams)


def _bound(queue: QueueOpened, medium: Medium, others: list[QueueOpened]) -> Bound:
    fixed = share = 0
    starved_by: list[QueueId] = []
    for other in others:
        for weight in sorted({weight_percent(other, theirs) for theirs in Medium}):
            found = _against(queue, weight_percent(queue, medium), other, weight)
            if found is None:
                starved_by.append(other.queue_id)
                break
            fixed, share = max(fixed, found[0]), max(share, found[1])
    return Bound(
        queue_id=queue.queue_id,
        medium=medium,
        fixed_ms=None if starved_by else fixed,
        share_percent=share,
        starved_by=tuple(starved_by),
    )


def _against(queue: QueueOpened, own: int, other: QueueOpened, theirs: int) -> tuple[Milliseconds, int] | None:
    """(fixed_ms, share_percent) against later contacts of the other queue with that weight; None: no bound."""
    if queue.strict and not other.strict:
        return 0, 0
    if other.strict and not queue.strict:
        return None
    gap = highest_credit_ms(other) - lowest_credit_ms(queue)
    if own <= 0:
        return (0, 0) if theirs <= 0 and gap <= 0 else None
    gap = max(0, gap)
    if theirs <= own:
        return _up(100 * gap, own), 0
    return _up(100 * gap, theirs), _up(100 * (theirs - own), theirs)


def _up(dividend: int, divisor: int) -> int:
    """The quotient, rounded up."""
    return -(-dividend // divisor)
