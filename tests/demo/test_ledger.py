"""The comparison of both ledgers finds what is planted, and nothing else."""

from dataclasses import replace

import pytest

from cti.demo import ledger
from cti.demo.carrier import Order, Seen, Step, Who
from cti.demo.ledger import CarrierLedger, EngineCount

ANNA, BORIS, VERA = "+79165550001", "+79165550002", "+79165550003"


class Day:
    """A run, told as it happens."""

    def __init__(self) -> None:
        self.ledger = CarrierLedger()
        self.now_s = 0.0

    def sends(self, caller: str) -> "Day":
        self.ledger.sent(Order(label=caller, caller=caller, to="+78005550102"), at_s=self.now_s)
        return self

    def caller(self, label: str, step: Step, *, cause: int = 0) -> "Day":
        return self._see(Seen(at_s=0, who=Who.CALLER, label=label, step=step, leg="", number="", cause=cause))

    def phone(self, extension: str, step: Step, *, shows: str) -> "Day":
        leg = f"{extension}-{shows}"
        return self._see(Seen(at_s=0, who=Who.PHONE, label=extension, step=step, leg=leg, number=shows, cause=0))

    def talk(self, caller: str, extension: str) -> "Day":
        """A whole call: sent, answered by this phone, heard by both, ended."""
        self.sends(caller).phone(extension, Step.ANSWERED, shows=caller).caller(caller, Step.ANSWERED)
        self.caller(caller, Step.HEARD).phone(extension, Step.HEARD, shows=caller)
        return self.phone(extension, Step.ENDED, shows=caller).caller(caller, Step.ENDED, cause=16)

    def _see(self, seen: Seen) -> "Day":
        self.now_s += 1
        self.ledger.take(replace(seen, at_s=self.now_s))
        return self


def engine(*served: str, arrived: int | None = None, abandoned: int = 0, closed: int | None = None) -> EngineCount:
    count = len(served) if arrived is None else arrived
    numbers = [ledger.digits(number) for number in served]
    return EngineCount(
        arrived=count,
        abandoned=abandoned,
        closed=count if closed is None else closed,
        served={number: numbers.count(number) for number in numbers},
    )


def test_ledgers_that_agree_have_no_findings() -> None:
    day = Day().talk(ANNA, "101").talk(BORIS, "102")
    assert ledger.compare(day.ledger, engine(ANNA, BORIS)) == []
    count = day.ledger.count()
    assert (count.sent, count.served, count.lost, count.heard_both_ways) == (2, 2, 0, 2)


def test_a_caller_who_met_nobody_is_lost() -> None:
    day = Day().talk(ANNA, "101").sends(BORIS).caller(BORIS, Step.ANSWERED).caller(BORIS, Step.ENDED, cause=16)
    findings = ledger.compare(day.ledger, engine(ANNA, arrived=2, abandoned=1))
    assert any("1 of 2 calls were lost" in finding and BORIS in finding for finding in findings)
    assert any("1 contacts as abandoned" in finding for finding in findings)


def test_a_call_that_never_became_a_contact_is_found() -> None:
    day = Day().talk(ANNA, "101").talk(BORIS, "102")
    assert any(
        "sent 2 calls, but 1 contacts" in one for one in ledger.compare(day.ledger, engine(ANNA, BORIS, arrived=1))
    )


def test_a_talk_that_the_engine_does_not_know_is_found() -> None:
    day = Day().talk(ANNA, "101").talk(BORIS, "102")
    findings = ledger.compare(day.ledger, engine(ANNA, arrived=2))
    assert [BORIS in finding for finding in findings] == [True]


def test_a_talk_that_only_the_engine_tells_of_is_found() -> None:
    day = Day().talk(ANNA, "101").sends(BORIS).caller(BORIS, Step.ENDED, cause=17)
    findings = ledger.compare(day.ledger, engine(ANNA, BORIS))
    assert any("no phone had" in finding and BORIS in finding for finding in findings)


def test_the_right_sum_of_the_wrong_callers_is_found() -> None:
    day = Day().talk(ANNA, "101").talk(BORIS, "102")
    findings = ledger.compare(day.ledger, engine(ANNA, VERA))
    assert any(BORIS in finding for finding in findings)


def test_two_contacts_for_one_call_are_found() -> None:
    day = Day().talk(ANNA, "101")
    findings = ledger.compare(day.ledger, engine(ANNA, ANNA, arrived=1))
    assert any("more than one answered contact" in finding for finding in findings)


def test_two_phones_for_one_caller_are_found() -> None:
    day = Day().sends(ANNA).phone("101", Step.ANSWERED, shows=ANNA).phone("102", Step.ANSWERED, shows=ANNA)
    day.caller(ANNA, Step.ENDED, cause=16)
    findings = ledger.compare(day.ledger, engine(ANNA))
    assert findings == [f"The phone 102 answered for {ANNA}, who was with phone 101 already."]


