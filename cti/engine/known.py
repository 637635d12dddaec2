"""Whose the contacts are: at hand at once, kept by the database, waited for before a request is acknowledged.

Who lets a contact in says here whose it is, before anybody is shown it. For how long it is at hand is
`cti.engine.in_hand`'s, what is asked for after a restart `cti.engine.recall`'s. Made by the engine.
"""

import asyncio
import logging
from collections.abc import Awaitable, Iterable, Sequence
from typing import Final

from cti.domain.ids import ContactId
from cti.engine.in_hand import InHand
from cti.engine.recovery import Recovered
from cti.ports import Particular, Particulars

log = logging.getLogger(__name__)

KEPT_LIMIT_S: Final = 1.0
"""How long a request is not acknowledged because its particulars are not written; the database has them later."""


class Known:
    """Particulars, at hand and kept."""

    def __init__(self, keeper: Particular) -> None:
        self.in_hand = InHand()
        self._keeper = keeper

    def adopt(self, recovered: Recovered) -> None:
        """Which legs are whose, and which have ended, as the engine before us left it."""
        for leg_id in recovered.ended_legs:
            self.in_hand.ended(leg_id)
        for apology in recovered.apologies:
            self.in_hand.said_farewell(apology)
        for contact in recovered.acd.state.contacts.values():
            self.in_hand.opened(contact.id, contact.leg_id)

    def keep(self, known: Iterable[Particulars]) -> None:
        """Have them at hand from now on, and in the database soon."""
        for particulars in known:
            self.in_hand.put(particulars)
            self._keeper.keep((particulars,))

    def durable(self) -> asyncio.Future[None]:
        """Done when all that is kept by now is durable; waits while the database is away."""
        return asyncio.ensure_future(self._keeper.durable())

    async def recalled(self, wanted: Sequence[ContactId]) -> dict[ContactId, Particulars]:
        """What is kept of these. Raises DatabaseDown."""
        return await self._keeper.recall(wanted)


async def kept(keeping: Iterable[Awaitable[None]]) -> None:
    """Whoever acknowledges a request must be sure that it is known whose it is; but not wait long for that."""
    try:
        async with asyncio.timeout(KEPT_LIMIT_S):
            await asyncio.gather(*keeping)
    except TimeoutError:
        log.warning("particulars are not written yet", extra={"action": "particulars_late"})
