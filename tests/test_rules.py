"""From the centre file and the directory to the events that the ACD hears."""

import msgspec
import pytest

from cti import config, rules
from cti.domain import schedule
from cti.domain.capacity import ONE_AT_A_TIME
from cti.domain.events import (
    AgentEnrolled,
    CallbackRule,
    ContactArrived,
    HoursSet,
    OpenSpan,
    QueueOpened,
    SkillLevel,
    Step,
    Weight,
)
from cti.domain.hours import is_open
from cti.domain.ids import (
    AgentId,
    Announcement,
    DestinationId,
    HoursId,
    Medium,
    ProjectId,
    QueueId,
    SiteId,
    SkillId,
)
from cti.ports import Person, Role, Standing
from cti.regard import Preferred, Regard
from tests.config.centres import demo, demo_with
from tests.config.test_queues import FULL, read, shop
from tests.config.test_tiers import TIERS

MONDAY_NOON_MS = 1_893_402_000_000
"""2029-12-31 12:00 in Moscow."""
QUARTER_MS = 900_000


def level(skill: str, asked: int) -> SkillLevel:
    return SkillLevel(skill_id=SkillId(skill), level=asked)


def test_a_queue_says_all_that_the_file_says() -> None:
    opened = rules.queue_opened(read(FULL).queues["first"])
    moscow, omsk = SiteId("moscow"), SiteId("omsk")
    assert opened == QueueOpened(
        queue_id=QueueId("first"),
        project_id=ProjectId("shop"),
        condition="technical >= 5 and (billing or not site moscow)",
        sites=(moscow,),
        weights=(Weight(medium=Medium.EMAIL, percent=10),),
        tier_credit_ms=30_000,
        urgency_ms=120_000,
        steps=(
            Step(after_ms=0, if_closed=HoursId("day"), to_destination=DestinationId("box")),
            Step(
                after_ms=20_000,
                every_ms=45_000,
                if_position_over=1,
                announce=(Announcement.POSITION, Announcement.EXPECTED_WAIT),
            ),
            Step(after_ms=30_000, relax=(level("technical", 3), level("billing", 0)), sites=(omsk,)),
            Step(
                after_ms=60_000,
                if_eligible_under=3,
                if_expected_over_ms=120_000,
                if_open=HoursId("day"),
                offer_callback=True,
            ),
            Step(after_ms=90_000, add="not site omsk", priority=2),
            Step(after_ms=600_000, to_queue=QueueId("second")),
        ),
        callback=CallbackRule(hours=HoursId("day"), attempts=2, retry_ms=600_000, ring_limit_ms=25_000),
        lost_to=QueueId("second"),
    )


def test_what_a_requirement_relaxes_becomes_steps_among_the_others() -> None:
    lines = (
        "    requirements: {technical: {level: 5, relax: [{after_s: 20, level: 2}, {after_s: 60, level: 0}]}}\n"
        "    steps: [{after_s: 20, priority: 1}, {after_s: 40, add: billing}]"
    )
    opened = rules.queue_opened(read(lines).queues["first"])
    assert opened.requirements == (level("technical", 5),)
    assert opened.steps == (
        Step(after_ms=20_000, relax=(level("technical", 2),)),
        Step(after_ms=20_000, priority=1),
        Step(after_ms=40_000, add="billing"),
        Step(after_ms=60_000, relax=(level("technical", 0),)),
    )


def test_hours_are_told_before_the_queues_that_name_them() -> None:
    events = rules.events(demo())
    kinds = [type(event) for event in events]
    assert kinds == sorted(kinds, key=lambda kind: kind is QueueOpened)
    assert len(events) == len(demo().hours) + len(demo().queues)


def test_hours_as_an_event_are_open_when_the_file_says_so() -> None:
    centre = config.parse(demo_with("holidays: RU", "holidays: RU\n    closed_on: [2030-01-14]"), file="centre.yaml")
    hours = centre.hours["clinic"]
    told = rules.hours_set(hours)
    assert OpenSpan(weekday=5, from_minute=540, to_minute=900) in told.weekly
    assert (told.holidays, told.closed_on) == ("RU", ("2030-01-14",))
    instants = range(MONDAY_NOON_MS, MONDAY_NOON_MS + 21 * 86_400_000, QUARTER_MS)
    open_by_file = [schedule.is_open(hours, at_ms) for at_ms in instants]
    assert [is_open(told, at_ms) for at_ms in instants] == open_by_file
    assert 0 < sum(open_by_file) < len(open_by_file)


