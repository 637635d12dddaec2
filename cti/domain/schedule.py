"""Is it open? Opening hours over an instant: weekly spans, public holidays and single closed days.

Pure: the instant is an argument. The IVR asks before a menu that depends on the time of day; the record that an admin
writes is `cti.config.Hours`, which has the shape of `Week`.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import holidays

from cti.domain.ids import Milliseconds

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Week(Protocol):
    """Opening hours; times of day are local to `tz`."""

    @property
    def tz(self) -> str:
        """IANA name of the time zone."""

    @property
    def holidays(self) -> str | None:
        """Two letters of the country whose public holidays are closed days."""

    @property
    def closed_on(self) -> tuple[date, ...]:
        """Closed days besides."""

    def spans(self, weekday: int) -> Sequence[tuple[time, time | None]]:
        """From–to of a weekday (0 is Monday); `to` is not included, None is midnight."""


def is_open(week: Week, instant_ms: Milliseconds) -> bool:
    """Is this instant (Unix time) within the hours, by the wall clock of their time zone?"""
    local = (_EPOCH + timedelta(milliseconds=instant_ms)).astimezone(ZoneInfo(week.tz))
    today, now = local.date(), local.time()
    if today in week.closed_on or (week.holidays is not None and today in _public_holidays(week.holidays, today.year)):
        return False
    return any(start <= now and (end is None or now < end) for start, end in week.spans(today.weekday()))


@lru_cache(maxsize=64)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    """A year's calendar takes milliseconds to make."""
    return frozenset(holidays.country_holidays(country, years=year))
