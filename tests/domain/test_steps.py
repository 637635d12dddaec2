"""Steps: what is done for a contact while it waits, when, and how often."""

import pytest

from cti.domain.commands import Announce, PlayMusic, SendAway
from cti.domain.contact import plan_ms
from cti.domain.events import (
    CallbackRule,
    HoursSet,
    MoveRequested,
    OpenSpan,
    QueueClosed,
    QueueOpened,
    Step,
    TimerFired,
)
from cti.domain.facts import (
    AssignmentOffered,
    CallbackOffered,
    ContactClosed,
    ContactMoved,
    ContactQueued,
    StepTaken,
    WaitPlanned,
)
from cti.domain.ids import (
    SYSTEM_OVERFLOWED,
    Announcement,
    DestinationId,
    HoursId,
    LegCause,
    Medium,
    ProjectId,
    QueueId,
    SiteId,
    TimerId,
)
from cti.errors import RuleError
from cti.testing import START_MS, Scenario, caller_leg, levels

OVERFLOW = QueueId("overflow")
VOICEMAIL = DestinationId("voicemail")
ALWAYS = tuple(OpenSpan(weekday=day, from_minute=0, to_minute=1440) for day in range(7))


def centre(*steps: Step, skills: dict[str, int] | None = None, sites: tuple[str, ...] = ()) -> Scenario:
    day = Scenario()
    day.queue("overflow", steps=[Step(after_ms=60_000, priority=1)])
    day.queue("support", steps=steps, skills=skills, sites=sites, callback=CallbackRule())
    return day


# -- who is asked ------------------------------------------------------------------------------------------------------


def test_a_step_relaxes_a_skill_at_its_time() -> None:
    day = centre(Step(after_ms=10_000, relax=levels({"en": 3})), skills={"en": 5})
    day.agent("ann", skills={"en": 3})
    day.call("c1")
    day.advance(seconds=9.999)
    assert day.served_by("c1") is None
    day.advance(ms=1)
    day.expect(StepTaken, step=0)
    assert day.served_by("c1") == "ann"


def test_a_step_drops_a_skill() -> None:
    day = centre(Step(after_ms=10_000, relax=levels({"en": 0})), skills={"en": 5})
    day.agent("ann")
    day.call("c1")
    day.advance(seconds=10)
    assert day.served_by("c1") == "ann"


def test_a_step_asks_for_more() -> None:
    day = centre(Step(after_ms=10_000, add="patient or senior >= 3"))
    day.call("c1")
    day.advance(seconds=10)
    day.agent("ann", skills={"senior": 2})
    assert day.served_by("c1") is None
    day.agent("bob", skills={"patient": 1})
    assert day.served_by("c1") == "bob"


def test_a_step_widens_to_a_site() -> None:
    day = centre(Step(after_ms=10_000, sites=(SiteId("south"),)), sites=("north",))
    day.agent("ann", site="south")
    day.agent("bob")
    day.call("c1")
    assert day.served_by("c1") is None
    day.advance(seconds=10)
    assert day.served_by("c1") == "ann"


def test_the_contacts_own_skills_are_relaxed_too() -> None:
    day = centre(Step(after_ms=10_000, relax=levels({"ru": 1})))
    day.agent("ann", skills={"ru": 1})
    day.call("c1", skills={"ru": 7})
    day.advance(seconds=10)
    assert day.served_by("c1") == "ann"


def test_those_who_were_asked_first_keep_precedence() -> None:
    day = centre(
        Step(after_ms=10_000, relax=levels({"en": 3})),
        Step(after_ms=20_000, relax=levels({"en": 0})),
        skills={"en": 5},
    )
    for name, level in (("ann", 0), ("bob", 4), ("cyd", 5)):
        day.agent(name, skills={"en": level} if level else {})
    day.call("c2")
    assert day.served_by("c2") == "cyd"
    day.picks_up("cyd")
    day.call("c3")
    day.advance(seconds=10)
    assert day.served_by("c3") == "bob"
    day.picks_up("bob")
    day.call("c4")
    day.advance(seconds=20)
    assert day.served_by("c4") == "ann"