def test_an_open_end_is_midnight() -> None:
    told = rules.hours_set(demo().hours["telecom"])
    assert told == HoursSet(
        hours_id=HoursId("telecom"),
        tz="Europe/Moscow",
        weekly=tuple(OpenSpan(weekday=day, from_minute=0, to_minute=1440) for day in range(7)),
    )


def test_the_rules_outlive_being_written_down() -> None:
    for event in (*rules.events(demo()), rules.queue_opened(read(FULL).queues["first"])):
        assert msgspec.json.decode(msgspec.json.encode(event), type=type(event)) == event


def person(*, capacity: str | None, site: str | None = None) -> Person:
    return Person(
        agent_id=AgentId("u1"),
        login="vera",
        name="Vera",
        role=Role.AGENT,
        project_ids=(ProjectId("telecom"),),
        extension="101",
        language="ru",
        skills=(level("sales", 4),),
        active=True,
        site_id=None if site is None else SiteId(site),
        capacity=capacity,
    )


def test_a_person_is_enrolled_with_site_and_profile_and_else_with_the_default() -> None:
    centre = demo().model_copy(update={"default_capacity": "weighted"})
    enrolled = rules.enrolment(centre)
    blended, weighted = (rules.capacity(centre.capacities[name]) for name in ("blended", "weighted"))
    assert enrolled(person(capacity="blended", site="moscow")) == AgentEnrolled(
        agent_id=AgentId("u1"),
        project_ids=(ProjectId("telecom"),),
        skills=(level("sales", 4),),
        site_id=SiteId("moscow"),
        capacity=blended,
    )
    assert enrolled(person(capacity=None)).capacity == weighted
    assert enrolled(person(capacity="gone from the file")).capacity == weighted
    without = rules.enrolment(centre.model_copy(update={"default_capacity": None}))
    assert without(person(capacity=None)).capacity is None
    assert enrolled(person(capacity=None)).capacity is enrolled(person(capacity=None)).capacity


def test_the_ready_profile_exclusive_is_what_holds_where_nothing_is_said() -> None:
    assert rules.capacity(demo().capacities["exclusive"]) == ONE_AT_A_TIME


SPEAKING = """\
    prefer: {manager: 120, last_agent: 0}
    steps: [{after_s: 60, to: queue second}]"""


def test_only_queues_that_prefer_or_lead_to_where_a_tier_counts_ask_who_somebody_is() -> None:
    centre = config.parse(shop(SPEAKING, "    tier_credit_s: 30") + TIERS, file="centre.yaml")
    found = rules.regards(centre)
    assert list(found) == ["first", "second"]
    assert found[QueueId("first")].prefer == ((Preferred.MANAGER, 120_000), (Preferred.LAST_AGENT, 0))
    assert found[QueueId("second")].prefer == ()
    assert list(rules.regards(config.parse(shop(SPEAKING, "    tier_credit_s: 30"), file="centre.yaml"))) == ["first"]
    to_second = shop("    steps: [{after_s: 60, to: queue second}]", "    requires: technical and tier >= 3")
    assert list(rules.regards(config.parse(to_second + TIERS, file="centre.yaml"))) == ["first", "second"]
    assert rules.regards(config.parse(shop("    priority: 2") + TIERS, file="centre.yaml")) == {}


@pytest.mark.parametrize(
    ("standing", "tier", "preferred", "hold_for_ms"),
    [
        (Standing(tier=" GOLD"), 3, (), ()),
        (Standing(tier="bronze", last_agent=AgentId("u7")), 0, ("u7",), ()),
        (Standing(tier="", manager=AgentId("u3"), last_agent=AgentId("u7")), 0, ("u3", "u7"), (120_000, 0)),
        (Standing(tier="", manager=AgentId("u3"), last_agent=AgentId("u3")), 0, ("u3",), (120_000,)),
    ],
)
def test_an_arrival_says_of_whom_it_is(
    standing: Standing, tier: int, preferred: tuple[str, ...], hold_for_ms: tuple[int, ...]
) -> None:
    regard = Regard(prefer=((Preferred.MANAGER, 120_000), (Preferred.LAST_AGENT, 0)), levels={"gold": 3})
    event = ContactArrived(medium=Medium.EMAIL, queue_id=QueueId("first"), arrived_ms=5)
    told = regard.applied(event, standing)
    assert (told.tier, told.preferred, told.hold_for_ms) == (tier, preferred, hold_for_ms)
    assert (told.medium, told.queue_id, told.arrived_ms) == (Medium.EMAIL, "first", 5)
