"""Recordings that are over: sealed one after the other, entered in the table, and erased when their time is over.

Theory of operation. Each step is durable before the next and can be done again: the sealed file gets its name, then the
note holds all that the table is to have, then the clear sound goes, then the row is entered, then the note goes. So
clear sound does not wait for a database that is away, nothing is lost, and nothing is entered twice. A step that fails
is tried again, with the others going on. Called by `cti.recordings.recorder`.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from msgspec import structs

from cti.domain.ids import Milliseconds
from cti.errors import OutsideError
from cti.metrics import Metrics
from cti.ports.recordings import Kept, Shelf
from cti.recordings.sealer import Sealer
from cti.recordings.spool import Note, Spool

log = logging.getLogger(__name__)

AGAIN_S: Final = 5.0
CLOSED_POLL_S: Final = 0.1
CLOSED_LIMIT_S: Final = 60.0
"""How long a file may stay open whose leg has ended: then it is left for a later try."""
PURGE_EVERY_S: Final = 600.0
_AT_ONCE: Final = 200
_DAY_MS: Final = 86_400_000


class Archive:
    """`run` and `keep_house` are to be supervised tasks."""

    def __init__(
        self, *, spool: Spool, sealer: Sealer, shelf: Shelf, now: Callable[[], Milliseconds], metrics: Metrics
    ) -> None:
        self._spool = spool
        self._sealer = sealer
        self._shelf = shelf
        self._now = now
        self._waiting: asyncio.Queue[Note] = asyncio.Queue()
        self._later: dict[str, asyncio.TimerHandle] = {}
        self._kept = metrics.counter("triune_recordings_total", "Recordings that were kept, or had no sound")
        self._failed = metrics.counter("triune_recording_failures_total", "What could not be done to a recording")
        self._erased = metrics.counter("triune_recordings_erased_total", "Recordings whose time was over")
        metrics.gauge("triune_recordings_unsealed", "Recordings that are over and not kept yet", lambda: self.unsealed)

    @property
    def unsealed(self) -> int:
        """How many are not in the table yet."""
        return self._waiting.qsize() + len(self._later)

    def take(self, note: Note) -> None:
        """Seal and keep it, sooner or later. Not bounded: a note is some 500 bytes, and stands on the disk as well."""
        self._waiting.put_nowait(note)

    async def drop(self, note: Note) -> None:
        """It never began."""
        await asyncio.to_thread(self._spool.forget, note.recording_id)

    async def run(self) -> None:
        """Keep what is over, for ever."""
        while True:
            note = await self._waiting.get()
            try:
                if note.sealed is None and not await self._is_closed(note):
                    self._again(note)
                    continue
                note = await self._sealed(note)
                await self._enter(note)
            except asyncio.CancelledError:
                self.take(note)
                raise
            except (OutsideError, OSError) as error:
                self._failed.add(what="keep")
                log.warning("%s: %s", note.recording_id, error, extra={"action": "recording_not_kept"})
                self._again(note)

    def _again(self, note: Note) -> None:
        self._later[note.recording_id] = asyncio.get_running_loop().call_later(AGAIN_S, self._take_again, note)

    def _take_again(self, note: Note) -> None:
        self._later.pop(note.recording_id, None)
        self.take(note)

    async def _sealed(self, note: Note) -> Note:
        """The note with what the table is to have; without, when there was no sound."""
        if note.sealed is not None:
            return note
        kept = await self._seal(note)
        if kept is not None:
            note = structs.replace(note, sealed=kept)
            await asyncio.to_thread(self._spool.save, note)
        return note

    async def _enter(self, note: Note) -> None:
        await asyncio.to_thread(self._spool.drop_sound, note.recording_id)
        if note.sealed is not None:
            await self._shelf.put(note.sealed)
            log.info("a recording is kept", extra={"action": "recording_kept", "contact": note.contact_id})
        await asyncio.to_thread(self._spool.forget, note.recording_id)
        self._kept.add(outcome="empty" if note.sealed is None else "kept")

    async def _is_closed(self, note: Note) -> bool:
        deadline = asyncio.get_running_loop().time() + CLOSED_LIMIT_S
        while await asyncio.to_thread(self._spool.is_written, note.recording_id):
            if self._waiting.qsize() or asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(CLOSED_POLL_S)
        return True

    async def _seal(self, note: Note) -> Kept | None:
        written = self._spool.written(note.recording_id)
        if not written.exists():
            return None
        part = await asyncio.to_thread(self._spool.part, note.recording_id, note.began_ms)
        try:
            result = await self._sealer.seal(written=written, target=part, recording_id=note.recording_id)
        except OutsideError:
            part.unlink(missing_ok=True)
            raise
        if result.size == 0:
            return None
        place = self._spool.place(note.recording_id, note.began_ms)
        await asyncio.to_thread(self._spool.publish, part, place)
        return Kept(
            recording_id=note.recording_id,
            contact_id=note.contact_id,
            project_id=note.project_id,
            queue_id=note.queue_id,
            agents=note.agents,
            began_ms=note.began_ms,
            length_ms=result.length_ms,
            pauses=note.pauses,
            keep_until_ms=note.began_ms + note.keep_days * _DAY_MS,
            size=result.size,
            sha256=result.sha256,
            key_id=result.key_id,
            wrapped_key=result.wrapped_key,
        )

    async def keep_house(self) -> None:
        """Erase what was kept long enough, and the files of what was erased, for ever."""
        while True:
            try:
                await purge(self._shelf, self._spool, now_ms=self._now(), erased=self._erased.add)
            except (OutsideError, OSError) as error:
                log.warning("recordings not purged: %s", error, extra={"action": "purge_failed"})
            await asyncio.sleep(PURGE_EVERY_S)

    async def stop(self) -> None:
        """The rest is the next engine's."""
        for handle in self._later.values():
            handle.cancel()
        await self._sealer.stop()


async def purge(
    shelf: Shelf,
    spool: Spool,
    *,
    now_ms: Milliseconds,
    actor: str = "system",
    erased: Callable[[float], None] = lambda _: None,
) -> int:
    """Erase recordings whose time is over, then the files of all that are erased; how many were.

    Raises DatabaseDown, OSError.
    """
    count = 0
    while expired := await shelf.expired(now_ms, limit=_AT_ONCE):
        done = await shelf.erase([one.recording_id for one in expired], actor=actor, why="retention")
        erased(done)
        count += done
    await sweep(shelf, spool)
    return count


async def sweep(shelf: Shelf, spool: Spool) -> int:
    """Remove the files of erased recordings; how many. Raises DatabaseDown, OSError.

    A file without a row is left: the row may come back with a backup, and its key with it.
    """
    files = await asyncio.to_thread(spool.files)
    erased = await shelf.erased_among(files)
    for recording_id in erased:
        await asyncio.to_thread(files[recording_id].unlink, True)
    return len(erased)
