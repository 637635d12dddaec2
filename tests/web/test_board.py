"""The tables behind the queue list, kept up contact by contact."""

from collections.abc import Mapping
from typing import cast

from cti.domain.events import CallbackRule, ClockStepped, ContactArrived, HoursSet, Step
from cti.domain.ids import AgentId, HoursId, Medium, NodeId, ProjectId, QueueId
from cti.ports import Person, Role
from cti.testing import START_MS, Scenario
from cti.web.board import Board
from cti.web.messages import QueueView
from cti.web.roster import Roster
from cti.web.screens import Screens
from tests.web.test_waits import known, pace

SUPPORT = QueueId("support")


class Names:
    """Everybody sees every project; nothing has a name."""

    def __init__(self, day: Scenario) -> None:
        self._queues = day.state.queues
        self.persons: Mapping[AgentId, Person] = {}

    def projects(self, _: Person) -> frozenset[ProjectId]:
        return frozenset(queue.rules.project_id for queue in self._queues.values())

    def queue_name(self, queue_id: QueueId, _: str) -> str:
        return queue_id


class Looked:
    """A day and the board over it."""

    def __init__(self) -> None:
        self.day = Scenario()
        self.day.send(HoursSet(hours_id=HoursId("never"), tz="UTC", weekly=()))
        self.day.queue(
            "support", callback=CallbackRule(hours=HoursId("never")), steps=[Step(after_ms=1, offer_callback=True)]
        )
        names = Names(self.day)
        self.board = Board(state=self.day.state, roster=cast(Roster, names), screens=cast(Screens, names))

    def support(self) -> QueueView:
        for contact_id in self.day.contact_ids.values():
            self.board.note_contact(contact_id)
        boss = Person(
            agent_id=AgentId("u1"),
            login="boss",
            name="Boss",
            role=Role.SUPERVISOR,
            project_ids=(),
            extension=None,
            language="en",
            skills=(),
            active=True,
        )
        [view] = self.board.queues(boss, [SUPPORT])
        return view


def test_a_queue_tells_who_waits_on_which_medium_and_since_when() -> None:
    world = Looked()
    assert (world.support().waiting, world.support().oldest_arrived_ms) == (0, None)
    world.day.call("c1")
    world.day.advance(seconds=5)
    world.day.task("t1")
    world.day.call("c2")
    view = world.support()
    assert view.waiting_by_medium == {Medium.VOICE: 2, world.day.contact("t1").medium: 1}
    assert (view.waiting, view.oldest_arrived_ms) == (3, START_MS)
    world.day.caller_hangs_up("c1")
    assert (world.support().waiting, world.support().oldest_arrived_ms) == (2, START_MS + 5_000)


def test_the_oldest_arrival_moves_with_the_clock() -> None:
    world = Looked()
    world.day.call("c1")
    world.support()
    world.day.clock.now_ms += 3_600_000
    world.day.send(ClockStepped(by_ms=3_600_000))
    world.board.note_queues(arrivals_moved=True)
    assert world.support().oldest_arrived_ms == START_MS + 3_600_000


def test_a_callback_that_sleeps_until_its_next_try_waits_for_nobody() -> None:
    world = Looked()
    world.day.call("c1", key="k1")
    world.day.advance(seconds=1)
    assert world.support().waiting == 1
    world.day.presses_the_key("c1")
    assert world.day.contact("c1").asleep_until_ms is not None
    view = world.support()
    assert (view.waiting, view.waiting_by_medium, view.oldest_arrived_ms) == (0, {}, None)


def test_a_callback_waits_from_the_time_that_was_asked_for() -> None:
    world = Looked()
    world.day.queue("support", callback=CallbackRule())
    now = world.day.clock.now_ms
    asked = ContactArrived(
        medium=Medium.CALLBACK,
        queue_id=SUPPORT,
        arrived_ms=now,
        node=NodeId("n1"),
        source_key="k1",
        not_before_ms=now + 600_000,
    )
    world.day.send(asked)
    [contact_id] = world.day.state.contacts
    world.board.note_contact(contact_id)
    assert world.support().waiting == 0
    world.day.advance(seconds=601)
    world.board.note_contact(contact_id)
    assert world.support().waiting == 1


def test_a_newcomer_does_not_wait_for_callbacks_that_sleep() -> None:
    world = Looked()
    world.day.state.paces.update(known(pace()))
    world.day.call("c1")
    before = world.support().expected_wait_ms
    assert before is not None
    world.day.call("c2", key="k2")
    world.day.advance(seconds=1)
    assert world.support().expected_wait_ms == before * 3 // 2
    world.day.presses_the_key("c2")
    assert world.day.contact("c2").asleep_until_ms is not None
    assert world.support().expected_wait_ms == before
