"""Who comes, when, how long he waits and how long he keeps an agent: drawn from a scenario's arrivals, seeded.

Each stream has a source of random numbers of its own for each purpose, and each contact takes exactly one number from
each of them, so that a change of one purpose, of another stream or of the agents leaves all other draws as they were.
Called by `cti.simulate.world`.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cti.domain.ids import Medium
from cti.simulate.distributions import NEVER
from cti.simulate.scenario import Arrivals, Made
from cti.simulate.written import DAY_S

_GOLDEN = 0.6180339887498949


@dataclass(slots=True, kw_only=True)
class Customer:
    """One who comes, and what he brings with him. Spans are in ms; `patience_ms` None: he never leaves."""

    at_ms: int
    """After the first midnight."""
    patience_ms: int | None
    service_ms: int
    wrap_up_ms: int
    agent_ends: bool
    wants_callback: bool
    """He takes it when it is offered."""
    luck: float
    """0–1: what his offers to agents depend on."""
    stream: int = 0
    offers: int = field(default=0)

    def next_luck(self) -> float:
        """For one more offer of his: spread evenly over 0–1, whatever their number."""
        self.offers += 1
        return (self.luck + self.offers * _GOLDEN) % 1.0


def streams(arrivals: Sequence[Arrivals], *, seed: str, begins: float, ends: float) -> list[Iterator[Customer]]:
    """The customers of each stream, by time; `begins` and `ends` in seconds after the first midnight."""
    names: dict[str, int] = {}
    made = []
    for number, stream in enumerate(arrivals):
        name = stream.name or f"{stream.queue}/{stream.medium}"
        names[name] = names.get(name, 0) + 1
        made.append(_customers(stream, number, seed=f"{seed}/{name}/{names[name]}", begins=begins, ends=ends))
    return made


def _customers(stream: Arrivals, number: int, *, seed: str, begins: float, ends: float) -> Iterator[Customer]:
    def source(purpose: str) -> random.Random:
        return random.Random(f"{seed}/{purpose}")

    patience, service, wrap_up = source("patience").random, source("service").random, source("wrap_up").random
    end, luck, callback = source("end").random, source("luck").random, source("callback").random
    for at_s in _instants(stream, source("arrival"), begins=begins, ends=ends):
        stays_s = stream.patience.at(patience())
        yield Customer(
            at_ms=round(at_s * 1000),
            patience_ms=None if stays_s == NEVER else max(1, round(stays_s * 1000)),
            service_ms=round(stream.service.at(service()) * 1000),
            wrap_up_ms=round(stream.wrap_up.at(wrap_up()) * 1000),
            agent_ends=stream.medium is not Medium.VOICE or end() < stream.agent_ends,
            wants_callback=callback() < stream.takes_callback,
            luck=luck(),
            stream=number,
        )


def made(given: Made, *, seed: str) -> Iterator[Customer]:
    """Those whom the ACD itself makes of lost contacts, without end."""
    source = random.Random(f"{seed}/made")
    while True:
        yield Customer(
            at_ms=0,
            patience_ms=None,
            service_ms=round(given.service.at(source.random()) * 1000),
            wrap_up_ms=round(given.wrap_up.at(source.random()) * 1000),
            agent_ends=True,
            wants_callback=False,
            luck=source.random(),
        )


def _instants(stream: Arrivals, source: random.Random, *, begins: float, ends: float) -> Iterator[float]:
    for _ in range(stream.at_start):
        yield begins
    if stream.at:
        yield from _recorded(stream, source, begins=begins, ends=ends)
    elif stream.per_hour is not None:
        yield from _poisson([(begins, stream.per_hour * stream.scale)], source, ends=ends)
    elif stream.per_hour_from:
        yield from _poisson(_rates(stream, begins=begins, ends=ends), source, ends=ends)


def _recorded(stream: Arrivals, source: random.Random, *, begins: float, ends: float) -> Iterator[float]:
    """Each as often as the scale says: its whole part always, one more with the chance of what is left."""
    whole, part = divmod(stream.scale, 1)
    for at_s in sorted(stream.at):
        times = int(whole) + (source.random() < part)
        if begins <= at_s < ends:
            yield from (at_s for _ in range(times))


def _rates(stream: Arrivals, *, begins: float, ends: float) -> list[tuple[float, float]]:
    """From when on which rate per hour, over all days."""
    daily = sorted(stream.per_hour_from.items())
    found: list[tuple[float, float]] = [(-math.inf, 0.0)]
    for day in range(int(begins // DAY_S), int(ends // DAY_S) + 1):
        midnight = float(day * DAY_S)
        if daily[0][0] > 0:
            found.append((midnight, 0.0))
        found += [(midnight + at_s, rate * stream.scale) for at_s, rate in daily]
    before = [rate for at_s, rate in found[1:] if at_s <= begins]
    return [
        (begins, before[-1] if before else 0.0),
        *((at_s, rate) for at_s, rate in found[1:] if begins < at_s < ends),
    ]


def _poisson(rates: list[tuple[float, float]], source: random.Random, *, ends: float) -> Iterator[float]:
    """A Poisson stream by inversion of the summed rate: one number a contact, whatever the rates.

    Çinlar, *Introduction to Stochastic Processes* (1975), ch. 4: unit-rate arrivals, their time stretched.
    """
    wanted = -math.log1p(-source.random())
    for place, (start, per_hour) in enumerate(rates):
        end = min(ends, rates[place + 1][0] if place + 1 < len(rates) else ends)
        rate = per_hour / 3600
        at_s = start
        while rate > 0 and at_s + wanted / rate < end:
            at_s += wanted / rate
            yield at_s
            wanted = -math.log1p(-source.random())
        wanted -= rate * max(0.0, end - at_s)
