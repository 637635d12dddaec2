"""Being called back instead of waiting: the same contact in the same place, until its customer is reached."""

import pytest

from cti.domain.acd import snapshot
from cti.domain.commands import (
    Announce,
    DialCustomer,
    DropBridge,
    EndLeg,
    JoinLegs,
    PlayMusic,
    PromiseCallback,
    RingAgent,
    SendAway,
)
from cti.domain.deadlines import open_rings
from cti.domain.events import (
    CallbackMoved,
    CallbackRequested,
    CallbackRule,
    ClockStepped,
    ContactCancelled,
    HoursSet,
    LegAnswered,
    LegEnded,
    OpenSpan,
    PhoneReachable,
    Step,
    SwitchLost,
    SwitchReturned,
)
from cti.domain.facts import (
    AgentLegLost,
    CallbackAccepted,
    CallbackPostponed,
    ContactQueued,
    ContactRequeued,
    CustomerReached,
    CustomerRung,
    WrapUpStarted,
)
from cti.domain.ids import (
    SYSTEM_CALLBACK_FAILED,
    SYSTEM_DUPLICATE,
    SYSTEM_NOT_REACHED,
    AgentId,
    Device,
    EndedBy,
    HoursId,
    LegCause,
    Medium,
)
from cti.domain.states import AssignmentState, ContactState
from cti.errors import RuleError
from cti.testing import NODE, START_MS, Scenario, caller_leg

HOUR_S = 3600
ON_TUESDAY_AND_WEDNESDAY_FROM_8_TO_23 = tuple(
    OpenSpan(weekday=day, from_minute=8 * 60, to_minute=23 * 60) for day in (1, 2)
)


def centre(*, rule: CallbackRule | None = None, lost_to: str | None = None) -> Scenario:
    day = Scenario()
    day.queue("missed")
    day.queue(
        "support",
        callback=rule if rule is not None else CallbackRule(attempts=2, retry_ms=600_000, ring_limit_ms=30_000),
        lost_to=lost_to,
        steps=[Step(after_ms=10_000, every_ms=30_000, offer_callback=True)],
    )
    return day


def promised(*, rule: CallbackRule | None = None, lost_to: str | None = None) -> Scenario:
    """C1 has waited 20 s and pressed the key."""
    day = centre(rule=rule, lost_to=lost_to)
    day.call("c1", key="k1")
    day.advance(seconds=20)
    day.presses_the_key("c1")
    return day


def dialling(*, rule: CallbackRule | None = None, lost_to: str | None = None, device: Device = Device.SIP) -> Scenario:
    """Ann has answered and hears the customer's phone ringing."""
    day = promised(rule=rule, lost_to=lost_to)
    day.agent("ann", device=device)
    day.picks_up("ann")
    return day


def talking(*, device: Device = Device.SIP) -> Scenario:
    day = dialling(device=device)
    day.customer_answers("ann")
    return day


# -- the promise -------------------------------------------------------------------------------------------------------


def test_the_offer_is_announced_and_the_key_promises_a_call() -> None:
    day = centre()
    day.call("c1")
    day.advance(seconds=10)
    assert day.expect(Announce).offer_callback
    day.presses_the_key("c1")
    day.expect(PromiseCallback, leg_id=caller_leg("c1"))
    contact = day.contact("c1")
    assert (contact.medium, contact.leg_id) == (Medium.CALLBACK, None)


def test_the_key_is_nothing_before_the_offer() -> None:
    day = centre()
    day.call("c1")
    day.presses_the_key("c1")
    day.expect_no(CallbackAccepted)
    assert day.contact("c1").medium is Medium.VOICE


def test_the_key_pressed_twice_is_pressed_once() -> None:
    day = promised()
    day.presses_the_key("c1")
    assert not day.recent


def test_the_end_of_the_promised_callers_leg_changes_nothing() -> None:
    day = promised()
    day.caller_hangs_up("c1")
    assert not day.recent
    assert day.contact("c1").state is ContactState.WAITING


