"""What the account service answers, and how it is said: money, dates and states in words that a voice reads rightly.

Pure. `ivr.accounts` makes these records, `ivr.flow` puts the words into the centre file's sentence.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from cti.config import Language


class Outcome(StrEnum):
    """What became of a PIN."""

    OK = "ok"
    WRONG = "wrong"
    LOCKED = "locked"
    UNKNOWN = "unknown"
    """There is no such account."""
    UNAVAILABLE = "unavailable"
    """The service did not answer in time, or not sensibly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An account as its owner may hear it."""

    balance_minor: int
    currency: str
    status: str
    ends_on: date | None
    tariff: str = ""


def in_words(number: str, standing: Standing, *, language: Language) -> tuple[tuple[str, str], ...]:
    """The values that the account's sentence may hold: number, balance, status, ends_on, tariff."""
    return (
        ("number", " ".join(number)),
        ("balance", money(standing.balance_minor, standing.currency, language=language)),
        ("status", status(standing.status, language=language)),
        ("ends_on", day(standing.ends_on, language=language)),
        ("tariff", plain(standing.tariff) or _NOTHING[language]),
    )


# -- money -------------------------------------------------------------------------------------------------------------
_EN_MONEY: Final = {
    "RUB": (("rouble", "roubles"), ("kopeck", "kopecks")),
    "USD": (("dollar", "dollars"), ("cent", "cents")),
    "EUR": (("euro", "euros"), ("cent", "cents")),
}
_RU_MONEY: Final = {
    "RUB": (("рубль", "рубля", "рублей"), ("копейка", "копейки", "копеек")),
    "USD": (("доллар", "доллара", "долларов"), ("цент", "цента", "центов")),
    "EUR": (("евро", "евро", "евро"), ("цент", "цента", "центов")),
}


def money(minor: int, currency: str, *, language: Language) -> str:
    """An amount given in hundredths: "minus 12 roubles 50 kopecks"."""
    major, rest = divmod(abs(minor), 100)
    russian = language is Language.RU
    names = (_RU_MONEY if russian else _EN_MONEY).get(currency)
    if names is None:
        parts = [f"{major}.{rest:02}" if rest else str(major), " ".join(plain(currency))]
    else:
        count = _count_ru if russian else _count_en
        parts = [count(major, names[0])]
        if rest:
            parts.append(count(rest, names[1]))
    sign = ("минус " if russian else "minus ") if minor < 0 else ""
    return sign + " ".join(parts)


def _count_en(number: int, forms: tuple[str, ...]) -> str:
    return f"{number} {forms[0] if number == 1 else forms[1]}"


def _count_ru(number: int, forms: tuple[str, ...]) -> str:
    tens, ones = number % 100, number % 10
    if ones == 1 and tens != 11:
        form = forms[0]
    elif ones in (2, 3, 4) and tens not in (12, 13, 14):
        form = forms[1]
    else:
        form = forms[2]
    said = str(number)
    if form == "копейка" or (form == "копейки" and ones == 2):
        # A voice reads bare figures as masculine; kopecks are feminine.
        said = f"{number - ones or ''} {'одна' if ones == 1 else 'две'}".strip()
    return f"{said} {form}"


# -- dates and states --------------------------------------------------------------------------------------------------
_EN_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_RU_MONTHS: Final = (
    "января", "февраля", "марта", "апреля", "мая", "июня",
    "июля", "августа", "сентября", "октября", "ноября", "декабря",
)  # fmt: skip
_RU_DAYS: Final = (
    "первого", "второго", "третьего", "четвёртого", "пятого", "шестого", "седьмого", "восьмого", "девятого", "десятого",
    "одиннадцатого", "двенадцатого", "тринадцатого", "четырнадцатого", "пятнадцатого", "шестнадцатого", "семнадцатого",
    "восемнадцатого", "девятнадцатого", "двадцатого", "двадцать первого", "двадцать второго", "двадцать третьего",
    "двадцать четвёртого", "двадцать пятого", "двадцать шестого", "двадцать седьмого", "двадцать восьмого",
    "двадцать девятого", "тридцатого", "тридцать первого",
)  # fmt: skip
_STATES: Final = {
    "active": ("active", "действует"),
    "suspended": ("suspended", "приостановлен"),
    "blocked": ("blocked", "заблокирован"),
    "closed": ("closed", "закрыт"),
    "ended": ("ended", "закончился"),
    "expired": ("expired", "истёк"),
}
_NOTHING: Final = {Language.EN: "not given", Language.RU: "не указан"}


def day(when: date | None, *, language: Language) -> str:
    """A date in words, to stand after "until" or «до»; without one, until further notice."""
    if when is None:
        return "further notice" if language is Language.EN else "расторжения"
    if language is Language.EN:
        return f"{_EN_MONTHS[when.month - 1]} {when.day}, {when.year}"
    return f"{_RU_DAYS[when.day - 1]} {_RU_MONTHS[when.month - 1]} {when.year} года"


def status(code: str, *, language: Language) -> str:
    """A contract's state; one that has no word here is said as it is written."""
    english, russian = _STATES.get(code, (plain(code), plain(code)))
    return (russian if language is Language.RU else english) or _NOTHING[language]


def plain(text: str) -> str:
    """Letters, digits and the gentlest punctuation only, at most 60 characters: what may be spoken unseen."""
    return re.sub(r"[^\w .,-]+|_", " ", text)[:60].strip()
