"""Recorded streams of callbacks, and what they mean. Needs no Asterisk."""

import pytest

from cti.asterisk import translate, wire
from cti.domain.events import CallbackRequested, LegAnswered, LegEnded, RingFailed
from cti.domain.ids import AssignmentId, LegCause, LegId, QueueId
from cti.ports import CallerEntered, CallerLost
from cti.variables import Lost
from tests.asterisk.test_translate import NODE, meaning, recorded


def test_of_all_keys_that_a_caller_presses_one_is_told_and_no_digit_is() -> None:
    entered, asked, ended = meaning(recorded("caller_asks_for_callback"))
    assert isinstance(entered, CallerEntered)
    assert asked == CallbackRequested(leg_id=entered.leg_id)
    assert ended == LegEnded(leg_id=entered.leg_id, cause=LegCause.NORMAL)


@pytest.mark.parametrize("leg_id", ["leg-a1-1", "customer-a1"])
def test_keys_on_a_leg_that_we_made_are_nobodys_business(leg_id: str) -> None:
    pressed = wire.Message(type="ChannelDtmfReceived", digit="1", channel=wire.Channel(id=leg_id))
    assert meaning([pressed]) == []


def test_a_customer_who_answers_is_told_like_an_agent_by_the_leg_that_he_is() -> None:
    leg_id = LegId("customer-a1")
    assert meaning(recorded("customer_answers")) == [
        LegAnswered(assignment_id=AssignmentId("a1"), leg_id=leg_id, node=NODE),
        LegEnded(leg_id=leg_id, cause=LegCause.NORMAL),
    ]


def test_a_customer_who_is_busy_is_one_failed_ring() -> None:
    assert meaning(recorded("customer_busy")) == [
        RingFailed(assignment_id=AssignmentId("a2"), leg_id=LegId("customer-a2"), cause=LegCause.BUSY)
    ]


@pytest.mark.parametrize(
    ("leg_id", "assignment"), [("customer-a12", "a12"), ("customer-a12-2", "a12-2"), ("customer-", None)]
)
def test_a_customers_leg_names_its_assignment(leg_id: str, assignment: str | None) -> None:
    assert translate.assignment_of(leg_id) == assignment


class Told(dict[str, str]):
    """A message of AMI: what it lacks is empty."""

    def __getattr__(self, name: str) -> str:
        return self.get(name, "")


def test_a_caller_without_a_line_is_told_with_a_number_that_can_be_called() -> None:
    told = Told(
        queue="support", calleridnum="89161234567", calleridname="<unknown>", dialled="+78005550102", speaks="ru"
    )
    assert translate.lost(told, region="RU") == CallerLost(
        queue_id=QueueId("support"),
        number="+79161234567",
        name="",
        dialled="+78005550102",
        language="ru",
        path="",
        why=Lost.LINES_BUSY,
        at_ms=0,
    )
