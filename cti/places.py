"""Where a number is called, and whether it may be called there now: calling hours by the clock on the callee's wall.

Pure. A numbering plan may leave the place open: a mobile number may be anywhere in its country. Then it must be calling
time in all of its time zones, unless the centre file (`calling.zones`) says where such numbers are. Called by
`cti.calling` for calls that agents ask for, and by whoever dials of his own accord.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as plans

from cti.config import CallingHours, Centre
from cti.domain import hours
from cti.domain.events import HoursSet, OpenSpan
from cti.domain.ids import HoursId, Milliseconds

_UNKNOWN_PLACE: Final = "Etc/Unknown"
_MINUTES_A_DAY: Final = 1440
_MOST_OPENINGS: Final = 60
"""How many openings of single zones are looked at for one of all together."""
_MOST_KEPT: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """It is no time to call there."""

    zone: str
    """One of the time zones where it is not."""
    opens_ms: Milliseconds | None
    """From when he may be called; None: not within a year."""

    def clock(self, at_ms: Milliseconds, form: str = "%H:%M") -> str:
        """An instant as the callee's clock shows it."""
        return datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(ZoneInfo(self.zone)).strftime(form)


class Places:
    """Knows where numbers are."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._hours: dict[tuple[int, str], tuple[CallingHours, HoursSet]] = {}

    def zones(self, number: str) -> tuple[str, ...]:
        """The time zones where this number (E.164) may be; the centre's own when no plan tells."""
        named = longest(number, self._centre.calling.zones)
        if named:
            return (self._centre.calling.zones[named],)
        try:
            found: tuple[str, ...] = plans.time_zones_for_number(phonenumbers.parse(number))
        except phonenumbers.NumberParseException:
            found = ()
        return (next(iter(self._centre.sites.values())).tz,) if found in ((), (_UNKNOWN_PLACE,)) else found

    def closed(self, number: str, written: CallingHours | None, now: Milliseconds) -> Closed | None:
        """Why it is no time to call this number (E.164); None when it is, as always where no hours are given."""
        if written is None:
            return None
        everywhere = [self._at(zone, written) for zone in self.zones(number)]
        shut = next((one for one in everywhere if not hours.is_open(one, now)), None)
        return None if shut is None else Closed(zone=shut.tz, opens_ms=_opens_ms(everywhere, now))

    def are_open(self, zones: Iterable[str], written: CallingHours | None, now: Milliseconds) -> bool:
        """Whether it is a time to call in every one of these time zones."""
        return written is None or all(hours.is_open(self._at(zone, written), now) for zone in zones)

    def _at(self, zone: str, written: CallingHours) -> HoursSet:
        key = (id(written), zone)
        known = self._hours.get(key)
        if known is None:
            if len(self._hours) >= _MOST_KEPT:
                self._hours.clear()
            known = self._hours[key] = (written, _hours_set(written, zone))  # holds it, so that its id stays its own
        return known[1]


def longest(number: str, prefixes: Iterable[str]) -> str:
    """The longest of these beginnings that the number has; "" when it has none."""
    return max((prefix for prefix in prefixes if number.startswith(prefix)), key=len, default="")


def _opens_ms(everywhere: Iterable[HoursSet], now: Milliseconds) -> Milliseconds | None:
    """The first instant at which all of them are open."""
    at_ms = now
    for _ in range(_MOST_OPENINGS):
        openings = [hours.opens_ms(one, at_ms) for one in everywhere]
        if None in openings:
            return None
        latest = max((opening for opening in openings if opening is not None), default=at_ms)
        if latest == at_ms:
            return at_ms
        at_ms = latest
    return None


def _hours_set(written: CallingHours, zone: str) -> HoursSet:
    return HoursSet(
        hours_id=HoursId("calling"),
        tz=zone,
        weekly=tuple(
            OpenSpan(
                weekday=weekday,
                from_minute=span.start.hour * 60 + span.start.minute,
                to_minute=_MINUTES_A_DAY if span.end is None else span.end.hour * 60 + span.end.minute,
            )
            for weekday in range(7)
            for span in written.spans(weekday)
        ),
        holidays=written.holidays,
        closed_on=tuple(day.isoformat() for day in written.closed_on),
    )
