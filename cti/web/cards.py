"""Who calls? Look-ups of customers beside the contact, started as early as the address is known.

Theory of operation. The centre's own base and the CRMs outside are asked together, each in a task of its own; what each
tells is merged into the card as it comes, and whoever listens is told each time. So a source that is slow or dead takes
nothing from the others. A look-up is *loading* until somebody is found or all have answered; then it is *unknown* if
all could be asked, else *unavailable*. A page confirms the pop at the own base's answer: no ring waits for the others.

One look-up per (project, address) at a time; its answer serves every contact of that address for five seconds, so a
look-up started when the call arrived is done when an agent is chosen. At most `LIMIT` answers are kept: the oldest
goes first, and is simply asked again. Not here: when the card is pushed (`cti.web.hub`).
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from cti.domain.ids import ProjectId
from cti.errors import OutsideError
from cti.metrics import Metrics
from cti.ports import Card, Customers, Source
from cti.web.merged import merged
from cti.web.screens import CardState

log = logging.getLogger(__name__)

DEADLINE_S: Final = 0.3
OUTSIDE_LIMIT_S: Final = 5.0
"""However long a source outside may take by its own deadline."""
FRESH_S: Final = 5.0
LIMIT: Final = 512
OWN: Final = "triune"
"""The centre's own base among the sources."""


@dataclass(slots=True, eq=False)
class Lookup:
    """One question and what is known of its answer so far."""

    states: dict[str, CardState] = field(default_factory=dict)
    """By source, the own base first."""
    card: Card | None = None
    cards: dict[str, Card] = field(default_factory=dict)
    done_at: float = 0.0
    """Loop time of the last answer."""
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    listeners: dict[str, Callable[[], None]] = field(default_factory=dict)
    """Called at each answer; by the listener's own name, so that who asks twice is told once. Gone after the last."""

    @property
    def state(self) -> CardState:
        """Of the whole."""
        states = self.states.values()
        if "found" in states:
            return "found"
        return next((state for state in ("loading", "unavailable") if state in states), "unknown")

    @property
    def is_done(self) -> bool:
        """Have all answered?"""
        return "loading" not in self.states.values()


NOBODY: Final = Lookup(states={OWN: "unknown"})
"""The answer for a withheld address."""


class Cards:
    """Asks, remembers and tells who waits for the answer."""

    def __init__(
        self,
        *,
        customers: Customers,
        metrics: Metrics,
        outside: Mapping[ProjectId, Sequence[Source]] = MappingProxyType({}),
    ) -> None:
        self._customers = customers
        self._outside = outside
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
            not found.is_done or (found.state != "unavailable" and loop.time() - found.done_at < FRESH_S)
        ):
            return found
        lookup = self._lookups[key] = self._begun(address, project_id)
        self._lookups.move_to_end(key)
        if len(self._lookups) > LIMIT:
            self._lookups.popitem(last=False)
        return lookup

    async def close(self) -> None:
        """Give up what is still asked."""
        tasks = [task for lookup in self._lookups.values() for task in lookup.tasks if not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begun(self, address: str, project_id: ProjectId) -> Lookup:
        outside = self._outside.get(project_id, ())
        lookup = Lookup(states=dict.fromkeys((OWN, *(source.name for source in outside)), "loading"))
        asked = [(OWN, self._own(address, project_id))]
        asked += [(source.name, _bounded(source, address, project_id)) for source in outside]
        lookup.tasks = [asyncio.create_task(self._take(lookup, name, question)) for name, question in asked]
        return lookup

    async def _own(self, address: str, project_id: ProjectId) -> Card | None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._customers.find(address, project_id=project_id)
        finally:
            self._took.observe(loop.time() - began)

    async def _take(self, lookup: Lookup, name: str, question: Awaitable[Card | None]) -> None:
        told = {"action": "card_unavailable", "source": name}
        try:
            card = await question
            lookup.states[name] = "unknown" if card is None else "found"
            if card is not None:
                lookup.cards[name] = card
                lookup.card = merged([lookup.cards[each] for each in lookup.states if each in lookup.cards])
        except (OutsideError, TimeoutError) as error:
            self._fail(lookup, name)
            log.warning("a card could not be had: %s", type(error).__name__, extra=told)
        except Exception:  # the edge of an outside adapter: the pop must be told, whatever went wrong behind it
            self._fail(lookup, name)
            log.exception("a card could not be had", extra=told)
        lookup.done_at = asyncio.get_running_loop().time()
        for listener in list(lookup.listeners.values()):
            listener()
        if lookup.is_done:
            lookup.listeners.clear()

    def _fail(self, lookup: Lookup, name: str) -> None:
        lookup.states[name] = "unavailable"
        self._failed.add()


async def _bounded(source: Source, address: str, project_id: ProjectId) -> Card | None:
    async with asyncio.timeout(OUTSIDE_LIMIT_S):
        return await source.find(address, project_id=project_id)
