"""Days as the centre counts them: from midnight to midnight at its first site."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from cti.config import Centre
from cti.domain.ids import Milliseconds


def zone(centre: Centre) -> ZoneInfo:
    """Of the centre's first site."""
    return ZoneInfo(next(iter(centre.sites.values())).tz)


def of(at_ms: Milliseconds, where: ZoneInfo) -> date:
    """The day of that instant."""
    return datetime.fromtimestamp(at_ms / 1000, tz=where).date()


def midnight_ms(day: date, where: ZoneInfo) -> Milliseconds:
    """When it begins."""
    return round(datetime.combine(day, time(), tzinfo=where).astimezone(UTC).timestamp() * 1000)
