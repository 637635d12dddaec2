"""What tests, the simulator and benchmarks stand on: a clock moved by hand, a day told as a script, and the invariants.

No part of the running product imports this module.
"""

from collections.abc import Iterable, Mapping
from itertools import permutations
from typing import TypeVar

from cti.domain import capacity
from cti.domain.acd import Acd, Decision
from cti.domain.agent import Agent, counted, open_media
from cti.domain.assignment import Assignment, is_desk_work
from cti.domain.commands import Command, StartTimer, StopTimer
from cti.domain.contact import Contact
from cti.domain.events import (
    AgentBecameNotReady,
    AgentBecameReady,
    AgentEnrolled,
    AgentSignedIn,
    ContactArrived,
    DesktopConnected,
    Event,
    HangUpRequested,
    HoldRequested,
    LegAnswered,
    LegEnded,
    OfferAccepted,
    OfferRejected,
    PhoneReachable,
    PopShown,
    QueueOpened,
    RejoinRequested,
    ResumeRequested,
    RingFailed,
    SkillLevel,
    TimerFired,
    WrapUpFinished,
)
from cti.domain.facts import ContactClosed, ContactQueued, Fact
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
    SkillId,
    TimerId,
)
from cti.domain.queue import ring_of, rings
from cti.domain.state import State
from cti.domain.states import AssignmentState, ContactState

Wanted = TypeVar("Wanted")

NODE = NodeId("node-1")
START_MS: Milliseconds = 1_700_000_000_000


class ManualClock:
    """A clock that stands until it is moved."""

    def __init__(self, now_ms: Milliseconds = START_MS) -> None:
        self.now_ms = now_ms

    def now(self) -> Milliseconds:
        """Unix time in ms."""
        return self.now_ms

    def advance(self, *, seconds: float = 0, ms: Milliseconds = 0) -> None:
        """Move on."""
        self.now_ms += round(seconds * 1000) + ms


