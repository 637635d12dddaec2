"""Asks the engine's API whether a PIN is right and how the account stands.

The only place beside the session where a PIN is held, and only while the question is under way: it is in no log, no
exception and no record. `ivr.call` asks; the answer becomes words in `ivr.words`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ivr.api import FAILURES, Api
from ivr.words import Outcome, Standing

PATH: Final = "/api/v1/ivr/accounts/check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the service said; `standing` with `OK` only."""

    outcome: Outcome
    standing: Standing | None = None


UNAVAILABLE: Final = Answer(outcome=Outcome.UNAVAILABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The account service of the engine."""

    api: Api

    def check(self, account: str, pin: str) -> Answer:
        """Ask; back within the API's limit whatever happens, UNAVAILABLE being the worst."""
        if not (pin.isascii() and pin.isdigit()):
            return Answer(outcome=Outcome.WRONG)  # a `*` among the digits is no PIN, and no try of the account's either
        try:
            return read(self.api.post(PATH, {"account": account, "pin": pin}))
        except FAILURES:
            return UNAVAILABLE


def read(content: bytes) -> Answer:
    """The service's JSON as a record. Raises ValueError when it is not what was agreed."""
    answer: Any = json.loads(content)
    if not isinstance(answer, Mapping):
        raise ValueError("not an object")
    outcome = Outcome(str(answer.get("result")))
    if outcome is not Outcome.OK:
        # With no tries left the account is locked, whatever this try was.
        return Answer(outcome=Outcome.LOCKED if answer.get("tries_left") == 0 else outcome)
    ends_on = answer.get("ends_on")
    balance = answer.get("balance_minor")
    if not isinstance(balance, int):
        raise ValueError("no balance")
    standing = Standing(
        balance_minor=balance,
        currency=str(answer.get("currency") or "RUB"),
        status=str(answer.get("status") or ""),
        ends_on=date.fromisoformat(str(ends_on)) if ends_on else None,
        tariff=str(answer.get("tariff") or answer.get("kind") or ""),
    )
    return Answer(outcome=outcome, standing=standing)
