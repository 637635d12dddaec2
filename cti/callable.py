"""Numbers in full, and which of them the centre calls back: nobody can have it dial what costs extra.

A caller's number is what the carrier was told, so anyone can claim any. Pure. Called where a callback is asked for:
`cti.engine` for the key that a caller presses, `cti.web` for the API.
"""

from collections.abc import Collection
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

_COSTS_EXTRA: Final = frozenset(
    {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.PERSONAL_NUMBER, PhoneNumberType.PAGER}
)


def may_be_called_back(number: str, *, countries: Collection[str]) -> bool:
    """Whether this number (E.164) may be called back; `countries` are those whose numbers may, by two letters."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    return may_be_called(parsed, countries=countries)


def may_be_called(parsed: PhoneNumber, *, countries: Collection[str]) -> bool:
    """The same of a number that was parsed already."""
    if not phonenumbers.is_possible_number(parsed) or phonenumbers.number_type(parsed) in _COSTS_EXTRA:
        return False
    exact = phonenumbers.region_code_for_number(parsed)
    if exact is not None:
        return exact in countries
    return not set(phonenumbers.region_codes_for_country_code(parsed.country_code or 0)).isdisjoint(countries)


def telephone_number(text: str, *, country: str) -> str:
    """The number in E.164, read as one of `country` when it has no +; "" when it is none."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
