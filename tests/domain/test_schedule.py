"""Opening hours: the wall clock of the zone decides, holidays and closed days win."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from cti import actions
from cti.config import Hours, Span
from cti.domain import schedule

HOURS = Hours(
    key="office",
    tz="Europe/Moscow",
    weekly={"mon-fri": Span(time(8), time(20)), "sat": Span(time(22), None)},
    holidays="RU",
    closed_on=(date(2030, 3, 5),),
    open=actions.ToMenu("main"),
    closed_prompt="closed",
)


def at(text: str, zone: str = "Europe/Moscow") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2030-03-04T07:59:59.999", False),
        ("2030-03-04T08:00", True),
        ("2030-03-04T19:59:59.999", True),
        ("2030-03-04T20:00", False),
        ("2030-03-05T12:00", False),  # closed_on
        ("2030-03-08T12:00", False),  # a public holiday in Russia, a Friday
        ("2030-03-07T12:00", True),
        ("2030-03-09T21:59", False),
        ("2030-03-09T23:59:59.999", True),  # until midnight
        ("2030-03-10T00:00", False),
    ],
)
def test_open_by_the_wall_clock_of_the_zone(when: str, *, is_open: bool) -> None:
    assert schedule.is_open(HOURS, at(when)) is is_open


def test_daylight_saving_moves_the_instant_not_the_wall_clock() -> None:
    berlin = HOURS.model_copy(update={"tz": "Europe/Berlin", "holidays": None})
    for day in ("2030-01-14", "2030-07-15"):
        assert schedule.is_open(berlin, at(f"{day}T08:00", "Europe/Berlin"))
        assert not schedule.is_open(berlin, at(f"{day}T07:59", "Europe/Berlin"))
    assert at("2030-01-14T08:00", "Europe/Berlin") % 86_400_000 != at("2030-07-15T08:00", "Europe/Berlin") % 86_400_000


def test_instants_before_1970_have_a_weekday_too() -> None:
    assert schedule.is_open(HOURS.model_copy(update={"holidays": None}), at("1969-12-29T12:00"))
