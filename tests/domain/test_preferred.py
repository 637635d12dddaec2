"""Preferred agents: who is asked first, and how long a contact is kept for one who is busy."""

from cti.domain.capacity import Capacity, Share
from cti.domain.events import (
    AgentRemoved,
    AgentSignedOut,
    ClockStepped,
    PhoneUnreachable,
    Step,
)
from cti.domain.ids import AgentId, Device, Medium
from cti.testing import Scenario


def centre(*, busy: str = "ann") -> Scenario:
    """Ann talks to c0; bob is not there yet."""
    day = Scenario()
    day.queue("support")
    day.agent(busy)
    day.call("c0")
    day.picks_up(busy)
    return day


def kept(day: Scenario, name: str) -> bool:
    return day.contact(name).held_until_ms is not None


def test_a_call_waits_for_its_preferred_agent_while_others_are_free() -> None:
    day = centre()
    day.agent("bob")
    day.call("c1", preferred=["ann"], hold_for_s=[30])
    assert day.served_by("c1") is None
    day.call("c2")
    assert day.served_by("c2") == "bob"


def test_the_preferred_agent_gets_it_as_soon_as_he_is_free() -> None:
    day = centre()
    day.agent("bob")
    day.call("c1", preferred=["ann"], hold_for_s=[30])
    day.hangs_up("ann")
    day.wraps_up("ann")
    assert day.served_by("c1") == "ann"


def test_at_the_end_of_the_hold_anyone_gets_it() -> None:
    day = centre()
    day.agent("bob")
    day.call("c1", preferred=["ann"], hold_for_s=[30])
    day.advance(seconds=29.999)
    assert day.served_by("c1") is None
    day.advance(ms=1)
    assert day.served_by("c1") == "bob"


def test_one_who_is_away_is_never_waited_for() -> None:
    day = centre()
    day.takes_a_break("ann")
    day.agent("bob")
    day.call("c1", preferred=["ann"], hold_for_s=[30])
    assert day.served_by("c1") == "bob"


def test_one_without_the_skill_is_not_waited_for() -> None:
    day = centre()
    day.agent("bob", skills={"en": 3})
    day.call("c1", preferred=["ann"], hold_for_s=[30], skills={"en": 2})
    assert day.served_by("c1") == "bob"


def test_one_who_takes_no_such_medium_is_not_waited_for() -> None:
    day = centre()
    day.agent("bob")
    day.ready("ann", media=[Medium.EMAIL])
    day.call("c1", preferred=["ann"], hold_for_s=[30])
    assert day.served_by("c1") == "bob"
    mails = Capacity(shares=(Share(medium=Medium.EMAIL, limit=1),))
    day.agent("cyd", capacity=mails)
    day.agent("dan")
    day.call("c2", preferred=["cyd"], hold_for_s=[30])
    assert day.served_by("c2") == "dan"


def test_when_the_preferred_agent_goes_away_anyone_gets_it() -> None:
    for leave in ("break", "sign-out", "removal", "other media"):
        day = centre()
        day.agent("bob")
        day.call("c1", preferred=["ann"], hold_for_s=[30])
        assert day.served_by("c1") is None
        match leave:
            case "break":
                day.takes_a_break("ann")
            case "sign-out":
                day.send(AgentSignedOut(agent_id=AgentId("ann")))
            case "removal":
                day.send(AgentRemoved(agent_id=AgentId("ann")))
            case _:
                day.ready("ann", media=[Medium.EMAIL])
        assert day.served_by("c1") == "bob", leave


def test_when_the_preferred_agent_loses_the_skill_anyone_gets_it() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann", skills={"en": 5})
    day.call("c0")
    day.agent("bob", skills={"en": 2})
    day.call("c1", preferred=["ann"], hold_for_s=[30], skills={"en": 1})
    day.learns("ann", {})
    assert day.served_by("c1") == "bob"


def test_when_the_preferred_agents_phone_stays_away_anyone_gets_it_before_the_hold_is_over() -> None:
    day = centre()
    day.agent("bob")
    day.call("c1", preferred=["ann"], hold_for_s=[300])
    day.send(PhoneUnreachable(agent_id=AgentId("ann"), device=Device.SIP))
    day.advance(seconds=11)
    assert day.served_by("c1") == "bob"


def test_a_preferred_agent_who_does_not_answer_is_waited_for_no_longer() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.call("c1", preferred=["ann"], hold_for_s=[300])
    day.agent("bob")
    day.pop_shown("ann")
    day.advance(seconds=16)
    assert day.served_by("c1") == "bob"


def test_the_second_preferred_is_as_good_while_the_first_is_busy() -> None:
    day = centre()
    day.agent("cyd")
    day.agent("bob")
    day.call("c1", preferred=["ann", "bob"], hold_for_s=[30])
    assert day.served_by("c1") == "bob"


def test_each_preferred_agent_is_waited_for_as_long_as_was_said_of_him() -> None:
    day = centre()
    day.agent("bob")
    day.call("c9")
    day.picks_up("bob")
    day.agent("cyd")
    day.call("c1", preferred=["ann", "bob"], hold_for_s=[60, 10])
    day.advance(seconds=5)
    day.takes_a_break("ann")
    assert day.served_by("c1") is None
    day.advance(seconds=5)
    assert day.served_by("c1") == "cyd"


def test_a_preferred_agent_of_whom_no_time_was_said_is_not_waited_for() -> None:
    day = centre()
    day.agent("bob")
    day.call("c9")
    day.picks_up("bob")
    day.agent("cyd")
    day.call("c1", preferred=["ann", "bob"], hold_for_s=[60])
    day.takes_a_break("ann")
    assert day.served_by("c1") == "cyd"


def test_the_hold_outlives_the_engine() -> None:
    for folding in (False, True):
        day = centre()
        day.agent("bob")
        day.call("c1", preferred=["ann"], hold_for_s=[30])
        day.restart(folding=folding)
        assert day.served_by("c1") is None
        assert kept(day, "c1")
        day.advance(seconds=30)
        assert day.served_by("c1") == "bob"


def test_when_a_step_asks_for_what_the_preferred_agent_lacks_anyone_gets_it() -> None:
    day = Scenario()
    day.queue("support", steps=[Step(after_ms=5_000, add="senior")])
    day.agent("ann")
    day.call("c0")
    day.picks_up("ann")
    day.agent("bob", skills={"senior": 1})
    day.call("c1", preferred=["ann"], hold_for_s=[30])
    day.advance(seconds=5)
    assert day.served_by("c1") == "bob"


def test_when_the_queue_asks_for_what_the_preferred_agent_lacks_anyone_gets_it() -> None:
    day = centre()
    day.agent("bob", skills={"senior": 1})
    day.call("c1", preferred=["ann"], hold_for_s=[30])
    day.queue("support", skills={"senior": 1})
    assert day.served_by("c1") == "bob"


def test_a_step_of_the_clock_neither_ends_nor_lengthens_the_hold() -> None:
    day = centre()
    day.agent("bob")
    day.call("c1", preferred=["ann"], hold_for_s=[30])
    day.clock.advance(seconds=86_400)
    day.send(ClockStepped(by_ms=86_400_000))
    day.advance(seconds=29)
    assert day.served_by("c1") is None
    day.advance(seconds=1)
    assert day.served_by("c1") == "bob"
