"""When a customer may be called: now, or at one of the times that are offered. Pure.

A time is offered when the queue's own hours hold for the whole of it, it is within calling hours where the number is at
home, and fewer callbacks than `per_slot` are promised for it. Where a number is at home its own digits say
(`phonenumbers`); a mobile number of a wide country may be in many zones: then the visitor's browser says in which.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone

from cti.config.callback_pages import CallbackPage
from cti.domain import hours
from cti.domain.events import HoursSet
from cti.domain.ids import Milliseconds

SOONEST_MS: Final[Milliseconds] = 15 * 60_000
"""How far ahead the first time offered begins, at least; who wants it sooner asks for now."""
_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds for one page and one number."""

    page: CallbackPage
    hours: HoursSet | None
    """Of the queue; None: at any time."""
    zone: str
    """Where the number is at home."""


def may_call_at(rules: Rules, at_ms: Milliseconds) -> bool:
    """Whether this instant is within the queue's hours, and calling hours there."""
    return (rules.hours is None or hours.is_open(rules.hours, at_ms)) and _is_polite(rules, at_ms)


def offered(rules: Rules, *, now: Milliseconds, taken: Mapping[Milliseconds, int]) -> Iterator[Milliseconds]:
    """The beginnings of the times that may be chosen, in order; `taken` says how many are promised for each.

    Takes milliseconds to go through, the first time much longer: not on the loop.
    """
    return (at_ms for at_ms in _times(rules.page, now) if _has_room(rules, at_ms, taken))


def is_offered(rules: Rules, at_ms: Milliseconds, *, now: Milliseconds, taken: Mapping[Milliseconds, int]) -> bool:
    """Whether it is one of those that `offered` gives, without looking at the others."""
    return at_ms in _times(rules.page, now) and _has_room(rules, at_ms, taken)


def _times(page: CallbackPage, now: Milliseconds) -> range:
    step = page.slot_min * _MINUTE_MS
    return range(beginning(page, now + SOONEST_MS + step - 1), now + page.days_ahead * _DAY_MS, step)


def _has_room(rules: Rules, at_ms: Milliseconds, taken: Mapping[Milliseconds, int]) -> bool:
    if taken.get(at_ms, 0) >= rules.page.per_slot or not _is_polite(rules, at_ms):
        return False
    return rules.hours is None or _is_open_throughout(rules.hours, at_ms, rules.page.slot_min * _MINUTE_MS)


def beginning(page: CallbackPage, at_ms: Milliseconds) -> Milliseconds:
    """The beginning of the time that the instant falls in."""
    step = page.slot_min * _MINUTE_MS
    return at_ms - at_ms % step


def zone_of(number: str, *, browser: str, default: str) -> str:
    """The IANA zone where the number (E.164, "" when not known yet) is at home."""
    zones = timezone.time_zones_for_number(phonenumbers.parse(number)) if number else ()
    if len(zones) == 1 and _exists(zones[0]):
        return str(zones[0])
    if (not zones or browser in zones or "Etc/Unknown" in zones) and _exists(browser):
        return browser
    return default if default in zones or not zones or not _exists(zones[0]) else _nearest(zones, default)


def _nearest(zones: tuple[str, ...], default: str) -> str:
    """Of the zones those numbers may be in, the one whose clock is nearest to the centre's."""
    now = datetime.now(tz=UTC)

    def apart(name: str) -> timedelta:
        here, there = now.astimezone(ZoneInfo(default)).utcoffset(), now.astimezone(ZoneInfo(name)).utcoffset()
        assert here is not None
        assert there is not None
        return abs(here - there)

    return min((name for name in zones if _exists(name)), key=apart)


def _is_polite(rules: Rules, at_ms: Milliseconds) -> bool:
    at = (datetime.fromtimestamp(0, tz=UTC) + timedelta(milliseconds=at_ms)).astimezone(ZoneInfo(rules.zone)).time()
    span = rules.page.calling_hours
    return span.start <= at and (span.end is None or at < span.end)


@lru_cache(maxsize=16_384)
def _is_open_throughout(opening: HoursSet, at_ms: Milliseconds, step: Milliseconds) -> bool:
    return hours.is_open(opening, at_ms) and hours.closes_ms(opening, at_ms) >= at_ms + step


@lru_cache(maxsize=1024)
def _exists(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
