"""Which Asterisk is chosen, and what a person reads when none will do. Programs here are small scripts that answer."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cti.errors import SetupFailed
from cti.setup import asterisk

MODULES = ("app_queue.so", "app_stasis.so", "chan_pjsip.so", "res_agi.so", "res_ari_channels.so")
MakeAsterisk = Callable[..., Path]


@pytest.fixture
def make_asterisk(tmp_path: Path) -> MakeAsterisk:
    """Lays out an installation below a prefix; gives its program."""

    def make(*, version: str, modules: tuple[str, ...] = MODULES, name: str = "opt") -> Path:
        prefix = tmp_path / name
        module_dir = prefix / "lib" / "asterisk" / "modules"
        module_dir.mkdir(parents=True)
        for module in modules:
            (module_dir / module).touch()
        (prefix / "share" / "asterisk" / "documentation").mkdir(parents=True)
        program = prefix / "sbin" / "asterisk"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\necho '{version}'\n")
        program.chmod(0o755)
        return program

    return make


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither variables nor the real cache of whoever runs the tests decide."""
    monkeypatch.delenv(asterisk.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("answer", "release"),
    [
        ("Asterisk 22.10.1", (22, 10, 1)),
        ("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1\n", (22, 10, 1)),
        ("1:22.10.1+dfsg+~cs6.17.60671434-1", (22, 10, 1)),
        ("Asterisk certified/20.7-cert3", (20, 7)),
        ("Asterisk certified-22.8-cert1", (22, 8)),
        ("Asterisk GIT-22-0a1b2c3", None),
        ("", None),
        ("not found", None),
    ],
)
def test_the_release_is_read_from_every_form(answer: str, release: tuple[int, ...] | None) -> None:
    assert asterisk.parse_version(answer) == release


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("22.10.0", True),
        ("22.10", True),
        ("23.1.0", True),
        ("22.9.9", False),
        ("22.1.0", False),
        ("20.18.0", False),
        ("GIT-master", False),
    ],
)
def test_releases_compare_as_numbers(version: str, enough: bool) -> None:
    assert asterisk.is_new_enough(version) is enough


def test_a_named_program_is_described_with_its_folders(make_asterisk: MakeAsterisk) -> None:
    program = make_asterisk(version="Asterisk 22.10.2")
    install = asterisk.find(program)
    assert install.version == "22.10.2"
    assert install.modules_dir == program.parents[1] / "lib/asterisk/modules"
    assert install.data_dir == program.parents[1] / "share/asterisk"
    assert install.start_command(Path("/c")) == (str(program), "-C", "/c", "-f")
    assert install.console_command(Path("/c"), "core show version")[-2:] == ("-rx", "core show version")


def test_a_named_asterisk_that_is_too_old_is_refused_with_both_releases(make_asterisk: MakeAsterisk) -> None:
    program = make_asterisk(version="Asterisk 22.9.0")
    with pytest.raises(SetupFailed, match=r"is 22\.9\.0; Triune needs 22\.10"):
        asterisk.find(program)


def test_an_asterisk_without_the_modules_is_refused(make_asterisk: MakeAsterisk) -> None:
    program = make_asterisk(version="Asterisk 22.10.1", modules=MODULES[1:])
    with pytest.raises(SetupFailed, match="lacks modules"):
        asterisk.find(program)


def test_a_program_that_fails_is_refused_with_its_own_words(tmp_path: Path) -> None:
    program = tmp_path / "asterisk"
    program.write_text("#!/bin/sh\necho 'libssl.so.3: cannot open' >&2; exit 127\n")
    program.chmod(0o755)
    with pytest.raises(SetupFailed, match=r"does not start: libssl\.so\.3"):
        asterisk.find(program)


def test_a_name_that_is_no_program_is_refused_without_falling_back(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match="is not a program"):
        asterisk.install(tmp_path / "absent")


def test_the_variable_names_the_asterisk(make_asterisk: MakeAsterisk, monkeypatch: pytest.MonkeyPatch) -> None:
    program = make_asterisk(version="Asterisk 22.11.0")
    monkeypatch.setenv(asterisk.VARIABLE, str(program))
    assert asterisk.find().version == "22.11.0"


def test_an_argument_goes_before_the_variable(make_asterisk: MakeAsterisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(asterisk.VARIABLE, str(make_asterisk(version="Asterisk 22.11.0", name="one")))
    assert asterisk.find(make_asterisk(version="Asterisk 23.0.0", name="two")).version == "23.0.0"


def test_the_systems_asterisk_is_used_when_it_is_new_enough(
    make_asterisk: MakeAsterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = make_asterisk(version="Asterisk 22.10.1")
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    assert asterisk.find().argv_prefix == (str(program),)


def test_an_old_asterisk_of_the_system_is_passed_over_and_the_next_step_is_said(
    make_asterisk: MakeAsterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = make_asterisk(version="Asterisk 20.6.0")
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    with pytest.raises(SetupFailed, match=r"make setup.*--asterisk PATH.*TRIUNE_ASTERISK"):
        asterisk.find()


def test_a_folder_without_an_asterisk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match="holds no usr/sbin/asterisk"):
        asterisk.find(tmp_path)
