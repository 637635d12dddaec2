"""One self-contained HTML page with the curves of a simulated day: no script, no network, light and dark.

Here: what is drawn. The drawing itself, axes and paths as inline SVG, is `cti.simulate.drawing`.
"""

import html
from collections.abc import Sequence
from typing import Final

from cti.domain.ids import QueueId
from cti.simulate.counts import SHARES
from cti.simulate.curves import SLOTS, Curves
from cti.simulate.drawing import Axis, Line, chart
from cti.simulate.replications import Outcome, estimates

_POINTS: Final = 240
"""Of a distribution's curve."""
_SHOWN: Final = 0.995
"""Waits longer than this share of all are cut off at the right."""

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1f2933; --soft: #6b7785; --rule: #dde3ea; --paper: #ffffff; --card: #f7f9fb;
  --c0: #1f6feb; --c1: #d9480f; --c2: #2b8a3e; --c3: #862e9c; --c4: #0b7285; --c5: #a61e4d; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #93a1b0; --rule: #2b3440; --paper: #0d1117;
  --card: #151b23; --c0: #58a6ff; --c1: #ff922b; --c2: #51cf66; --c3: #da77f2; --c4: #3bc9db; --c5: #f783ac; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 0 0 2px; }
p { margin: 0 0 12px; color: var(--soft); }
figure { margin: 20px 0 0; padding: 16px 18px 10px; background: var(--card); border: 1px solid var(--rule);
  border-radius: 8px; }
figcaption p { margin-bottom: 6px; }
svg { display: block; width: 100%; height: auto; } svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
.grid { stroke: var(--rule); stroke-width: 1; } .axis { stroke: var(--soft); stroke-width: 1; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; } .mark { stroke-dasharray: 4 4; stroke-width: 1.5; }
.key { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 4px 0 2px; color: var(--ink); font-size: 13px; }
.key span::before { content: ""; display: inline-block; width: 14px; height: 3px; margin: 0 6px 3px 0;
  background: var(--colour); }
table { border-collapse: collapse; margin-top: 16px; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 10px; text-align: right; border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child { text-align: left; } th { color: var(--soft); font-weight: 600; }
"""
_TABLE: Final = (
    ("offered", "offered"),
    ("service_level_b", "service level B"),
    ("asa_s", "speed of answer"),
    ("abandonment", "abandoned"),
    ("aht_s", "handling time"),
)


def page(outcome: Outcome) -> str:
    """The page's HTML."""
    title = html.escape(outcome.scenario.name)
    figures = [_waits(outcome), *_days(outcome)]
    times = f"{outcome.replications} replication{'s' if outcome.replications != 1 else ''}"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width">\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n'
        f"<h1>{title}</h1>\n<p>{times}, {outcome.arrived} contacts, seed {outcome.seed}. Simulated by Triune.</p>\n"
        f"{_table(outcome)}\n{''.join(figures)}</main>\n</body>\n</html>\n"
    )


def _table(outcome: Outcome) -> str:
    rows = []
    for key, figures in [*outcome.queues.items(), ("all", outcome.total)]:
        found = estimates(figures)
        cells = []
        for name, _ in _TABLE:
            figure = found.get(name)
            value = "-" if figure is None else _value(name, figure.mean)
            half = "" if figure is None or figure.half is None else f" ± {_value(name, figure.half, unit=False)}"
            cells.append(f"<td>{value}{half}</td>")
        rows.append(f"<tr><td>{html.escape(str(key))}</td>{''.join(cells)}</tr>")
    head = "".join(f"<th>{title}</th>" for _, title in _TABLE)
    return f"<table><thead><tr><th>queue</th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _value(key: str, value: float, *, unit: bool = True) -> str:
    if key in SHARES:
        return f"{value * 100:.1f}{' %' if unit else ''}"
    return f"{value:.1f}{' s' if unit and key.endswith('_s') else ''}"


