"""A scenario played as often as it says, each time with random numbers of its own, and two scenarios compared in step.

The k-th replication of any scenario with the same seed draws the same numbers, so the differences of two scenarios are
paired. Called by `cti.simulate.commands` and tests.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cti.domain.ids import QueueId
from cti.simulate.counts import Figures
from cti.simulate.curves import Curves
from cti.simulate.estimates import Estimate, estimate
from cti.simulate.figures import Report, Tally
from cti.simulate.scenario import Scenario
from cti.simulate.world import Played, Sink, World

Estimates = dict[str, Estimate]
Watch = Callable[[int, float], None]
"""Called now and then with the replication, from 0, and the share of it that is done."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """All replications of a scenario."""

    scenario: Scenario
    seed: int
    total: list[Figures] = field(default_factory=list)
    queues: dict[str, list[Figures]] = field(default_factory=dict)
    media: dict[str, list[Figures]] = field(default_factory=dict)
    agents: dict[str, list[Figures]] = field(default_factory=dict)
    arrived: int = 0
    served: int = 0
    abandoned: int = 0
    otherwise: int = 0
    left_over: int = 0
    turned_away: int = 0
    events: int = 0
    refused: int = 0
    waits_ms: dict[str, list[int]] = field(default_factory=dict)
    thresholds_ms: dict[QueueId, int] = field(default_factory=dict)
    curves: Curves | None = None

    @property
    def replications(self) -> int:
        """How many were played."""
        return len(self.total)

    def add(self, report: Report, played: Played) -> None:
        """Take one more replication in."""
        self.total.append(report.total)
        for mine, its in ((self.queues, report.queues), (self.media, report.media), (self.agents, report.agents)):
            for key, figures in its.items():
                mine.setdefault(key, []).append(figures)
        self.arrived += report.arrived
        self.served += report.served
        self.abandoned += report.abandoned
        self.otherwise += report.otherwise
        self.left_over += report.left_over
        self.turned_away += played.turned_away
        self.events += played.events
        self.refused += played.refused
        for key, waits in report.waits_ms.items():
            self.waits_ms.setdefault(key, []).extend(waits)
        self.thresholds_ms.update(report.thresholds_ms)
        if self.curves is None:
            self.curves = report.curves
        else:
            self.curves.add(report.curves)


class NotConserved(AssertionError):
    """Contacts were lost or counted twice: a bug of the simulator or the core, never of a scenario."""


def play_once(
    scenario: Scenario,
    *,
    seed: int,
    replication: int = 0,
    sink: Sink | None = None,
    watch: Callable[[float], None] | None = None,
) -> tuple[Report, Played]:
    """One replication. Raises NotConserved."""
    first = scenario.midnight_ms + round(scenario.begins * 1000)
    tally = Tally(
        since_ms=first + round(scenario.warm_up * 1000),
        until_ms=first + round(scenario.lasts * 1000),
        short_ms=round(scenario.short_abandon * 1000),
    )
    world = World(scenario, seed=f"{seed}/{replication}", take=tally.take, sink=sink, watch=watch)
    played = world.play()
    report = tally.report(first + round((scenario.lasts + scenario.drain) * 1000))
    queued = played.arrived - played.turned_away + played.made
    if not report.conserved or queued != report.arrived or played.left_over != report.left_over:
        raise NotConserved(
            f"{queued} came or were made, {report.arrived} were queued: {report.served} served, {report.abandoned} "
            f"abandoned, {report.otherwise} ended otherwise, {report.left_over} left over in the figures and "
            f"{played.left_over} in the state"
        )
    return report, played


def play(
    scenario: Scenario,
    *,
    seed: int | None = None,
    replications: int | None = None,
    sink: Sink | None = None,
    watch: Watch | None = None,
) -> Outcome:
    """All replications; `sink` gets the entries of the first. Raises NotConserved."""
    outcome = Outcome(scenario=scenario, seed=scenario.seed if seed is None else seed)
    for number in range(scenario.replications if replications is None else replications):

        def told(passed_s: float, number: int = number) -> None:
            if watch is not None:
                watch(number, min(1.0, passed_s / scenario.lasts))

        outcome.add(
            *play_once(
                scenario,
                seed=outcome.seed,
                replication=number,
                sink=sink if number == 0 else None,
                watch=told if watch is not None else None,
            )
        )
        told(scenario.lasts)
    return outcome


def estimates(replications: Sequence[Figures]) -> Estimates:
    """Each figure's mean and interval; a replication that has no such figure is left out of it."""
    keys = dict.fromkeys(key for figures in replications for key in figures)
    return {key: estimate([figures[key] for figures in replications if key in figures]) for key in keys}


def differences(before: Sequence[Figures], after: Sequence[Figures]) -> Estimates:
    """Each figure's paired difference, `after` less `before`."""
    pairs = list(zip(before, after, strict=True))
    keys = dict.fromkeys(key for first, second in pairs for key in first if key in second)
    return {
        key: estimate([second[key] - first[key] for first, second in pairs if key in first and key in second])
        for key in keys
    }


def compared(before: Mapping[str, list[Figures]], after: Mapping[str, list[Figures]]) -> dict[str, Estimates]:
    """The differences of those queues, media or agents that both have."""
    return {
        key: differences(figures, after[key])
        for key, figures in before.items()
        if key in after and len(figures) == len(after[key])
    }
