"""The node dies under callers: each has one callback, before all others of his queue, and whoever had him is freed."""

import pytest

from cti.domain.events import LegEnded, SwitchLost, SwitchReturned
from cti.domain.facts import AssignmentOffered, ContactClosed, ContactQueued, WrapUpStarted
from cti.domain.ids import (
    SYSTEM_ABANDONED,
    SYSTEM_CANCELLED,
    SYSTEM_SWITCH_LOST,
    AgentId,
    ContactId,
    EndedBy,
    LegCause,
    Medium,
)
from cti.domain.queue import MOST_POINTS
from cti.domain.states import AssignmentState, ContactState
from cti.errors import RuleError
from cti.testing import NODE, Scenario, caller_leg


def centre() -> Scenario:
    day = Scenario()
    day.queue("missed")
    day.queue("support", lost_to="missed")
    return day


def cut(day: Scenario, name: str, *, call_back: bool = True) -> None:
    day.send(LegEnded(leg_id=caller_leg(name), cause=LegCause.LOST, cut=True, call_back=call_back))


def test_who_waited_is_called_back_before_all_others_of_his_queue() -> None:
    day = centre()
    day.call("first", key="k0")
    day.advance(seconds=300)
    day.call("c1", key="k1", tier=2)
    day.send(SwitchLost(node=NODE))
    cut(day, "c1")
    queued = day.expect(ContactQueued)
    before = day.contact_ids["c1"]
    assert (queued.medium, queued.queue_id, queued.origin) == (Medium.CALLBACK, "support", before)
    assert (queued.address_key, queued.tier, queued.priority, queued.leg_id) == ("k1", 2, MOST_POINTS, None)
    assert day.closed_as("c1") == SYSTEM_SWITCH_LOST
    day.agent("ann")
    day.expect_no(AssignmentOffered)
    day.send(SwitchReturned(node=NODE))
    assert day.expect(AssignmentOffered).contact_id == queued.contact_id


def test_who_was_offered_is_called_back_and_the_agent_is_free_for_him_or_another() -> None:
    day = centre()
    day.agent("ann")
    day.call("c1", key="k1")
    day.pop_shown("ann")
    cut(day, "c1")
    assert day.assignment("ann").contact_id == day.expect(ContactQueued).contact_id


def test_who_talked_is_called_back_while_his_agent_wraps_up() -> None:
    day = centre()
    day.agent("ann")
    day.call("c1", key="k1")
    day.picks_up("ann")
    cut(day, "c1")
    assert day.assignment("ann").state is AssignmentState.WRAP_UP
    day.expect(WrapUpStarted, ended_by=EndedBy.LOST)
    queued = day.expect(ContactQueued)
    assert (queued.medium, queued.preferred) == (Medium.CALLBACK, (AgentId("ann"),))
    day.wraps_up("ann")
    assert day.assignment("ann").contact_id == queued.contact_id


def test_who_was_being_called_back_and_talked_is_called_again() -> None:
    day = centre()
    day.send(SwitchReturned(node=NODE))
    day.task("b1", medium=Medium.CALLBACK, key="k1")
    day.agent("ann")
    day.picks_up("ann")
    leg = day.customer_leg("ann")
    day.customer_answers("ann")
    day.send(LegEnded(leg_id=leg, cause=LegCause.LOST, cut=True, call_back=True))
    assert day.contact("b1").state is ContactState.WRAP_UP
    assert day.expect(ContactQueued).origin == day.contact_ids["b1"]


def test_two_callers_with_one_number_are_one_callback() -> None:
    day = centre()
    day.call("c1", key="k1")
    day.call("c2", key="k1")
    cut(day, "c1")
    cut(day, "c2")
    assert [contact.medium for contact in day.state.contacts.values()] == [Medium.CALLBACK]


def test_a_caller_without_a_number_becomes_a_task_as_one_who_is_lost_does() -> None:
    day = centre()
    day.call("c1")
    cut(day, "c1")
    assert day.expect(ContactQueued).medium is Medium.TASK
    assert day.closed_as("c1") == SYSTEM_SWITCH_LOST


