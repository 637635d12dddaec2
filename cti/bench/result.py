"""What a benchmark found, as `cti bench NAME --json` prints it; and the machine on which it was found."""

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

Goal = tuple[Literal[">=", "<="], float]

_HEADER: Final = "model name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Figures of one run; `met` when every goal is."""

    name: str
    figures: Mapping[str, float]
    goals: Mapping[str, Goal]
    """By the figure's key. A goal without its figure is not met."""
    notes: Sequence[str] = field(default=())
    """What a reader must know before he compares: sentences."""

    @property
    def met(self) -> bool:
        """Is every goal reached?"""
        return all(key in self.figures and reached(self.figures[key], goal) for key, goal in self.goals.items())

    def as_json(self) -> dict[str, object]:
        """The contract's form."""
        return {
            "name": self.name,
            "figures": dict(self.figures),
            "goals": {key: list(goal) for key, goal in self.goals.items()},
            "met": self.met,
            "machine": machine(),
            "notes": list(self.notes),
        }


def reached(figure: float, goal: Goal) -> bool:
    """Does the figure reach the goal?"""
    sign, wanted = goal
    return figure >= wanted if sign == ">=" else figure <= wanted


def machine() -> dict[str, object]:
    """Processor, cores, kernel and how busy it was: ratios travel, absolute times do not."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_1min": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    found = (line.partition(":")[2].strip() for line in lines if line.startswith(_HEADER))
    return next(found, platform.machine())


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all do not exceed (nearest rank). Raises ValueError when empty."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100).__int__() - 1)]


def spread(values: Sequence[float]) -> float:
    """Half the range relative to the median: how far single segments lie apart; 0 for one."""
    middle = statistics.median(values)
    return (max(values) - min(values)) / 2 / middle if middle else 0.0
