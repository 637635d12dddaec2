"""Supervisors' ears: channels by which one hears an agent's leg, and may speak into it.

Theory of operation. An ear is a channel of the switch's own, made beside the agent's leg, that needs a moment to be in
the application: until its StasisStart no bridge takes it. So whoever makes one waits for that; one that is there
already has been in there before. Called by `cti.asterisk.switch`.
"""

import asyncio
from typing import Final

from cti import variables
from cti.asterisk import ari
from cti.domain.commands import Overhear
from cti.domain.ids import LegId
from cti.errors import AsteriskSilent, ChannelGone, OutsideError

DEADLINE_S: Final = 3.0
BRIDGE_TYPE: Final = "mixing"


class Ears:
    """Those that are being made on one node."""

    def __init__(self, client: ari.Client) -> None:
        self._client = client
        self._awaited: dict[LegId, asyncio.Event] = {}

    def is_there(self, snoop: LegId) -> None:
        """It is in the application."""
        awaited = self._awaited.get(snoop)
        if awaited is not None:
            awaited.set()

    async def overhear(self, command: Overhear) -> None:
        """Have the supervisor hear the talk, and be heard by the agent alone or by nobody.

        The ear before goes first: two in one bridge would say into one leg what the other hears. Raises ChannelGone
        when one of the legs is not there, AsteriskSilent, AsteriskDown.
        """
        if command.instead_of is not None:
            await self._take_away(command)
        awaited = self._awaited.setdefault(command.snoop, asyncio.Event())
        try:
            await self._make(command, awaited)
        finally:
            self._awaited.pop(command.snoop, None)
        both = f"{command.snoop},{command.leg_id}"
        made = self._client.bridges.createWithId(bridgeId=command.bridge_id, type=BRIDGE_TYPE)
        added = self._client.bridges.addChannel(bridgeId=command.bridge_id, channel=both)
        try:
            await asyncio.gather(made, added)
        except ChannelGone:
            await self._client.channels.hangup(channelId=command.snoop)
            raise

    async def _make(self, command: Overhear, awaited: asyncio.Event) -> None:
        answer = await self._client.channels.snoop(
            channelId=command.spied,
            spy="both",
            whisper="out" if command.whispering else "none",
            app=variables.APPLICATION,
            appArgs=f"{variables.STASIS_SNOOP},{command.leg_id}",
            snoopId=command.snoop,
        )
        if answer.status_code != ari.CREATED:  # there already, or the bridge will miss it
            return
        try:
            async with asyncio.timeout(DEADLINE_S):
                await awaited.wait()
        except TimeoutError:
            raise AsteriskSilent("The switch made no ear for the supervisor.") from None

    async def _take_away(self, command: Overhear) -> None:
        assert command.instead_of is not None
        for answer in await asyncio.gather(
            self._client.bridges.removeChannel(bridgeId=command.bridge_id, channel=command.instead_of),
            self._client.channels.hangup(channelId=command.instead_of),
            return_exceptions=True,
        ):
            if isinstance(answer, BaseException) and not isinstance(answer, OutsideError):
                raise answer