def test_a_caller_for_whom_a_phone_rings_already_goes_on_waiting_for_it() -> None:
    day = centre()
    day.call("c1")
    day.advance(seconds=20)
    day.agent("ann")
    day.presses_the_key("c1")
    day.expect_no(PromiseCallback)
    day.picks_up("ann")
    day.expect(JoinLegs)


def test_he_keeps_his_place_and_his_seniority() -> None:
    day = centre()
    day.call("c0")
    day.advance(seconds=11)
    day.call("c1")
    day.presses_the_key("c0")
    day.advance(seconds=5)
    before = day.contact("c0")
    assert day.state.index.ordered(before.queue_id, day.clock.now_ms) == [before.id, day.contact_ids["c1"]]
    assert before.arrived_ms == START_MS
    day.agent("ann")
    assert day.served_by("c0") == "ann"


def test_one_callback_a_customer_is_pending() -> None:
    day = promised()
    day.call("c2", key="k1")
    day.advance(seconds=10)
    day.presses_the_key("c2")
    day.expect(PromiseCallback)
    assert day.closed_as("c2") == SYSTEM_DUPLICATE
    with pytest.raises(RuleError) as refused:
        day.task("again", medium=Medium.CALLBACK, key="k1")
    assert refused.value.code == "callback_pending"
    day.task("another", medium=Medium.CALLBACK, key="k2")


def test_customers_without_a_key_are_never_taken_for_one() -> None:
    day = centre()
    for name in ("c1", "c2"):
        day.call(name)
    day.advance(seconds=10)
    for name in ("c1", "c2"):
        day.presses_the_key(name)
        day.expect(CallbackAccepted)


def test_after_his_callback_is_over_a_customer_may_ask_again() -> None:
    day = talking()
    day.customer_hangs_up("ann")
    day.wraps_up("ann")
    day.task("again", medium=Medium.CALLBACK, key="k1")
    assert day.served_by("again") == "ann"


def test_while_his_agent_still_writes_of_his_callback_a_customer_may_ask_again() -> None:
    day = talking()
    day.customer_hangs_up("ann")
    day.call("c2", key="k1")
    day.advance(seconds=10)
    day.presses_the_key("c2")
    day.expect(CallbackAccepted)
    day.wraps_up("ann")
    with pytest.raises(RuleError) as refused:
        day.task("again", medium=Medium.CALLBACK, key="k1")
    assert refused.value.code == "callback_pending"


# -- the call ----------------------------------------------------------------------------------------------------------


def test_the_agent_is_rung_then_the_customer_is_dialled_then_both_are_joined() -> None:
    day = promised()
    day.agent("ann")
    day.pop_shown("ann")
    ring = day.expect(RingAgent)
    day.expect_no(DialCustomer)
    day.answers("ann")
    dial = day.expect(DialCustomer, agent_leg=ring.leg_id, limit_ms=30_000)
    day.expect_no(JoinLegs)
    day.customer_answers("ann")
    day.expect(CustomerReached)
    day.expect(JoinLegs, caller_leg=dial.leg_id, agent_leg=ring.leg_id)
    day.advance(seconds=120)
    assert day.assignment("ann").state is AssignmentState.ACTIVE


def test_the_customers_hang_up_brings_wrap_up() -> None:
    day = talking()
    day.customer_hangs_up("ann")
    assert day.expect(WrapUpStarted).ended_by is EndedBy.CUSTOMER
    day.expect(EndLeg, leg_id=day.leg("ann"))
    day.wraps_up("ann", "solved")
    assert day.closed_as("c1") == "solved"
    assert not day.state.callbacks


def test_the_agents_hang_up_brings_wrap_up() -> None:
    day = talking()
    leg = day.customer_leg("ann")
    day.hangs_up("ann")
    assert day.expect(WrapUpStarted).ended_by is EndedBy.AGENT
    day.expect(EndLeg, leg_id=leg)


def test_the_end_of_the_agents_phone_brings_wrap_up() -> None:
    day = talking()
    day.agent_leg_ends("ann")
    assert day.expect(WrapUpStarted).ended_by is EndedBy.AGENT


