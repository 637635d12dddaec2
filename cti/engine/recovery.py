"""Standing up again: newest snapshot, then the facts of every later entry, folded. Nothing is decided anew.

The engine calls `recover` before it listens to anyone, and `keep_snapshots` runs beside it.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

import msgspec

from cti.domain import state as states
from cti.domain.acd import Acd
from cti.domain.commands import Apologise
from cti.domain.facts import CallbackAccepted, ContactClosed, ContactQueued
from cti.domain.ids import SYSTEM_NO_AGENT, ContactId, LegId, Milliseconds
from cti.ports import Entry, Journal

log = logging.getLogger(__name__)

SNAPSHOT_EVERY_S: Final = 60.0
NUMBERS_PER_OWNER: Final = 1_000_000
"""A new engine begins at the next multiple."""
LOOK_BACK: Final = 2_000
"""Entries before the snapshot that are read for callers' legs whose contacts have ended, or go on without them."""


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


async def recover(journal: Journal) -> Recovered:
    """Snapshot plus facts. Raises OutsideError when the journal cannot be read."""
    saved = await journal.latest_snapshot()
    number, acd = (0, Acd()) if saved is None else (saved[0], Acd(decode(saved[1])))
    noted = _Noted()
    last_ms = folded = 0
    async for entry in journal.entries(after=max(0, number - LOOK_BACK)):
        _note_legs(entry, noted)
        last_ms = entry.at_ms
        if entry.number > number:
            acd.fold(entry.number, entry.facts)
            folded += 1
    acd.state.number = _fresh_number(journal.last_number)
    log.info("recovered", extra={"action": "recovered", "snapshot": number, "folded": folded})
    return Recovered(
        acd=acd, last_ms=last_ms, folded=folded, ended_legs=tuple(noted.ended), apologies=tuple(noted.apologies)
    )


def _fresh_number(last: int) -> int:
    """Where a new owner's numbers begin: so far on that no id is given out twice.

    The engine before may have decided, and told the switch, what it could not write any more (a full disk); legs and
    bridges live under those ids.
    """
    return (last // NUMBERS_PER_OWNER + 1) * NUMBERS_PER_OWNER if last else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Noted:
    """What is gathered from the facts about legs that no contact holds any more."""

    queued: dict[ContactId, ContactQueued] = field(default_factory=dict)
    ended: list[LegId] = field(default_factory=list)
    apologies: list[Apologise] = field(default_factory=list)


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
    """Save a snapshot whenever something happened in the last `SNAPSHOT_EVERY_S`; runs until cancelled."""
    saved = acd.state.number
    while True:
        await asyncio.sleep(SNAPSHOT_EVERY_S)
        if acd.state.number == saved:
            continue
        snapshot = states.snapshot(acd.state)
        await journal.save_snapshot(snapshot.number, await asyncio.to_thread(encode, snapshot))
        saved = snapshot.number
