"""Calls that an agent asks for: his phone first, then the customer; what becomes of each side that is not reached."""

import pytest

from cti.domain.commands import DialCustomer, EndLeg, JoinLegs, RingAgent, ShowPop
from cti.domain.events import (
    AgentSignedOut,
    ContactCancelled,
    DeviceChosen,
    OfferRejected,
    OutboundRequested,
    PhoneUnreachable,
)
from cti.domain.facts import (
    ASKED,
    AssignmentOffered,
    ContactClosed,
    ContactQueued,
    CustomerMissed,
    CustomerReached,
    OfferEnded,
    ReadinessChanged,
    WrapUpStarted,
)
from cti.domain.ids import (
    SYSTEM_CANCELLED,
    AgentId,
    Device,
    EndedBy,
    LegCause,
    Medium,
    NodeId,
    QueueId,
)
from cti.domain.states import AssignmentState
from cti.errors import RuleError
from cti.testing import Scenario

ANN, BOB = AgentId("ann"), AgentId("bob")


@pytest.fixture
def day() -> Scenario:
    """A queue and two agents, both ready."""
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.agent("bob")
    return day


def test_the_agents_phone_rings_at_once_and_his_card_is_shown(day: Scenario) -> None:
    day.asks_to_call("ann", "out")
    day.expect(ContactQueued, outbound=True, medium=Medium.VOICE, leg_id=None)
    assert day.expect(AssignmentOffered, agent_id=ANN).why.rule == ASKED
    day.expect(ShowPop, agent_id=ANN)
    day.expect(RingAgent, agent_id=ANN)
    day.expect_no(DialCustomer)


def test_the_customer_is_dialled_when_the_agent_is_there_and_joined_when_he_answers(day: Scenario) -> None:
    day.asks_to_call("ann", "out")
    day.picks_up("ann")
    day.expect(DialCustomer)
    day.expect_no(JoinLegs)
    day.customer_answers("ann")
    day.expect(CustomerReached)
    day.expect(JoinLegs)
    day.customer_hangs_up("ann")
    day.expect(WrapUpStarted, ended_by=EndedBy.CUSTOMER)
    day.wraps_up("ann", "sold")
    assert day.closed_as("out") == "sold"


@pytest.mark.parametrize(
    "cause", [LegCause.BUSY, LegCause.NO_SUCH_NUMBER, LegCause.NO_ANSWER, LegCause.CONGESTION, LegCause.REJECTED]
)
def test_one_who_is_not_reached_is_the_agents_to_code_and_he_is_told_why(day: Scenario, cause: LegCause) -> None:
    day.asks_to_call("ann", "out")
    day.picks_up("ann")
    day.customer_fails("ann", cause)
    day.expect(CustomerMissed, cause=cause)
    day.expect(WrapUpStarted, ended_by=EndedBy.UNREACHED)
    assert day.assignment("ann").missed is cause
    assert len(day.every(EndLeg)) == 2
    day.wraps_up("ann", "nobody_there")
    assert day.closed_as("out") == "nobody_there"


def test_a_customer_who_never_answers_is_given_up_after_the_ring_limit(day: Scenario) -> None:
    day.asks_to_call("ann", "out")
    day.picks_up("ann")
    day.advance(seconds=30)
    day.expect(CustomerMissed, cause=LegCause.NO_ANSWER)


def test_the_agent_may_give_up_while_it_rings(day: Scenario) -> None:
    day.asks_to_call("ann", "out")
    day.picks_up("ann")
    day.hangs_up("ann")
    day.expect(WrapUpStarted, ended_by=EndedBy.UNREACHED)


@pytest.mark.parametrize("cause", [LegCause.NO_ANSWER, LegCause.BUSY, LegCause.UNREACHABLE, LegCause.REJECTED])
def test_a_phone_that_its_owner_does_not_pick_up_ends_the_call_and_offers_it_to_nobody(
    day: Scenario, cause: LegCause
) -> None:
    day.asks_to_call("ann", "out")
    day.ring_fails("ann", cause)
    day.expect(OfferEnded)
    day.expect(ContactClosed, disposition=SYSTEM_CANCELLED)
    day.expect_no(AssignmentOffered, agent_id=BOB)
    day.expect_no(ReadinessChanged)
    assert day.holds_nothing("ann")


def test_he_may_withdraw_the_call_before_he_answers(day: Scenario) -> None:
    day.asks_to_call("ann", "out")
    day.hangs_up("ann")
    assert day.closed_as("out") == SYSTEM_CANCELLED
    assert day.state.agents[ANN].readiness == "ready"


