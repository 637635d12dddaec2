"""The auditor: nothing to say of random days, each reason on its own, and what a doctored journal gives away."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from cti.domain.audit.auditor import Auditor, Fault, Reason, Report
from cti.domain.events import AgentEnrolled, PriorityChanged, QueueOpened, Step, Weight
from cti.domain.facts import AssignmentOffered, Fact, PopConfirmed, WaitPlanned
from cti.domain.ids import AgentId, AssignmentId, Medium, ProjectId, QueueId
from cti.testing import START_MS, Scenario, levels
from tests.domain.audit.test_why import entries
from tests.domain.days import Decided, random_day

pytestmark = pytest.mark.long


def audited(decided: list[Decided]) -> Report:
    auditor = Auditor()
    for entry in decided:
        auditor.take(entry.number, entry.at_ms, entry.facts)
    return auditor.report()


def test_random_days_keep_to_the_policy() -> None:
    reasons: set[str] = set()
    for seed in range(8):
        report = audited(random_day(seed, events=1_500, agents=5 + 3 * (seed % 5)).entries)
        assert report.findings == ()
        assert report.offers > 100
        reasons |= set(report.overtakings)
    assert reasons == set(Reason) - {Reason.ASLEEP}


@pytest.mark.parametrize("seed", range(6))
def test_a_journal_in_which_two_contacts_were_swapped_is_found(seed: int) -> None:
    """Wherever one agent, freed, took the first of two that he could have: had he taken the other, it would be seen."""
    day = random_day(seed, events=1_500)
    doctored = found = 0
    for at, entry in enumerate(day.entries):
        for place, fact in enumerate(entry.facts):
            if isinstance(fact, AssignmentOffered) and fact.why.rival is not None and fact.why.rule == "oldest":
                swapped = replace(fact, contact_id=fact.why.rival)
                facts = (*entry.facts[:place], swapped)
                report = audited([*day.entries[:at], Decided(entry.number, entry.at_ms, facts)])
                doctored += 1
                found += any(
                    finding.fault is Fault.OUTRANKED and finding.passed == fact.contact_id
                    for finding in report.findings
                )
        if doctored >= 12:
            break
    assert doctored
    assert found == doctored


def test_an_offer_to_an_agent_who_lacks_the_skill_is_found() -> None:
    day = Scenario()
    day.queue("support", skills={"router": 5})
    day.agent("ann", skills={"router": 2})
    day.agent("bob", skills={"router": 7})
    day.call("kim")
    (finding,) = audited(changed(entries(day), agent_id=AgentId("ann"))).findings
    assert finding.fault is Fault.NOT_ENTITLED
    assert finding.detail == "skill"


def test_facts_that_do_not_fit_are_found_and_the_audit_goes_on() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.call("kim")
    decided = entries(day)
    strange = PopConfirmed(assignment_id=AssignmentId("a99"), at_ms=1, late=False)
    report = audited([*decided[:-1], Decided(99, 1, (strange,)), decided[-1]])
    (finding,) = report.findings
    assert finding.fault is Fault.BROKEN
    assert report.events == len(decided) + 1


def changed(decided: list[Decided], **fields: Any) -> list[Decided]:
    """The journal with every offer changed so."""

    def doctored(fact: Fact) -> Fact:
        return replace(fact, **fields) if isinstance(fact, AssignmentOffered) else fact

    return [Decided(entry.number, entry.at_ms, tuple(map(doctored, entry.facts))) for entry in decided]


# -- each reason -------------------------------------------------------------------------------------------------------


def opened(name: str, **rules: Any) -> QueueOpened:
    return QueueOpened(queue_id=QueueId(name), project_id=ProjectId("demo"), **rules)


def by_strictness(day: Scenario) -> None:
    day.send(opened("first", strict=True))
    day.call("lee", queue="first")


def by_priority(day: Scenario) -> None:
    day.call("lee")
    day.send(PriorityChanged(contact_id=day.contact_ids["lee"], priority=3))


def by_weight(day: Scenario) -> None:
    day.send(opened("fast", weights=(Weight(medium=Medium.VOICE, percent=1000),)))
    day.call("lee", queue="fast")
    day.advance(seconds=30)


def by_urgency(day: Scenario) -> None:
    day.send(opened("urgent", urgency_ms=600_000, service_level_ms=1_000))
    day.call("lee", queue="urgent")
    day.advance(seconds=5)


def by_requirement(day: Scenario) -> None:
    day.send(opened("support", requirements=levels({"router": 3})))
    day.send(opened("other"))
    day.call("lee", queue="other")


def by_a_later_step(day: Scenario) -> None:
    step = Step(after_ms=3_600_000, relax=levels({"router": 0}))
    day.send(opened("support", requirements=levels({"router": 3}), steps=(step,)))
    day.send(opened("other"))
    day.call("lee", queue="other")


@pytest.mark.parametrize(
    ("arrange", "reason"),
    [
        (by_strictness, Reason.STRICT),
        (by_priority, Reason.PRIORITY),
        (by_weight, Reason.WEIGHT),
        (by_urgency, Reason.URGENCY),
        (by_requirement, Reason.REQUIREMENT),
        (by_a_later_step, Reason.STEP),
    ],
)
def test_an_overtaking_is_counted_by_its_reason(arrange: Callable[[Scenario], None], reason: Reason) -> None:
    day = Scenario()
    day.queue("support")
    day.call("kim")
    day.advance(seconds=1)
    arrange(day)
    day.agent("ann")
    assert day.served_by("lee") == "ann"
    report = audited(entries(day))
    assert report.overtakings == {reason: 1}
    assert report.unexplained == 0


def test_a_callback_that_is_not_due_is_passed_for_that_reason() -> None:
    day = Scenario()
    day.queue("support")
    day.call("kim")
    day.advance(seconds=1)
    day.call("lee")
    day.agent("ann")
    kim, lee = day.contact_ids["kim"], day.contact_ids["lee"]
    sleeps = WaitPlanned(contact_id=kim, stepped_ms=0, asleep_until_ms=START_MS + 900_000)
    decided = changed(entries(day), contact_id=lee)
    report = audited([*decided[:-1], Decided(decided[-1].number, START_MS + 2_000, (sleeps,)), decided[-1]])
    assert report.overtakings == {Reason.ASLEEP: 1}
    assert report.unexplained == 0


def test_contacts_of_projects_that_the_agent_does_not_work_for_are_not_overtaken() -> None:
    day = Scenario()
    day.queue("support")
    day.queue("theirs", project="other")
    day.call("kim", queue="theirs")
    day.advance(seconds=1)
    day.call("lee")
    day.agent("ann")
    assert audited(entries(day)).overtakings == {}
    day.send(AgentEnrolled(agent_id=AgentId("ann"), project_ids=(ProjectId("demo"), ProjectId("other"))))
