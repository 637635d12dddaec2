"""Counters, gauges and histograms, and their text for Prometheus.

Here: one small registry that any part may count in; no part needs a library for it. Not here: what is measured. The
engine, the hub and `cti.web.health` count; `GET /metrics` renders. Not for threads: count on the loop only.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

LATENCY_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)

Labels = tuple[tuple[str, str], ...]


class Counter:
    """A number that only grows, one per set of labels."""

    kind: Final = "counter"

    def __init__(self) -> None:
        self._values: dict[Labels, float] = {}

    def add(self, amount: float = 1, **labels: str) -> None:
        """Count `amount` (not negative) more."""
        key = tuple(sorted(labels.items()))
        self._values[key] = self._values.get(key, 0) + amount

    def value(self, **labels: str) -> float:
        """What was counted so far; 0 when nothing was."""
        return self._values.get(tuple(sorted(labels.items())), 0)

    def lines(self, name: str) -> Iterable[str]:
        """The exposition lines."""
        return [_line(name, key, value) for key, value in (self._values or {(): 0.0}).items()]


class Gauge:
    """A number that is asked for at each scrape: `read` returns it, or one for each value of a label."""

    kind: Final = "gauge"

    def __init__(self, read: Callable[[], float | Mapping[str, float]], label: str = "kind") -> None:
        self._read = read
        self._label = label

    def lines(self, name: str) -> Iterable[str]:
        """The exposition lines."""
        value = self._read()
        if isinstance(value, Mapping):
            return [_line(name, ((self._label, key),), number) for key, number in value.items()]
        return [_line(name, (), value)]


class Histogram:
    """How often a span fell into which bucket; spans in seconds."""

    kind: Final = "histogram"

    def __init__(self, buckets: tuple[float, ...] = LATENCY_BUCKETS_S) -> None:
        self._bounds = buckets
        self._counts = [0] * (len(buckets) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one span."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def lines(self, name: str) -> Iterable[str]:
        """The exposition lines, buckets cumulated as the format wants."""
        total = 0
        found = []
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            found.append(_line(f"{name}_bucket", (("le", bound),), total))
        return [*found, _line(f"{name}_sum", (), self._sum), _line(f"{name}_count", (), total)]


_I = TypeVar("_I", Counter, Gauge, Histogram)


class Metrics:
    """The registry: a name, its help and its instrument. Asking for a known name gives the instrument there is."""

    def __init__(self) -> None:
        self._instruments: dict[str, tuple[str, Counter | Gauge | Histogram]] = {}

    def counter(self, name: str, about: str) -> Counter:
        """A counter; its name ends in `_total`."""
        return self._keep(name, about, Counter())

    def histogram(self, name: str, about: str) -> Histogram:
        """A histogram; its name ends in `_seconds`."""
        return self._keep(name, about, Histogram())

    def gauge(
        self, name: str, about: str, read: Callable[[], float | Mapping[str, float]], *, label: str = "kind"
    ) -> None:
        """A gauge, read at each scrape on the loop, so it must be quick; the last one given counts."""
        self._instruments.pop(name, None)
        self._keep(name, about, Gauge(read, label))

    def text(self) -> str:
        """Everything in Prometheus' text format, version 0.0.4."""
        lines: list[str] = []
        for name, (about, instrument) in self._instruments.items():
            lines += [f"# HELP {name} {about}", f"# TYPE {name} {instrument.kind}", *instrument.lines(name)]
        return "\n".join(lines) + "\n"

    def _keep(self, name: str, about: str, instrument: _I) -> _I:
        _, kept = self._instruments.setdefault(name, (about, instrument))
        if not isinstance(kept, type(instrument)):
            raise TypeError(f"{name} is a {kept.kind}")
        return kept


def _line(name: str, labels: Labels, value: float) -> str:
    shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
    return f"{name}{{{shown}}} {value:.12g}" if shown else f"{name} {value:.12g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