def test_cancelled_while_it_rings_it_is_closed_once(day: Scenario) -> None:
    day.asks_to_call("ann", "out")
    day.send(ContactCancelled(contact_id=day.contact("out").id))
    assert day.closed_as("out") == SYSTEM_CANCELLED


def test_one_who_is_on_a_break_may_call_and_stays_on_it(day: Scenario) -> None:
    day.takes_a_break("ann")
    day.asks_to_call("ann", "out")
    day.picks_up("ann")
    day.customer_answers("ann")
    assert day.state.agents[ANN].readiness == "not_ready"


def test_who_has_a_call_in_hand_is_refused_and_nothing_changes(day: Scenario) -> None:
    day.asks_to_call("ann", "out")
    with pytest.raises(RuleError, match="Finish") as refused:
        day.asks_to_call("ann", "other")
    assert refused.value.code == "busy"
    assert len(day.state.contacts) == 1


def test_who_is_offline_or_has_no_phone_is_told_so(day: Scenario) -> None:
    day.send(PhoneUnreachable(agent_id=ANN, device=Device.SIP))
    with pytest.raises(RuleError, match="not registered"):
        day.asks_to_call("ann", "out")
    day.send(AgentSignedOut(agent_id=BOB))
    with pytest.raises(RuleError, match="Sign in"):
        day.asks_to_call("bob", "out")


def test_nobody_calls_for_a_project_that_is_not_his(day: Scenario) -> None:
    day.queue("sales", project="p2")
    with pytest.raises(RuleError, match="project"):
        day.asks_to_call("ann", "out", queue="sales")


def test_a_customer_who_lost_his_agent_goes_to_the_next_one(day: Scenario) -> None:
    day.asks_to_call("ann", "out")
    day.picks_up("ann")
    day.customer_answers("ann")
    day.send(DeviceChosen(agent_id=ANN, device=Device.SIP))
    day.agent_leg_ends("ann", LegCause.LOST)
    day.send(PhoneUnreachable(agent_id=ANN, device=Device.SIP))
    day.advance(seconds=25)
    assert day.served_by("out") == "bob"


def test_the_call_survives_a_restart_at_every_stage(day: Scenario) -> None:
    day.asks_to_call("ann", "out")
    day.restart(folding=True)
    day.picks_up("ann")
    day.restart(folding=True)
    day.customer_fails("ann", LegCause.BUSY)
    day.restart(folding=True)
    assert day.assignment("ann").state is AssignmentState.WRAP_UP
    assert day.assignment("ann").missed is LegCause.BUSY


def test_the_contact_began_with_the_click(day: Scenario) -> None:
    clicked = day.clock.now_ms - 40
    day.send(OutboundRequested(agent_id=ANN, queue_id=QueueId("support"), node=NodeId("n1"), asked_ms=clicked))
    queued = day.expect(ContactQueued)
    assert (queued.arrived_ms, queued.queued_ms) == (clicked, day.clock.now_ms)


def test_no_contact_begins_after_it_was_asked_for(day: Scenario) -> None:
    day.send(
        OutboundRequested(
            agent_id=ANN, queue_id=QueueId("support"), node=NodeId("n1"), asked_ms=day.clock.now_ms + 5_000
        )
    )
    assert day.expect(ContactQueued).arrived_ms == day.clock.now_ms


def test_who_calls_about_what_he_works_on_lays_it_aside_and_goes_on_with_it(day: Scenario) -> None:
    day.task("message", medium=Medium.VOICEMAIL)
    day.accepts("ann")
    message = day.assignment("ann")
    with pytest.raises(RuleError, match="in hand"):
        day.asks_to_call("ann", "another")
    day.asks_to_call("ann", "out", about=message.contact_id)
    assert day.state.assignment(message.id).state is AssignmentState.PAUSED
    assert day.expect(AssignmentOffered, agent_id=ANN).why.rule == ASKED
    call = day.state.agent(ANN).assignment_ids[-1]
    day.send(OfferRejected(assignment_id=call))
    assert day.state.assignment(message.id).state is AssignmentState.ACTIVE


def test_nobody_calls_about_what_another_works_on(day: Scenario) -> None:
    day.task("one")
    day.accepts("ann")
    day.task("two")
    day.accepts("bob")
    with pytest.raises(RuleError, match="in hand"):
        day.asks_to_call("ann", "out", about=day.assignment("bob").contact_id)
