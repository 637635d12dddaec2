"""Every decision of random days, explained: what is told is what was decided, and what is supposed is true."""

from collections import Counter

import pytest
from msgspec.structs import replace

from cti.domain.audit import policy, supposing, why
from cti.domain.audit.hitch import Hitch
from cti.domain.audit.policy import Obstacle
from cti.domain.audit.supposing import Supposed
from cti.domain.audit.unindexed import unindexed
from cti.domain.audit.why import Offer, Story
from cti.domain.events import PriorityChanged, SkillsChanged, Step
from cti.domain.facts import AssignmentOffered, AssignmentPaused, ContactQueued
from cti.domain.ids import AgentId, ContactId, QueueId
from cti.domain.queue import rings, score_ms
from cti.domain.state import State
from cti.domain.states import ContactState
from cti.testing import Scenario, levels
from tests.domain.days import Day, Decided, random_day

pytestmark = pytest.mark.long


SEEDS = range(4)


@pytest.fixture(scope="module")
def days() -> list[Day]:
    return [random_day(seed, agents=6 + 4 * (seed % 4)) for seed in SEEDS]


def test_every_decision_of_a_day_is_what_the_plain_definition_decides(days: list[Day]) -> None:
    count = 0
    for day in days:
        state = unindexed()
        for entry in day.entries:
            before: State | None = None
            for fact in entry.facts:
                if isinstance(fact, AssignmentPaused) and before is None:
                    before = State()
                    before.agents = dict(state.agents)
                if isinstance(fact, AssignmentOffered):
                    paused, state.agents = state.agents, before.agents if before is not None else state.agents
                    wanted = policy.decision(state, fact.at_ms)
                    state.agents, before = paused, None
                    assert wanted is not None
                    assert (wanted[0].id, wanted[1].id) == (fact.contact_id, fact.agent_id), fact
                    count += 1
                state.apply(fact)
            state.commit()
    assert count > 1_000


def test_every_offer_of_a_day_is_explained_as_it_was_decided(days: list[Day]) -> None:
    rules: Counter[str] = Counter()
    for day in days:
        for offer in why.offers(day.entries):
            assert offer.agrees, offer
            assert offer.candidates[0].agent_id == offer.agent_id
            assert_counts(offer)
            rules[offer.why.rule] += 1
    assert {"preferred", "only_one", "inner_ring", "best_fit", "oldest"} <= set(rules), rules


def assert_counts(offer: Offer) -> None:
    """What the fact counts is what is found by looking at everyone."""
    found = Counter(each.obstacle for each in offer.candidates)
    assert found[None] == offer.why.free
    assert offer.members == len(offer.candidates)
    if not found[Obstacle.KEPT]:
        assert found[None] + found[Obstacle.NO_ROOM] == offer.why.ready
        assert found[None] + found[Obstacle.NO_ROOM] + found[Obstacle.NOT_READY] == offer.why.capable
        assert found[Obstacle.SITE] == offer.why.other_site
        assert found[Obstacle.SKILL] == offer.why.lacks_skill
    assert offer.why.terms == offer.terms
    assert offer.why.fit == offer.candidates[0].fit
    assert offer.why.load == offer.candidates[0].load
    assert offer.why.ring == offer.candidates[0].ring
    assert offer.why.idle_ms == offer.candidates[0].idle_ms


def test_the_rival_of_one_who_came_free_is_the_contact_that_stood_next(days: list[Day]) -> None:
    named = 0
    for day in days[:3]:
        for offer in why.offers(day.entries):
            if offer.why.rule == "oldest":
                named += offer.why.rival is not None
                next_one = offer.rivals[0].contact_id if offer.rivals else None
                assert offer.why.rival == next_one
    assert named > 100


def test_the_story_of_a_contact_holds_its_offers_and_nothing_else(days: list[Day]) -> None:
    day = days[0]
    told = {offer.assignment_id: offer for offer in why.offers(day.entries)}
    queued = [fact.contact_id for entry in day.entries for fact in entry.facts if isinstance(fact, ContactQueued)]
    seen = 0
    for contact_id in queued[::7]:
        story = explained(day, contact_id)
        seen += len(story.offers)
        for offer in story.offers:
            same = replace(offer, outcome=None, answered=False, ended_ms=None)
            assert same == told[offer.assignment_id]
    assert seen > 20


