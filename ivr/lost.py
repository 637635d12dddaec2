"""Tells the engine of callers who reached nobody: it was after hours, or they hung up in the menus.

Said once, when the caller has gone: nobody waits for it, and a failure is a line in the log. What becomes of it is the
engine's to say. `ivr.call` calls it.
"""

import logging
from dataclasses import asdict, dataclass
from typing import Final

from cti.domain.ids import Milliseconds
from cti.variables import Lost
from ivr.api import FAILURES, Api
from ivr.flow import State

log = logging.getLogger(__name__)

PATH: Final = "/api/v1/ivr/lost"
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


def why(state: State, *, hung_up_on: bool) -> Lost | None:
    """Why he reached nobody; None when he got what he called for. `hung_up_on`: the call was ended by us."""
    if state.account:
        return None
    if any(step.endswith(":closed") for step in state.path):
        return Lost.AFTER_HOURS
    return None if hung_up_on else Lost.LEFT_MENU


def known(text: str) -> str:
    """Number or name as Asterisk gives it; "" when there is none."""
    return "" if text == _UNKNOWN else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """The engine, told of lost callers."""

    api: Api

    def tell(self, caller: LostCaller) -> None:
        """Tell it; back within the API's limit. Never raises."""
        try:
            self.api.post(PATH, asdict(caller))
        except FAILURES as error:
            log.warning(
                "The engine was not told of a lost caller (%s).", type(error).__name__, extra={"action": "lost_untold"}
            )
