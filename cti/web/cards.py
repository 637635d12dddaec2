"""Who calls? Look-ups of customers beside the contact, started as early as the address is known.

One look-up per (project, address) at a time; its answer serves every contact of that address for five seconds, so a
look-up started when the call arrived is done when an agent is chosen. At most `LIMIT` answers are kept: the oldest
goes first, and is simply asked again. Not here: when the card is pushed (`cti.web.hub`).
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cti.domain.ids import ProjectId
from cti.errors import OutsideError
from cti.metrics import Metrics
from cti.ports import Card, Customers
from cti.web.screens import CardState

log = logging.getLogger(__name__)

DEADLINE_S: Final = 0.3
FRESH_S: Final = 5.0
LIMIT: Final = 512


@dataclass(slots=True, eq=False)
class Lookup:
    """One question and, once `state` is no longer `loading`, its answer."""

    state: CardState = "loading"
    card: Card | None = None
    done_at: float = 0.0
    """Loop time of the answer."""
    task: asyncio.Task[None] | None = None
    listeners: dict[str, Callable[[], None]] = field(default_factory=dict)
    """Called once, when the answer is there; by the listener's own name, so that who asks twice is told once."""


NOBODY: Final = Lookup(state="unknown")
"""The answer for a withheld address."""


class Cards:
    """Asks, remembers and tells who waits for the answer."""

    def __init__(self, *, customers: Customers, metrics: Metrics) -> None:
        self._customers = customers
        self._lookups: OrderedDict[tuple[ProjectId, str], Lookup] = OrderedDict()
        self._took = metrics.histogram("triune_card_lookup_seconds", "How long look-ups of customers took")
        self._failed = metrics.counter("triune_card_lookups_failed_total", "Look-ups that failed or took too long")

    def ask(self, address: str, *, project_id: ProjectId) -> Lookup:
        """The look-up of this address, begun now unless one runs or has just answered. Never waits.

        A failed one is begun anew. Must be called on the loop.
        """
        if not address:
            return NOBODY
        key = (project_id, address)
        loop = asyncio.get_running_loop()
        found = self._lookups.get(key)
        if found is not None and (
            found.state == "loading" or (found.state != "unavailable" and loop.time() - found.done_at < FRESH_S)
        ):
            return found
        lookup = self._lookups[key] = Lookup()
        self._lookups.move_to_end(key)
        if len(self._lookups) > LIMIT:
            self._lookups.popitem(last=False)
        lookup.task = asyncio.create_task(self._find(lookup, address, project_id))
        return lookup

    async def close(self) -> None:
        """Give up what is still asked."""
        tasks = [lookup.task for lookup in self._lookups.values() if lookup.task is not None and not lookup.task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _find(self, lookup: Lookup, address: str, project_id: ProjectId) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(DEADLINE_S):
                lookup.card = await self._customers.find(address, project_id=project_id)
            lookup.state = "unknown" if lookup.card is None else "found"
        except (OutsideError, TimeoutError) as error:
            lookup.state = "unavailable"
            self._failed.add()
            log.warning("a card could not be had: %s", type(error).__name__, extra={"action": "card_unavailable"})
        except Exception:  # the edge of an outside adapter: the pop must be told, whatever went wrong behind it
            lookup.state = "unavailable"
            self._failed.add()
            log.exception("a card could not be had", extra={"action": "card_unavailable"})
        lookup.done_at = loop.time()
        self._took.observe(lookup.done_at - began)
        for listener in list(lookup.listeners.values()):
            listener()
        lookup.listeners.clear()