def test_a_callback_whose_customer_is_there_can_be_held() -> None:
    day = dialling()
    with pytest.raises(RuleError) as refused:
        day.holds("ann")
    assert refused.value.code == "not_answered_yet"
    day.customer_answers("ann")
    day.holds("ann")
    day.resumes("ann")
    day.expect(JoinLegs)


def test_the_agents_answer_said_again_joins_nobody_while_the_customers_phone_rings() -> None:
    day = dialling()
    day.answers("ann")
    assert not day.recent


# -- nobody there ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["busy", "no answer", "leg ended", "time-out", "agent hangs up", "agent's phone"])
def test_a_customer_who_is_not_reached_is_tried_again_after_the_rules_time(how: str) -> None:
    day = dialling()
    dialled = day.customer_leg("ann")
    agents = day.leg("ann")
    match how:
        case "busy":
            day.customer_fails("ann", LegCause.BUSY)
        case "no answer":
            day.customer_fails("ann")
        case "leg ended":
            day.customer_hangs_up("ann", LegCause.REJECTED)
        case "time-out":
            day.advance(seconds=30)
        case "agent hangs up":
            day.hangs_up("ann")
        case _:
            day.agent_leg_ends("ann")
    postponed = day.expect(CallbackPostponed)
    assert (postponed.attempts, postponed.until_ms) == (1, day.clock.now_ms + 600_000)
    for leg_id in (dialled, agents):
        day.expect(EndLeg, leg_id=leg_id)
    day.expect(DropBridge)
    assert day.holds_nothing("ann")
    day.call("c2")
    assert day.served_by("c2") == "ann"
    day.caller_hangs_up("c2")
    day.advance(seconds=599)
    assert day.served_by("c1") is None
    day.advance(seconds=2)
    assert day.served_by("c1") == "ann"
    day.picks_up("ann")
    assert day.expect(DialCustomer).leg_id != dialled


def test_after_the_last_attempt_it_has_failed_and_a_task_is_made() -> None:
    day = dialling(lost_to="missed")
    day.customer_fails("ann")
    day.advance(seconds=600)
    day.picks_up("ann")
    day.customer_fails("ann", LegCause.BUSY)
    assert day.closed_as("c1") == SYSTEM_CALLBACK_FAILED
    task = day.expect(ContactQueued)
    assert (task.medium, task.queue_id, task.origin) == (Medium.TASK, "missed", day.contact_ids["c1"])
    assert day.assignment("ann").contact_id == task.contact_id
    assert not day.state.callbacks


def test_an_agent_who_does_not_answer_is_not_ready_and_the_attempt_does_not_count() -> None:
    day = promised()
    day.agent("ann")
    day.pop_shown("ann")
    day.advance(seconds=16)
    assert day.served_by("c1") is None
    assert day.contact("c1").attempts == 0
    day.ready("ann")
    assert day.served_by("c1") == "ann"


def test_the_leg_of_a_customer_who_answers_too_late_is_ended() -> None:
    day = dialling()
    held, late = day.assignment("ann"), day.customer_leg("ann")
    day.advance(seconds=30)
    day.send(LegAnswered(assignment_id=held.id, leg_id=late, node=NODE))
    day.expect(EndLeg, leg_id=late)
    day.send(LegEnded(leg_id=late, cause=LegCause.NORMAL))
    assert not day.recent


def test_a_callback_withdrawn_while_the_customers_phone_rings_ends_both_legs() -> None:
    day = dialling()
    legs = {day.customer_leg("ann"), day.leg("ann")}
    day.send(ContactCancelled(contact_id=day.contact_ids["c1"]))
    assert {command.leg_id for command in day.every(EndLeg)} == legs
    day.advance(seconds=30)
    day.wraps_up("ann")
    assert day.closed_as("c1") == "solved"


# -- the agent's leg ---------------------------------------------------------------------------------------------------


def test_the_agents_page_lost_while_the_customers_phone_rings_is_an_attempt_that_reached_nobody() -> None:
    day = dialling(device=Device.WEB)
    dialled = day.customer_leg("ann")
    day.agent_leg_ends("ann")
    day.expect(EndLeg, leg_id=dialled)
    day.expect(CallbackPostponed)


