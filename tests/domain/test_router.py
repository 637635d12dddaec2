"""The router of the product and the one by the book (`tests.domain.brute`) decide the same, event by event."""

import os
import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from cti.domain.acd import Acd, Decision
from cti.domain.capacity import Capacity, Exclusion, Interrupt, Share
from cti.domain.commands import StartTimer, StopTimer
from cti.domain.events import (
    AgentBecameNotReady,
    AgentBecameReady,
    AgentEnrolled,
    AgentSignedIn,
    ContactArrived,
    ContactCancelled,
    DesktopConnected,
    Event,
    HangUpRequested,
    LegAnswered,
    LegEnded,
    OfferAccepted,
    OfferRejected,
    PhoneReachable,
    PopShown,
    PriorityChanged,
    QueueOpened,
    SkillsChanged,
    Step,
    SwitchLost,
    SwitchReturned,
    TimerFired,
    Weight,
    WrapUpFinished,
)
from cti.domain.facts import AssignmentOffered, AssignmentPaused, StepTaken, Why
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
    SiteId,
    TimerId,
)
from cti.domain.routing import Pair
from cti.domain.state import State
from cti.domain.states import AssignmentState, ContactState
from cti.errors import RuleError
from cti.testing import START_MS, broken_invariants, levels
from tests.domain import brute

EVENTS = int(os.environ.get("TRIUNE_ROUTER_EVENTS", "100000"))

P1, P2 = ProjectId("p1"), ProjectId("p2")
NODES = [NodeId("node-1"), NodeId("node-2")]
SITES = [SiteId("north"), SiteId("south"), None]
SKILLS = ["a", "b", "c", "d", "e"]
MEDIA = [Medium.VOICE, Medium.VOICE, Medium.CHAT, Medium.CHAT, Medium.EMAIL]
QUEUES = [
    QueueOpened(queue_id=QueueId("plain"), project_id=P1),
    QueueOpened(
        queue_id=QueueId("skilled"),
        project_id=P1,
        requirements=levels({"a": 4}),
        condition="b or not site south",
        steps=(
            Step(after_ms=5_000, relax=levels({"a": 2})),
            Step(after_ms=9_000, relax=levels({"a": 0}), priority=2),
            Step(after_ms=20_000, add="c or d", if_position_over=1),
        ),
    ),
    QueueOpened(
        queue_id=QueueId("near"),
        project_id=P1,
        sites=(SiteId("north"),),
        tier_credit_ms=30_000,
        condition="tier < 5 or e >= 3",
        steps=(
            Step(after_ms=4_000, sites=(SiteId("south"),)),
            Step(after_ms=15_000, to_queue=QueueId("plain"), if_eligible_under=6),
        ),
    ),
    QueueOpened(
        queue_id=QueueId("weighted"),
        project_id=P2,
        weights=(Weight(medium=Medium.EMAIL, percent=20), Weight(medium=Medium.VOICE, percent=250)),
        urgency_ms=90_000,
        service_level_ms=12_000,
    ),
    QueueOpened(queue_id=QueueId("strict"), project_id=P2, strict=True, requirements=levels({"c": 3})),
]
CAPACITIES = [
    None,
    Capacity(
        shares=(
            Share(medium=Medium.VOICE, limit=1),
            Share(medium=Medium.CHAT, limit=3, cost=30),
            Share(medium=Medium.EMAIL, limit=2),
        ),
        exclusions=(Exclusion(holding=Medium.VOICE, bars=Medium.CHAT),),
        interrupts=(Interrupt(by=Medium.VOICE, pauses=Medium.EMAIL),),
    ),
    Capacity(
        shares=(Share(medium=Medium.VOICE, limit=1, cost=100), Share(medium=Medium.EMAIL, limit=1, cost=60)),
        interrupts=(Interrupt(by=Medium.VOICE, pauses=Medium.EMAIL),),
    ),
]


