"""What screens are told."""

from cti.domain import views
from cti.domain.ids import ContactId, QueueId, Readiness
from cti.domain.states import AssignmentState
from cti.testing import Scenario

SUPPORT = QueueId("support")


def test_who_waits_is_shown_in_order_with_places() -> None:
    day = Scenario()
    day.queue("support")
    day.call("late", waited_s=1)
    day.call("early", waited_s=9)
    shown = views.waiting(day.state, SUPPORT, day.clock.now_ms)
    assert [(row.contact_id, row.position, row.waited_ms) for row in shown] == [
        (day.contact_ids["early"], 1, 9_000),
        (day.contact_ids["late"], 2, 1_000),
    ]
    assert views.position(day.state, day.contact_ids["late"]) == 2
    assert views.position(day.state, ContactId("c0")) is None


def test_queues_count_what_waits_is_offered_and_talks() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.call("c1", waited_s=4)
    day.call("c2", waited_s=2)
    (queue,) = views.queues(day.state, day.clock.now_ms)
    assert (queue.waiting, queue.offered, queue.active, queue.longest_ms) == (1, 1, 0, 4_000)
    day.picks_up("ann")
    (queue,) = views.queues(day.state, day.clock.now_ms)
    assert (queue.waiting, queue.offered, queue.active, queue.longest_ms) == (1, 0, 1, 2_000)


def test_agents_are_shown_with_what_they_do() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("bob", ready=False)
    day.agent("ann")
    day.call("c1")
    day.picks_up("ann")
    day.holds("ann")
    ann, bob = views.agents(day.state)
    assert (ann.agent_id, ann.readiness, ann.free) == ("ann", Readiness.READY, False)
    assert [work.state for work in ann.work] == [AssignmentState.HELD]
    assert (bob.readiness, bob.free, bob.work) == (Readiness.NOT_READY, False, ())