def test_a_story_told_from_a_snapshot_is_the_same(days: list[Day]) -> None:
    day = days[1]
    half = len(day.entries) // 2
    state = unindexed()
    for entry in day.entries[:half]:
        for fact in entry.facts:
            state.apply(fact)
        state.number = entry.number
        state.commit()
    later = [fact.contact_id for entry in day.entries[half:] for fact in entry.facts if isinstance(fact, ContactQueued)]
    contact_id = later[len(later) // 2]
    assert why.explain(day.entries[half:], contact_id, state=state) == explained(day, contact_id)


def test_a_contact_that_never_came_has_no_story(days: list[Day]) -> None:
    assert why.explain(days[0].entries, ContactId("c999999")) is None


def test_every_supposition_that_is_told_would_have_changed_the_outcome(days: list[Day]) -> None:
    kinds: Counter[Supposed] = Counter()
    for day in days[:3]:
        for offer, state in at_each_offer(day):
            contact = state.contacts[offer.why_contact]
            rules = state.queues[contact.queue_id].rules
            able = policy.able(rules, contact, state.agents.values())
            for change in offer.changes:
                kinds[change.supposed] += 1
                agent = state.agents[change.agent_id]
                match change.supposed:
                    case Supposed.LEVELS | Supposed.SKILL:
                        assert change.skill_id is not None
                        had = {str(skill.skill_id): skill.level for skill in agent.skills}
                        level = had.get(change.skill_id, 0) + change.amount
                        if change.supposed is Supposed.SKILL:
                            level = change.amount
                        agent = replace(agent, skills=levels({**had, change.skill_id: level}))
                    case Supposed.IDLE:
                        agent = replace(agent, idle_since_ms=agent.idle_since_ms - change.amount)
                    case Supposed.LOAD:
                        rank = policy.rank(rules, contact, agent)
                        less = rank._replace(load=rank.load - change.amount)
                        assert less < policy.rank(rules, contact, able[0]) < rank
                        continue
                    case _:
                        continue
                assert policy.obstacle(rules, contact, agent) is None
                assert policy.rank(rules, contact, agent) < policy.rank(rules, contact, able[0])
    assert kinds[Supposed.LEVELS] > 10, kinds
    assert kinds[Supposed.SKILL] > 10, kinds
    assert kinds[Supposed.IDLE] > 10, kinds
    assert kinds[Supposed.READY] > 10, kinds
    assert kinds[Supposed.FREE] > 10, kinds


class Seen:
    """An explained offer with the contact it was of."""

    def __init__(self, contact_id: ContactId, offer: Offer) -> None:
        self.why_contact = contact_id
        self.changes = offer.changes


def at_each_offer(day: Day) -> list[tuple[Seen, State]]:
    """Each explained offer with a copy of the state it was made in."""
    found: list[tuple[Seen, State]] = []
    state = unindexed()
    told = {offer.assignment_id: offer for offer in why.offers(day.entries)}
    for entry in day.entries:
        paused = False
        for fact in entry.facts:
            paused = paused or isinstance(fact, AssignmentPaused)
            if isinstance(fact, AssignmentOffered) and not paused:
                copy = State()
                copy.contacts, copy.agents, copy.queues = dict(state.contacts), dict(state.agents), dict(state.queues)
                found.append((Seen(fact.contact_id, told[fact.assignment_id]), copy))
            state.apply(fact)
        state.commit()
    return found


def test_more_points_or_an_earlier_arrival_would_have_turned_a_missed_offer(days: list[Day]) -> None:
    """Decide again with the contact as supposed: it stands before the one that was chosen, and by no less would it."""
    turned = 0
    for day in days[:3]:
        state = unindexed()
        for entry in day.entries:
            for fact in entry.facts:
                if isinstance(fact, AssignmentOffered):
                    turned += assert_turned(state, fact)
                state.apply(fact)
            state.commit()
    assert turned > 200


def assert_turned(state: State, fact: AssignmentOffered) -> int:
    chosen = state.contacts[fact.contact_id]
    place = policy.place(state.queues[chosen.queue_id].rules, chosen, fact.at_ms)
    turned = 0
    for contact in state.contacts.values():
        rules = state.queues[contact.queue_id].rules
        if contact.state is not ContactState.WAITING or policy.place(rules, contact, fact.at_ms) <= place:
            continue
        points, earlier_ms = supposing.turned(rules, contact, place, fact.at_ms)
        if points is not None:
            turned += 1
            assert policy.place(rules, replace(contact, priority=contact.priority + points), fact.at_ms) < place
            less = policy.place(rules, replace(contact, priority=contact.priority + points - 1), fact.at_ms)
            assert less > place or less[0] == place[0]
        if earlier_ms is not None:
            turned += 1
            sooner = replace(contact, arrived_ms=contact.arrived_ms - earlier_ms)
            assert policy.place(rules, sooner, fact.at_ms) < place
    return turned


# -- single stories ----------------------------------------------------------------------------------------------------


def entries(day: Scenario) -> list[Decided]:
    """A scenario's events, decided again and kept."""
    from cti.domain.acd import Acd

    acd, found = Acd(), []
    for event, now in day.log:
        decision = acd.handle(event, now)
        found.append(Decided(decision.number, now, decision.facts))
    return found


def explained(day: Scenario | Day, contact_id: ContactId) -> Story:
    story = why.explain(day.entries if isinstance(day, Day) else entries(day), contact_id)
    assert story is not None
    return story


def test_it_tells_who_lost_by_which_skill() -> None:
    day = Scenario()
    day.queue("support", skills={"router": 3})
    day.agent("ann", skills={"router": 5})
    day.agent("bob", skills={"router": 8})
    day.agent("cyd", skills={"router": 2})
    day.call("kim")
    (offer,) = explained(day, day.contact_ids["kim"]).offers
    assert [(each.agent_id, each.obstacle) for each in offer.candidates] == [
        ("bob", None),
        ("ann", None),
        ("cyd", Obstacle.SKILL),
    ]
    told = {(change.supposed, change.agent_id, change.amount) for change in offer.changes}
    assert (Supposed.LEVELS, AgentId("ann"), 4) not in told, "ann was idle for longer: 3 levels more make them equal"
    assert (Supposed.LEVELS, AgentId("ann"), 3) in told or (Supposed.LEVELS, AgentId("ann"), 4) in told
    assert (Supposed.SKILL, AgentId("cyd"), 9) in told
    assert offer.asked == "router >= 3"


@pytest.mark.parametrize(
    ("arrange", "hitch"),
    [
        ("nobody", Hitch.NOBODY_IN_PROJECT),
        ("unskilled", Hitch.NOBODY_SKILLED),
        ("away", Hitch.NOBODY_READY),
        ("busy", Hitch.ALL_BUSY),
    ],
)
def test_it_tells_why_a_contact_waits_still(arrange: str, hitch: Hitch) -> None:
    day = Scenario()
    day.queue("support", skills={"router": 3})
    if arrange == "nobody":
        day.agent("ann", projects=("other",), skills={"router": 5})
    elif arrange == "unskilled":
        day.agent("ann", skills={"router": 2})
    elif arrange == "away":
        day.agent("ann", skills={"router": 5}, ready=False)
    else:
        day.agent("ann", skills={"router": 5})
        day.call("lee")
    day.call("kim")
    story = explained(day, day.contact_ids["kim"])
    assert story.wait is not None
    assert story.wait.hitch is hitch
    assert story.offers == ()


def test_it_tells_what_was_missing_when_another_was_taken() -> None:
    day = Scenario()
    day.queue("support")
    day.queue("gold", priority=3)
    day.call("kim")
    day.advance(seconds=10)
    day.call("lee", queue="gold")
    day.agent("ann")
    story = explained(day, day.contact_ids["kim"])
    (missed,) = story.missed
    assert (missed.contact_id, missed.agent_id) == (day.contact_ids["lee"], "ann")
    assert missed.points == 3
    assert missed.earlier_ms == 170_001
    assert story.passed_by == 1


def test_a_skill_and_a_priority_count_at_the_very_next_decision() -> None:
    day = Scenario()
    day.queue("support", skills={"router": 5})
    day.agent("ann", skills={"router": 4})
    day.call("kim")
    day.call("lee")
    day.send(PriorityChanged(contact_id=day.contact_ids["lee"], priority=1))
    day.send(SkillsChanged(agent_id=AgentId("ann"), skills=levels({"router": 5})))
    assert day.served_by("lee") == "ann"
    (offer,) = explained(day, day.contact_ids["lee"]).offers
    assert offer.terms.priority_ms == 60_000
    assert offer.rivals[0].contact_id == day.contact_ids["kim"]


def test_the_stage_of_relaxation_is_told() -> None:
    day = Scenario()
    rules = Step(after_ms=5_000, relax=levels({"router": 2}))
    day.queue("support", skills={"router": 5})
    opened = replace(day.state.queues[QueueId("support")].rules, steps=(rules,))
    day.send(opened)
    day.agent("ann", skills={"router": 3})
    day.call("kim")
    assert day.served_by("kim") is None
    day.advance(seconds=6)
    assert day.served_by("kim") == "ann"
    (offer,) = explained(day, day.contact_ids["kim"]).offers
    assert offer.asked == "router >= 2"
    assert offer.candidates[0].ring == 1
    assert len(rings(opened, day.contact("kim"))) == 2


def test_a_score_is_the_sum_of_its_terms(days: list[Day]) -> None:
    day = days[2]
    state = unindexed()
    for entry in day.entries:
        for fact in entry.facts:
            if isinstance(fact, AssignmentOffered):
                contact = state.contacts[fact.contact_id]
                assert fact.why.score_ms == score_ms(state.queues[contact.queue_id].rules, contact, fact.at_ms)
            state.apply(fact)
        state.commit()
