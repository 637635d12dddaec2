"""A request that its source tells twice is one contact; one for a later time sleeps until then."""

import pytest
from msgspec import structs

from cti.domain import state as states
from cti.domain.commands import RingAgent
from cti.domain.events import ContactArrived
from cti.domain.facts import ContactQueued
from cti.domain.ids import Medium, NodeId, QueueId
from cti.errors import RuleError
from cti.testing import Scenario

MINUTE_MS = 60_000


@pytest.fixture
def day() -> Scenario:
    """A queue, and nobody to serve it."""
    day = Scenario()
    day.queue("support")
    return day


def told(day: Scenario, key: str, *, medium: Medium = Medium.EMAIL, not_before_ms: int | None = None) -> ContactArrived:
    """The request as its source tells it."""
    return ContactArrived(
        medium=medium,
        queue_id=QueueId("support"),
        arrived_ms=day.clock.now_ms,
        source_key=key,
        node=NodeId("n1") if medium is Medium.CALLBACK else None,
        not_before_ms=not_before_ms,
    )


@pytest.mark.parametrize("folding", [False, True], ids=["snapshot", "facts"])
def test_a_request_told_again_is_no_second_contact_even_after_a_restart(day: Scenario, folding: bool) -> None:
    day.send(told(day, "k1"))
    day.restart(folding=folding)
    again = day.send(told(day, "k1"))
    assert not again.facts
    assert day.send(told(day, "k2")).facts
    assert list(day.state.sources) == ["k1", "k2"]


def test_a_request_that_is_closed_is_known_still(day: Scenario) -> None:
    day.agent("ann")
    day.send(told(day, "k1"))
    day.accepts("ann")
    day.hangs_up("ann")
    day.wraps_up("ann")
    assert not day.send(told(day, "k1")).facts


def test_a_callback_told_again_is_the_same_and_no_second_one_of_its_customer(day: Scenario) -> None:
    asked = structs.replace(told(day, "k1", medium=Medium.CALLBACK), address_key="anna")
    day.send(asked)
    assert not day.send(asked).facts
    with pytest.raises(RuleError):
        day.send(structs.replace(asked, source_key="k2"))


def test_only_the_newest_requests_are_known_by_their_keys(day: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "KEPT_SOURCES", 2)
    for key in ("k1", "k2", "k3"):
        day.send(told(day, key))
    assert list(day.state.sources) == ["k2", "k3"]


def test_a_request_without_a_key_is_always_a_new_one(day: Scenario) -> None:
    for _ in range(2):
        assert any(isinstance(fact, ContactQueued) for fact in day.send(told(day, "")).facts)


def test_a_callback_for_a_later_time_is_offered_then_and_not_before(day: Scenario) -> None:
    day.agent("ann")
    day.send(told(day, "k1", medium=Medium.CALLBACK, not_before_ms=day.clock.now_ms + 10 * MINUTE_MS))
    day.expect_no(RingAgent)
    day.advance(seconds=599)
    assert not day.state.assignments
    day.advance(seconds=1)
    assert day.state.assignments


def test_only_a_callback_can_be_wanted_later(day: Scenario) -> None:
    with pytest.raises(RuleError, match="Only a callback"):
        day.send(told(day, "k1", not_before_ms=day.clock.now_ms + MINUTE_MS))