def test_among_many_the_inner_ring_is_asked_first() -> None:
    day = centre(Step(after_ms=10_000, relax=levels({"en": 1})), skills={"en": 5})
    for number in range(40):
        day.agent(f"outer{number:02}", skills={"en": 4, "other": 9})
    day.call("c0")
    day.advance(seconds=10)
    served = day.served_by("c0")
    assert served is not None
    assert served.startswith("outer")
    day.agent("inner", skills={"en": 5}, ready=False)
    day.call("c1")
    day.ready("inner")
    assert day.served_by("c1") == "inner"


# -- order -------------------------------------------------------------------------------------------------------------


def test_a_step_gives_points_once_however_often_it_comes() -> None:
    day = centre(Step(after_ms=10_000, every_ms=10_000, priority=2))
    day.call("c1")
    day.advance(seconds=100)
    assert day.contact("c1").priority == 2
    assert len(day.every(StepTaken)) == 1


def test_points_given_by_a_step_count_at_once() -> None:
    day = centre(Step(after_ms=10_000, priority=5))
    day.call("c1")
    day.advance(seconds=10)
    day.call("c2", waited_s=200)
    day.agent("ann")
    assert day.served_by("c1") == "ann"


# -- announcing --------------------------------------------------------------------------------------------------------


def test_the_place_is_announced_again_and_again_by_the_clock() -> None:
    day = centre(Step(after_ms=10_000, every_ms=20_000, announce=(Announcement.POSITION,)))
    day.call("c1", waited_s=5)
    day.call("c2")
    day.advance(seconds=29)
    assert [told.position for told in day.every(Announce)] == [1, 2]
    day.caller_hangs_up("c1")
    day.advance(seconds=1)
    told = day.expect(Announce)
    assert (told.leg_id, told.position, told.offer_callback) == (caller_leg("c2"), 1, False)


def test_nothing_is_announced_where_nobody_listens() -> None:
    day = centre(Step(after_ms=10_000, every_ms=20_000, announce=(Announcement.POSITION,)))
    day.task("m1", medium=Medium.EMAIL)
    day.advance(seconds=60)
    day.expect_no(Announce)


def test_an_unknown_wait_is_not_announced() -> None:
    day = centre(Step(after_ms=10_000, announce=(Announcement.EXPECTED_WAIT,)))
    day.call("c1")
    day.advance(seconds=10)
    day.expect_no(Announce)


def test_a_callback_is_offered_only_where_the_queue_has_a_rule_for_it() -> None:
    for rule in (CallbackRule(), None):
        day = Scenario()
        day.queue("support", callback=rule, steps=[Step(after_ms=5_000, offer_callback=True)])
        day.call("c1")
        day.advance(seconds=5)
        assert len(day.every(Announce)) == len(day.every(CallbackOffered)) == (rule is not None)


# -- leaving -----------------------------------------------------------------------------------------------------------


def test_overflow_to_another_queue_keeps_the_seniority_and_starts_the_clock_anew() -> None:
    day = centre(Step(after_ms=30_000, to_queue=OVERFLOW))
    day.call("c1")
    day.advance(seconds=30)
    day.expect(ContactMoved, queue_id=OVERFLOW)
    day.expect(PlayMusic, queue_id=OVERFLOW)
    contact = day.contact("c1")
    assert (contact.arrived_ms, contact.queued_ms) == (START_MS, START_MS + 30_000)
    day.call("c2", queue="overflow", waited_s=29)
    day.advance(seconds=59)
    assert day.contact("c1").priority == 0
    day.advance(seconds=1)
    assert day.contact("c1").priority == 1
    day.agent("ann")
    assert day.served_by("c1") == "ann"


def test_overflow_finds_whoever_is_free_there_at_once() -> None:
    day = Scenario()
    day.queue("overflow")
    day.queue("support", skills={"en": 5}, steps=[Step(after_ms=30_000, to_queue=OVERFLOW)])
    day.agent("ann")
    day.call("c1")
    day.advance(seconds=30)
    assert day.served_by("c1") == "ann"
    day.expect_no(PlayMusic)


