"""A day at the centre, told as a script.

Called by tests of the domain; what is wrong after a step is found by `cti.testing.invariants`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from cti.domain.acd import Acd, Decision, restore, snapshot
from cti.domain.assignment import Assignment
from cti.domain.campaign import Dial
from cti.domain.capacity import Capacity
from cti.domain.commands import Command, RingParty, StartTimer, StopTimer
from cti.domain.contact import Contact
from cti.domain.events import (
    AgentBecameNotReady,
    AgentBecameReady,
    AgentEnrolled,
    AgentSignedIn,
    CallbackRequested,
    CallbackRule,
    CalleeAnswered,
    CalleeFailed,
    CampaignOpened,
    CampaignStarted,
    ConferenceRequested,
    ContactArrived,
    DesktopConnected,
    EngineStarted,
    Event,
    FetchRequested,
    HandOverRequested,
    HangUpRequested,
    HoldRequested,
    InviteRequested,
    Lead,
    LeadsGiven,
    LegAnswered,
    LegEnded,
    LineAnswered,
    LineWanted,
    OfferAccepted,
    OfferRejected,
    OutboundRequested,
    ParkRequested,
    PartyAnswered,
    PartyDropped,
    PartyFailed,
    PhoneReachable,
    PopShown,
    PriorityChanged,
    QueueOpened,
    RejoinRequested,
    ResumeRequested,
    RingFailed,
    ServiceLevel,
    SkillLevel,
    SkillsChanged,
    Step,
    SwapRequested,
    Target,
    TimerFired,
    TransferRequested,
    Weight,
    WrapUpFinished,
)
from cti.domain.facts import AssignmentOffered, ContactClosed, ContactQueued, Fact
from cti.domain.ids import (
    AgentId,
    CampaignId,
    ContactId,
    DestinationId,
    Device,
    DispositionId,
    LeadId,
    LegCause,
    LegId,
    Medium,
    Milliseconds,
    NodeId,
    ProjectId,
    QueueId,
    ReasonId,
    SiteId,
    SkillId,
    TargetKind,
    TimerId,
)
from cti.domain.state import State
from cti.testing.clock import START_MS, ManualClock
from cti.testing.invariants import broken_invariants

Wanted = TypeVar("Wanted")

NODE = NodeId("node-1")


def target_of(*, agent: str | None = None, queue: str | None = None, destination: str | None = None) -> Target:
    """Whither; nothing given is a number outside."""
    if agent is not None:
        return Target(kind=TargetKind.AGENT, agent_id=AgentId(agent))
    if queue is not None:
        return Target(kind=TargetKind.QUEUE, queue_id=QueueId(queue))
    if destination is not None:
        return Target(kind=TargetKind.DESTINATION, destination=DestinationId(destination))
    return Target(kind=TargetKind.NUMBER)


class Scenario:
    """A day at the centre, told as a script: who is there, who calls, what they do, what is decided.

    It plays the outside world's part in what is dull: names become ids, and timers fire when time is advanced past
    them. After each event the invariants are checked, unless the day is too long for that (`checked`). `expect` looks
    at what the last step (act or `advance`) brought about.
    """

    def __init__(self, acd: Acd | None = None, *, now_ms: Milliseconds = START_MS, checked: bool = True) -> None:
        self._checked = checked
        self.acd = acd if acd is not None else Acd()
        self.clock = ManualClock(now_ms)
        self.log: list[tuple[Event, Milliseconds]] = []
        """Every event so far and its instant, refused ones included: what a replay needs."""
        self.facts: list[Fact] = []
        """All since the beginning."""
        self.journal: list[Decision] = []
        """The same by event, refused ones left out."""
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

    def restart(self, *, folding: bool = False) -> None:
        """The engine dies, and another takes over from a snapshot, or from the facts of the whole journal."""
        number = self.state.number
        if folding:
            self.acd = Acd()
            for decision in self.journal:
                self.acd.fold(decision.number, decision.facts)
            self.state.number = number
        else:
            self.acd = Acd(restore(snapshot(self.state)))
        self.timers.clear()
        self.send(EngineStarted(node=NODE))

    def _handle(self, event: Event) -> Decision:
        self.log.append((event, self.clock.now_ms))
        decision = self.acd.handle(event, self.clock.now_ms)
        for command in decision.commands:
            if isinstance(command, StartTimer):
                self.timers[command.timer_id] = command.at_ms
            elif isinstance(command, StopTimer):
                self.timers.pop(command.timer_id, None)
        self.facts += decision.facts
        self.journal.append(decision)
        self.recent += [*decision.facts, *decision.commands]
        problems = broken_invariants(self.state) if self._checked else []
        assert not problems, f"after {event}: {problems}"
        return decision

    # -- who is there --------------------------------------------------------------------------------------------------

    def queue(
        self,
        name: str,
        *,
        project: str = "demo",
        skills: Mapping[str, int] | None = None,
        condition: str = "",
        sites: Iterable[str] = (),
        priority: int = 0,
        weight_percent: int = 100,
        weights: Mapping[Medium, int] | None = None,
        strict: bool = False,
        tier_credit_s: float = 0,
        urgency_s: float = 0,
        service_level_s: float = 20,
        service_levels_s: Mapping[Medium, float] | None = None,
        steps: Iterable[Step] = (),
        callback: CallbackRule | None = None,
        lost_to: str | None = None,
        ring_limit_s: float = 15,
        wrap_up_limit_s: float = 60,
        survey_percent: int = 0,
    ) -> None:
        """Open a queue."""
        self.send(
            QueueOpened(
                queue_id=QueueId(name),
                project_id=ProjectId(project),
                requirements=levels(skills or {}),
                condition=condition,
                sites=tuple(SiteId(site) for site in sites),
                priority=priority,
                weight_percent=weight_percent,
                weights=tuple(Weight(medium=medium, percent=percent) for medium, percent in (weights or {}).items()),
                strict=strict,
                tier_credit_ms=round(tier_credit_s * 1000),
                urgency_ms=round(urgency_s * 1000),
                service_level_ms=round(service_level_s * 1000),
                service_levels=tuple(
                    ServiceLevel(medium=medium, within_ms=round(within_s * 1000))
                    for medium, within_s in (service_levels_s or {}).items()
                ),
                steps=tuple(steps),
                callback=callback,
                lost_to=None if lost_to is None else QueueId(lost_to),
                ring_limit_ms=round(ring_limit_s * 1000),
                wrap_up_limit_ms=round(wrap_up_limit_s * 1000),
                survey_percent=survey_percent,
            )
        )

    def agent(
        self,
        name: str,
        *,
        skills: Mapping[str, int] | None = None,
        projects: Iterable[str] = ("demo",),
        site: str | None = None,
        capacity: Capacity | None = None,
        device: Device = Device.SIP,
        desktop: bool = True,
        ready: bool = True,
    ) -> None:
        """Enrol an agent, sign him in with his phone (and desktop) there, and make him ready."""
        agent_id = AgentId(name)
        self.send(
            AgentEnrolled(
                agent_id=agent_id,
                project_ids=tuple(ProjectId(project) for project in projects),
                skills=levels(skills or {}),
                site_id=None if site is None else SiteId(site),
                capacity=capacity,
            )
        )
        self.send(AgentSignedIn(agent_id=agent_id, device=device))
        self.send(PhoneReachable(agent_id=agent_id, device=device))
        if desktop:
            self.send(DesktopConnected(agent_id=agent_id))
        if ready:
            self.ready(name)

    def learns(self, name: str, skills: Mapping[str, int]) -> None:
        """The agent has these skills from now on, and no other."""
        self.send(SkillsChanged(agent_id=AgentId(name), skills=levels(skills)))

    def ready(self, name: str, media: Iterable[Medium] = ()) -> None:
        """The agent makes himself ready, for these media or for all."""
        self.send(AgentBecameReady(agent_id=AgentId(name), media=tuple(media)))

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
        condition: str = "",
        preferred: Iterable[str] = (),
        hold_for_s: Iterable[float] = (),
        tier: int = 0,
        priority: int = 0,
        key: str = "",
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
                condition=condition,
                preferred=tuple(AgentId(agent) for agent in preferred),
                hold_for_ms=tuple(round(hold_s * 1000) for hold_s in hold_for_s),
                tier=tier,
                priority=priority,
                address_key=key,
            ),
        )

    def task(
        self,
        name: str,
        *,
        queue: str = "support",
        medium: Medium = Medium.TASK,
        tier: int = 0,
        priority: int = 0,
        key: str = "",
        waited_s: float = 0,
        cut_off: bool = False,
    ) -> None:
        """A virtual call comes in."""
        self._arrive(
            name,
            ContactArrived(
                medium=medium,
                queue_id=QueueId(queue),
                arrived_ms=self.clock.now_ms - round(waited_s * 1000),
                tier=tier,
                priority=priority,
                address_key=key,
                cut_off=cut_off,
            ),
        )

    def asks_to_call(
        self, agent: str, name: str, *, queue: str = "support", address_key: str = "", about: ContactId | None = None
    ) -> None:
        """The agent wants this customer called; `about` is the contact that the call is for."""
        self._arrive(
            name,
            OutboundRequested(
                agent_id=AgentId(agent), queue_id=QueueId(queue), node=NODE, address_key=address_key, origin=about
            ),
        )

    # -- lines and campaigns -------------------------------------------------------------------------------------------

    def stays_connected(self, *names: str) -> None:
        """Each of these agents asks for a line, and picks up."""
        for name in names:
            self.send(LineWanted(agent_id=AgentId(name), wanted=True))
            leg_id = self.state.agents[AgentId(name)].line_leg
            assert leg_id is not None, f"{name} is not rung"
            self.send(LineAnswered(agent_id=AgentId(name), leg_id=leg_id, node=NODE))

    def campaign(self, key: str = "spring", *, leads: int = 0, queue: str = "support", **rules: Any) -> None:
        """A campaign that runs, with so many leads `l1`, `l2` … to be dialled."""
        self.send(CampaignOpened(campaign_id=CampaignId(key), queue_id=QueueId(queue), **rules))
        self.send(CampaignStarted(campaign_id=CampaignId(key)))
        if leads:
            self.gives_leads(key, *(f"l{at}" for at in range(1, leads + 1)))

    def gives_leads(self, key: str, *lead_ids: str) -> None:
        """These may be dialled."""
        leads = tuple(Lead(lead_id=LeadId(lead_id)) for lead_id in lead_ids)
        self.send(LeadsGiven(campaign_id=CampaignId(key), leads=leads))

    def dial(self, lead: str) -> Dial:
        """The attempt under way to reach this lead."""
        return next(dial for dial in self.state.dials.values() if dial.lead.lead_id == lead)

    def dialled(self) -> list[str]:
        """The leads that ring, or wait for an agent."""
        return [dial.lead.lead_id for dial in self.state.dials.values()]

    def callee_answers(self, lead: str, *, machine: bool | None = None) -> None:
        """He picks up."""
        dial = self.dial(lead)
        assert dial.leg_id is not None
        self.send(CalleeAnswered(dial_id=dial.id, leg_id=dial.leg_id, node=NODE, machine=machine))

    def callee_fails(self, lead: str, cause: LegCause = LegCause.NO_ANSWER, *, alone: bool = False) -> None:
        """He is not reached; `alone`: he was, while no engine was there."""
        dial = self.dial(lead)
        assert dial.leg_id is not None
        self.send(CalleeFailed(dial_id=dial.id, leg_id=dial.leg_id, cause=cause, alone=alone))

    def callee_hangs_up(self, lead: str) -> None:
        """He answered, and has hung up."""
        leg_id = self.dial(lead).leg_id
        assert leg_id is not None
        self.send(LegEnded(leg_id=leg_id, cause=LegCause.NORMAL))

    def _arrive(self, name: str, event: ContactArrived | OutboundRequested) -> None:
        for fact in self.send(event).facts:
            if isinstance(fact, ContactQueued):
                self.contact_ids[name] = fact.contact_id

    def caller_hangs_up(self, name: str, cause: LegCause = LegCause.NORMAL) -> None:
        """The caller's leg ends."""
        self.send(LegEnded(leg_id=caller_leg(name), cause=cause))

    def presses_the_key(self, name: str) -> None:
        """The caller asks to be called back, and the switch ends his leg as promised."""
        self.send(CallbackRequested(leg_id=caller_leg(name)))

    def customer_answers(self, agent: str) -> None:
        """The customer whom the agent calls back picks up."""
        held = self.assignment(agent)
        self.send(LegAnswered(assignment_id=held.id, leg_id=self.customer_leg(agent), node=NODE))

    def customer_fails(self, agent: str, cause: LegCause = LegCause.NO_ANSWER) -> None:
        """The customer whom the agent calls back is not reached."""
        self.send(RingFailed(assignment_id=self.assignment(agent).id, leg_id=self.customer_leg(agent), cause=cause))

    def customer_hangs_up(self, agent: str, cause: LegCause = LegCause.NORMAL) -> None:
        """The leg of the customer whom the agent called back ends."""
        self.send(LegEnded(leg_id=self.customer_leg(agent), cause=cause))

    def given_priority(self, name: str, points: int) -> None:
        """A supervisor gives the contact so many points."""
        self.send(PriorityChanged(contact_id=self.contact_ids[name], priority=points))

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

    def parks(self, name: str) -> None:
        """The agent parks his caller."""
        self.send(ParkRequested(assignment_id=self.assignment(name).id))

    def fetches(self, agent: str, name: str) -> None:
        """Somebody fetches a parked caller."""
        self.send(FetchRequested(contact_id=self.contact(name).id, agent_id=AgentId(agent)))

    def transfers(self, name: str, **target: str) -> None:
        """The agent hands his talk over unseen: `agent=`, `queue=`, `destination=`, or else to a number outside."""
        self.send(TransferRequested(assignment_id=self.assignment(name).id, target=target_of(**target)))

    def asks(self, name: str, **target: str) -> LegId:
        """The agent asks a colleague (`agent=`), or else a number outside, into his talk; the leg that is rung."""
        self.send(InviteRequested(assignment_id=self.assignment(name).id, target=target_of(**target)))
        return self.expect(RingParty).leg_id

    def party_answers(self, leg_id: LegId) -> None:
        """Whoever was asked picks up."""
        self.send(PartyAnswered(leg_id=leg_id, node=NODE))

    def party_fails(self, leg_id: LegId, cause: LegCause = LegCause.NO_ANSWER) -> None:
        """He is not reached."""
        self.send(PartyFailed(leg_id=leg_id, cause=cause))

    def leg_ends(self, leg_id: LegId, cause: LegCause = LegCause.NORMAL) -> None:
        """A leg is gone, whosever it is."""
        self.send(LegEnded(leg_id=leg_id, cause=cause))

    def swaps(self, name: str) -> None:
        """The agent changes between the customer and whom he has aside."""
        self.send(SwapRequested(assignment_id=self.assignment(name).id))

    def lets_in(self, name: str) -> None:
        """The agent makes a conference of it."""
        self.send(ConferenceRequested(assignment_id=self.assignment(name).id))

    def hands_over(self, name: str) -> None:
        """The agent leaves the customer to whom he asked."""
        self.send(HandOverRequested(assignment_id=self.assignment(name).id))

    def drops(self, name: str, leg_id: LegId) -> None:
        """The agent parts from whom he asked."""
        self.send(PartyDropped(assignment_id=self.assignment(name).id, leg_id=leg_id))

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

    def customer_leg(self, agent: str) -> LegId:
        """The leg of the customer whom the agent has, or dials."""
        leg_id = self.state.contacts[self.assignment(agent).contact_id].leg_id
        assert leg_id is not None, f"no leg of {agent}'s customer"
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

    def offered(self) -> list[str]:
        """The contacts that the last step offered, by name, in order."""
        names = {contact_id: name for name, contact_id in self.contact_ids.items()}
        return [names.get(fact.contact_id, fact.contact_id) for fact in self.every(AssignmentOffered)]

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
