"""The journal's file as read by one who does not own it: what is durable now, however far its owner goes on.

For a spare engine, which folds what the leader writes. The owner's side is `cti.store.journal`.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from cti.ports import Entry
from cti.store import journal, snapshots

_NO_END: Final = 2**63 - 1


class FollowedJournal:
    """Read beside its owner; nothing is kept open between two questions. Every method raises OutsideError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def entries(self, *, after: int) -> AsyncIterator[Entry]:
        """Every durable entry with a greater number, in order, then end."""
        while page := await asyncio.to_thread(journal.read, self._path, after=after, until=_NO_END):
            for entry in page:
                yield entry
            after = page[-1].number

    async def latest_snapshot(self) -> tuple[int, bytes] | None:
        """The newest whole snapshot: number of its last entry, and the state. It is made of durable entries only."""
        return await asyncio.to_thread(snapshots.latest, self._path.with_suffix(".snapshots"), until=_NO_END)
