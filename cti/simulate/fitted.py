"""A scenario learnt from a journal: the day as it was, with the parts that can be drawn anew as distributions.

From facts only: contacts come when they came, agents are there when they were; service, wrap-up and answers are the
spans that were seen (each as often), patience is Kaplan and Meier's estimate, since those who were answered did not
show theirs. Called by `cti.simulate.commands`; reading the journal's file is the caller's.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from cti.domain.events import HoursSet
from cti.domain.facts import (
    AgentConfigured,
    AgentRung,
    AssignmentClosed,
    AssignmentOffered,
    AssignmentPaused,
    AssignmentStarted,
    AssignmentUnpaused,
    CallbackAccepted,
    CallbackOffered,
    ContactClosed,
    ContactQueued,
    CustomerReached,
    Fact,
    HoursConfigured,
    OfferEnded,
    QueueConfigured,
    ReadinessChanged,
    WrapUpStarted,
)
from cti.domain.ids import (
    REASON_NO_ANSWER,
    REASON_REJECTED,
    SYSTEM_ABANDONED,
    SYSTEM_CANCELLED,
    AgentId,
    AssignmentId,
    ContactId,
    Medium,
    Milliseconds,
    OfferOutcome,
    QueueId,
    Readiness,
)
from cti.errors import ConfigError
from cti.ports import Entry
from cti.simulate.distributions import NEVER, Distribution, Empirical, Fixed, kaplan_meier
from cti.simulate.figures import Report, Tally
from cti.simulate.scenario import Agents, Arrivals, Happening, QueueRules, Scenario
from cti.simulate.written import DAY_S

LEAST_ANSWERED: Final = 200
"""So many answered contacts a part of the day must have for the rest to be predicted from it."""

Stream = tuple[QueueId, Medium]
_OF_THE_CONTACT: Final = ("requirements", "preferred", "hold_for_ms", "condition", "tier", "priority")
"""What a contact brings with it besides queue, medium and leg."""
_NO_FAULT_OF_HIS_OWN: Final = (REASON_NO_ANSWER, REASON_REJECTED)


@dataclass(slots=True, kw_only=True)
class _Came:
    """A contact that came."""

    stream: Stream
    queued_ms: Milliseconds
    brought: tuple[tuple[str, Any], ...]
    answered_ms: Milliseconds | None = None
    called_back_ms: Milliseconds | None = None
    left_ms: Milliseconds | None = None
    service_ms: Milliseconds | None = None
    wrap_up_ms: Milliseconds | None = None


@dataclass(slots=True)
class _Offer:
    """An assignment on its way."""

    came: _Came
    agent_id: AgentId
    since_ms: Milliseconds
    started_ms: Milliseconds | None = None
    wrap_up_ms: Milliseconds | None = None
    paused_ms: Milliseconds | None = None
    rested_ms: Milliseconds = 0
    """How long the work was interrupted, till now."""


@dataclass(slots=True)
class _Present:
    """An agent's day."""

    configured: AgentConfigured
    shifts: list[tuple[Milliseconds, Milliseconds]] = field(default_factory=list)
    breaks: list[tuple[Milliseconds, Milliseconds]] = field(default_factory=list)
    media: tuple[Medium, ...] = ()
    in_since_ms: Milliseconds | None = None
    break_since_ms: Milliseconds | None = None

    def ends(self, at_ms: Milliseconds, *, shift: bool) -> None:
        """The break, and perhaps the shift, is over."""
        if self.break_since_ms is not None:
            self.breaks.append((self.break_since_ms, at_ms))
            self.break_since_ms = None
        if shift and self.in_since_ms is not None:
            self.shifts.append((self.in_since_ms, at_ms))
            self.in_since_ms = None


