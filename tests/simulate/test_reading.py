"""What a scenario file may say, and how its mistakes are told."""

from pathlib import Path

import pytest

from cti.domain.events import QueueOpened, SkillsChanged
from cti.domain.ids import AgentId, QueueId
from cti.errors import ConfigError
from cti.shipped import asterisk_conf
from cti.simulate.reading import load, load_overrides, parse
from cti.simulate.scenario import Scenario

READY = sorted((asterisk_conf() / "scenarios").glob("*.yaml"))
SOUND = """
name: Day
queues:
  support: {}
agents:
  - {name: anna}
arrivals:
  - {queue: support, per_hour: 60, service: 3m}
"""


def read(text: str) -> Scenario:
    return parse(text, file="day.yaml", beside=Path())


def test_there_are_ready_scenarios() -> None:
    assert len(READY) >= 3


@pytest.mark.parametrize("path", READY, ids=lambda path: path.name)
def test_every_ready_scenario_is_sound(path: Path) -> None:
    assert load(path).arrivals


def test_keys_of_a_queue_go_straight_to_the_domain() -> None:
    scenario = read(
        SOUND.replace(
            "support: {}",
            "support: {project: telecom, skills: {sales: 3}, ring_limit_s: 25, priority: 2, weight_percent: 150, "
            "steps: [{after_s: 30, priority: 1}]}",
        )
    )
    (opened,) = scenario.opened()
    assert isinstance(opened, QueueOpened)
    assert (opened.project_id, opened.ring_limit_ms, opened.priority) == ("telecom", 25_000, 2)
    assert opened.requirements[0].skill_id == "sales"
    assert opened.steps[0].after_ms == 30_000


def test_a_capacity_profile_goes_by_its_name() -> None:
    scenario = read(SOUND.replace("{name: anna}", "{name: anna, capacity: blended}"))
    enrolled = scenario.agents[0].enrolled(AgentId("anna"))
    assert enrolled.capacity is not None
    assert len(enrolled.capacity.shares) > 1


def test_queues_and_hours_of_a_centre_file_are_taken_and_may_be_changed() -> None:
    centre = asterisk_conf() / "centre.yaml"
    text = SOUND.replace("name: Day", f"name: Day\ncentre: {centre}").replace(
        "support: {}", "support: {service_level_s: 77}"
    )
    opened = {queue.queue_id: queue for queue in parse(text, file="day.yaml", beside=Path("/")).opened()}
    assert {"sales", "support"} <= set(opened)
    assert opened[QueueId("support")].service_level_ms == 77_000
    assert opened[QueueId("support")].project_id == "telecom"


def test_any_event_may_happen_in_a_scenario() -> None:
    scenario = read(SOUND + 'events:\n  - {at: "10:00", SkillsChanged: {agent_id: anna, skills: {sales: 4}}}\n')
    event = scenario.events[0].event()
    assert isinstance(event, SkillsChanged)
    assert event.skills[0].level == 4


@pytest.mark.parametrize(
    ("before", "after", "line", "key", "sentence"),
    [
        ("support: {}", "support: {prioritty: 2}", 4, "queues.support", "did you mean 'priority'"),
        ("support: {}", "support: {priority: high}", 4, "queues.support", "priority: expected `int`"),
        ("{name: anna}", "{name: anna, shifts: [late]}", 6, "agents.0.shifts.0", "not a time of day"),
        ("{name: anna}", "{name: anna, skils: {a: 1}}", 6, "agents.0", "did you mean 'skills'"),
        ("per_hour: 60", "per_hour: -1", 8, "arrivals.0.per_hour", "greater than or equal to 0"),
        ("per_hour: 60", "at: [5], per_hour: 60", 8, "arrivals.0", "write one of"),
        ("queue: support", "queue: suport", 8, "arrivals.0.queue", "did you mean 'support'"),
        ("service: 3m", "service: {normal: 3}", 8, "arrivals.0.service", "write a span"),
        (", service: 3m", "", 8, "arrivals.0.service", "is missing"),
        ("name: Day", "name: Day\nwarmup: 3", 3, "warmup", "did you mean 'warm_up'"),
        ("name: Day", "name: Day\nwarm_up: 2d", 3, "warm_up", "must be shorter"),
        ("- {name: anna}", "- {name: anna}\n  - {name: anna}", 7, "agents.1.name", "another agent is called 'anna'"),
        ("name: Day", "name: Day\nevents: [{Nonsense: {}}]", 3, "events.0", "'Nonsense' is no event"),
    ],
)
def test_a_mistake_is_told_by_line_and_key(before: str, after: str, line: int, key: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(SOUND.replace(before, after))
    assert [(finding.line, finding.key) for finding in caught.value.findings] == [(line, key)]
    assert sentence in caught.value.findings[0].problem


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        read("agents: []\narrivals: 3\nnonsense: 1\n")
    assert {finding.key for finding in caught.value.findings} == {"name", "arrivals", "nonsense"}


def test_a_file_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(ConfigError, match=r"no scenario file nowhere\.yaml"):
        load(Path("nowhere.yaml"))


def test_overrides_name_their_mistakes_too(tmp_path: Path) -> None:
    path = tmp_path / "more.yaml"
    path.write_text("arrivals:\n  - {queue: support, scal: 2}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="did you mean 'scale'"):
        load_overrides(path)


def test_the_scenario_of_the_documentation_is_sound() -> None:
    page = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
    block = page[page.index("    name: A day\n") :].partition("\n\nA distribution is")[0]
    text = "\n".join(line.removeprefix("    ") for line in block.splitlines())
    scenario = parse(text, file="simulator.md", beside=asterisk_conf())
    assert scenario.queues["support"].opened("support").callback is not None
    assert scenario.agents[0].enrolled(AgentId("early-1")).site_id == "moscow"
