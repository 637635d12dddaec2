"""Where random days begin: plain and rich centres, their queues, people and profiles."""

from collections.abc import Iterator

from msgspec.structs import replace

from cti.domain.acd import Acd, Decision
from cti.domain.capacity import Capacity, Exclusion, Interrupt, Share
from cti.domain.events import (
    AgentBecameReady,
    AgentEnrolled,
    AgentSignedIn,
    CallbackRule,
    CampaignOpened,
    CampaignStarted,
    ContactArrived,
    DesktopConnected,
    Event,
    Lead,
    LeadsGiven,
    LegEnded,
    LineAnswered,
    LineWanted,
    OfferAccepted,
    OpenSpan,
    PhoneReachable,
    QueueOpened,
    Step,
    Weight,
)
from cti.domain.facts import AssignmentOffered
from cti.domain.ids import (
    AgentId,
    Announcement,
    CampaignId,
    CampaignMode,
    DestinationId,
    Device,
    HoursId,
    LeadId,
    LegCause,
    LegId,
    Medium,
    Milliseconds,
    NodeId,
    ProjectId,
    QueueId,
    SiteId,
)
from cti.testing import NODE, START_MS, levels

AGENTS = [AgentId(name) for name in ("ann", "bob", "cyd", "dan")]
QUEUES = [QueueId(name) for name in ("support", "sales", "other")]
CAUSES = list(LegCause)
DEVICES = list(Device)
SKILLS = [levels({}), levels({"en": 2}), levels({"en": 5, "ru": 3}), levels({"ru": 9})]
P1, P2 = ProjectId("p1"), ProjectId("p2")
NORTH, SOUTH = SiteId("north"), SiteId("south")
SITES = [NORTH, SOUTH, None]
CALLING = HoursId("calling")
CALLBACK = CallbackRule(hours=CALLING, attempts=2, retry_ms=20_000, ring_limit_ms=10_000)
STEPS = (
    Step(after_ms=1_000, every_ms=7_000, announce=tuple(Announcement), offer_callback=True),
    Step(after_ms=3_000, relax=levels({"en": 1}), sites=(SOUTH,), priority=1),
    Step(after_ms=9_000, add="not ru >= 9 or tier >= 5", if_position_over=1),
    Step(after_ms=15_000, relax=levels({"en": 0}), if_eligible_under=2),
    Step(after_ms=20_000, to_queue=QUEUES[1], if_open=CALLING),
    Step(after_ms=25_000, to_queue=QUEUES[2]),
    Step(after_ms=30_000, to_destination=DestinationId("voicemail"), if_closed=CALLING),
)
OPENINGS = [
    QueueOpened(queue_id=QUEUES[0], project_id=P1, requirements=levels({"en": 2})),
    QueueOpened(queue_id=QUEUES[1], project_id=P1, priority=2, weight_percent=150, urgency_ms=90_000),
    QueueOpened(queue_id=QUEUES[2], project_id=P2, pop_limit_ms=0, wrap_up_limit_ms=0, lost_to=QUEUES[2]),
]
RICH = [
    replace(OPENINGS[0], sites=(NORTH,), steps=STEPS, callback=CALLBACK, tier_credit_ms=30_000, lost_to=QUEUES[1]),
    replace(OPENINGS[1], condition="en or tier < 3", weights=(Weight(medium=Medium.EMAIL, percent=20),)),
    replace(OPENINGS[2], strict=True, callback=CALLBACK, steps=STEPS[:2], lost_to=QUEUES[0]),
]
CAPACITIES = [
    None,
    Capacity(
        shares=(
            Share(medium=Medium.VOICE, limit=1),
            Share(medium=Medium.CALLBACK, limit=1),
            Share(medium=Medium.CHAT, limit=3, cost=30),
            Share(medium=Medium.EMAIL, limit=2),
            Share(medium=Medium.TASK, limit=1, cost=20),
        ),
        exclusions=(
            Exclusion(holding=Medium.VOICE, bars=Medium.CHAT),
            Exclusion(holding=Medium.EMAIL, bars=Medium.VOICE),
            Exclusion(holding=Medium.TASK, bars=Medium.VOICE),
        ),
        interrupts=(Interrupt(by=Medium.VOICE, pauses=Medium.EMAIL), Interrupt(by=Medium.VOICE, pauses=Medium.TASK)),
    ),
    Capacity(
        shares=tuple(Share(medium=medium, limit=2, cost=60) for medium in Medium),
        interrupts=tuple(
            Interrupt(by=urgent, pauses=slow)
            for urgent in (Medium.VOICE, Medium.CALLBACK, Medium.CHAT)
            for slow in (Medium.EMAIL, Medium.TASK, Medium.SMS)
        ),
    ),
]
SPRING = CampaignId("spring")
WEEKS = [
    (),
    tuple(OpenSpan(weekday=weekday, from_minute=0, to_minute=1440) for weekday in range(7)),
    (OpenSpan(weekday=1, from_minute=0, to_minute=22 * 60 + 14),),
    (OpenSpan(weekday=1, from_minute=22 * 60 + 14, to_minute=1440),),
]
NODES = [NODE, NodeId("node-2")]
PROJECTS = [(ProjectId("p1"),), (ProjectId("p1"), ProjectId("p2")), (ProjectId("p2"),), ()]


