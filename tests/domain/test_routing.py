"""Who gets what: the order of contacts, the choice of agents, and the plain scan that both must agree with."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cti.domain.agent import Agent, open_media
from cti.domain.capacity import BIT
from cti.domain.contact import Contact
from cti.domain.events import AgentEnrolled, ContactArrived, QueueClosed, SkillsChanged
from cti.domain.facts import AssignmentOffered
from cti.domain.ids import AgentId, ContactId, LegId, Medium, ProjectId, QueueId, Readiness
from cti.domain.queue import fit, merge, score_ms
from cti.domain.state import State
from cti.domain.states import ContactState
from cti.errors import NotFound, RuleError
from cti.testing import NODE, Scenario, levels


@pytest.fixture
def day() -> Scenario:
    """A queue without demands and one that asks for English."""
    day = Scenario()
    day.queue("support")
    day.queue("english", skills={"en": 3})
    return day


def test_the_best_skilled_agent_is_chosen(day: Scenario) -> None:
    day.agent("ann", skills={"en": 4})
    day.agent("bob", skills={"en": 9})
    day.agent("cyd", skills={"en": 2})
    day.agent("dan", skills={"en": 6})
    day.call("c1", queue="english")
    why = day.expect(AssignmentOffered, agent_id="bob").why
    assert (why.rule, why.fit, why.runner_up) == ("best_fit", 9, "dan")
    assert (why.capable, why.ready, why.free) == (3, 3, 3)


def test_among_equals_the_longest_idle_is_chosen(day: Scenario) -> None:
    day.agent("bob")
    day.advance(seconds=5)
    day.agent("ann")
    day.call("c1")
    assert day.expect(AssignmentOffered, agent_id="bob").why.rule == "longest_idle"
    day.picks_up("bob")
    day.hangs_up("bob")
    day.wraps_up("bob")
    day.call("c2")
    assert day.expect(AssignmentOffered).agent_id == "ann", "not the same first agent for ever"


def test_a_tie_goes_by_id(day: Scenario) -> None:
    day.agent("bob")
    day.agent("ann")
    day.call("c1")
    assert day.expect(AssignmentOffered, agent_id="ann").why.rule == "lowest_id"


def test_a_preferred_agent_is_taken_when_free_and_not_waited_for(day: Scenario) -> None:
    day.agent("ann", skills={"en": 9})
    day.agent("bob", skills={"en": 3})
    day.call("c1", queue="english", preferred=["bob"])
    assert day.expect(AssignmentOffered, agent_id="bob").why.rule == "preferred"
    day.call("c2", queue="english", preferred=["bob"])
    assert day.expect(AssignmentOffered, agent_id="ann").why.rule == "only_one"


def test_a_preferred_agent_without_the_skills_is_passed_over(day: Scenario) -> None:
    day.agent("ann", skills={"en": 9})
    day.agent("bob")
    day.call("c1", queue="english", preferred=["bob", "nobody"])
    assert day.served_by("c1") == "ann"


def test_a_contact_may_ask_for_more_than_its_queue(day: Scenario) -> None:
    day.agent("ann", skills={"en": 9})
    day.call("c1", queue="english", skills={"ru": 2})
    assert day.served_by("c1") is None
    day.agent("bob", skills={"en": 3, "ru": 2})
    assert day.served_by("c1") == "bob"


def test_new_skills_count_at_the_next_decision(day: Scenario) -> None:
    day.agent("ann")
    day.call("c1", queue="english")
    day.send(SkillsChanged(agent_id=AgentId("ann"), skills=levels({"en": 5})))
    assert day.expect(AssignmentOffered).agent_id == "ann"


def test_no_project_sees_anothers_contacts(day: Scenario) -> None:
    day.queue("other", project="other")
    day.agent("ann")
    day.call("c1", queue="other")
    assert day.served_by("c1") is None
    both = (ProjectId("demo"), ProjectId("other"))
    day.send(AgentEnrolled(agent_id=AgentId("ann"), project_ids=both))
    assert day.served_by("c1") == "ann"


def test_the_longest_waiting_is_served_first_whatever_the_order_of_events(day: Scenario) -> None:
    day.call("late", waited_s=5)
    day.call("early", waited_s=90)
    day.agent("ann")
    assert day.served_by("early") == "ann"
    assert day.every(AssignmentOffered)[0].why.rule == "oldest"


def test_a_point_of_priority_is_worth_a_minute(day: Scenario) -> None:
    day.queue("vip", priority=1)
    day.call("c1", waited_s=61)
    day.call("v1", queue="vip")
    day.agent("ann")
    assert day.served_by("c1") == "ann"
    day.agent("bob")
    assert day.served_by("v1") == "bob"


def test_priority_overtakes_by_no_more_than_it_is_worth(day: Scenario) -> None:
    day.queue("vip", priority=1)
    day.call("c1", waited_s=59)
    day.call("v1", queue="vip")
    day.agent("ann")
    assert day.served_by("v1") == "ann"


def test_waiting_weighs_by_its_queue(day: Scenario) -> None:
    day.queue("fast", weight_percent=300)
    day.call("c1", waited_s=20)
    day.call("f1", queue="fast", waited_s=7)
    day.agent("ann")
    assert day.served_by("f1") == "ann"


def test_new_rules_of_a_queue_serve_those_who_wait(day: Scenario) -> None:
    day.agent("ann")
    day.call("c1", queue="english")
    day.queue("english")
    assert day.served_by("c1") == "ann"


def test_a_closed_queue_takes_nobody_new_and_serves_out(day: Scenario) -> None:
    day.call("c1")
    day.send(QueueClosed(queue_id=QueueId("support")))
    with pytest.raises(RuleError, match="closed"):
        day.call("c2")
    with pytest.raises(NotFound):
        day.call("c3", queue="unheard-of")
    day.agent("ann")
    assert day.served_by("c1") == "ann"


def test_a_leg_that_arrives_twice_is_one_contact(day: Scenario) -> None:
    day.call("c1")
    day.call("c1")
    assert day.recent == []
    assert len(day.state.contacts) == 1


def test_a_call_without_a_leg_is_refused(day: Scenario) -> None:
    with pytest.raises(RuleError, match="leg"):
        day.send(ContactArrived(medium=Medium.VOICE, queue_id=QueueId("support"), arrived_ms=0))
    with pytest.raises(RuleError, match="leg"):
        day.send(
            ContactArrived(
                medium=Medium.EMAIL, queue_id=QueueId("support"), arrived_ms=0, node=NODE, leg_id=LegId("leg")
            )
        )


def test_an_agent_who_comes_and_goes_all_day_leaves_no_trail(day: Scenario) -> None:
    day.call("c1", queue="english")
    day.agent("ann", skills={"en": 1})
    day.send(SkillsChanged(agent_id=AgentId("ann"), skills=levels({"en": 5})))
    day.caller_hangs_up("c1")
    for _ in range(500):
        day.takes_a_break("ann")
        day.advance(ms=1)
        day.ready("ann")
    assert day.state.index.entries() < 200


def test_callers_who_give_up_leave_no_trail(day: Scenario) -> None:
    for number in range(500):
        day.call(f"c{number}")
        day.caller_hangs_up(f"c{number}")
    assert day.state.index.entries() < 200


# -- the plain definition ----------------------------------------------------------------------------------------------


def best_contact(state: State, agent: Agent, now: int) -> Contact | None:
    """What the agent should get, by looking at all that waits."""

    def order(contact: Contact) -> tuple[int, int, int]:
        rules = state.queues[contact.queue_id].rules
        return (-score_ms(rules, arrived_ms=contact.arrived_ms, now=now), contact.arrived_ms, contact.number)

    return min((c for c in state.contacts.values() if _can_take(state, agent, c)), key=order, default=None)


def best_agent(state: State, contact: Contact) -> Agent | None:
    """Who should get the contact, by looking at everybody."""
    asked = merge(state.queues[contact.queue_id].rules.requirements, contact.requirements)

    def order(agent: Agent) -> tuple[int, int, str]:
        return (-(fit(asked, agent.skills) or 0), agent.idle_since_ms, agent.id)

    return min((a for a in state.agents.values() if _can_take(state, a, contact)), key=order, default=None)


def _can_take(state: State, agent: Agent, contact: Contact) -> bool:
    rules = state.queues[contact.queue_id].rules
    return (
        contact.state is ContactState.WAITING
        and rules.project_id in agent.project_ids
        and fit(merge(rules.requirements, contact.requirements), agent.skills) is not None
        and bool(open_media(agent) & BIT[contact.medium])
    )


def centre() -> Scenario:
    day = Scenario()
    day.queue("support")
    day.queue("english", skills={"en": 3}, priority=1)
    day.queue("russian", skills={"ru": 2}, weight_percent=250)
    day.queue("other", project="other", weight_percent=30)
    return day


QUEUES = ["support", "english", "russian", "other"]
calls = st.lists(
    st.tuples(st.sampled_from(QUEUES), st.integers(0, 120), st.sampled_from([{}, {"en": 5}])), min_size=1, max_size=12
)
people = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from([["demo"], ["other"], ["demo", "other"]])),
    min_size=1,
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(calls, people)
def test_an_agent_who_comes_free_gets_what_a_full_scan_would_give(
    waiting: list[tuple[str, int, dict[str, int]]], agents: list[tuple[int, int, list[str]]]
) -> None:
    day = centre()
    for number, (queue, waited_s, skills) in enumerate(waiting):
        day.call(f"c{number}", queue=queue, waited_s=waited_s, skills=skills)
    for number, (english, russian, projects) in enumerate(agents):
        name = f"agent{number}"
        day.agent(name, skills={"en": english, "ru": russian}, projects=projects, ready=False)
        as_ready = replace(day.state.agents[AgentId(name)], readiness=Readiness.READY)
        expected = best_contact(day.state, as_ready, day.clock.now_ms)
        day.ready(name)
        got = None if day.holds_nothing(name) else day.assignment(name).contact_id
        assert got == (None if expected is None else expected.id)
        day.advance(ms=100)


@settings(max_examples=150, deadline=None)
@given(people, calls)
def test_a_contact_that_arrives_gets_the_agent_a_full_scan_would_give(
    agents: list[tuple[int, int, list[str]]], arriving: list[tuple[str, int, dict[str, int]]]
) -> None:
    day = centre()
    for number, (english, russian, projects) in enumerate(agents):
        day.agent(f"agent{number}", skills={"en": english, "ru": russian}, projects=projects)
        day.clock.advance(seconds=english % 3)
    for number, (queue, waited_s, skills) in enumerate(arriving):
        name = f"c{number}"
        probe = Contact(
            id=ContactId("c0"),
            number=0,
            medium=Medium.VOICE,
            project_id=day.state.queues[QueueId(queue)].rules.project_id,
            queue_id=QueueId(queue),
            arrived_ms=0,
            queued_ms=0,
            leg_id=None,
            node=None,
            requirements=levels(skills),
            preferred=(),
            state=ContactState.WAITING,
        )
        expected = best_agent(day.state, probe)
        day.call(name, queue=queue, waited_s=waited_s, skills=skills)
        assert day.served_by(name) == (None if expected is None else expected.id)
