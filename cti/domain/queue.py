"""A queue: its rules, whether it takes new contacts, and the order it gives to what waits.

The waiting contacts themselves are records of `cti.domain.contact`, kept in order by `cti.domain.routing`.
"""

from typing import Final

from msgspec import Struct

from cti.domain.events import QueueOpened, SkillLevel
from cti.domain.ids import Milliseconds, QueueId, SkillId

PRIORITY_POINT_MS: Final = 60_000
"""What one point of priority is worth in waiting time."""


class Queue(Struct, frozen=True, kw_only=True, gc=False):
    """Where contacts wait."""

    rules: QueueOpened
    open: bool = True

    @property
    def id(self) -> QueueId:
        """The key in the centre file."""
        return self.rules.queue_id


def score_ms(rules: QueueOpened, *, arrived_ms: Milliseconds, now: Milliseconds) -> int:
    """The order across queues, highest first: seniority × weight + 60 s × priority, in whole milliseconds."""
    return (now - arrived_ms) * rules.weight_percent // 100 + PRIORITY_POINT_MS * rules.priority


def merge(first: tuple[SkillLevel, ...], second: tuple[SkillLevel, ...]) -> tuple[SkillLevel, ...]:
    """Both demands at once: each skill at its higher level, by skill id."""
    levels: dict[SkillId, int] = {}
    for wanted in (*first, *second):
        levels[wanted.skill_id] = max(wanted.level, levels.get(wanted.skill_id, 0))
    return tuple(SkillLevel(skill_id=skill_id, level=level) for skill_id, level in sorted(levels.items()))


def fit(asked: tuple[SkillLevel, ...], has: tuple[SkillLevel, ...]) -> int | None:
    """Σ of the levels in the skills asked for, or None when one of them is missing or too low."""
    levels = {skill.skill_id: skill.level for skill in has}
    total = 0
    for wanted in asked:
        level = levels.get(wanted.skill_id, 0)
        if level < wanted.level:
            return None
        total += level
    return total
