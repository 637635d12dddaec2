"""From what the switch wrote to what is kept: each step once, whatever broke off between two of them."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from cti.domain.ids import AgentId, ContactId, LegId, Milliseconds, NodeId, ProjectId, QueueId
from cti.errors import DatabaseDown
from cti.home import Home, Settings
from cti.metrics import Metrics
from cti.ports.recordings import Kept
from cti.recordings import archive, sealing
from cti.recordings.archive import Archive
from cti.recordings.sealer import Sealer
from cti.recordings.spool import Note, Spool
from tests.running import soon

DAY_MS = 86_400_000
SOUND = bytes((100, 0, 200, 0)) * 8000


class FakeShelf:
    """The table, in memory; `away` while the database does not answer."""

    def __init__(self) -> None:
        self.rows: dict[str, Kept] = {}
        self.away = False

    async def put(self, kept: Kept) -> None:
        self._ask()
        self.rows.setdefault(kept.recording_id, kept)

    async def get(self, recording_id: str) -> Kept | None:
        self._ask()
        return self.rows.get(recording_id)

    async def of_contacts(self, contact_ids: Collection[ContactId]) -> Sequence[Kept]:
        self._ask()
        return [one for one in self.rows.values() if one.contact_id in contact_ids]

    async def listed(self, *, limit: int, after: Kept | None = None) -> Sequence[Kept]:
        self._ask()
        return list(self.rows.values())[:limit]

    async def expired(self, now_ms: Milliseconds, *, limit: int) -> Sequence[Kept]:
        self._ask()
        return [one for one in self.rows.values() if one.erased_ms is None and one.keep_until_ms <= now_ms][:limit]

    async def erase(self, recording_ids: Collection[str], *, actor: str, why: str) -> int:
        self._ask()
        for one in recording_ids:
            self.rows[one] = replace(self.rows[one], key_id="", wrapped_key="", erased_ms=1)
        return len(recording_ids)

    async def erased_among(self, recording_ids: Collection[str]) -> frozenset[str]:
        self._ask()
        return frozenset(one for one in recording_ids if (row := self.rows.get(one)) and row.erased_ms is not None)

    async def keys_in_use(self) -> frozenset[str]:
        raise NotImplementedError

    async def rewrap(self, recording_id: str, *, before: str, key_id: str, wrapped_key: str) -> bool:
        raise NotImplementedError

    def _ask(self) -> None:
        if self.away:
            raise DatabaseDown("away")


class Office:
    """One home's archive at work."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.spool = Spool(home)
        self.spool.make()
        self.shelf = FakeShelf()

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[Archive]:
        """An archive that takes up what is noted, as the recorder has it do."""
        made = Archive(
            spool=self.spool, sealer=Sealer(self.home.path), shelf=self.shelf, now=lambda: 0, metrics=Metrics()
        )
        for note in self.spool.notes():
            made.take(note)
        task = asyncio.create_task(made.run())
        try:
            yield made
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await made.stop()

    def over(self, recording_id: str = "c1-a", *, sound: bytes = SOUND) -> Note:
        note = Note(
            recording_id=recording_id,
            contact_id=ContactId("c1"),
            leg_id=LegId("n1-1"),
            node=NodeId("n1"),
            project_id=ProjectId("telecom"),
            queue_id=QueueId("sales"),
            began_ms=1_000,
            keep_days=2,
            agents=(AgentId("u1"),),
            ended=True,
        )
        self.spool.save(note)
        if sound:
            self.spool.written(recording_id).write_bytes(sound)
        return note

    def is_clear(self) -> bool:
        return not any(self.home.recording_spool.iterdir()) and not self.spool.notes()

    def content(self, kept: Kept) -> bytes:
        with sealing.unsealed(self.home.path, kept) as file:
            return b"".join(file.read())


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(archive, "AGAIN_S", 0.05)
    return Office(Home.make(tmp_path / "home", Settings()))


