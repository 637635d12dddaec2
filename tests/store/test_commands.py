"""`cti user`, `cti agent` and `cti customer`, as an admin types them."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cti.cli import main
from cti.home import Home, Settings

pytestmark = pytest.mark.server

CENTRE = Path(__file__).parents[2] / "asterisk-conf" / "centre.yaml"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = Home.make(tmp_path / "home", Settings())
    made.centre_file.write_text(CENTRE.read_text())
    return made.path


def typed(home: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--home", str(home)])


def test_the_first_admin_of_an_empty_centre_comes_in_by_a_link(home: Path) -> None:
    link = typed(home, "user", "link")
    assert link.exit_code == 0, link.output
    assert link.stdout.startswith(f"{Home.open(home).web_url}/link/")
    assert "admin\tAdmin\tadmin" in typed(home, "user", "list").stdout


def test_an_agent_is_added_reskilled_listed_and_deactivated(home: Path) -> None:
    words = ("agent", "add", "vera", "--name", "Вера", "--extension", "120", "--project", "telecom")
    added = typed(home, *words, "--skill", "sales:5", "--password", "a long password")
    assert added.exit_code == 0, added.output
    assert "sales:9 technical:2" in typed(home, "agent", "skills", "vera", "sales:9", "technical:2").stdout
    assert "vera\tВера\tagent\t120\ttelecom\tsales:9 technical:2\tactive" in typed(home, "agent", "list").stdout
    assert "inactive" in typed(home, "user", "deactivate", "vera").stdout
    assert typed(home, "user", "password", "vera", "--password", "another one").exit_code == 0


def test_where_an_agent_sits_and_what_he_may_hold_is_said_changed_and_cleared(home: Path) -> None:
    words = ("agent", "add", "vera", "--name", "Вера", "--extension", "120", "--password", "a long password")
    added = typed(home, *words, "--site", "moscow", "--capacity", "blended")
    assert added.exit_code == 0, added.output
    assert typed(home, "agent", "list").stdout.endswith("\tmoscow\tblended\n")
    assert typed(home, "agent", "change", "vera", "--capacity", "exclusive").stdout.endswith("\tmoscow\texclusive\n")
    assert typed(home, "agent", "change", "vera", "--site", "", "--capacity", "").stdout.endswith("\t-\t-\n")
    refused = typed(home, "agent", "change", "vera", "--capacity", "blendet")
    assert refused.exit_code == 2
    assert "There is no capacity profile 'blendet'; did you mean 'blended'?" in refused.stderr
    assert typed(home, "agent", "change", "vera", "--site", "atlantis").exit_code == 2


def test_an_admin_sees_what_a_sip_phone_is_set_to_and_renews_it(home: Path) -> None:
    typed(home, "agent", "add", "vera", "--name", "Вера", "--extension", "120", "--password", "a long password")
    shown = typed(home, "agent", "phone", "vera").stdout
    assert "user      agent-120\n" in shown
    assert "server    127.0.0.1:21001 (UDP or TCP)\n" in shown
    assert typed(home, "agent", "phone", "vera").stdout == shown
    assert typed(home, "agent", "phone", "vera", "--new").stdout != shown
    typed(home, "user", "add", "olga", "--name", "Olga", "--role", "supervisor", "--password", "a long password")
    assert "has no phone" in typed(home, "agent", "phone", "olga").stderr


def test_a_mistake_is_one_sentence_and_exit_code_2(home: Path) -> None:
    for words in (
        ("user", "deactivate", "nobody"),
        ("user", "add", "x", "--name", "X", "--password", "short"),
        ("customer", "add", "X", "not a number", "--project", "telecom"),
    ):
        typed(home, "user", "list")
        result = typed(home, *words)
        assert result.exit_code == 2, result.output
        assert result.stderr.startswith("cti: ")
        assert len(result.stderr.strip().splitlines()) == 1


def test_a_customer_is_given_a_manager_and_another_tier(home: Path) -> None:
    typed(home, "user", "list")
    vera = ("--name", "Vera", "--project", "telecom", "--extension", "105", "--password", "correct horse")
    assert typed(home, "agent", "add", "vera", *vera).exit_code == 0
    anna = ("customer", "add", "Anna", "+79165550001", "--project", "telecom", "--manager")
    assert typed(home, *anna, "nobody").exit_code == 2
    assert typed(home, *anna, "vera").exit_code == 0
    assert "is changed" in typed(home, "customer", "change", "1", "--tier", "gold", "--manager", "").stdout
    assert "\tgold\t" in typed(home, "customer", "find", "+79165550001", "--project", "telecom").stdout
    for words in (("1",), ("1", "--manager", "nobody"), ("2", "--tier", "gold")):
        assert typed(home, "customer", "change", *words).exit_code == 2


def test_customers_are_added_found_imported_and_erased(home: Path, tmp_path: Path) -> None:
    typed(home, "user", "list")
    assert "Customer 1" in typed(home, "customer", "add", "Anna", "+79165550001", "--project", "telecom").stdout
    assert "1\tAnna" in typed(home, "customer", "find", "89165550001", "--project", "telecom").stdout
    file = tmp_path / "customers.csv"
    file.write_text("name,phone\nБорис,+79165550002\nTaken,+79165550001\n", encoding="utf-8-sig")
    imported = typed(home, "customer", "import", str(file), "--project", "telecom")
    assert imported.exit_code == 1
    assert "1 added, 1 refused" in imported.stdout
    assert "line 3" in imported.stderr
    assert typed(home, "customer", "erase", "1", "--yes").exit_code == 0
    assert "Anna" not in typed(home, "customer", "list").stdout
