"""What the engine asks of the entry of a node. Implemented by `cti.asterisk`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cti.domain.ids import Milliseconds
from cti.variables import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusing:
    """New calls are being refused."""

    since_ms: Milliseconds
    reason: str
    """A `Strain` of `cti.domain.overload`, or a `Refused` of the dialplan."""


class Entrance(Protocol):
    """Where calls from the carrier come in."""

    @property
    def refused(self) -> Mapping[Refused, int]:
        """How many callers the switch has refused since the adapter was made, by the reason; only ever more."""

    async def shut(self, until_s: int) -> None:
        """Let no new call in before this second (Unix time); one in the past opens. Who is in is not touched.

        Raises AsteriskDown, AsteriskSilent.
        """

    async def ping(self) -> None:
        """Return when the switch has answered a small request, behind all that were sent before.

        Raises AsteriskDown, AsteriskSilent.
        """
