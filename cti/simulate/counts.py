"""The figures of a queue, a medium or an agent, worked out of sums. Pure; `cti.simulate.figures` makes the sums.

Definitions are those of the project's reports: four service levels side by side, speed of answer without the IVR,
handling time with hold and wrap-up, occupancy in which ringing is not idle. A figure that has nothing to stand on (no
contact answered, nobody signed in) is absent.
"""

from dataclasses import dataclass, field, fields
from typing import Final

DEFINITIONS: Final = {
    "offered": "contacts queued",
    "answered": "contacts answered",
    "abandoned": "contacts whose customer left unanswered",
    "service_level_a": "answered in time / answered",
    "service_level_b": "answered in time / (answered + abandoned)",
    "service_level_c": "(answered + abandoned + callback requested, each in time) / queued",
    "service_level_d": "answered in time / (queued - abandoned in time)",
    "asa_s": "time in queue of those answered / answered",
    "wait_s": "time in queue of all / all that were answered or left",
    "delayed": "share of all that waited at all",
    "abandonment": "abandoned / queued",
    "short_abandonment": "abandoned within the short limit / queued",
    "longest_wait_s": "longest time in queue",
    "aht_s": "(talk + hold + wrap-up) / handled",
    "occupancy": "time on contacts / (time on contacts + ready and idle)",
    "utilisation": "time on contacts / signed-in time",
    "load": "capacity used / capacity, while signed in",
    "handled": "contacts handled",
}
"""Every figure by its key, and what it is."""

SHARES: Final = frozenset(
    key for key in DEFINITIONS if "level" in key or key in ("delayed", "occupancy", "utilisation", "load")
) | {"abandonment", "short_abandonment"}
"""Those between 0 and 1."""


@dataclass(slots=True, kw_only=True)
class Counts:
    """Sums over contacts; spans in ms."""

    offered: int = 0
    answered: int = 0
    answered_in_time: int = 0
    abandoned: int = 0
    abandoned_in_time: int = 0
    abandoned_short: int = 0
    callbacks: int = 0
    callbacks_in_time: int = 0
    delayed: int = 0
    waited_answered_ms: int = 0
    waited_ms: int = 0
    longest_wait_ms: int = 0
    handled: int = 0
    handling_ms: int = 0
    waits_ms: list[int] = field(default_factory=list)
    """Of those answered."""

    def add(self, other: "Counts") -> None:
        """Take over the other's sums."""
        for one in fields(self):
            name = one.name
            if name == "longest_wait_ms":
                self.longest_wait_ms = max(self.longest_wait_ms, other.longest_wait_ms)
            else:
                setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True, kw_only=True)
class Times:
    """How an agent, or many, spent the day; in ms."""

    signed_in_ms: int = 0
    on_contacts_ms: int = 0
    idle_ms: int = 0
    """Ready, and nothing offered or held."""
    load_percent_ms: int = 0
    """Percent of capacity used × ms."""

    def add(self, other: "Times") -> None:
        """Take over the other's sums."""
        self.signed_in_ms += other.signed_in_ms
        self.on_contacts_ms += other.on_contacts_ms
        self.idle_ms += other.idle_ms
        self.load_percent_ms += other.load_percent_ms


Figures = dict[str, float]


def of_contacts(counts: Counts) -> Figures:
    """The figures of contacts, by the keys of `DEFINITIONS`."""
    answered, abandoned, offered = counts.answered, counts.abandoned, counts.offered
    in_time, left_in_time = counts.answered_in_time, counts.abandoned_in_time
    found: Figures = {"offered": offered, "answered": answered, "abandoned": abandoned, "handled": counts.handled}
    for key, above, below in (
        ("service_level_a", in_time, answered),
        ("service_level_b", in_time, answered + abandoned),
        ("service_level_c", in_time + left_in_time + counts.callbacks_in_time, offered),
        ("service_level_d", in_time, offered - left_in_time),
        ("asa_s", counts.waited_answered_ms / 1000, answered),
        ("wait_s", counts.waited_ms / 1000, answered + abandoned),
        ("delayed", counts.delayed, answered + abandoned),
        ("abandonment", abandoned, offered),
        ("short_abandonment", counts.abandoned_short, offered),
        ("aht_s", counts.handling_ms / 1000, counts.handled),
    ):
        if below:
            found[key] = above / below
    if answered + abandoned:
        found["longest_wait_s"] = counts.longest_wait_ms / 1000
    return found


def of_times(times: Times) -> Figures:
    """Occupancy, utilisation and load."""
    found: Figures = {}
    if times.on_contacts_ms + times.idle_ms:
        found["occupancy"] = times.on_contacts_ms / (times.on_contacts_ms + times.idle_ms)
    if times.signed_in_ms:
        found["utilisation"] = times.on_contacts_ms / times.signed_in_ms
        found["load"] = times.load_percent_ms / 100 / times.signed_in_ms
    return found


def of_agent(counts: Counts, times: Times) -> Figures:
    """What one agent did."""
    found: Figures = {"handled": counts.handled}
    if counts.handled:
        found["aht_s"] = counts.handling_ms / 1000 / counts.handled
    return found | of_times(times)
