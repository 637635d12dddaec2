"""The world around the ACD: who comes, who answers, and that nothing gets lost between them."""

from collections.abc import Iterable

import pytest

from cti.domain.facts import (
    AssignmentClosed,
    AssignmentOffered,
    AssignmentPaused,
    AssignmentStarted,
    AssignmentUnpaused,
    CallbackAccepted,
    ContactQueued,
    CustomerReached,
    Fact,
    OfferEnded,
    ReadinessChanged,
    WrapUpStarted,
)
from cti.domain.ids import AssignmentId, Medium, Readiness
from cti.ports import Entry
from cti.shipped import asterisk_conf
from cti.simulate.reading import load
from cti.simulate.replications import differences, estimates, play, play_once
from cti.simulate.scenario import Scenario
from cti.simulate.world import World
from cti.testing import broken_invariants
from tests.simulate.days import SHORT, day

pytestmark = pytest.mark.long


def entries(scenario: Scenario, *, seed: int = 1) -> list[Entry]:
    found: list[Entry] = []
    play_once(scenario, seed=seed, sink=found.append)
    return found


def facts(played: Iterable[Entry]) -> list[Fact]:
    return [fact for entry in played for fact in entry.facts]


@pytest.mark.parametrize("name", ["small-office", "overload", "mixed-media"])
def test_every_contact_of_a_ready_scenario_is_served_abandoned_or_left_over(name: str) -> None:
    outcome = play(load(asterisk_conf() / "scenarios" / f"{name}.yaml"), replications=1)
    assert outcome.arrived > 100
    assert outcome.refused == 0
    assert outcome.arrived == outcome.served + outcome.abandoned + outcome.left_over


def test_the_same_seed_makes_the_same_day_and_another_seed_another() -> None:
    first = entries(day(SHORT))
    assert first == entries(day(SHORT))
    assert first != entries(day(SHORT), seed=2)


def test_the_state_is_sound_when_the_day_is_over() -> None:
    world = World(day(SHORT), seed="1", take=lambda facts, now: None)
    world.play()
    assert broken_invariants(world.acd.state) == []


def test_another_number_of_agents_leaves_arrivals_patience_and_service_as_they_were() -> None:
    def came(text: str) -> list[tuple[int, str]]:
        queued = (fact for fact in facts(entries(day(text))) if isinstance(fact, ContactQueued))
        return [(fact.queued_ms, fact.queue_id) for fact in queued]

    assert came(SHORT) == came(SHORT.replace("count: 22", "count: 30"))


@pytest.mark.long
def test_common_random_numbers_make_the_difference_of_two_scenarios_sharper() -> None:
    before = play(day(SHORT), replications=6)
    after = play(day(SHORT.replace("count: 22", "count: 24")), replications=6)
    apart = play(day(SHORT.replace("count: 22", "count: 24")), seed=99, replications=6)
    paired = differences(before.total, after.total)["asa_s"].half
    unpaired = differences(before.total, apart.total)["asa_s"].half
    assert paired is not None
    assert unpaired is not None
    assert paired < unpaired


def test_a_stream_keeps_its_numbers_when_another_is_added() -> None:
    more = SHORT + "  - {queue: voice, name: extra, per_hour: 30, service: 3m}\n"

    def chats(text: str) -> list[int]:
        queued = (fact for fact in facts(entries(day(text))) if isinstance(fact, ContactQueued))
        return [fact.queued_ms for fact in queued if fact.medium is Medium.CHAT]

    assert len(chats(SHORT)) > 50
    assert chats(SHORT) == chats(more)


def test_who_lets_it_ring_becomes_not_ready_and_comes_back() -> None:
    played = facts(entries(day(SHORT.replace("no_answer: 0.01", "no_answer: 0.3, returns_after: 60"))))
    missed = [fact for fact in played if isinstance(fact, OfferEnded)]
    back = [fact for fact in played if isinstance(fact, ReadinessChanged) and fact.readiness is Readiness.READY]
    assert len(missed) > 50
    assert len(back) > 50