@pytest.mark.parametrize("why", ["closed", "another project's", "unknown", "the same"])
def test_a_queue_that_cannot_be_overflowed_to_keeps_the_contact(why: str) -> None:
    target = QueueId("support" if why == "the same" else "nowhere" if why == "unknown" else "overflow")
    day = centre(Step(after_ms=30_000, to_queue=target), Step(after_ms=40_000, to_destination=VOICEMAIL))
    if why == "closed":
        day.send(QueueClosed(queue_id=OVERFLOW))
    elif why == "another project's":
        day.send(QueueOpened(queue_id=OVERFLOW, project_id=ProjectId("rival")))
    day.call("c1")
    day.advance(seconds=30)
    day.expect_no(ContactMoved)
    assert day.contact("c1").queue_id == "support"
    day.advance(seconds=10)
    day.expect(SendAway)


def test_a_call_is_sent_to_a_place_outside_and_is_over() -> None:
    day = centre(Step(after_ms=30_000, to_destination=VOICEMAIL))
    day.call("c1")
    day.advance(seconds=30)
    day.expect(SendAway, leg_id=caller_leg("c1"), destination=VOICEMAIL)
    day.expect(ContactClosed, disposition=SYSTEM_OVERFLOWED)
    day.caller_hangs_up("c1")
    assert not day.recent


def test_what_has_no_leg_stays() -> None:
    day = centre(Step(after_ms=30_000, to_destination=VOICEMAIL))
    day.task("m1", medium=Medium.EMAIL)
    day.advance(seconds=60)
    assert day.closed_as("m1") is None


def test_after_the_step_that_takes_it_away_no_other_is_taken() -> None:
    day = centre(
        Step(after_ms=30_000, priority=1),
        Step(after_ms=30_000, to_queue=OVERFLOW),
        Step(after_ms=30_000, announce=(Announcement.POSITION,)),
    )
    day.call("c1")
    day.advance(seconds=30)
    assert day.contact("c1").priority == 1
    day.expect_no(Announce)


# -- conditions --------------------------------------------------------------------------------------------------------


def test_a_step_for_those_far_behind_leaves_the_first_alone() -> None:
    day = centre(Step(after_ms=10_000, if_position_over=1, to_queue=OVERFLOW))
    day.call("c1", waited_s=1)
    day.call("c2")
    day.advance(seconds=10)
    assert [fact.contact_id for fact in day.every(ContactMoved)] == [day.contact_ids["c2"]]


@pytest.mark.lesson(8)
def test_a_step_for_want_of_agents_counts_the_busy_ones_and_not_those_who_are_away() -> None:
    day = centre(Step(after_ms=10_000, if_eligible_under=1, to_queue=OVERFLOW), skills={"en": 1})
    day.agent("ann", skills={"en": 5})
    day.agent("bob", ready=False, skills={"en": 5})
    day.call("c0")
    day.picks_up("ann")
    day.call("c1")
    day.advance(seconds=10)
    day.expect_no(ContactMoved)
    day.takes_a_break("ann")
    day.call("c2")
    day.advance(seconds=10)
    day.expect(ContactMoved, contact_id=day.contact_ids["c2"])


def test_a_contact_kept_for_one_agent_does_not_want_for_agents() -> None:
    day = centre(Step(after_ms=10_000, if_eligible_under=2, to_queue=OVERFLOW))
    day.agent("ann")
    day.call("c0")
    day.picks_up("ann")
    day.agent("bob")
    day.call("c1", preferred=["ann"], hold_for_s=[30])
    day.advance(seconds=10)
    day.expect_no(ContactMoved)


def test_a_step_on_a_long_expected_wait_is_not_taken_while_nothing_is_known() -> None:
    day = centre(Step(after_ms=10_000, if_expected_over_ms=0, to_queue=OVERFLOW))
    day.call("c1")
    day.advance(seconds=10)
    day.expect_no(ContactMoved)


@pytest.mark.parametrize(("weekly", "is_open"), [(ALWAYS, True), ((), False)])
def test_steps_may_depend_on_opening_hours(weekly: tuple[OpenSpan, ...], is_open: bool) -> None:
    hours_id = HoursId("office")
    day = centre(
        Step(after_ms=10_000, if_open=hours_id, priority=1),
        Step(after_ms=20_000, if_closed=hours_id, to_destination=VOICEMAIL),
    )
    day.send(HoursSet(hours_id=hours_id, tz="Europe/Moscow", weekly=weekly))
    day.call("c1")
    day.advance(seconds=10)
    assert day.contact("c1").priority == (1 if is_open else 0)
    day.advance(seconds=10)
    assert (day.closed_as("c1") is None) is is_open


