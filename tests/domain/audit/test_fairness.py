"""The bound on overtaking holds for any two contacts, and is missing exactly where contacts can starve."""

import random

from hypothesis import given
from hypothesis import strategies as st

from cti.domain.audit import policy
from cti.domain.audit.fairness import Bound, bounds
from cti.domain.contact import Contact
from cti.domain.events import QueueOpened, Weight
from cti.domain.ids import ContactId, Medium, ProjectId, QueueId
from cti.domain.queue import MOST_POINTS
from cti.domain.states import ContactState
from cti.testing import START_MS

P = ProjectId("p")


def queue(name: str, **rules: object) -> QueueOpened:
    return QueueOpened(queue_id=QueueId(name), project_id=P, **rules)  # type: ignore[arg-type]  # its own fields


def bound(rules: list[QueueOpened], name: str, medium: Medium = Medium.VOICE) -> Bound:
    return next(each for each in bounds(rules) if (each.queue_id, each.medium) == (name, medium))


def contact(number: int, rules: QueueOpened, *, arrived_ms: int, medium: Medium, **fields: object) -> Contact:
    return Contact(
        id=ContactId(f"c{number}"),
        number=number,
        medium=medium,
        project_id=rules.project_id,
        queue_id=rules.queue_id,
        arrived_ms=arrived_ms,
        queued_ms=arrived_ms,
        leg_id=None,
        node=None,
        requirements=(),
        preferred=(),
        state=ContactState.WAITING,
        **fields,  # type: ignore[arg-type]  # its own
    )


weights = st.sampled_from([0, 1, 20, 50, 100, 101, 250, 1000])
queues = st.builds(
    lambda at, priority, weight, voice, tier, urgency: queue(
        f"q{at}",
        priority=priority,
        weight_percent=weight,
        weights=(Weight(medium=Medium.VOICE, percent=voice),),
        tier_credit_ms=tier,
        urgency_ms=urgency,
    ),
    at=st.integers(0, 10**6),
    priority=st.integers(0, 10),
    weight=weights,
    voice=weights,
    tier=st.sampled_from([0, 1_000, 90_000]),
    urgency=st.sampled_from([0, 30_000, 600_000]),
)


@given(
    rules=st.lists(queues, min_size=1, max_size=4, unique_by=lambda each: each.queue_id),
    media=st.tuples(st.sampled_from(list(Medium)), st.sampled_from(list(Medium))),
    seed=st.integers(0, 2**32),
)
def test_no_later_contact_beyond_the_bound_goes_first(
    rules: list[QueueOpened], media: tuple[Medium, Medium], seed: int
) -> None:
    dice = random.Random(seed)
    found = {(each.queue_id, each.medium): each for each in bounds(rules)}
    for _ in range(20):
        mine, theirs = dice.choice(rules), dice.choice(rules)
        limit = found[mine.queue_id, media[0]]
        if limit.fixed_ms is None:
            continue
        waited = dice.choice([0, 1, 999, 60_000, 3_600_000, dice.randrange(10**9)])
        after = limit.fixed_ms + waited * limit.share_percent // 100 + dice.choice([1, 2, 5_000])
        now = START_MS + waited
        old = contact(1, mine, arrived_ms=START_MS, medium=media[0], priority=dice.randint(-MOST_POINTS, MOST_POINTS))
        new = contact(
            2,
            theirs,
            arrived_ms=min(START_MS + after, now),
            medium=media[1],
            priority=dice.choice([MOST_POINTS, dice.randint(-MOST_POINTS, MOST_POINTS)]),
            tier=dice.choice([0, 5, 10]),
            urged=dice.random() < 0.7,
        )
        if after <= waited:
            assert policy.place(mine, old, now) < policy.place(theirs, new, now)


def test_a_contact_just_within_the_bound_may_go_first() -> None:
    rules = [queue("slow"), queue("fast", priority=2)]
    limit = bound(rules, "slow")
    assert (limit.fixed_ms, limit.share_percent) == (60_000 * (2 + 2 * MOST_POINTS), 0)
    now = START_MS + 10 * 3_600_000
    old = contact(1, rules[0], arrived_ms=START_MS, medium=Medium.VOICE, priority=-MOST_POINTS)
    new = contact(
        2, rules[1], arrived_ms=START_MS + (limit.fixed_ms or 0) - 1, medium=Medium.VOICE, priority=MOST_POINTS
    )
    assert policy.place(rules[1], new, now) < policy.place(rules[0], old, now)


def test_faster_ageing_elsewhere_costs_a_share_of_the_wait() -> None:
    rules = [queue("slow", weight_percent=50), queue("fast", weight_percent=200)]
    assert bound(rules, "slow").share_percent == 75
    assert bound(rules, "fast").share_percent == 0


def test_a_medium_whose_waiting_does_not_count_can_starve() -> None:
    rules = [queue("mixed", weights=(Weight(medium=Medium.EMAIL, percent=0),))]
    assert bound(rules, "mixed", Medium.EMAIL).fixed_ms is None
    assert bound(rules, "mixed", Medium.EMAIL).starved_by == (QueueId("mixed"),)
    assert bound(rules, "mixed", Medium.VOICE).fixed_ms is not None


def test_a_strict_queue_starves_all_that_share_its_agents() -> None:
    rules = [queue("plain"), queue("sos", strict=True), QueueOpened(queue_id=QueueId("far"), project_id=ProjectId("q"))]
    assert bound(rules, "plain").starved_by == (QueueId("sos"),)
    assert bound(rules, "far").starved_by == (QueueId("sos"),)
    apart = {each.queue_id: each for each in bounds(rules, teams=[{P}, {ProjectId("q")}])}
    assert apart[QueueId("far")].fixed_ms == 60_000 * 2 * MOST_POINTS
    assert apart[QueueId("plain")].fixed_ms is None
