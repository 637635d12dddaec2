"""What a number, a menu key or an hour leads to, written as two or three words: `queue sales`, `language ru menu main`.

Here: the records and their spelling. Not here: doing it (`ivr.flow` interprets, `cti.dialplan` renders), nor the check
that the named menu exists (`cti.config`).
"""

from dataclasses import dataclass
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class ToMenu:
    """`menu KEY`: play that menu from its beginning."""

    menu: str


@dataclass(frozen=True, slots=True)
class ToQueue:
    """`queue KEY`: leave the IVR and wait there."""

    queue: str


@dataclass(frozen=True, slots=True)
class ToHours:
    """`hours KEY`: go on by the time of day, see `cti.config.Hours`."""

    hours: str


@dataclass(frozen=True, slots=True)
class ToOperator:
    """`operator`: the queue that the number's project names as its operator."""


@dataclass(frozen=True, slots=True)
class ToAccount:
    """`account`: the self-service that asks for account number and PIN."""


@dataclass(frozen=True, slots=True)
class ToEcho:
    """`echo`: the caller hears himself; only for numbers."""


@dataclass(frozen=True, slots=True)
class ChooseLanguage:
    """`language CODE [ACTION]`: speak that language from now on, then do ACTION; without one, play the menu again."""

    language: str
    then: "Action | None" = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """`repeat`: play the same menu again; does not count as a failed try."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """`hangup`: say goodbye and end the call."""


Action: TypeAlias = ToMenu | ToQueue | ToHours | ToOperator | ToAccount | ToEcho | ChooseLanguage | Repeat | HangUp

_ALONE: Final[dict[str, Action]] = {
    "operator": ToOperator(),
    "account": ToAccount(),
    "echo": ToEcho(),
    "repeat": Repeat(),
    "hangup": HangUp(),
}
SPELLINGS: Final = (
    "'menu NAME', 'queue NAME', 'hours NAME', 'operator', 'account', 'echo', 'language CODE', 'repeat' or 'hangup'"
)


def parse(text: str) -> Action:
    """Read one action. Raises ValueError with a sentence for the admin when it is not one."""
    match text.split():
        case [word] if word in _ALONE:
            return _ALONE[word]
        case ["menu", key]:
            return ToMenu(key)
        case ["queue", key]:
            return ToQueue(key)
        case ["hours", key]:
            return ToHours(key)
        case ["language", code]:
            return ChooseLanguage(code)
        case ["language", code, *rest]:
            return ChooseLanguage(code, parse(" ".join(rest)))
        case _:
            raise ValueError(f"{text!r} leads nowhere: write {SPELLINGS}")
