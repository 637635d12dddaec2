"""A list as a CSV file: its text decoded, its columns named, its lines turned into leads, each mistake by its line.

Here: what can be told from the file and the centre file alone. Not here: which numbers the campaign has already and
which are not to be called (`ports.campaigns.Leads`). Pure; called by `cti.campaigns.importing`.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import PhoneNumber

from cti.callable import may_be_called
from cti.calling import is_denied
from cti.config import Centre, Language
from cti.domain.ids import Milliseconds
from cti.errors import RuleError
from cti.places import Places
from cti.ports import Role
from cti.ports.campaigns import NewLead, RowError

MOST_TIER: Final = 10
_LONGEST_NAME: Final = 200
_LONGEST_VALUE: Final = 1000
_MOST_COLUMNS: Final = 30
_LONGEST_LINE: Final = 64 * 1024


class Column(StrEnum):
    """What a list may say of a lead besides what only agents read."""

    NUMBER = "number"
    NAME = "name"
    LANGUAGE = "language"
    TIER = "tier"
    NOT_BEFORE = "not_before"
    ZONE = "zone"


_USUAL: Final[Mapping[str, Column]] = {
    **{column.value: column for column in Column},
    "phone": Column.NUMBER,
    "telephone": Column.NUMBER,
    "телефон": Column.NUMBER,
    "номер": Column.NUMBER,
    "имя": Column.NAME,
    "фио": Column.NAME,
    "язык": Column.LANGUAGE,
    "time_zone": Column.ZONE,
}
"""Headings that need no word of the admin, in small letters."""


class RowProblem(StrEnum):
    """Why a line is not entered."""

    NO_NUMBER = "no_number"
    BAD_NUMBER = "bad_number"
    MAY_NOT_BE_CALLED = "may_not_be_called"
    TWICE = "twice"
    DO_NOT_CALL = "do_not_call"
    BAD_LANGUAGE = "bad_language"
    BAD_TIER = "bad_tier"
    BAD_TIME = "bad_time"
    BAD_ZONE = "bad_zone"
    TOO_LONG = "too_long"
    BROKEN = "broken"


SENTENCES: Final[Mapping[RowProblem, str]] = {
    RowProblem.NO_NUMBER: "has no number",
    RowProblem.BAD_NUMBER: "is no possible number: write it in full with +, such as +79165550001",
    RowProblem.MAY_NOT_BE_CALLED: "may not be called: it costs extra, or its country is not among those called",
    RowProblem.TWICE: "stands in the file already",
    RowProblem.DO_NOT_CALL: "is not to be called",
    RowProblem.BAD_LANGUAGE: "has a language that is neither en nor ru",
    RowProblem.BAD_TIER: f"has a tier that is no whole number from 0 to {MOST_TIER}",
    RowProblem.BAD_TIME: "has a not_before that is no time such as 2030-12-31 or 2030-12-31T09:00",
    RowProblem.BAD_ZONE: "has a zone that is no time zone such as Europe/Moscow",
    RowProblem.TOO_LONG: "has a field that is too long",
    RowProblem.BROKEN: "is no line of a CSV file, or has more fields than the heading",
}


def error(line: int, problem: RowProblem) -> RowError:
    """The error of a line, in words; a number is never in them."""
    return RowError(line=line, code=problem.value, sentence=SENTENCES[problem])


def decoded(content: bytes) -> tuple[str, str]:
    """The text of a file and its encoding: UTF-8, else taken for Windows-1251. Raises RuleError when it is no text."""
    for encoding in ("utf-8-sig", "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1251"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, encoding.removesuffix("-sig")
    raise RuleError("The file is no text: save it as CSV (UTF-8).", code="not_a_list")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """Which field of a line is what."""

    delimiter: str
    by_column: Mapping[Column, int]
    others: Mapping[int, str]
    """Fields that only agents read, by their place."""
    width: int


def heading(text: str, *, named: Mapping[Column, str]) -> Heading:
    """Understand the first line; `named` are the admin's words for columns. Raises RuleError with what is wrong."""
    end = text.find("\n", 0, _LONGEST_LINE)
    if end < 0 and len(text) > _LONGEST_LINE:
        raise RuleError("The first line names no columns: it is too long. Save it as CSV (UTF-8).", code="not_a_list")
    first = (text[:end] if end >= 0 else text).strip("\r")
    delimiter = max(",;\t", key=first.count)
    titles = [title.strip() for title in next(csv.reader([first], delimiter=delimiter), [])]
    places = {title.lower(): place for place, title in reversed(list(enumerate(titles))) if title}
    by_column = {}
    for column, title in named.items():
        if title.strip().lower() not in places:
            raise RuleError(f"The list has no column {title!r}; it has: {', '.join(titles)}.", code="no_such_column")
        by_column[column] = places[title.strip().lower()]
    for title, place in places.items():
        usual = _USUAL.get(title)
        if usual is not None and usual not in by_column and place not in by_column.values():
            by_column[usual] = place
    if Column.NUMBER not in by_column:
        raise RuleError(
            f"The first line must name the columns, one of them 'number'; it has: {', '.join(titles)[:200]}. "
            "Say which one is the number: --column number=…",
            code="no_number_column",
        )
    others = {place: title for title, place in _titles(titles).items() if place not in by_column.values()}
    if len(others) > _MOST_COLUMNS:
        raise RuleError(f"A list has at most {_MOST_COLUMNS} further columns.", code="too_many_columns")
    return Heading(delimiter=delimiter, by_column=by_column, others=others, width=len(titles))


