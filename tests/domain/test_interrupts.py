"""What may interrupt what: work is paused by an offer, and goes on when what interrupted it is over."""

import pytest

from cti.domain.capacity import Capacity, Exclusion, Interrupt, Share
from cti.domain.events import (
    AgentEnrolled,
    AgentRemoved,
    AgentSignedOut,
    ContactCancelled,
    ContactTakenBack,
    DesktopLost,
    HangUpRequested,
    OfferAccepted,
    OfferRejected,
    WrapUpFinished,
)
from cti.domain.facts import (
    AssignmentClosed,
    AssignmentOffered,
    AssignmentPaused,
    AssignmentUnpaused,
    ContactRequeued,
    OfferEnded,
    ReadinessChanged,
    WrapUpStarted,
)
from cti.domain.ids import AgentId, AssignmentId, DispositionId, Medium, ProjectId, Readiness
from cti.domain.states import AssignmentState
from cti.errors import RuleError
from cti.testing import Scenario

MAILS_GIVE_WAY = Capacity(
    shares=(
        Share(medium=Medium.VOICE, limit=1),
        Share(medium=Medium.EMAIL, limit=2),
        Share(medium=Medium.CHAT, limit=3, cost=20),
    ),
    exclusions=(
        Exclusion(holding=Medium.EMAIL, bars=Medium.VOICE),
        Exclusion(holding=Medium.VOICE, bars=Medium.EMAIL),
    ),
    interrupts=(Interrupt(by=Medium.VOICE, pauses=Medium.EMAIL),),
)


def at_a_mail(*, mails: int = 1) -> Scenario:
    """Ann works on m1 (and m2)."""
    day = Scenario()
    day.queue("support")
    day.agent("ann", capacity=MAILS_GIVE_WAY)
    for number in range(mails):
        day.task(f"m{number + 1}", medium=Medium.EMAIL)
        day.accepts("ann")
    return day


def of(day: Scenario, name: str) -> AssignmentId:
    assignment_id = day.contact(name).assignment_id
    assert assignment_id is not None
    return assignment_id


def state(day: Scenario, name: str) -> AssignmentState:
    return day.state.assignments[of(day, name)].state


def test_a_call_pauses_the_mail_when_it_is_offered_and_the_mail_goes_on_when_the_call_is_closed() -> None:
    day = at_a_mail()
    day.call("c1")
    paused = day.expect(AssignmentPaused)
    assert paused.assignment_id == of(day, "m1")
    assert paused.by == day.expect(AssignmentOffered).assignment_id
    day.picks_up("ann")
    day.caller_hangs_up("c1")
    assert state(day, "m1") is AssignmentState.PAUSED
    day.wraps_up("ann")
    day.expect(AssignmentUnpaused)
    assert state(day, "m1") is AssignmentState.ACTIVE


def test_a_mail_that_is_only_offered_is_not_interrupted() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann", capacity=MAILS_GIVE_WAY)
    day.task("m1", medium=Medium.EMAIL)
    day.call("c1")
    assert day.served_by("c1") is None
    day.accepts("ann")
    assert day.served_by("c1") == "ann"
    assert state(day, "m1") is AssignmentState.PAUSED


def test_a_chat_interrupts_nothing_that_its_profile_does_not_name() -> None:
    day = at_a_mail()
    day.task("h1", medium=Medium.CHAT)
    day.expect_no(AssignmentPaused)
    assert day.served_by("h1") == "ann"


@pytest.mark.parametrize("how", ["rejected", "no answer", "caller leaves"])
def test_the_mail_goes_on_when_the_offer_that_paused_it_fails(how: str) -> None:
    day = at_a_mail()
    day.call("c1")
    day.pop_shown("ann")
    match how:
        case "rejected":
            day.send(OfferRejected(assignment_id=of(day, "c1")))
        case "no answer":
            day.advance(seconds=16)
        case _:
            day.caller_hangs_up("c1")
    day.expect(OfferEnded)
    day.expect(AssignmentUnpaused)
    assert state(day, "m1") is AssignmentState.ACTIVE


def test_both_mails_are_paused_and_the_last_interrupted_goes_on_with_the_other() -> None:
    day = at_a_mail(mails=2)
    day.call("c1")
    assert [fact.assignment_id for fact in day.every(AssignmentPaused)] == [of(day, "m2"), of(day, "m1")]
    day.caller_hangs_up("c1")
    assert {fact.assignment_id for fact in day.every(AssignmentUnpaused)} == {of(day, "m1"), of(day, "m2")}


def test_no_more_is_paused_than_is_needed() -> None:
    day = Scenario()
    day.queue("support")
    day.agent(
        "ann",
        capacity=Capacity(
            shares=(Share(medium=Medium.VOICE, limit=1, cost=50), Share(medium=Medium.EMAIL, limit=2, cost=50)),
            interrupts=(Interrupt(by=Medium.VOICE, pauses=Medium.EMAIL),),
        ),
    )
    for name in ("m1", "m2"):
        day.task(name, medium=Medium.EMAIL)
        day.accepts("ann")
    day.call("c1")
    assert day.expect(AssignmentPaused).assignment_id == of(day, "m2")
    assert state(day, "m1") is AssignmentState.ACTIVE


