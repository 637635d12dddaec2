"""Where a callee is, and whether people may be called there now.

A number may tell several time zones (a mobile one of a large country): then all of them must allow the call. Pure.
Called while lists are read and by the feeder.
"""

from collections.abc import Collection, Mapping
from typing import Final

from phonenumbers import PhoneNumber
from phonenumbers import timezone as numbering

from cti.config import CallingHours
from cti.domain import hours
from cti.domain.events import HoursSet, OpenSpan
from cti.domain.ids import HoursId, Milliseconds

_UNKNOWN: Final = "Etc/Unknown"
_DAY_MINUTES: Final = 1440


def zones(number: str, parsed: PhoneNumber, *, named: Mapping[str, str], home: str) -> tuple[str, ...]:
    """Time zones (IANA) where the number (E.164, and the same parsed) may be, at least one.

    `named` are those that the centre file gives by the beginnings of numbers: the longest that fits goes before what
    the numbering plan says. `home` is for numbers of no known place.
    """
    fits = max((prefix for prefix in named if number.startswith(prefix)), key=len, default=None)
    if fits is not None:
        return (named[fits],)
    found = tuple(numbering.time_zones_for_number(parsed))
    return found if found and found != (_UNKNOWN,) else (home,)


class Hours:
    """One campaign's calling hours, anywhere."""

    def __init__(self, written: CallingHours | None) -> None:
        """None: at any time."""
        self._written = written
        self._by_zone: dict[str, HoursSet] = {}

    def allow(self, places: str, now: Milliseconds) -> bool:
        """Whether people may be called now in each of these zones, with spaces between."""
        written = self._written
        return written is None or all(hours.is_open(self._at(zone, written), now) for zone in places.split())

    def open_among(self, places: Collection[str], now: Milliseconds) -> tuple[str, ...]:
        """Those of the places where people may be called now."""
        return tuple(each for each in places if self.allow(each, now))

    def _at(self, zone: str, written: CallingHours) -> HoursSet:
        known = self._by_zone.get(zone)
        if known is None:
            known = self._by_zone[zone] = _hours_at(zone, written)
        return known


def _hours_at(zone: str, written: CallingHours) -> HoursSet:
    return HoursSet(
        hours_id=HoursId("calling"),
        tz=zone,
        weekly=tuple(
            OpenSpan(
                weekday=weekday,
                from_minute=span.start.hour * 60 + span.start.minute,
                to_minute=_DAY_MINUTES if span.end is None else span.end.hour * 60 + span.end.minute,
            )
            for weekday in range(7)
            for span in written.spans(weekday)
        ),
        holidays=written.holidays,
        closed_on=tuple(day.isoformat() for day in written.closed_on),
    )
