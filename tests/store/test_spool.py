"""What was written while PostgreSQL was away gets into the journal, whoever leads next, or is kept for people."""

import asyncio
import contextlib
import dataclasses
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from cti import store
from cti.database import open_database
from cti.errors import OutsideError
from cti.ports import NUMBERS_PER_OWNER, Entry
from cti.store import appending, codec, database_journal
from cti.store.database_journal import DatabaseJournal
from cti.store.journal import everything
from cti.store.lease import DatabaseLease
from cti.store.spool import Spool
from tests.running import soon
from tests.store.calls import entry
from tests.store.server import PostgresServer

pytestmark = pytest.mark.postgres

DEADLINE_S = 60.0


@pytest.fixture
def url(server: PostgresServer) -> str:
    return migrated(server)


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """To be stopped and started."""
    server = PostgresServer()
    yield server
    server.remove()


def migrated(server: PostgresServer) -> str:
    url = server.new_database()
    store.upgrade(url)
    return url


@contextlib.asynccontextmanager
async def reign(url: str, spools: Path) -> AsyncIterator[DatabaseJournal]:
    """The next one, in order from its claim to its end."""
    database, lease = open_database(url), DatabaseLease(url, holder="test")
    try:
        epoch = await asyncio.wait_for(lease.gained(), DEADLINE_S)
        async with DatabaseJournal(database, epoch=epoch, spools=spools) as journal:
            yield journal
    finally:
        await lease.close()
        await database.close()


async def write(journal: DatabaseJournal, entries: Sequence[Entry]) -> None:
    for one in entries:
        journal.append(one)
    await asyncio.wait_for(journal.flushed(entries[-1].number), DEADLINE_S)


def left(journal: DatabaseJournal, spools: Path, entries: Sequence[Entry]) -> None:
    """The spool of a leader that died with these in it."""
    spool = Spool(spools, journal.epoch)
    spool.put([*entries], [codec.encode(one) for one in entries], lambda one, _: codec.stub(one))
    spool.release()


async def entries(url: str) -> list[Entry]:
    database = open_database(url)
    try:
        return await asyncio.to_thread(database_journal.read, database, after=0, until=1 << 40, limit=1 << 20)
    finally:
        await database.close()


def differing(number: int) -> Entry:
    return dataclasses.replace(entry(number), at_ms=77)


@pytest.mark.parametrize("others_led", [0, 2])
async def test_what_a_dead_leader_had_in_its_spool_is_stored_if_nobody_has_written_since(
    url: str, tmp_path: Path, others_led: int
) -> None:
    async with reign(url, tmp_path / "a") as journal:
        await write(journal, [entry(1)])
        left(journal, tmp_path / "a", [entry(2), entry(3)])
    for _ in range(others_led):
        async with reign(url, tmp_path / "b"):
            pass
    async with reign(url, tmp_path / "a") as journal:
        assert journal.last_number == 3
    assert await entries(url) == [entry(1), entry(2), entry(3)]
    assert not [*(tmp_path / "a").glob("*spool-*")]


async def test_what_the_journal_has_already_is_passed_over_and_only_the_rest_is_stored(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_journal, "LARGEST_BATCH", 2)
    async with reign(url, tmp_path / "a") as journal:
        await write(journal, [entry(number) for number in range(1, 5)])
        left(journal, tmp_path / "a", [entry(number) for number in range(2, 9)])
    async with reign(url, tmp_path / "b"):
        pass
    async with reign(url, tmp_path / "a") as journal:
        assert journal.last_number == 8
    assert await entries(url) == [entry(number) for number in range(1, 9)]
    assert not [*(tmp_path / "a").glob("*spool-*")]


async def test_what_the_journal_has_whole_is_no_loss(url: str, tmp_path: Path) -> None:
    async with reign(url, tmp_path / "a") as journal:
        await write(journal, [entry(1), entry(2)])
        left(journal, tmp_path / "a", [entry(1), entry(2)])
    async with reign(url, tmp_path / "b") as journal:
        await write(journal, [entry(3)])
    async with reign(url, tmp_path / "a") as journal:
        assert journal.last_number == 3
    assert not [*(tmp_path / "a").glob("*spool-*")]


