"""The order of what waits: seniority, weights, priority, tiers, urgency, strictness; and that changes count at once."""

import pytest

from cti.domain.events import AgentEnrolled
from cti.domain.facts import AssignmentOffered, ContactQueued, ContactUrged, PriorityGiven
from cti.domain.ids import AgentId, Medium, ProjectId
from cti.domain.queue import MOST_POINTS
from cti.testing import Scenario


def served_in_turn(day: Scenario, agent: str = "ann") -> list[str]:
    """Who is served, in order, by one agent who works off all that waits."""
    names = {contact_id: name for name, contact_id in day.contact_ids.items()}
    found = []
    while not day.holds_nothing(agent):
        assignment = day.assignment(agent)
        found.append(names[assignment.contact_id])
        if assignment.medium is Medium.VOICE:
            day.picks_up(agent)
        else:
            day.accepts(agent)
        day.hangs_up(agent)
        day.wraps_up(agent)
    return found


def test_whoever_came_first_is_first_whatever_his_medium() -> None:
    day = Scenario()
    day.queue("support")
    day.task("mail", medium=Medium.EMAIL)
    day.advance(seconds=1)
    day.call("call")
    day.advance(seconds=1)
    day.task("chat", medium=Medium.CHAT)
    day.agent("ann")
    assert served_in_turn(day) == ["mail", "call", "chat"]


def test_a_weight_makes_the_waiting_of_a_medium_count_for_more_or_less() -> None:
    day = Scenario()
    day.queue("support", weights={Medium.EMAIL: 50, Medium.CHAT: 300})
    day.task("mail", medium=Medium.EMAIL, waited_s=100)  # 50
    day.call("call", waited_s=60)  # 60
    day.task("chat", medium=Medium.CHAT, waited_s=18)  # 54
    day.agent("ann")
    assert served_in_turn(day) == ["call", "chat", "mail"]


def test_a_weight_goes_on_working_while_they_wait() -> None:
    day = Scenario()
    day.queue("support", weights={Medium.CHAT: 200})
    day.call("call", waited_s=60)
    day.task("chat", medium=Medium.CHAT)
    day.advance(seconds=59)
    day.call("probe")
    contacts = [day.contact(name) for name in ("call", "chat")]
    queue_id = contacts[0].queue_id
    ids = [contact.id for contact in contacts]
    assert day.state.index.ordered(queue_id, day.clock.now_ms)[:2] == ids
    day.advance(seconds=2)
    assert day.state.index.ordered(queue_id, day.clock.now_ms)[:2] == ids[::-1]


def test_a_point_of_priority_is_a_minute_of_waiting() -> None:
    day = Scenario()
    day.queue("support")
    day.queue("vip", priority=1)
    day.call("old", waited_s=61)
    day.call("urgent", queue="vip")
    day.call("young", waited_s=59)
    day.call("pointed", priority=1, waited_s=0.5)
    day.agent("ann")
    assert served_in_turn(day) == ["old", "pointed", "urgent", "young"]


def test_points_are_bounded_either_way() -> None:
    day = Scenario()
    day.queue("support")
    day.call("c1", priority=1_000)
    assert day.contact("c1").priority == MOST_POINTS
    day.given_priority("c1", -1_000)
    assert day.contact("c1").priority == -MOST_POINTS


def test_a_tier_is_worth_what_its_queue_says() -> None:
    day = Scenario()
    day.queue("support", tier_credit_s=10)
    day.call("plain", waited_s=25)
    day.call("silver", tier=2)
    day.call("gold", tier=3)
    day.agent("ann")
    assert served_in_turn(day) == ["gold", "plain", "silver"]


def test_a_strict_queue_goes_before_all_others_in_order_of_credit_then_arrival() -> None:
    day = Scenario()
    day.queue("support", priority=10)
    day.queue("emergency", strict=True)
    day.call("old", waited_s=100_000)
    day.call("first", queue="emergency", waited_s=50)
    day.call("second", queue="emergency", waited_s=40)
    day.call("pointed", queue="emergency", priority=1)
    day.agent("ann")
    assert served_in_turn(day) == ["pointed", "first", "second", "old"]


# -- urgency -----------------------------------------------------------------------------------------------------------


def test_a_contact_becomes_urgent_once_at_four_fifths_of_its_service_level() -> None:
    day = Scenario()
    day.queue("support", service_level_s=20, urgency_s=120)
    day.call("c1")
    day.advance(seconds=15.999)
    day.expect_no(ContactUrged)
    day.advance(ms=1)
    day.expect(ContactUrged)
    day.advance(seconds=3_600)
    day.expect_no(ContactUrged)


