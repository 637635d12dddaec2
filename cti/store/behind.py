"""Write-behind: rows that are taken at once and written by one task a little later, in order, in batches.

Rows gather for a tenth of a second, since a transaction for each would cost more than the rows. While the database is
away the rows wait here and are tried again; a row that the database refuses is set aside with its reason in the log,
and the rest go on. What waits dies with the process: whoever acknowledges something to somebody outside waits for
`written_so_far` first. `cti.store.particulars` and `cti.store.history` (notes) go this way.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Generic, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from cti.database import Database
from cti.errors import DatabaseDown

log = logging.getLogger(__name__)

T = TypeVar("T")

_LARGEST_BATCH: Final = 200
_GATHER_S: Final = 0.1
_RETRY_S: Final = 0.5

REFUSALS: Final = (SQLAlchemyError, ValueError, OverflowError)
"""What a database or its driver raises for a row that it will never take."""


class WriteBehind(Generic[T]):
    """Rows on their way; `run` is the task that writes them. Unbounded: it grows only while the database is away."""

    def __init__(self, database: Database, write: Callable[[Connection, Sequence[T]], None], *, name: str) -> None:
        """`write` writes the rows in a thread; written twice they must be as good as once."""
        self._database = database
        self._write = write
        self._name = name
        self._rows: list[T] = []
        self._writing: list[T] = []
        self._came = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._hurry = asyncio.Event()
        self._taken = 0
        self._done = 0
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def waiting(self) -> Sequence[T]:
        """All that is not written yet, in order."""
        return [*self._writing, *self._rows]

    def keep(self, rows: Sequence[T]) -> None:
        """Take the rows into the next write; returns at once."""
        if rows:
            self._rows += rows
            self._taken += len(rows)
            self._idle.clear()
            self._came.set()

    async def written(self) -> None:
        """Return when all that was taken is written (or set aside)."""
        await self._idle.wait()

    async def written_so_far(self) -> None:
        """Return when all that has been taken until now is written, without a wait for more to come."""
        if self._done >= self._taken:
            return
        done = asyncio.get_running_loop().create_future()
        self._waiters.append((self._taken, done))
        self._hurry.set()
        await done

    async def run(self) -> None:
        """Write for ever; to be a supervised task. Cancelled, it leaves what waits for the next `run`."""
        self._rows, self._writing = [*self._writing, *self._rows], []
        while True:
            if not self._rows:
                self._idle.set()
                self._came.clear()
                await self._came.wait()
                await self._gather()
            self._writing, self._rows = self._rows[:_LARGEST_BATCH], self._rows[_LARGEST_BATCH:]
            await self._write_batch(self._writing)
            self._done += len(self._writing)
            self._writing = []
            while self._waiters and self._waiters[0][0] <= self._done:
                waiter = self._waiters.popleft()[1]
                if not waiter.done():
                    waiter.set_result(None)

    async def _gather(self) -> None:
        """Let more come, unless somebody waits."""
        if not self._waiters:
            self._hurry.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_GATHER_S):
                    await self._hurry.wait()

    async def _write_batch(self, rows: Sequence[T]) -> None:
        while True:
            try:
                await self._database.write(lambda connection: self._write(connection, rows))
            except DatabaseDown:
                await asyncio.sleep(_RETRY_S)
            except REFUSALS as error:
                if len(rows) == 1:
                    reason = type(error).__name__
                    log.error("the database refused a row: %s", reason, extra={"action": "set_aside", "of": self._name})
                    return
                for row in rows:
                    await self._write_batch([row])
                return
            else:
                return
