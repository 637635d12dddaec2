"""Recording on the switch: MixMonitor on the customer's leg, over AMI. Implements `cti.ports.recordings.Monitor`.

Theory of operation. MixMonitor taps one channel, so what it writes follows the customer through hold, transfers and
conferences. Option D keeps the two directions apart, interleaved in one file, so that they cannot drift from each
other. It goes on when the engine dies, and a pause holds meanwhile. Called by `cti.recordings`.
"""

from typing import Final

from panoramisk.message import Message

from cti import variables
from cti.asterisk import ami
from cti.domain.ids import LegId
from cti.errors import ChannelGone, OutsideError

_BOTH_SIDES_APPENDED: Final = "Da"
_GONE: Final = ("no such channel", "channel not found", "could not find channel")


class Monitor:
    """One node's."""

    def __init__(self, client: ami.Client) -> None:
        self._ami = client

    async def begin(self, leg_id: LegId, file: str) -> None:
        """See `ports.recordings.Monitor`. `file` is relative to the spool's folder `monitor`."""
        answer = await self._ami.action("MixMonitor", Channel=leg_id, File=file, Options=_BOTH_SIDES_APPENDED)
        _check(answer, "record")

    async def silence(self, leg_id: LegId) -> None:
        """See `ports.recordings.Monitor`."""
        answer = await self._ami.action("MixMonitorMute", Channel=leg_id, Direction="both", State="1")
        _check(answer, "pause")

    async def end(self, leg_id: LegId) -> None:
        """See `ports.recordings.Monitor`."""
        await self._ami.action("StopMixMonitor", Channel=leg_id)

    async def was_told(self, leg_id: LegId) -> bool:
        """See `ports.recordings.Monitor`."""
        answer = await self._ami.action("Getvar", Channel=leg_id, Variable=variables.TOLD)
        _check(answer, "ask")
        return str(answer.value) == "1"


def _check(answer: Message, what: str) -> None:
    if answer.success:
        return
    said = str(answer.message)
    if any(gone in said.lower() for gone in _GONE):
        raise ChannelGone("The leg is not there.")
    raise OutsideError(f"Asterisk refused to {what} a leg: {said}")
