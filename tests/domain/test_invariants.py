"""Random days, legal and illegal acts mixed: whatever happens, the invariants of the ACD hold.

`TRIUNE_SEQUENCES=100000 pytest tests/domain/test_invariants.py` searches longer than `make check` does.
"""

import os
from collections import Counter
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cti.domain.acd import Acd, Decision, Snapshot, restore, snapshot
from cti.domain.commands import StartTimer, StopTimer
from cti.domain.events import (
    AgentBecameNotReady,
    AgentBecameReady,
    AgentEnrolled,
    AgentRemoved,
    AgentSignedIn,
    AgentSignedOut,
    ClockStepped,
    ContactArrived,
    ContactCancelled,
    ContactTakenBack,
    DesktopConnected,
    DesktopLost,
    DeviceChosen,
    EngineStarted,
    Event,
    HangUpRequested,
    HoldRequested,
    JoinFailed,
    LegAnswered,
    LegEnded,
    OfferAccepted,
    OfferRejected,
    PhoneReachable,
    PhoneUnreachable,
    PopShown,
    QueueClosed,
    QueueOpened,
    RejoinRequested,
    ResumeRequested,
    RingFailed,
    SkillsChanged,
    SwitchLost,
    SwitchReturned,
    TimerFired,
    WrapUpFinished,
)
from cti.domain.facts import AssignmentClosed, AssignmentOffered, ContactClosed, ContactQueued, Fact, OfferEnded
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    ContactId,
    Device,
    DispositionId,
    LegCause,
    LegId,
    Medium,
    Milliseconds,
    NodeId,
    ProjectId,
    QueueId,
    ReasonId,
    TimerId,
)
from cti.domain.state import State
from cti.domain.states import AssignmentState
from cti.errors import RuleError
from cti.testing import NODE, START_MS, broken_invariants, levels

SEQUENCES = int(os.environ.get("TRIUNE_SEQUENCES", "2000"))

AGENTS = [AgentId(name) for name in ("ann", "bob", "cyd", "dan")]
QUEUES = [QueueId(name) for name in ("support", "sales", "other")]
CAUSES = list(LegCause)
DEVICES = list(Device)
SKILLS = [levels({}), levels({"en": 2}), levels({"en": 5, "ru": 3}), levels({"ru": 9})]
OPENINGS = [
    QueueOpened(queue_id=QUEUES[0], project_id=ProjectId("p1"), requirements=levels({"en": 2})),
    QueueOpened(queue_id=QUEUES[1], project_id=ProjectId("p1"), priority=2, weight_percent=150),
    QueueOpened(queue_id=QUEUES[2], project_id=ProjectId("p2"), pop_limit_ms=0, wrap_up_limit_ms=0),
]
NODES = [NODE, NodeId("node-2")]
PROJECTS = [(ProjectId("p1"),), (ProjectId("p1"), ProjectId("p2")), (ProjectId("p2"),), ()]


class Trouble(Exception):
    """Stands for a bug in a rule."""


class BreakableState(State):
    """A state whose fold breaks after so many facts, when told to."""

    breaks_after: int | None = None

    def apply(self, fact: Fact) -> None:
        super().apply(fact)
        if self.breaks_after is not None:
            self.breaks_after -= 1
            if self.breaks_after < 0:
                raise Trouble


def morning() -> list[tuple[Event, Milliseconds, Decision]]:
    """The queues open and the agents come: where every day begins."""
    acd = Acd()
    events: list[Event] = [*OPENINGS]
    for number, agent_id in enumerate(AGENTS):
        device = DEVICES[number % 2]
        events += [
            AgentEnrolled(agent_id=agent_id, project_ids=PROJECTS[number % 3], skills=SKILLS[number % 3 + 1]),
            AgentSignedIn(agent_id=agent_id, device=device),
            PhoneReachable(agent_id=agent_id, device=device),
            DesktopConnected(agent_id=agent_id),
        ]
        if number != 1:
            events.append(AgentBecameReady(agent_id=agent_id))
    return [(event, START_MS, acd.handle(event, START_MS)) for event in events]


MORNING = morning()


