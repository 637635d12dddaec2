"""Having a number called for an agent: every question that is asked before, in order, and what is noted of it.

Here: the order, and how long it took from the click to the ring. Not here: the rules themselves (`cti.calling`), what
comes of the call (`cti.domain.outbound`), HTTP (`cti.web.call_routes`).
"""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import Final, NoReturn

from cti.calling import No, Refusal, Rules, hidden, in_full
from cti.config import Centre
from cti.domain.events import OutboundRequested
from cti.domain.ids import AgentId, ContactId, Milliseconds, ProjectId, QueueId
from cti.errors import OutsideError
from cti.metrics import Metrics
from cti.ports import Arrival, Customers, DoNotCall, Engine, People, Person
from cti.web import problems

log = logging.getLogger(__name__)

_KEPT: Final = 1000
"""Spans from click to ring from which figures are told."""
_STATUS: Final = {No.NOT_A_NUMBER: 422, No.OWN_NUMBER: 409, No.HOURS: 409}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A call that somebody wants, read and found sound."""

    number: str
    """E.164."""
    project_id: ProjectId
    queue_id: QueueId
    origin: ContactId | None = None
    customer_id: int | None = None


class Clicks:
    """How long agents' phones took to ring after they had asked for a call."""

    def __init__(self, metrics: Metrics) -> None:
        self._asked: dict[AgentId, float] = {}
        self._spans: deque[float] = deque(maxlen=_KEPT)
        self._histogram = metrics.histogram(
            "triune_click_to_ring_seconds", "From the click at the server's edge until the agent's phone was rung"
        )

    def asked(self, agent_id: AgentId) -> None:
        """He has clicked, now."""
        self._asked[agent_id] = asyncio.get_running_loop().time()

    def refused(self, agent_id: AgentId) -> None:
        """Nothing came of it."""
        self._asked.pop(agent_id, None)

    def rung(self, agent_id: AgentId) -> None:
        """The switch has taken the order to ring him; counts when he asked for it."""
        asked = self._asked.pop(agent_id, None)
        if asked is not None:
            span = asyncio.get_running_loop().time() - asked
            self._spans.append(span)
            self._histogram.observe(span)

    def percentile_ms(self, percent: int) -> int | None:
        """Of the last thousand; None before the first."""
        ordered = sorted(self._spans)
        return round(ordered[max(0, -(-len(ordered) * percent // 100) - 1)] * 1000) if ordered else None


class Calls:
    """Asked by the routes."""

    def __init__(
        self,
        *,
        engine: Engine,
        centre: Centre,
        registry: DoNotCall,
        people: People,
        customers: Customers,
        clicks: Clicks,
    ) -> None:
        self._engine = engine
        self._centre = centre
        self._people = people
        self._customers = customers
        self.registry = registry
        self.clicks = clicks
        self.rules = Rules(centre)

    def read(self, text: str) -> str:
        """The number in E.164 by the centre's country; "" when it is none."""
        return in_full(text, country=self._centre.country)

    def refusal(self, number: str, *, person: Person, project_id: ProjectId) -> Refusal | None:
        """Why he may not call it now by the centre file."""
        return self.rules.may_call(number, role=person.role, project_id=project_id, now=self._engine.now())

    async def place(self, wish: Wish, *, person: Person, asked_ms: Milliseconds) -> ContactId:
        """Ring his phone, then the number. Raises problems.Refusal, RuleError, OutsideError."""
        self.clicks.asked(person.agent_id)
        try:
            await self._may(wish, person)
            return await self._engine.call(
                OutboundRequested(
                    agent_id=person.agent_id, queue_id=wish.queue_id, origin=wish.origin, asked_ms=asked_ms
                ),
                Arrival(address=wish.number, language=""),
            )
        except BaseException:  # whoever asked is gone, too
            self.clicks.refused(person.agent_id)
            raise

    async def may_be_asked(self, number: str, *, person: Person, project_id: ProjectId) -> None:
        """Whether he may have it rung for a talk of his. Raises problems.Refusal, OutsideError."""
        refusal = self.refusal(number, person=person, project_id=project_id)
        await self._may_be_called(number, refusal, person=person, project_id=project_id)

    async def may_be_called_back(self, number: str, *, person: Person, project_id: ProjectId) -> None:
        """Whether he may have it called later, at the hours of the queue. Raises problems.Refusal, OutsideError."""
        refusal = self.refusal(number, person=person, project_id=project_id)
        is_early = refusal is not None and refusal.why is No.HOURS
        await self._may_be_called(number, None if is_early else refusal, person=person, project_id=project_id)

    async def may_ever_be_called(self, number: str, *, person: Person) -> None:
        """Whether he may have it called for some project, at some hour. Raises problems.Refusal."""
        refusal = self.rules.may_ever_call(number, role=person.role)
        if refusal is not None:
            await self._refuse(number, refusal, person)

    async def _may_be_called(
        self, number: str, refusal: Refusal | None, *, person: Person, project_id: ProjectId
    ) -> None:
        if refusal is not None:
            await self._refuse(number, refusal, person)
        if await self.registry.is_listed(number, project_id=project_id):
            raise problems.Refusal(409, "do_not_call")

    async def _refuse(self, number: str, refusal: Refusal, person: Person) -> NoReturn:
        if refusal.is_of_fraud:
            await self._tell_audit(number, refusal, person)
        raise refused(refusal)

    async def _may(self, wish: Wish, person: Person) -> None:
        refusal = self.refusal(wish.number, person=person, project_id=wish.project_id)
        await self._may_be_called(wish.number, refusal, person=person, project_id=wish.project_id)
        if wish.customer_id is not None:
            card = await self._customers.find(wish.number, project_id=wish.project_id)
            if card is None or card.customer_id != wish.customer_id:
                raise problems.Refusal(409, "not_the_customers_number")

    async def _tell_audit(self, number: str, refusal: Refusal, person: Person) -> None:
        log.warning(
            "a call was refused", extra={"action": "call_refused", "why": refusal.why, "agent": person.agent_id}
        )
        try:
            await self._people.note_deed(
                actor=person.login, action="call_refused", subject=hidden(number), detail=refusal.why
            )
        except OutsideError:
            log.warning("the refusal could not be written down", extra={"action": "audit_missed"})


def refused(refusal: Refusal) -> problems.Refusal:
    """The refusal as the web says it."""
    return problems.Refusal(
        _STATUS.get(refusal.why, 403),
        refusal.why,
        country=refusal.country,
        there=refusal.there,
        zone=refusal.zone,
        opens=refusal.opens,
    )
