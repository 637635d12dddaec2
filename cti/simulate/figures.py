"""From facts to figures: what each contact and each agent went through, summed up.

Pure: facts in, sums out; whether they come from the simulator or from a journal makes no difference. `Tally.take` is
given the facts of each event in order, `Tally.report` the end. What the figures mean is `cti.simulate.counts`.

A contact counts when it was queued between `since_ms` and `until_ms`, and then to its end, be that later; agents' time
counts between the two. A contact that ends without an agent by its customer's leaving, or by its being withdrawn, is
abandoned; one that is closed unanswered for another reason (it overflowed, every attempt to call back failed) is
neither. Who is promised a callback is neither answered nor abandoned, and counts as served when he was reached. A
contact counts in the queue that it came to, wherever it was moved.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cti.domain.capacity import ONE_AT_A_TIME, Capacity, load
from cti.domain.facts import (
    AgentConfigured,
    AssignmentClosed,
    AssignmentOffered,
    AssignmentPaused,
    AssignmentStarted,
    AssignmentUnpaused,
    CallbackAccepted,
    ContactClosed,
    ContactMoved,
    ContactQueued,
    ContactRequeued,
    CustomerReached,
    Fact,
    OfferEnded,
    QueueConfigured,
    ReadinessChanged,
)
from cti.domain.ids import (
    SYSTEM_ABANDONED,
    SYSTEM_CANCELLED,
    AgentId,
    AssignmentId,
    ContactId,
    Medium,
    Milliseconds,
    QueueId,
    Readiness,
)
from cti.simulate.counts import Counts, Figures, Times, of_agent, of_contacts, of_times
from cti.simulate.curves import SLOTS, Curves

DEFAULT_THRESHOLD_MS: Final[Milliseconds] = 20_000


@dataclass(slots=True)
class _Seen:
    """A contact on its way."""

    queue_id: QueueId
    medium: Medium
    queued_ms: Milliseconds
    threshold_ms: Milliseconds
    cell: Counts | None
    """None: it came before the figures begin, or after they end."""
    waiting: bool = True
    answered: bool = False
    called_back: bool = False


@dataclass(slots=True)
class _Held:
    """An assignment that is not over."""

    contact: _Seen
    agent: "_Agent"
    started_ms: Milliseconds | None = None
    paused: bool = False


@dataclass(slots=True)
class _Agent:
    """What an agent does at the moment, since when, and what he did so far."""

    readiness: Readiness = Readiness.OFFLINE
    since_ms: Milliseconds = 0
    held: int = 0
    worked: int = 0
    load: int = 0
    media: tuple[Medium, ...] = ()
    """What he holds, less what is paused."""
    profile: Capacity = ONE_AT_A_TIME
    times: Times = field(default_factory=Times)
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures of one day, by whom they are of."""

    total: Figures
    queues: Mapping[str, Figures]
    media: Mapping[str, Figures]
    agents: Mapping[str, Figures]
    arrived: int
    """All contacts of the day, counted in the figures or not …"""
    served: int
    abandoned: int
    otherwise: int
    """Over without either: overflowed, or called back in vain …"""
    left_over: int
    """… or not over yet: how all of them ended."""
    waits_ms: Mapping[str, list[int]]
    """Of those answered, per queue."""
    thresholds_ms: Mapping[QueueId, int]
    curves: Curves

    @property
    def conserved(self) -> bool:
        """Nobody is lost and nobody counted twice."""
        return self.arrived == self.served + self.abandoned + self.otherwise + self.left_over


