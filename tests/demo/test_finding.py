"""What the demo commands say when there is nothing to work on, or something wrong is asked."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cti.cli import main
from cti.demo import call
from cti.demo.agents import Span
from cti.errors import ConfigError
from cti.home import Home, Settings


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["demo", *arguments])
    return done.exit_code, done.output


@pytest.mark.parametrize("command", [("call",), ("agents", "2"), ("traffic",)])
def test_a_home_that_is_none_is_told_with_the_next_step(command: tuple[str, ...], tmp_path: Path) -> None:
    code, said = run(*command, "--home", str(tmp_path / "nowhere"))
    assert code == 2
    assert f"cti up --demo --home {tmp_path / 'nowhere'}" in said


def test_a_centre_that_is_not_up_is_told_with_the_next_step(tmp_path: Path) -> None:
    Home.make(tmp_path / "h", Settings(demo=True))
    code, said = run("call", "--home", str(tmp_path / "h"))
    assert code == 1
    assert "is not up" in said
    assert f"cti up --demo --home {tmp_path / 'h'}" in said


def test_without_home_the_one_of_make_run_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    code, said = run("call")
    assert code == 2
    assert str(tmp_path / "triune") in said
    assert "--home" in said


@pytest.mark.parametrize("digits", [("1a",), ("",), ("1", "x")])
def test_keys_that_no_telephone_has_are_refused(digits: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="--digits"):
        call.Wish(caller="+79165550001", to="+78005550100", digits=digits)


@pytest.mark.parametrize("caller", ["", "+", "Anna", "+7916555\r\nAction: Logoff", "+1234567890123456"])
def test_a_caller_without_a_number_is_refused(caller: str) -> None:
    with pytest.raises(ConfigError, match="--from"):
        call.Wish(caller=caller, to="+78005550100")


def test_a_span_is_a_number_or_two() -> None:
    assert Span.parse("2") == Span(shortest_s=2, longest_s=2)
    assert Span.parse("1-3.5") == Span(shortest_s=1, longest_s=3.5)


@pytest.mark.parametrize("text", ["", "x", "3-1", "-1", "1-", "1-2-3", "nan", "601"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="span"):
        Span.parse(text)