class Scenario:
    """A day at the centre, told as a script: who is there, who calls, what they do, what is decided.

    It plays the outside world's part in what is dull: names become ids, and timers fire when time is advanced past
    them. After each step the invariants are checked. `expect` looks at what the last step (act or `advance`) brought
    about.
    """

    def __init__(self, acd: Acd | None = None, *, now_ms: Milliseconds = START_MS) -> None:
        self.acd = acd if acd is not None else Acd()
        self.clock = ManualClock(now_ms)
        self.log: list[tuple[Event, Milliseconds]] = []
        """Every event so far and its instant, refused ones included: what a replay needs."""
        self.facts: list[Fact] = []
        """All since the beginning."""
        self.recent: list[Fact | Command] = []
        """Of the last step."""
        self.contact_ids: dict[str, ContactId] = {}
        self.timers: dict[TimerId, Milliseconds] = {}

    @property
    def state(self) -> State:
        """The state as it is now."""
        return self.acd.state

    # -- the outside world ---------------------------------------------------------------------------------------------

    def send(self, event: Event) -> Decision:
        """One event as a step of its own; raises what `Acd.handle` raises."""
        self.recent = []
        return self._handle(event)

    def advance(self, *, seconds: float = 0, ms: Milliseconds = 0) -> None:
        """Let time pass; every timer due until then fires at its instant, in order."""
        self.recent = []
        until = self.clock.now_ms + round(seconds * 1000) + ms
        while self.timers:
            at_ms, timer_id = min((at_ms, timer_id) for timer_id, at_ms in self.timers.items())
            if at_ms > until:
                break
            self.clock.now_ms = max(self.clock.now_ms, at_ms)
            del self.timers[timer_id]
            self._handle(TimerFired(timer_id=timer_id))
        self.clock.now_ms = until

    def _handle(self, event: Event) -> Decision:
        self.log.append((event, self.clock.now_ms))
        decision = self.acd.handle(event, self.clock.now_ms)
        for command in decision.commands:
            if isinstance(command, StartTimer):
                self.timers[command.timer_id] = command.at_ms
            elif isinstance(command, StopTimer):
                self.timers.pop(command.timer_id, None)
        self.facts += decision.facts
        self.recent += [*decision.facts, *decision.commands]
        problems = broken_invariants(self.state)
        assert not problems, f"after {event}: {problems}"
        return decision

    # -- who is there --------------------------------------------------------------------------------------------------

    def queue(
        self,
        name: str,
        *,
        project: str = "demo",
        skills: Mapping[str, int] | None = None,
        priority: int = 0,
        weight_percent: int = 100,
        ring_limit_s: float = 15,
        wrap_up_limit_s: float = 60,
    ) -> None:
        """Open a queue."""
        self.send(
            QueueOpened(
                queue_id=QueueId(name),
                project_id=ProjectId(project),
                requirements=levels(skills or {}),
                priority=priority,
                weight_percent=weight_percent,
                ring_limit_ms=round(ring_limit_s * 1000),
                wrap_up_limit_ms=round(wrap_up_limit_s * 1000),
            )
        )

    def agent(
        self,
        name: str,
        *,
        skills: Mapping[str, int] | None = None,
        projects: Iterable[str] = ("demo",),
        device: Device = Device.SIP,
        desktop: bool = True,
        ready: bool = True,
    ) -> None:
        """Enrol an agent, sign him in with his phone (and desktop) there, and make him ready."""
        agent_id = AgentId(name)
        project_ids = tuple(ProjectId(project) for project in projects)
        self.send(AgentEnrolled(agent_id=agent_id, project_ids=project_ids, skills=levels(skills or {})))
        self.send(AgentSignedIn(agent_id=agent_id, device=device))
        self.send(PhoneReachable(agent_id=agent_id, device=device))
        if desktop:
            self.send(DesktopConnected(agent_id=agent_id))
        if ready:
            self.ready(name)

    def ready(self, name: str) -> None:
        """The agent makes himself ready."""
        self.send(AgentBecameReady(agent_id=AgentId(name)))

    def takes_a_break(self, name: str, reason: str = "lunch") -> None:
        """The agent makes himself not ready."""
        self.send(AgentBecameNotReady(agent_id=AgentId(name), reason=ReasonId(reason)))

    # -- customers -----------------------------------------------------------------------------------------------------

    def call(
        self,
        name: str,
        *,
        queue: str = "support",
        skills: Mapping[str, int] | None = None,
        preferred: Iterable[str] = (),
        waited_s: float = 0,
    ) -> None:
        """A caller comes in; his leg is called `<name>-leg`."""
        self._arrive(
            name,
            ContactArrived(
                medium=Medium.VOICE,
                queue_id=QueueId(queue),
                arrived_ms=self.clock.now_ms - round(waited_s * 1000),
                leg_id=caller_leg(name),
                node=NODE,
                requirements=levels(skills or {}),
                preferred=tuple(AgentId(agent) for agent in preferred),
            ),
        )

    def task(self, name: str, *, queue: str = "support", medium: Medium = Medium.TASK) -> None:
        """A virtual call comes in."""
        self._arrive(name, ContactArrived(medium=medium, queue_id=QueueId(queue), arrived_ms=self.clock.now_ms))

    def _arrive(self, name: str, event: ContactArrived) -> None:
        for fact in self.send(event).facts:
            if isinstance(fact, ContactQueued):
                self.contact_ids[name] = fact.contact_id

    def caller_hangs_up(self, name: str, cause: LegCause = LegCause.NORMAL) -> None:
        """The caller's leg ends."""
        self.send(LegEnded(leg_id=caller_leg(name), cause=cause))

    # -- agents' acts --------------------------------------------------------------------------------------------------

    def pop_shown(self, name: str) -> None:
        """The agent's page draws the card."""
        self.send(PopShown(assignment_id=self.assignment(name).id))

    def answers(self, name: str) -> None:
        """The agent picks up the phone that rings."""
        self.send(LegAnswered(assignment_id=self.assignment(name).id, leg_id=self.leg(name), node=NODE))

    def picks_up(self, name: str) -> None:
        """Card drawn, phone rung and answered."""
        self.pop_shown(name)
        self.answers(name)

    def ring_fails(self, name: str, cause: LegCause) -> None:
        """The agent's phone does not answer, or cannot."""
        self.send(RingFailed(assignment_id=self.assignment(name).id, leg_id=self.leg(name), cause=cause))

    def agent_leg_ends(self, name: str, cause: LegCause = LegCause.NORMAL) -> None:
        """The agent's leg is gone."""
        self.send(LegEnded(leg_id=self.leg(name), cause=cause))

    def accepts(self, name: str) -> None:
        """The agent takes a virtual call."""
        self.send(OfferAccepted(assignment_id=self.assignment(name).id))

    def rejects(self, name: str) -> None:
        """The agent refuses."""
        self.send(OfferRejected(assignment_id=self.assignment(name).id))

    def holds(self, name: str) -> None:
        """The agent puts the customer on hold."""
        self.send(HoldRequested(assignment_id=self.assignment(name).id))

    def resumes(self, name: str) -> None:
        """The agent takes the customer back."""
        self.send(ResumeRequested(assignment_id=self.assignment(name).id))

    def asks_to_rejoin(self, name: str) -> None:
        """The agent's page has no sound of his talk, and asks for a new leg."""
        self.send(RejoinRequested(assignment_id=self.assignment(name).id))

    def hangs_up(self, name: str) -> None:
        """The agent ends the talk or the work from his desktop."""
        self.send(HangUpRequested(assignment_id=self.assignment(name).id))

    def wraps_up(self, name: str, disposition: str = "solved") -> None:
        """The agent closes with a disposition."""
        event = WrapUpFinished(assignment_id=self.assignment(name).id, disposition=DispositionId(disposition))
        self.send(event)

    # -- what came of it -----------------------------------------------------------------------------------------------

    def assignment(self, agent: str) -> Assignment:
        """What that agent holds; the newest, if several."""
        held = self.state.agents[AgentId(agent)].assignment_ids
        assert held, f"{agent} holds nothing"
        return self.state.assignments[held[-1]]

    def leg(self, agent: str) -> LegId:
        """The agent's leg, ringing or answered."""
        leg_id = self.assignment(agent).leg_id
        assert leg_id is not None, f"no leg of {agent}'s"
        return leg_id

    def holds_nothing(self, agent: str) -> bool:
        """Whether that agent has no assignment."""
        return not self.state.agents[AgentId(agent)].assignment_ids

    def contact(self, name: str) -> Contact:
        """The live contact of that name."""
        return self.state.contacts[self.contact_ids[name]]

    def served_by(self, name: str) -> str | None:
        """The agent to whom the contact is assigned now; None while it waits."""
        assignment_id = self.contact(name).assignment_id
        return None if assignment_id is None else self.state.assignments[assignment_id].agent_id

    def closed_as(self, name: str) -> DispositionId | None:
        """With what the contact was closed; None while it lives."""
        contact_id = self.contact_ids[name]
        for fact in self.facts:
            if isinstance(fact, ContactClosed) and fact.contact_id == contact_id:
                return fact.disposition
        return None

    def expect(self, wanted: type[Wanted], **fields: object) -> Wanted:
        """The one fact or command of this kind with these fields that the last step brought about."""
        found = self.every(wanted, **fields)
        assert len(found) == 1, f"{len(found)} × {wanted.__name__} {fields} among:\n" + "\n".join(map(str, self.recent))
        return found[0]

    def expect_no(self, unwanted: type[object], **fields: object) -> None:
        """The last step brought about nothing of this kind."""
        found = self.every(unwanted, **fields)
        assert not found, f"unexpected: {found}"

    def every(self, wanted: type[Wanted], **fields: object) -> list[Wanted]:
        """All of this kind with these fields, in order."""
        return [
            item
            for item in self.recent
            if isinstance(item, wanted) and all(getattr(item, name) == value for name, value in fields.items())
        ]


