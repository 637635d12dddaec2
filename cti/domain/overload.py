"""Is the centre beyond what it can bear? Judged from measurements; pure. Called by `cti.engine.gate`.

Theory of operation. Each measurement is put in percent of its bound; the worst counts. For `after_ms` without a pause
at half a bound the centre is strained: what can wait has to. As long beyond a bound it is overloaded: new calls are
refused as well. Either ends only after `calm_ms` without a pause below half: so it does not flicker.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cti.domain.ids import Milliseconds

_HALF: Final = 50
_FULL: Final = 100


class Level(StrEnum):
    """How the centre stands."""

    CALM = "calm"
    STRAINED = "strained"
    """Letters, chats and requests wait or are asked to come back; calls are taken."""
    OVERLOADED = "overloaded"
    """New calls are refused, too."""


class Strain(StrEnum):
    """What is at its bound."""

    LOOP = "loop"
    """The engine's loop is late."""
    MAILBOX = "mailbox"
    """Events wait long to be decided."""
    JOURNAL = "journal"
    """The disk is slow."""
    SWITCH = "switch"
    """Asterisk answers late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The worst of the last second, each in ms."""

    loop: Milliseconds = 0
    mailbox: Milliseconds = 0
    journal: Milliseconds = 0
    switch: Milliseconds = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """From when on a measurement is too much, and for how long it must be so; ms, all above 0."""

    loop: Milliseconds
    mailbox: Milliseconds
    journal: Milliseconds
    switch: Milliseconds
    after_ms: Milliseconds
    calm_ms: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How the centre stands, and since when what may change that has been so."""

    level: Level = Level.CALM
    strain: Strain | None = None
    """What brought it there; None when calm."""
    percent: int = 0
    """Of the bound, the worst of the last measurements."""
    half_since_ms: Milliseconds | None = None
    full_since_ms: Milliseconds | None = None
    calm_since_ms: Milliseconds | None = None


def judge(before: Judgement, measured: Measured, bounds: Bounds, *, now: Milliseconds) -> Judgement:
    """How the centre stands with these measurements, made at `now`."""
    percent, strain = worst(measured, bounds)
    half = _since(before.half_since_ms, now) if percent >= _HALF else None
    full = _since(before.full_since_ms, now) if percent >= _FULL else None
    calm = _since(before.calm_since_ms, now) if percent < _HALF else None
    level, why = before.level, before.strain
    if full is not None and now - full >= bounds.after_ms:
        level, why = Level.OVERLOADED, strain if level is not Level.OVERLOADED else why
    elif half is not None and now - half >= bounds.after_ms and level is Level.CALM:
        level, why = Level.STRAINED, strain
    elif calm is not None and now - calm >= bounds.calm_ms:
        level, why = Level.CALM, None
    return Judgement(
        level=level, strain=why, percent=percent, half_since_ms=half, full_since_ms=full, calm_since_ms=calm
    )


def worst(measured: Measured, bounds: Bounds) -> tuple[int, Strain]:
    """The greatest share of a bound, in percent, and whose it is; of equals the first."""
    shares = {
        Strain.LOOP: measured.loop * 100 // bounds.loop,
        Strain.MAILBOX: measured.mailbox * 100 // bounds.mailbox,
        Strain.JOURNAL: measured.journal * 100 // bounds.journal,
        Strain.SWITCH: measured.switch * 100 // bounds.switch,
    }
    strain = max(shares, key=lambda one: shares[one])
    return shares[strain], strain


def _since(before: Milliseconds | None, now: Milliseconds) -> Milliseconds:
    return now if before is None else before
