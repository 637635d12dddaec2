"""Recordings for the web's tests: the real table, and sounds in memory."""

from collections.abc import Iterator

from cti.database import Database
from cti.domain.ids import ContactId
from cti.errors import AsteriskDown, RuleError
from cti.ports.recordings import Kept, Recorded, RecordingState
from cti.store.recordings import StoredRecordings

SOUND = bytes(range(256)) * 40


class MemorySound:
    """See `ports.recordings.Playable`."""

    length = len(SOUND)

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        for at in range(start, self.length if stop is None else stop, 1000):
            yield SOUND[at : min(at + 1000, self.length if stop is None else stop)]

    def close(self) -> None:
        pass


class MemoryRecordings:
    """See `ports.recordings.Recordings`; `states` are of the talks that are recorded."""

    def __init__(self, database: Database) -> None:
        self.shelf = StoredRecordings(database)
        self.is_full = False
        self.states: dict[ContactId, RecordingState] = {}
        self.switch_down = False

    def state(self, contact_id: ContactId) -> RecordingState:
        return self.states.get(contact_id, RecordingState(state=Recorded.OFF))

    async def pause(self, contact_id: ContactId) -> RecordingState:
        return self._put(contact_id, RecordingState(state=Recorded.PAUSED, resumes_ms=120_000))

    async def resume(self, contact_id: ContactId) -> RecordingState:
        return self._put(contact_id, RecordingState(state=Recorded.ON))

    def _put(self, contact_id: ContactId, state: RecordingState) -> RecordingState:
        if contact_id not in self.states:
            raise RuleError("This talk is not being recorded.", code="not_recorded")
        if self.switch_down:
            raise AsteriskDown("away")
        self.states[contact_id] = state
        return state

    async def open(self, kept: Kept) -> MemorySound:
        return MemorySound()