def levels(skills: Mapping[str, int]) -> tuple[SkillLevel, ...]:
    """Skill levels from a mapping, by skill."""
    return tuple(SkillLevel(skill_id=SkillId(skill), level=level) for skill, level in sorted(skills.items()))


def caller_leg(name: str) -> LegId:
    """The leg of the caller of that name."""
    return LegId(f"{name}-leg")


_CONTACT_STATES: Mapping[AssignmentState, ContactState] = {
    AssignmentState.OFFERED: ContactState.OFFERED,
    AssignmentState.ACTIVE: ContactState.ACTIVE,
    AssignmentState.HELD: ContactState.ACTIVE,
    AssignmentState.PAUSED: ContactState.ACTIVE,
    AssignmentState.REJOINING: ContactState.ACTIVE,
    AssignmentState.WRAP_UP: ContactState.WRAP_UP,
}


def broken_invariants(state: State) -> list[str]:
    """Sentences about all that is wrong with a state between two events; empty when it is sound.

    One owner a contact, both sides agreeing; capacity kept; every waiting state bounded by a deadline; no idle pair.
    """
    return [
        *_broken_contacts(state),
        *_broken_assignments(state),
        *_broken_agents(state),
        *_broken_indexes(state),
        *_idle_pairs(state),
    ]


def _broken_contacts(state: State) -> Iterable[str]:
    owners: dict[ContactId, list[AssignmentId]] = {}
    for assignment in state.assignments.values():
        owners.setdefault(assignment.contact_id, []).append(assignment.id)
    for contact in state.contacts.values():
        expected = [] if contact.assignment_id is None else [contact.assignment_id]
        if owners.pop(contact.id, []) != expected:
            yield f"{contact.id} does not agree with its assignments"
        if (contact.state is ContactState.WAITING) != (contact.assignment_id is None):
            yield f"{contact.id} is {contact.state} with assignment {contact.assignment_id}"
    yield from (f"assignments {held} of the unknown {contact_id}" for contact_id, held in owners.items())


