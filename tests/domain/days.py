"""Random days with everything in them (skills, steps, tiers, holds, interrupts), kept as in a journal."""

import random
from dataclasses import dataclass, field

from cti.domain.commands import StartTimer, StopTimer
from cti.domain.events import Event
from cti.domain.facts import Fact
from cti.domain.ids import Milliseconds
from tests.domain.test_router import Twins, decided


@dataclass(frozen=True, slots=True)
class Decided:
    """As much of an entry of the journal as those need who explain it."""

    number: int
    at_ms: Milliseconds
    facts: tuple[Fact, ...]


@dataclass
class Day(Twins):
    """The same day, decided by the product's router alone."""

    entries: list[Decided] = field(default_factory=list)

    def send(self, event: Event) -> None:
        decision = decided(self.fast, event, self.now)
        self.seen["events"] += 1
        facts = decision.facts if decision is not None else ()
        self.entries.append(Decided(self.fast.state.number, self.now, facts))
        if decision is None:
            return
        self.seen.update(type(fact).__name__ for fact in decision.facts)
        for command in decision.commands:
            if isinstance(command, StartTimer):
                self.timers[command.timer_id] = command.at_ms
            elif isinstance(command, StopTimer):
                self.timers.pop(command.timer_id, None)


def random_day(seed: int, *, events: int = 2_000, agents: int = 12) -> Day:
    day = Day(random.Random(seed), agents=agents)
    while day.seen["events"] < events:
        day.step()
    return day
