"""When something is open: spans of a day, by the week, less holidays.

Whether it is open at a given moment is `cti.domain.schedule`'s to say.
"""

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Final, NamedTuple

from holidays.registry import COUNTRIES
from pydantic import AfterValidator, Field, PlainValidator

from cti import actions
from cti.config.flows import FlowAction
from cti.config.names import PromptName, TimeZone
from cti.config.record import Record

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])")


class Span(NamedTuple):
    """From `start` up to, not including, `end`; `end` is None for midnight."""

    start: time
    end: time | None


def _days(text: str) -> str:
    first, dash, last = text.partition("-")
    if first not in _DAYS or (dash and (last not in _DAYS or _DAYS.index(last) <= _DAYS.index(first))):
        raise ValueError(f"{text!r} is not a day or a run of days, such as 'mon' or 'mon-fri'")
    return text


def a_span(value: object) -> Span:
    """Read a span of a day. Raises ValueError."""
    if isinstance(value, tuple) and len(value) == 2:
        return Span(*value)
    parts = str(value).replace(" ", "").split("-")
    if len(parts) != 2 or not all(_CLOCK.fullmatch(part) for part in parts) or parts[0] >= parts[1]:
        raise ValueError(f"{value!r} is not a span such as '09:00-18:00' (at most '00:00-24:00')")
    if parts[1] > "24:00":
        raise ValueError(f"{value!r} ends after 24:00")
    return Span(time.fromisoformat(parts[0]), None if parts[1] == "24:00" else time.fromisoformat(parts[1]))


def a_date(value: object) -> date:
    """Read a day. Raises ValueError."""
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is not a date such as 2030-12-31") from None


def _country(code: str) -> str:
    if all(code != names[1] for names in COUNTRIES.values()):  # asking the library itself loads every calendar
        raise ValueError(f"there is no holiday calendar for {code!r}: write a country's two letters, such as RU")
    return code


Weekday = Annotated[str, AfterValidator(_days)]
"""A day or a run of days."""
HolidayCountry = Annotated[str, AfterValidator(_country)]


def spans_of(weekly: Mapping[str, Span], weekday: int) -> tuple[Span, ...]:
    """The spans of a weekday, 0 for Monday."""
    found = []
    for days, span in weekly.items():
        first, _, last = days.partition("-")
        if _DAYS.index(first) <= weekday <= _DAYS.index(last or first):
            found.append(span)
    return tuple(found)


class Hours(Record):
    """When something is open: `weekly` spans less public holidays and `closed_on`."""

    key: str
    tz: TimeZone
    weekly: Mapping[Weekday, Annotated[Span, PlainValidator(a_span)]] = Field(min_length=1)
    holidays: HolidayCountry | None = None
    closed_on: tuple[Annotated[date, PlainValidator(a_date)], ...] = ()
    open: FlowAction
    closed_prompt: PromptName
    closed: FlowAction = actions.HangUp()

    def spans(self, weekday: int) -> tuple[Span, ...]:
        """The spans of a weekday, 0 for Monday."""
        return spans_of(self.weekly, weekday)
