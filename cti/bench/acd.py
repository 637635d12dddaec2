"""`acd`: how fast the distributor decides, beside a router that scans its lists, and what its size costs.

A decision is an event that ends in an offer. Every agent is busy to his capacity and the queues are kept full: whenever
an agent closes a contact, he is offered another, and a new one arrives. Skills, media, queues, tiers, priorities and
steps are random, from a seed. Centres of nine sizes are served in turns, so that noise of the machine falls on all of
them alike; what is counted is this thread's processor time. The list-scan router has the same agents and contacts: it
looks at every waiting contact for the one with the highest score that the agent may have, which is what the index
replaces. Called by `cti.bench.commands`.
"""

import asyncio
import gc
import random
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from cti.bench.result import Goal, Result, percentile
from cti.domain.acd import Acd, Decision
from cti.domain.capacity import BIT, Capacity, Exclusion, Share
from cti.domain.events import (
    AgentBecameReady,
    AgentEnrolled,
    AgentSignedIn,
    ContactArrived,
    DesktopConnected,
    HangUpRequested,
    LegAnswered,
    OfferAccepted,
    PhoneReachable,
    PopShown,
    QueueOpened,
    SkillLevel,
    Step,
    Weight,
    WrapUpFinished,
)
from cti.domain.facts import AssignmentOffered
from cti.domain.ids import (
    AgentId,
    Announcement,
    AssignmentId,
    ContactId,
    Device,
    DispositionId,
    LegId,
    Medium,
    Milliseconds,
    NodeId,
    ProjectId,
    QueueId,
    SkillId,
)
from cti.domain.queue import score_ms

AGENTS: Final = (100, 1_000, 5_000)
WAITING: Final = (1_000, 10_000, 100_000)
SKILLS: Final = 50
SKILLS_EACH: Final = 6
QUEUES: Final = 8
ROUNDS: Final = 10
DECISIONS: Final = 300
"""Of each centre in each round."""
SCANS: Final = 3
"""Of the list-scan router in each round: one takes as long as thousands of decisions."""
SMALL: Final = (AGENTS[0], WAITING[0])
LARGE: Final = (AGENTS[-1], WAITING[-1])
GOALS: Final[Mapping[str, Goal]] = {
    f"decisions_per_s_{LARGE[0]}x{LARGE[1]}": (">=", 50_000),
    f"p99_us_{LARGE[0]}x{LARGE[1]}": ("<=", 1_000),
    "growth_agents": ("<=", 2.0),
    "growth_waiting": ("<=", 1.5),
    "bytes_per_waiting": ("<=", 2_048),
}

_PROJECT: Final = ProjectId("bench")
_NODE: Final = NodeId("bench")
_START_MS: Final = 1_700_000_000_000
_DONE: Final = DispositionId("done")
_BLENDED: Final = Capacity(
    shares=(
        Share(medium=Medium.VOICE, limit=1, cost=60),
        Share(medium=Medium.CHAT, limit=3, cost=20),
        Share(medium=Medium.EMAIL, limit=2, cost=20),
    ),
    exclusions=(Exclusion(holding=Medium.CHAT, bars=Medium.EMAIL), Exclusion(holding=Medium.EMAIL, bars=Medium.CHAT)),
)
_MEDIA: Final = (Medium.VOICE, Medium.VOICE, Medium.CHAT, Medium.EMAIL)


