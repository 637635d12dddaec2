"""Group commit: pieces of work that arrive while a transaction is being committed share the next one.

There is no waiting window: who comes first writes at once, and whoever comes meanwhile is written together by the next
in line. A piece is durable when `write` returns. Used by `cti.store.messages`; what may be written a little later goes
by `cti.store.behind`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from sqlalchemy.engine import Connection

from cti.database import Database
from cti.errors import DatabaseDown
from cti.store.behind import REFUSALS

T = TypeVar("T")

LARGEST_GROUP: Final = 100
"""Pieces in one transaction."""
_COMMIT_S: Final = 15.0


@dataclass(slots=True, eq=False)
class _Piece:
    """One piece of work on its way; `done` once it has a result or an error."""

    work: Callable[[Connection], Any]
    result: Any = None
    error: Exception | None = None
    done: bool = False


class GroupCommit:
    """Writes pieces of work in few transactions; on one loop. Unbounded: whoever waits for his piece is the bound."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Piece] = deque()
        self._turn = asyncio.Lock()
        self.commits = 0
        """Transactions so far."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        """What `work` gives, once it is on disk. It must be as good done twice as once.

        Raises DatabaseDown for every piece of a transaction that failed, and what the database says to a piece that it
        refuses: the others of its group are written all the same. Cancelled, the piece may still be written.
        """
        piece = _Piece(work)
        self._waiting.append(piece)
        async with self._turn:
            if not piece.done:
                await self._write_group()
        if piece.error is not None:
            raise piece.error
        return cast("T", piece.result)

    async def _write_group(self) -> None:
        """A leader that is cancelled leaves the whole group to the next."""
        group = [self._waiting[index] for index in range(min(len(self._waiting), LARGEST_GROUP))]
        await self._write(group)
        for _ in group:
            self._waiting.popleft()

    async def _write(self, group: Sequence[_Piece]) -> None:
        self.commits += 1
        try:
            results = await self._database.write(
                lambda connection: [piece.work(connection) for piece in group], within_s=_COMMIT_S, durable=True
            )
        except DatabaseDown as error:
            _fail(group, error)
        except REFUSALS as error:
            if len(group) == 1:
                _fail(group, error)
                return
            for piece in group:
                await self._write([piece])
        else:
            for piece, result in zip(group, results, strict=True):
                piece.result, piece.done = result, True


def _fail(group: Sequence[_Piece], error: Exception) -> None:
    for piece in group:
        piece.error, piece.done = error, True
