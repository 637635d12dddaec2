"""Somebody logs in at a desk phone by dialling, or leaves it: number and PIN, asked for and carried to the engine.

The PIN is in no log, no exception and no record. `ivr.call` leads here what the dialplan sends as `desk/in` or
`desk/out`; which phone it is stands in the first argument of the AGI request, set by the switch and not by the caller.
"""

import json
import logging
from typing import Any, Final

from cti.config import Language
from cti.prompts import OWN, Own, Prompts
from ivr.api import FAILURES, Api
from ivr.session import Session

log = logging.getLogger(__name__)

IN_PATH: Final = "/api/v1/ivr/desks/in"
OUT_PATH: Final = "/api/v1/ivr/desks/out"
TRIES: Final = 3
_LONGEST: Final = 12
_TIMEOUT_MS: Final = 6000
_LIMIT_S: Final = 40.0
_SAID: Final = {"ok": Own.DESK_WELCOME, "locked": Own.DESK_LOCKED}


class DeskCall:
    """One call of a phone to the log-in or log-out code."""

    def __init__(self, session: Session, *, prompts: Prompts, api: Api, language: Language) -> None:
        self._session = session
        self._prompts = prompts
        self._api = api
        self._language = language
        self._endpoint = session.env.get("agi_arg_1", "")

    def log_in(self) -> None:
        """Ask for number and PIN, at most three times, and say how it went. Raises CallerGone."""
        for _ in range(TRIES):
            extension = self._collect(Own.DESK_NUMBER)
            pin = self._collect(Own.DESK_PIN) if extension else ""
            if not pin:
                continue
            result = self._ask(IN_PATH, {"extension": extension, "pin": pin, "endpoint": self._endpoint})
            if result not in ("wrong", "unknown"):
                self._say(_SAID.get(result, Own.DESK_FAILED))
                return
            self._say(Own.DESK_WRONG)

    def log_out(self) -> None:
        """Whoever sits here leaves. Raises CallerGone."""
        result = self._ask(OUT_PATH, {"endpoint": self._endpoint})
        self._say(Own.DESK_LEFT if result == "ok" else Own.DESK_FAILED)

    def _ask(self, path: str, body: dict[str, object]) -> str:
        """What the engine says; "" when it does not."""
        try:
            answer: Any = json.loads(self._api.post(path, body))
            return str(answer["result"])
        except (*FAILURES, TypeError, KeyError):
            log.warning("The engine did not say whether somebody may log in at a desk phone.")
            return ""

    def _collect(self, key: Own) -> str:
        digits = self._session.collect([self._sound(key)], most=_LONGEST, timeout_ms=_TIMEOUT_MS, limit_s=_LIMIT_S)
        return digits if digits.isascii() and digits.isdigit() else ""

    def _say(self, key: Own) -> None:
        self._session.say([self._sound(key)], limit_s=_LIMIT_S)

    def _sound(self, key: Own) -> str:
        return self._prompts.sound(OWN[str(key)], self._language)
