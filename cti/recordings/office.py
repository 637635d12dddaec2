"""All that there is for recordings in one engine, put together: implements `ports.recordings.Recordings`.

Made by `cti.app`, which tells it of decisions and starts its tasks.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from cti.config import Centre
from cti.domain.acd import Decision
from cti.domain.ids import ContactId, Milliseconds, NodeId
from cti.domain.state import State
from cti.home import Home
from cti.metrics import Metrics
from cti.ports.recordings import Kept, Monitor, Playable, Recorded, RecordingState, Shelf
from cti.recordings import sealing
from cti.recordings.archive import Archive
from cti.recordings.recorder import Recorder
from cti.recordings.sealer import Sealer
from cti.recordings.spool import Spool

_OFF: Final = RecordingState(state=Recorded.OFF)


class RecordingOffice:
    """See `ports.recordings.Recordings`. All calls on the engine's loop."""

    def __init__(
        self,
        home: Home,
        *,
        centre: Centre,
        shelf: Shelf,
        monitors: Callable[[NodeId], Monitor | None],
        state: Callable[[], State],
        now: Callable[[], Milliseconds],
        changed: Callable[[ContactId, RecordingState], None],
        metrics: Metrics,
    ) -> None:
        """`centre` is the standing record; `changed` hears of a contact whose recording stands otherwise."""
        self._home = home
        self._shelf = shelf
        spool = Spool(home)
        self.archive = Archive(spool=spool, sealer=Sealer(home.path), shelf=shelf, now=now, metrics=metrics)
        self.recorder = Recorder(
            state=state,
            policy=centre.recording_of,
            monitors=monitors,
            spool=spool,
            archive=self.archive,
            free_limit=lambda: centre.limits.recording_free_mb << 20,
            now=now,
            changed=lambda contact_id: changed(contact_id, self.state(contact_id)),
            metrics=metrics,
        )

    def start(self, start: Callable[[str, Callable[[], Awaitable[None]]], None]) -> None:
        """Have the tasks supervised."""
        start("recorder", self.recorder.run)
        start("archive", self.archive.run)
        start("retention", self.archive.keep_house)

    def decided(self, decision: Decision, now: Milliseconds) -> None:
        """After every decision; never blocks."""
        self.recorder.decided(decision, now)

    async def stop(self) -> None:
        """What is recorded goes on without us."""
        await self.recorder.stop()
        await self.archive.stop()

    @property
    def shelf(self) -> Shelf:
        """See `ports.recordings.Recordings`."""
        return self._shelf

    @property
    def is_full(self) -> bool:
        """See `ports.recordings.Recordings`."""
        return self.recorder.is_full

    def state(self, contact_id: ContactId) -> RecordingState:
        """See `ports.recordings.Recordings`."""
        note = self.recorder.of(contact_id)
        if note is None:
            return _OFF
        paused = note.paused_ms is not None
        return RecordingState(state=Recorded.PAUSED if paused else Recorded.ON, resumes_ms=note.resumes_ms)

    async def pause(self, contact_id: ContactId) -> RecordingState:
        """See `ports.recordings.Recordings`."""
        await self.recorder.pause(contact_id)
        return self.state(contact_id)

    async def resume(self, contact_id: ContactId) -> RecordingState:
        """See `ports.recordings.Recordings`."""
        await self.recorder.resume(contact_id)
        return self.state(contact_id)

    async def open(self, kept: Kept) -> Playable:
        """See `ports.recordings.Recordings`."""
        return await asyncio.to_thread(sealing.unsealed, self._home.path, kept)
