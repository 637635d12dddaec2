"""The outcome of a simulation for people (rich tables) and for programs (JSON). Not here: the plots."""

from collections.abc import Mapping, Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from cti.simulate.counts import DEFINITIONS, SHARES, Figures
from cti.simulate.estimates import Estimate
from cti.simulate.replications import Estimates, Outcome, compared, differences, estimates

MOST_AGENTS: Final = 20
"""Of more agents than this the table shows none; JSON has them all."""

_COLUMNS: Final = (
    ("offered", "offered"),
    ("service_level_a", "SL A\n%"),
    ("service_level_b", "SL B\n%"),
    ("service_level_c", "SL C\n%"),
    ("service_level_d", "SL D\n%"),
    ("asa_s", "ASA\ns"),
    ("abandonment", "left\n%"),
    ("short_abandonment", "short\n%"),
    ("aht_s", "AHT\ns"),
)
_OF_AGENTS: Final = (
    ("handled", "handled"),
    ("aht_s", "AHT\ns"),
    ("occupancy", "occupancy\n%"),
    ("utilisation", "utilisation\n%"),
    ("load", "load\n%"),
)


def as_json(outcome: Outcome) -> dict[str, object]:
    """Every figure of every queue, medium and agent, with its interval."""
    return {
        "scenario": outcome.scenario.name,
        "seed": outcome.seed,
        "replications": outcome.replications,
        "confidence": 0.95,
        "definitions": DEFINITIONS,
        "thresholds_s": {key: limit / 1000 for key, limit in outcome.thresholds_ms.items()},
        "contacts": {
            "offered": outcome.arrived,
            "served": outcome.served,
            "abandoned": outcome.abandoned,
            "otherwise": outcome.otherwise,
            "left_over": outcome.left_over,
            "turned_away": outcome.turned_away,
        },
        "events": outcome.events,
        "refused": outcome.refused,
        "figures": {
            "total": _estimates_as_json(estimates(outcome.total)),
            **{
                name: {key: _estimates_as_json(estimates(figures)) for key, figures in part.items()}
                for name, part in _parts(outcome)
            },
        },
    }


def comparison_as_json(before: Outcome, after: Outcome) -> dict[str, object]:
    """Both outcomes, and the paired differences `after` less `before`."""
    return {
        "before": as_json(before),
        "after": as_json(after),
        "differences": differences_as_json(before, after),
    }


def differences_as_json(before: Outcome, after: Outcome) -> dict[str, object]:
    """The paired differences of all, and of those queues, media and agents that both have."""
    return {
        "total": _estimates_as_json(differences(before.total, after.total)),
        **{
            name: {key: _estimates_as_json(found) for key, found in compared(mine, its).items()}
            for (name, mine), (_, its) in zip(_parts(before), _parts(after), strict=True)
        },
    }


def show(outcome: Outcome, console: Console) -> None:
    """Tables for people."""
    console.print(_contacts(outcome))
    console.print(_agents(outcome))
    limits = ", ".join(f"{key} {limit / 1000:g} s" for key, limit in outcome.thresholds_ms.items())
    console.print(
        f"SL A: {DEFINITIONS['service_level_a']} · B: {DEFINITIONS['service_level_b']} · "
        f"C: {DEFINITIONS['service_level_c']} · D: {DEFINITIONS['service_level_d']}. In time: {limits}. "
        f"ASA: {DEFINITIONS['asa_s']}. Occupancy: {DEFINITIONS['occupancy']}; ringing is neither.",
        style="dim",
    )
    console.print(
        f"{outcome.arrived} contacts = {outcome.served} served + {outcome.abandoned} abandoned + "
        f"{outcome.otherwise} ended otherwise + {outcome.left_over} left over; "
        f"{outcome.events} events, {outcome.refused} refused; seed {outcome.seed}. "
        f"± is half a 95 % confidence interval over {outcome.replications} replications.",
        style="dim",
    )


def show_comparison(before: Outcome, after: Outcome, console: Console) -> None:
    """The paired differences; what may be chance is dimmed."""
    names = (f"{before.scenario.name} (a)", f"{after.scenario.name} (b)")
    table = Table(title=f"{names[1]} less {names[0]}, {before.replications} pairs, 95 % intervals")
    for column in ("", "figure", "a", "b", "b - a", "±"):
        table.add_column(column, justify="left" if column in ("", "figure") else "right")
    for scope, first, second in _scopes(before, after):
        found, mine, its = differences(first, second), estimates(first), estimates(second)
        for key in DEFINITIONS:
            if key in found:
                difference = found[key]
                table.add_row(
                    scope,
                    key,
                    _number(key, mine[key].mean),
                    _number(key, its[key].mean),
                    _number(key, difference.mean, sign=True),
                    "-" if difference.half is None else _number(key, difference.half),
                    style=None if difference.is_certain_of_sign else "dim",
                )
        table.add_section()
    console.print(table)
    console.print("Dim: 0 lies within the interval, so the difference may be chance.", style="dim")