def test_a_phone_that_takes_a_lone_caller_back_is_no_second_phone() -> None:
    day = Day().sends(ANNA).phone("101", Step.ANSWERED, shows=ANNA).phone("101", Step.ENDED, shows=ANNA)
    day.phone("101", Step.ANSWERED, shows=ANNA).caller(ANNA, Step.ENDED, cause=16)
    assert ledger.compare(day.ledger, engine(ANNA)) == []
    assert (day.ledger.count().served, day.ledger.count().rejoined) == (1, 1)


def test_a_phone_that_answers_for_one_who_had_gone_is_found() -> None:
    day = Day().sends(ANNA).caller(ANNA, Step.ENDED, cause=16).phone("101", Step.ANSWERED, shows=ANNA)
    assert f"The phone 101 answered for {ANNA}, who had gone." in ledger.compare(day.ledger, engine(ANNA))


def test_a_phone_whose_answer_crosses_the_hang_up_did_nothing_wrong() -> None:
    day = Day().sends(ANNA).caller(ANNA, Step.ENDED, cause=16)
    day.now_s -= 0.5
    day.phone("101", Step.ANSWERED, shows=ANNA)
    assert not day.ledger.oddities


def test_a_talk_of_one_who_went_as_his_phone_answered_is_no_talk_without_a_phone() -> None:
    day = Day().sends(ANNA).caller(ANNA, Step.ENDED, cause=16).phone("101", Step.ANSWERED, shows=ANNA)
    findings = ledger.compare(day.ledger, engine(ANNA))
    assert not any("no phone had" in finding for finding in findings)
    assert any("1 of 1 calls were lost" in finding for finding in findings), "he has spoken to nobody"


@pytest.mark.parametrize("first", [Who.CALLER, Who.PHONE])
def test_a_call_that_the_carrier_confirmed_too_late_counts_as_what_became_of_it(first: Who) -> None:
    day = Day().sends(ANNA)
    day.ledger.refused(ANNA, at_s=day.now_s)
    assert day.ledger.count().lost == 1
    if first is Who.CALLER:
        day.caller(ANNA, Step.ANSWERED)
    day.phone("101", Step.ANSWERED, shows=ANNA)
    assert day.ledger.count().talking == 1
    day.caller(ANNA, Step.ENDED, cause=16)
    assert ledger.compare(day.ledger, engine(ANNA)) == []


def test_a_call_that_is_seen_before_the_carrier_fails_to_confirm_it_goes_on() -> None:
    day = Day().sends(ANNA).phone("101", Step.ANSWERED, shows=ANNA)
    day.ledger.refused(ANNA, at_s=day.now_s)
    day.caller(ANNA, Step.ENDED, cause=16)
    assert ledger.compare(day.ledger, engine(ANNA)) == []


def test_a_contact_that_was_never_closed_is_found() -> None:
    day = Day().talk(ANNA, "101")
    assert ledger.compare(day.ledger, engine(ANNA, closed=0)) == ["1 contacts arrived in the engine, but 0 are closed."]


def test_a_caller_who_still_waits_is_found() -> None:
    day = Day().sends(ANNA).caller(ANNA, Step.ANSWERED)
    assert "1 callers were still waiting at the end." in ledger.compare(day.ledger, engine(arrived=1, closed=1))


def test_counts_begun_anew_are_not_compared_but_talks_are() -> None:
    day = Day().talk(ANNA, "101").talk(BORIS, "102")
    told = replace(engine(ANNA, arrived=0), restarted=True)
    findings = ledger.compare(day.ledger, told)
    assert len(findings) == 1
    assert BORIS in findings[0]


def test_a_number_without_its_plus_is_the_same_number() -> None:
    day = Day().sends(ANNA).phone("101", Step.ANSWERED, shows=ANNA[1:]).caller(ANNA, Step.ENDED, cause=16)
    assert ledger.compare(day.ledger, engine("+7 916 555-00-01")) == []


def test_calls_of_others_are_not_counted() -> None:
    day = Day().talk(ANNA, "101").phone("102", Step.ANSWERED, shows=VERA).caller("another-1", Step.ENDED)
    assert day.ledger.count().sent == 1
    assert ledger.compare(day.ledger, engine(ANNA)) == []


@pytest.mark.parametrize("deaf", [Who.CALLER, Who.PHONE])
def test_a_talk_in_which_one_side_heard_nothing_is_named(deaf: Who) -> None:
    day = Day().sends(ANNA).phone("101", Step.ANSWERED, shows=ANNA)
    if deaf is Who.CALLER:
        day.phone("101", Step.HEARD, shows=ANNA)
    else:
        day.caller(ANNA, Step.HEARD)
    day.caller(ANNA, Step.ENDED, cause=16)
    assert [entry.order.caller for entry in ledger.silent(day.ledger, shortest_s=1.0)] == [ANNA]
    assert ledger.silent(day.ledger, shortest_s=10.0) == []
