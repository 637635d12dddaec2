"""A simulated day as a journal: replayed without a difference, and learnt from."""

from pathlib import Path

import pytest

from cti.domain.ids import QueueId
from cti.engine.replay import replay
from cti.errors import ConfigError, OutsideError
from cti.simulate import whatif
from cti.simulate.fitted import History
from cti.simulate.replications import estimates, play, play_once
from cti.simulate.scenario import Overrides, Scenario
from cti.store import journal as journals
from cti.store.recording import Recording
from tests.simulate.days import MIXED, day

pytestmark = pytest.mark.long


def recorded(scenario: Scenario, path: Path) -> int:
    """Play the day once into a journal; how many came."""
    with Recording(path) as recording:
        report, _ = play_once(scenario, seed=scenario.seed, sink=recording.append)
    return report.arrived


def test_a_recorded_day_is_replayed_without_a_difference_and_twice_alike(tmp_path: Path) -> None:
    path = tmp_path / "day.sqlite"
    assert recorded(day(MIXED.replace("8h", "9h")), path) > 2_000
    first, second = (replay(lambda: journals.everything(path)) for _ in range(2))
    assert first.differences == ()
    assert first.digest == second.digest
    assert first.decisions > first.events


@pytest.mark.bench
@pytest.mark.timeout(300)
def test_twenty_thousand_contacts_are_replayed_without_a_difference_and_twice_alike(tmp_path: Path) -> None:
    from cti.bench.replay import DAY

    path = tmp_path / "day.sqlite"
    assert recorded(day(DAY), path) >= 20_000
    first, second = (replay(lambda: journals.everything(path)) for _ in range(2))
    assert first.differences == ()
    assert first.digest == second.digest


async def test_the_engine_goes_on_with_a_recorded_journal(tmp_path: Path) -> None:
    path = tmp_path / "day.sqlite"
    recorded(day(MIXED.replace("8h", "1h")), path)
    last = sum(1 for _ in journals.everything(path))
    async with journals.SqliteJournal(path) as journal:
        assert journal.last_number == last


def test_a_recording_spares_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "day.sqlite"
    path.write_text("precious", encoding="utf-8")
    with pytest.raises(OutsideError, match="there already"):
        Recording(path)
    assert path.read_text(encoding="utf-8") == "precious"


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    path = tmp_path_factory.mktemp("journal") / "day.sqlite"
    recorded(day(MIXED.replace("8h", "3h")), path)
    return History(journals.everything(path))


def test_a_remembered_day_simulated_anew_gives_what_was_measured(history: History) -> None:
    measured = history.measured().total
    found = estimates(play(history.scenario(name="again"), replications=3).total)
    assert found["offered"].mean == measured["offered"]
    assert found["service_level_b"].mean == pytest.approx(measured["service_level_b"], abs=0.05)
    assert found["abandonment"].mean == pytest.approx(measured["abandonment"], abs=0.03)
    assert found["aht_s"].mean == pytest.approx(measured["aht_s"], rel=0.05)
    assert found["occupancy"].mean == pytest.approx(measured["occupancy"], abs=0.04)


def test_the_second_half_is_predicted_from_the_first(history: History) -> None:
    half_ms = history.halves_at()
    assert half_ms is not None
    measured = history.measured(since_ms=half_ms).total
    found = estimates(play(history.scenario(name="later", learn_until_ms=half_ms), replications=3).total)
    assert found["offered"].mean == pytest.approx(measured["offered"], abs=2)
    assert found["service_level_b"].mean == pytest.approx(measured["service_level_b"], abs=0.08)


def test_more_people_bring_a_better_service_level(history: History) -> None:
    unchanged = history.scenario(name="again")
    more = whatif.with_agents(unchanged, 6)
    assert len(more.agents) == len(unchanged.agents) + 6
    before, after = (estimates(play(one, replications=2).total)["asa_s"].mean for one in (unchanged, more))
    assert after < before


def test_fewer_people_may_be_asked_for_but_not_nobody(history: History) -> None:
    unchanged = history.scenario(name="again")
    assert len(whatif.with_agents(unchanged, -3).agents) == len(unchanged.agents) - 3
    with pytest.raises(ConfigError, match="leaves nobody"):
        whatif.with_agents(unchanged, -100)


def test_a_group_of_a_scenario_grows_and_shrinks() -> None:
    scenario = day(MIXED)
    assert whatif.with_agents(scenario, 5).agents[0].count == 27
    assert whatif.with_agents(scenario, -2).agents[0].count == 20


def test_overrides_change_rules_arrivals_and_people(history: History) -> None:
    unchanged = history.scenario(name="again")
    overrides = Overrides.model_validate(
        {
            "queues": {"voice": {"priority": 9}},
            "agents": [{"name": "extra", "count": 2, "shifts": ["08:00-16:00"]}],
            "arrivals": [{"queue": "voice", "scale": 0.5}],
        }
    )
    changed = whatif.with_overrides(unchanged, overrides)
    opened = {queue.queue_id: queue for queue in changed.opened()}
    assert opened[QueueId("voice")].priority == 9
    assert opened[QueueId("voice")].service_level_ms == 20_000
    assert [group.count for group in changed.agents if group.name == "extra"] == [2]
    was, now = (estimates(play(one, replications=1).queues["voice"])["offered"].mean for one in (unchanged, changed))
    assert now == pytest.approx(was / 2, rel=0.15)


def test_overrides_of_what_never_came_are_refused(history: History) -> None:
    overrides = Overrides.model_validate({"arrivals": [{"queue": "nowhere", "scale": 2}]})
    with pytest.raises(ConfigError, match="nothing came to 'nowhere'"):
        whatif.with_overrides(history.scenario(name="again"), overrides)


def test_who_never_signed_in_is_not_there_when_the_day_is_simulated_anew(tmp_path: Path) -> None:
    path = tmp_path / "day.sqlite"
    text = MIXED.replace("8h", "1h").replace("arrivals:", '  - {name: absent, shifts: ["20:00-21:00"]}\narrivals:', 1)
    recorded(day(text), path)
    names = {group.name for group in History(journals.everything(path)).scenario(name="again").agents}
    assert "people-1" in names
    assert "absent" not in names


def test_a_journal_without_a_day_is_refused() -> None:
    with pytest.raises(ConfigError, match="no day to replay"):
        History([])