def _waits(outcome: Outcome) -> str:
    """The distribution of waits of each queue, its threshold marked."""
    lines, longest = [], 1.0
    for place, (key, waits_ms) in enumerate(sorted(outcome.waits_ms.items())):
        if waits_ms:
            ordered = sorted(waits_ms)
            limit_s = outcome.thresholds_ms.get(QueueId(key), 0) / 1000
            longest = max(longest, ordered[int(_SHOWN * (len(ordered) - 1))] / 1000)
            lines.append(Line(name=f"{key} (limit {limit_s:g} s)", colour=place, points=_shares(ordered), mark=limit_s))
    x = Axis(title="time in queue, s", low=0, high=longest)
    y = Axis(title="answered so soon", low=0, high=1, percent=True)
    return _figure(
        "How long those waited who were answered",
        "Share of answered contacts that waited no longer; dashed: the queue's service-level limit.",
        lines,
        chart(lines, x=x, y=y),
    )


def _shares(ordered_ms: Sequence[int]) -> list[tuple[float, float]]:
    """The empirical distribution function, thinned to what can be seen; flat past its end."""
    count = len(ordered_ms)
    places = sorted({round(number * (count - 1) / _POINTS) for number in range(_POINTS + 1)})
    at_once = sum(1 for wait in ordered_ms if wait <= 0) / count
    points = [(0.0, at_once), *((ordered_ms[place] / 1000, (place + 1) / count) for place in places)]
    return [*points, (10 * max(1.0, ordered_ms[-1] / 1000), 1.0)]


def _days(outcome: Outcome) -> list[str]:
    curves = outcome.curves
    if curves is None:
        return []
    scenario = outcome.scenario
    begins, ends = (scenario.begins + scenario.warm_up) / 3600, scenario.ends / 3600
    x = Axis(title="time of day", low=begins, high=ends, clock=True)
    hours = [begins + (slot + 0.5) * (ends - begins) / SLOTS for slot in range(SLOTS)]
    whole = curves.slot_ms * outcome.replications
    agents = [
        Line(name="signed in", colour=4, points=_over(hours, curves.signed_in, whole)),
        Line(name="on contacts", colour=1, points=_over(hours, curves.on_contacts, whole)),
        Line(name="ready and idle", colour=2, points=_over(hours, curves.idle, whole)),
    ]
    shares = [
        Line(name="occupancy", colour=0, points=_ratio(hours, curves.on_contacts, _both(curves), 1)),
        Line(name="load", colour=3, points=_ratio(hours, curves.load, curves.signed_in, 100)),
    ]
    waiting = [
        Line(name=key, colour=place, points=_over(hours, curve, whole))
        for place, (key, curve) in enumerate(sorted(curves.waiting.items()))
    ]
    return [
        _figure("How many wait", "Mean number of waiting contacts.", waiting, chart(waiting, x=x, y=_counted(waiting))),
        _figure("What agents do", "Mean number of agents.", agents, chart(agents, x=x, y=_counted(agents))),
        _figure(
            "Occupancy and load",
            "Time on contacts of that and idle time; capacity used of all capacity.",
            shares,
            chart(shares, x=x, y=Axis(title="share", low=0, high=1, percent=True)),
        ),
    ]


def _both(curves: Curves) -> list[float]:
    return [on + idle for on, idle in zip(curves.on_contacts, curves.idle, strict=True)]


def _over(hours: Sequence[float], curve: Sequence[float], whole: float) -> list[tuple[float, float]]:
    return [(hour, value / whole) for hour, value in zip(hours, curve, strict=True)]


def _ratio(
    hours: Sequence[float], above: Sequence[float], below: Sequence[float], scale: float
) -> list[tuple[float, float]]:
    return [(hour, up / down / scale) for hour, up, down in zip(hours, above, below, strict=True) if down > 0]


def _counted(lines: Sequence[Line]) -> Axis:
    highest = max((value for line in lines for _, value in line.points), default=0.0)
    return Axis(title="", low=0, high=max(highest * 1.05, 1e-3))


def _figure(title: str, words: str, lines: Sequence[Line], drawing: str) -> str:
    key = "".join(
        f'<span style="--colour: var(--c{line.colour % 6})">{html.escape(str(line.name))}</span>' for line in lines
    )
    return (
        f'<figure>\n<figcaption><h2>{html.escape(title)}</h2><p>{html.escape(words)}</p><div class="key">{key}</div>'
        f"</figcaption>\n{drawing}\n</figure>\n"
    )