def _titles(titles: list[str]) -> dict[str, int]:
    return {title[:80]: place for place, title in enumerate(titles) if title}


class Reader:
    """Turns the lines of one file into leads; remembers the numbers that it has seen."""

    def __init__(self, centre: Centre) -> None:
        self._country = centre.country
        self._countries = centre.callback_countries
        self._calling = centre.calling
        self._own = frozenset(centre.numbers)
        self._places = Places(centre)
        self._seen: set[str] = set()

    def leads(self, text: str, head: Heading) -> Iterator[NewLead | RowError]:
        """Every line after the first, in order; empty ones are passed over."""
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=head.delimiter)
        next(lines, None)
        while True:
            at = lines.line_num + 1
            try:
                fields = next(lines)
            except StopIteration:
                return
            except csv.Error:
                yield error(at, RowProblem.BROKEN)
                continue
            if any(field.strip() for field in fields):
                yield self._lead(at, fields, head)

    def _lead(self, line: int, fields: list[str], head: Heading) -> NewLead | RowError:
        if len(fields) > head.width or sum(map(len, fields)) > _LONGEST_LINE:
            return error(line, RowProblem.BROKEN)
        given = {column: fields[place].strip() for column, place in head.by_column.items() if place < len(fields)}
        number, parsed = self._number(given.get(Column.NUMBER, ""))
        if parsed is None:
            return error(line, RowProblem.BAD_NUMBER if given.get(Column.NUMBER) else RowProblem.NO_NUMBER)
        if number in self._seen:
            return error(line, RowProblem.TWICE)
        problem = self._problem(number, parsed, given)
        others = {title: fields[place].strip() for place, title in head.others.items() if place < len(fields)}
        if problem is None and any(len(value) > _LONGEST_VALUE for value in others.values()):
            problem = RowProblem.TOO_LONG
        if problem is not None:
            return error(line, problem)
        self._seen.add(number)
        zone = given.get(Column.ZONE)
        where = (zone,) if zone else self._places.zones(number)
        return NewLead(
            line=line,
            number=number,
            zones=where,
            name=given.get(Column.NAME, ""),
            language=given.get(Column.LANGUAGE, "").lower(),
            tier=int(given.get(Column.TIER) or 0),
            not_before_ms=_instant(given.get(Column.NOT_BEFORE, ""), where[0]),
            columns={title: value for title, value in others.items() if value},
        )

    def _number(self, text: str) -> tuple[str, PhoneNumber | None]:
        """In E.164, and parsed; None when it is none."""
        try:
            parsed = phonenumbers.parse(text, self._country)
        except phonenumbers.NumberParseException:
            return "", None
        if not phonenumbers.is_possible_number(parsed):
            return "", None
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164), parsed

    def _problem(self, number: str, parsed: PhoneNumber, given: Mapping[Column, str]) -> RowProblem | None:
        denied = is_denied(number, self._calling, role=Role.SUPERVISOR)
        if denied or number in self._own or not may_be_called(parsed, countries=self._countries):
            return RowProblem.MAY_NOT_BE_CALLED
        if len(given.get(Column.NAME, "")) > _LONGEST_NAME:
            return RowProblem.TOO_LONG
        if (language := given.get(Column.LANGUAGE)) and language.lower() not in list(Language):
            return RowProblem.BAD_LANGUAGE
        if (tier := given.get(Column.TIER)) and not (
            tier.isascii() and tier.isdecimal() and len(tier) < 3 and int(tier) <= MOST_TIER
        ):
            return RowProblem.BAD_TIER
        if (zone := given.get(Column.ZONE)) and not _is_zone(zone):
            return RowProblem.BAD_ZONE
        if (moment := given.get(Column.NOT_BEFORE)) and _instant(moment, "UTC") is None:
            return RowProblem.BAD_TIME
        return None


def _instant(text: str, zone: str) -> Milliseconds | None:
    """An ISO date or time, local to the zone when it says none; None for "" and for what is none."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return int(moment.astimezone(UTC).timestamp() * 1000)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
