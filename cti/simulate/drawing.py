"""Line charts as inline SVG: axes with round ticks, lines, dashed marks. Pure; colours are the page's variables."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_WIDTH: Final = 900
_HEIGHT: Final = 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 26, 10, 40
_TICKS: Final = 7
_HOURS: Final = (0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 168)
COLOURS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What one direction means; `high` must lie above `low`."""

    title: str
    low: float
    high: float
    percent: bool = False
    clock: bool = False
    """Hours of a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One curve; points by x. `mark` is where a dashed upright stands."""

    name: str
    colour: int
    points: Sequence[tuple[float, float]]
    mark: float | None = None


def chart(lines: Sequence[Line], *, x: Axis, y: Axis) -> str:
    """The SVG element."""
    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{html.escape(y.title or x.title)}">']
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    for tick in _ticks(y):
        at = _place(tick, y, bottom, _TOP)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{at}" y2="{at}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{_label(tick, y)}</text>')
    for tick in _ticks(x):
        at = _place(tick, x, _LEFT, right)
        parts.append(f'<line class="axis" x1="{at}" x2="{at}" y1="{bottom}" y2="{bottom + 4}"/>')
        parts.append(f'<text x="{at}" y="{bottom + 18}" text-anchor="middle">{_label(tick, x)}</text>')
    parts.append(f'<line class="axis" x1="{_LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    if x.title:
        parts.append(f'<text x="{right}" y="{_HEIGHT - 5}" text-anchor="end">{html.escape(x.title)}</text>')
    for line in lines:
        colour = f"var(--c{line.colour % COLOURS})"
        if line.mark is not None and x.low <= line.mark <= x.high:
            at = _place(line.mark, x, _LEFT, right)
            parts.append(f'<line class="mark" stroke="{colour}" x1="{at}" x2="{at}" y1="{_TOP}" y2="{bottom}"/>')
        points = " ".join(
            f"{_place(along, x, _LEFT, right)},{_place(up, y, bottom, _TOP)}" for along, up in _within(line.points, x)
        )
        parts.append(f'<polyline class="line" stroke="{colour}" points="{points}"/>')
    parts.append("</svg>")
    return "\n".join(parts)


def _within(points: Sequence[tuple[float, float]], x: Axis) -> list[tuple[float, float]]:
    """The part of the curve on the axis, cut at its right end."""
    kept: list[tuple[float, float]] = []
    for along, up in points:
        if along > x.high:
            if kept:
                before, low = kept[-1]
                share = (x.high - before) / (along - before) if along > before else 0.0
                kept.append((x.high, low + share * (up - low)))
            break
        kept.append((along, up))
    return kept


def _place(value: float, axis: Axis, start: float, end: float) -> float:
    return round(start + (min(value, axis.high) - axis.low) / (axis.high - axis.low) * (end - start), 1)


def _ticks(axis: Axis) -> list[float]:
    step = _clock_step(axis) if axis.clock else _round_step((axis.high - axis.low) / _TICKS)
    first = math.ceil(axis.low / step - 1e-9)
    return [number * step for number in range(first, int(axis.high / step + 1e-9) + 1)]


def _round_step(least: float) -> float:
    """The next of 1, 2, 5 × a power of ten."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.999)


def _clock_step(axis: Axis) -> float:
    span = axis.high - axis.low
    return next((step for step in _HOURS if span / step <= 13), _HOURS[-1])


def _label(tick: float, axis: Axis) -> str:
    if axis.percent:
        return f"{tick * 100:.0f} %"
    if axis.clock:
        day, minutes = divmod(round(tick * 60), 24 * 60)
        clock = f"{minutes // 60:02}:{minutes % 60:02}"
        return f"day {day + 1} {clock}" if axis.high > 24 + 12 else clock
    return f"{tick:g}" if abs(tick) >= 1e-9 else "0"
