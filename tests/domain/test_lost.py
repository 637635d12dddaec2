"""No request is lost: whoever did not get through becomes a task where his queue says so."""

import pytest

from cti.domain.events import Step
from cti.domain.facts import ContactQueued
from cti.domain.ids import SYSTEM_ABANDONED, DestinationId, LegCause, Medium
from cti.errors import RuleError
from cti.testing import Scenario


def centre(*, lost_to: str = "missed") -> Scenario:
    day = Scenario()
    day.queue("missed")
    day.queue("support", lost_to=lost_to)
    return day


def test_a_caller_who_gives_up_becomes_one_task_that_tells_of_him() -> None:
    day = centre()
    day.call("c1", tier=4, key="k1", preferred=["ann"])
    day.caller_hangs_up("c1")
    task = day.expect(ContactQueued)
    assert (task.medium, task.queue_id, task.origin) == (Medium.TASK, "missed", day.contact_ids["c1"])
    assert (task.tier, task.address_key, task.preferred) == (4, "k1", ("ann",))
    assert day.closed_as("c1") == SYSTEM_ABANDONED
    day.caller_hangs_up("c1")
    day.expect_no(ContactQueued)


def test_a_caller_who_gives_up_while_a_phone_rings_for_him_becomes_a_task_that_is_offered_at_once() -> None:
    day = centre()
    day.agent("ann")
    day.call("c1")
    day.pop_shown("ann")
    day.caller_hangs_up("c1")
    task = day.expect(ContactQueued)
    assert day.assignment("ann").contact_id == task.contact_id


def test_a_caller_who_was_served_makes_no_task() -> None:
    day = centre()
    day.agent("ann")
    day.call("c1")
    day.picks_up("ann")
    day.caller_hangs_up("c1")
    day.wraps_up("ann")
    assert not [fact for fact in day.facts if isinstance(fact, ContactQueued) and fact.origin is not None]


def test_a_caller_whose_leg_is_lost_becomes_a_task() -> None:
    day = centre()
    day.call("c1")
    day.caller_hangs_up("c1", LegCause.LOST)
    day.expect(ContactQueued, origin=day.contact_ids["c1"])


def test_a_caller_who_was_sent_away_makes_no_task() -> None:
    day = Scenario()
    day.queue("missed")
    day.queue("support", lost_to="missed", steps=[Step(after_ms=5_000, to_destination=DestinationId("voicemail"))])
    day.call("c1")
    day.advance(seconds=6)
    day.expect_no(ContactQueued)


def test_a_queue_that_loses_to_itself_makes_no_loop() -> None:
    day = centre(lost_to="support")
    day.call("c1")
    day.caller_hangs_up("c1")
    assert day.expect(ContactQueued).medium is Medium.TASK
    assert len(day.state.contacts) == 1


def test_no_task_is_made_in_another_projects_queue() -> None:
    day = centre()
    day.queue("missed", project="rival")
    day.call("c1")
    day.caller_hangs_up("c1")
    day.expect_no(ContactQueued)
    assert day.closed_as("c1") == SYSTEM_ABANDONED


def test_a_queue_does_not_change_its_project_while_contacts_are_in_it() -> None:
    day = centre()
    day.task("t1", queue="missed")
    with pytest.raises(RuleError) as refused:
        day.queue("missed", project="rival")
    assert refused.value.code == "queue_in_use"
    assert day.state.queues[day.contact("t1").queue_id].rules.project_id == "demo"


def test_no_task_is_made_where_the_queue_names_none_or_one_that_is_unknown() -> None:
    day = centre(lost_to="nowhere")
    day.call("c1")
    day.caller_hangs_up("c1")
    day.expect_no(ContactQueued)
