"""Messages that callers left in the boxes of `destinations`: what there is, and where to hear it.

The dialplan records them (`asterisk-conf/templates/extensions.conf.j2`), named after the box, the instant and the
channel, never after the caller. Nothing is deleted here.
"""

import json
import re
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from cti.home import Home, default_home

_NAME: Final = re.compile(r"(?P<box>[a-z0-9_]+)-(?P<at>\d{8}T\d{6}Z)-(?P<leg>[A-Za-z0-9_.-]+)\.wav", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One recorded message."""

    box: str
    """The destination's key."""
    at: datetime
    seconds: float
    leg: str
    """The caller's leg: by it the contact is found in the journal."""
    file: Path


def messages(folder: Path) -> Iterator[Message]:
    """The messages in this folder, the oldest first; what is still being recorded, or is no message, is left out."""
    found = []
    for path in folder.glob("*.wav"):
        named = _NAME.fullmatch(path.name)
        seconds = _seconds(path)
        if named is None or seconds is None:
            continue
        at = datetime.strptime(named["at"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        found.append(Message(box=named["box"], at=at, seconds=seconds, leg=named["leg"], file=path))
    yield from sorted(found, key=lambda one: (one.at, one.leg))


def _seconds(path: Path) -> float | None:
    try:
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
    found = list(messages(Home.open(home).voicemail))
    if as_json:
        rows = [
            {
                "box": one.box,
                "at": one.at.isoformat(),
                "seconds": round(one.seconds, 1),
                "leg": one.leg,
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
