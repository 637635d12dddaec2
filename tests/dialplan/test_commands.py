"""`cti conf` on a home where nothing runs: edit, lint, diff, apply, history, rollback."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cti.cli import main
from cti.dialplan import material, starting
from cti.home import Home
from cti.setup import asterisk
from tests.dialplan.homes import DIALPLAN, change, demo_home

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("unbounded")]

ECHO = " same => n,Answer()\n same => n,Echo()"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = demo_home(tmp_path / "h")
    starting.prepare(made, asterisk.find())
    return made


def run(home: Home, *words: str) -> Result:
    return CliRunner().invoke(main, ["conf", words[0], "--home", str(home.path), *words[1:]])


def greet(home: Home) -> None:
    change(home, ECHO, " same => n,Answer()\n same => n,Playback(hello-world)\n same => n,Echo()")


def test_a_template_is_copied_to_be_edited_and_not_copied_over(home: Home) -> None:
    path = Path(run(home, "edit", DIALPLAN).output.strip())
    assert path == material.own_folder(home) / DIALPLAN
    path.write_text("mine")
    run(home, "edit", DIALPLAN)
    assert path.read_text() == "mine"
    assert "There are:" in run(home, "edit", "nothing.conf.j2").output


def test_lint_names_template_line_rule_why_and_how_to_mend(home: Home) -> None:
    assert run(home, "lint").exit_code == 0
    line = change(home, ECHO, f" same => n,Playback(no-such-sound)\n{ECHO}")
    told = run(home, "lint")
    assert told.exit_code == 1
    assert f"{DIALPLAN}:{line}: there is no sound 'no-such-sound' (undefined-prompt)" in told.output
    assert "why: " in told.output
    assert "mend: " in told.output
    (flaw,) = json.loads(run(home, "lint", "--json").output)["dialplan"]
    assert (flaw["rule"], flaw["file"], flaw["line"], flaw["severity"]) == ("undefined-prompt", DIALPLAN, line, "error")


def test_diff_shows_what_is_rendered_and_the_centre_file_and_ends_as_diff_does(home: Home) -> None:
    assert run(home, "diff").exit_code == 0
    greet(home)
    change(home, "    operator: support", "    operator: sales", name=material.CENTRE)
    told = run(home, "diff")
    assert told.exit_code == 1
    assert "+ same => n,Playback(hello-world)" in told.output
    assert "+    operator: sales" in told.output


def test_what_is_applied_while_nothing_runs_counts_from_the_next_start(home: Home) -> None:
    greet(home)
    told = run(home, "apply", "-m", "a greeting")
    assert "version 2 counts from the next `cti up`" in told.output
    assert home.version_in_force == 2
    shown = json.loads(run(home, "history", "--json").output)
    assert shown["in_force"] == 2
    assert shown["entries"][0]["reason"] == "a greeting"
    assert run(home, "rollback", "1", "-m", "no greeting").exit_code == 0
    assert home.version_in_force == 1
    assert not (material.own_folder(home) / DIALPLAN).exists()
    assert "* v1" in run(home, "history").output


def test_mistakes_are_not_applied_while_nothing_runs_either(home: Home) -> None:
    change(home, ECHO, " same => n,Goto(nowhere,s,1)")
    told = run(home, "apply")
    assert told.exit_code == 1
    assert "there is no context 'nowhere'" in told.output
    assert home.version_in_force == 1


def test_a_version_that_is_not_there_is_said(home: Home) -> None:
    told = run(home, "rollback", "9")
    assert told.exit_code == 2
    assert "There is no version 9" in told.output