class Day:
    """Turns bytes into acts on one ACD, and keeps what is needed to compare others with it."""

    def __init__(self) -> None:
        self.state = BreakableState()
        self.acd = Acd(self.state)
        self.folded = Acd()
        self.now: Milliseconds = START_MS
        self.timers: dict[TimerId, Milliseconds] = {}
        self.log: list[tuple[Event, Milliseconds, Decision | None]] = []
        self.facts: Counter[type[Fact]] = Counter()
        self.halfway: tuple[int, Snapshot] | None = None
        self.legs = 0
        for event, now, decision in MORNING:
            self.acd.fold(decision.number, decision.facts)
            self.folded.fold(decision.number, decision.facts)
            self.log.append((event, now, decision))

    def act(self, kind: int, a: int, b: int) -> None:
        if kind == 255:
            self.halfway = self.halfway or (len(self.log), snapshot(self.state))
        elif kind >= 224:
            self.advance(ms=(a + 1) ** 2 // (1 + b % 50))
        else:
            event = ACTS[kind % len(ACTS)](self, a, b)
            if isinstance(event, ClockStepped):
                self.now += max(event.by_ms, 0)
            foretold = self.break_down(event) if a % 8 == 0 else None
            self.handle(event)
            if foretold is not None:
                assert self.log[-1][2] == foretold

    def advance(self, *, ms: Milliseconds) -> None:
        until = self.now + ms
        while due := min(((at, timer) for timer, at in self.timers.items() if at <= until), default=None):
            self.now = max(self.now, due[0])
            del self.timers[due[1]]
            self.handle(TimerFired(timer_id=due[1]))
        self.now = until

    def handle(self, event: Event) -> None:
        before = snapshot(self.state)
        decision: Decision | None = None
        try:
            decision = self.acd.handle(event, self.now)
        except RuleError:
            assert records(self.state) == in_order(before), f"refused {event} changed something"
        self.log.append((event, self.now, decision))
        assert self.state.number == len(self.log)
        self.folded.fold(self.state.number, decision.facts if decision else ())
        for command in decision.commands if decision else ():
            if isinstance(command, StartTimer):
                self.timers[command.timer_id] = command.at_ms
            elif isinstance(command, StopTimer):
                self.timers.pop(command.timer_id, None)
        self.facts.update(type(fact) for fact in (decision.facts if decision else ()))
        assert not (problems := broken_invariants(self.state)), f"after {event}: {problems}"
        assert not self.state.index.is_idle_pair_left()

    def break_down(self, event: Event) -> Decision | None:
        """A bug after each of the event's facts in turn leaves no trace. What a state restored from records decides."""
        before = records(self.state)
        number = self.state.number
        twin = Acd(restore(replace(before, number=number)))
        try:
            foretold = twin.handle(event, self.now)
        except RuleError:
            return None
        for facts in range(len(foretold.facts)):
            self.state.breaks_after = facts
            try:
                self.acd.handle(event, self.now)
            except Trouble:
                pass
            else:
                raise AssertionError("it should have broken")
            assert records(self.state) == before, f"{event} broke after {facts + 1} facts and left something behind"
            assert not broken_invariants(self.state)
            self.state.breaks_after = None
            self.state.number = number
        return foretold

    def any_assignment(self, a: int) -> AssignmentId:
        live = sorted(self.state.assignments)
        return live[a % len(live)] if live and a < 250 else AssignmentId("a0")

    def any_leg(self, a: int) -> LegId:
        live = self.state.assignments.get(self.any_assignment(a))
        return LegId("leg-none-1") if live is None or live.leg_id is None else live.leg_id

    def any_contact(self, a: int) -> ContactId:
        live = sorted(self.state.contacts)
        return live[a % len(live)] if live and a < 250 else ContactId("c0")

    def any_caller(self, a: int) -> LegId:
        contact = self.state.contacts.get(self.any_contact(a))
        return LegId("nobody") if contact is None or contact.leg_id is None else contact.leg_id

    def call(self, a: int, b: int) -> Event:
        self.legs += 1
        return ContactArrived(
            medium=Medium.VOICE,
            queue_id=QUEUES[a % 3],
            arrived_ms=self.now - b * 100,
            leg_id=LegId(f"caller-{self.legs}"),
            node=NODES[b % 4 == 0],
            requirements=SKILLS[1] if b % 5 == 0 else (),
            preferred=(AGENTS[b % 4],) if b % 3 == 0 else (),
        )

    def task(self, a: int, b: int) -> Event:
        return ContactArrived(medium=list(Medium)[1 + b % 7], queue_id=QUEUES[a % 3], arrived_ms=self.now)

    def proceed(self, a: int, b: int) -> Event:
        """What would come next in the life of some assignment, so that random days get beyond the first ring."""
        assignment = self.state.assignments.get(self.any_assignment(a))
        if assignment is None:
            return self.call(a, b)
        agent_id = assignment.agent_id
        match assignment.state:
            case AssignmentState.OFFERED | AssignmentState.REJOINING if assignment.leg_id is not None:
                return LegAnswered(assignment_id=assignment.id, leg_id=assignment.leg_id, node=NODE)
            case AssignmentState.REJOINING:
                return PhoneReachable(agent_id=agent_id, device=self.state.agents[agent_id].device)
            case AssignmentState.OFFERED if assignment.medium is Medium.VOICE:
                return PopShown(assignment_id=assignment.id)
            case AssignmentState.OFFERED:
                return OfferAccepted(assignment_id=assignment.id)
            case AssignmentState.HELD if b % 2:
                return ResumeRequested(assignment_id=assignment.id)
            case AssignmentState.ACTIVE if b % 4 == 0:
                return HoldRequested(assignment_id=assignment.id)
            case AssignmentState.ACTIVE if b % 4 == 1 and assignment.leg_id is not None:
                return LegEnded(leg_id=assignment.leg_id, cause=LegCause.LOST)
            case AssignmentState.WRAP_UP:
                return WrapUpFinished(assignment_id=assignment.id, disposition=DispositionId("solved"))
            case _:
                return HangUpRequested(assignment_id=assignment.id)


def records(state: State) -> Snapshot:
    """A state's records in an order that does not depend on how it came about."""
    return in_order(snapshot(state))


def in_order(taken: Snapshot) -> Snapshot:
    return Snapshot(
        number=0,
        node=taken.node,
        queues=tuple(sorted(taken.queues, key=lambda queue: queue.id)),
        agents=tuple(sorted(taken.agents, key=lambda agent: agent.id)),
        contacts=tuple(sorted(taken.contacts, key=lambda contact: contact.id)),
        assignments=tuple(sorted(taken.assignments, key=lambda assignment: assignment.id)),
        nodes=tuple(sorted(taken.nodes, key=lambda node: node.id)),
    )


Act = Callable[[Day, int, int], Event]

CALLS: list[Act] = [
    Day.call,
    Day.call,
    Day.call,
    Day.task,
    lambda day, a, b: ContactCancelled(contact_id=day.any_contact(a)),
    lambda day, a, b: ContactTakenBack(contact_id=day.any_contact(a)),
    lambda day, a, b: LegEnded(leg_id=day.any_caller(a), cause=CAUSES[b % len(CAUSES)]),
]
TALKS: list[Act] = [
    lambda day, a, b: PopShown(assignment_id=day.any_assignment(a)),
    lambda day, a, b: PopShown(assignment_id=day.any_assignment(a)),
    lambda day, a, b: LegAnswered(assignment_id=day.any_assignment(a), leg_id=day.any_leg(a), node=NODE),
    lambda day, a, b: LegAnswered(assignment_id=day.any_assignment(a), leg_id=day.any_leg(a), node=NODE),
    lambda day, a, b: LegAnswered(assignment_id=day.any_assignment(a), leg_id=day.any_leg(b)),
    lambda day, a, b: LegEnded(leg_id=day.any_leg(a), cause=CAUSES[b % len(CAUSES)]),
    lambda day, a, b: LegEnded(leg_id=day.any_leg(a), cause=LegCause.LOST),
    lambda day, a, b: RingFailed(
        assignment_id=day.any_assignment(a), leg_id=day.any_leg(a), cause=CAUSES[b % len(CAUSES)]
    ),
    lambda day, a, b: RingFailed(assignment_id=day.any_assignment(a), leg_id=day.any_leg(b), cause=LegCause.BUSY),
    lambda day, a, b: JoinFailed(contact_id=day.any_contact(a), assignment_id=day.any_assignment(a)),
    lambda day, a, b: OfferAccepted(assignment_id=day.any_assignment(a)),
    lambda day, a, b: OfferRejected(assignment_id=day.any_assignment(a)),
    lambda day, a, b: HoldRequested(assignment_id=day.any_assignment(a)),
    lambda day, a, b: ResumeRequested(assignment_id=day.any_assignment(a)),
    lambda day, a, b: RejoinRequested(assignment_id=day.any_assignment(a)),
    lambda day, a, b: HangUpRequested(assignment_id=day.any_assignment(a)),
    lambda day, a, b: WrapUpFinished(assignment_id=day.any_assignment(a), disposition=DispositionId("solved")),
    lambda day, a, b: WrapUpFinished(assignment_id=day.any_assignment(a), disposition=DispositionId("solved")),
]
AGENTS_ACTS: list[Act] = [
    lambda day, a, b: AgentBecameReady(agent_id=AGENTS[a % 4]),
    lambda day, a, b: AgentBecameReady(agent_id=AGENTS[a % 4]),
    lambda day, a, b: AgentBecameReady(agent_id=AGENTS[a % 4], media=(list(Medium)[b % 8],)),
    lambda day, a, b: AgentBecameNotReady(agent_id=AGENTS[a % 4], reason=ReasonId("lunch")),
    lambda day, a, b: AgentSignedIn(agent_id=AGENTS[a % 4], device=DEVICES[b % 2]),
    lambda day, a, b: AgentSignedIn(agent_id=AGENTS[a % 4], device=DEVICES[b % 2]),
    lambda day, a, b: AgentSignedOut(agent_id=AGENTS[a % 4]),
    lambda day, a, b: DeviceChosen(agent_id=AGENTS[a % 4], device=DEVICES[b % 2]),
    lambda day, a, b: PhoneReachable(agent_id=AGENTS[a % 4], device=DEVICES[b % 2]),
    lambda day, a, b: PhoneReachable(agent_id=AGENTS[a % 4], device=DEVICES[b % 2]),
    lambda day, a, b: PhoneUnreachable(agent_id=AGENTS[a % 4], device=DEVICES[b % 2]),
    lambda day, a, b: DesktopConnected(agent_id=AGENTS[a % 4]),
    lambda day, a, b: DesktopConnected(agent_id=AGENTS[a % 4]),
    lambda day, a, b: DesktopLost(agent_id=AGENTS[a % 4]),
]
CENTRE: list[Act] = [
    lambda day, a, b: SkillsChanged(agent_id=AGENTS[a % 4], skills=SKILLS[b % 4]),
    lambda day, a, b: AgentEnrolled(agent_id=AGENTS[a % 4], project_ids=PROJECTS[b % 4], skills=SKILLS[a % 4]),
    lambda day, a, b: AgentRemoved(agent_id=AGENTS[a % 4] if b % 4 == 0 else AgentId("nobody")),
    lambda day, a, b: QueueClosed(queue_id=QUEUES[a % 3] if b % 3 == 0 else QueueId("none")),
    lambda day, a, b: OPENINGS[a % 3],
    lambda day, a, b: replace(OPENINGS[a % 3], requirements=SKILLS[b % 4], priority=b % 5),
    lambda day, a, b: ClockStepped(by_ms=(a - 100) * 1000 * b),
    lambda day, a, b: EngineStarted(node=NODE),
    lambda day, a, b: SwitchLost(node=NODES[b % 2]),
    lambda day, a, b: SwitchReturned(node=NODES[b % 2]),
    lambda day, a, b: SwitchReturned(node=NODES[b % 2]),
    lambda day, a, b: TimerFired(timer_id=TimerId(f"{('pop', 'ring', 'wrap_up', 'x')[b % 4]}:{day.any_assignment(a)}")),
]
ACTS: list[Act] = [*CALLS, *CALLS, *TALKS, *TALKS, *AGENTS_ACTS, *CENTRE, *[Day.proceed] * 60]


@settings(max_examples=SEQUENCES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(min_size=60, max_size=150))
def test_any_day_keeps_the_invariants(script: bytes) -> None:
    day = Day()
    for at in range(0, len(script) - 2, 3):
        day.act(script[at], script[at + 1], script[at + 2])
    nothing_is_lost(day)
    folding_gives_the_same_state(day)
    if script[0] % 4 == 0:
        the_same_journal_gives_the_same_decisions(day)


def nothing_is_lost(day: Day) -> None:
    facts = day.facts
    assert facts[ContactQueued] == facts[ContactClosed] + len(day.state.contacts)
    assert facts[AssignmentOffered] == facts[OfferEnded] + facts[AssignmentClosed] + len(day.state.assignments)


def folding_gives_the_same_state(day: Day) -> None:
    assert records(day.folded.state) == records(day.state)
    assert day.folded.state.number == day.state.number
    assert not broken_invariants(day.folded.state)


def the_same_journal_gives_the_same_decisions(day: Day) -> None:
    start, state = (0, None) if day.halfway is None else (day.halfway[0], restore(day.halfway[1]))
    other = Acd(state)
    for event, now, decision in day.log[start:]:
        try:
            assert other.handle(event, now) == decision
        except RuleError:
            assert decision is None


def test_a_clock_that_steps_back_and_forth_changes_no_order() -> None:
    day = Day()
    for step in (5_000, -8_000, 86_400_000, -3):
        day.handle(day.call(0, 3))
        day.handle(ClockStepped(by_ms=step))
        day.now += step
    assert day.facts[ContactQueued] == 4