def test_unknown_hours_are_neither_open_nor_closed() -> None:
    hours_id = HoursId("nobody knows")
    day = centre(
        Step(after_ms=10_000, if_open=hours_id, priority=1), Step(after_ms=10_000, if_closed=hours_id, priority=1)
    )
    day.call("c1")
    day.advance(seconds=10)
    assert day.contact("c1").priority == 0


def test_all_conditions_must_hold_at_its_instant_and_a_repeated_step_tries_again() -> None:
    day = centre(
        Step(after_ms=10_000, every_ms=10_000, if_position_over=1, if_eligible_under=1, to_queue=OVERFLOW),
    )
    day.agent("ann")
    day.call("c0")
    day.picks_up("ann")
    day.call("c1", waited_s=1)
    day.call("c2")
    day.advance(seconds=10)
    day.expect_no(ContactMoved)
    day.takes_a_break("ann")
    day.advance(seconds=10)
    assert [fact.contact_id for fact in day.every(ContactMoved)] == [day.contact_ids["c2"]]


def test_a_condition_missed_once_is_not_tried_again_without_a_repeat() -> None:
    day = centre(Step(after_ms=10_000, if_position_over=1, to_queue=OVERFLOW))
    day.call("c1")
    day.advance(seconds=10)
    day.call("c0", waited_s=100)
    day.advance(seconds=9)
    day.expect_no(ContactMoved)
    assert plan_ms(day.contact("c1")) is None


# -- the clock ---------------------------------------------------------------------------------------------------------


def test_a_late_timer_does_once_what_it_would_have_done_on_time() -> None:
    day = centre(
        Step(after_ms=5_000, priority=1), Step(after_ms=10_000, every_ms=1_000, announce=(Announcement.POSITION,))
    )
    day.call("c1")
    day.clock.advance(seconds=60)
    day.advance()
    assert len(day.every(Announce)) == 1
    assert len(day.every(StepTaken)) == 1
    day.advance(seconds=1)
    assert len(day.every(Announce)) == 1


def test_a_timer_that_comes_too_early_or_twice_is_nothing() -> None:
    day = centre(Step(after_ms=10_000, priority=1))
    day.call("c1")
    timer = TimerFired(timer_id=TimerId(f"step:{day.contact_ids['c1']}"))
    day.send(timer)
    day.expect_no(StepTaken)
    day.advance(seconds=10)
    day.send(timer)
    assert not day.recent


@pytest.mark.parametrize("folding", [False, True])
def test_the_clock_survives_a_restart(folding: bool) -> None:
    day = centre(
        Step(after_ms=10_000, priority=1),
        Step(after_ms=30_000, priority=1),
        Step(after_ms=60_000, every_ms=10_000, announce=(Announcement.POSITION,)),
    )
    day.call("c1")
    day.advance(seconds=20)
    day.restart(folding=folding)
    day.advance(seconds=9)
    assert day.contact("c1").priority == 1
    day.advance(seconds=1)
    assert day.contact("c1").priority == 2
    day.advance(seconds=29)
    day.restart(folding=folding)
    day.advance(seconds=5)
    assert len(day.every(Announce)) == 1


@pytest.mark.parametrize("folding", [False, True])
def test_the_clock_runs_on_while_the_contact_is_offered(folding: bool) -> None:
    day = centre(Step(after_ms=10_000, priority=1), Step(after_ms=20_000, priority=1))
    day.call("c1")
    day.advance(seconds=5)
    day.agent("ann")
    day.pop_shown("ann")
    day.advance(seconds=10)
    assert day.contact("c1").priority == 0
    day.restart(folding=folding)
    day.ring_fails("ann", LegCause.NO_ANSWER)
    day.advance()
    assert day.contact("c1").priority == 1
    day.advance(seconds=5)
    assert day.contact("c1").priority == 2


