"""Rows on their way: gathered while nobody waits, written at once for one who does."""

import asyncio
import time
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.database import Database
from cti.store import behind
from cti.store.behind import WriteBehind


async def test_whoever_waits_for_what_was_taken_does_not_wait_for_more_to_come(database: Database) -> None:
    written: list[int] = []

    def write(connection: Connection, rows: Sequence[int]) -> None:
        connection.execute(sa.text("SELECT 1"))
        written.extend(rows)

    rows = WriteBehind(database, write, name="rows")
    task = asyncio.create_task(rows.run())
    try:
        rows.keep((1, 2))
        before = time.monotonic()
        await asyncio.wait_for(rows.written_so_far(), 10)
        assert written == [1, 2]
        rows.keep((3,))
        await asyncio.wait_for(rows.written_so_far(), 10)
        assert written == [1, 2, 3]
        await asyncio.wait_for(rows.written_so_far(), 10)
        assert time.monotonic() - before < 100 * behind._GATHER_S
    finally:
        task.cancel()


async def test_one_who_gives_up_waiting_holds_up_nobody(database: Database) -> None:
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    def write(connection: Connection, rows: Sequence[int]) -> None:
        connection.execute(sa.text("SELECT 1"))
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(10)

    rows = WriteBehind(database, write, name="rows")
    task = asyncio.create_task(rows.run())
    try:
        rows.keep((1,))
        impatient = asyncio.create_task(rows.written_so_far())
        patient = asyncio.create_task(rows.written_so_far())
        await asyncio.sleep(0)
        impatient.cancel()
        gate.set()
        await asyncio.wait_for(patient, 10)
    finally:
        task.cancel()
