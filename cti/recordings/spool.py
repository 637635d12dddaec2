"""Recordings under way: a note on each, which outlives us, and the sound that the switch writes.

Theory of operation. The note is on disk before the switch is asked to record, and goes last: whatever dies, a file of
sound has its note, and from the notes everything is taken up again. A pause stands in the note before it is confirmed,
so no engine that comes after ends it early. Everything here blocks on the disk; called off the loop.
"""

import contextlib
import fcntl
import logging
import os
import shutil
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from cti.domain.ids import AgentId, ContactId, LegId, Milliseconds, NodeId, ProjectId, QueueId
from cti.home import Home, write_private
from cti.ports.recordings import Kept

log = logging.getLogger(__name__)

_SETTLED_S: Final = 30.0
"""A file that was not written to for so long is taken for closed where the system cannot tell."""


class Note(Struct, frozen=True, kw_only=True):
    """What must be known of a recording until it stands in the table."""

    recording_id: str
    contact_id: ContactId
    leg_id: LegId
    """The customer's."""
    node: NodeId
    project_id: ProjectId
    queue_id: QueueId
    began_ms: Milliseconds
    keep_days: int
    agents: tuple[AgentId, ...] = ()
    pauses: tuple[tuple[Milliseconds, Milliseconds], ...] = ()
    """Those that are over."""
    paused_ms: Milliseconds | None = None
    """Since when it is paused; None: it is not."""
    resumes_ms: Milliseconds | None = None
    """When the pause ends by itself."""
    ended: bool = False
    sealed: Kept | None = None
    """Its file stands; what is left is to enter it."""


class Spool:
    """The notes and files of one home."""

    def __init__(self, home: Home) -> None:
        self._sound = home.recording_spool
        self._notes = home.recordings / "open"
        self._kept = home.recordings / "kept"

    def make(self) -> None:
        """Make the folders, for their owner alone; clear what was broken off while it was sealed, and what has no note.

        Sound without a note is of a recording that the switch began after it had been given up.
        """
        for folder in (self._sound, self._notes, self._kept):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
        for left in self._kept.glob("*/.*.part-*"):
            left.unlink(missing_ok=True)
        for sound in self._sound.glob(file_name("c*-*")):
            if not self._note(sound.stem).exists():
                sound.unlink(missing_ok=True)

    def notes(self) -> list[Note]:
        """Every note, the oldest first; one that cannot be read is logged, and left."""
        found = []
        for path in self._notes.glob("*.json"):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=Note))
            except (OSError, msgspec.MsgspecError) as error:
                log.error("the note %s cannot be read: %s", path.name, error, extra={"action": "recording_note_lost"})
        return sorted(found, key=lambda note: (note.began_ms, note.recording_id))

    def save(self, note: Note) -> None:
        """Write the note; durable on return. Raises OSError."""
        path = self._note(note.recording_id)
        write_private(path, msgspec.json.encode(note).decode())
        _sync(path.parent)

    def forget(self, recording_id: str) -> None:
        """The recording stands in the table, or there is none: neither note nor sound is needed any more."""
        self.written(recording_id).unlink(missing_ok=True)
        self._note(recording_id).unlink(missing_ok=True)

    def written(self, recording_id: str) -> Path:
        """What the switch writes."""
        return self._sound / file_name(recording_id)

    def is_written(self, recording_id: str) -> bool:
        """Whether the switch has the file open, or had until a moment ago where that cannot be told."""
        path = self.written(recording_id)
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            return _is_open_elsewhere(descriptor)
        finally:
            os.close(descriptor)

    def drop_sound(self, recording_id: str) -> None:
        """Remove what is sealed by now."""
        self.written(recording_id).unlink(missing_ok=True)

    def place(self, recording_id: str, began_ms: Milliseconds) -> Path:
        """Where the sealed file stands, or is to."""
        return self._kept / f"{datetime.fromtimestamp(began_ms / 1000, tz=UTC):%Y-%m}" / f"{recording_id}.rec"

    def part(self, recording_id: str, began_ms: Milliseconds) -> Path:
        """A new name beside it, for the time of sealing; its folder is made."""
        place = self.place(recording_id, began_ms)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        return place.with_name(f".{recording_id}.part-{os.getpid()}-{time.monotonic_ns()}")

    def publish(self, part: Path, place: Path) -> None:
        """Give it its name; durable on return."""
        part.replace(place)
        _sync(place.parent)

    def files(self) -> dict[str, Path]:
        """Every sealed file, by its recording's id."""
        return {path.stem: path for path in self._kept.glob("*/*.rec")}

    def free_bytes(self) -> int:
        """Space that is left, where there is less of it: under the spool, or under what is kept."""
        return min(shutil.disk_usage(folder).free for folder in (self._sound, self._kept))

    def _note(self, recording_id: str) -> Path:
        return self._notes / f"{recording_id}.json"


def file_name(recording_id: str) -> str:
    """What the switch is told to write, in its folder; the ending is what MixMonitor wants for two sides."""
    return f"{recording_id}.raw"


def _is_open_elsewhere(descriptor: int) -> bool:
    """Nobody is given a lease to read while somebody has the file open to write (fcntl(2))."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)  # whose default is to be ignored
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:  # a file system without leases, or somebody else's file
        return time.time() - os.fstat(descriptor).st_mtime < _SETTLED_S
    with contextlib.suppress(OSError):
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