def test_an_interrupted_contact_takes_no_longer_to_work_on() -> None:
    played = entries(day(SHORT.replace("service: {exponential: 4m}", "service: 240")))
    started: dict[AssignmentId, int] = {}
    stood: dict[AssignmentId, int] = {}
    paused: dict[AssignmentId, int] = {}
    seen = 0
    media = {fact.contact_id: fact.medium for fact in facts(played) if isinstance(fact, ContactQueued)}
    mails = {
        fact.assignment_id
        for fact in facts(played)
        if isinstance(fact, AssignmentOffered) and media[fact.contact_id] is Medium.EMAIL
    }
    for fact in facts(played):
        match fact:
            case AssignmentStarted(assignment_id=held, at_ms=at_ms) if held in mails:
                started[held], stood[held] = at_ms, 0
            case AssignmentPaused(assignment_id=held, at_ms=at_ms):
                paused[held] = at_ms
            case AssignmentUnpaused(assignment_id=held, at_ms=at_ms):
                stood[held] += at_ms - paused[held]
            case WrapUpStarted(assignment_id=held, at_ms=at_ms) if held in started:
                assert at_ms - started[held] - stood[held] == 240_000
                seen += stood[held] > 0
            case _:
                pass
    assert seen > 3


def test_an_agent_who_holds_several_contacts_ends_each_in_its_own_time() -> None:
    text = """
name: Chats
lasts: 2h
queues: {chat: {}}
agents: [{name: anna, capacity: weighted, answer: 1}]
arrivals: [{queue: chat, medium: chat, per_hour: 40, service: 5m}]
"""
    played = facts(entries(day(text)))
    open_now, most = set(), 0
    for fact in played:
        if isinstance(fact, AssignmentStarted):
            open_now.add(fact.assignment_id)
        elif isinstance(fact, AssignmentClosed):
            open_now.discard(fact.assignment_id)
        most = max(most, len(open_now))
    assert most == 5
    outcome = play(day(text), replications=1)
    assert estimates(outcome.total)["aht_s"].mean == pytest.approx(300, abs=1)


def test_callers_are_called_back_in_their_place() -> None:
    text = """
name: Callbacks
lasts: 3h
queues: {voice: {callback: {attempts: 2, retry_s: 300}, steps: [{after_s: 45, offer_callback: true}]}}
agents: [{name: anna, count: 2, answer: 2}]
arrivals: [{queue: voice, per_hour: 40, service: 3m, patience: {exponential: 10m}, takes_callback: 1}]
"""
    played = facts(entries(day(text)))
    accepted = [fact for fact in played if isinstance(fact, CallbackAccepted)]
    reached = [fact for fact in played if isinstance(fact, CustomerReached)]
    assert len(accepted) > 20
    assert len(reached) == len(accepted)
    outcome = play(day(text), replications=1)
    assert outcome.abandoned + outcome.served + outcome.left_over == outcome.arrived


def test_whom_a_closed_queue_turns_away_is_told_apart() -> None:
    outcome = play(day(SHORT + 'events:\n  - {at: "10:00", QueueClosed: {queue_id: mail}}\n'), replications=1)
    assert outcome.turned_away > 20
    assert outcome.refused >= outcome.turned_away


def test_two_days_have_two_shifts() -> None:
    outcome = play(
        day(SHORT.replace("lasts: 3h", "lasts: 30h").replace("per_hour: 120", "per_hour: 6")), replications=1
    )
    assert outcome.curves is not None
    share = [value / outcome.curves.slot_ms for value in outcome.curves.signed_in]
    assert max(share[:30]) == pytest.approx(22)
    assert min(share[50:90]) == pytest.approx(0, abs=0.5)
    assert max(share[120:]) == pytest.approx(22)


def test_calls_and_mails_of_equal_priority_are_served_in_the_order_in_which_they_came() -> None:
    text = """
name: One queue for all
lasts: 1h
queues: {all: {ring_limit_s: 600}}
agents: [{name: people, count: 12, answer: {log_normal: {mean: 3, cv: 0.5}}}]
arrivals:
  - {queue: all, at: [CALLS], service: {exponential: 40}}
  - {queue: all, medium: email, at: [MAILS], service: {exponential: 40}}
"""
    calls = ", ".join(str(number * 3.5) for number in range(500))
    mails = ", ".join(str(number * 3.5 + 1.7) for number in range(500))
    played = facts(entries(day(text.replace("CALLS", calls).replace("MAILS", mails).replace("lasts: 1h", "lasts: 5h"))))
    came = {fact.contact_id: fact.arrived_ms for fact in played if isinstance(fact, ContactQueued)}
    offered = [came[fact.contact_id] for fact in played if isinstance(fact, AssignmentOffered)]
    started = sum(isinstance(fact, AssignmentStarted) for fact in played)
    assert started == 1000
    assert max(offered[place] - offered[0] for place in range(1000)) > 1_000_000
    assert offered == sorted(offered)
