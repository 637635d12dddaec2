"""The benchmark of virtual calls measures what it says: real stores, real agents, rows that are there afterwards."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from cti.bench.virtual import compared
from cti.bench.virtual.bare import Bare, BarePostgres, BareSqlite, per_s
from cti.bench.virtual.house import opened
from cti.bench.virtual.postgres import server
from cti.database import open_database
from cti.domain.events import ContactArrived, WrapUpFinished
from cti.store import codec, journal

ROW: codec.Row = (1, 2, "ContactArrived", 1, "{}", "[]", None)


async def _serve(folder: Path, url: str, number: int) -> None:
    async with opened(folder, url) as house:
        await house.accept_many(number, at_once=8)
        async with asyncio.timeout(60):
            await house.floor.until_closed(number)
        await house.settled()
        assert not house.engine.state.contacts
        assert house.engine.loop.refused == house.engine.loop.crashed == 0


def _count(url: str, table: str) -> int:
    database = open_database(url)
    try:
        return database.read_now(lambda found: int(found.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()))
    finally:
        database.close_now()


async def test_what_was_accepted_is_journalled_finished_and_in_the_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/triune.sqlite"
    await _serve(tmp_path, url, 60)
    events = [entry.event for entry in journal.everything(tmp_path / "journal.sqlite")]
    assert sum(isinstance(event, ContactArrived) for event in events) == 60
    assert sum(isinstance(event, WrapUpFinished) for event in events) == 60
    assert _count(url, "contacts WHERE closed_ms IS NOT NULL") == 60
    assert _count(url, "contact_particulars WHERE address <> ''") == 60


async def test_contacts_that_nobody_takes_wait(tmp_path: Path) -> None:
    async with opened(tmp_path, f"sqlite:///{tmp_path}/triune.sqlite", staffed=False) as house:
        await house.accept_many(20, at_once=8)
        assert len(house.engine.state.contacts) == 20
        assert house.floor.closed == 0


def test_bare_inserts_into_sqlite_are_there(tmp_path: Path) -> None:
    path = tmp_path / "bare.sqlite"
    with closing(BareSqlite(path)) as bare:
        rate = per_s(bare, _numbered().__next__, for_s=0.05)
    assert rate > 0
    with closing(sqlite3.connect(path)) as found:
        count, last = found.execute("SELECT count(*), max(number) FROM entries").fetchone()
    assert count == last > 0


@pytest.mark.postgres
async def test_on_postgresql_the_same(tmp_path: Path) -> None:
    with server() as url:
        await _serve(tmp_path, url, 40)
        assert _count(url, "contacts WHERE closed_ms IS NOT NULL") == 40
        assert _count(url, "contact_particulars WHERE address <> ''") == 40
        with psycopg.connect(url) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
            assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
        bare: Bare = BarePostgres(url)
        with closing(bare):
            rows = _numbered()
            assert per_s(bare, rows.__next__, for_s=0.05) > 0
            assert _count(url, "bare_entries") == next(rows)[0] - 1


def test_a_goal_without_postgresql_is_not_met() -> None:
    found = compared.result([], "PostgreSQL was not measured.", waits_ms=[1.0], bytes_per_waiting=1.0)
    assert not found.met
    assert "PostgreSQL was not measured." in found.notes


def _numbered() -> Iterator[codec.Row]:
    number = 0
    while True:
        number += 1
        yield (number, *ROW[1:])
