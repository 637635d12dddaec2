"""Who gets what: the order of contacts, the choice of agents, and the plain scan that both must agree with."""

import pytest

from cti.domain.events import AgentEnrolled, AgentSignedOut, ContactArrived, QueueClosed, SkillsChanged
from cti.domain.facts import AssignmentOffered
from cti.domain.ids import AgentId, LegId, Medium, ProjectId, QueueId
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


@pytest.mark.lesson(6)
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


@pytest.mark.lesson(6)
def test_one_at_the_head_whom_nobody_here_can_serve_keeps_nobody_waiting(day: Scenario) -> None:
    day.call("zombie", skills={"klingon": 5}, waited_s=900, priority=3)
    day.call("c1")
    day.agent("ann")
    assert day.served_by("c1") == "ann"
    assert day.served_by("zombie") is None


@pytest.mark.lesson(8)
def test_callers_in_a_queue_without_agents_wait_for_the_first_who_comes(day: Scenario) -> None:
    day.agent("ann")
    day.takes_a_break("ann")
    day.send(AgentSignedOut(agent_id=AgentId("ann")))
    day.call("c1")
    day.call("c2")
    day.advance(seconds=3600)
    day.agent("bob")
    assert day.served_by("c1") == "bob"
    day.agent("ann")
    assert day.served_by("c2") == "ann"


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
