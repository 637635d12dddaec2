"""Addresses in the one form in which they are stored and compared: E.164 with +, or e-mail in small letters. Pure."""

from enum import StrEnum
from typing import Final

import phonenumbers

from cti.errors import RuleError

DEFAULT_COUNTRY: Final = "RU"


class AddressKind(StrEnum):
    """What an address is."""

    PHONE = "phone"
    EMAIL = "email"
    HANDLE = "handle"


def kind_of(address: str) -> AddressKind:
    """A handle starts with @, an e-mail has one inside, all else is taken for a number."""
    match address.strip().find("@"):
        case -1:
            return AddressKind.PHONE
        case 0:
            return AddressKind.HANDLE
        case _:
            return AddressKind.EMAIL


def normal(address: str, *, country: str = DEFAULT_COUNTRY) -> str:
    """The form that is compared. `country` is by whose rules a number without + is read.

    Raises RuleError for what cannot be an address.
    """
    address = address.strip()
    if not address.isprintable():
        raise RuleError("An address has no letters that cannot be printed.")
    if kind_of(address) is not AddressKind.PHONE:
        if any(letter.isspace() for letter in address) or address.endswith("@"):
            raise RuleError(f"{address!r} is no address: an e-mail or handle has no spaces and a name after the @.")
        return address.lower()
    try:
        number = phonenumbers.parse(address, country)
    except phonenumbers.NumberParseException as error:
        raise RuleError(f"{address!r} is no phone number; write it in full with +, such as +79165550001.") from error
    if not phonenumbers.is_possible_number(number):
        raise RuleError(f"{address!r} is no possible phone number; write it in full with +, such as +79165550001.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
