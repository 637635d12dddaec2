"""What every journal promises, be it a file or a table in PostgreSQL."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from cti import store
from cti.database import open_database
from cti.ports import Entry
from cti.store import codec
from cti.store.appending import DurableJournal
from cti.store.database_journal import DatabaseJournal
from cti.store.journal import SqliteJournal
from cti.store.lease import DatabaseLease
from tests.running import PATIENCE_S
from tests.store.calls import entry, served_call
from tests.store.conftest import ON_BOTH

DEADLINE_S = PATIENCE_S

Reign = Callable[[], AbstractAsyncContextManager[DurableJournal]]
"""Opens the same journal anew, as a successor would."""


@pytest.fixture(params=ON_BOTH)
def reign(request: pytest.FixtureRequest, tmp_path: Path) -> Reign:
    if request.param == "sqlite":
        return lambda: SqliteJournal(tmp_path / "journal.sqlite", after=41)
    url = request.getfixturevalue("server").new_database()
    store.upgrade(url)

    @contextlib.asynccontextmanager
    async def led() -> AsyncIterator[DurableJournal]:
        async with contextlib.AsyncExitStack() as stack:
            database = open_database(url)
            stack.push_async_callback(database.close)
            lease = DatabaseLease(url, holder="test")
            stack.push_async_callback(lease.close)
            epoch = await asyncio.wait_for(lease.gained(), DEADLINE_S)
            yield await stack.enter_async_context(DatabaseJournal(database, epoch=epoch, spools=tmp_path, after=41))

    return led


async def everything(journal: DurableJournal) -> list[Entry]:
    return [one async for one in journal.entries(after=0)]


async def test_entries_come_back_in_order_to_a_successor(reign: Reign) -> None:
    call = [dataclasses.replace(one, number=one.number + 41) for one in served_call()]
    async with reign() as journal:
        assert journal.last_number == 41
        for one in call:
            journal.append(one)
        await journal.flushed(call[-1].number)
    async with reign() as journal:
        assert journal.last_number == call[-1].number
        assert await everything(journal) == call
        assert [one.number async for one in journal.entries(after=47)] == [48, 49]


async def test_what_was_flushed_can_be_read_at_once(reign: Reign) -> None:
    async with reign() as journal:
        for number in range(42, 47):
            journal.append(entry(number))
            await journal.flushed(number)
            assert [one.number for one in journal.read(after=number - 1, until=99)] == [number]


async def test_closing_writes_what_was_appended_and_not_waited_for(reign: Reign) -> None:
    async with reign() as journal:
        for number in range(42, 3042):
            journal.append(entry(number))
    async with reign() as journal:
        assert [one.number for one in await everything(journal)] == list(range(42, 3042))


async def test_many_entries_share_few_commits_and_listeners_get_them_in_order(reign: Reign) -> None:
    heard: list[int] = []
    async with reign() as journal:
        journal.on_flushed(lambda batch: heard.extend(one.number for one in batch))
        for number in range(42, 1042):
            journal.append(entry(number))
        await journal.flushed(1041)
        assert journal.figures().batches < 100
        assert journal.figures().settled == 1041
    assert heard == list(range(42, 1042))


async def test_only_a_new_owners_first_entry_may_leave_a_hole(reign: Reign) -> None:
    async with reign() as journal:
        journal.append(entry(1_000_000))
        with pytest.raises(ValueError, match="next entry is 1000001"):
            journal.append(entry(1_000_003))
        with pytest.raises(ValueError, match="next entry is 1000001"):
            journal.append(entry(7))


def unwritable(number: int, how: str) -> Entry:
    one = entry(number)
    match how:
        case "no event":
            return dataclasses.replace(one, event=object())  # type: ignore[arg-type]  # what a bug would do
        case "too large a number":
            return dataclasses.replace(one, at_ms=1 << 70)
        case _:
            return dataclasses.replace(one, refused=b"bytes")  # type: ignore[arg-type]  # what a bug would do


@pytest.mark.lesson(12)
@pytest.mark.parametrize("how", ["no event", "too large a number", "no text"])
async def test_an_entry_that_can_never_be_written_does_not_keep_the_others_from_the_disk(
    reign: Reign, how: str
) -> None:
    async with reign() as journal:
        for number in range(42, 47):
            journal.append(unwritable(number, how) if number == 44 else entry(number))
        await asyncio.wait_for(journal.flushed(46), DEADLINE_S)
        assert (journal.figures().set_aside, journal.figures().failing) == (1, False)
        written = await everything(journal)
    assert [one.number for one in written] == [42, 43, 44, 45, 46]
    assert [one.number for one in written if one.refused == codec.UNWRITABLE] == [44]
    assert written[2].facts == ()


async def test_the_newest_snapshot_that_the_journal_reaches_is_found(reign: Reign) -> None:
    async with reign() as journal:
        assert await journal.latest_snapshot() is None
        for number in range(42, 72):
            journal.append(entry(number))
        for number in (50, 60, 70):
            await journal.save_snapshot(number, f"state {number}".encode())
        assert await journal.latest_snapshot() == (70, b"state 70")
    async with reign() as journal:
        assert await journal.latest_snapshot() == (70, b"state 70")
