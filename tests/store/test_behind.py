"""Rows on their way: gathered while nobody waits, written at once for one who does, else spooled."""

import asyncio
import errno
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.database import Database
from cti.errors import DatabaseDown
from cti.store import behind
from cti.store.behind import WriteBehind
from cti.store.row_spool import RowSpool
from tests.awake import awake
from tests.running import PATIENCE_S, soon


@dataclass(frozen=True)
class Row:
    number: int
    text: str = ""


@dataclass
class Table:
    """Where rows are written; away, or slow to answer, when a test says so."""

    rows: list[Row] = field(default_factory=list)
    away: bool = False
    slow: asyncio.Event | None = None

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def write(self, connection: Connection, rows: Sequence[Row]) -> None:
        connection.execute(sa.text("SELECT 1"))
        if self.away:
            raise DatabaseDown("It is away.")
        if self.slow is not None:
            asyncio.run_coroutine_threadsafe(self.slow.wait(), self._loop).result(PATIENCE_S)
        self.rows.extend(rows)

    def numbers(self) -> list[int]:
        return [row.number for row in self.rows]


@asynccontextmanager
async def writing(
    database: Database, table: Table, spool: RowSpool[Row] | None = None
) -> AsyncIterator[WriteBehind[Row]]:
    """A process that writes, until it is killed: what it has in memory is gone then."""
    rows = WriteBehind(database, table.write, name="rows", spool=spool)
    await rows.recover()
    task = asyncio.create_task(rows.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield rows
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spools"


@pytest.fixture
def spool(folder: Path) -> Iterator[RowSpool[Row]]:
    yield from process(folder)


@pytest.fixture
def next_spool(folder: Path) -> Iterator[RowSpool[Row]]:
    yield from process(folder)


def process(folder: Path) -> Iterator[RowSpool[Row]]:
    """Another process's, which lives until the end of the test."""
    made = RowSpool(folder, "rows", Row)
    yield made
    dies(made)


def dies(spool: RowSpool[Any]) -> None:
    """As with the process that has it: its file is no longer locked."""
    if spool._file is not None:
        os.close(spool._file)
        spool._file = None


def files(folder: Path) -> list[str]:
    return sorted(path.name.partition("-")[0] for path in folder.glob("*"))


def modes(folder: Path) -> list[int]:
    return [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())]


def add(folder: Path, line: bytes) -> None:
    [file] = folder.iterdir()
    with file.open("ab") as end:
        end.write(line)


def fill(folder: Path) -> None:
    folder.write_text("no folder", encoding="utf-8")


async def test_whoever_waits_for_what_was_taken_does_not_wait_for_more_to_come(database: Database) -> None:
    table = Table()
    async with writing(database, table) as rows:
        rows.keep((Row(1), Row(2)))
        with awake() as passed_s:
            await rows.durable()
            assert table.numbers() == [1, 2]
            rows.keep((Row(3),))
            await rows.durable()
            assert table.numbers() == [1, 2, 3]
            await rows.durable()
            assert passed_s() < 100 * behind._GATHER_S


async def test_one_who_gives_up_waiting_holds_up_nobody(database: Database) -> None:
    table = Table(slow=asyncio.Event())
    assert table.slow is not None
    async with writing(database, table) as rows:
        rows.keep((Row(1),))
        impatient = asyncio.create_task(rows.durable())
        patient = asyncio.create_task(rows.durable())
        await asyncio.sleep(0)
        impatient.cancel()
        table.slow.set()
        await patient


async def test_what_was_kept_while_the_database_was_away_outlives_the_process(
    database: Database, folder: Path, spool: RowSpool[Row], next_spool: RowSpool[Row]
) -> None:
    table = Table(away=True)
    async with writing(database, table, spool) as rows:
        rows.keep((Row(1), Row(2, "a\0b\udc80\n→")))
        await rows.durable()
        rows.keep((Row(3),))
        await rows.durable()
    assert table.rows == []
    assert modes(folder) == [0o700, 0o600]

    dies(spool)
    table.away = False
    async with writing(database, table, next_spool) as rows:
        assert [row.number for row in rows.left] == [1, 2, 3]
        await rows.written()
        assert table.rows == [Row(3), Row(2, "ab?\n→"), Row(1)]
        assert files(folder) == []


async def test_a_database_that_does_not_answer_is_not_waited_for(
    database: Database, folder: Path, spool: RowSpool[Row]
) -> None:
    table = Table(slow=asyncio.Event())
    assert table.slow is not None
    async with writing(database, table, spool) as rows:
        rows.keep((Row(1),))
        await rows.durable()
        rows.keep((Row(2),))
        await rows.durable()
        assert (table.numbers(), files(folder)) == ([], ["rows"])
        table.slow.set()
        await rows.written()
        assert (table.numbers(), files(folder)) == ([1, 2], [])
        rows.keep((Row(3),))
        await rows.written()
        assert (table.numbers(), files(folder)) == ([1, 2, 3], [])