async def test_where_another_reign_has_written_the_rest_is_void_and_kept(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with reign(url, tmp_path / "a") as journal:
        await write(journal, [entry(1), entry(2)])
        left(journal, tmp_path / "a", [entry(2), entry(3), entry(4)])
    async with reign(url, tmp_path / "b") as journal:
        await write(journal, [differing(3)])
    async with reign(url, tmp_path / "a") as journal:
        assert journal.last_number == 3
    assert await entries(url) == [entry(1), entry(2), differing(3)]
    assert [*everything(tmp_path / "a" / "void-spool-1.sqlite")] == [entry(2), entry(3), entry(4)]
    assert "2 entries that reign 1 decided" in caplog.text


async def test_a_spool_of_another_database_is_void_and_kept(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "void-spool-1.sqlite").write_bytes(b"kept before")
    async with reign(url, tmp_path / "a") as journal:
        await write(journal, [entry(1), entry(2)])
        left(journal, tmp_path / "a", [entry(9), entry(10)])
    async with reign(url, tmp_path / "a") as journal:
        assert journal.last_number == 2
    assert await entries(url) == [entry(1), entry(2)]
    assert (tmp_path / "a" / "void-spool-1.sqlite").read_bytes() == b"kept before"
    assert [*everything(tmp_path / "a" / "void-spool-1-2.sqlite")] == [entry(9), entry(10)]
    assert "2 entries that reign 1 decided without PostgreSQL do not follow entry 2" in caplog.text


async def test_a_spool_that_begins_where_a_new_engines_numbers_do_is_stored(url: str, tmp_path: Path) -> None:
    async with reign(url, tmp_path / "a") as journal:
        await write(journal, [entry(1), entry(2)])
        left(journal, tmp_path / "a", [entry(NUMBERS_PER_OWNER + 1)])
    async with reign(url, tmp_path / "a") as journal:
        assert journal.last_number == NUMBERS_PER_OWNER + 1
    assert not [*(tmp_path / "a").glob("*spool-*")]


@pytest.mark.parametrize("content", ["nothing", "no table"])
async def test_a_spool_that_was_begun_and_has_nothing_in_it_keeps_no_engine_from_leading(
    url: str, tmp_path: Path, content: str
) -> None:
    begun = tmp_path / "a" / "spool-7.sqlite"
    begun.parent.mkdir()
    begun.touch()
    if content == "no table":
        with contextlib.closing(sqlite3.connect(begun)) as file:
            file.execute("VACUUM")
            assert begun.stat().st_size > 0
    async with reign(url, tmp_path / "a") as journal:
        await write(journal, [entry(1)])
    assert not [*(tmp_path / "a").glob("*spool-*")]


async def test_a_damaged_spool_is_set_aside_and_keeps_no_engine_from_leading(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for end in ("", "-wal"):
        (tmp_path / f"spool-7.sqlite{end}").write_bytes(b"no database" * 1000)
    async with reign(url, tmp_path) as journal:
        await write(journal, [entry(1)])
    assert (tmp_path / "void-spool-7.sqlite").read_bytes() == b"no database" * 1000
    assert "the spool of reign 7 is damaged" in caplog.text


async def test_a_spool_that_cannot_be_read_now_is_left_and_said(url: str, tmp_path: Path) -> None:
    (tmp_path / "spool-7.sqlite").mkdir()  # no file can be opened there
    with pytest.raises(OutsideError, match=r"spool-7\.sqlite cannot be taken over"):
        async with reign(url, tmp_path):
            pass
    assert (tmp_path / "spool-7.sqlite").exists()


async def test_closing_waits_until_the_spool_is_stored(
    own_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appending, "DRAIN_S", DEADLINE_S)
    url = await asyncio.to_thread(migrated, own_server)
    async with reign(url, tmp_path) as journal:
        await write(journal, [entry(1)])
        await asyncio.to_thread(own_server.stop)
        await write(journal, [entry(2), entry(3)])
        closing = asyncio.create_task(journal.close())
        await asyncio.to_thread(own_server.start)
        await asyncio.wait_for(closing, DEADLINE_S)
        assert journal.unsettled == 0
        assert await entries(url) == [entry(1), entry(2), entry(3)]


async def test_closing_without_postgresql_ends_all_the_same_and_keeps_the_spool(
    own_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appending, "DRAIN_S", 0.5)
    url = await asyncio.to_thread(migrated, own_server)
    async with reign(url, tmp_path) as journal:
        await write(journal, [entry(1)])
        await asyncio.to_thread(own_server.stop)
        await write(journal, [entry(2), entry(3)])
        await asyncio.wait_for(journal.close(), DEADLINE_S)
        assert journal.unsettled == 2
        assert [*everything(tmp_path / "spool-1.sqlite")] == [entry(2), entry(3)]
    await asyncio.to_thread(own_server.start)
    async with reign(url, tmp_path) as journal:
        assert journal.last_number == 3


async def test_what_postgresql_refuses_of_a_spool_is_a_stub_there_and_keeps_nothing_else_back(
    own_server: PostgresServer, tmp_path: Path
) -> None:
    url = await asyncio.to_thread(migrated, own_server)
    refused = dataclasses.replace(entry(2), refused="SQLite takes \0, PostgreSQL does not")
    async with reign(url, tmp_path) as journal:
        await write(journal, [entry(1)])
        await asyncio.to_thread(own_server.stop)
        await write(journal, [refused, entry(3)])
        assert journal.settled == 1
        await asyncio.to_thread(own_server.start)
        await soon(lambda: journal.settled == 3, what="all is settled", within_s=DEADLINE_S)
        left(journal, tmp_path, [refused, entry(3), dataclasses.replace(refused, number=4), entry(5)])
    async with reign(url, tmp_path) as journal:
        assert journal.last_number == 5
    found = await entries(url)
    assert [one.number for one in found] == [1, 2, 3, 4, 5]
    assert [one.number for one in found if one.refused == codec.UNWRITABLE] == [2, 4]
