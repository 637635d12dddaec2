"""Who calls when, and what he presses: a Poisson process, the same for the same seed. Pure but for the seeded source.

Here: the plan of a run. Not here: making the calls (`cti.demo.traffic`). The numbers are the demo centre's own; a
caller's number occurs once in a plan, so that it tells whose call a phone has answered.
"""

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

HIGHEST_RATE: Final = 20.0
LONGEST_S: Final = 3600.0
CUSTOMERS: Final = tuple(f"+7916555{number:04}" for number in range(1, 201))
"""The numbers of the demo's customers."""
_KNOWN_SHARE: Final = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A way into the centre."""

    number: str
    digits: str
    project: str
    weight: int


DESTINATIONS: Final = (
    Destination(number="+78005550100", digits="1", project="telecom", weight=3),
    Destination(number="+78005550100", digits="2", project="telecom", weight=3),
    Destination(number="+78005550100", digits="0", project="telecom", weight=1),
    Destination(number="+78005550102", digits="", project="telecom", weight=3),
    Destination(number="+78005550201", digits="", project="clinic", weight=2),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One caller."""

    at_s: float
    """After the start of the run."""
    caller: str
    to: str
    digits: str
    digits_after_s: float
    """How long he listens to the menu before he presses."""


def plan(*, rate: float, duration_s: float, seed: int, projects: Collection[str]) -> list[Arrival]:
    """The callers of a run, by time: `rate` a second on average, for the projects that somebody works for."""
    source = random.Random(seed)
    destinations = [one for one in DESTINATIONS if one.project in projects]
    if not destinations:
        return []
    weights = [one.weight for one in destinations]
    callers = _callers(source)
    arrivals = []
    at_s = source.expovariate(rate)
    while at_s < duration_s:
        to = source.choices(destinations, weights)[0]
        arrivals.append(
            Arrival(
                at_s=at_s,
                caller=next(callers),
                to=to.number,
                digits=to.digits,
                digits_after_s=source.choice((1.0, 1.5, 2.0, 3.0)) if to.digits else 0.0,
            )
        )
        at_s += source.expovariate(rate)
    return arrivals


def _callers(source: random.Random) -> Iterator[str]:
    """Customers and strangers, each once."""
    known = source.sample(CUSTOMERS, len(CUSTOMERS))
    used: set[str] = set()
    while True:
        if known and source.random() < _KNOWN_SHARE:
            yield known.pop()
            continue
        stranger = f"+7926{source.randrange(10**7):07}"
        if stranger not in used:
            used.add(stranger)
            yield stranger
