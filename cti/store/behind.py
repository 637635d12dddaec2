"""Write-behind: rows that are taken at once and written by one task a little later, in order, in batches.

Rows gather for a tenth of a second, since a transaction for each would cost more than the rows. While the database is
away the rows wait here, and in a spool beside, and are tried again; a row that the database refuses is set aside with
its reason in the log, and the rest go on. What is in neither dies with the process: whoever acknowledges something to
somebody outside waits for `durable` first. `cti.store.particulars` and `cti.store.history` (notes) go this way.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from cti.database import Database
from cti.errors import DatabaseDown
from cti.store.row_spool import Row, RowSpool

log = logging.getLogger(__name__)

T = TypeVar("T", bound=Row)

_LARGEST_BATCH: Final = 200
_GATHER_S: Final = 0.1
_RETRY_S: Final = 0.5
_PATIENCE_S: Final = 0.25
"""How long a write may take before what waits goes to the spool; as often, what comes meanwhile follows."""
_SPOOL_RETRY_S: Final = 5.0
_LOOK_AGAIN_S: Final = 30.0
"""How soon after a file of a process that lived is looked at again: it may be one that has lost the lead."""

REFUSALS: Final = (SQLAlchemyError, ValueError, OverflowError)
"""What a database or its driver raises for a row that it will never take."""


class WriteBehind(Generic[T]):
    """Rows on their way; `run` is the task that writes them. Unbounded: it grows only while the database is away."""

    def __init__(
        self,
        database: Database,
        write: Callable[[Connection, Sequence[T]], None],
        *,
        name: str,
        spool: RowSpool[T] | None = None,
        restore: Callable[[Connection, Sequence[T]], None] | None = None,
    ) -> None:
        """`write` writes the rows in a thread; written twice they must be as good as once.

        Without a `spool` nothing outlives the process while the database is away. `restore` writes what another process
        left in it, the newest first, and leaves what is newer in the database; None: `write` does.
        """
        self._database = database
        self._write = write
        self._restore = restore or write
        self._name = name
        self._spool = spool
        self._spool_after_s = 0.0
        """When a spool that failed is tried again, by the loop's clock."""
        self._left: list[T] = []
        self._spooled = 0
        """How many of those that wait, from the first on, are in the spool."""
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
        """All that was kept and is not written yet, in order."""
        return [*self._writing, *self._rows]

    @property
    def left(self) -> Sequence[T]:
        """What another process left and is not written yet, in order: what the database has goes before it."""
        return self._left

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

    async def durable(self) -> None:
        """Return when all that was taken until now is written, or in the spool, without a wait for more to come."""
        if self._done + self._spooled >= self._taken:
            return
        done = asyncio.get_running_loop().create_future()
        self._waiters.append((self._taken, done))
        self._hurry.set()
        await done

    async def recover(self) -> None:
        """Take what processes before left in the spool, for `run` to write first; what cannot be read stays there."""
        if self._spool is None:
            return
        try:
            self._left = await asyncio.to_thread(self._spool.left)
        except OSError as error:
            log.error("the spool cannot be read: %s", error, extra={"action": "row_spool_failed", "of": self._name})
            return
        if not self._left:
            await self._remove(self._spool.remove_left)
        else:
            log.warning("%d rows were left", len(self._left), extra={"action": "row_spool_found", "of": self._name})
            self._idle.clear()

    async def run(self) -> None:
        """Write for ever; to be a supervised task. Cancelled, it leaves what waits for the next `run`."""
        self._rows, self._writing = [*self._writing, *self._rows], []
        await self._write_left()
        while True:
            if not self._rows:
                self._idle.set()
                self._came.clear()
                await self._more()
            self._writing, self._rows = self._rows[:_LARGEST_BATCH], self._rows[_LARGEST_BATCH:]
            await self._write_batch(self._writing, self._write)
            await self._have_written(len(self._writing))

    async def _more(self) -> None:
        """Until something is to be written; meanwhile see what was left by one who lived when it was looked at."""
        while not self._came.is_set() and self._spool is not None and self._spool.passed_over:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN_S):
                    await self._came.wait()
            await self.recover()
            await self._write_left()
            if not self._rows:
                self._idle.set()
        await self._came.wait()
        await self._gather()

    async def _write_left(self) -> None:
        """The newest first: `restore` leaves what stands."""
        while self._left:
            some = self._left[-_LARGEST_BATCH:]
            await self._write_batch(some[::-1], self._restore)
            del self._left[-len(some) :]
            if self._spool is not None and not self._left:
                await self._remove(self._spool.remove_left)

    async def _have_written(self, count: int) -> None:
        self._done += count
        self._writing = []
        self._spooled = max(0, self._spooled - count)
        self._tell_waiters()
        if self._spool is not None and self._spool.is_there and not self._spooled:
            await self._remove(self._spool.remove)

    def _tell_waiters(self) -> None:
        while self._waiters and self._waiters[0][0] <= self._done + self._spooled:
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

    async def _write_batch(self, rows: Sequence[T], write: Callable[[Connection, Sequence[T]], None]) -> None:
        while True:
            try:
                await self._beside(self._database.write(lambda connection: write(connection, rows)))
            except DatabaseDown:
                await self._put_in_spool()
                await self._beside(asyncio.sleep(_RETRY_S))
            except REFUSALS as error:
                if len(rows) == 1:
                    reason = type(error).__name__
                    log.error("the database refused a row: %s", reason, extra={"action": "set_aside", "of": self._name})
                    return
                for row in rows:
                    await self._write_batch([row], write)
                return
            else:
                return

    # -- the spool -----------------------------------------------------------------------------------------------------

    async def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        """The work, however long it takes; what waits and what comes meanwhile is put in the spool."""
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait((task,), timeout=_PATIENCE_S))[0]:
                await self._put_in_spool()
            await task
        finally:
            task.cancel()

    async def _put_in_spool(self) -> None:
        """Have all that waits there; a spool that cannot be written is told, and the rows wait in memory alone."""
        rows, now_s = [*self._writing, *self._rows][self._spooled :], asyncio.get_running_loop().time()
        if self._spool is None or not rows or now_s < self._spool_after_s:
            return
        try:
            await asyncio.to_thread(self._spool.put, rows)
        except OSError as error:
            log.error("rows wait in memory: %s", error, extra={"action": "row_spool_failed", "of": self._name})
            self._spool_after_s = now_s + _SPOOL_RETRY_S
        else:
            self._spooled += len(rows)
            self._tell_waiters()

    async def _remove(self, remove: Callable[[], None]) -> None:
        """All that is in it is in the database; what stays all the same is looked at once more at the next start."""
        try:
            await asyncio.to_thread(remove)
        except OSError as error:
            log.error("the spool stays: %s", error, extra={"action": "row_spool_failed", "of": self._name})