async def test_what_is_over_is_kept_sealed_and_nothing_clear_is_left(office: Office) -> None:
    office.over()
    async with office.at_work():
        await soon(lambda: bool(office.shelf.rows) and office.is_clear(), what="it is kept")
    (kept,) = office.shelf.rows.values()
    content = office.content(kept)
    assert (kept.length_ms, kept.keep_until_ms) == (1000, 1_000 + 2 * DAY_MS)
    assert (kept.size, kept.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert sealing.is_whole(office.home.path, kept)


async def test_clear_sound_does_not_wait_for_a_database_that_is_away(office: Office) -> None:
    office.over()
    office.shelf.away = True
    async with office.at_work():
        await soon(lambda: not any(office.home.recording_spool.iterdir()), what="the clear sound is gone")
        assert office.spool.notes()[0].sealed is not None
        office.shelf.away = False
        await soon(office.is_clear, what="it is entered")
    assert sealing.is_whole(office.home.path, office.shelf.rows["c1-a"])


async def test_broken_off_after_any_step_it_is_kept_once_and_whole(office: Office) -> None:
    note = office.over()
    half = office.spool.part("c1-a", note.began_ms)
    half.write_bytes(b"half of it")
    office.spool.make()
    assert not half.exists(), "what a dead engine's process left is no recording"

    stale = office.spool.place("c1-a", note.began_ms)
    stale.write_bytes(b"sealed with a key that died with the engine")
    async with office.at_work():
        await soon(lambda: bool(office.shelf.rows) and office.is_clear(), what="it is kept")
    kept = office.shelf.rows["c1-a"]

    office.spool.save(structs.replace(note, sealed=kept))  # died before the row, or after it
    async with office.at_work():
        await soon(office.is_clear, what="it is done with")
    assert list(office.spool.files()) == ["c1-a"]
    assert sealing.is_whole(office.home.path, office.shelf.rows["c1-a"])


async def test_what_the_switch_still_writes_is_left_alone(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[bool] = []
    is_written = office.spool.is_written

    def look(recording_id: str) -> bool:
        looks.append(is_written(recording_id))
        return looks[-1]

    monkeypatch.setattr(office.spool, "is_written", look)
    office.over()
    with office.spool.written("c1-a").open("ab") as switch:
        async with office.at_work():
            await soon(lambda: len(looks) > 2, what="it is looked at again and again")
            assert all(looks)
            assert not office.shelf.rows
            switch.write(SOUND)
            switch.close()
            await soon(office.is_clear, what="it is kept")
    assert office.shelf.rows["c1-a"].length_ms == 2000


async def test_a_recording_without_a_sound_is_none(office: Office) -> None:
    office.over("c1-a", sound=b"")
    office.over("c1-b", sound=b"\0\0")
    async with office.at_work():
        await soon(office.is_clear, what="both are done with")
    assert not office.shelf.rows
    assert not office.spool.files()


async def test_when_its_time_is_over_the_key_is_forgotten_then_the_file_goes(office: Office) -> None:
    office.over()
    async with office.at_work():
        await soon(office.is_clear, what="it is kept")
    assert await archive.purge(office.shelf, office.spool, now_ms=2 * DAY_MS) == 0
    assert office.spool.files()
    assert await archive.purge(office.shelf, office.spool, now_ms=3 * DAY_MS) == 1
    assert not office.spool.files()


async def test_a_file_that_the_table_does_not_know_stays(office: Office) -> None:
    """The table may be the wrong one, or come back with a backup."""
    office.over()
    async with office.at_work():
        await soon(office.is_clear, what="it is kept")
    office.shelf.rows.clear()
    await archive.purge(office.shelf, office.spool, now_ms=100 * DAY_MS)
    assert list(office.spool.files()) == ["c1-a"]


async def test_a_changed_file_is_found_out(office: Office) -> None:
    office.over()
    async with office.at_work():
        await soon(office.is_clear, what="it is kept")
    kept = office.shelf.rows["c1-a"]
    file = office.spool.files()["c1-a"]
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert not sealing.is_whole(office.home.path, kept)
    file.unlink()
    assert not sealing.is_whole(office.home.path, kept)
