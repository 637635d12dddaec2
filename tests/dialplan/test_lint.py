"""`cti conf lint`: doubts, what takes the people to see, the bounds in words, and how it ends."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from cti.cli import main
from cti.dialplan import lint
from cti.domain.events import SkillLevel
from cti.domain.ids import SiteId, SkillId
from cti.errors import ConfigError
from cti.home import Home, Settings
from cti.ports import Person
from tests.config.centres import DEMO, line_of
from tests.config.test_queues import shop
from tests.test_rules import person


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "centre.yaml"


def agent(*, projects: tuple[str, ...] = ("shop", "other"), **skills: int) -> Person:
    levels = tuple(SkillLevel(skill_id=SkillId(skill), level=level) for skill, level in skills.items())
    return replace(person(capacity=None), project_ids=projects, skills=levels)  # type: ignore[arg-type]  # ids are strings


def doubted(file: Path, *people: Person) -> list[tuple[str, str]]:
    """Key and sentence of every warning; without people the directory counts as not known."""
    report = lint.lint(file, people=people or None)
    assert report.errors == ()
    return [(finding.key, finding.problem) for finding in report.warnings]


def test_the_demo_centre_has_nothing_to_doubt() -> None:
    report = lint.lint(DEMO, people=None)
    assert (report.errors, report.warnings) == ((), ())
    assert all("can starve" not in words for words in report.sentences)


@pytest.mark.parametrize(
    ("first", "key", "words"),
    [
        ("    strict: true", "strict", "contacts in second, foreign can wait for ever"),
        ("    callback: true", "callback", "is offered by no step"),
        ("    steps: [{after_s: 9, to: queue second}, {after_s: 10, priority: 1}]", "steps.1", "is never reached"),
        ("    steps: [{after_s: 9, relax: {billing: 1}}]", "steps.0.relax", "does not ask for 'billing'"),
        ("    steps: [{after_s: 9, drop: [billing]}]", "steps.0.drop", "does not ask for 'billing'"),
        ("    steps: [{after_s: 9, sites: [omsk]}]", "steps.0.sites", "has no effect"),
    ],
)
def test_a_doubt_is_named_by_line_and_key(file: Path, first: str, key: str, words: str) -> None:
    text = shop(first)
    file.write_text(text, encoding="utf-8")
    (found,) = lint.lint(file, people=None).warnings
    assert (found.key, found.line) == (f"queues.first.{key}", line_of(text, first))
    assert words in found.problem


def test_queues_that_send_to_each_other_in_time_are_doubted(file: Path) -> None:
    file.write_text(
        shop("    steps: [{after_s: 60, to: queue second}]", "    steps: [{after_s: 60, to: queue first}]"),
        encoding="utf-8",
    )
    assert [key for key, _ in doubted(file)] == ["queues.first.steps.0.to", "queues.second.steps.0.to"]


def test_weights_of_a_strict_queue_and_a_callback_where_nobody_calls_are_doubted(file: Path) -> None:
    strict = "    strict: true\n    weights_percent: {voice: 50}\n    callback: true"
    file.write_text(shop("", strict), encoding="utf-8")
    found = dict(doubted(file))
    assert "has no effect in a strict queue" in found["queues.second.weights_percent"]
    assert any("no number, menu or hours lead here" in words for _, words in doubted(file))


def test_a_profile_with_two_talks_or_an_interrupt_that_never_happens_is_doubted(file: Path) -> None:
    profile = "{name: {en: A, ru: А}, shares: {voice: 1, callback: 1, email: 1}, interrupts: {voice: [email]}}"
    file.write_text(shop("") + f"capacities:\n  loose: {profile}\n", encoding="utf-8")
    found = dict(doubted(file))
    assert "allows a call and a callback at once" in found["capacities.loose"]
    assert "email never gives way" in found["capacities.loose.interrupts.voice"]


def test_a_medium_that_the_default_profile_has_no_share_of_is_doubted(file: Path) -> None:
    text = shop("    weights_percent: {chat: 100, email: 10}") + "default_capacity: weighted\n"
    file.write_text(text, encoding="utf-8")
    ((key, words),) = doubted(file)
    assert key == "queues.first"
    assert words.startswith("email is served only by agents with a capacity profile of their own")
    served = [replace(agent(), capacity="blended"), agent()]
    assert not any("cannot be served" in words for _, words in doubted(file, *served))
    assert any("email cannot be served" in words for _, words in doubted(file, agent()))


def test_a_demand_that_nobody_meets_is_doubted_until_the_step_that_helps(file: Path) -> None:
    file.write_text(
        shop("    requires: technical >= 8 and billing\n    steps: [{after_s: 40, drop: [billing]}]"), encoding="utf-8"
    )
    assert doubted(file, agent(technical=9, billing=1)) == []
    ((key, words),) = doubted(file, agent(technical=9))
    assert (key, words) == ("queues.first.requires", "nobody meets what is asked until the step after 40 s")
    ((_, words),) = doubted(file, agent(technical=7, billing=9))
    assert "nobody in the directory meets what is asked, not even after the step at 40 s" in words


def test_sites_count_for_a_demand(file: Path) -> None:
    file.write_text(shop("    sites: [moscow]"), encoding="utf-8")
    assert doubted(file, replace(agent(), site_id=SiteId("moscow"))) == []
    assert [key for key, _ in doubted(file, agent())] == ["queues.first.sites"]


def test_people_of_no_project_or_with_lost_names_are_doubted(file: Path) -> None:
    file.write_text(shop(""), encoding="utf-8")
    lost = replace(agent(projects=("shop",)), capacity="gone", site_id=SiteId("atlantis"))
    assert sorted(key for key, _ in doubted(file, lost)) == ["capacities", "queues.foreign.project", "sites"]


def test_the_bound_is_told_in_words(file: Path) -> None:
    file.write_text(shop("    weights_percent: {email: 50}"), encoding="utf-8")
    sentences = lint.lint(file, people=None).sentences
    assert sentences[:2] == (
        "a call in First that has waited 5 min is never behind one that came more than 20 min after it",
        "an e-mail in First that has waited 5 min is never behind one that came more than 42 min 30 s after it",
    )


def test_who_can_starve_by_a_strict_queue_is_told_and_only_where_agents_are_shared(file: Path) -> None:
    file.write_text(shop("    strict: true"), encoding="utf-8")
    assert "a call in Foreign can starve: First can pass it for ever" in lint.lint(file, people=None).sentences
    apart = [agent(projects=("shop",)), agent(projects=("other",))]
    assert not any("Foreign can starve" in words for words in lint.lint(file, people=apart).sentences)


def test_a_span_is_said_as_people_say_it() -> None:
    assert [lint.span(ms) for ms in (0, 1, 90_000, 3_600_000, 3_725_000)] == [
        "0 s",
        "1 s",
        "1 min 30 s",
        "1 h",
        "1 h 2 min 5 s",
    ]


def test_a_file_that_is_not_there_is_an_error_and_not_a_report(file: Path) -> None:
    with pytest.raises(ConfigError, match="There is no centre file"):
        lint.lint(file, people=None)


# -- the command -------------------------------------------------------------------------------------------------------


def test_mistakes_end_with_exit_code_1_and_a_queue_that_starves_is_one(file: Path) -> None:
    file.write_text(shop("    weights_percent: {chat: 0}"), encoding="utf-8")
    result = CliRunner().invoke(main, ["conf", "lint", str(file)])
    assert result.exit_code == 1
    assert "error: " in result.stdout
    assert "queues.first.weights_percent.chat: chat may wait here for ever" in result.stdout


def test_a_sound_file_ends_with_exit_code_0_and_its_bounds(file: Path) -> None:
    file.write_text(shop("    strict: true"), encoding="utf-8")
    result = CliRunner().invoke(main, ["conf", "lint", str(file)])
    assert result.exit_code == 0, result.output
    assert f"warning: {file}:" in result.stdout
    assert "  A contact in Second can starve: First can pass it for ever." in result.stdout
    assert result.stdout.endswith("no mistakes, 1 doubt.\n")


def test_json_holds_everything(file: Path) -> None:
    file.write_text(shop("    strict: true"), encoding="utf-8")
    found = json.loads(CliRunner().invoke(main, ["conf", "lint", "--json", str(file)]).stdout)
    assert found["ok"] is True
    assert found["warnings"][0]["key"] == "queues.first.strict"
    bound = next(bound for bound in found["bounds"] if bound["queue_id"] == "second" and bound["medium"] == "voice")
    assert (bound["fixed_ms"], bound["starved_by"]) == (None, ["first"])


@pytest.mark.server
def test_a_home_has_its_people_asked(tmp_path: Path) -> None:
    home = Home.make(tmp_path / "home", Settings())
    home.centre_file.write_text(DEMO.read_text(encoding="utf-8"), encoding="utf-8")
    result = CliRunner().invoke(main, ["conf", "lint", "--home", str(home.path)])
    assert result.exit_code == 0, result.output
    assert "queues.reception.project: no agent of the directory works for 'clinic'" in result.stdout


def test_nothing_to_lint_is_a_mistake_in_the_command() -> None:
    assert CliRunner().invoke(main, ["conf", "lint"]).exit_code == 2
