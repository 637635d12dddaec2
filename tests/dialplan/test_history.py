"""Versions on the disk: whole or not there, byte for byte, pruned, and one file that says which is in force."""

from pathlib import Path

import msgspec
import pytest

from cti.dialplan import history, material
from cti.dialplan.history import Applying, History
from cti.errors import ConfigError, NotFound
from cti.home import Home
from cti.ports.templates import Busy, Entry
from tests.dialplan.homes import demo_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return demo_home(tmp_path / "h")


def add(kept: History, home: Home, number: int) -> None:
    kept.add(number, material.of_home(home), plain=f"; {number}\n", author="me", reason="why", at_ms=number)


def entry(version: int, action: str = "apply") -> Entry:
    return Entry(
        number=0, at_ms=1, action=action, version=version, author="me", reason="why", words="", digest="", kept=True
    )


def test_a_version_comes_back_byte_for_byte(home: Home) -> None:
    odd = "name: {en: A, ru: Б}\r\n# no line end at the end"
    material.write(home, material.CENTRE, odd)
    material.write(home, "_mine.j2", "\ttabs\r\nand no end")
    add(History(home), home, 1)
    material.write(home, material.CENTRE, "another")
    material.write(home, "_new.j2", "a part that version 1 has not")
    material.restore(home, History(home).material(1))
    assert home.centre_file.read_bytes() == odd.encode()
    assert (material.own_folder(home) / "_mine.j2").read_bytes() == b"\ttabs\r\nand no end"
    assert not (material.own_folder(home) / "_new.j2").exists()


def test_what_is_in_force_is_one_file_and_the_centre_file_of_that_version_counts(home: Home) -> None:
    kept = History(home)
    assert kept.in_force is None
    assert home.centre_in_force == home.centre_file
    add(kept, home, 1)
    kept.put_in_force(1)
    material.write(home, material.CENTRE, "a draft")
    assert home.centre_in_force == home.version_folder(1) / "centre.yaml"
    assert home.centre_in_force.read_text() != "a draft"


def test_a_version_half_written_is_not_there(home: Home) -> None:
    staged = home.conf / "versions" / ".staged-7"
    staged.mkdir(parents=True)
    (staged / "centre.yaml").write_text("half")
    assert History(home).numbers() == []
    with pytest.raises(NotFound):
        History(home).material(7)
    add(History(home), home, 7)
    assert History(home).numbers() == [7]


def test_what_was_begun_is_known_until_it_is_finished(home: Home) -> None:
    kept = History(home)
    begun = Applying(before=1, version=2, action="apply", author="me", reason="")
    home.conf.mkdir()
    kept.begin(begun)
    assert History(home).unfinished() == begun
    kept.finish()
    assert kept.unfinished() is None


def test_a_line_of_the_log_that_was_cut_short_is_left_out(home: Home) -> None:
    kept = History(home)
    kept.note(entry(1))
    with (home.conf / "log.jsonl").open("ab") as log:
        log.write(msgspec.json.encode(entry(2))[:20])
    assert [one.version for one in kept.entries()] == [1]


def test_numbers_are_never_used_twice(home: Home) -> None:
    kept = History(home)
    assert kept.next_number() == 1
    kept.note(entry(5, "failed"))
    assert kept.next_number() == 6


def test_old_versions_are_pruned_but_none_that_is_needed(home: Home) -> None:
    kept = History(home)
    (home.conf / "versions").mkdir(parents=True)
    for number in range(1, history.KEPT + 6):
        (home.version_folder(number)).mkdir()
    kept.put_in_force(2)
    kept.prune({3})
    assert kept.numbers() == [2, 3, *range(6, history.KEPT + 6)]


def test_two_cannot_change_the_configuration_at_once(home: Home) -> None:
    with History(home).alone(), pytest.raises(Busy), History(home).alone():
        pass


def test_a_damaged_pointer_is_said_and_not_guessed(home: Home) -> None:
    home.conf.mkdir()
    (home.conf / "in-force").write_text("seven")
    with pytest.raises(ConfigError, match="damaged"):
        _ = home.centre_in_force
