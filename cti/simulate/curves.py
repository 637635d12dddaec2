"""The day cut into slots: how many waited and what agents did in each, as integrals over time. Pure.

`cti.simulate.figures` fills them, `cti.simulate.plots` draws them.
"""

from dataclasses import dataclass, field
from typing import Final

from cti.domain.ids import Milliseconds, QueueId

SLOTS: Final = 144
"""Into so many parts the day is cut for its curves."""


@dataclass(slots=True)
class Curves:
    """The day in slots of equal length: integrals over each, in ms × what is counted."""

    since_ms: Milliseconds
    slot_ms: float
    on_contacts: list[float] = field(default_factory=lambda: [0.0] * SLOTS)
    idle: list[float] = field(default_factory=lambda: [0.0] * SLOTS)
    signed_in: list[float] = field(default_factory=lambda: [0.0] * SLOTS)
    load: list[float] = field(default_factory=lambda: [0.0] * SLOTS)
    """In percent."""
    waiting: dict[QueueId, list[float]] = field(default_factory=dict)

    def add(self, other: "Curves") -> None:
        """Take over the other's integrals."""
        for mine, others in (
            (self.on_contacts, other.on_contacts),
            (self.idle, other.idle),
            (self.signed_in, other.signed_in),
            (self.load, other.load),
            *((self.waiting.setdefault(key, [0.0] * SLOTS), curve) for key, curve in other.waiting.items()),
        ):
            for slot, value in enumerate(others):
                mine[slot] += value

    def spread(self, curve: list[float], start: Milliseconds, end: Milliseconds, height: int) -> None:
        """Add `height` over that span of time to the slots that it touches."""
        slot_ms, since = self.slot_ms, self.since_ms
        first, last = int((start - since) / slot_ms), int((end - since) / slot_ms)
        if first == last:
            curve[first] += (end - start) * height
            return
        curve[first] += (since + (first + 1) * slot_ms - start) * height
        for slot in range(first + 1, last):
            curve[slot] += slot_ms * height
        if last < SLOTS:
            curve[last] += (end - since - last * slot_ms) * height
