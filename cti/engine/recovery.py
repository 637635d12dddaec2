"""Standing up again: newest snapshot, then the facts of every later entry, folded. Nothing is decided anew.

The engine calls `recover` before it listens to anyone, and `keep_snapshots` runs beside it. A spare engine has a
`Follower` fold what the leader writes, so that it need only fold the rest when it leads itself.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from cti.domain import state as states
from cti.domain.acd import Acd
from cti.domain.commands import Apologise
from cti.domain.facts import CallbackAccepted, ContactClosed, ContactQueued
from cti.domain.ids import SYSTEM_NO_AGENT, ContactId, LegId, Milliseconds
from cti.errors import OutsideError
from cti.ports import Entry, Journal, fresh_number

log = logging.getLogger(__name__)

SNAPSHOT_EVERY_S: Final = 60.0
FIRST_SNAPSHOT_S: Final = 3.0
"""How soon after the start the first is made: of engines that die one after another each would fold the day anew."""
LOOK_BACK: Final = 2_000
"""Entries before the snapshot that are read for callers' legs whose contacts have ended, or go on without them; and as
many such legs are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """The state as it was when the engine last lived."""

    acd: Acd
    last_ms: Milliseconds
    """The last instant journalled; 0 for a new journal."""
    folded: int
    ended_legs: tuple[LegId, ...]
    apologies: tuple[Apologise, ...]
    """To the callees of campaigns for whom there was no agent: decided, and perhaps never sent."""


class Chronicle(Protocol):
    """A journal to read: `ports.Journal` itself, or the file of one that another process writes."""

    def entries(self, *, after: int) -> AsyncIterator[Entry]:
        """See `ports.Journal`."""

    async def latest_snapshot(self) -> tuple[int, bytes] | None:
        """See `ports.Journal`."""


class Follower:
    """Folds a journal as far as it goes, again and again: each `read` goes on where the last one ended.

    One that is cancelled, or that failed, has folded whole entries only.
    """

    def __init__(self) -> None:
        self._acd = Acd()
        self._noted = _Noted()
        self._last_ms: Milliseconds = 0
        self._begun = False
        self.snapshot = 0
        """Number of the snapshot that it began with; 0 for none."""
        self.number = 0
        """Of the last entry folded, or of the snapshot."""
        self._seen = 0
        self.folded = 0

    async def read(self, chronicle: Chronicle) -> None:
        """Fold what has come since. Raises OutsideError when it cannot be read."""
        if not self._begun:
            await self._begin(chronicle)
        async for entry in chronicle.entries(after=self._seen):
            _note_legs(entry, self._noted)
            self._last_ms = entry.at_ms
            if entry.number > self.number:
                self._acd.fold(entry.number, entry.facts)
                self.number = entry.number
                self.folded += 1
            self._seen = entry.number

    async def _begin(self, chronicle: Chronicle) -> None:
        saved = await chronicle.latest_snapshot()
        if saved is not None:
            self.snapshot = self.number = saved[0]
            self._acd = Acd(decode(saved[1]))
        self._seen = max(0, self.number - LOOK_BACK)
        self._begun = True

    def recovered(self, *, last_number: int) -> Recovered:
        """To be asked once, after the last `read`; the follower is of no use then. `last_number` is the journal's."""
        self._acd.state.number = fresh_number(last_number)
        return Recovered(
            acd=self._acd,
            last_ms=self._last_ms,
            folded=self.folded,
            ended_legs=tuple(self._noted.ended),
            apologies=tuple(self._noted.apologies),
        )


async def recover(journal: Journal, follower: Follower | None = None) -> Recovered:
    """Snapshot plus facts, or what `follower` lacks yet. Raises OutsideError when the journal cannot be read."""
    follower = follower or Follower()
    before = follower.folded
    await follower.read(journal)
    found = {"snapshot": follower.snapshot, "folded": follower.folded - before, "followed": before}
    log.info("recovered", extra={"action": "recovered", **found})
    return follower.recovered(last_number=journal.last_number)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Noted:
    """What is gathered from the facts about legs that no contact holds any more."""

    queued: dict[ContactId, ContactQueued] = field(default_factory=dict)
    ended: deque[LegId] = field(default_factory=lambda: deque(maxlen=LOOK_BACK))
    apologies: deque[Apologise] = field(default_factory=lambda: deque(maxlen=LOOK_BACK))


def _note_legs(entry: Entry, noted: _Noted) -> None:
    for fact in entry.facts:
        if isinstance(fact, ContactQueued) and fact.leg_id is not None:
            noted.queued[fact.contact_id] = fact
        elif isinstance(fact, ContactClosed | CallbackAccepted) and fact.contact_id in noted.queued:
            _note_end(noted.queued.pop(fact.contact_id), fact, noted)


def _note_end(queued: ContactQueued, fact: ContactClosed | CallbackAccepted, noted: _Noted) -> None:
    if queued.leg_id is None:
        return
    noted.ended.append(queued.leg_id)
    told = isinstance(fact, ContactClosed) and fact.disposition == SYSTEM_NO_AGENT
    if told and queued.campaign_id is not None and queued.node is not None:
        noted.apologies.append(Apologise(campaign_id=queued.campaign_id, leg_id=queued.leg_id, node=queued.node))


def encode(snapshot: states.Snapshot) -> bytes:
    """A snapshot for the disk; takes a while, so not on the loop."""
    return msgspec.json.encode(snapshot)


def decode(data: bytes) -> states.State:
    """The state that `encode` was given."""
    return states.restore(msgspec.json.decode(data, type=states.Snapshot))


async def keep_snapshots(acd: Acd, journal: Journal) -> None:
    """Save a snapshot soon, then whenever something happened in the last `SNAPSHOT_EVERY_S`; until cancelled.

    One that cannot be saved costs nothing but time at the next start, and is tried again soon.
    """
    saved = acd.state.number
    pause_s = FIRST_SNAPSHOT_S
    while True:
        await asyncio.sleep(pause_s)
        pause_s = SNAPSHOT_EVERY_S
        if acd.state.number == saved:
            continue
        snapshot = states.snapshot(acd.state)
        try:
            await journal.save_snapshot(snapshot.number, await asyncio.to_thread(encode, snapshot))
        except OutsideError as error:
            log.warning("no snapshot was saved: %s", error, extra={"action": "snapshot_failed"})
            pause_s = FIRST_SNAPSHOT_S
        else:
            saved = snapshot.number