def _broken_assignments(state: State) -> Iterable[str]:
    for assignment in state.assignments.values():
        contact = state.contacts.get(assignment.contact_id)
        if contact is None or contact.state is not _CONTACT_STATES[assignment.state]:
            yield f"{assignment.id} is {assignment.state} but its contact is not"
        deadlines = {
            AssignmentState.OFFERED: assignment.pop_until_ms or assignment.ring_until_ms or assignment.lease_until_ms,
            AssignmentState.REJOINING: assignment.rejoin_until_ms,
            AssignmentState.WRAP_UP: assignment.wrap_up_until_ms,
        }
        if deadlines.get(assignment.state, 1) is None:
            yield f"{assignment.id} is {assignment.state} without a deadline"
        offered = assignment.state is AssignmentState.OFFERED
        agent = state.agents[assignment.agent_id]
        if is_desk_work(assignment) and not agent.desktop and agent.desk_until_ms is None:
            yield f"{assignment.id} is in the hands of {agent.id}, who has no desktop and no deadline"
        if is_desk_work(assignment) and agent.removed:
            yield f"{assignment.id} is in the hands of {agent.id}, who is removed"
        if offered and (assignment.ring_until_ms or 0) >= assignment.lease_until_ms:
            yield f"{assignment.id} rings longer than its lease"


def _broken_agents(state: State) -> Iterable[str]:
    held = {agent.id: agent.assignment_ids for agent in state.agents.values()}
    for agent in state.agents.values():
        media: tuple[Medium, ...] = ()
        for medium in counted(agent):
            if not capacity.accepts(agent.capacity, media, medium) and not _accepts_in_some_order(agent):
                yield f"{agent.id} holds more than he can: {agent.active}"
            media = (*media, medium)
        if len(agent.active) != len(agent.assignment_ids):
            yield f"{agent.id} counts {agent.active} for {agent.assignment_ids}"
        if agent.leaving and not agent.assignment_ids:
            yield f"{agent.id} is leaving with nothing left to finish"
    for assignment in state.assignments.values():
        if assignment.id not in held[assignment.agent_id]:
            yield f"{assignment.agent_id} does not know of {assignment.id}"
    if sum(map(len, held.values())) != len(state.assignments):
        yield "agents hold assignments that are no more"


def _accepts_in_some_order(agent: Agent) -> bool:
    """Exclusions may hold one way only, so what he holds was perhaps taken in another order than it stands."""
    return any(
        all(capacity.accepts(agent.capacity, order[:at], medium) for at, medium in enumerate(order))
        for order in permutations(counted(agent))
    )


def _broken_indexes(state: State) -> Iterable[str]:
    contact_legs = {contact.leg_id: contact.id for contact in state.contacts.values() if contact.leg_id is not None}
    if contact_legs != state.contact_by_leg:
        yield "contact_by_leg is not what the contacts say"
    agent_legs = {held.leg_id: held.id for held in state.assignments.values() if held.leg_id is not None}
    if agent_legs != state.assignment_by_leg:
        yield "assignment_by_leg is not what the assignments say"
    for queue_id in state.queues:
        waits = sum(
            contact.queue_id == queue_id and contact.state is ContactState.WAITING
            for contact in state.contacts.values()
        )
        if waits != state.waiting(queue_id):
            yield f"{queue_id} counts {state.waiting(queue_id)} waiting, but {waits} wait"


def _idle_pairs(state: State) -> Iterable[str]:
    """By the plain definition, without the index."""

    free = [agent for agent in state.agents.values() if open_media(agent)]
    if not free:
        return
    for contact in state.contacts.values():
        node = state.nodes.get(contact.node) if contact.node is not None else None
        if contact.state is not ContactState.WAITING or (node is not None and node.lost):
            continue
        if contact.asleep_until_ms is not None:
            continue
        for agent in free:
            if can_take(state, agent, contact):
                yield f"{agent.id} is idle while {contact.id} waits for him"


def can_take(state: State, agent: Agent, contact: Contact) -> bool:
    """Whether the agent could be offered the waiting contact now: every predicate, by the plain definition."""
    rules = state.queues[contact.queue_id].rules
    if contact.held_until_ms is not None and agent.id not in contact.preferred:
        return False
    if not open_media(agent) & capacity.BIT[contact.medium] or rules.project_id not in agent.project_ids:
        return False
    asked = rings(rules, contact)
    return (
        ring_of(asked, agent.skills, site_id=agent.site_id, project_ids=agent.project_ids, tier=contact.tier)
        is not None
    )
