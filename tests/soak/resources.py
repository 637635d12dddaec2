"""What the parts of a centre hold while it works: memory, descriptors, threads, channels; and whether it grows.

Sampled from /proc and Asterisk's console, so nothing here asks the engine. A line is fitted by least squares through
the means of equal spans: neighbouring samples depend on each other, such means hardly do. Growth counts only when the
whole confidence interval lies above what is allowed.
"""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf, sqrt
from pathlib import Path
from typing import Final

from tests.running import RunningCentre

PARTS: Final = ("engine", "ivr", "asterisk")
EVERY_S: Final = 5.0
SPANS: Final = 12
"""Means through which the line goes."""
LIMITS: Final = {"memory, MB": 60.0, "descriptors": 20.0, "threads": 10.0, "channels": 20.0}
"""What may come to more in an hour: pools of SQLite and Asterisk go on filling for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """Of one measure of one part."""

    name: str
    first: float
    last: float
    per_hour: float
    margin: float
    """Half of the 95 % confidence interval; infinite when there are too few points."""
    limit: float

    @property
    def grows(self) -> bool:
        """Surely by more than it may."""
        return self.per_hour - self.margin > self.limit

    def __str__(self) -> str:
        verdict = "GROWS" if self.grows else "flat"
        between = f"{self.first:.0f} to {self.last:.0f}"
        growth = f"{self.per_hour:+8.1f} ± {self.margin:.1f} an hour"
        return f"{self.name:24} {between:14} {growth}, allowed {self.limit:g}: {verdict}"


@dataclass
class Resources:
    """Samples of a run; `watch` takes them until it is cancelled."""

    centre: RunningCentre
    samples: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))

    async def watch(self) -> None:
        """Sample for ever."""
        while True:
            await asyncio.to_thread(self._sample)
            await asyncio.sleep(EVERY_S)

    def _sample(self) -> None:
        at_s = time.monotonic()
        for part in PARTS:
            pid = self.centre.pid(part)
            status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
            self._put(f"{part}: memory, MB", at_s, _number(status, "VmRSS") / 1024)
            self._put(f"{part}: threads", at_s, _number(status, "Threads"))
            self._put(f"{part}: descriptors", at_s, len(list(Path(f"/proc/{pid}/fd").iterdir())))
        counted = re.search(r"(\d+) active channel", self.centre.console("core show channels count"))
        if counted is not None:
            self._put("asterisk: channels", at_s, int(counted[1]))

    def _put(self, name: str, at_s: float, value: float) -> None:
        self.samples[name].append((at_s, value))

    def slopes(self, *, warm_s: float) -> Iterator[Slope]:
        """Of each measure, the first `warm_s` seconds left out: caches fill then."""
        for name, samples in sorted(self.samples.items()):
            begun_s = samples[0][0] + warm_s
            points = means([sample for sample in samples if sample[0] >= begun_s], SPANS)
            if len(points) > 1:
                slope, margin = fitted(points)
                limit = LIMITS[name.partition(": ")[2]]
                yield Slope(
                    name=name,
                    first=points[0][1],
                    last=points[-1][1],
                    per_hour=3600 * slope,
                    margin=3600 * margin,
                    limit=limit,
                )


def _number(text: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
    assert found is not None, name
    return int(found[1])


def means(samples: Sequence[tuple[float, float]], spans: int) -> list[tuple[float, float]]:
    """Of so many runs of equal length; fewer when there are fewer samples."""
    size = max(1, len(samples) // spans)
    runs = [samples[first : first + size] for first in range(0, len(samples) - size + 1, size)]
    return [(sum(at for at, _ in run) / len(run), sum(value for _, value in run) / len(run)) for run in runs]


def fitted(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Slope of the least squares line, and half of its 95 % confidence interval (Student's t, n - 2 degrees)."""
    count = len(points)
    middle = sum(at for at, _ in points) / count
    mean = sum(value for _, value in points) / count
    spread = sum((at - middle) ** 2 for at, _ in points)
    slope = sum((at - middle) * (value - mean) for at, value in points) / spread
    if count < 3:
        return slope, inf
    rest = sum((value - mean - slope * (at - middle)) ** 2 for at, value in points)
    return slope, _student(count - 2) * sqrt(rest / (count - 2) / spread)


def _student(degrees: int) -> float:
    """The two-sided 95 % quantile; from 13 degrees on close enough to 2.1."""
    table = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179)
    return table[degrees - 1] if degrees <= len(table) else 2.16
