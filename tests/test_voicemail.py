"""Listing the messages that callers left."""

import json
import wave
from pathlib import Path

import pytest
from click.testing import CliRunner

from cti.cli import main
from cti.home import Home, Settings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.make(tmp_path / "h", Settings(demo=True))


def record(home: Home, name: str, *, seconds: float) -> None:
    home.voicemail.mkdir(parents=True, exist_ok=True)
    with wave.open(str(home.voicemail / name), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(b"\0\0" * round(8000 * seconds))


def listed(home: Home, *options: str) -> str:
    done = CliRunner().invoke(main, ["voicemail", "list", "--home", str(home.path), *options])
    assert done.exit_code == 0, done.output
    return done.output


def test_messages_are_listed_oldest_first_with_box_and_length(home: Home) -> None:
    record(home, "box-20300102T030405Z-n1-1795331753.7.wav", seconds=2.5)
    record(home, "night-20290102T030405Z-n1-1795331000.1.wav", seconds=1)
    (home.voicemail / "box-20300102T030406Z-n1-1.9.wav").write_bytes(b"RIFF")
    record(home, "../passwd.wav", seconds=1)
    first, second = json.loads(listed(home, "--json"))
    assert (first["box"], first["seconds"], first["leg"]) == ("night", 1.0, "n1-1795331000.1")
    assert (second["box"], second["at"], second["seconds"]) == ("box", "2030-01-02T03:04:05+00:00", 2.5)
    assert [line.split()[2] for line in listed(home).splitlines()] == ["night", "box"]


def test_a_home_without_messages_says_so(home: Home) -> None:
    assert listed(home) == "There are no messages.\n"