def test_an_agent_without_sound_while_the_customers_phone_rings_is_let_go() -> None:
    day = dialling(device=Device.WEB)
    day.asks_to_rejoin("ann")
    day.expect(CallbackPostponed)
    assert day.holds_nothing("ann")


def test_the_customers_answer_said_again_joins_nobody_while_the_agents_phone_rings() -> None:
    day = talking()
    day.agent_leg_ends("ann", LegCause.LOST)
    day.customer_answers("ann")
    assert not day.recent


def test_the_agents_leg_lost_in_the_talk_is_rung_again() -> None:
    day = talking()
    day.agent_leg_ends("ann", LegCause.LOST)
    day.expect(AgentLegLost)
    day.expect(RingAgent)
    day.answers("ann")
    day.expect(JoinLegs)
    day.expect_no(CustomerRung)


def test_the_customer_who_hangs_up_while_his_agent_is_rung_again_was_reached() -> None:
    day = talking()
    day.agent_leg_ends("ann", LegCause.LOST)
    day.customer_hangs_up("ann")
    day.expect(WrapUpStarted)
    day.expect_no(CallbackPostponed)


def test_the_customer_whose_agent_is_lost_for_good_waits_on_the_line_for_another() -> None:
    day = talking()
    customer = day.customer_leg("ann")
    day.agent_leg_ends("ann", LegCause.LOST)
    day.advance(seconds=21)
    day.expect(ContactRequeued)
    day.expect(PlayMusic, leg_id=customer)
    day.agent("bob")
    day.picks_up("bob")
    day.expect(JoinLegs, caller_leg=customer)
    day.expect_no(DialCustomer)


def test_the_customer_who_gives_up_waiting_for_another_agent_is_lost() -> None:
    day = talking()
    customer = day.customer_leg("ann")
    day.agent_leg_ends("ann", LegCause.LOST)
    day.advance(seconds=21)
    day.send(LegEnded(leg_id=customer, cause=LegCause.NORMAL))
    assert day.closed_as("c1") == "abandoned"


# -- calling hours -----------------------------------------------------------------------------------------------------


def in_hours(*, weekly: tuple[OpenSpan, ...] = ON_TUESDAY_AND_WEDNESDAY_FROM_8_TO_23) -> Scenario:
    """It is Tuesday, 22:13:20 UTC."""
    day = centre(rule=CallbackRule(hours=HoursId("calling"), retry_ms=600_000))
    day.send(HoursSet(hours_id=HoursId("calling"), tz="UTC", weekly=weekly))
    day.call("first")
    day.caller_hangs_up("first")  # so a switch has been seen
    return day


def test_nobody_is_called_after_hours_and_everybody_when_they_begin() -> None:
    day = in_hours()
    day.agent("ann")
    day.advance(seconds=HOUR_S)
    day.task("back", medium=Medium.CALLBACK)
    assert day.served_by("back") is None
    day.advance(seconds=8 * HOUR_S)
    assert day.served_by("back") is None
    day.advance(seconds=HOUR_S)
    assert day.offered() == ["back"]


def test_a_customer_whose_agent_answers_after_hours_is_not_dialled_before_they_begin_again() -> None:
    day = in_hours()
    day.call("c1", key="k1")
    day.advance(seconds=10)
    day.presses_the_key("c1")
    day.advance(seconds=2_780)  # 22:59:50
    day.agent("ann")
    day.advance(seconds=11)
    day.answers("ann")
    day.expect_no(DialCustomer)
    day.expect(EndLeg)
    day.expect(CallbackPostponed, attempts=0)
    day.advance(seconds=8.9 * HOUR_S)
    day.expect_no(RingAgent)
    day.advance(seconds=0.2 * HOUR_S)
    day.expect(RingAgent)


