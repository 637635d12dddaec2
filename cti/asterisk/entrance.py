"""The entry of one node: is it shut for new calls, whom has it refused, how fast does the switch answer.

Refusing itself is the dialplan's, which goes on without us. Made by `cti.asterisk.switch`, used by `cti.engine.gate`.
"""

from collections import Counter

from cti import variables
from cti.asterisk.ari import Asterisk
from cti.variables import Refused


class Entrance:
    """See `cti.ports.Entrance`."""

    def __init__(self, asterisk: Asterisk) -> None:
        self._asterisk = asterisk
        self._refused: Counter[Refused] = Counter()

    @property
    def refused(self) -> dict[Refused, int]:
        """How many callers were refused so far, by the reason."""
        return {reason: self._refused[reason] for reason in Refused}

    def note(self, reason: str) -> None:
        """The dialplan has refused a caller."""
        self._refused[Refused(reason) if reason in list(Refused) else Refused.LINES] += 1

    async def shut(self, until_s: int) -> None:
        """Let no new call in until then (Unix time, by the switch's clock); 0 opens. Raises AsteriskDown, …Silent."""
        await self._asterisk.setGlobalVar(variable=variables.REFUSE_UNTIL, value=str(until_s))

    async def ping(self) -> None:
        """Return when the switch has answered. Raises AsteriskDown, AsteriskSilent."""
        await self._asterisk.getGlobalVar(variable=variables.PING)
