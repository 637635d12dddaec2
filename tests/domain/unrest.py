"""Random days, told by bytes: legal and illegal acts upon a centre, and all that is checked after each."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache

from msgspec.structs import replace

from cti.domain.acd import Acd, Decision, Snapshot, restore, snapshot
from cti.domain.agent import counted
from cti.domain.audit.fairness import Bound, bounds
from cti.domain.capacity import ONE_AT_A_TIME, Capacity, accepts
from cti.domain.commands import StartTimer, StopTimer
from cti.domain.deadlines import ADOPTION_MS, is_dialling, timers
from cti.domain.events import (
    AgentBecameNotReady,
    AgentBecameReady,
    AgentEnrolled,
    AgentRemoved,
    AgentSignedIn,
    AgentSignedOut,
    CallbackMoved,
    CallbackRequested,
    CalleeAnswered,
    CalleeFailed,
    CampaignClosed,
    CampaignOpened,
    CampaignPaused,
    CampaignStarted,
    ClockStepped,
    ConferenceRequested,
    ContactArrived,
    ContactCancelled,
    ContactTakenBack,
    DesktopConnected,
    DesktopLost,
    DeviceChosen,
    EngineStarted,
    Event,
    FetchRequested,
    HandOverRequested,
    HangUpRequested,
    HoldRequested,
    HoursSet,
    InviteRequested,
    JoinFailed,
    Lead,
    LeadsGiven,
    LeadsTakenBack,
    LegAnswered,
    LegEnded,
    LineAnswered,
    LineFailed,
    LineWanted,
    MonitorLeft,
    MonitorRequested,
    MoveRequested,
    OfferAccepted,
    OfferRejected,
    OutboundRequested,
    ParkRequested,
    PartyAnswered,
    PartyDropped,
    PartyFailed,
    PhoneReachable,
    PhoneUnreachable,
    PopShown,
    PriorityChanged,
    QueueClosed,
    QueueOpened,
    RejoinRequested,
    ResumeRequested,
    Retry,
    RingFailed,
    SkillsChanged,
    SwapRequested,
    SwitchLost,
    SwitchReturned,
    Target,
    TimerFired,
    TransferRequested,
    WrapUpFinished,
)
from cti.domain.facts import AssignmentOffered, Fact
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    CampaignId,
    CampaignMode,
    ContactId,
    DestinationId,
    DialId,
    DialResult,
    DispositionId,
    LeadId,
    LegCause,
    LegId,
    Medium,
    Milliseconds,
    MonitorMode,
    QueueId,
    ReasonId,
    TargetKind,
    TimerId,
)
from cti.domain.party import RINGING
from cti.domain.queue import score_ms
from cti.domain.routing import Pair
from cti.domain.state import State
from cti.domain.states import AssignmentState, ContactState
from cti.errors import RuleError
from cti.testing import NODE, START_MS, broken_invariants, can_take
from tests.domain.mornings import (
    AGENTS,
    CALLING,
    CAPACITIES,
    CAUSES,
    DEVICES,
    MORNINGS,
    NODES,
    OPENINGS,
    P1,
    P2,
    PROJECTS,
    QUEUES,
    RICH,
    SITES,
    SKILLS,
    VIRTUAL,
    WEEKS,
)

KEYS = (CampaignId("spring"), CampaignId("autumn"))


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


@lru_cache
def bounds_of(rules: tuple[QueueOpened, ...]) -> tuple[Bound, ...]:
    return bounds(rules)


class Day:
    """Turns bytes into acts on one ACD, and keeps what is needed to compare others with it."""

    def __init__(self, kind: int = 0) -> None:
        self.state = BreakableState()
        self.acd = Acd(self.state)
        self.folded = Acd()
        self.now: Milliseconds = START_MS
        self.timers: dict[TimerId, Milliseconds] = {}
        self.log: list[tuple[Event, Milliseconds, Decision | None]] = []
        self.facts: Counter[type[Fact]] = Counter()
        self.halfway: tuple[int, Snapshot] | None = None
        self.legs = 0
        self.bounds: dict[tuple[QueueId, Medium], Bound] = {}
        self._decide, self.state.index.next_pair = self.state.index.next_pair, self.next_pair  # type: ignore[method-assign]  # each choice is to be seen
        for event, now, decision in MORNINGS[kind % len(MORNINGS)]:
            self.acd.fold(decision.number, decision.facts)
            self.folded.fold(decision.number, decision.facts)
            self.take_timers(decision)
            self.facts.update(type(fact) for fact in decision.facts)
            self.log.append((event, now, decision))
        self.find_bounds()

    def find_bounds(self) -> None:
        rules = [queue.rules for queue in self.state.queues.values()]
        self.bounds = {(bound.queue_id, bound.medium): bound for bound in bounds_of(tuple(rules))}

    def next_pair(self, now: Milliseconds) -> Pair | None:
        """The index's choice, after a look at those who could have had this agent instead."""
        pair = self._decide(now)
        if pair is not None:
            problems = list(self.overtaken(pair, now))
            assert not problems, problems
        return pair

    def overtaken(self, pair: Pair, now: Milliseconds) -> Iterator[str]:
        """Whoever stood before the chosen contact, or has come so long before it that nobody may pass him any more."""
        chosen = pair.contact
        score = score_ms(self.state.queues[chosen.queue_id].rules, chosen, now)
        for other in self.state.contacts.values():
            if other.id == chosen.id or other.state is not ContactState.WAITING or other.asleep_until_ms is not None:
                continue
            node = None if other.node is None else self.state.nodes.get(other.node)
            if (node is not None and node.lost) or not can_take(self.state, pair.agent, other):
                continue
            if score_ms(self.state.queues[other.queue_id].rules, other, now) > score + 1:  # both are rounded down
                yield f"{other.id} stood before {chosen.id}"
            bound = self.bounds[other.queue_id, other.medium]
            waited, later = now - other.arrived_ms, chosen.arrived_ms - other.arrived_ms
            if bound.fixed_ms is not None and later > bound.fixed_ms + waited * bound.share_percent / 100:
                yield f"{chosen.id} passed {other.id}, which came {later} ms earlier, beyond {bound}"

    def act(self, kind: int, a: int, b: int) -> None:
        if kind == 255:
            self.halfway = self.halfway or (len(self.log), snapshot(self.state))
        elif kind >= 216:
            self.advance(ms=(a + 1) ** 2 // (1 + b % 15))
        else:
            event = ACTS[kind % len(ACTS)](self, a, b)
            if isinstance(event, ClockStepped):
                self.now += max(event.by_ms, 0)
            foretold = self.break_down(event) if a % 12 == 0 else None
            self.handle(event)
            if foretold is not None:
                assert self.log[-1][2] == foretold, (self.log[-1], foretold)

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
        if isinstance(event, QueueOpened) and decision is not None:
            self.find_bounds()
        assert self.state.number == len(self.log)
        self.folded.fold(self.state.number, decision.facts if decision else ())
        if decision is None:
            return
        self.take_timers(decision)
        self.facts.update(type(fact) for fact in decision.facts)
        if decision.facts:  # otherwise nothing has changed
            self.check(event, decision)

    def take_timers(self, decision: Decision) -> None:
        for command in decision.commands:
            if isinstance(command, StartTimer):
                self.timers[command.timer_id] = command.at_ms
            elif isinstance(command, StopTimer):
                self.timers.pop(command.timer_id, None)

    def check(self, event: Event, decision: Decision) -> None:
        problems = [*broken_invariants(self.state), *self.strangers(decision)]
        if self.state.number % 4 == 0:
            problems += self.unwoken()
        assert not problems, f"after {event}: {problems}"
        assert not self.state.index.is_idle_pair_left()

    def unwoken(self) -> Iterator[str]:
        """Every deadline has a timer that runs, so nothing sleeps, waits or rings for ever."""
        for wanted in timers(self.state):
            at_ms = self.timers.get(wanted.timer_id)
            if at_ms is None or at_ms > max(wanted.at_ms, self.now + ADOPTION_MS):
                yield f"{wanted.timer_id} is due at {wanted.at_ms}, and its timer at {at_ms}"

    def strangers(self, decision: Decision) -> Iterator[str]:
        """Nobody is offered another project's contact."""
        for fact in decision.facts:
            if isinstance(fact, AssignmentOffered) and fact.contact_id in self.state.contacts:
                project_id = self.state.contacts[fact.contact_id].project_id
                if project_id not in self.state.agents[fact.agent_id].project_ids:
                    yield f"{fact.agent_id} got a contact of {project_id}"

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

    def profile(self, agent_id: AgentId, wanted: Capacity | None) -> Capacity:
        """The wanted one, unless he holds more than it allows."""
        agent = self.state.agents[agent_id]
        held: tuple[Medium, ...] = ()
        for medium in counted(agent):
            if not accepts(wanted or ONE_AT_A_TIME, held, medium):
                return agent.capacity
            held = (*held, medium)
        return wanted or ONE_AT_A_TIME

    def customers_leg(self, a: int) -> LegId:
        """Of the customer whom that assignment's agent has, or dials."""
        live = self.state.assignments.get(self.any_assignment(a))
        contact = None if live is None else self.state.contacts.get(live.contact_id)
        return LegId("leg-none-2") if contact is None or contact.leg_id is None else contact.leg_id

    def any_contact(self, a: int) -> ContactId:
        live = sorted(self.state.contacts)
        return live[a % len(live)] if live and a < 250 else ContactId("c0")

    def any_caller(self, a: int) -> LegId:
        contact = self.state.contacts.get(self.any_contact(a))
        return LegId("nobody") if contact is None or contact.leg_id is None else contact.leg_id

    def any_promised(self, a: int) -> LegId:
        """A caller who was told that he can be called back; if there is none, anyone."""
        told = [c.leg_id for c in self.state.contacts.values() if c.callback_offered and c.leg_id is not None]
        return told[a % len(told)] if told else self.any_caller(a)

    def call(self, a: int, b: int) -> Event:
        self.legs += 1
        return ContactArrived(
            medium=Medium.VOICE,
            queue_id=QUEUES[a % 3],
            arrived_ms=self.now - b * 100,
            leg_id=LegId(f"caller-{self.legs}"),
            node=NODES[b % 4 == 0],
            requirements=SKILLS[1] if b % 5 == 0 else (),
            preferred=(AGENTS[b % 4], AGENTS[a % 4])[: 1 + b % 2] if b % 3 == 0 else (),
            hold_for_ms=(5_000, 9_000) if b % 2 == 0 else (),
            condition="not en >= 5 or tier" if b % 7 == 0 else "",
            tier=b % 8,
            priority=b % 3,
            address_key=f"k{b % 4}",
        )

    def task(self, a: int, b: int) -> Event:
        return ContactArrived(
            medium=VIRTUAL[b % len(VIRTUAL)],
            queue_id=QUEUES[a % 3],
            arrived_ms=self.now - b * 50,
            preferred=(AGENTS[b % 4],) if b % 5 == 0 else (),
            hold_for_ms=(4_000,) if b % 5 == 0 else (),
            address_key=f"k{b % 4}",
            source_key=f"s{b}" if a % 4 == 0 else "",
            not_before_ms=self.now + a * 100 if a % 3 == 0 and VIRTUAL[b % len(VIRTUAL)] is Medium.CALLBACK else None,
            cut_off=a % 5 == 0 and VIRTUAL[b % len(VIRTUAL)] is Medium.CALLBACK,
        )

    def call_out(self, a: int, b: int) -> Event:
        return OutboundRequested(
            agent_id=AGENTS[a % 4],
            queue_id=QUEUES[b % 3],
            node=NODES[b % 5 == 0],
            address_key=f"k{b % 4}",
            origin=self.any_contact(b) if b % 2 else None,
        )

    def campaign(self, a: int, b: int) -> Event:
        return CampaignOpened(
            campaign_id=KEYS[a % 2],
            queue_id=QUEUES[b % 3],
            mode=list(CampaignMode)[a // 2 % 3],
            cap_permyriad=(0, 300, 5_000, 10_000)[b // 3 % 4],
            detects_machines=b // 12 % 2 == 0,
            window_ms=(0, 20_000)[b // 24 % 2],
            retries=(Retry(result=DialResult.BUSY, after_ms=1_000),),
        )

    def leads(self, a: int, b: int) -> Event:
        leads = tuple(Lead(lead_id=LeadId(f"l{at}"), address_key=f"k{at % 4}") for at in range(b % 40, b % 40 + a % 5))
        return LeadsGiven(campaign_id=KEYS[b % 2], leads=leads)

    def any_line(self, a: int) -> LegId:
        return (
            self.state.agents[AGENTS[a % 4]].line_leg or LegId("line-none-1")
            if AGENTS[a % 4] in self.state.agents
            else LegId("line-none-1")
        )

    def line_answered(self, a: int, b: int) -> Event:
        return LineAnswered(agent_id=AGENTS[a % 4], leg_id=self.any_line(a), node=NODES[b % 6 == 0])

    def any_dial(self, a: int) -> tuple[DialId, LegId]:
        dials = [dial for dial in self.state.dials.values() if dial.leg_id is not None]
        if not dials or a > 250:
            return DialId("d0"), LegId("dial-d0")
        dial = dials[a % len(dials)]
        return dial.id, dial.leg_id or LegId("dial-d0")

    def callee_answered(self, a: int, b: int) -> Event:
        dial_id, leg_id = self.any_dial(a)
        return CalleeAnswered(dial_id=dial_id, leg_id=leg_id, node=NODE, machine=(None, False, True, None)[b % 4])

    def callee_failed(self, a: int, b: int) -> Event:
        dial_id, leg_id = self.any_dial(a)
        return CalleeFailed(dial_id=dial_id, leg_id=leg_id, cause=CAUSES[b % len(CAUSES)])

    def proceed_dialling(self, a: int, b: int) -> Event:
        """What would come next of some dial; of an assignment when nobody is dialled."""
        if not self.state.dials:
            return self.proceed(a, b)
        return self.callee_failed(a, b) if b % 2 else self.callee_answered(a, b)

    def target(self, b: int) -> Target:
        match b % 8:
            case 0 | 1:
                return Target(kind=TargetKind.NUMBER)
            case 2 | 3:
                return Target(kind=TargetKind.QUEUE, queue_id=QUEUES[b // 8 % 3])
            case 4 if b // 8 % 4 == 0:
                return Target(kind=TargetKind.DESTINATION, destination=DestinationId("menu"))
            case _:
                return Target(kind=TargetKind.AGENT, agent_id=AGENTS[b // 8 % 4])

    def any_party(self, a: int) -> LegId:
        parties = [*self.state.parties, *self.state.monitors]
        return parties[a % len(parties)] if parties and a < 250 else LegId("party-none-1")

    def any_monitor(self, a: int) -> LegId:
        monitors = list(self.state.monitors)
        return monitors[a % len(monitors)] if monitors else LegId("party-none-1")

    def any_ear(self, a: int) -> LegId:
        ears = [monitor.snoop for monitor in self.state.monitors.values() if monitor.snoop is not None]
        return ears[a % len(ears)] if ears else LegId("snoop-none-1")

    def proceed_transfer(self, a: int, b: int) -> Event:
        """What would come next of somebody who was asked into a talk; one is asked when nobody is there."""
        if not self.state.parties:
            talks = [
                held.id
                for held in self.state.assignments.values()
                if held.state in (AssignmentState.ACTIVE, AssignmentState.HELD) and held.leg_id is not None
            ]
            if not talks:
                return self.proceed(a, b)
            return InviteRequested(assignment_id=talks[a % len(talks)], target=self.target(b))
        parties = list(self.state.parties.values())
        party = parties[a % len(parties)]
        if party.state in RINGING:
            return PartyAnswered(leg_id=party.leg_id, node=NODE)
        acts = (SwapRequested, ConferenceRequested, HandOverRequested, HangUpRequested)
        if b % 5 < len(acts):
            return acts[b % 5](assignment_id=self.state.contacts[party.contact_id].assignment_id or AssignmentId("a0"))
        return LegEnded(leg_id=party.leg_id, cause=CAUSES[b // 5 % len(CAUSES)])

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
            case AssignmentState.OFFERED if assignment.medium in (Medium.VOICE, Medium.CALLBACK):
                return PopShown(assignment_id=assignment.id)
            case AssignmentState.OFFERED:
                return OfferAccepted(assignment_id=assignment.id)
            case AssignmentState.HELD if b % 2:
                return ResumeRequested(assignment_id=assignment.id)
            case AssignmentState.ACTIVE if is_dialling(self.state, assignment):
                return LegAnswered(assignment_id=assignment.id, leg_id=self.customers_leg(a), node=NODE)
            case AssignmentState.ACTIVE if assignment.leg_id is None and b % 4:
                return self.call(a, b)
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
        hours=tuple(sorted(taken.hours, key=lambda hours: hours.hours_id)),
        paces=tuple(sorted(taken.paces, key=str)),
        sources=taken.sources,
        campaigns=tuple(sorted(taken.campaigns, key=lambda campaign: campaign.id)),
        dials=tuple(sorted(taken.dials, key=lambda dial: dial.id)),
        parties=tuple(sorted(taken.parties, key=lambda party: party.leg_id)),
        monitors=tuple(sorted(taken.monitors, key=lambda monitor: monitor.leg_id)),
    )


Act = Callable[[Day, int, int], Event]

CALLS: list[Act] = [
    Day.call,
    Day.call,
    Day.call,
    Day.task,
    Day.task,
    Day.call_out,
    Day.call_out,
    lambda day, a, b: ContactCancelled(contact_id=day.any_contact(a)),
    lambda day, a, b: CallbackMoved(contact_id=day.any_contact(a), not_before_ms=day.now + b * 1000 if b % 3 else None),
    lambda day, a, b: MoveRequested(contact_id=day.any_contact(a), queue_id=QUEUES[b % 3]),
    lambda day, a, b: ContactTakenBack(contact_id=day.any_contact(a)),
    lambda day, a, b: LegEnded(leg_id=day.any_caller(a), cause=CAUSES[b % len(CAUSES)]),
    lambda day, a, b: LegEnded(leg_id=day.any_caller(a), cause=LegCause.LOST, cut=True, call_back=bool(b % 4)),
    lambda day, a, b: CallbackRequested(leg_id=day.any_promised(a)),
    lambda day, a, b: CallbackRequested(leg_id=day.any_promised(a)),
    lambda day, a, b: PriorityChanged(contact_id=day.any_contact(a), priority=b % 30 - 15),
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
    lambda day, a, b: LegAnswered(assignment_id=day.any_assignment(a), leg_id=day.customers_leg(a), node=NODE),
    lambda day, a, b: RingFailed(
        assignment_id=day.any_assignment(a), leg_id=day.customers_leg(a), cause=CAUSES[b % len(CAUSES)]
    ),
    lambda day, a, b: LegEnded(leg_id=day.customers_leg(a), cause=CAUSES[b % len(CAUSES)]),
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
CAMPAIGNS: list[Act] = [
    Day.campaign,
    lambda day, a, b: CampaignStarted(campaign_id=KEYS[a % 2]),
    lambda day, a, b: CampaignStarted(campaign_id=KEYS[a % 2]),
    lambda day, a, b: CampaignPaused(campaign_id=KEYS[a % 2]),
    lambda day, a, b: CampaignClosed(campaign_id=KEYS[a % 2] if b % 8 == 0 else CampaignId("none")),
    Day.leads,
    Day.leads,
    lambda day, a, b: LeadsTakenBack(campaign_id=KEYS[a % 2], lead_ids=(LeadId(f"l{b % 40}"),)),
    lambda day, a, b: LineWanted(agent_id=AGENTS[a % 4], wanted=b % 4 != 0),
    Day.line_answered,
    Day.line_answered,
    Day.line_answered,
    lambda day, a, b: LineFailed(agent_id=AGENTS[a % 4], leg_id=day.any_line(a), cause=CAUSES[b % len(CAUSES)]),
    lambda day, a, b: LegEnded(leg_id=day.any_line(a), cause=CAUSES[b % len(CAUSES)]),
    Day.callee_answered,
    Day.callee_answered,
    Day.callee_answered,
    Day.callee_failed,
    lambda day, a, b: LegEnded(leg_id=day.any_dial(a)[1], cause=CAUSES[b % len(CAUSES)]),
]
TRANSFERS: list[Act] = [
    lambda day, a, _: ParkRequested(assignment_id=day.any_assignment(a)),
    lambda day, a, b: FetchRequested(contact_id=day.any_contact(a), agent_id=AGENTS[b % 4]),
    lambda day, a, b: TransferRequested(assignment_id=day.any_assignment(a), target=day.target(b)),
    lambda day, a, b: InviteRequested(assignment_id=day.any_assignment(a), target=day.target(b)),
    lambda day, a, b: SwapRequested(assignment_id=day.any_assignment(a)),
    lambda day, a, b: ConferenceRequested(assignment_id=day.any_assignment(a)),
    lambda day, a, b: HandOverRequested(assignment_id=day.any_assignment(a)),
    lambda day, a, b: PartyDropped(assignment_id=day.any_assignment(a), leg_id=day.any_party(b)),
    lambda day, a, b: PartyAnswered(leg_id=day.any_party(a), node=NODE),
    lambda day, a, b: PartyFailed(leg_id=day.any_party(a), cause=CAUSES[b % len(CAUSES)]),
    lambda day, a, b: LegEnded(leg_id=day.any_party(a), cause=CAUSES[b % len(CAUSES)]),
]
MODES = list(MonitorMode)
MONITORS: list[Act] = [
    lambda day, a, b: MonitorRequested(contact_id=day.any_contact(a), agent_id=AGENTS[b % 4], mode=MODES[b // 4 % 4]),
    lambda day, a, b: MonitorRequested(contact_id=day.any_contact(a), agent_id=AGENTS[b % 4], mode=MODES[b // 4 % 4]),
    lambda day, a, b: PartyAnswered(leg_id=day.any_monitor(a), node=NODE),
    lambda day, a, b: PartyAnswered(leg_id=day.any_monitor(a), node=NODE),
    lambda day, a, b: LegEnded(leg_id=day.any_ear(a), cause=CAUSES[b % len(CAUSES)]),
    lambda day, a, b: MonitorLeft(agent_id=AGENTS[a % 4]),
]
CENTRE: list[Act] = [
    lambda day, a, b: SkillsChanged(agent_id=AGENTS[a % 4], skills=SKILLS[b % 4]),
    lambda day, a, b: AgentEnrolled(
        agent_id=AGENTS[a % 4],
        project_ids=PROJECTS[b % 4],
        skills=SKILLS[a // 4 % 4],
        site_id=SITES[b // 4 % 3],
        capacity=day.profile(AGENTS[a % 4], CAPACITIES[b // 12 % 3]),
    ),
    lambda day, a, b: HoursSet(hours_id=CALLING, tz="UTC", weekly=WEEKS[a % 4]),
    lambda day, a, b: RICH[a % 3],
    lambda day, a, b: AgentRemoved(agent_id=AGENTS[a % 4] if b % 4 == 0 else AgentId("nobody")),
    lambda day, a, b: QueueClosed(queue_id=QUEUES[a % 3] if b % 3 == 0 else QueueId("none")),
    lambda day, a, b: OPENINGS[a % 3],
    lambda day, a, b: replace(RICH[a % 3], project_id=(P1, P2)[b % 2]),
    lambda day, a, b: replace(OPENINGS[a % 3], requirements=SKILLS[b % 4], priority=b % 5),
    lambda day, a, b: ClockStepped(by_ms=(a - 100) * 1000 * b),
    lambda day, a, b: EngineStarted(node=NODE),
    lambda day, a, b: SwitchLost(node=NODES[b % 2]),
    lambda day, a, b: SwitchReturned(node=NODES[b % 2]),
    lambda day, a, b: SwitchReturned(node=NODES[b % 2]),
    lambda day, a, b: TimerFired(timer_id=TimerId(f"{('pop', 'ring', 'wrap_up', 'x')[b % 4]}:{day.any_assignment(a)}")),
]
ACTS: list[Act] = [
    *(*CALLS, *CALLS, *TALKS, *TALKS, *AGENTS_ACTS, *CAMPAIGNS, *CAMPAIGNS, *TRANSFERS, *MONITORS, *CENTRE),
    *[Day.proceed] * 40,
    *[Day.proceed_transfer] * 8,
    *[Day.proceed_dialling] * 15,
]