def by_the_book(state: State) -> None:
    """Have this state's index decide as the brute router does."""

    def next_pair(now: Milliseconds) -> Pair | None:
        found = brute.next_pair(state, now)
        if found is None:
            return None
        return Pair(state.contacts[found[0]], state.agents[found[1]], NOTHING)

    state.index.next_pair = next_pair  # type: ignore[method-assign]  # that is the point


NOTHING = Why(rule="", fit=0, load=0, idle_ms=0, score_ms=0, runner_up=None, capable=0, ready=0, free=0)


@dataclass
class Twins:
    """Two centres that hear the same; one decides by the book."""

    dice: random.Random
    agents: int
    fast: Acd = field(default_factory=Acd)
    slow: Acd = field(default_factory=Acd)
    now: Milliseconds = START_MS
    timers: dict[TimerId, Milliseconds] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    legs: int = 0

    def __post_init__(self) -> None:
        by_the_book(self.slow.state)
        for rules in QUEUES:
            self.send(rules)
        for number in range(self.agents):
            self.enrol(number)

    def send(self, event: Event) -> None:
        decision, wanted = decided(self.fast, event, self.now), decided(self.slow, event, self.now)
        assert offers(decision) == offers(wanted), f"event {self.fast.state.number}: {event}"
        self.seen["events"] += 1
        if decision is None:
            return
        self.seen.update(type(fact).__name__ for fact in decision.facts)
        for command in decision.commands:
            if isinstance(command, StartTimer):
                self.timers[command.timer_id] = command.at_ms
            elif isinstance(command, StopTimer):
                self.timers.pop(command.timer_id, None)

    def enrol(self, number: int) -> None:
        agent_id = AgentId(f"u{number}")
        skills = {skill: self.dice.randint(1, 9) for skill in SKILLS if self.dice.random() < 0.5}
        self.send(
            AgentEnrolled(
                agent_id=agent_id,
                project_ids=self.dice.choice([(P1,), (P1, P2), (P2,)]),
                skills=levels(skills),
                site_id=self.dice.choice(SITES),
                capacity=self.dice.choice(CAPACITIES),
            )
        )
        self.send(AgentSignedIn(agent_id=agent_id, device=Device.SIP))
        self.send(PhoneReachable(agent_id=agent_id, device=Device.SIP))
        self.send(DesktopConnected(agent_id=agent_id))
        self.send(AgentBecameReady(agent_id=agent_id))

    def step(self) -> None:
        """Time goes on a little, and something happens."""
        self.now += self.dice.randint(0, 900)
        while due := min(((at, timer) for timer, at in self.timers.items() if at <= self.now), default=None):
            del self.timers[due[1]]
            self.send(TimerFired(timer_id=due[1]))
        waiting = sum(map(self.fast.state.waiting, self.fast.state.queues))
        roll = self.dice.random()
        if roll < (0.3 if waiting < 40 else 0.05):
            self.arrive()
        elif roll < 0.9:
            self.work()
        else:
            self.unrest()

    def arrive(self) -> None:
        medium = self.dice.choice(MEDIA)
        self.legs += medium is Medium.VOICE
        liked = self.dice.sample(range(self.agents), 2) if self.dice.random() < 0.3 else []
        self.send(
            ContactArrived(
                medium=medium,
                queue_id=self.dice.choice(QUEUES).queue_id,
                arrived_ms=self.now - self.dice.choice([0, 0, 0, 30_000]),
                leg_id=LegId(f"leg{self.legs}") if medium is Medium.VOICE else None,
                node=self.dice.choice(NODES) if medium is Medium.VOICE else None,
                requirements=levels({self.dice.choice(SKILLS): self.dice.randint(1, 5)})
                if self.dice.random() < 0.3
                else (),
                condition=self.dice.choice(["", "", "", "a or b >= 5", "not site north"]),
                preferred=tuple(AgentId(f"u{number}") for number in liked),
                hold_for_ms=(4_000,) if liked and self.dice.random() < 0.7 else (),
                tier=self.dice.choice([0, 0, 3, 7]),
                priority=self.dice.choice([0, 0, 1, 3]),
            )
        )

    def work(self) -> None:
        """One assignment goes on."""
        state = self.fast.state
        if not state.assignments:
            return
        held = state.assignments[self.dice.choice(list(state.assignments))]
        contact = state.contacts[held.contact_id]
        match held.state:
            case AssignmentState.OFFERED if self.dice.random() < 0.05:
                self.send(OfferRejected(assignment_id=held.id))
            case AssignmentState.OFFERED if contact.leg_id is None:
                self.send(OfferAccepted(assignment_id=held.id))
            case AssignmentState.OFFERED if held.leg_id is None:
                self.send(PopShown(assignment_id=held.id))
            case AssignmentState.OFFERED if held.leg_id is not None:
                self.send(LegAnswered(assignment_id=held.id, leg_id=held.leg_id, node=contact.node))
            case AssignmentState.WRAP_UP:
                self.send(WrapUpFinished(assignment_id=held.id, disposition=DispositionId("done")))
            case _:
                self.send(HangUpRequested(assignment_id=held.id))

    def unrest(self) -> None:
        """Agents come and go, rules and skills change, callers lose patience, a node is away."""
        agent_id = AgentId(f"u{self.dice.randrange(self.agents)}")
        waiting = [c.id for c in self.fast.state.contacts.values() if c.state is ContactState.WAITING]
        act = self.dice.randrange(8)
        if act <= 2:
            self.send(AgentBecameReady(agent_id=agent_id))
        elif act == 3:
            self.send(AgentBecameNotReady(agent_id=agent_id, reason=ReasonId("lunch")))
        elif act == 4:
            skills = {skill: self.dice.randint(1, 9) for skill in SKILLS if self.dice.random() < 0.5}
            self.send(SkillsChanged(agent_id=agent_id, skills=levels(skills)))
        elif act == 5 and waiting:
            self.send(PriorityChanged(contact_id=self.dice.choice(waiting), priority=self.dice.randint(-2, 5)))
        elif act == 6 and waiting:
            self.leave(self.dice.choice(waiting))
        elif act == 7:
            node = self.dice.choice(NODES)
            lost = self.dice.random() < 0.3
            self.send(SwitchLost(node=node) if lost else SwitchReturned(node=node))

    def leave(self, contact_id: ContactId) -> None:
        leg_id = self.fast.state.contacts[contact_id].leg_id
        if leg_id is None:
            self.send(ContactCancelled(contact_id=contact_id))
        else:
            self.send(LegEnded(leg_id=leg_id, cause=LegCause.NORMAL))


def decided(acd: Acd, event: Event, now: Milliseconds) -> Decision | None:
    try:
        return acd.handle(event, now)
    except RuleError:
        return None


def offers(decision: Decision | None) -> list[tuple[AssignmentId, ContactId, AgentId]]:
    facts = decision.facts if decision is not None else ()
    return [(f.assignment_id, f.contact_id, f.agent_id) for f in facts if isinstance(f, AssignmentOffered)]


@pytest.mark.timeout(900)
def test_it_assigns_as_the_router_by_the_book_does() -> None:
    seen: Counter[str] = Counter()
    days = max(EVENTS // 5_000, 2)
    for seed in range(days):
        day = Twins(random.Random(seed), agents=6 + 4 * (seed % 6))
        while day.seen["events"] < EVENTS // days:
            day.step()
        assert not broken_invariants(day.fast.state)
        seen += day.seen
    assert seen["events"] >= EVENTS
    for kind in (AssignmentOffered, AssignmentPaused, StepTaken):
        assert seen[kind.__name__] > EVENTS // 1_000, f"the days are too dull: {seen}"
