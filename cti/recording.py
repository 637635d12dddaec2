"""`cti recordings …`: what is kept, saving one to a file, checking all, erasing what is over, and a new key.

Here: options and printing. The work is done by `cti.recordings` on the home's table and files; each of these is safe
beside a running engine.
"""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import click

from cti.database import Database, open_database
from cti.domain.ids import Milliseconds
from cti.errors import NotFound, OutsideError
from cti.home import Home, default_home
from cti.ports.recordings import Kept
from cti.recordings import archive, keys, sealing
from cti.recordings.spool import Spool
from cti.store.directory import Directory
from cti.store.recordings import StoredRecordings

T = TypeVar("T")

ACTOR: Final = "command line"
"""Who did it, in the audit."""
_AT_ONCE: Final = 500


@click.group()
def recordings() -> None:
    """Recorded talks."""


_HOME = click.option(
    "--home",
    "place",
    default=default_home,
    type=click.Path(path_type=Path),
    help="The centre's home. Default: the one of `make run`.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@recordings.command("list")
@_HOME
@click.option("--limit", default=50, type=click.IntRange(1, 10_000), show_default=True, help="How many at most.")
@_JSON
def list_recordings(*, place: Path, limit: int, as_json: bool) -> None:
    """What is kept, the newest first: begin (UTC), length, contact, queue, and until when."""
    home = Home.open(place)
    found = _run(home, lambda database: StoredRecordings(database).listed(limit=limit))
    if as_json:
        click.echo(json.dumps([_told(kept) for kept in found]))
        return
    for kept in found:
        until = "erased" if kept.erased_ms is not None else f"until {_day(kept.keep_until_ms)}"
        length = f"{kept.length_ms / 1000:.0f} s"
        click.echo(f"{_instant(kept.began_ms)}  {length:>7}  {kept.recording_id}  {kept.queue_id}  {until}")
    if not found:
        click.echo("There are no recordings.")


@recordings.command("play-to-file")
@_HOME
@click.argument("recording_id")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def play_to_file(*, place: Path, recording_id: str, file: Path) -> None:
    """Save RECORDING_ID as the WAV file FILE, for its owner alone; written into the audit."""
    home = Home.open(place)

    async def work(database: Database) -> Kept:
        kept = await StoredRecordings(database).get(recording_id)
        if kept is None:
            raise NotFound(f"There is no recording {recording_id}; `cti recordings list` shows what there is.")
        if kept.erased_ms is not None:
            raise NotFound(f"The recording {recording_id} was erased.")
        deed = Directory(database).note_deed
        await deed(actor=ACTOR, action="recording_downloaded", subject=kept.contact_id, detail=recording_id)
        return kept

    kept = _run(home, work)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise OutsideError(f"{file} cannot be made: {error.strerror}.", transient=False) from error
    with os.fdopen(descriptor, "wb") as target, sealing.unsealed(home.path, kept) as sound:
        for piece in sound.read():
            target.write(piece)
    click.echo(f"{file}: {kept.length_ms / 1000:.0f} s, SHA-256 {kept.sha256}")


@recordings.command()
@_HOME
@_JSON
def verify(*, place: Path, as_json: bool) -> None:
    """Open every recording, compute its checksum anew, and say which are damaged; then the exit code is 1."""
    home = Home.open(place)
    kept = [one for one in _run(home, _all) if one.erased_ms is None]
    damaged = [one.recording_id for one in kept if not sealing.is_whole(home.path, one)]
    files = Spool(home).files()
    waiting = {note.recording_id for note in Spool(home).notes()}  # before the table, into which they go meanwhile
    known = {one.recording_id for one in _run(home, _all)}
    strangers = sorted(files.keys() - known - waiting)
    if as_json:
        click.echo(json.dumps({"checked": len(kept), "damaged": damaged, "unknown": strangers}))
    else:
        for recording_id in damaged:
            click.echo(f"{recording_id} is damaged, or its file is gone: restore it from a backup.")
        for recording_id in strangers:
            click.echo(f"{files[recording_id]} is of no recording in the table.")
        click.echo(f"{len(kept)} recordings checked, {len(damaged)} damaged.")
    if damaged:
        raise SystemExit(1)


@recordings.command()
@_HOME
def purge(*, place: Path) -> None:
    """Erase now what has been kept long enough; a running engine does so every ten minutes."""
    home = Home.open(place)
    now_ms = time.time_ns() // 1_000_000
    erased = _run(
        home,
        lambda database: archive.purge(StoredRecordings(database), Spool(home), now_ms=now_ms, actor=ACTOR),
    )
    click.echo(f"{erased} recordings were erased.")


@recordings.command("new-key")
@_HOME
def new_key(*, place: Path) -> None:
    """Make a new key, wrap the keys of all recordings with it, and forget those before the last one.

    The files stay as they are. The last key is kept for what is being sealed just now. Keep a copy of secrets.json.
    """
    home = Home.open(place).with_recording_key()
    ring = keys.Keyring(home.secrets.recording_keys)

    async def work(database: Database) -> int:
        shelf, changed = StoredRecordings(database), 0
        for kept in await _all(database):
            if kept.erased_ms is None and kept.key_id != ring.newest:
                changed += await _rewrap(shelf, ring, kept)
        return changed

    changed = _run(home, work)
    used = {note.sealed.key_id for note in Spool(home).notes() if note.sealed is not None}
    used |= _run(home, lambda database: StoredRecordings(database).keys_in_use())  # after the notes, which go there
    home.with_recording_keys_only({*used, *(one.id for one in home.secrets.recording_keys[-2:])})
    click.echo(f"The keys of {changed} recordings were wrapped anew.")


async def _rewrap(shelf: StoredRecordings, ring: keys.Keyring, kept: Kept) -> bool:
    key = ring.unwrap(keys.Wrapped(key_id=kept.key_id, text=kept.wrapped_key), kept.recording_id)
    wrapped = ring.wrap(key, kept.recording_id)
    return await shelf.rewrap(
        kept.recording_id, before=kept.wrapped_key, key_id=wrapped.key_id, wrapped_key=wrapped.text
    )


async def _all(database: Database) -> list[Kept]:
    shelf = StoredRecordings(database)
    found: list[Kept] = []
    while some := await shelf.listed(limit=_AT_ONCE, after=found[-1] if found else None):
        found.extend(some)
    return found


def _run(home: Home, work: Callable[[Database], Awaitable[T]]) -> T:
    async def run() -> T:
        database = open_database(home.database_url)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def _told(kept: Kept) -> dict[str, object]:
    return {
        "recording_id": kept.recording_id,
        "contact_id": kept.contact_id,
        "project_id": kept.project_id,
        "queue_id": kept.queue_id,
        "agents": kept.agents,
        "began_ms": kept.began_ms,
        "length_ms": kept.length_ms,
        "pauses": kept.pauses,
        "keep_until_ms": kept.keep_until_ms,
        "size": kept.size,
        "sha256": kept.sha256,
        "key_id": kept.key_id,
        "erased_ms": kept.erased_ms,
    }


def _instant(at_ms: Milliseconds) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, tz=UTC):%Y-%m-%d %H:%M:%S}"


def _day(at_ms: Milliseconds) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, tz=UTC):%Y-%m-%d}"
