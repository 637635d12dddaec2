"""Messages that callers left in the boxes of `destinations`: what there is, as files.

The dialplan records them (`asterisk-conf/templates/extensions.conf.j2`), named after the box, the instant, the channel
and the contact that its caller was, never after the caller. Once the engine has made a contact of one
(`cti.media.voicemail`), its file stands sealed in the folder `kept` beside (`cti.cabinet`). Here: the names, what is in
a file, and the command that lists them.
"""

import glob
import json
import os
import re
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from cti.domain.ids import ContactId
from cti.home import Home, default_home

_NAME: Final = re.compile(
    r"(?P<box>[a-z0-9_]+)-(?P<at>\d{8}T\d{6}Z)-(?P<leg>[A-Za-z0-9_.-]+?)(?:-of-(?P<contact>c\d+(?:-\d+)?)?)?",
    re.ASCII,
)
KEPT: Final = "kept"
KEY: Final = "voicemail:"
"""Begins the key of a message; the file's name without its ending follows."""
SEALED: Final = ".sealed"
"""Ends the name of a kept file."""
_HEAD_BYTES: Final = 44
"""Of a WAV file as Asterisk writes it: 8 kHz, 16 bit, mono."""
_BYTES_A_SECOND: Final = 16_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One recorded message."""

    box: str
    """The destination's key."""
    at: datetime
    seconds: float
    leg: str
    """The caller's leg: by it the contact is found in the journal."""
    contact: ContactId | None
    """That its caller was; None for one of an older dialplan."""
    file: Path


def messages(folder: Path) -> Iterator[Message]:
    """The messages in this folder, the oldest first; what is still being recorded, or is no message, is left out."""
    found = []
    for path in (*folder.glob("*.wav"), *folder.glob(f"*{SEALED}")):
        named = _NAME.fullmatch(path.stem)
        seconds = _seconds(path)
        if named is None or seconds is None:
            continue
        at = datetime.strptime(named["at"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        contact = ContactId(named["contact"]) if named["contact"] else None
        found.append(Message(box=named["box"], at=at, seconds=seconds, leg=named["leg"], contact=contact, file=path))
    yield from sorted(found, key=lambda one: (one.at, one.leg))


def kept(folder: Path) -> Path:
    """Where the files stand of which contacts were made."""
    return folder / KEPT


def key_of(path: Path) -> str:
    """By what the message is known wherever it is told of."""
    return KEY + path.stem


def file_of(key: str, folder: Path) -> Path:
    """The kept file of the message with this key."""
    return kept(folder) / f"{key.removeprefix(KEY)}{SEALED}"


def mend(path: Path) -> None:
    """Write the head of a file that Asterisk never closed, since it died: what was recorded until then is to be heard.

    Whole on return, or as it was; what one who died over it had written is cleared. Raises OSError.
    """
    for left in path.parent.glob(f".{glob.escape(path.name)}.*"):
        left.unlink(missing_ok=True)
    content = path.read_bytes()[_HEAD_BYTES:]
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with wave.open(str(temporary), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(_BYTES_A_SECOND // 2)
        written.writeframes(content[: len(content) // 2 * 2])
    temporary.replace(path)


def recorded_s(path: Path) -> float:
    """How much sound the file holds, whatever its head says. Raises OSError."""
    return max(0, path.stat().st_size - _HEAD_BYTES) / _BYTES_A_SECOND


def sealed_s(length: int) -> float:
    """How much sound is in a message of so many bytes."""
    return max(0, length - _HEAD_BYTES) / _BYTES_A_SECOND


def _seconds(path: Path) -> float | None:
    try:
        if path.suffix == SEALED:
            with path.open("rb") as file:  # magic, then the length: see `cti.recordings.vault`
                return sealed_s(int.from_bytes(file.read(16)[8:], "little"))
        with wave.open(str(path)) as recorded:
            return float(recorded.getnframes() / recorded.getframerate())
    except (OSError, EOFError, wave.Error):
        return None


@click.group()
def voicemail() -> None:
    """Messages that callers left."""


@voicemail.command("list")
@click.option(
    "--home",
    default=default_home,
    type=click.Path(path_type=Path),
    help="The centre's home. Default: the one of `make run`.",
)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def list_messages(*, home: Path, as_json: bool) -> None:
    """What was recorded, the oldest first: when (UTC), box, length and file."""
    folder = Home.open(home).voicemail
    found = sorted((*messages(folder), *messages(kept(folder))), key=lambda one: (one.at, one.leg))
    if as_json:
        rows = [
            {
                "box": one.box,
                "at": one.at.isoformat(),
                "seconds": round(one.seconds, 1),
                "leg": one.leg,
                "contact": one.contact,
                "file": str(one.file),
            }
            for one in found
        ]
        click.echo(json.dumps(rows))
        return
    for one in found:
        click.echo(f"{one.at:%Y-%m-%d %H:%M:%S}  {one.box}  {one.seconds:5.1f} s  {one.file}")
    if not found:
        click.echo("There are no messages.")
