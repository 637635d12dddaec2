"""When a customer may be called: within the queue's hours, at a decent hour where he is, while there is room."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from cti.config.callback_pages import CallbackPage
from cti.domain.events import HoursSet, OpenSpan
from cti.domain.ids import HoursId
from cti.web.callback_times import SOONEST_MS, Rules, is_offered, may_call_at, offered, zone_of

MOSCOW = "Europe/Moscow"
HOUR_MS = 3_600_000
WEEKDAYS = HoursSet(
    hours_id=HoursId("telecom"),
    tz=MOSCOW,
    weekly=tuple(OpenSpan(weekday=day, from_minute=8 * 60, to_minute=20 * 60) for day in range(5)),
)


def page(**changed: object) -> CallbackPage:
    given = {"key": "shop", "name": {"en": "Call", "ru": "Звонок"}, "queue": "support", **changed}
    return CallbackPage.model_validate(given)


def at(day: int, hour: int, minute: int = 0, *, zone: str = MOSCOW) -> int:
    """An instant in the week of Monday, 7 January 2030."""
    return int(datetime(2030, 1, day, hour, minute, tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def clock(ms: int, zone: str = MOSCOW) -> str:
    return datetime.fromtimestamp(ms / 1000, tz=UTC).astimezone(ZoneInfo(zone)).strftime("%a %H:%M")


def test_times_lie_in_the_queue_s_hours_and_at_a_decent_hour_of_the_day() -> None:
    rules = Rules(page=page(slot_min=60, days_ahead=3), hours=WEEKDAYS, zone=MOSCOW)
    found = [clock(ms) for ms in offered(rules, now=at(10, 18, 30), taken={})]
    assert found == ["Thu 19:00", *(f"Fri {hour:02}:00" for hour in range(9, 20))]


def test_where_the_number_is_at_home_it_is_a_decent_hour_too() -> None:
    rules = Rules(page=page(slot_min=60, days_ahead=1), hours=WEEKDAYS, zone="Asia/Vladivostok")
    found = list(offered(rules, now=at(8, 0), taken={}))
    assert [clock(ms, "Asia/Vladivostok") for ms in found] == [f"Tue {hour}:00" for hour in range(15, 21)]
    assert not may_call_at(rules, at(8, 15))
    assert may_call_at(rules, at(8, 9))


def test_a_time_that_reaches_beyond_closing_is_not_offered() -> None:
    rules = Rules(page=page(slot_min=90, days_ahead=1), hours=WEEKDAYS, zone=MOSCOW)
    found = list(offered(rules, now=at(8, 6), taken={}))
    assert all(may_call_at(rules, ms) and may_call_at(rules, ms + 89 * 60_000) for ms in found)
    assert clock(found[-1]) == "Tue 18:00"


def test_a_time_is_offered_until_it_is_full_and_never_at_the_last_moment() -> None:
    rules = Rules(page=page(slot_min=30, per_slot=2), hours=None, zone=MOSCOW)
    now = at(8, 10, 10)
    first, second, *_ = offered(rules, now=now, taken={})
    assert first >= now + SOONEST_MS
    assert [clock(first), clock(second)] == ["Tue 10:30", "Tue 11:00"]
    assert next(iter(offered(rules, now=now, taken={first: 1}))) == first
    assert next(iter(offered(rules, now=now, taken={first: 2}))) == second


def test_a_page_has_no_more_times_than_can_be_looked_at() -> None:
    assert page(days_ahead=60, slot_min=30).days_ahead == 60
    with pytest.raises(ValueError, match="more than 3000 times"):
        page(days_ahead=60, slot_min=5)


def test_whether_a_time_is_offered_is_told_without_the_others() -> None:
    rules, now = Rules(page=page(days_ahead=3, per_slot=2), hours=WEEKDAYS, zone=MOSCOW), at(8, 10, 10)
    taken = {at(8, 14): 2}
    found = set(offered(rules, now=now, taken=taken))
    around = range(at(8, 0), at(12, 0), 15 * 60_000)
    assert {ms for ms in around if is_offered(rules, ms, now=now, taken=taken)} == found


@pytest.mark.parametrize(
    ("number", "browser", "zone"),
    [
        ("+74951234567", "Asia/Tokyo", MOSCOW),
        ("+442079460000", "", "Europe/London"),
        ("+79165550001", "Asia/Omsk", "Asia/Omsk"),
        ("+79165550001", "Asia/Tokyo", MOSCOW),
        ("+79165550001", "../../etc/passwd", MOSCOW),
        ("", "Asia/Omsk", "Asia/Omsk"),
        ("", "nowhere", MOSCOW),
    ],
)
def test_the_number_says_where_it_is_at_home_and_the_browser_only_where_the_number_cannot(
    number: str, browser: str, zone: str
) -> None:
    assert zone_of(number, browser=browser, default=MOSCOW) == zone


def test_of_many_zones_the_one_nearest_to_the_centre_counts() -> None:
    assert zone_of("+79165550001", browser="", default="Europe/Berlin") in ("Europe/Bucharest", "Europe/Moscow")
