"""Rows on their way: gathered while nobody waits, written at once for one who does, else spooled."""

import asyncio
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

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

DEADLINE_S = PATIENCE_S


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
            asyncio.run_coroutine_threadsafe(self.slow.wait(), self._loop).result(DEADLINE_S)
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
        async with asyncio.timeout(DEADLINE_S):
            yield rows
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "spools" / "rows.jsonl"


@pytest.fixture
def spool(file: Path) -> RowSpool[Row]:
    return RowSpool(file, Row)


def there(file: Path) -> bool:
    return file.exists()


def modes(file: Path) -> tuple[int, int]:
    return stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)


def cut_short(file: Path) -> None:
    with file.open("ab") as end:
        end.write(b'\n{"number": 3, "te')


def make_folder(file: Path) -> None:
    """Where the file should be."""
    file.mkdir(parents=True)


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
    database: Database, spool: RowSpool[Row], file: Path
) -> None:
    table = Table(away=True)
    async with writing(database, table, spool) as rows:
        rows.keep((Row(1), Row(2, "a\0b\udc80\n→")))
        await rows.durable()
        rows.keep((Row(3),))
        await rows.durable()
    assert table.rows == []
    assert modes(file) == (0o600, 0o700)

    table.away = False
    async with writing(database, table, spool) as rows:
        assert [row.number for row in rows.waiting] == [1, 2, 3]
        await rows.written()
        assert table.rows == [Row(1), Row(2, "ab?\n→"), Row(3)]
    assert not there(file)


async def test_a_database_that_does_not_answer_is_not_waited_for(
    database: Database, spool: RowSpool[Row], file: Path
) -> None:
    table = Table(slow=asyncio.Event())
    assert table.slow is not None
    async with writing(database, table, spool) as rows:
        rows.keep((Row(1),))
        await rows.durable()
        rows.keep((Row(2),))
        await rows.durable()
        assert (table.numbers(), spool.found()) == ([], [Row(1), Row(2)])
        table.slow.set()
        await rows.written()
        assert (table.numbers(), there(file)) == ([1, 2], False)
        rows.keep((Row(3),))
        await rows.written()
    assert (table.numbers(), there(file)) == ([1, 2, 3], False)


async def test_a_line_that_was_cut_short_costs_no_other(spool: RowSpool[Row], file: Path) -> None:
    spool.put([Row(1), Row(2)])
    cut_short(file)
    spool.put([Row(4)])
    assert spool.found() == [Row(1), Row(2), Row(4)]


async def test_a_spool_that_cannot_be_written_keeps_nothing_from_the_database(
    database: Database, spool: RowSpool[Row], file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = Table(away=True)
    async with writing(database, table, spool) as rows:
        make_folder(file)
        rows.keep((Row(1),))
        await soon(lambda: "rows wait in memory" in caplog.text, what="it is told")
        table.away = False
        await rows.written()
    assert table.numbers() == [1]


async def test_a_spool_that_cannot_be_read_is_left_as_it_is(database: Database, file: Path) -> None:
    make_folder(file)
    table = Table()
    async with writing(database, table, RowSpool(file, Row)) as rows:
        rows.keep((Row(1),))
        await rows.written()
    assert table.numbers() == [1]
    assert there(file)