def test_an_attempt_given_up_before_it_was_dialled_is_none_though_the_node_was_lost_meanwhile() -> None:
    day = in_hours()
    day.call("c1", key="k1")
    day.advance(seconds=10)
    day.presses_the_key("c1")
    day.advance(seconds=2_780)  # 22:59:50
    day.agent("ann")
    day.advance(seconds=11)
    day.send(SwitchLost(node=NODE))
    day.answers("ann")
    day.expect(CallbackPostponed, attempts=0)


def test_one_who_waits_when_hours_end_is_not_called_before_they_begin_again() -> None:
    day = in_hours()
    day.task("back", medium=Medium.CALLBACK)
    day.advance(seconds=HOUR_S)
    day.agent("ann")
    assert day.served_by("back") is None
    assert not day.offered()
    day.advance(seconds=10 * HOUR_S)
    assert day.offered() == ["back"]


def test_the_end_of_hours_counts_though_nothing_else_is_planned() -> None:
    day = in_hours()
    day.queue("support", callback=CallbackRule(hours=HoursId("calling")))
    day.task("back", medium=Medium.CALLBACK)
    day.advance(seconds=HOUR_S)
    day.agent("ann")
    assert day.served_by("back") is None


def test_a_retry_due_after_hours_waits_for_them() -> None:
    day = in_hours()
    day.agent("ann")
    day.advance(seconds=2_700)
    day.task("back", medium=Medium.CALLBACK)
    day.picks_up("ann")
    day.customer_fails("ann")
    day.advance(seconds=HOUR_S)
    assert day.served_by("back") is None
    day.advance(seconds=9 * HOUR_S)
    assert day.offered() == ["back"]


def test_an_offer_that_fails_after_hours_is_not_made_again_before_they_begin() -> None:
    day = in_hours()
    day.agent("ann")
    day.advance(seconds=2_790)
    day.task("back", medium=Medium.CALLBACK)
    day.pop_shown("ann")
    day.agent("bob")
    day.advance(seconds=20)
    assert day.served_by("back") is None


def test_a_clock_that_steps_out_of_hours_lets_nobody_be_called() -> None:
    day = in_hours()
    day.task("back", medium=Medium.CALLBACK)
    day.clock.advance(seconds=2 * HOUR_S)
    day.send(ClockStepped(by_ms=2 * HOUR_S * 1000))
    day.agent("ann")
    assert day.served_by("back") is None
    day.advance(seconds=10 * HOUR_S)
    assert day.offered() == ["back"]


def test_hours_that_never_begin_are_looked_at_again_and_nobody_is_called() -> None:
    day = in_hours(weekly=())
    day.agent("ann")
    day.task("back", medium=Medium.CALLBACK)
    day.advance(seconds=30 * HOUR_S)
    assert day.served_by("back") is None
    always = tuple(OpenSpan(weekday=weekday, from_minute=0, to_minute=1440) for weekday in range(7))
    day.send(HoursSet(hours_id=HoursId("calling"), tz="UTC", weekly=always))
    day.advance(seconds=24 * HOUR_S)
    assert day.offered() == ["back"]
    day.ready("ann")
    day.picks_up("ann")
    day.customer_fails("ann")
    day.advance(seconds=601)
    assert day.offered() == ["back"]


def test_the_hours_are_of_no_matter_to_a_customer_on_the_line() -> None:
    day = in_hours()
    day.agent("ann")
    day.advance(seconds=2_780)
    day.task("back", medium=Medium.CALLBACK)
    day.picks_up("ann")
    day.customer_answers("ann")
    day.agent_leg_ends("ann", LegCause.LOST)
    day.advance(seconds=60)
    assert day.served_by("back") is None
    day.agent("bob")
    assert day.served_by("back") == "bob"


# -- restarts and nodes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folding", [False, True])
def test_the_sleep_of_a_callback_outlives_the_engine(folding: bool) -> None:
    day = dialling()
    day.customer_fails("ann")
    day.restart(folding=folding)
    day.advance(seconds=590)
    assert day.served_by("c1") is None
    day.advance(seconds=10)
    assert day.served_by("c1") == "ann"


