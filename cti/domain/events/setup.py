"""What the centre file and the directory say: queues, hours, agents and their skills."""

from msgspec import Struct

from cti.domain.capacity import Capacity
from cti.domain.ids import (
    AgentId,
    Announcement,
    DestinationId,
    HoursId,
    Medium,
    Milliseconds,
    ProjectId,
    QueueId,
    SiteId,
    SkillId,
)


class SkillLevel(Struct, frozen=True, kw_only=True, gc=False):
    """One skill at one level, 1–10: what an agent has, or what a contact asks for at least."""

    skill_id: SkillId
    level: int


class CallbackRule(Struct, frozen=True, kw_only=True, gc=False):
    """How callers of a queue are called back."""

    hours: HoursId | None = None
    """When they may be called; None: at any time."""
    attempts: int = 3
    retry_ms: Milliseconds = 900_000
    """From an attempt that nobody answered to the next."""
    ring_limit_ms: Milliseconds = 30_000


class Weight(Struct, frozen=True, kw_only=True, gc=False):
    """How fast waiting counts on one medium."""

    medium: Medium
    percent: int
    """100 = real time; 0: it does not count, so contacts may starve."""


class ServiceLevel(Struct, frozen=True, kw_only=True, gc=False):
    """How soon contacts of one medium should be answered."""

    medium: Medium
    within_ms: Milliseconds


class Step(Struct, frozen=True, kw_only=True, gc=False):
    """A timed stage of waiting; what it changes holds from then on. The clock starts when the contact enters the queue.

    All conditions given must hold at its instant, else nothing is done (and a step with `every_ms` tries again).
    """

    after_ms: Milliseconds
    every_ms: Milliseconds = 0
    """Done again so often; 0: once."""
    if_position_over: int | None = None
    if_eligible_under: int | None = None
    """Ready agents who meet the requirement, busy ones included."""
    if_expected_over_ms: Milliseconds | None = None
    if_open: HoursId | None = None
    if_closed: HoursId | None = None
    relax: tuple[SkillLevel, ...] = ()
    """These skills are asked for at this level at most; 0 drops them."""
    add: str = ""
    """An expression (`cti.domain.requirement`) asked for besides."""
    sites: tuple[SiteId, ...] = ()
    """Added to the sites whose agents are asked."""
    priority: int = 0
    """Points added."""
    announce: tuple[Announcement, ...] = ()
    offer_callback: bool = False
    to_queue: QueueId | None = None
    """It goes on in that queue, with the seniority it has."""
    to_destination: DestinationId | None = None
    """The call leaves the ACD for that place. Contacts without a leg stay."""


class QueueOpened(Struct, frozen=True, kw_only=True, gc=False):
    """The queue exists with these rules from now on; sent again, it replaces them. What waits keeps its place."""

    queue_id: QueueId
    project_id: ProjectId
    requirements: tuple[SkillLevel, ...] = ()
    priority: int = 0
    """Each point is worth 60 s of waiting."""
    weight_percent: int = 100
    """How fast waiting counts here; 100 = real time."""
    service_level_ms: Milliseconds = 20_000
    service_levels: tuple[ServiceLevel, ...] = ()
    """For media that may wait longer, or not so long, than `service_level_ms`."""
    ring_limit_ms: Milliseconds = 15_000
    wrap_up_limit_ms: Milliseconds = 60_000
    pop_limit_ms: Milliseconds = 150
    """How long the ring waits for the desktop to confirm the pop."""
    rejoin_limit_ms: Milliseconds = 20_000
    """How long a caller hears music after the agent's leg was lost, before he returns to the head of the queue."""
    condition: str = ""
    """An expression (`cti.domain.requirement`) asked for besides `requirements`."""
    sites: tuple[SiteId, ...] = ()
    """Whose agents are asked first; empty: those of every site."""
    weights: tuple[Weight, ...] = ()
    """For media whose waiting counts otherwise than `weight_percent`."""
    strict: bool = False
    """Before every queue that is not, in order of priority, whatever waits elsewhere."""
    tier_credit_ms: Milliseconds = 0
    """What one tier of the customer is worth in waiting time."""
    urgency_ms: Milliseconds = 0
    """What a contact gains once when its service level is predicted to be missed."""
    steps: tuple[Step, ...] = ()
    """By `after_ms`."""
    callback: CallbackRule | None = None
    """None: no caller is offered one."""
    lost_to: QueueId | None = None
    park_limit_ms: Milliseconds = 120_000
    """How long a caller stays parked."""
    survey_percent: int = 0
    """Of its callers who are asked something after the talk."""
    """Where a task is made of every contact that was lost here; None: nowhere."""


class OpenSpan(Struct, frozen=True, kw_only=True, gc=False):
    """From–to on one weekday, local time."""

    weekday: int
    """0 is Monday."""
    from_minute: int
    to_minute: int
    """Not included; 1440 is midnight."""


class HoursSet(Struct, frozen=True, kw_only=True, gc=False):
    """Opening hours by this key are these from now on; what they mean at an instant says `cti.domain.schedule`."""

    hours_id: HoursId
    tz: str
    """IANA name."""
    weekly: tuple[OpenSpan, ...]
    holidays: str | None = None
    """Two letters of a country whose public holidays are closed days."""
    closed_on: tuple[str, ...] = ()
    """Closed days besides, ISO 8601."""


class QueueClosed(Struct, frozen=True, kw_only=True, gc=False):
    """The queue takes nothing new; what waits there is served out."""

    queue_id: QueueId


class AgentEnrolled(Struct, frozen=True, kw_only=True, gc=False):
    """The person may handle contacts of these projects; sent again, it replaces skills and projects."""

    agent_id: AgentId
    project_ids: tuple[ProjectId, ...]
    skills: tuple[SkillLevel, ...] = ()
    site_id: SiteId | None = None
    capacity: Capacity | None = None
    """None: one contact at a time."""


class AgentRemoved(Struct, frozen=True, kw_only=True, gc=False):
    """The person handles contacts no longer: a talk he finishes, other work goes back to its queue at once."""

    agent_id: AgentId


class SkillsChanged(Struct, frozen=True, kw_only=True, gc=False):
    """Effective at the very next decision."""

    agent_id: AgentId
    skills: tuple[SkillLevel, ...]
