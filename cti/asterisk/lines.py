"""Agents' lines between talks: kept up for as long as somebody looks after them, and no longer.

Theory of operation. A line that waits makes its phone busy, so the static queues, which serve while the engine is away,
would never ring it. So Asterisk hangs each one up a while after it was last told not to, and an engine that is there
tells it again and again; in a talk a line has no such limit (`cti.asterisk.calls`). Called by `cti.asterisk.switch`.
"""

import asyncio
from typing import Final

from cti.asterisk import wire
from cti.asterisk.ari import Channels
from cti.domain.ids import LegId
from cti.ports import Listing

LIMIT_S: Final = 60
"""How long a line outlives its engine: longer than a restart takes."""
LONGEST_TALK_S: Final = 4 * 3600
"""After so long a callee of a campaign is hung up."""
_TIMES: Final = 3
"""How often it is told within that."""


class Lines:
    """The lines that wait on one node."""

    def __init__(self, channels: Channels, *, limit_s: int = LIMIT_S) -> None:
        self._channels = channels
        self._limit_s = limit_s
        self._waiting: set[LegId] = set()

    def wait(self, leg_id: LegId) -> asyncio.Future[wire.Reply]:
        """Its talk is over, or it was just picked up: from now on it has the limit, and is told again."""
        self._waiting.add(leg_id)
        return limit(self._channels, leg_id, limit_s=self._limit_s)

    def leave(self, leg_id: LegId) -> None:
        """It is about to be joined to somebody, or has ended."""
        self._waiting.discard(leg_id)

    def learn(self, listing: Listing) -> None:
        """After a gap: which of them are in no talk."""
        talking = frozenset[LegId]().union(*(bridge.legs for bridge in listing.bridges))
        self._waiting = {
            leg.leg_id
            for leg in listing.legs
            if leg.agent_id is not None and leg.answered and leg.leg_id not in talking
        }

    async def run(self) -> None:
        """Tell the switch, again and again, that they are wanted; what it answers shows in what it tells of them."""
        while True:
            await asyncio.sleep(self._limit_s / _TIMES)
            await asyncio.gather(*map(self.wait, sorted(self._waiting)), return_exceptions=True)


def limit(channels: Channels, leg_id: LegId, *, limit_s: int) -> asyncio.Future[wire.Reply]:
    """Have this leg hung up after so many seconds; 0: never."""
    return channels.setChannelVar(channelId=leg_id, variable="TIMEOUT(absolute)", value=str(limit_s))
