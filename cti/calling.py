"""May this number be called, by this person, for this project, now? Against toll fraud, and for the callee's rest.

Pure: what the centre file says, numbers and an instant go in, a refusal or nothing comes out. Not here: who must not be
called at all (`cti.store.do_not_call`), where a number is (`cti.places`), the words of a refusal (`cti.web.words`).
Called where somebody asks for a call (`cti.web.call_routes`).

Theory of operation. Numbers that cost extra are never called, nor the centre's own: that would come in again. Of the
prefixes that a role is allowed or denied the longest that fits decides; without one, country and kind do. Hours hold by
the clock where the callee is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

from cti.config import Calling, Centre, NumberKind, Reach
from cti.domain.ids import Milliseconds, ProjectId
from cti.places import Places, longest
from cti.ports import Role

_COSTS_EXTRA: Final = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PERSONAL_NUMBER,
        PhoneNumberType.PAGER,
        PhoneNumberType.VOICEMAIL,
    }
)
_KINDS: Final[Mapping[int, tuple[NumberKind, ...]]] = {
    PhoneNumberType.MOBILE: (NumberKind.MOBILE,),
    PhoneNumberType.FIXED_LINE: (NumberKind.FIXED,),
    PhoneNumberType.FIXED_LINE_OR_MOBILE: (NumberKind.FIXED, NumberKind.MOBILE),
    PhoneNumberType.TOLL_FREE: (NumberKind.TOLL_FREE,),
    PhoneNumberType.VOIP: (NumberKind.VOIP,),
    PhoneNumberType.UAN: (NumberKind.COMPANY,),
}


class No(StrEnum):
    """Why a number may not be called."""

    NOT_A_NUMBER = "not_a_number"
    COSTS_EXTRA = "number_costs_extra"
    OWN_NUMBER = "own_number"
    DENIED = "number_denied"
    COUNTRY = "country_not_allowed"
    KIND = "kind_not_allowed"
    UNKNOWN = "number_unknown"
    """No numbering plan has it."""
    HOURS = "outside_calling_hours"


_OF_FRAUD: Final = frozenset({No.COSTS_EXTRA, No.DENIED, No.COUNTRY, No.KIND, No.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why not, and what a sentence needs."""

    why: No
    country: str = ""
    """Two letters, where that is what is wrong; `001` is no country's."""
    there: str = ""
    """The callee's time, HH:MM."""
    zone: str = ""
    opens: str = ""
    """From when he may be called, by his own clock; a dash: not within a year."""

    @property
    def is_of_fraud(self) -> bool:
        """Whether somebody should know of the attempt: such a call may be meant to cost money."""
        return self.why in _OF_FRAUD


class Rules:
    """What the centre file in force says of calls that people ask for."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._places = Places(centre)

    def may_call(self, number: str, *, role: Role, project_id: ProjectId, now: Milliseconds) -> Refusal | None:
        """Why somebody of this role may not call this number (E.164) now; None when he may."""
        return self.may_ever_call(number, role=role) or self._out_of_hours(number, project_id, now)

    def may_ever_call(self, number: str, *, role: Role) -> Refusal | None:
        """The same, whatever the hour and the project."""
        parsed = _parsed(number)
        if parsed is None:
            return Refusal(why=No.NOT_A_NUMBER)
        if number in self._centre.numbers:
            return Refusal(why=No.OWN_NUMBER)
        return self._out_of_reach(number, parsed, _reach(self._centre.calling, role))

    def _out_of_reach(self, number: str, parsed: PhoneNumber, reach: Reach) -> Refusal | None:
        kind = phonenumbers.number_type(parsed)
        if kind in _COSTS_EXTRA:
            return Refusal(why=No.COSTS_EXTRA)
        named = longest(number, (*reach.allowed, *reach.denied))
        if named:
            return Refusal(why=No.DENIED) if named in reach.denied else None
        country = phonenumbers.region_code_for_number(parsed)
        sharing = phonenumbers.region_codes_for_country_code(parsed.country_code or 0)
        if {*self._centre.callback_countries, *reach.countries}.isdisjoint((country,) if country else sharing):
            return Refusal(why=No.COUNTRY, country=country or next(iter(sharing), ""))
        kinds = _KINDS.get(kind, (NumberKind.UNKNOWN,))
        if not set(kinds) & set(reach.kinds):
            return Refusal(why=No.UNKNOWN if kinds == (NumberKind.UNKNOWN,) else No.KIND)
        return None

    def _out_of_hours(self, number: str, project_id: ProjectId, now: Milliseconds) -> Refusal | None:
        closed = self._places.closed(number, self._centre.calling_hours(project_id), now)
        if closed is None:
            return None
        return Refusal(
            why=No.HOURS,
            there=closed.clock(now),
            zone=closed.zone,
            opens=closed.clock(closed.opens_ms, "%d.%m %H:%M") if closed.opens_ms is not None else "—",
        )


def _reach(calling: Calling, role: Role) -> Reach:
    """A role without a reach of its own has that of the one below."""
    reach = calling.agent
    if role is not Role.AGENT:
        reach = calling.supervisor or reach
    return (calling.admin or reach) if role is Role.ADMIN else reach


def is_denied(number: str, calling: Calling, *, role: Role = Role.AGENT) -> bool:
    """Whether this number begins as those that the role is denied: so it is dialled by nobody else's wish either."""
    reach = _reach(calling, role)
    named = longest(number, (*reach.allowed, *reach.denied))
    return named != "" and named in reach.denied


def in_full(text: str, *, country: str) -> str:
    """The number in E.164, read as one of `country` when it has no +; "" when it is none."""
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return ""
    if not _is_whole(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def hidden(number: str) -> str:
    """The number without its last four digits: enough to see where a call would have gone."""
    return f"{number[:-4]}••••" if len(number) > 6 else "••••"


def _parsed(number: str) -> PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    return parsed if number.startswith("+") and _is_whole(parsed) else None


def _is_whole(parsed: PhoneNumber) -> bool:
    """Whether it has the length of a number with its area: one that a neighbour might dial is none."""
    return phonenumbers.is_possible_number_with_reason(parsed) == phonenumbers.ValidationResult.IS_POSSIBLE
