"""`cti simulate` as a command."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cti.cli import main
from cti.shipped import asterisk_conf

pytestmark = pytest.mark.long


OFFICE = str(asterisk_conf() / "scenarios" / "small-office.yaml")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["simulate", *words])


def test_figures_are_printed_for_people_with_their_definitions() -> None:
    told = run(OFFICE, "--replications", "2")
    assert told.exit_code == 0
    for word in ("sales", "support", "generalist-1", "answered in time", "95 % confidence", "seed 7"):
        assert word in told.output


def test_figures_are_printed_for_programs() -> None:
    told = run(OFFICE, "--replications", "3", "--seed", "5", "--json")
    found = json.loads(told.stdout)
    assert (found["seed"], found["replications"]) == (5, 3)
    assert set(found["figures"]) == {"total", "queues", "media", "agents"}
    level = found["figures"]["queues"]["sales"]["service_level_b"]
    assert level["low"] <= level["mean"] <= level["high"]
    contacts = found["contacts"]
    assert contacts["offered"] == contacts["served"] + contacts["abandoned"] + contacts["left_over"]


def test_two_scenarios_are_compared_in_step(tmp_path: Path) -> None:
    more = tmp_path / "more.yaml"
    more.write_text(Path(OFFICE).read_text(encoding="utf-8").replace("count: 2", "count: 3"), encoding="utf-8")
    told = run("--compare", OFFICE, str(more), "--replications", "4", "--json")
    found = json.loads(told.stdout)["differences"]["total"]
    assert found["offered"]["mean"] == 0
    assert found["asa_s"]["high"] < 0
    assert "may be chance" in run("--compare", OFFICE, str(more), "--replications", "2").output


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_curves_are_one_page_that_needs_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "day.html"
    assert run(OFFICE, "--replications", "2", "--plots", str(page)).exit_code == 0
    text = page.read_text(encoding="utf-8")
    read = _Page()
    read.feed(text)
    assert read.open == []
    assert read.tags.count("svg") == 4
    assert "script" not in read.tags
    assert "prefers-color-scheme: dark" in text
    assert not re.findall(r"https?://|@import|url\(", text)
    assert "nan" not in text.lower().replace("canan", "")


def test_a_journal_is_written_and_asked_what_would_have_been(tmp_path: Path) -> None:
    journal = tmp_path / "journal.sqlite"
    assert run(OFFICE, "--replications", "1", "--journal", str(journal)).exit_code == 0
    changes = tmp_path / "changes.yaml"
    changes.write_text("queues:\n  sales: {priority: 2}\n", encoding="utf-8")
    told = run("--from-journal", str(tmp_path), str(changes), "--agents", "+2", "--replications", "3", "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert found["validation"]["all of it"]["measured"]["offered"] > 100
    assert found["differences"]["total"]["asa_s"]["mean"] < 0
    shown = run("--from-journal", str(journal), "--replications", "2")
    assert "measured" in shown.output


def test_cti_replay_finds_no_difference_in_a_written_journal(tmp_path: Path) -> None:
    journal = tmp_path / "day.sqlite"
    run(OFFICE, "--replications", "1", "--journal", str(journal))
    told = CliRunner().invoke(main, ["replay", "--home", str(journal), "--json"])
    assert told.exit_code == 0
    found = json.loads(told.stdout)
    assert found["differences"] == []
    assert found["times_real_time"] > 1_000


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Name a scenario file"),
        (["nowhere.yaml"], "There is no scenario file"),
        (["--from-journal", "nowhere"], "There is no journal"),
        (["--compare", "a.yaml", "b.yaml", "--agents", "2"], "--compare takes"),
        ([OFFICE, "--agents", "-9"], "leaves nobody"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_exit_code_2(words: list[str], sentence: str) -> None:
    told = run(*words)
    assert told.exit_code == 2
    assert sentence in told.output


def test_a_journal_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "there.sqlite"
    path.write_text("precious", encoding="utf-8")
    told = run(OFFICE, "--replications", "1", "--journal", str(path))
    assert told.exit_code == 1
    assert "there already" in told.output
