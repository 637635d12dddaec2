"""What is read from apt's files and answers."""

import shutil
from pathlib import Path

import pytest

from cti.errors import SetupFailed
from cti.setup import debian

needs_apt = pytest.mark.skipif(shutil.which("apt-get") is None, reason="this machine has no apt")

DEB822 = """\
# The archive of the house
Types: deb deb-src
URIs: http://mirror.example.com/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example.com/debian-security
Suites: bookworm-security
Components: main
"""


def test_the_mirror_is_read_from_the_deb822_form() -> None:
    assert debian.mirrors([DEB822]) == ["http://mirror.example.com/debian"]


def test_the_mirror_is_read_from_the_one_line_form() -> None:
    text = (
        "deb-src http://source.example.com/debian trixie main\n"
        "deb [arch=amd64 signed-by=/k.gpg] https://one.example.com/debian trixie main contrib\n"
        "# deb http://commented.example.com/debian trixie main\n"
        "deb http://security.example.com/debian-security trixie-security main\n"
    )
    assert debian.mirrors([text]) == ["https://one.example.com/debian"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "deb https://packages.example.com/apt tool-stable main",
        "deb http://archive.ubuntu.com/ubuntu noble main universe",
        "Types: deb\nURIs: https://packages.example.com/node\nSuites: nodistro\nComponents: main\n",
        "Enabled: no\n" + DEB822.partition("\n\n")[0],
        "Types: deb-src\nURIs: http://mirror.example.com/debian\nSuites: sid\nComponents: main\n",
    ],
)
def test_archives_that_carry_no_debian_suite_are_left_out(text: str) -> None:
    assert debian.mirrors([text]) == []


def test_the_mirror_named_in_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(debian.MIRROR_VARIABLE, "http://near.example.com/debian/")
    assert debian.mirrors([DEB822]) == ["http://near.example.com/debian", "http://mirror.example.com/debian"]


def test_continued_fields_are_joined() -> None:
    text = "Types: deb\nURIs:\n http://a.example.com/debian\n http://b.example.com/debian\nSuites:\n sid\n"
    assert debian.mirrors([text])[:2] == ["http://a.example.com/debian", "http://b.example.com/debian"]


def test_source_files_are_read_and_others_are_not(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text("one")
    (tmp_path / "sources.list.d" / "more.list").write_text("two")
    (tmp_path / "sources.list.d" / "old.list.save").write_text("three")
    assert debian.system_sources(tmp_path) == ["one", "two"]


def test_what_apt_would_fetch_is_read_with_its_size() -> None:
    answer = (
        "'http://mirror.example.com/debian/pool/main/a/a/a_1%2b2_all.deb' a_1+2_all.deb 1234 SHA256:00\n"
        "'http://mirror.example.com/debian/pool/main/b/b/b_1_amd64.deb' b_1_amd64.deb 5 SHA256:00\n"
    )
    assert debian.parcels(answer) == [
        debian.Parcel(name="a_1+2_all.deb", size=1234),
        debian.Parcel(name="b_1_amd64.deb", size=5),
    ]


def test_nothing_to_fetch_is_an_empty_list() -> None:
    assert debian.parcels("") == []


def test_a_machine_without_apt_is_told_to_bring_its_own_asterisk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupFailed, match=r"apt-get is missing.*--asterisk PATH"):
        debian.check_possible()


@needs_apt
def test_a_mirror_that_has_nothing_is_named(tmp_path: Path) -> None:
    source = debian.Source(mirror=f"file:{tmp_path}/absent", suite="forky")
    apt = debian.Apt(tmp_path / "apt", source=source, archives=tmp_path / "packages")
    with pytest.raises(SetupFailed, match="absent"):
        apt.update()


@needs_apt
def test_an_archive_without_a_signature_is_refused(tmp_path: Path) -> None:
    suite = tmp_path / "mirror" / "dists" / "forky"
    suite.mkdir(parents=True)
    (suite / "Release").write_text("Origin: Debian\nCodename: forky\nComponents: main\n")
    source = debian.Source(mirror=f"file:{tmp_path}/mirror", suite="forky")
    apt = debian.Apt(tmp_path / "apt", source=source, archives=tmp_path / "packages")
    with pytest.raises(SetupFailed, match="not signed"):
        apt.update()