class Centre:
    """Agents at their limits, contacts behind them."""

    def __init__(self, *, agents: int, waiting: int, seed: int) -> None:
        self.size = agents, waiting
        self.acd = Acd()
        self.now: Milliseconds = _START_MS
        self.spent_ns: list[int] = []
        """Of each decision."""
        self.events = 0
        self.busy_ns = 0
        """Of every event, those that decide nothing included."""
        self._dice = random.Random(seed)
        self._legs = 0
        self._held: list[AssignmentId] = []
        for number in range(QUEUES):
            self._send(_queue(number))
        for number in range(agents):
            self._enrol(number)
        if waiting:
            self.fill(waiting)

    def fill(self, waiting: int) -> None:
        """Until every agent has all he can hold and so many wait."""
        while sum(map(self.acd.state.waiting, self.acd.state.queues)) < waiting:
            self.arrive()

    def _enrol(self, number: int) -> None:
        agent_id = AgentId(f"u{number}")
        known = self._dice.sample(range(SKILLS), SKILLS_EACH)
        skills = tuple(
            SkillLevel(skill_id=SkillId(f"s{skill}"), level=self._dice.randint(1, 10)) for skill in sorted(known)
        )
        self._send(AgentEnrolled(agent_id=agent_id, project_ids=(_PROJECT,), skills=skills, capacity=_BLENDED))
        self._send(AgentSignedIn(agent_id=agent_id, device=Device.SIP))
        self._send(PhoneReachable(agent_id=agent_id, device=Device.SIP))
        self._send(DesktopConnected(agent_id=agent_id))
        self._send(AgentBecameReady(agent_id=agent_id))

    def _send(self, event: object) -> Decision:
        begun = time.thread_time_ns()
        decision = self.acd.handle(event, self.now)  # type: ignore[arg-type]  # one of many kinds of event
        self.busy_ns += time.thread_time_ns() - begun
        self.events += 1
        for fact in decision.facts:
            if isinstance(fact, AssignmentOffered):
                self._held.append(fact.assignment_id)
        return decision

    def arrive(self) -> None:
        """One more contact asks for one skill."""
        dice = self._dice
        self.now += 3
        self._legs += 1
        medium = dice.choice(_MEDIA)
        wanted = SkillLevel(skill_id=SkillId(f"s{dice.randrange(SKILLS)}"), level=dice.choice((1, 3, 5)))
        self._send(
            ContactArrived(
                medium=medium,
                queue_id=QueueId(f"q{dice.randrange(QUEUES)}"),
                arrived_ms=self.now,
                leg_id=LegId(f"leg{self._legs}") if medium is Medium.VOICE else None,
                node=_NODE if medium is Medium.VOICE else None,
                requirements=(wanted,),
                tier=dice.choice((0, 0, 0, 2)),
                priority=dice.choice((0, 0, 0, 1)),
            )
        )

    def serve(self) -> None:
        """One contact is taken up, done and closed; whoever did it is offered the next, and another arrives."""
        state = self.acd.state
        at = self._dice.randrange(len(self._held))
        self._held[at], self._held[-1] = self._held[-1], self._held[at]
        held = state.assignments[self._held.pop()]
        self.now += 2
        if held.medium is Medium.VOICE:
            self._send(PopShown(assignment_id=held.id))
            self._send(LegAnswered(assignment_id=held.id, leg_id=LegId(f"leg-{held.id}-1"), node=_NODE))
        else:
            self._send(OfferAccepted(assignment_id=held.id))
        self._send(HangUpRequested(assignment_id=held.id))
        before = self.busy_ns
        decision = self._send(WrapUpFinished(assignment_id=held.id, disposition=_DONE))
        if any(isinstance(fact, AssignmentOffered) for fact in decision.facts):
            self.spent_ns.append(self.busy_ns - before)
        self.fill(self.size[1])

    @property
    def per_s(self) -> float:
        """Decisions a second of deciding."""
        return len(self.spent_ns) / sum(self.spent_ns) * 1e9


class ListScan:
    """The router that looks at all that waits, on a copy of a centre's agents and contacts."""

    def __init__(self, centre: Centre) -> None:
        state = centre.acd.state
        self._now = centre.now
        self._rules = {queue_id: queue.rules for queue_id, queue in state.queues.items()}
        self._waiting = [contact for contact in state.contacts.values() if contact.assignment_id is None]
        self._agents = [
            ({skill.skill_id: skill.level for skill in agent.skills}, BIT[Medium.VOICE])
            for agent in state.agents.values()
        ]
        self._dice = random.Random(1)
        self.spent_ns: list[int] = []

    def decide(self) -> ContactId | None:
        """A random agent comes free: find him the contact with the highest score."""
        skills, media = self._dice.choice(self._agents)
        begun = time.thread_time_ns()
        best, found = -1, None
        for contact in self._waiting:
            if not media & BIT[contact.medium]:
                continue
            if any(skills.get(wanted.skill_id, 0) < wanted.level for wanted in contact.requirements):
                continue
            score = score_ms(self._rules[contact.queue_id], contact, self._now)
            if score > best:
                best, found = score, contact
        if found is not None:
            self._waiting.remove(found)
            self.spent_ns.append(time.thread_time_ns() - begun)
        return found.id if found is not None else None

    @property
    def per_s(self) -> float:
        """Decisions a second."""
        return len(self.spent_ns) / sum(self.spent_ns) * 1e9