class History:
    """What a journal tells of its day. Raises ConfigError when nobody came or nobody was there."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.first_ms: Milliseconds = 0
        self.last_ms: Milliseconds = 0
        self._queues: dict[QueueId, QueueConfigured] = {}
        self._agents: dict[AgentId, _Present] = {}
        self._came: dict[ContactId, _Came] = {}
        self._offers: dict[AssignmentId, _Offer] = {}
        self._answers_ms: list[Milliseconds] = []
        self._hours: dict[str, HoursConfigured] = {}
        self._offered = self._ignored = 0
        self._callbacks_offered = self._callbacks_accepted = 0
        self._facts: list[tuple[Milliseconds, tuple[Fact, ...]]] = []
        learn: Mapping[type[Fact], Callable[[Any], None]] = {
            QueueConfigured: self._queue,
            AgentConfigured: self._agent,
            ReadinessChanged: self._readiness,
            ContactQueued: self._queued,
            AssignmentOffered: self._offer,
            AgentRung: self._rung,
            OfferEnded: self._offer_ended,
            AssignmentStarted: self._started,
            WrapUpStarted: self._wrap_up,
            AssignmentClosed: self._closed,
            ContactClosed: self._left,
            HoursConfigured: self._hours_set,
            CallbackOffered: self._callback_offered,
            CallbackAccepted: self._callback_accepted,
            CustomerReached: self._reached,
            AssignmentPaused: self._paused,
            AssignmentUnpaused: self._unpaused,
        }
        for entry in entries:
            self.first_ms = self.first_ms or entry.at_ms
            self.last_ms = max(self.last_ms, entry.at_ms)
            if entry.facts:
                self._facts.append((entry.at_ms, entry.facts))
            for fact in entry.facts:
                learnt = learn.get(type(fact))
                if learnt is not None:
                    learnt(fact)
        for present in self._agents.values():
            present.ends(self.last_ms, shift=True)
        self._midnight_ms = self.first_ms - self.first_ms % (DAY_S * 1000)
        if not self._came or not any(present.shifts for present in self._agents.values()):
            raise ConfigError("The journal holds no contact, or no agent who signed in: there is no day to replay.")

    def measured(self, *, since_ms: Milliseconds | None = None) -> Report:
        """The figures of the day itself, of contacts that came at or after `since_ms`."""
        tally = Tally(since_ms=self.first_ms if since_ms is None else since_ms, until_ms=self.last_ms)
        for at_ms, facts in self._facts:
            tally.take(facts, at_ms)
        return tally.report(self.last_ms)

    def halves_at(self) -> Milliseconds | None:
        """The instant that parts the day into halves of equally many contacts; None when it is too short for that."""
        queued = sorted(came.queued_ms for came in self._came.values())
        middle = queued[len(queued) // 2]
        answered = sum(1 for came in self._came.values() if came.answered_ms is not None and came.queued_ms < middle)
        return middle if answered >= LEAST_ANSWERED else None

    def scenario(self, *, name: str, learn_until_ms: Milliseconds | None = None) -> Scenario:
        """The day as a scenario. With `learn_until_ms`, spans are learnt from those who came before it alone, and the
        figures begin there: what follows is then predicted.
        """
        until = self.last_ms + 1 if learn_until_ms is None else learn_until_ms
        answers = _empirical(self._answers_ms)
        warm_up_ms = 0 if learn_until_ms is None else learn_until_ms - self.first_ms
        return Scenario(
            name=name,
            date=dt.datetime.fromtimestamp(self._midnight_ms / 1000, dt.UTC).date(),
            begins=self._day_s(self.first_ms),
            lasts=(self.last_ms - self.first_ms) / 1000,
            warm_up=warm_up_ms / 1000,
            replications=10,
            queues={key: self._rules(configured) for key, configured in self._queues.items()},
            agents=tuple(
                self._group(agent_id, present, answers)
                for agent_id, present in sorted(self._agents.items())
                if present.shifts  # to a group, none would mean the whole day
            ),
            arrivals=tuple(self._streams(until)),
            events=tuple(
                Happening(**{HoursSet.__name__: msgspec.to_builtins(configured.hours)})
                for configured in self._hours.values()
            ),
        )

    # -- making the scenario -------------------------------------------------------------------------------------------

    def _day_s(self, at_ms: Milliseconds) -> float:
        return (at_ms - self._midnight_ms) / 1000

    @staticmethod
    def _rules(configured: QueueConfigured) -> QueueRules:
        written: dict[str, Any] = msgspec.to_builtins(configured.rules)
        return QueueRules(**{key: value for key, value in written.items() if key != "queue_id"})

    def _group(self, agent_id: AgentId, present: _Present, answers: Distribution) -> Agents:
        written: dict[str, Any] = msgspec.to_builtins(present.configured)
        kept = {key: value for key, value in written.items() if key not in ("agent_id", "removed")}
        return Agents(
            name=agent_id,
            shifts=self._spans(present.shifts),
            breaks=self._spans(present.breaks),
            daily=False,
            media=present.media,
            pop=Fixed(s=0.0),
            answer=answers,
            no_answer=self._ignored / self._offered if self._offered else 0.0,
            **kept,
        )

    def _spans(self, spans: list[tuple[Milliseconds, Milliseconds]]) -> tuple[tuple[float, float], ...]:
        """Of the day's clock; one that was open at the end goes on past it."""
        return tuple(
            (self._day_s(start), self._day_s(end) + (DAY_S if end == self.last_ms else 0))
            for start, end in spans
            if end > start
        )

    def _streams(self, until: Milliseconds) -> Iterable[Arrivals]:
        groups: dict[tuple[Stream, tuple[tuple[str, Any], ...]], list[_Came]] = {}
        for came in self._came.values():
            groups.setdefault((came.stream, came.brought), []).append(came)
        learnt = {stream: self._learnt(stream, until) for stream in {came.stream for came in self._came.values()}}
        for ((queue_id, medium), brought), contacts in groups.items():
            patience, service, wrap_up = learnt[queue_id, medium]
            yield Arrivals(
                queue=queue_id,
                medium=medium,
                at=tuple(self._day_s(came.queued_ms) for came in contacts),
                patience=patience,
                service=service,
                wrap_up=wrap_up,
                takes_callback=self._callbacks_accepted / max(1, self._callbacks_offered),
                **{name: msgspec.to_builtins(value) for name, value in brought},
            )

    def _learnt(self, stream: Stream, until: Milliseconds) -> tuple[Distribution, Distribution, Distribution]:
        """Patience, service and wrap-up of those of this stream who came before that instant."""
        seen = [came for came in self._came.values() if came.stream == stream and came.queued_ms < until]
        left = [(came.left_ms - came.queued_ms) / 1000 for came in seen if came.left_ms is not None]
        end = min(until, self.last_ms)
        stayed = [
            ((came.called_back_ms or came.answered_ms or end) - came.queued_ms) / 1000
            for came in seen
            if came.left_ms is None
        ]
        patience: Distribution = kaplan_meier(left, stayed) if left else Fixed(s=NEVER)
        return (
            patience,
            _empirical([came.service_ms for came in seen if came.service_ms is not None]),
            _empirical([came.wrap_up_ms for came in seen if came.wrap_up_ms is not None]),
        )

    # -- learning ------------------------------------------------------------------------------------------------------

    def _queue(self, fact: QueueConfigured) -> None:
        self._queues[fact.rules.queue_id] = fact

    def _agent(self, fact: AgentConfigured) -> None:
        present = self._agents.setdefault(fact.agent_id, _Present(fact))
        present.configured = fact

    def _readiness(self, fact: ReadinessChanged) -> None:
        present = self._agents.get(fact.agent_id)
        if present is None:
            return
        if fact.readiness is Readiness.OFFLINE:
            present.ends(fact.at_ms, shift=True)
            return
        if present.in_since_ms is None:
            present.in_since_ms = fact.at_ms
        if fact.readiness is Readiness.READY:
            present.ends(fact.at_ms, shift=False)
            present.media = fact.media
        elif fact.reason not in _NO_FAULT_OF_HIS_OWN and present.break_since_ms is None:
            present.break_since_ms = fact.at_ms

    def _hours_set(self, fact: HoursConfigured) -> None:
        self._hours[fact.hours.hours_id] = fact

    def _queued(self, fact: ContactQueued) -> None:
        if fact.origin is not None or fact.outbound:
            return  # made of another by the ACD, which will make it again; or called by the centre: nobody came
        said: dict[str, Any] = {name: getattr(fact, name) for name in _OF_THE_CONTACT}
        brought = tuple(
            (name, value) for name, value in said.items() if value
        )  # hashable: streams are told apart by it
        self._came[fact.contact_id] = _Came(
            stream=(fact.queue_id, fact.medium), queued_ms=fact.queued_ms, brought=brought
        )

    def _offer(self, fact: AssignmentOffered) -> None:
        came = self._came.get(fact.contact_id)
        if came is not None:
            self._offered += 1
            self._offers[fact.assignment_id] = _Offer(came, fact.agent_id, fact.at_ms)

    def _rung(self, fact: AgentRung) -> None:
        offer = self._offers.get(fact.assignment_id)
        if offer is not None and offer.started_ms is None:
            offer.since_ms = fact.at_ms

    def _offer_ended(self, fact: OfferEnded) -> None:
        self._ignored += fact.outcome in (OfferOutcome.TIMED_OUT, OfferOutcome.REJECTED)
        self._offers.pop(fact.assignment_id, None)

    def _started(self, fact: AssignmentStarted) -> None:
        offer = self._offers.get(fact.assignment_id)
        if offer is None or offer.started_ms is not None:
            return
        offer.started_ms = fact.at_ms
        self._answers_ms.append(fact.at_ms - offer.since_ms)
        if offer.came.answered_ms is None:
            offer.came.answered_ms = fact.at_ms

    def _callback_offered(self, _: CallbackOffered) -> None:
        self._callbacks_offered += 1

    def _callback_accepted(self, fact: CallbackAccepted) -> None:
        self._callbacks_accepted += 1
        came = self._came.get(fact.contact_id)
        if came is not None:
            came.called_back_ms = fact.at_ms

    def _reached(self, fact: CustomerReached) -> None:
        offer = self._offers.get(fact.assignment_id)
        if offer is not None:
            offer.started_ms = fact.at_ms

    def _paused(self, fact: AssignmentPaused) -> None:
        offer = self._offers.get(fact.assignment_id)
        if offer is not None:
            offer.paused_ms = fact.at_ms

    def _unpaused(self, fact: AssignmentUnpaused) -> None:
        offer = self._offers.get(fact.assignment_id)
        if offer is not None and offer.paused_ms is not None:
            offer.rested_ms += fact.at_ms - offer.paused_ms

    def _wrap_up(self, fact: WrapUpStarted) -> None:
        offer = self._offers.get(fact.assignment_id)
        if offer is not None and offer.started_ms is not None:
            offer.wrap_up_ms = fact.at_ms
            offer.came.service_ms = fact.at_ms - offer.started_ms - offer.rested_ms

    def _closed(self, fact: AssignmentClosed) -> None:
        offer = self._offers.pop(fact.assignment_id, None)
        if offer is not None and offer.wrap_up_ms is not None:
            offer.came.wrap_up_ms = fact.at_ms - offer.wrap_up_ms

    def _left(self, fact: ContactClosed) -> None:
        came = self._came.get(fact.contact_id)
        if came is not None and came.answered_ms is None and fact.disposition in (SYSTEM_ABANDONED, SYSTEM_CANCELLED):
            came.left_ms = fact.at_ms


def _empirical(spans_ms: list[Milliseconds]) -> Distribution:
    spans = tuple(sorted(span / 1000 for span in spans_ms))
    return Empirical(spans_s=spans) if spans else Fixed(s=0.0)