def test_each_medium_has_a_service_level_of_its_own() -> None:
    day = Scenario()
    day.queue("support", service_level_s=20, service_levels_s={Medium.EMAIL: 3_600}, urgency_s=120)
    day.task("mail", medium=Medium.EMAIL)
    day.call("call")
    day.advance(seconds=16)
    assert (day.contact("call").urged, day.contact("mail").urged) == (True, False)
    day.advance(seconds=3_600 * 0.8 - 16.001)
    day.expect_no(ContactUrged)
    day.advance(ms=1)
    day.expect(ContactUrged)
    assert day.contact("mail").urged


def test_urgency_is_worth_what_its_queue_says() -> None:
    day = Scenario()
    day.queue("support")
    day.queue("fast", service_level_s=10, urgency_s=60)
    day.call("old", waited_s=50)
    day.call("fast", queue="fast")
    day.advance(seconds=7)
    assert day.contact("fast").urged is False
    day.advance(seconds=1)
    day.agent("ann")
    assert served_in_turn(day) == ["fast", "old"]


def test_one_who_waited_elsewhere_before_is_urgent_at_once() -> None:
    day = Scenario()
    day.queue("support", service_level_s=20, urgency_s=60)
    day.call("c1", waited_s=100)
    day.advance(ms=1)
    day.expect(ContactUrged)


def test_a_contact_that_was_offered_at_its_instant_is_urgent_when_the_offer_fails() -> None:
    day = Scenario()
    day.queue("support", service_level_s=20, urgency_s=60, ring_limit_s=15)
    day.call("c1")
    day.advance(seconds=10)
    day.agent("ann")
    day.pop_shown("ann")
    day.advance(seconds=14)
    day.expect_no(ContactUrged)
    day.advance(seconds=2)
    day.expect(ContactUrged)


@pytest.mark.parametrize("folding", [False, True])
def test_urgency_survives_a_restart_and_is_given_once(folding: bool) -> None:
    day = Scenario()
    day.queue("support", service_level_s=20, urgency_s=60)
    day.call("c1")
    day.restart(folding=folding)
    day.advance(seconds=20)
    day.expect(ContactUrged)
    day.restart(folding=folding)
    assert day.contact("c1").urged
    day.advance(seconds=60)
    day.expect_no(ContactUrged)


# -- at once -----------------------------------------------------------------------------------------------------------


def test_a_priority_given_by_a_supervisor_counts_at_the_very_next_decision() -> None:
    day = Scenario()
    day.queue("support")
    day.call("c1", waited_s=50)
    day.call("c2")
    day.given_priority("c2", 1)
    day.expect(PriorityGiven)
    day.given_priority("c2", 1)
    day.expect_no(PriorityGiven)
    day.agent("ann")
    assert day.served_by("c2") == "ann"


def test_a_skill_given_counts_at_the_very_next_decision() -> None:
    day = Scenario()
    day.queue("support", skills={"en": 5})
    day.agent("ann", skills={"en": 4})
    day.call("c1")
    assert day.served_by("c1") is None
    day.learns("ann", {"en": 5})
    day.expect(AssignmentOffered)


def test_a_skill_taken_counts_at_the_very_next_decision() -> None:
    day = Scenario()
    day.queue("support", skills={"en": 5})
    day.agent("ann", skills={"en": 5})
    day.learns("ann", {"ru": 5})
    day.call("c1")
    assert day.served_by("c1") is None


def test_a_project_given_or_taken_counts_at_the_very_next_decision() -> None:
    day = Scenario()
    day.queue("support", project="p1")
    day.agent("ann", projects=["p2"])
    day.call("c1")
    assert day.served_by("c1") is None
    day.send(AgentEnrolled(agent_id=AgentId("ann"), project_ids=(ProjectId("p1"),)))
    assert day.served_by("c1") == "ann"


# -- C01 ---------------------------------------------------------------------------------------------------------------


def test_500_calls_and_500_mails_at_equal_priority_are_served_without_one_inversion() -> None:
    day = Scenario(checked=False)
    day.queue("support")
    for number in range(500):
        # Their order of coming: call, mail, mail, call, …, so that neither medium's order is the other's.
        first, second = ("call", "mail") if number % 2 else ("mail", "call")
        for kind in (first, second):
            if kind == "call":
                day.call(f"call {number}")
            else:
                day.task(f"mail {number}", medium=Medium.EMAIL)
            day.clock.advance(ms=137 + number % 5)
    came = [fact.contact_id for fact in day.facts if isinstance(fact, ContactQueued)]
    for name in ("ann", "bob", "cyd"):
        day.agent(name)
    agents = 0
    while day.state.contacts:
        name = ("ann", "bob", "cyd")[agents % 3]
        agents += 1
        if day.holds_nothing(name):
            continue
        if day.assignment(name).medium is Medium.VOICE:
            day.picks_up(name)
        else:
            day.accepts(name)
        day.hangs_up(name)
        day.wraps_up(name)
    assert [fact.contact_id for fact in day.facts if isinstance(fact, AssignmentOffered)] == came
    assert len(came) == 1_000