VIRTUAL = [*list(Medium)[1:], Medium.EMAIL, Medium.EMAIL, Medium.CALLBACK]


def morning(*, rich: int, busy: bool = False) -> list[tuple[Event, Milliseconds, Decision]]:
    """The queues open and the agents come: where every day begins."""
    acd = Acd()
    events: list[Event] = [*OPENINGS, *RICH[:rich]]
    for number, agent_id in enumerate(AGENTS):
        device = DEVICES[number % 2]
        events += [
            AgentEnrolled(
                agent_id=agent_id,
                project_ids=PROJECTS[number % 3],
                skills=SKILLS[number % 3 + 1],
                site_id=SITES[number % 3] if rich else None,
                capacity=CAPACITIES[(number + 1) % 3] if rich else None,
            ),
            AgentSignedIn(agent_id=agent_id, device=device),
            PhoneReachable(agent_id=agent_id, device=device),
            DesktopConnected(agent_id=agent_id),
        ]
        if number != 1:
            events.append(AgentBecameReady(agent_id=agent_id))
    decided = [(event, START_MS, acd.handle(event, START_MS)) for event in events]
    return [*decided, *desk_work(acd)] if busy else decided


def desk_work(acd: Acd) -> Iterator[tuple[Event, Milliseconds, Decision]]:
    """Mails come, and whoever is offered one takes it up."""
    for number in range(6):
        mail = ContactArrived(medium=Medium.EMAIL, queue_id=QUEUES[number % 3], arrived_ms=START_MS)
        decision = acd.handle(mail, START_MS)
        yield mail, START_MS, decision
        for fact in decision.facts:
            if isinstance(fact, AssignmentOffered):
                taken = OfferAccepted(assignment_id=fact.assignment_id)
                yield taken, START_MS, acd.handle(taken, START_MS)


def dialling(acd: Acd) -> Iterator[tuple[Event, Milliseconds, Decision]]:
    """A campaign runs, and whoever can stays connected."""

    def then(event: Event) -> tuple[Event, Milliseconds, Decision]:
        return event, START_MS, acd.handle(event, START_MS)

    yield then(
        ContactArrived(medium=Medium.VOICE, queue_id=QUEUES[0], arrived_ms=START_MS, leg_id=LegId("early"), node=NODE)
    )
    yield then(LegEnded(leg_id=LegId("early"), cause=CAUSES[0]))
    yield then(CampaignOpened(campaign_id=SPRING, queue_id=QUEUES[0], mode=CampaignMode.PREDICTIVE, cap_permyriad=3000))
    yield then(CampaignStarted(campaign_id=SPRING))
    yield then(LeadsGiven(campaign_id=SPRING, leads=tuple(Lead(lead_id=LeadId(f"l{at}")) for at in range(60))))
    for agent_id in AGENTS:
        if not acd.state.agents[agent_id].phones:
            continue
        yield then(LineWanted(agent_id=agent_id, wanted=True))
        leg_id = acd.state.agents[agent_id].line_leg
        if leg_id is not None:
            yield then(LineAnswered(agent_id=agent_id, leg_id=leg_id, node=NODE))


def connected() -> list[tuple[Event, Milliseconds, Decision]]:
    """A plain centre whose agents stay connected for a campaign."""
    acd = Acd()
    decided = morning(rich=0)
    for _, _, decision in decided:
        acd.fold(decision.number, decision.facts)
    return [*decided, *dialling(acd)]


MORNINGS = [morning(rich=0), morning(rich=1), morning(rich=3), morning(rich=3, busy=True), connected()]
"""A plain centre, richer ones, one where people are at work, and one with a campaign."""