async def test_what_was_left_is_written_before_anything_else_and_as_what_may_be_older(
    database: Database, spool: RowSpool[Row], next_spool: RowSpool[Row]
) -> None:
    spool.put([Row(1)])
    dies(spool)
    done: list[tuple[str, int]] = []

    def noting(how: str) -> Callable[[Connection, Sequence[Row]], None]:
        return lambda connection, rows: done.extend((how, row.number) for row in rows)

    rows = WriteBehind(database, noting("written"), name="rows", spool=next_spool, restore=noting("restored"))
    await rows.recover()
    rows.keep([Row(2)])
    task = asyncio.create_task(rows.run())
    async with asyncio.timeout(PATIENCE_S):
        await rows.written()
    task.cancel()
    assert done == [("restored", 1), ("written", 2)]


def test_the_rows_of_a_process_that_lives_are_its_own(spool: RowSpool[Row], next_spool: RowSpool[Row]) -> None:
    spool.put([Row(1)])
    assert next_spool.left() == []
    dies(spool)
    assert next_spool.left() == [Row(1)]
    next_spool.put([Row(2)])
    next_spool.remove_left()
    dies(next_spool)
    assert RowSpool(spool._folder, "rows", Row).left() == [Row(2)]


async def test_what_one_leaves_who_lived_when_it_was_looked_at_is_found_later(
    database: Database, spool: RowSpool[Row], next_spool: RowSpool[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behind, "_LOOK_AGAIN_S", 0.01)
    spool.put([Row(1)])
    table = Table()
    async with writing(database, table, next_spool) as rows:
        rows.keep([Row(2)])
        await rows.written()
        assert table.numbers() == [2]
        dies(spool)
        await soon(lambda: table.numbers() == [2, 1], what="it is found")
        await rows.written()


async def test_of_what_was_left_the_newest_is_written_first(
    database: Database, spool: RowSpool[Row], next_spool: RowSpool[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behind, "_LARGEST_BATCH", 2)
    spool.put([Row(number) for number in range(5)])
    dies(spool)
    table = Table()
    async with writing(database, table, next_spool) as rows:
        await rows.written()
    assert table.numbers() == [4, 3, 2, 1, 0]


def test_after_a_spool_that_could_not_be_removed_whole_the_next_rows_are_on_disk(
    folder: Path, spool: RowSpool[Row], next_spool: RowSpool[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.put([Row(1)])

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(OSError, match="Input"):
            spool.remove()
    assert files(folder) == []
    spool.put([Row(2)])
    dies(spool)
    assert next_spool.left() == [Row(2)]


def test_a_line_that_was_cut_short_costs_no_other(
    folder: Path, spool: RowSpool[Row], next_spool: RowSpool[Row]
) -> None:
    spool.put([Row(1), Row(2)])
    add(folder, b'{"number": 3, "te')
    dies(spool)
    assert next_spool.left() == [Row(1), Row(2)]
    next_spool.remove_left()
    assert files(folder) == []


@pytest.mark.parametrize("line", [b'{"other": 3}', b"\0\0\0", b'{"number": 3, "text": "\xff"}'])
def test_what_cannot_be_read_is_put_aside_and_told(
    folder: Path, spool: RowSpool[Row], next_spool: RowSpool[Row], caplog: pytest.LogCaptureFixture, line: bytes
) -> None:
    spool.put([Row(1)])
    add(folder, line + b"\n")
    spool.put([Row(2)])
    add(folder, b'{"number": 3}')
    dies(spool)
    assert next_spool.left() == [Row(1), Row(2), Row(3)]
    next_spool.remove_left()
    assert files(folder) == ["void"]
    assert "1 rows cannot be read" in caplog.text


def test_a_disk_that_is_full_keeps_no_half_of_it(
    folder: Path, spool: RowSpool[Row], next_spool: RowSpool[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.put([Row(1)])

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for _ in range(3):
            with pytest.raises(OSError, match="No space"):
                spool.put([Row(2)] * 50)
    spool.put([Row(3)])
    dies(spool)
    assert next_spool.left() == [Row(1), Row(3)]


async def test_a_spool_that_cannot_be_written_keeps_nothing_from_the_database(
    database: Database, folder: Path, spool: RowSpool[Row], caplog: pytest.LogCaptureFixture
) -> None:
    table = Table(away=True)
    fill(folder)
    async with writing(database, table, spool) as rows:
        rows.keep((Row(1),))
        await soon(lambda: "rows wait in memory" in caplog.text, what="it is told")
        table.away = False
        await rows.written()
    assert table.numbers() == [1]
