"""Names in the centre file: how one is spelt, and that the thing it names is there.

Here: keys, numbers in full, references to other sections, time zones, and the hint at the nearest name. Not here: the
records that hold them; names for people (`cti.config.words`). The records' modules use these as the types of fields.

A record read from a file is validated with a context, `{section: names in it}` (`cti.config.reading` gives it); a
record made by code has none, and then any reference passes.
"""

import difflib
import zoneinfo
from collections.abc import Collection, Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints, ValidationInfo

_KEY: Final = r"^[a-z][a-z0-9_]{0,39}$"
_NUMBER: Final = r"^\+[1-9][0-9]{6,14}$"
_MENU_KEY: Final = r"^[0-9*#]$"
_COUNTRY: Final = r"^[A-Z]{2}$"
_TIER: Final = r"^[\p{L}\p{N}][\p{L}\p{N} ._+-]{0,39}$"

SENTENCES_BY_PATTERN: Final[Mapping[str, str]] = {
    _KEY: "a name is small letters, digits and _, starting with a letter",
    _NUMBER: "a number is written in full with +, such as +78005550100",
    _MENU_KEY: "a key is one of 0-9, * and #",
    _TIER: "a tier is written as in the customers' tier field: letters, digits, spaces and . _ + -",
    _COUNTRY: "a country is two capital letters, such as RU",
}
"""What the admin reads when a text does not match."""

Key = Annotated[str, StringConstraints(pattern=_KEY)]
Number164 = Annotated[str, StringConstraints(pattern=_NUMBER)]
MenuKey = Annotated[str, StringConstraints(pattern=_MENU_KEY)]
TierName = Annotated[str, StringConstraints(pattern=_TIER)]
Country = Annotated[str, StringConstraints(pattern=_COUNTRY)]


def known(name: str, section: str, info: ValidationInfo) -> str:
    """`name`, when `section` holds it or there is no context. Raises ValueError with a sentence for the admin."""
    if info.context is None or name in info.context.get(section, ()):
        return name
    singular = {"hours": "hours", "capacities": "capacity profile"}.get(section, section.removesuffix("s"))
    raise ValueError(f"there is no {singular} {name!r}{did_you_mean(name, info.context.get(section, ()))}")


def did_you_mean(name: str, among: Collection[str]) -> str:
    """The end of a sentence that refuses `name`: the nearest one, else all of them, else that there is none."""
    close = difflib.get_close_matches(name, sorted(among), n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there are: {', '.join(sorted(among))}" if among else "; none is defined"


def _refers_to(section: str) -> AfterValidator:
    return AfterValidator(lambda name, info: known(name, section, info))


ProjectName = Annotated[str, _refers_to("projects")]
QueueName = Annotated[str, _refers_to("queues")]
PromptName = Annotated[str, _refers_to("prompts")]
SkillName = Annotated[str, _refers_to("skills")]
SiteName = Annotated[str, _refers_to("sites")]
HoursName = Annotated[str, _refers_to("hours")]
CapacityName = Annotated[str, _refers_to("capacities")]


def _zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = did_you_mean(name, zoneinfo.available_timezones())[:80]  # reads some 600 files
        raise ValueError(f"there is no time zone {name!r}{hint}") from None
    return name


TimeZone = Annotated[str, AfterValidator(_zone)]
