"""Opening hours as events bring them: whether they are open at an instant, and when they open next.

The calendar itself is `cti.domain.schedule`. Called by `cti.domain.waiting` and `cti.domain.callbacks`.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from cti.domain import schedule
from cti.domain.events import HoursSet
from cti.domain.ids import Milliseconds

FURTHEST_DAYS: Final = 400
"""How far ahead an opening is looked for."""
_CLOSING_DAYS: Final = 8
"""How far ahead a closing is looked for; it is looked for again then."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MINUTES: Final = 1440


def is_open(hours: HoursSet, now: Milliseconds) -> bool:
    """Whether the instant lies within them."""
    return schedule.is_open(_calendar(hours), now)


def opens_ms(hours: HoursSet, now: Milliseconds) -> Milliseconds | None:
    """The instant from which they are open, `now` itself if they are; None: not within a year."""
    if is_open(hours, now):
        return now
    zone = ZoneInfo(hours.tz)
    today = (_EPOCH + timedelta(milliseconds=now)).astimezone(zone).date()
    for day in range(FURTHEST_DAYS):
        on = today + timedelta(days=day)
        for start in sorted(start for start, _ in _calendar(hours).spans(on.weekday())):
            at_ms = _instant_ms(on, start, zone)
            if at_ms > now and is_open(hours, at_ms):
                return at_ms
    return None


def closes_ms(hours: HoursSet, now: Milliseconds) -> Milliseconds:
    """An instant up to which they are open without a break: when they close next, if that is within a week or so.

    `now` itself when they are closed.
    """
    if not is_open(hours, now):
        return now
    zone = ZoneInfo(hours.tz)
    today = (_EPOCH + timedelta(milliseconds=now)).astimezone(zone).date()
    at_ms = now
    for day in range(_CLOSING_DAYS):
        on = today + timedelta(days=day)
        for end in sorted(end for _, end in _calendar(hours).spans(on.weekday()) if end is not None):
            at_ms = _instant_ms(on, end, zone)
            if at_ms > now and not is_open(hours, at_ms):
                return at_ms
        at_ms = _instant_ms(on + timedelta(days=1), time(0), zone)
        if not is_open(hours, at_ms):
            return at_ms
    return at_ms


def _instant_ms(on: date, at: time, zone: ZoneInfo) -> Milliseconds:
    return (datetime.combine(on, at, tzinfo=zone) - _EPOCH) // timedelta(milliseconds=1)


class _Calendar:
    """`schedule.Week` over the record of an event."""

    def __init__(self, hours: HoursSet) -> None:
        self._tz = hours.tz
        self._holidays = hours.holidays
        self._closed_on = tuple(date.fromisoformat(day) for day in hours.closed_on)
        self._weekly = hours.weekly

    @property
    def tz(self) -> str:
        return self._tz

    @property
    def holidays(self) -> str | None:
        return self._holidays

    @property
    def closed_on(self) -> tuple[date, ...]:
        return self._closed_on

    def spans(self, weekday: int) -> Sequence[tuple[time, time | None]]:
        return [
            (_time(span.from_minute), None if span.to_minute >= _DAY_MINUTES else _time(span.to_minute))
            for span in self._weekly
            if span.weekday == weekday
        ]


def _time(minute: int) -> time:
    return time(minute // 60, minute % 60)


@lru_cache(maxsize=64)
def _calendar(hours: HoursSet) -> _Calendar:
    return _Calendar(hours)
