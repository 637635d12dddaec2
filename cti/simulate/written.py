"""How a scenario writes times, spans and distributions, and how its keys become the fields of an event.

Pure converters for `cti.simulate.scenario`; each raises ValueError with a sentence. `event` passes whatever an event of
the domain can hold straight through by name, so that a new rule of a queue can be simulated the day it exists.
"""

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from cti.config.names import did_you_mean
from cti.simulate.distributions import NEVER, Distribution, Empirical, Exponential, Fixed, LogNormal

Made = TypeVar("Made", bound=msgspec.Struct)

DAY_S: Final = 86_400
_SPAN: Final = re.compile(r"(?:([0-9.]+)d)?(?:([0-9.]+)h)?(?:([0-9.]+)m)?(?:([0-9.]+)s)?")
_UNITS: Final = (DAY_S, 3600, 60, 1)
_CLOCK: Final = re.compile(r"([0-9]{1,3}):([0-5][0-9])(?::([0-5][0-9](?:\.[0-9]+)?))?")
_SKILLS: Final = ("skills", "requirements")


def span(value: object) -> float:
    """Seconds from `90`, `90s`, `1h30m`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 <= value < math.inf:
            raise ValueError(f"{value!r} is not a span: it must not be negative")
        return float(value)
    found = _SPAN.fullmatch(value) if isinstance(value, str) and value else None
    if found is None:
        raise ValueError(f"{value!r} is not a span: write seconds, or such as '90s', '15m', '1h30m', '5d'")
    return sum(float(number) * unit for number, unit in zip(found.groups(), _UNITS, strict=True) if number)


def clock(value: object) -> float:
    """Seconds after the first midnight, from `08:30` or `08:30:15.5`; beyond 24:00 the days go on."""
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{value!r} is not a time of day such as '08:30'")
    hours, minutes, seconds = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds or 0)


def instant(value: object) -> float:
    """Seconds after the first midnight, from a number of seconds or a time of day."""
    return span(value) if isinstance(value, int | float) else clock(value)


def date(value: object) -> dt.date:
    """From `2030-01-07`."""
    try:
        return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is not a date such as 2030-01-07") from None


def clock_span(value: object) -> tuple[float, float]:
    """Two times of day from `08:00-16:30`; the second may be beyond midnight: `22:00-30:00`."""
    if isinstance(value, tuple) and len(value) == 2:
        return value
    first, dash, last = str(value).replace(" ", "").partition("-")
    start, end = clock(first), clock(last if dash else first)
    if end <= start:
        raise ValueError(f"{value!r} does not end after it begins: write it as '08:00-16:30'")
    return start, end


def distribution(value: object) -> Distribution:
    """From a span (always so long), `never`, or one of the named kinds: `{exponential: 3m}`, say."""
    if isinstance(value, Mapping):
        return _named(value)
    if value == "never":
        return Fixed(s=NEVER)
    if value is None or isinstance(value, list):
        raise ValueError(_SPELLINGS)
    if isinstance(value, int | float | str):
        return Fixed(s=span(value))
    return _known(value)


_SPELLINGS: Final = (
    "write a span, 'never', '{exponential: MEAN}', '{log_normal: {mean: MEAN, cv: 0.8}}', '{fixed: SPAN}' "
    "or '{empirical: [SPAN, …]}'"
)


def _known(value: Any) -> Distribution:
    if not hasattr(value, "at"):
        raise ValueError(_SPELLINGS)
    made: Distribution = value
    return made


def _named(value: Mapping[Any, Any]) -> Distribution:
    if len(value) != 1:
        raise ValueError(_SPELLINGS)
    name, given = next(iter(value.items()))
    match name, given:
        case "fixed", _:
            return Fixed(s=span(given))
        case "exponential", _:
            return Exponential(mean_s=_positive(given))
        case "log_normal", {"mean": mean, "cv": int() | float() as cv} if len(given) == 2 and cv > 0:
            return LogNormal(mean_s=_positive(mean), cv=float(cv))
        case "empirical", [_, *_]:
            return Empirical(spans_s=tuple(sorted(span(one) for one in given)))
        case _:
            raise ValueError(_SPELLINGS)


def _positive(value: object) -> float:
    seconds = span(value)
    if seconds <= 0:
        raise ValueError(f"{value!r}: a mean must be greater than 0")
    return seconds


def event(kind: type[Made], written: Mapping[str, object], **given: object) -> Made:
    """An event of the domain from what an admin wrote; `given` are fields that are not his to write.

    A key is a field's name; `_s` stands for `_ms`, `project` for `project_id`, `projects` for `project_ids`, and
    `{skill: level}` for skills. Raises ValueError.
    """
    fields = [field.name for field in msgspec.structs.fields(kind)]
    values = dict(given)
    for name, value in written.items():
        field = _field(name, fields)
        if field is None or field in given:
            raise ValueError(f"{name!r} is not known here{did_you_mean(name, set(fields) - set(given))}")
        values[field] = _skills(value) if field in _SKILLS else _milliseconds(name, field, value)
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise ValueError(_sentence(error)) from None


def _field(name: str, fields: Iterable[str]) -> str | None:
    names = [name, f"{name}_id", f"{name.removesuffix('s')}_ids"]
    if name == "skills":
        names.append("requirements")
    if name.endswith("_s"):
        names.append(f"{name.removesuffix('_s')}_ms")
    return next((known for known in names if known in fields), None)


def _milliseconds(name: str, field: str, value: object) -> object:
    """The value for a field, seconds turned into milliseconds where they are written as such, at any depth."""
    if field.endswith("_ms") and not name.endswith("_ms"):
        return round(span(value) * 1000)
    if isinstance(value, Mapping):
        deeper = {key: f"{key.removesuffix('_s')}_ms" if key.endswith("_s") else key for key in map(str, value)}
        return {deeper[str(key)]: _milliseconds(str(key), deeper[str(key)], below) for key, below in value.items()}
    if isinstance(value, list):
        return [_milliseconds(name, field, below) for below in value]
    return value


def _skills(value: object) -> object:
    if isinstance(value, Mapping) and all(isinstance(level, int) for level in value.values()):
        return [{"skill_id": skill, "level": level} for skill, level in sorted(value.items())]
    return value


def _sentence(error: msgspec.ValidationError) -> str:
    problem, at, place = str(error).partition(" - at `$")
    where = place.strip("`.")
    return f"{where}: {problem[0].lower()}{problem[1:]}" if at and where else problem
