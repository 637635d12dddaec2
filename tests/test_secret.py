"""Secrets stand beside the centre file, for the owner alone."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cti.cli import main
from cti.errors import ConfigError
from cti.home import Home, Settings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.make(tmp_path / "home", Settings(port_base=24000))


def cti(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=given)


def test_a_secret_that_was_set_is_read_back_and_never_shown(home: Home) -> None:
    done = cti("secret", "set", "mail", "--home", str(home.path), given="pass word'\n")
    assert done.exit_code == 0, done.output
    assert "pass word" not in done.output
    assert home.secret("mail") == "pass word'"
    assert home.secret_file("mail").stat().st_mode & 0o777 == 0o600
    assert home.secret_file("mail").parent.stat().st_mode & 0o777 == 0o700
    assert cti("secret", "list", "--home", str(home.path)).output == "mail\n"
    cti("secret", "remove", "mail", "--home", str(home.path))
    assert cti("secret", "list", "--home", str(home.path)).output == ""


def test_a_missing_secret_is_told_with_what_to_type(home: Home) -> None:
    with pytest.raises(ConfigError, match=f"run `cti secret set mail --home {home.path}`"):
        home.secret("mail")


def test_a_secret_that_others_may_read_is_refused(home: Home) -> None:
    home.keep_secret("mail", "word")
    home.secret_file("mail").chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        home.secret("mail")


@pytest.mark.parametrize("name", ["../secrets", "A", "", "a/b", "a.b", "a" * 41, "a\n", "é"])
def test_a_name_leads_nowhere_else(home: Home, name: str) -> None:
    with pytest.raises(ConfigError, match="no name of a secret"):
        home.secret(name)
    assert cti("secret", "set", "--home", str(home.path), "--", name, given="x\n").exit_code == 2


@pytest.mark.parametrize("text", ["", "\n", "a\0b\n", "x" * 10_001])
def test_what_is_no_secret_changes_nothing(home: Home, text: str) -> None:
    home.keep_secret("mail", "word")
    assert cti("secret", "set", "mail", "--home", str(home.path), given=text).exit_code == 2
    assert home.secret("mail") == "word"
