"""Campaigns: whom they dial, who gets the answers, what every attempt comes to, and the cap that is never broken."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.domain.commands import Apologise, DetectMachine, DialCustomer, DialLead, EndLeg, JoinLegs, RingAgent
from cti.domain.events import (
    AgentSignedOut,
    CampaignClosed,
    CampaignPaused,
    CampaignStarted,
    EngineStarted,
    Lead,
    LeadsGiven,
    LeadsTakenBack,
    LegEnded,
    OfferAccepted,
    OfferRejected,
    Retry,
)
from cti.domain.facts import (
    RESERVED,
    AgentReserved,
    AssignmentOffered,
    AssignmentStarted,
    AttemptEnded,
    ContactClosed,
    ContactQueued,
    LeadShown,
    WindowBegun,
)
from cti.domain.ids import (
    SYSTEM_NO_AGENT,
    AgentId,
    CampaignId,
    CampaignMode,
    DialResult,
    LeadId,
    LegCause,
    Medium,
)
from cti.errors import NotFound, RuleError
from cti.testing import NODE, Scenario

SPRING = CampaignId("spring")
ANN, BOB = AgentId("ann"), AgentId("bob")
PROGRESSIVE, PREDICTIVE, PREVIEW = CampaignMode.PROGRESSIVE, CampaignMode.PREDICTIVE, CampaignMode.PREVIEW


def floor(*names: str, lines: bool = True) -> Scenario:
    """A queue and these agents, ready and connected, on a switch that has been seen."""
    day = Scenario()
    day.queue("support")
    for name in names:
        day.agent(name)
    day.call("early")
    day.caller_hangs_up("early")
    if lines:
        day.stays_connected(*names)
    return day


# -- dialling ----------------------------------------------------------------------------------------------------------


def test_progressive_dials_one_number_for_each_agent_who_stays_connected() -> None:
    day = floor("ann", "bob")
    day.agent("tim")
    day.campaign(mode=PROGRESSIVE, leads=5)
    assert day.dialled() == ["l1", "l2"]
    assert day.state.campaigns[SPRING].reserved == ("ann", "bob")
    assert [lead.lead_id for lead in day.state.campaigns[SPRING].leads] == ["l3", "l4", "l5"]


def test_without_agents_nothing_is_dialled_and_with_the_first_one_it_begins() -> None:
    day = floor("ann", lines=False)
    day.campaign(mode=PREDICTIVE, leads=5)
    assert not day.dialled()
    day.stays_connected("ann")
    day.expect(DialLead, lead_id=LeadId("l1"))


def test_a_campaign_that_is_not_started_is_silent_and_a_paused_one_lets_go_of_its_agents() -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, leads=3)
    day.send(CampaignPaused(campaign_id=SPRING))
    day.callee_fails("l1")
    assert not day.dialled()
    day.expect(AgentReserved, agent_id=ANN, campaign_id=None)
    day.send(CampaignStarted(campaign_id=SPRING))
    assert day.dialled() == ["l2"]


def test_a_live_answer_is_put_through_to_the_reserved_agent_in_the_same_decision() -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, leads=1)
    day.callee_answers("l1")
    day.expect(ContactQueued, outbound=True, campaign_id=SPRING, lead_id=LeadId("l1"))
    assert day.expect(AssignmentOffered, agent_id=ANN).why.rule == RESERVED
    day.expect(AssignmentStarted)
    day.expect(JoinLegs, agent_leg=day.state.agents[ANN].line_leg)
    day.expect(AttemptEnded, result=DialResult.CONNECTED)
    day.expect_no(RingAgent)
    assert day.state.campaigns[SPRING].book.live == 1


@pytest.mark.lesson(7)
def test_after_the_wrap_up_the_next_number_is_dialled() -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, leads=2)
    day.callee_answers("l1")
    assert not day.dialled()
    day.customer_hangs_up("ann")
    day.wraps_up("ann", "sold")
    assert day.dialled() == ["l2"]


def test_an_answer_without_an_agent_waits_and_is_told_sorry_after_the_limit() -> None:
    day = floor("ann")
    day.campaign(mode=PREDICTIVE, leads=2, cap_permyriad=10_000)
    assert len(day.dialled()) == 2
    day.callee_answers("l1")
    day.callee_answers("l2")
    day.expect_no(AssignmentOffered)
    day.advance(ms=1_999)
    assert day.dialled() == ["l2"]
    day.advance(ms=1)
    day.expect(ContactClosed, disposition=SYSTEM_NO_AGENT)
    day.expect(Apologise, campaign_id=SPRING)
    day.expect(AttemptEnded, result=DialResult.ABANDONED)
    assert day.state.campaigns[SPRING].book.abandoned == 1


def test_an_agent_who_comes_free_within_the_limit_gets_him_before_everybody_who_waits() -> None:
    day = floor("ann")
    day.campaign(mode=PREDICTIVE, leads=2, cap_permyriad=10_000)
    day.callee_answers("l1")
    day.call("caller", waited_s=100)
    day.callee_answers("l2")
    day.customer_hangs_up("ann")
    day.wraps_up("ann")
    day.expect(AttemptEnded, result=DialResult.CONNECTED, lead_id=LeadId("l2"))
    assert day.served_by("caller") is None


def test_a_callee_who_hangs_up_while_he_waits_counts_as_abandoned() -> None:
    day = floor("ann")
    day.campaign(mode=PREDICTIVE, leads=2, cap_permyriad=10_000)
    day.callee_answers("l1")
    day.callee_answers("l2")
    day.callee_hangs_up("l2")
    day.expect(AttemptEnded, result=DialResult.ABANDONED)
    day.expect_no(ContactQueued, medium=Medium.TASK)


@pytest.mark.parametrize(
    ("cause", "result"),
    [
        (LegCause.BUSY, DialResult.BUSY),
        (LegCause.NO_ANSWER, DialResult.NO_ANSWER),
        (LegCause.NO_SUCH_NUMBER, DialResult.NO_SUCH_NUMBER),
        (LegCause.CONGESTION, DialResult.CONGESTION),
        (LegCause.REJECTED, DialResult.REJECTED),
    ],
)
def test_a_failed_attempt_has_its_result_and_the_next_is_due_by_its_rule(cause: LegCause, result: DialResult) -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, leads=1, retries=(Retry(result=result, after_ms=60_000, attempts=2),))
    day.callee_fails("l1", cause)
    day.expect(AttemptEnded, result=result, attempts=1, next_ms=day.clock.now_ms + 60_000)


def test_a_result_without_a_rule_is_the_last_word() -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, leads=1, retries=(Retry(result=DialResult.BUSY, after_ms=60_000),))
    day.callee_fails("l1", LegCause.NO_SUCH_NUMBER)
    day.expect(AttemptEnded, result=DialResult.NO_SUCH_NUMBER, next_ms=None)


def test_the_last_attempt_is_the_last() -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, retries=(Retry(result=DialResult.BUSY, after_ms=60_000, attempts=2),))
    day.send(LeadsGiven(campaign_id=SPRING, leads=(Lead(lead_id=LeadId("l1"), attempts=1),)))
    day.callee_fails("l1", LegCause.BUSY)
    day.expect(AttemptEnded, attempts=2, next_ms=None)


def test_a_dial_lost_with_the_switch_is_no_attempt_and_is_made_again() -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, leads=1)
    day.callee_fails("l1", LegCause.LOST)
    day.expect(AttemptEnded, result=DialResult.LOST, attempts=0, next_ms=day.clock.now_ms + 60_000)


def test_who_picked_up_while_no_engine_was_there_counts_as_abandoned() -> None:
    day = floor("ann", "bob")
    day.campaign(mode=PROGRESSIVE, leads=3)
    day.callee_fails("l1", LegCause.LOST, alone=True)
    day.expect(AttemptEnded, result=DialResult.ABANDONED, attempts=1)
    book = day.state.campaigns[SPRING].book
    assert (book.live, book.abandoned) == (1, 1)
    assert day.dialled() == ["l2", "l3"]


@pytest.mark.lesson(12)
def test_a_dial_of_which_nothing_is_heard_is_given_up() -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, leads=1, ring_limit_ms=20_000)
    day.advance(seconds=22)
    day.expect(AttemptEnded, result=DialResult.NO_ANSWER)
    day.expect(EndLeg)


@pytest.mark.lesson(13)
@pytest.mark.parametrize("folding", [False, True], ids=["snapshot", "facts"])
def test_after_a_restart_a_dial_of_which_nothing_is_heard_takes_no_place_for_long(folding: bool) -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, leads=2, ring_limit_ms=20_000)
    assert day.dialled() == ["l1"]
    day.restart(folding=folding)
    day.advance(seconds=40)
    assert [fact.lead_id for fact in day.facts if isinstance(fact, AttemptEnded)][:1] == ["l1"]
    assert "l1" not in day.dialled()


@pytest.mark.lesson(7)
def test_who_is_rung_or_talks_or_writes_is_not_counted_as_free() -> None:
    day = floor("ann", "bob")
    day.call("c1")
    day.call("c2")
    day.pop_shown("ann")
    day.campaign(mode=PROGRESSIVE, leads=9)
    assert not day.state.campaigns[SPRING].reserved
    assert not day.dialled()
    day.caller_hangs_up("c1")
    assert not day.dialled(), "he writes"
    day.wraps_up("ann")
    assert day.dialled() == ["l1"]


def test_a_lead_is_dialled_once_however_often_it_is_given() -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, leads=2)
    day.gives_leads("spring", "l1", "l2", "l2", "l3")
    assert [lead.lead_id for lead in day.state.campaigns[SPRING].leads] == ["l2", "l3"]
    day.send(LeadsTakenBack(campaign_id=SPRING, lead_ids=(LeadId("l2"), LeadId("nobody"))))
    assert [lead.lead_id for lead in day.state.campaigns[SPRING].leads] == ["l3"]


def test_too_many_leads_are_refused_and_change_nothing() -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE)
    with pytest.raises(RuleError, match="1000"):
        day.gives_leads("spring", *(f"l{at}" for at in range(1_001)))
    assert not day.state.campaigns[SPRING].leads


def test_a_closed_campaign_dials_nobody_and_takes_no_leads() -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, leads=3)
    day.send(CampaignClosed(campaign_id=SPRING))
    day.callee_fails("l1")
    assert not day.dialled()
    with pytest.raises(RuleError, match="no longer"):
        day.gives_leads("spring", "l9")
    with pytest.raises(NotFound):
        day.gives_leads("winter", "l9")


# -- machines ----------------------------------------------------------------------------------------------------------


def test_a_machine_is_hung_up_and_takes_no_agent() -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, leads=1, detects_machines=True)
    day.callee_answers("l1")
    day.expect(DetectMachine)
    day.expect_no(ContactQueued)
    day.callee_answers("l1", machine=True)
    day.expect(AttemptEnded, result=DialResult.MACHINE)
    day.expect(EndLeg)
    assert day.state.campaigns[SPRING].book.live == 0


def test_a_doubt_is_a_human_and_so_is_one_who_is_not_told_in_time() -> None:
    for told in (True, False):
        day = floor("ann")
        day.campaign(mode=PROGRESSIVE, leads=1, detects_machines=True)
        day.callee_answers("l1")
        if told:
            day.callee_answers("l1", machine=False)
        else:
            day.advance(seconds=6)
        day.expect(AttemptEnded, result=DialResult.CONNECTED)


def test_who_hangs_up_while_he_is_listened_to_was_no_answer() -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, leads=1, detects_machines=True)
    day.callee_answers("l1")
    day.callee_hangs_up("l1")
    day.expect(AttemptEnded, result=DialResult.NO_ANSWER)


# -- agents, and whoever else waits ------------------------------------------------------------------------------------


def test_a_caller_comes_before_the_campaign_once_those_dialled_are_decided() -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, leads=3)
    day.call("caller")
    assert day.served_by("caller") is None, "the one who is being dialled was promised this agent"
    day.callee_fails("l1")
    assert day.served_by("caller") == "ann"
    assert not day.dialled()


def test_an_agent_on_a_break_keeps_the_promise_and_no_more() -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, leads=3)
    day.takes_a_break("ann")
    assert day.state.agents[ANN].reserved_for == SPRING
    day.callee_answers("l1")
    day.expect(AssignmentStarted)
    day.customer_hangs_up("ann")
    day.wraps_up("ann")
    assert not day.dialled()
    assert day.state.agents[ANN].readiness == "not_ready"


def test_a_break_begins_for_the_campaign_when_nobody_who_is_dialled_is_owed_the_agent() -> None:
    day = floor("ann", "bob")
    day.campaign(mode=PROGRESSIVE, leads=3)
    day.takes_a_break("ann")
    day.callee_fails("l1")
    assert day.state.campaigns[SPRING].reserved == ("bob",)
    assert day.dialled() == ["l2"]


def test_signing_out_waits_until_nobody_who_is_dialled_is_owed_the_agent() -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, leads=3)
    day.send(AgentSignedOut(agent_id=ANN))
    assert day.state.agents[ANN].leaving
    day.callee_fails("l1")
    assert day.state.agents[ANN].readiness == "offline"
    assert day.state.agents[ANN].line_leg is None
    assert not day.dialled()


def test_who_signed_out_while_owed_takes_the_callee_and_leaves_after_him() -> None:
    day = floor("ann")
    day.campaign(mode=PROGRESSIVE, leads=3)
    day.send(AgentSignedOut(agent_id=ANN))
    day.callee_answers("l1")
    day.expect(AttemptEnded, result=DialResult.CONNECTED)
    day.customer_hangs_up("ann")
    day.wraps_up("ann")
    assert day.state.agents[ANN].readiness == "offline"


def test_an_agent_whose_line_is_lost_is_kept_no_longer_and_dials_beyond_the_cap_are_given_up() -> None:
    day = floor("ann", "bob")
    day.campaign(mode=PROGRESSIVE, leads=2)
    leg_id = day.state.agents[BOB].line_leg
    assert leg_id is not None
    day.send(LegEnded(leg_id=leg_id, cause=LegCause.LOST))
    day.expect(EndLeg, leg_id=day.dial("l2").leg_id)
    day.expect_no(AttemptEnded)
    day.callee_fails("l2", LegCause.NORMAL)
    day.expect(AttemptEnded, result=DialResult.GIVEN_UP, attempts=0)
    assert day.state.campaigns[SPRING].reserved == ("ann",)


def test_other_projects_agents_are_not_kept() -> None:
    day = floor("ann")
    day.queue("sales", project="p2")
    day.campaign(mode=PROGRESSIVE, leads=2, queue="sales")
    assert not day.dialled()


def test_two_campaigns_share_the_agents() -> None:
    day = floor("ann", "bob")
    day.campaign("spring", mode=PROGRESSIVE, leads=2)
    day.send(CampaignPaused(campaign_id=SPRING))
    day.callee_fails("l1")
    day.callee_fails("l2")
    day.campaign("autumn", mode=PROGRESSIVE)
    day.gives_leads("autumn", "m1")
    day.gives_leads("spring", "l3", "l4", "l5")
    day.send(CampaignStarted(campaign_id=SPRING))
    assert "m1" in day.dialled()


# -- preview -----------------------------------------------------------------------------------------------------------


def test_in_preview_an_agent_sees_the_lead_and_has_it_called() -> None:
    day = floor("ann", lines=False)
    day.campaign(mode=PREVIEW, leads=2)
    day.expect_no(RingAgent)
    day.expect_no(DialLead)
    day.accepts("ann")
    day.expect(RingAgent)
    day.picks_up("ann")
    day.expect(DialCustomer)
    day.customer_answers("ann")
    day.expect(AttemptEnded, result=DialResult.CONNECTED)
    day.customer_hangs_up("ann")
    day.wraps_up("ann", "sold")
    day.expect(LeadShown)


def test_with_a_line_the_lead_is_dialled_at_the_agents_word() -> None:
    day = floor("ann")
    day.campaign(mode=PREVIEW, leads=1)
    day.accepts("ann")
    day.expect(DialCustomer)
    day.customer_fails("ann", LegCause.BUSY)
    day.expect(AttemptEnded, result=DialResult.BUSY)


def test_a_skipped_lead_is_noted_and_the_next_is_shown() -> None:
    day = floor("ann", lines=False)
    day.campaign(mode=PREVIEW, leads=2)
    day.send(OfferRejected(assignment_id=day.assignment("ann").id))
    day.expect(AttemptEnded, result=DialResult.SKIPPED, lead_id=LeadId("l1"), attempts=0)
    day.expect(LeadShown)
    assert day.state.agents[ANN].readiness == "ready"


def test_who_looks_at_a_lead_for_too_long_is_away() -> None:
    day = floor("ann", lines=False)
    day.campaign(mode=PREVIEW, leads=2, preview_limit_ms=60_000)
    day.advance(seconds=60)
    day.expect(AttemptEnded, result=DialResult.SKIPPED)
    assert day.state.agents[ANN].readiness == "not_ready"
    assert not day.dialled()


def test_accepting_twice_is_once() -> None:
    day = floor("ann")
    day.campaign(mode=PREVIEW, leads=1)
    held = day.assignment("ann").id
    day.send(OfferAccepted(assignment_id=held))
    with pytest.raises(RuleError):
        day.send(OfferAccepted(assignment_id=held))
    assert len(day.state.assignments) == 1


# -- the book ----------------------------------------------------------------------------------------------------------


def test_a_new_window_begins_a_new_book_and_older_dials_count_in_theirs() -> None:
    day = floor("ann", "bob")
    day.campaign(mode=PROGRESSIVE, leads=1, window_ms=3_600_000)
    day.callee_answers("l1")
    day.advance(seconds=3_590)
    day.gives_leads("spring", "l2")
    day.advance(seconds=11)
    day.customer_hangs_up("ann")
    day.gives_leads("spring", "l3")
    day.expect(WindowBegun, window=2, at_ms=day.clock.now_ms - 1_000)
    day.wraps_up("ann")
    day.callee_answers("l2")
    day.expect(AttemptEnded, result=DialResult.CONNECTED)
    assert day.state.campaigns[SPRING].book.live == 0, "l2 was dialled in the window before"
    assert day.dial("l3").window == 2


@pytest.mark.parametrize("folding", [False, True], ids=["snapshot", "facts"])
def test_a_restart_keeps_leads_dials_book_and_promises(folding: bool) -> None:
    day = floor("ann", "bob")
    day.campaign(mode=PROGRESSIVE, leads=5)
    day.callee_answers("l1")
    before = day.state.campaigns[SPRING]
    day.restart(folding=folding)
    assert day.state.campaigns[SPRING] == before
    day.callee_answers("l2")
    day.expect(AttemptEnded, result=DialResult.CONNECTED)


def test_who_waited_too_long_while_the_engine_was_dead_is_abandoned_and_not_put_through() -> None:
    day = floor("ann")
    day.campaign(mode=PREDICTIVE, leads=2, cap_permyriad=10_000)
    day.callee_answers("l1")
    day.callee_answers("l2")
    day.clock.now_ms += 15_000
    day.send(EngineStarted(node=NODE))
    day.expect(AttemptEnded, result=DialResult.ABANDONED, lead_id=LeadId("l2"))
    day.customer_hangs_up("ann")
    day.wraps_up("ann")
    assert day.holds_nothing("ann")


Acts = Sequence[tuple[int, int]]


@settings(max_examples=200, deadline=None)
@given(
    agents=st.integers(1, 6),
    cap=st.sampled_from([0, 300, 1_000, 5_000, 10_000]),
    acts=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 255)), max_size=150),
)
def test_whatever_becomes_of_the_dials_the_cap_is_never_passed(agents: int, cap: int, acts: Acts) -> None:
    names = [f"ann{at}" for at in range(agents)]
    day = floor(*names)
    day.campaign(mode=PREDICTIVE, leads=400, cap_permyriad=cap, window_ms=0)
    for kind, pick in acts:
        _act(day, names, kind, pick)
        book = day.state.campaigns[SPRING].book
        assert 10_000 * book.abandoned <= cap * book.live, book


def _act(day: Scenario, names: list[str], kind: int, pick: int) -> None:
    ringing = [dial.lead.lead_id for dial in day.state.dials.values() if dial.answered_ms is None]
    name = names[pick % len(names)]
    held = day.state.agents[AgentId(name)].assignment_ids
    if kind <= 3 and ringing:
        day.callee_answers(ringing[pick % len(ringing)])
    elif kind <= 5 and ringing:
        day.callee_fails(ringing[pick % len(ringing)])
    elif kind == 6 and held:
        if day.assignment(name).wrap_up_ms is None:
            day.hangs_up(name)
        else:
            day.wraps_up(name)
    elif kind == 7:
        day.advance(ms=pick * 40)
    elif kind == 8 and pick % 3 == 0:
        day.takes_a_break(name, f"lunch{pick}")
    elif kind == 8:
        day.call(f"c{day.state.number}")
    elif kind == 9 and not held:
        day.ready(name)
