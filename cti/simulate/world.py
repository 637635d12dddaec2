"""Everything that is not the ACD, played on one heap of instants: customers, agents, phones, desktops and timers.

Theory of operation. The world sends events to the `Acd` and reads what it decided: a `RingAgent` or an offer brings an
answer after a while, an `AssignmentStarted` the end of the talk, a `StartTimer` a `TimerFired`. It decides nothing
itself and keeps only what the outside would know: who waits how long, whose work ends when. Each assignment has a
clock of its own, so an agent may hold as many contacts as the `Acd` gives him; one that is paused stands still.

Not here: who comes (`customers`), what is counted (`figures`). The echo of a leg that the `Acd` itself has ended is
left out, since it is answered with nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, Final

from msgspec import structs

from cti.domain.acd import Acd
from cti.domain.commands import DialCustomer, RingAgent, ShowPop, StartTimer, StopTimer
from cti.domain.events import (
    AgentBecameNotReady,
    AgentBecameReady,
    AgentSignedIn,
    AgentSignedOut,
    CallbackRequested,
    ContactCancelled,
    DesktopConnected,
    Event,
    HangUpRequested,
    LegAnswered,
    LegEnded,
    OfferAccepted,
    PhoneReachable,
    PopShown,
    TimerFired,
    WrapUpFinished,
)
from cti.domain.facts import (
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
    OfferEnded,
    ReadinessChanged,
    WrapUpStarted,
)
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    ContactId,
    DispositionId,
    LegCause,
    LegId,
    Medium,
    Milliseconds,
    Readiness,
    ReasonId,
    TimerId,
)
from cti.errors import RuleError
from cti.ports import Entry
from cti.simulate import customers
from cti.simulate.customers import Customer
from cti.simulate.present import Act, Guest, Member, Work
from cti.simulate.scenario import NODE, Scenario
from cti.simulate.written import DAY_S

KEY_PRESSED_MS: Final[Milliseconds] = 3_000
"""From the offer of a callback to the key."""
BREAK: Final = ReasonId("break")
DONE: Final = DispositionId("done")

Sink = Callable[[Entry], None]
Take = Callable[[tuple[Fact, ...], Milliseconds], None]


@dataclass(slots=True, kw_only=True)
class Played:
    """What a day came to, beside its facts."""

    arrived: int = 0
    """Customers who came …"""
    turned_away: int = 0
    """… of whom so many were refused (their queue was closed) …"""
    made: int = 0
    """… and contacts that the ACD made itself, of lost ones."""
    events: int = 0
    refused: int = 0
    left_over: int = 0
    """Contacts that still lived when the drain was over."""


class World:
    """One day of a scenario, played once by `play`.

    `take` is called with the facts of each event and its instant, `sink` with each entry for a journal, `watch` now and
    then with the seconds of the day that have passed.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: str,
        take: Take,
        sink: Sink | None = None,
        watch: Callable[[float], None] | None = None,
        acd: Acd | None = None,
    ) -> None:
        self.acd = acd if acd is not None else Acd()
        self.played = Played()
        self._scenario = scenario
        self._seed = seed
        self._take = take
        self._sink = sink
        self._watch = watch
        self._midnight_ms = scenario.midnight_ms
        self._now: Milliseconds = 0
        self._heap: list[tuple[Milliseconds, int, Act, Any]] = []
        self._pushed = 0
        self._timers: dict[TimerId, Milliseconds] = {}
        self._guests: dict[ContactId, Guest] = {}
        self._works: dict[AssignmentId, Work] = {}
        self._members: dict[AgentId, Member] = {}
        self._coming: Customer | None = None
        self._templates = [arrivals.arrived() for arrivals in scenario.arrivals]
        self._streams: list[Iterator[Customer]] = []
        self._made = customers.made(scenario.made, seed=seed)
        self._reactions: Mapping[type[object], Act] = {
            StartTimer: self._timer_started,
            StopTimer: self._timer_stopped,
            ShowPop: self._pop,
            RingAgent: self._ring,
            ContactQueued: self._queued,
            AssignmentOffered: self._offered,
            OfferEnded: self._work_over,
            AssignmentStarted: self._started,
            WrapUpStarted: self._wrap_up_started,
            AssignmentClosed: self._work_over,
            ContactClosed: self._contact_over,
            ReadinessChanged: self._readiness_changed,
            AssignmentPaused: self._paused,
            AssignmentUnpaused: self._unpaused,
            CallbackOffered: self._callback_offered,
            CallbackAccepted: self._callback_accepted,
            DialCustomer: self._dial,
            CustomerReached: self._reached,
        }

    def play(self) -> Played:
        """Play the day to its end and what its drain allows. A bug of the core is raised, a refusal is counted."""
        scenario = self._scenario
        self._now = self._ms(scenario.begins)
        ends, limit = self._ms(scenario.ends), self._ms(scenario.ends + scenario.drain)
        self._set_up()
        heap, guests = self._heap, self._guests
        while heap:
            at_ms, _, act, subject = heappop(heap)
            if at_ms > ends and (at_ms > limit or not guests):
                break
            self._now = at_ms
            act(subject)
        self.played.left_over = len(self.acd.state.contacts)
        return self.played

    # -- sending and scheduling ----------------------------------------------------------------------------------------

    def _at(self, at_ms: Milliseconds, act: Act, subject: object) -> None:
        self._pushed += 1
        heappush(self._heap, (at_ms, self._pushed, act, subject))

    def _ms(self, at_s: float) -> Milliseconds:
        return self._midnight_ms + round(at_s * 1000)

    def _send(self, event: Event) -> None:
        now = self._now
        self.played.events += 1
        try:
            decision = self.acd.handle(event, now)
        except RuleError as error:
            self.played.refused += 1
            if self._sink is not None:
                number = self.acd.state.number
                self._sink(Entry(number=number, at_ms=now, event=event, facts=(), refused=str(error)))
            return
        facts = decision.facts
        if self._sink is not None:
            self._sink(Entry(number=decision.number, at_ms=now, event=event, facts=facts, refused=None))
        reactions = self._reactions
        for fact in facts:
            react = reactions.get(type(fact))
            if react is not None:
                react(fact)
        for command in decision.commands:
            react = reactions.get(type(command))
            if react is not None:
                react(command)
        if facts:
            self._take(facts, now)

    # -- before the first contact --------------------------------------------------------------------------------------

    def _set_up(self) -> None:
        scenario = self._scenario
        for happening in scenario.events:
            if happening.at is None:
                self._send(happening.event())
            else:
                self._at(self._ms(happening.at), self._send, happening.event())
        for opened in scenario.opened():
            self._send(opened)
        for group in scenario.agents:
            for number, agent_id in enumerate(group.ids):
                member = self._members[agent_id] = Member(agent_id, group)
                self._send(group.enrolled(agent_id))
                self._plan_shifts(member, group.stagger * number)
        self._streams = customers.streams(
            scenario.arrivals, seed=self._seed, begins=scenario.begins, ends=scenario.ends
        )
        for stream in range(len(self._streams)):
            self._plan_next(stream)

    def _plan_shifts(self, member: Member, stagger_s: float) -> None:
        begins, ends = self._scenario.begins, self._scenario.ends
        for day_s in range(0, int(ends) + 1 if member.group.daily else 1, DAY_S):
            # Breaks first: one that begins with a shift keeps him from being ready for an instant.
            for start, end in member.group.breaks:
                if day_s + end + stagger_s > begins:
                    self._at(self._ms(max(begins, day_s + start + stagger_s)), self._rests, member)
                    self._at(self._ms(day_s + end + stagger_s), self._returns_from_break, member)
            for start, end in member.group.shifts:
                if day_s + end > begins and day_s + start < ends:
                    self._at(self._ms(max(begins, day_s + start)), self._comes, member)
                    self._at(self._ms(day_s + end), self._goes, member)
        if not member.group.shifts:
            self._at(self._ms(begins), self._comes, member)

    # -- customers -----------------------------------------------------------------------------------------------------

    def _plan_next(self, stream: int) -> None:
        customer = next(self._streams[stream], None)
        if customer is not None:
            self._at(self._midnight_ms + customer.at_ms, self._arrives, customer)

    def _arrives(self, customer: Customer) -> None:
        self._plan_next(customer.stream)
        played, now = self.played, self._now
        played.arrived += 1
        template = self._templates[customer.stream]
        leg_id = LegId(f"caller-{played.arrived}") if template.medium is Medium.VOICE else None
        self._coming = customer
        node = None if leg_id is None else NODE
        self._send(structs.replace(template, arrived_ms=now, leg_id=leg_id, node=node))
        if self._coming is not None:
            self._coming = None
            played.turned_away += 1
        if self._watch is not None and not played.arrived & 127:
            self._watch((now - self._midnight_ms) / 1000 - self._scenario.begins)

    def _queued(self, fact: ContactQueued) -> None:
        customer, self._coming = self._coming, None
        if customer is None:
            self.played.made += 1
            customer = next(self._made)
        guest = self._guests[fact.contact_id] = Guest(customer, fact.leg_id, fact.contact_id, fact.medium)
        if customer.patience_ms is not None:
            self._at(self._now + customer.patience_ms, self._loses_patience, guest)

    def _loses_patience(self, guest: Guest) -> None:
        if guest.answered or guest.contact_id not in self._guests:
            return
        if guest.leg_id is not None:
            self._send(LegEnded(leg_id=guest.leg_id, cause=LegCause.NORMAL))
        else:
            self._send(ContactCancelled(contact_id=guest.contact_id))

    def _callback_offered(self, fact: CallbackOffered) -> None:
        """He presses the key, or goes on waiting."""
        guest = self._guests.get(fact.contact_id)
        if guest is not None and guest.customer.wants_callback:
            self._at(self._now + KEY_PRESSED_MS, self._asks_for_callback, guest)

    def _asks_for_callback(self, guest: Guest) -> None:
        if guest.leg_id is not None and not guest.answered and guest.contact_id in self._guests:
            self._send(CallbackRequested(leg_id=guest.leg_id))

    def _callback_accepted(self, fact: CallbackAccepted) -> None:
        guest = self._guests.get(fact.contact_id)
        if guest is not None:
            guest.leg_id, guest.medium, guest.answered = None, Medium.CALLBACK, True

    def _contact_over(self, fact: ContactClosed) -> None:
        self._guests.pop(fact.contact_id, None)

    # -- offers --------------------------------------------------------------------------------------------------------

    def _offered(self, fact: AssignmentOffered) -> None:
        guest = self._guests.get(fact.contact_id)
        if guest is None:
            return
        work = self._works[fact.assignment_id] = Work(fact.assignment_id, guest, self._members[fact.agent_id])
        if guest.medium not in (Medium.VOICE, Medium.CALLBACK):
            self._answer_later(work, self._accepts, work)

    def _pop(self, command: ShowPop) -> None:
        work = self._works.get(command.assignment_id)
        if work is not None:
            pop_ms = round(work.member.group.pop.at(work.guest.customer.next_luck()) * 1000)
            self._at(self._now + pop_ms, self._pop_shown, work)

    def _pop_shown(self, work: Work) -> None:
        if work.assignment_id in self._works:
            self._send(PopShown(assignment_id=work.assignment_id))

    def _ring(self, command: RingAgent) -> None:
        work = self._works.get(command.assignment_id)
        if work is not None:
            self._answer_later(work, self._picks_up, (work, command.leg_id))

    def _answer_later(self, work: Work, act: Act, subject: object) -> None:
        """The agent takes it after his delay, or lets it pass."""
        group = work.member.group
        luck = work.guest.customer.next_luck()
        if luck >= group.no_answer:
            luck = (luck - group.no_answer) / (1 - group.no_answer)
            self._at(self._now + round(group.answer.at(luck) * 1000), act, subject)

    def _picks_up(self, answered: tuple[Work, LegId]) -> None:
        work, leg_id = answered
        if work.assignment_id in self._works:
            self._send(LegAnswered(assignment_id=work.assignment_id, leg_id=leg_id, node=NODE))

    def _accepts(self, work: Work) -> None:
        if work.assignment_id in self._works:
            self._send(OfferAccepted(assignment_id=work.assignment_id))

    # -- work ----------------------------------------------------------------------------------------------------------

    def _started(self, fact: AssignmentStarted) -> None:
        work = self._works.get(fact.assignment_id)
        if work is None:
            return
        work.guest.answered = True
        if work.act is None and work.guest.medium is not Medium.CALLBACK:
            self._serve(work)

    def _dial(self, command: DialCustomer) -> None:
        """The customer who is called back answers, or does not hear it."""
        work = self._works.get(command.assignment_id)
        if work is not None and work.guest.customer.next_luck() >= self._scenario.callback_missed:
            answers_s = self._scenario.callback_answer.at(work.guest.customer.next_luck())
            self._at(self._now + round(answers_s * 1000), self._picks_up, (work, command.leg_id))

    def _reached(self, fact: CustomerReached) -> None:
        work = self._works.get(fact.assignment_id)
        if work is not None and work.act is None:
            self._serve(work)

    def _serve(self, work: Work) -> None:
        self._due_after(work, round(work.guest.customer.service_ms * work.member.group.pace), self._talked)

    def _paused(self, fact: AssignmentPaused) -> None:
        work = self._works.get(fact.assignment_id)
        if work is not None and work.due_ms is not None:
            work.left_ms, work.due_ms = max(0, work.due_ms - self._now), None

    def _unpaused(self, fact: AssignmentUnpaused) -> None:
        work = self._works.get(fact.assignment_id)
        if work is not None and work.left_ms is not None and work.act is not None:
            left_ms, work.left_ms = work.left_ms, None
            self._due_after(work, left_ms, work.act)

    def _wrap_up_started(self, fact: WrapUpStarted) -> None:
        work = self._works.get(fact.assignment_id)
        if work is not None:
            self._due_after(work, round(work.guest.customer.wrap_up_ms * work.member.group.pace), self._coded)

    def _due_after(self, work: Work, span_ms: Milliseconds, act: Act) -> None:
        work.act, work.due_ms = act, self._now + span_ms
        self._at(work.due_ms, act, work)

    def _talked(self, work: Work) -> None:
        if work.due_ms != self._now or work.assignment_id not in self._works:
            return
        work.due_ms = None
        guest = work.guest
        if guest.leg_id is None or guest.customer.agent_ends:
            self._send(HangUpRequested(assignment_id=work.assignment_id))
        else:
            self._send(LegEnded(leg_id=guest.leg_id, cause=LegCause.NORMAL))

    def _coded(self, work: Work) -> None:
        if work.due_ms == self._now and work.assignment_id in self._works:
            self._send(WrapUpFinished(assignment_id=work.assignment_id, disposition=DONE))

    def _work_over(self, fact: OfferEnded | AssignmentClosed) -> None:
        self._works.pop(fact.assignment_id, None)

    # -- agents --------------------------------------------------------------------------------------------------------

    def _comes(self, member: Member) -> None:
        agent_id, group = member.agent_id, member.group
        self._send(AgentSignedIn(agent_id=agent_id, device=group.device))
        if not member.phone:
            member.phone = True
            self._send(PhoneReachable(agent_id=agent_id, device=group.device))
            if group.desktop:
                self._send(DesktopConnected(agent_id=agent_id))
        member.on_duty = True
        self._becomes_ready(member)

    def _becomes_ready(self, member: Member) -> None:
        if member.on_duty and not member.on_break:
            self._send(AgentBecameReady(agent_id=member.agent_id, media=member.group.media))

    def _rests(self, member: Member) -> None:
        member.on_break = True
        if member.on_duty:
            self._send(AgentBecameNotReady(agent_id=member.agent_id, reason=BREAK))

    def _returns_from_break(self, member: Member) -> None:
        member.on_break = False
        self._becomes_ready(member)

    def _goes(self, member: Member) -> None:
        member.on_duty = False
        self._send(AgentSignedOut(agent_id=member.agent_id))

    def _readiness_changed(self, fact: ReadinessChanged) -> None:
        """Made not ready by the system, he comes back after a while."""
        member = self._members.get(fact.agent_id)
        if member is None or fact.readiness is not Readiness.NOT_READY or not member.on_duty or member.on_break:
            return
        self._at(self._now + round(member.group.returns_after * 1000), self._becomes_ready, member)

    # -- timers --------------------------------------------------------------------------------------------------------

    def _timer_started(self, command: StartTimer) -> None:
        self._timers[command.timer_id] = command.at_ms
        self._at(max(command.at_ms, self._now), self._timer_due, (command.timer_id, command.at_ms))

    def _timer_stopped(self, command: StopTimer) -> None:
        self._timers.pop(command.timer_id, None)

    def _timer_due(self, timer: tuple[TimerId, Milliseconds]) -> None:
        timer_id, at_ms = timer
        if self._timers.get(timer_id) == at_ms:
            del self._timers[timer_id]
            self._send(TimerFired(timer_id=timer_id))
