"""The journal: every event with the facts decided on it. Implemented by `cti.store`, owned by the engine."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, Protocol

from cti.domain.events import Event
from cti.domain.facts import Fact
from cti.domain.ids import Milliseconds

NUMBERS_PER_OWNER: Final = 1_000_000
"""A new owner begins at the next multiple."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One handled event. `refused` is the sentence when the core refused it; then there are no facts."""

    number: int
    at_ms: Milliseconds
    event: Event
    facts: tuple[Fact, ...]
    refused: str | None


def fresh_number(last: int) -> int:
    """Where a new owner's numbers begin, after the journal's last: so far on that no id is given out twice.

    The engine before may have decided, and told the switch, what it could not write any more (a full disk); legs and
    bridges live under those ids.
    """
    return (last // NUMBERS_PER_OWNER + 1) * NUMBERS_PER_OWNER if last else 0


class Journal(Protocol):
    """Append-only and durable; owned by one engine at a time."""

    def append(self, entry: Entry) -> None:
        """Take the entry into the next flush; returns at once.

        Entries come in order of number; only the first after opening may leave a hole behind it.
        """

    async def flushed(self, number: int) -> None:
        """Return when this entry is on disk. Raises OutsideError when the journal refused to write (disk full)."""

    def entries(self, *, after: int) -> AsyncIterator[Entry]:
        """Every durable entry with a greater number, in order, then end."""

    @property
    def failing(self) -> bool:
        """The last write failed: nothing is durable until one succeeds."""

    @property
    def last_number(self) -> int:
        """Number of the last entry appended."""

    async def save_snapshot(self, number: int, state: bytes) -> None:
        """Keep the state as it was after this entry. Raises OutsideError."""

    async def latest_snapshot(self) -> tuple[int, bytes] | None:
        """The newest snapshot that the journal reaches: number of its last entry, and the state."""