class Tally:
    """Counts facts as they come."""

    def __init__(self, *, since_ms: Milliseconds, until_ms: Milliseconds, short_ms: Milliseconds = 5_000) -> None:
        self._since, self._until, self._short = since_ms, until_ms, short_ms
        self._cells: dict[tuple[QueueId, Medium], Counts] = {}
        self._thresholds: dict[QueueId, Milliseconds] = {}
        self._contacts: dict[ContactId, _Seen] = {}
        self._held: dict[AssignmentId, _Held] = {}
        self._agents: dict[AgentId, _Agent] = {}
        self._arrived = self._served = self._abandoned = self._otherwise = 0
        self._curves = Curves(since_ms=since_ms, slot_ms=max(1, until_ms - since_ms) / SLOTS)
        self._queues: dict[QueueId, tuple[int, Milliseconds]] = {}
        """How many wait, and since when it is so many."""
        self._counted: Mapping[type[Fact], Callable[[Any, Milliseconds], None]] = {
            QueueConfigured: self._queue,
            ContactQueued: self._queued,
            AssignmentOffered: self._offered,
            AssignmentStarted: self._started,
            OfferEnded: self._offer_ended,
            AssignmentClosed: self._assignment_closed,
            ContactRequeued: self._requeued,
            ContactClosed: self._contact_closed,
            ReadinessChanged: self._readiness,
            AgentConfigured: self._configured,
            AssignmentPaused: self._paused,
            AssignmentUnpaused: self._unpaused,
            ContactMoved: self._moved,
            CallbackAccepted: self._callback,
            CustomerReached: self._reached,
        }

    def take(self, facts: Iterable[Fact], at_ms: Milliseconds) -> None:
        """Count what was decided at this instant."""
        for fact in facts:
            count = self._counted.get(type(fact))
            if count is not None:
                count(fact, at_ms)

    def report(self, at_ms: Milliseconds) -> Report:
        """The figures, the day being over at this instant."""
        for agent in self._agents.values():
            self._settle(agent, at_ms)
        for queue_id in self._queues:
            self._wait_changes(queue_id, 0, at_ms)
        queues: dict[str, Counts] = {queue_id: Counts() for queue_id in self._thresholds}
        media: dict[str, Counts] = {}
        total = Counts()
        for (queue_id, medium), cell in sorted(self._cells.items()):
            for counts in (queues.setdefault(queue_id, Counts()), media.setdefault(medium, Counts()), total):
                counts.add(cell)
        times = Times()
        for agent in self._agents.values():
            times.add(agent.times)
        return Report(
            total=of_contacts(total) | of_times(times),
            queues={key: of_contacts(counts) for key, counts in queues.items()},
            media={key: of_contacts(counts) for key, counts in media.items()},
            agents={key: of_agent(agent.counts, agent.times) for key, agent in self._agents.items()},
            arrived=self._arrived,
            served=self._served,
            abandoned=self._abandoned,
            otherwise=self._otherwise,
            left_over=len(self._contacts),
            waits_ms={key: counts.waits_ms for key, counts in queues.items()},
            thresholds_ms={**self._thresholds},
            curves=self._curves,
        )

    # -- contacts ------------------------------------------------------------------------------------------------------

    def _queue(self, fact: QueueConfigured, _: Milliseconds) -> None:
        self._thresholds[fact.rules.queue_id] = fact.rules.service_level_ms

    def _queued(self, fact: ContactQueued, at_ms: Milliseconds) -> None:
        if fact.outbound:
            return  # nobody waits in a call that the centre makes
        self._arrived += 1
        cell = None
        if self._since <= fact.queued_ms < self._until:
            cell = self._cells.get((fact.queue_id, fact.medium))
            if cell is None:
                cell = self._cells[fact.queue_id, fact.medium] = Counts()
            cell.offered += 1
        threshold = self._thresholds.get(fact.queue_id, DEFAULT_THRESHOLD_MS)
        self._contacts[fact.contact_id] = _Seen(fact.queue_id, fact.medium, fact.queued_ms, threshold, cell)
        self._wait_changes(fact.queue_id, 1, at_ms)

    def _answered(self, seen: _Seen, at_ms: Milliseconds) -> None:
        seen.answered = True
        cell = seen.cell
        if cell is None:
            return
        waited = at_ms - seen.queued_ms
        cell.answered += 1
        cell.answered_in_time += waited <= seen.threshold_ms
        cell.waited_answered_ms += waited
        cell.waits_ms.append(waited)
        _count_wait(cell, waited)

    def _contact_closed(self, fact: ContactClosed, at_ms: Milliseconds) -> None:
        seen = self._contacts.pop(fact.contact_id, None)
        if seen is None:
            return
        if seen.waiting:
            self._wait_changes(seen.queue_id, -1, at_ms)
        if seen.answered:
            self._served += 1
            return
        if fact.disposition not in (SYSTEM_ABANDONED, SYSTEM_CANCELLED) or seen.called_back:
            self._otherwise += 1
            return
        self._abandoned += 1
        cell = seen.cell
        if cell is not None:
            waited = at_ms - seen.queued_ms
            cell.abandoned += 1
            cell.abandoned_in_time += waited <= seen.threshold_ms
            cell.abandoned_short += waited <= self._short
            _count_wait(cell, waited)

    def _requeued(self, fact: ContactRequeued, at_ms: Milliseconds) -> None:
        seen = self._contacts.get(fact.contact_id)
        if seen is not None and not seen.waiting:
            seen.waiting = True
            self._wait_changes(seen.queue_id, 1, at_ms)

    def _moved(self, fact: ContactMoved, at_ms: Milliseconds) -> None:
        seen = self._contacts.get(fact.contact_id)
        if seen is not None:
            if seen.waiting:
                self._wait_changes(seen.queue_id, -1, at_ms)
                self._wait_changes(fact.queue_id, 1, at_ms)
            seen.queue_id = fact.queue_id

    def _callback(self, fact: CallbackAccepted, at_ms: Milliseconds) -> None:
        seen = self._contacts.get(fact.contact_id)
        if seen is None:
            return
        seen.called_back, seen.medium = True, Medium.CALLBACK
        if seen.cell is not None:
            seen.cell.callbacks += 1
            seen.cell.callbacks_in_time += at_ms - seen.queued_ms <= seen.threshold_ms

    # -- assignments ---------------------------------------------------------------------------------------------------

    def _offered(self, fact: AssignmentOffered, at_ms: Milliseconds) -> None:
        seen = self._contacts.get(fact.contact_id)
        if seen is None:
            return
        agent = self._agent(fact.agent_id)
        self._held[fact.assignment_id] = _Held(seen, agent)
        self._settle(agent, at_ms)
        agent.held += 1
        _loaded(agent, (*agent.media, seen.medium))

    def _started(self, fact: AssignmentStarted, at_ms: Milliseconds) -> None:
        held = self._held.get(fact.assignment_id)
        if held is None or held.started_ms is not None:
            return
        held.started_ms = at_ms
        self._settle(held.agent, at_ms)
        held.agent.worked += 1
        seen = held.contact
        if seen.waiting:
            seen.waiting = False
            self._wait_changes(seen.queue_id, -1, at_ms)
        if not seen.answered and seen.medium is not Medium.CALLBACK:
            self._answered(seen, at_ms)

    def _reached(self, fact: CustomerReached, at_ms: Milliseconds) -> None:
        held = self._held.get(fact.assignment_id)
        if held is None or held.contact.answered:
            return
        if held.contact.called_back:
            held.contact.answered = True
        else:
            self._answered(held.contact, at_ms)

    def _paused(self, fact: AssignmentPaused, at_ms: Milliseconds) -> None:
        held = self._held.get(fact.assignment_id)
        if held is not None and not held.paused:
            held.paused = True
            self._settle(held.agent, at_ms)
            _loaded(held.agent, _without(held.agent.media, held.contact.medium))

    def _unpaused(self, fact: AssignmentUnpaused, at_ms: Milliseconds) -> None:
        held = self._held.get(fact.assignment_id)
        if held is not None and held.paused:
            held.paused = False
            self._settle(held.agent, at_ms)
            _loaded(held.agent, (*held.agent.media, held.contact.medium))

    def _offer_ended(self, fact: OfferEnded, at_ms: Milliseconds) -> None:
        held = self._held.pop(fact.assignment_id, None)
        if held is not None:
            self._let_go(held, at_ms)

    def _assignment_closed(self, fact: AssignmentClosed, at_ms: Milliseconds) -> None:
        held = self._held.pop(fact.assignment_id, None)
        if held is None:
            return
        self._let_go(held, at_ms)
        if held.started_ms is not None and held.contact.cell is not None:
            for counts in (held.contact.cell, held.agent.counts):
                counts.handled += 1
                counts.handling_ms += at_ms - held.started_ms

    def _let_go(self, held: _Held, at_ms: Milliseconds) -> None:
        agent = held.agent
        self._settle(agent, at_ms)
        agent.held -= 1
        agent.worked -= held.started_ms is not None
        if not held.paused:
            _loaded(agent, _without(agent.media, held.contact.medium))

    # -- agents and curves ---------------------------------------------------------------------------------------------

    def _agent(self, agent_id: AgentId) -> _Agent:
        return self._agents.setdefault(agent_id, _Agent())

    def _configured(self, fact: AgentConfigured, at_ms: Milliseconds) -> None:
        agent = self._agent(fact.agent_id)
        self._settle(agent, at_ms)
        agent.profile = fact.capacity or ONE_AT_A_TIME
        _loaded(agent, agent.media)

    def _readiness(self, fact: ReadinessChanged, at_ms: Milliseconds) -> None:
        agent = self._agent(fact.agent_id)
        self._settle(agent, at_ms)
        agent.readiness = fact.readiness

    def _settle(self, agent: _Agent, at_ms: Milliseconds) -> None:
        """Account for what he did since the last change."""
        start, end = max(agent.since_ms, self._since), min(at_ms, self._until)
        agent.since_ms = at_ms
        if end <= start or (agent.readiness is Readiness.OFFLINE and not agent.held):
            return
        span, times, curves = end - start, agent.times, self._curves
        times.signed_in_ms += span
        times.load_percent_ms += span * agent.load
        self._curves.spread(curves.signed_in, start, end, 1)
        if agent.load:
            self._curves.spread(curves.load, start, end, agent.load)
        if agent.worked:
            times.on_contacts_ms += span
            self._curves.spread(curves.on_contacts, start, end, 1)
        elif agent.readiness is Readiness.READY and not agent.held:
            times.idle_ms += span
            self._curves.spread(curves.idle, start, end, 1)

    def _wait_changes(self, queue_id: QueueId, by: int, at_ms: Milliseconds) -> None:
        length, since = self._queues.get(queue_id, (0, at_ms))
        self._queues[queue_id] = (length + by, at_ms)
        start, end = max(since, self._since), min(at_ms, self._until)
        if length and end > start:
            curve = self._curves.waiting.get(queue_id)
            if curve is None:
                curve = self._curves.waiting[queue_id] = [0.0] * SLOTS
            self._curves.spread(curve, start, end, length)


def _loaded(agent: _Agent, media: tuple[Medium, ...]) -> None:
    agent.media = media
    agent.load = load(agent.profile, media)


def _without(media: tuple[Medium, ...], medium: Medium) -> tuple[Medium, ...]:
    place = media.index(medium)
    return media[:place] + media[place + 1 :]


def _count_wait(cell: Counts, waited: Milliseconds) -> None:
    cell.waited_ms += waited
    cell.delayed += waited > 0
    cell.longest_wait_ms = max(cell.longest_wait_ms, waited)