def test_the_clock_runs_on_after_its_agent_was_lost() -> None:
    day = centre(Step(after_ms=60_000, priority=3))
    day.agent("ann")
    day.call("c1")
    day.picks_up("ann")
    day.advance(seconds=30)
    day.agent_leg_ends("ann", LegCause.LOST)
    day.advance(seconds=25)
    assert day.served_by("c1") is None
    day.advance(seconds=5)
    assert day.contact("c1").priority == 3


def test_a_step_taken_keeps_its_effect_wherever_new_rules_put_it() -> None:
    relax = Step(after_ms=10_000, relax=levels({"en": 3}))
    day = centre(relax, skills={"en": 5})
    day.call("c1")
    day.advance(seconds=10)
    day.queue("support", steps=[Step(after_ms=5_000, relax=levels({"ru": 1})), relax], skills={"en": 5, "ru": 5})
    day.agent("ann", skills={"en": 3})
    day.agent("bob", skills={"en": 3, "ru": 1})
    assert day.served_by("c1") is None
    day.agent("eve", skills={"en": 3, "ru": 5})
    assert day.served_by("c1") == "eve"


def test_a_step_taken_that_new_rules_no_longer_have_is_undone() -> None:
    day = centre(Step(after_ms=10_000, relax=levels({"en": 3})), skills={"en": 5})
    day.call("c1")
    day.advance(seconds=10)
    day.queue("support", steps=[Step(after_ms=20_000, relax=levels({"en": 2}))], skills={"en": 5})
    day.agent("ann", skills={"en": 3})
    assert day.served_by("c1") is None
    day.advance(seconds=10)
    assert day.served_by("c1") == "ann"


def test_new_rules_count_for_those_who_wait() -> None:
    day = centre()
    day.call("c1")
    day.advance(seconds=5)
    day.queue("support", steps=[Step(after_ms=10_000, priority=1)])
    day.expect(WaitPlanned)
    day.advance(seconds=5)
    assert day.contact("c1").priority == 1


def test_a_contact_that_is_served_has_no_step() -> None:
    day = centre(Step(after_ms=10_000, priority=1, to_queue=OVERFLOW))
    day.agent("ann")
    day.call("c1")
    day.picks_up("ann")
    day.advance(seconds=60)
    assert day.contact("c1").priority == 0
    day.expect_no(ContactMoved)


def test_a_step_at_the_very_beginning_comes_after_those_who_are_free_were_asked() -> None:
    day = centre(Step(after_ms=0, to_destination=VOICEMAIL))
    day.agent("ann")
    day.call("c1")
    day.advance(seconds=1)
    assert day.served_by("c1") == "ann"
    day.call("c2")
    day.advance(ms=1)
    assert day.closed_as("c2") == SYSTEM_OVERFLOWED
    assert sum(isinstance(fact, ContactQueued | AssignmentOffered) for fact in day.facts) == 3


# -- a supervisor's word -----------------------------------------------------------------------------------------------


def test_a_waiting_contact_is_moved_with_its_seniority_and_offered_there() -> None:
    day = Scenario()
    day.queue("support", skills={"technical": 5})
    day.queue("sales")
    day.agent("ann")
    day.call("c1")
    day.advance(seconds=30)
    day.send(MoveRequested(contact_id=day.contact_ids["c1"], queue_id=QueueId("sales")))
    assert (day.served_by("c1"), day.contact("c1").queue_id) == ("ann", "sales")
    assert day.contact("c1").arrived_ms == day.clock.now_ms - 30_000


def test_nobody_is_moved_into_another_project_s_queue_nor_out_of_a_talk() -> None:
    day = Scenario()
    day.queue("support")
    day.queue("sales")
    day.queue("theirs", project="other")
    day.call("c1")
    with pytest.raises(RuleError, match="cannot wait in that queue"):
        day.send(MoveRequested(contact_id=day.contact_ids["c1"], queue_id=QueueId("theirs")))
    day.agent("ann")
    day.picks_up("ann")
    with pytest.raises(RuleError):
        day.send(MoveRequested(contact_id=day.contact_ids["c1"], queue_id=QueueId("sales")))
    assert day.contact("c1").queue_id == "support"