def test_who_may_not_be_called_back_or_has_called_again_is_not() -> None:
    day = centre()
    day.call("c1", key="k1")
    cut(day, "c1", call_back=False)
    assert day.expect(ContactQueued).medium is Medium.TASK


def test_whom_we_called_is_his_agents_to_call_again() -> None:
    day = centre()
    day.agent("ann")
    day.asks_to_call("ann", "o1", address_key="k1")
    day.picks_up("ann")
    leg = day.customer_leg("ann")
    day.customer_answers("ann")
    day.send(LegEnded(leg_id=leg, cause=LegCause.LOST, cut=True, call_back=True))
    assert day.assignment("ann").state is AssignmentState.WRAP_UP
    day.expect_no(ContactQueued)


def was_cut(day: Scenario) -> ContactId:
    """The callback of c1."""
    day.call("c1", key="k1")
    day.send(SwitchLost(node=NODE))
    cut(day, "c1")
    callback = day.expect(ContactQueued).contact_id
    day.send(SwitchReturned(node=NODE))
    return callback


def test_who_calls_again_has_the_place_of_his_callback_and_is_not_called() -> None:
    day = centre()
    day.call("first", key="k0")
    callback = was_cut(day)
    day.call("again", key="k1")
    day.expect(ContactClosed, contact_id=callback, disposition=SYSTEM_CANCELLED)
    assert callback not in day.state.contacts
    day.agent("ann")
    assert day.served_by("again") == "ann"


def test_who_calls_again_while_his_callback_is_offered_is_offered_in_its_stead() -> None:
    day = centre()
    callback = was_cut(day)
    day.agent("ann")
    assert day.assignment("ann").contact_id == callback
    day.call("again", key="k1")
    assert day.assignment("ann").contact_id == day.contact_ids["again"]


def test_who_calls_again_while_an_agent_calls_him_is_a_caller_like_others() -> None:
    day = centre()
    callback = was_cut(day)
    day.agent("ann")
    day.picks_up("ann")
    day.call("again", key="k1")
    assert day.assignment("ann").contact_id == callback
    assert day.contact("again").priority == 0


def test_who_was_in_the_menus_is_called_back_before_all_others_unless_he_calls_again() -> None:
    day = centre()
    day.send(SwitchReturned(node=NODE))
    day.call("first", key="k0", waited_s=300)
    day.task("menu", medium=Medium.CALLBACK, key="k1", cut_off=True)
    assert day.contact("menu").priority == MOST_POINTS
    callback = day.contact_ids["menu"]
    day.call("again", key="k1")
    day.expect(ContactClosed, contact_id=callback, disposition=SYSTEM_CANCELLED)
    day.agent("ann")
    assert day.served_by("again") == "ann"


def test_only_a_callback_is_for_one_who_was_cut_off() -> None:
    day = centre()
    with pytest.raises(RuleError, match="be for one who was cut off"):
        day.task("t1", key="k1", cut_off=True)


def test_who_asked_for_a_callback_and_calls_keeps_it() -> None:
    day = centre()
    day.send(SwitchReturned(node=NODE))
    day.task("b1", medium=Medium.CALLBACK, key="k1")
    day.call("c1", key="k1")
    assert day.contact("b1").state is ContactState.WAITING
    assert day.contact("c1").priority == 0


def test_a_letter_takes_no_callback_over() -> None:
    day = centre()
    callback = was_cut(day)
    day.task("mail", medium=Medium.EMAIL, key="k1")
    assert callback in day.state.contacts


def test_a_leg_that_is_lost_while_the_node_lives_is_an_abandoned_call_as_ever() -> None:
    day = centre()
    day.call("c1", key="k1")
    day.caller_hangs_up("c1", LegCause.LOST)
    assert day.expect(ContactQueued).medium is Medium.TASK
    assert day.closed_as("c1") == SYSTEM_ABANDONED
