"""What the commands share: which home they work on, and what they say of one where nothing runs."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from cti import campaign
from cti.cli import main
from cti.home import Home, Settings
from cti.supervise import commands
from tests.running import free_port_base


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, list(arguments))
    return done.exit_code, done.output


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("call", "101", "+79165550001"),
        ("dnc", "list"),
        ("campaign", "list"),
        ("conf", "history"),
        ("conf", "lint"),
        ("why", "c2"),
        ("audit",),
        ("secret", "list"),
        ("crm", "test", "telecom", "+79165550001"),
        ("customer", "list", "--project", "telecom"),
        ("agent", "list"),
        ("voicemail", "list"),
    ],
    ids=" ".join,
)
def test_without_home_a_command_looks_at_the_one_of_make_run(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    code, said = run(*words)
    assert code in (1, 2)
    assert str(tmp_path / "triune") in said
    assert "cti up" in said or "journal" in said


def test_a_stopped_centre_has_no_desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    home = Home.make(tmp_path / "triune", Settings(port_base=free_port_base()))
    code, said = run("status")
    assert code == 3
    assert home.web_url not in said
    assert f"Nothing runs in {home.path}: `cti up --home {home.path}` starts it." in said


def test_an_empty_list_of_numbers_is_told_in_a_sentence(tmp_path: Path) -> None:
    code, said = run("dnc", "list", "--database", f"sqlite:///{tmp_path / 'numbers.sqlite'}")
    assert (code, said) == (0, "No number stands there for any project: `cti dnc add NUMBER` enters one.\n")


def test_the_command_to_try_is_one_that_this_shell_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / ".venv" / "bin" / "cti"
    script.parent.mkdir(parents=True)
    script.touch(mode=0o755)
    monkeypatch.setattr("sys.executable", str(script.parent / "python"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert commands.this_command() == ".venv/bin/cti"
    monkeypatch.setenv("PATH", str(script.parent))
    assert commands.this_command() == "cti"


def test_a_list_of_campaigns_fits_into_eighty_columns_whole() -> None:
    figures = {"ringing": 12, "waiting": 3, "looked_at": 0, "live": 12345, "rate": 0.0123}
    view = {
        "campaign_id": "spring-offer-to-former-customers",
        "name": "Spring offer to all former customers",
        "mode": "predictive",
        "running": False,
        "figures": figures,
        "progress": {"new": 123456, "retry": 0, "total": 123456},
    }
    console = Console(width=80)
    with console.capture() as captured:
        console.print(campaign.listed([view]))
    told = captured.get()
    assert "…" not in told
    for word in ("predictive", "paused", "123456 of 123456", "12345", "1.23%"):
        assert word in told
    first = "".join(line.partition(" ")[0] for line in told.splitlines()[2:])
    assert "spring-offer-to-former-customers" in first, told