@pytest.mark.parametrize("folding", [False, True])
def test_a_new_engine_dials_nobody_again_and_hears_how_it_ended(folding: bool) -> None:
    day = dialling()
    day.restart(folding=folding)
    day.expect_no(DialCustomer)
    assert not open_rings(day.state, day.clock.now_ms)
    day.customer_answers("ann")
    day.expect(JoinLegs)


def test_a_new_engine_gives_up_a_customer_of_whom_it_hears_nothing() -> None:
    day = dialling()
    day.advance(seconds=29)
    day.restart()
    day.advance(seconds=4)
    day.expect(CallbackPostponed)
    assert day.holds_nothing("ann")


def test_a_callback_waits_while_its_node_is_away() -> None:
    day = promised()
    day.send(SwitchLost(node=NODE))
    day.agent("ann")
    assert day.served_by("c1") is None
    day.send(SwitchReturned(node=NODE))
    assert day.served_by("c1") == "ann"


def test_an_attempt_cut_by_the_nodes_loss_does_not_count() -> None:
    day = dialling()
    day.send(SwitchLost(node=NODE))
    day.advance(seconds=31)
    assert day.expect(CallbackPostponed).attempts == 0


def test_a_callback_asked_for_elsewhere_needs_a_switch() -> None:
    day = centre()
    with pytest.raises(RuleError) as refused:
        day.task("back", medium=Medium.CALLBACK)
    assert refused.value.code == "no_switch"


def test_a_callback_without_a_leg_is_never_sent_away() -> None:
    day = Scenario()
    day.queue("support", callback=CallbackRule(), steps=[Step(after_ms=5_000, offer_callback=True)])
    day.call("c1")
    day.advance(seconds=5)
    day.presses_the_key("c1")
    day.advance(seconds=HOUR_S)
    day.expect_no(SendAway)
    assert day.contact("c1").state is ContactState.WAITING


def test_a_phone_that_comes_back_rings_for_no_customer_who_is_being_dialled() -> None:
    day = dialling()
    day.send(PhoneReachable(agent_id=AgentId("ann"), device=Device.SIP))
    day.expect_no(RingAgent)
    before = snapshot(day.state).contacts
    day.send(CallbackRequested(leg_id=day.customer_leg("ann")))
    assert snapshot(day.state).contacts == before


def test_an_attempt_has_its_own_code() -> None:
    day = dialling()
    day.customer_fails("ann")
    closed = [fact for fact in day.recent if getattr(fact, "disposition", None) == SYSTEM_NOT_REACHED]
    assert len(closed) == 1


# -- at another time ---------------------------------------------------------------------------------------------------


def test_one_who_is_being_offered_is_moved_and_the_ring_ends() -> None:
    day = promised()
    day.agent("ann")
    day.pop_shown("ann")
    leg = day.leg("ann")
    number = day.contact("c1").number
    decision = day.send(CallbackMoved(contact_id=day.contact_ids["c1"], not_before_ms=day.clock.now_ms + 3_600_000))
    assert EndLeg(leg_id=leg, node=NODE) in decision.commands
    assert (day.contact("c1").state, day.contact("c1").number) == (ContactState.WAITING, number)
    day.advance(seconds=HOUR_S - 1)
    assert day.contact("c1").state is ContactState.WAITING
    day.advance(seconds=1)
    assert day.contact("c1").state is ContactState.OFFERED


def test_one_who_would_rather_be_called_now_is_offered_at_once() -> None:
    day = promised()
    day.send(CallbackMoved(contact_id=day.contact_ids["c1"], not_before_ms=day.clock.now_ms + 3_600_000))
    day.agent("ann")
    assert day.contact("c1").state is ContactState.WAITING
    day.send(CallbackMoved(contact_id=day.contact_ids["c1"]))
    day.advance(seconds=1)
    assert day.contact("c1").state is ContactState.OFFERED


def test_nobody_moves_a_callback_that_an_agent_is_at() -> None:
    day = dialling()
    before = snapshot(day.state).contacts
    with pytest.raises(RuleError):
        day.send(CallbackMoved(contact_id=day.contact_ids["c1"], not_before_ms=day.clock.now_ms + 3_600_000))
    assert snapshot(day.state).contacts == before