async def measure(say: Callable[[str], None]) -> Result:
    """Build nine centres, serve them in turns, and compare. Takes about a minute."""
    return await asyncio.to_thread(_measure, say)


def _measure(say: Callable[[str], None]) -> Result:
    per_agent, per_waiting = _memory(say)
    centres = dict(_centres(say))
    scan = ListScan(centres[LARGE])
    gc.collect()
    for number in range(ROUNDS):
        say(f"round {number + 1} of {ROUNDS}")
        for centre in centres.values():
            for _ in range(DECISIONS):
                centre.serve()
        for _ in range(SCANS):
            scan.decide()
    figures: dict[str, float] = {}
    for (agents, waiting), centre in centres.items():
        figures[f"decisions_per_s_{agents}x{waiting}"] = round(centre.per_s)
        figures[f"p99_us_{agents}x{waiting}"] = round(percentile(centre.spent_ns, 99) / 1000, 1)
    figures["growth_agents"] = _growth(centres[AGENTS[0], WAITING[-1]], centres[LARGE])
    figures["growth_waiting"] = _growth(centres[AGENTS[-1], WAITING[0]], centres[LARGE])
    figures["over_list_scan"] = round(centres[LARGE].per_s / scan.per_s, 1)
    figures["events_per_s"] = round(
        sum(c.events for c in centres.values()) / sum(c.busy_ns for c in centres.values()) * 1e9
    )
    figures["bytes_per_agent"] = round(per_agent)
    figures["bytes_per_waiting"] = round(per_waiting)
    notes = (
        "A decision is an event that ends in an offer; its time is all of Acd.handle, facts and commands included.",
        "Times are processor time of the deciding thread.",
        "events_per_s counts every event, arrivals into the full queue and those that decide nothing too.",
        f"{SKILLS} skills, {SKILLS_EACH} an agent; one skill a contact; {QUEUES} queues with steps, weights, tiers.",
    )
    return Result(name="acd", figures=figures, goals=GOALS, notes=notes)


def _centres(say: Callable[[str], None]) -> Iterator[tuple[tuple[int, int], Centre]]:
    for agents in AGENTS:
        for waiting in WAITING:
            say(f"{agents} agents, {waiting} waiting")
            yield (agents, waiting), Centre(agents=agents, waiting=waiting, seed=7)


def _growth(small: Centre, large: Centre) -> float:
    """How much longer a decision takes in the large one."""
    return round(small.per_s / large.per_s, 2)


def _memory(say: Callable[[str], None]) -> tuple[float, float]:
    """Resident bytes of an agent, and of a waiting contact."""
    say("memory")
    gc.collect()
    nothing = _resident()
    centre = Centre(agents=AGENTS[-1], waiting=0, seed=3)
    staffed = _resident()
    centre.fill(WAITING[0])
    busy = _resident()
    centre.fill(WAITING[-1])
    return (staffed - nothing) / AGENTS[-1], (_resident() - busy) / (WAITING[-1] - WAITING[0])


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def _queue(number: int) -> QueueOpened:
    return QueueOpened(
        queue_id=QueueId(f"q{number}"),
        project_id=_PROJECT,
        priority=number % 3,
        weights=(
            Weight(medium=Medium.EMAIL, percent=50 if number % 2 else 100),
            Weight(medium=Medium.CHAT, percent=100),
        ),
        tier_credit_ms=20_000,
        urgency_ms=60_000,
        wrap_up_limit_ms=60_000,
        steps=(
            Step(after_ms=30_000, announce=(Announcement.POSITION,), every_ms=60_000),
            Step(
                after_ms=120_000, relax=tuple(SkillLevel(skill_id=SkillId(f"s{at}"), level=1) for at in range(SKILLS))
            ),
            Step(after_ms=300_000, priority=1),
        ),
    )
