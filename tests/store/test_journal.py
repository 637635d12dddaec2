"""The journal: what is acknowledged is on disk, whatever dies; and what refuses to be written says so."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from cti.domain import events
from cti.domain.ids import NodeId
from cti.errors import ConfigError, OutsideError
from cti.ports import Entry, Journal
from cti.store import codec
from cti.store.journal import SqliteFile, SqliteJournal, read
from tests.running import PATIENCE_S
from tests.store.calls import EVENTS, FACTS, entry, filled

DEADLINE_S = PATIENCE_S


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


async def everything(journal: Journal) -> list[Entry]:
    return [one async for one in journal.entries(after=0)]


def test_every_event_and_fact_comes_back_from_its_row_as_it_was() -> None:
    for number, kind in enumerate(EVENTS, start=1):
        facts = tuple(map(filled, FACTS))
        one = Entry(number=number, at_ms=5, event=filled(kind), facts=facts, refused="no: «нет»")
        assert codec.decode(codec.encode(one)) == one


def test_text_that_is_no_unicode_is_mended_not_refused() -> None:
    one = Entry(number=1, at_ms=5, event=events.SwitchLost(node=NodeId("n\udc80")), facts=(), refused="\ud800")
    assert codec.decode(codec.encode(one)).event == events.SwitchLost(node=NodeId("n?"))


def test_no_event_and_no_fact_has_a_field_for_what_belongs_to_a_person() -> None:
    personal = {"number", "name", "address", "digits", "text", "note", "body", "subject", "pin", "path", "dialled"}
    for kind in (*EVENTS, *FACTS):
        assert not personal & {field.name for field in msgspec.structs.fields(kind)}, kind


async def test_a_new_journal_goes_on_where_the_history_ends_and_an_old_one_where_it_ended(path: Path) -> None:
    async with SqliteJournal(path, after=41) as journal:
        journal.append(entry(42))
        await journal.flushed(42)
    async with SqliteJournal(path, after=0) as journal:
        assert journal.last_number == 42


async def test_one_engine_at_a_time_owns_the_journal(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        with pytest.raises(OutsideError, match="Another engine owns"):
            await SqliteJournal(path).open()
        first = journal.epoch
    async with SqliteJournal(path) as journal:
        assert journal.epoch == first + 1


async def test_a_full_disk_is_told_and_nothing_is_lost_when_there_is_room_again(path: Path) -> None:
    async with SqliteJournal(path, size_limit_bytes=64 * 1024) as journal:
        for number in range(1, 3001):
            journal.append(entry(number))
        with pytest.raises(OutsideError, match="make room"):
            await asyncio.wait_for(journal.flushed(3000), DEADLINE_S)
        assert journal.figures().failing
        with pytest.raises(OutsideError, match="make room"):
            await journal.flushed(3000)
        caught_up = asyncio.Event()
        journal.on_flushed(lambda batch: caught_up.set() if batch[-1].number == 3000 else None)
        journal.file.size_limit_bytes = None
        await asyncio.wait_for(caught_up.wait(), DEADLINE_S)
        assert not journal.figures().failing
        assert [one.number for one in await everything(journal)] == list(range(1, 3001))


async def test_whatever_goes_wrong_while_writing_is_told_and_tried_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_file: SqliteFile) -> sqlite3.Connection:
        raise MemoryError("no room to think")

    async with SqliteJournal(path) as journal:
        with monkeypatch.context() as while_broken:
            while_broken.setattr(SqliteFile, "connect", broken)
            journal.append(entry(1))
            with pytest.raises(OutsideError, match="no room to think"):
                await asyncio.wait_for(journal.flushed(1), DEADLINE_S)
            assert journal.figures().failing
        caught_up = asyncio.Event()
        journal.on_flushed(lambda _: caught_up.set())
        await asyncio.wait_for(caught_up.wait(), DEADLINE_S)
        assert not journal.figures().failing


WRITER = """
import asyncio, sys
from pathlib import Path
from cti.store.journal import SqliteJournal
from tests.running import PATIENCE_S, PATIENCE_S
from tests.store.calls import entry

async def main():
    async with SqliteJournal(Path(sys.argv[1])) as journal:
        number = 0
        while True:
            for _ in range(7):
                number += 1
                journal.append(entry(number))
            await journal.flushed(number)
            print(number, flush=True)

asyncio.run(main())
"""


def test_kill_9_in_the_middle_of_writing_loses_no_acknowledged_entry(path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(path)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert writer.stdout is not None
    acknowledged = 0
    while acknowledged < 500:
        acknowledged = int(writer.stdout.readline())
    os.kill(writer.pid, signal.SIGKILL)
    acknowledged = int((writer.stdout.read().splitlines() or [str(acknowledged)])[-1] or acknowledged)
    writer.wait()
    writer.stdout.close()
    numbers = [one.number for one in read(path, after=0, until=1 << 40, limit=1 << 20)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= acknowledged


@pytest.mark.lesson(13)
async def test_kill_9_leaves_no_lock_behind(path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(path)]
    writer = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert writer.stdout is not None
    await asyncio.wait_for(writer.stdout.readline(), DEADLINE_S)
    with pytest.raises(OutsideError, match="Another engine owns"):
        await SqliteJournal(path).open()
    writer.kill()
    await writer.communicate()
    async with SqliteJournal(path) as journal:
        assert journal.last_number >= 7


async def test_an_entry_of_a_later_version_stops_the_reading_with_the_next_step(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        journal.append(entry(1))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE entries SET kind = 'NotThoughtOfYet', version = 99")
    connection.close()
    async with SqliteJournal(path) as journal:
        with pytest.raises(ConfigError, match="Start the version that wrote it"):
            await everything(journal)


async def test_the_newest_whole_snapshot_that_the_journal_reaches_is_found(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        assert await journal.latest_snapshot() is None
        for number in range(1, 31):
            journal.append(entry(number))
        for number in (10, 20, 30):
            await journal.save_snapshot(number, f"state {number}".encode())
        assert await journal.latest_snapshot() == (30, b"state 30")
        folder = path.with_suffix(".snapshots")
        assert sorted(file.name for file in folder.iterdir()) == ["20.state", "30.state"]
        (folder / "30.state").write_bytes((folder / "30.state").read_bytes()[:-1])
        (folder / "999.state").write_bytes((folder / "20.state").read_bytes())
        assert await journal.latest_snapshot() == (20, b"state 20")