def test_while_a_mail_is_paused_no_other_mail_comes() -> None:
    day = at_a_mail()
    day.call("c1")
    day.picks_up("ann")
    day.task("m2", medium=Medium.EMAIL)
    assert day.served_by("m2") is None
    day.caller_hangs_up("c1")
    day.wraps_up("ann")
    assert state(day, "m1") is AssignmentState.ACTIVE
    assert day.served_by("m2") == "ann"


def test_the_next_call_finds_the_mail_gone_on_and_pauses_it_again() -> None:
    day = at_a_mail()
    day.call("c1")
    day.picks_up("ann")
    day.call("c2")
    day.caller_hangs_up("c1")
    day.wraps_up("ann")
    day.expect(AssignmentUnpaused)
    day.expect(AssignmentPaused)
    assert day.served_by("c2") == "ann"


def test_paused_work_that_is_cancelled_goes_to_wrap_up() -> None:
    day = at_a_mail()
    day.call("c1")
    day.picks_up("ann")
    mail = of(day, "m1")
    day.send(ContactCancelled(contact_id=day.contact_ids["m1"]))
    day.expect(WrapUpStarted, assignment_id=mail)
    day.caller_hangs_up("c1")
    day.expect_no(AssignmentUnpaused)
    day.send(WrapUpFinished(assignment_id=mail, disposition=DispositionId("spam")))
    assert day.closed_as("m1") == "spam"
    assert not day.state.agents[AgentId("ann")].paused


def test_paused_work_can_be_taken_back() -> None:
    day = at_a_mail()
    day.call("c1")
    day.picks_up("ann")
    day.agent("bob")
    day.send(ContactTakenBack(contact_id=day.contact_ids["m1"]))
    day.expect(ContactRequeued)
    day.expect(ReadinessChanged, readiness=Readiness.NOT_READY)
    assert day.served_by("m1") == "bob"
    assert not day.state.agents[AgentId("ann")].paused


def test_paused_work_may_be_finished_meanwhile() -> None:
    day = at_a_mail()
    day.call("c1")
    day.picks_up("ann")
    mail = of(day, "m1")
    day.send(HangUpRequested(assignment_id=mail))
    day.send(WrapUpFinished(assignment_id=mail, disposition=DispositionId("answered")))
    assert day.closed_as("m1") == "answered"
    day.caller_hangs_up("c1")
    day.wraps_up("ann")
    assert day.holds_nothing("ann")


def test_the_acceptance_of_paused_work_said_again_is_nothing() -> None:
    day = at_a_mail()
    mail = of(day, "m1")
    day.call("c1")
    day.send(OfferAccepted(assignment_id=mail))
    assert not day.recent


def test_paused_work_is_not_put_on_hold_nor_resumed_by_hand() -> None:
    day = at_a_mail()
    mail = of(day, "m1")
    day.call("c1")
    for act in (day.holds, day.resumes):
        with pytest.raises(RuleError):
            act("ann")
    assert day.state.assignments[mail].state is AssignmentState.PAUSED


def test_paused_work_goes_back_when_its_agent_stays_without_a_desktop() -> None:
    day = at_a_mail()
    day.call("c1")
    day.picks_up("ann")
    mail = of(day, "m1")
    day.send(DesktopLost(agent_id=AgentId("ann")))
    day.advance(seconds=301)
    day.expect(AssignmentClosed, assignment_id=mail, disposition="agent_lost")
    assert day.served_by("m1") is None
    assert day.served_by("c1") == "ann"


def test_paused_work_goes_back_when_its_agent_is_removed() -> None:
    day = at_a_mail()
    day.call("c1")
    day.picks_up("ann")
    day.send(AgentRemoved(agent_id=AgentId("ann")))
    assert day.served_by("m1") is None
    assert day.served_by("c1") == "ann"


def test_one_who_asked_to_leave_goes_on_with_the_mail_and_leaves_after_it() -> None:
    day = at_a_mail()
    day.call("c1")
    day.picks_up("ann")
    day.send(AgentSignedOut(agent_id=AgentId("ann")))
    day.caller_hangs_up("c1")
    day.wraps_up("ann")
    assert state(day, "m1") is AssignmentState.ACTIVE
    day.hangs_up("ann")
    day.wraps_up("ann")
    day.expect(ReadinessChanged, readiness=Readiness.OFFLINE)


def test_a_wider_profile_lets_paused_work_go_on_at_once() -> None:
    day = at_a_mail()
    day.call("c1")
    day.picks_up("ann")
    wider = Capacity(shares=MAILS_GIVE_WAY.shares)
    day.send(AgentEnrolled(agent_id=AgentId("ann"), project_ids=(ProjectId("demo"),), capacity=wider))
    day.expect(AssignmentUnpaused)


@pytest.mark.parametrize("folding", [False, True])
def test_what_is_paused_stays_so_over_a_restart(folding: bool) -> None:
    day = at_a_mail()
    day.call("c1")
    day.picks_up("ann")
    day.restart(folding=folding)
    assert state(day, "m1") is AssignmentState.PAUSED
    day.caller_hangs_up("c1")
    day.wraps_up("ann")
    assert state(day, "m1") is AssignmentState.ACTIVE
