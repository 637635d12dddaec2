"""What the figures mean: the golden set of the four service levels, and agents' time."""

import pytest

from cti.domain.ids import Device, Medium, QueueId
from cti.simulate.counts import Counts, of_contacts
from cti.simulate.estimates import estimate, t_975
from cti.simulate.figures import Report, Tally
from cti.testing import START_MS, Scenario

HOUR_MS = 3_600_000


def test_the_golden_set_gives_all_four_service_levels() -> None:
    figures = of_contacts(Counts(offered=400, answered=300, answered_in_time=200, abandoned=100, abandoned_in_time=50))
    assert figures["service_level_a"] == pytest.approx(0.6667, abs=5e-5)
    assert figures["service_level_b"] == pytest.approx(0.5)
    assert figures["service_level_c"] == pytest.approx(0.625)
    assert figures["service_level_d"] == pytest.approx(0.5714, abs=5e-5)


def test_who_is_promised_a_callback_in_time_left_the_queue_in_time() -> None:
    figures = of_contacts(Counts(offered=10, answered=5, answered_in_time=5, callbacks=5, callbacks_in_time=4))
    assert figures["service_level_c"] == pytest.approx(0.9)
    assert figures["abandonment"] == 0


def test_a_figure_without_anything_to_stand_on_is_absent() -> None:
    figures = of_contacts(Counts(offered=3))
    assert "service_level_a" not in figures
    assert "asa_s" not in figures
    assert figures["abandonment"] == 0


def told(scenario: Scenario, *, since_ms: int = START_MS, until_ms: int = START_MS + HOUR_MS) -> Report:
    """The figures of a script: its events are decided again, so that each fact has its instant."""
    from cti.domain.acd import Acd

    tally = Tally(since_ms=since_ms, until_ms=until_ms)
    acd = Acd()
    for event, at_ms in scenario.log:
        tally.take(acd.handle(event, at_ms).facts, at_ms)
    return tally.report(until_ms)


def test_speed_of_answer_counts_the_time_in_queue_alone() -> None:
    scenario = Scenario()
    scenario.queue("support")
    scenario.call("caller", waited_s=30)
    scenario.advance(seconds=10)
    scenario.agent("anna", desktop=False)
    scenario.advance(seconds=5)
    scenario.answers("anna")
    assert told(scenario).total["asa_s"] == pytest.approx(15)


def test_a_call_that_an_agent_asked_for_counts_in_no_service_level() -> None:
    scenario = Scenario()
    scenario.queue("support")
    scenario.agent("anna", desktop=False)
    scenario.call("caller")
    scenario.answers("anna")
    scenario.caller_hangs_up("caller")
    scenario.wraps_up("anna")
    before = told(scenario).total
    scenario.asks_to_call("anna", "out")
    scenario.picks_up("anna")
    scenario.customer_answers("anna")
    scenario.customer_hangs_up("anna")
    scenario.wraps_up("anna", "sold")
    after = told(scenario).total
    assert (after["offered"], after["service_level_a"]) == (before["offered"], before["service_level_a"])


def test_ringing_is_neither_work_nor_idleness() -> None:
    scenario = Scenario()
    scenario.queue("support")
    scenario.agent("anna", desktop=False)
    scenario.advance(seconds=100)
    scenario.call("caller")
    scenario.advance(seconds=10)
    scenario.answers("anna")
    scenario.advance(seconds=240)
    scenario.caller_hangs_up("caller")
    scenario.advance(seconds=50)
    scenario.wraps_up("anna")
    figures = told(scenario, until_ms=START_MS + 500_000).agents["anna"]
    assert figures["handled"] == 1
    assert figures["aht_s"] == pytest.approx(290)
    assert figures["occupancy"] == pytest.approx(290 / (290 + 100 + 100))
    assert figures["utilisation"] == pytest.approx(290 / 500)
    assert figures["load"] == pytest.approx(300 / 500)


def test_who_hangs_up_while_it_rings_is_abandoned_and_a_short_abandon_is_shown_apart() -> None:
    scenario = Scenario()
    scenario.queue("support")
    scenario.call("early")
    scenario.call("late")
    scenario.advance(seconds=4)
    scenario.caller_hangs_up("early")
    scenario.advance(seconds=40)
    scenario.agent("anna", desktop=False)
    scenario.caller_hangs_up("late")
    report = told(scenario)
    assert report.abandoned == 2
    assert report.total["abandonment"] == 1
    assert report.total["short_abandonment"] == pytest.approx(0.5)
    assert report.total["longest_wait_s"] == pytest.approx(44)


def test_contacts_before_the_figures_begin_are_conserved_but_not_counted() -> None:
    scenario = Scenario()
    scenario.queue("support")
    scenario.call("before")
    scenario.advance(seconds=60)
    scenario.call("after")
    report = told(scenario, since_ms=START_MS + 30_000)
    assert report.conserved
    assert (report.arrived, report.left_over) == (2, 2)
    assert report.total["offered"] == 1


def test_an_unanswered_contact_that_is_no_call_counts_when_it_is_withdrawn() -> None:
    from cti.domain.events import ContactCancelled

    scenario = Scenario()
    scenario.queue("support")
    scenario.task("chat", medium=Medium.CHAT)
    scenario.send(ContactCancelled(contact_id=scenario.contact_ids["chat"]))
    assert told(scenario).media["chat"]["abandonment"] == 1


def test_the_devices_of_agents_make_no_difference_to_the_figures() -> None:
    reports = []
    for device in Device:
        scenario = Scenario()
        scenario.queue("support")
        scenario.agent("anna", device=device, desktop=False)
        scenario.call("caller")
        scenario.answers("anna")
        reports.append(told(scenario).total)
    assert reports[0] == reports[1]


def test_waiting_over_the_day_adds_up_to_the_time_in_queue() -> None:
    scenario = Scenario()
    scenario.queue("support")
    scenario.call("one")
    scenario.advance(seconds=600)
    scenario.call("two")
    scenario.advance(seconds=300)
    scenario.caller_hangs_up("one")
    scenario.caller_hangs_up("two")
    curve = told(scenario).curves.waiting[QueueId("support")]
    assert sum(curve) == pytest.approx(1200 * 1000)


@pytest.mark.parametrize(("freedom", "quantile"), [(1, 12.7062), (9, 2.2622), (30, 2.0423), (40, 2.0211)])
def test_students_t_is_that_of_the_tables(freedom: int, quantile: float) -> None:
    assert t_975(freedom) == pytest.approx(quantile, abs=2e-4)


def test_an_estimate_has_the_interval_of_its_replications() -> None:
    found = estimate([1.0, 2.0, 3.0, 4.0])
    assert found.mean == 2.5
    assert found.half == pytest.approx(3.1824 * 1.2910 / 2, abs=1e-3)
    assert estimate([7.0]).half is None
