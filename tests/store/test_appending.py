"""The writer thread outlives whatever its place does."""

import asyncio
from collections.abc import Callable

from cti.ports import Entry
from cti.store import codec
from cti.store.appending import PAGE, Appending
from tests.running import soon
from tests.store.calls import entry


class Shelf:
    """A place in memory, which has something to do whenever nothing is put."""

    def __init__(self, rest: Callable[[], float | None]) -> None:
        self.numbers: list[int] = []
        self.settled = 0
        self._rest = rest

    def put(self, batch: list[Entry], rows: list[codec.Row], stub: Callable[[Entry, Exception], codec.Row]) -> None:
        """Keep the numbers."""
        del batch, stub
        self.numbers += [row[0] for row in rows]

    def rest(self) -> float | None:
        """What the test says."""
        return self._rest()

    def release(self) -> None:
        """Nothing is open."""

    def trouble(self, cause: Exception) -> str:
        """A sentence."""
        return f"It fails: {cause}."


class ShelvedJournal(Appending):
    """A journal that is there until it is closed."""

    async def open(self) -> None:
        """See `Appending`."""
        self.start(last=0)

    async def close(self) -> None:
        """See `Appending`."""
        await self.stop()

    def read(self, *, after: int, until: int, limit: int = PAGE) -> list[Entry]:
        """It is not read."""
        raise NotImplementedError


async def test_what_fails_while_nothing_is_written_is_tried_again_and_keeps_no_entry_from_the_disk() -> None:
    rested: list[int] = []

    def rest() -> float | None:
        rested.append(len(shelf.numbers))
        if len(rested) <= 2:
            raise MemoryError("no room to think")
        shelf.settled = len(shelf.numbers)
        return None

    shelf = Shelf(rest)
    async with ShelvedJournal(shelf) as journal:
        await soon(lambda: len(rested) >= 1, what="it fails once")
        journal.append(entry(1))
        await asyncio.wait_for(journal.flushed(1), 30)
        assert not journal.failing, "what was put is durable"
        await soon(lambda: journal.settled == 1, what="it is settled by the third try")
        assert (journal.figures().failures, shelf.numbers) == (2, [1])


async def test_the_numbers_that_a_new_owner_leaves_out_are_no_entries() -> None:
    async with ShelvedJournal(Shelf(lambda: None)) as journal:
        assert journal.unsettled == 0
        for number in (1_000_001, 1_000_002):
            journal.append(entry(number))
        assert (journal.unsettled, journal.figures().backlog) == (2, 2)
        await asyncio.wait_for(journal.flushed(1_000_002), 30)
        assert (journal.unsettled, journal.figures().backlog, journal.figures().spooled) == (2, 0, 2)
