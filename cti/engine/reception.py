"""Who is it that arrives? Asked before he is let in, where that decides how he is routed.

Theory of operation. A queue without a `Regard` is never asked for. For the others each caller has a task of his own, so
that nobody waits for another's look-up and the mailbox for none. It lasts `LIMIT_S` at most; whatever came of it, he is
let in then. Whose leg ended meanwhile is not: of a leg nothing may be decided after its end.

In memory only. A caller who is being asked for when the engine dies is on the switch still, and comes by its listing.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from cti.domain.events import ContactArrived
from cti.domain.ids import LegId, ProjectId, QueueId
from cti.engine.tasks import Supervised
from cti.errors import OutsideError
from cti.ports import Customers, Standing
from cti.regard import Regard

log = logging.getLogger(__name__)

LIMIT_S: Final = 0.15
"""How long an arrival may be kept for its look-up."""


class Reception:
    """Used by the engine alone, on its loop. Without `customers` nobody is asked for."""

    def __init__(self, *, customers: Customers | None, regards: Mapping[QueueId, Regard], tasks: Supervised) -> None:
        self._customers = customers
        self._regards = regards
        self._tasks = tasks
        self._asking: set[LegId] = set()
        self.missed = 0
        """Look-ups that failed or came too late."""

    def change_regards(self, regards: Mapping[QueueId, Regard]) -> None:
        """Other queues must know who a customer is from now on."""
        self._regards = regards

    def asks(self, queue_id: QueueId, address: str) -> bool:
        """Whether it matters there who has this address; nobody has none."""
        return bool(address) and queue_id in self._regards and self._customers is not None

    def is_asking(self, leg_id: LegId) -> bool:
        """Whether this caller is about to be let in."""
        return leg_id in self._asking

    def receive(
        self,
        event: ContactArrived,
        leg_id: LegId,
        address: str,
        *,
        project_id: ProjectId,
        then: Callable[[ContactArrived], None],
    ) -> None:
        """Ask, and call `then` with what the caller is to arrive with; not when his leg has ended before."""
        self._asking.add(leg_id)

        async def ask() -> None:
            told = await self.told(event, address, project_id=project_id)
            if leg_id in self._asking:
                self._asking.discard(leg_id)
                then(told)

        self._tasks.start(f"reception of {leg_id}", ask)

    def left(self, leg_id: LegId) -> bool:
        """The leg has ended: who is being asked for is not let in any more. Whether it was such a one."""
        if leg_id not in self._asking:
            return False
        self._asking.discard(leg_id)
        return True

    async def told(self, event: ContactArrived, address: str, *, project_id: ProjectId) -> ContactArrived:
        """The arrival with what counts of whom it is; as it was when that is not known in time. Never raises."""
        if not self.asks(event.queue_id, address):
            return event
        regard = self._regards[event.queue_id]
        standing = await self._standing(address, project_id=project_id)
        return event if standing is None else regard.applied(event, standing)

    async def _standing(self, address: str, *, project_id: ProjectId) -> Standing | None:
        assert self._customers is not None
        try:
            async with asyncio.timeout(LIMIT_S):
                return await self._customers.standing(address, project_id=project_id)
        except (TimeoutError, OutsideError):
            log.info("somebody arrives without his standing", extra={"action": "standing_late"})
        except Exception:  # whatever is wrong with the look-up, the caller is to be let in
            log.exception("a standing could not be looked up", extra={"action": "standing_failed"})
        self.missed += 1
        return None