def show_validation(rows: Mapping[str, tuple[Figures, Sequence[Figures]]], console: Console) -> None:
    """What was measured beside what the fitted day gives, per line."""
    table = Table(title="What was measured, and what the same day gives when it is simulated")
    for column in ("", "figure", "measured", "simulated", "±"):
        table.add_column(column, justify="left" if column in ("", "figure") else "right")
    for scope, (measured, simulated) in rows.items():
        found = estimates(simulated)
        for key in VALIDATED:
            if key in measured and key in found:
                half = found[key].half
                table.add_row(
                    scope,
                    key,
                    _number(key, measured[key]),
                    _number(key, found[key].mean),
                    "-" if half is None else _number(key, half),
                )
        table.add_section()
    console.print(table)
    console.print(
        "± tells the chance of the simulation alone: the day that was measured is one draw itself.", style="dim"
    )


def validation_as_json(rows: Mapping[str, tuple[Figures, Sequence[Figures]]]) -> dict[str, object]:
    """The same for programs."""
    return {
        scope: {"measured": measured, "simulated": _estimates_as_json(estimates(simulated))}
        for scope, (measured, simulated) in rows.items()
    }


VALIDATED: Final = ("offered", "service_level_a", "service_level_b", "asa_s", "abandonment", "aht_s", "occupancy")


def _contacts(outcome: Outcome) -> Table:
    table = _table(f"{outcome.scenario.name}: {outcome.replications} × {outcome.scenario.lasts / 3600:.4g} h", _COLUMNS)
    sections: list[dict[str, list[Figures]]] = [outcome.queues, outcome.media, {"all": outcome.total}]
    for section in sections:
        for key, figures in section.items():
            _add(table, key, estimates(figures), _COLUMNS)
        table.add_section()
    return table


def _agents(outcome: Outcome) -> Table:
    table = _table("Agents, mean of a day", _OF_AGENTS)
    if len(outcome.agents) <= MOST_AGENTS:
        for key, figures in outcome.agents.items():
            _add(table, key, estimates(figures), _OF_AGENTS)
        table.add_section()
    _add(table, f"all {len(outcome.agents)}", estimates(outcome.total), _OF_AGENTS)
    return table


def _table(title: str, columns: Sequence[tuple[str, str]]) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", vertical="bottom")
    for _, name in columns:
        table.add_column(name, justify="right")
    return table


def _add(table: Table, name: str, found: Estimates, columns: Sequence[tuple[str, str]]) -> None:
    """A line of means, and below it the halves of their intervals."""
    shown = [found.get(key) for key, _ in columns]
    means = (
        "-" if one is None else _number(key, one.mean, unit=False) for (key, _), one in zip(columns, shown, strict=True)
    )
    table.add_row(name, *means)
    if any(one is not None and one.half is not None for one in shown):
        halves = (
            "" if one is None or one.half is None else f"±{_number(key, one.half, unit=False)}"
            for (key, _), one in zip(columns, shown, strict=True)
        )
        table.add_row("", *halves, style="dim")


def _number(key: str, value: float, *, sign: bool = False, unit: bool = True) -> str:
    plus = "+" if sign else ""
    if key in SHARES:
        return f"{value * 100:{plus}.1f}{' %' if unit else ''}"
    return f"{value:{plus}.1f}{' s' if unit and key.endswith('_s') else ''}"


def _parts(outcome: Outcome) -> tuple[tuple[str, dict[str, list[Figures]]], ...]:
    return (("queues", outcome.queues), ("media", outcome.media), ("agents", outcome.agents))


def _scopes(before: Outcome, after: Outcome) -> list[tuple[str, list[Figures], list[Figures]]]:
    shared = [
        (str(key), figures, after.queues[key])
        for key, figures in before.queues.items()
        if key in after.queues and len(figures) == len(after.queues[key])
    ]
    return [*shared, ("all", before.total, after.total)]


def _estimates_as_json(found: Estimates) -> dict[str, object]:
    return {key: _estimate_as_json(figure) for key, figure in found.items()}


def _estimate_as_json(figure: Estimate) -> dict[str, object]:
    half = figure.half
    return {
        "mean": figure.mean,
        "low": None if half is None else figure.mean - half,
        "high": None if half is None else figure.mean + half,
        "replications": figure.replications,
    }
