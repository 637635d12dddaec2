"""What is told of waiting: to people what may be told, to the metrics what preferring somebody costs."""

import pytest

from cti.domain.expected import Pace, PaceKey, key_of
from cti.domain.ids import Medium, QueueId
from cti.domain.state import State
from cti.metrics import Metrics
from cti.testing import Scenario
from cti.web import waits
from cti.web.waits import Kept
from tests.web.world import World

SUPPORT = QueueId("support")


def pace(medium: Medium = Medium.VOICE, *, error_percent: int = 10, checked: int = 8, condition: str = "") -> Pace:
    return Pace(
        queue_id=SUPPORT,
        medium=medium,
        requirements=(),
        condition=condition,
        interval_ms=20_000,
        samples=8,
        checked=checked,
        error_percent=error_percent,
    )


def state_with(*paces: Pace) -> State:
    state = State()
    state.paces.update(known(*paces))
    return state


def known(*paces: Pace) -> dict[PaceKey, Pace]:
    return {key_of(one): one for one in paces}


@pytest.mark.parametrize(
    ("paces", "waiting", "free", "told"),
    [
        ([pace()], 2, 0, 60_000),
        ([pace()], 0, 0, 20_000),
        ([pace()], 0, 1, 0),
        ([pace()], 2, 1, 60_000),
        ([pace(Medium.EMAIL)], 0, 0, 20_000),
        ([pace(error_percent=41)], 0, 1, None),
        ([pace(checked=7)], 0, 1, None),
        ([pace(condition="site moscow")], 0, 1, None),
        ([], 0, 1, None),
    ],
)
def test_a_newcomer_is_told_only_what_was_right_of_late(
    paces: list[Pace], waiting: int, free: int, told: int | None
) -> None:
    assert waits.newcomer_ms(state_with(*paces), SUPPORT, waiting=waiting, free=free) == told


def test_the_error_of_a_queue_is_the_mean_over_its_lines() -> None:
    lines = [pace(error_percent=10, checked=30), pace(Medium.EMAIL, error_percent=50, checked=10)]
    assert waits.errors_percent(state_with(*lines)) == {SUPPORT: 20.0}
    assert waits.errors_percent(state_with(pace(checked=0))) == {}


class Watched:
    """A day, and what is counted of it."""

    def __init__(self) -> None:
        self.day = Scenario()
        self.metrics = Metrics()
        self.kept = Kept(self.metrics)
        self._seen = 0

    def count(self) -> tuple[float, float]:
        """Contacts kept so far, and for how many seconds."""
        self.kept.note(self.day.state, self.day.facts[self._seen :], self.day.clock.now_ms)
        self._seen = len(self.day.facts)
        contacts = self.metrics.counter("triune_held_contacts_total", "").value(queue="support")
        return contacts, self.metrics.counter("triune_held_for_seconds_total", "").value(queue="support")


def test_the_time_for_which_a_contact_is_kept_is_counted_to_the_end_of_its_hold() -> None:
    world = Watched()
    day = world.day
    day.queue("support")
    day.agent("ann")
    day.call("c0")
    day.picks_up("ann")
    day.agent("bob")
    assert world.count() == (0, 0)
    day.call("c1", preferred=["ann"], hold_for_s=[30])
    assert world.count() == (1, 0)
    day.advance(seconds=10)
    assert world.count() == (1, 0)
    day.advance(seconds=20)
    assert day.served_by("c1") == "bob"
    assert world.count() == (1, 30)


def test_one_who_has_his_agent_at_once_or_hangs_up_costs_what_he_waited() -> None:
    world = Watched()
    day = world.day
    day.queue("support")
    day.agent("ann")
    day.call("c0", preferred=["ann"], hold_for_s=[30])
    assert world.count() == (0, 0)
    day.call("c1", preferred=["ann"], hold_for_s=[30])
    world.count()
    day.advance(seconds=4)
    day.caller_hangs_up("c1")
    assert world.count() == (1, 4)


async def test_pages_and_metrics_tell_of_the_expected_wait(world: World) -> None:
    anna = await world.client("anna")
    support = [one for one in (await anna.get("/api/v1/queues")).json() if one["queue_id"] == SUPPORT]
    assert [one["expected_wait_ms"] for one in support] == [None]
    world.engine.state.paces.update(known(pace()))
    support = [one for one in (await anna.get("/api/v1/queues")).json() if one["queue_id"] == SUPPORT]
    assert [one["expected_wait_ms"] for one in support] == [20_000]
    assert 'triune_expected_wait_error_percent{queue="support"} 10' in (await anna.get("/metrics")).text
