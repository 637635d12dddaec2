"""Tells the engine of callers who reached nobody: after hours, hung up in the menus, or cut off there with Asterisk.

Told when the caller has gone, so nobody waits for it; an engine that is away is told again for a while, by a thread of
its own: whoever dies with Asterisk is back by then. Told twice is told once: the engine knows the number. What becomes
of it is the engine's to say. `ivr.call` calls it.
"""

import logging
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Final

from cti.domain.ids import Milliseconds
from cti.variables import Lost
from ivr.api import FAILURES, Api, Refused
from ivr.flow import State

log = logging.getLogger(__name__)

PATH: Final = "/api/v1/ivr/lost"
AGAIN_S: Final = 1.0
"""Between one try and the next."""
GIVEN_UP_S: Final = 60.0
MOST_UNTOLD: Final = 10_000
"""The oldest are given up beyond that."""
_UNKNOWN: Final = "unknown"
"""What Asterisk writes for a number or name that was not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostCaller:
    """Who it was and how far he came; the fields of the API's message."""

    queue_id: str
    """The operator's queue of the project."""
    number: str
    name: str
    dialled: str
    language: str
    path: str
    why: Lost
    at_ms: Milliseconds


class End(Enum):
    """How his stay in the menus came to its end."""

    LEFT = auto()
    HUNG_UP_ON = auto()
    """By us, or while we said goodbye."""
    CUT_OFF = auto()


def why(state: State, end: End) -> Lost | None:
    """Why he reached nobody; None when he got what he called for."""
    if end is End.CUT_OFF:
        return Lost.CUT_OFF
    if state.account:
        return None
    if any(step.endswith(":closed") for step in state.path):
        return Lost.AFTER_HOURS
    return None if end is End.HUNG_UP_ON else Lost.LEFT_MENU


def known(text: str) -> str:
    """Number or name as Asterisk gives it; "" when there is none."""
    return "" if text == _UNKNOWN else text


class Losses:
    """The engine, told of lost callers."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._untold: deque[tuple[float, LostCaller]] = deque(maxlen=MOST_UNTOLD)
        """With the moment, monotonic, at which each is given up."""
        self._is_telling = False
        self._lock = threading.Lock()

    def tell(self, caller: LostCaller) -> None:
        """Tell it; back within the API's limit. Never raises."""
        if self._told(caller):
            return
        log.warning("The engine could not be told of a lost caller; tried again.", extra={"action": "lost_untold"})
        with self._lock:
            self._untold.append((time.monotonic() + GIVEN_UP_S, caller))
            if self._is_telling:
                return
            try:
                threading.Thread(target=self._tell_again, name="losses", daemon=True).start()
            except RuntimeError as error:  # the next lost caller tries it again
                log.error("No thread can be started: %s", error)
            else:
                self._is_telling = True

    def _tell_again(self) -> None:
        """Until all are told or given up."""
        while True:
            time.sleep(AGAIN_S)
            while self._untold:
                until, caller = self._untold.popleft()
                if self._told(caller):
                    continue
                if time.monotonic() < until:
                    self._untold.appendleft((until, caller))
                    break
                log.error("The engine was never told of a lost caller.", extra={"action": "lost_given_up"})
            with self._lock:
                if not self._untold:
                    self._is_telling = False
                    return

    def _told(self, caller: LostCaller) -> bool:
        """Whether it is told, or never will be: what it refused it refuses again."""
        try:
            self._api.post(PATH, asdict(caller))
        except Refused as error:
            if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                return False
            log.warning("The engine refused to hear of a lost caller (%s).", error, extra={"action": "lost_refused"})
        except FAILURES:
            return False
        return True
