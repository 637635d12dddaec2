"""Who has logged in at which desk phone, and people's PINs for it: `ports.DeskBook`.

A PIN is stored hashed. Its wrong tries are counted per person; after three none is taken for 15 minutes, the right one
neither. Neither digits nor hashes are logged or put into an error.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.database import Database
from cti.domain.ids import AgentId, Device, Milliseconds
from cti.errors import RuleError
from cti.ports.desks import PinAnswer, Seat
from cti.store import models, passwords

TRIES: Final = 3
LOCK_MS: Final = 15 * 60_000
SHORTEST, LONGEST = 4, 12
_HASHED_AT_ONCE: Final = 2
_SEATS: Final = models.table(models.DeskSeat)
_PINS: Final = models.table(models.DeskPin)


class StoredDesks:
    """See `ports.DeskBook`. `now_ms` is Unix time in ms."""

    def __init__(
        self, database: Database, *, now_ms: Callable[[], Milliseconds] = lambda: time.time_ns() // 1_000_000
    ) -> None:
        self._database = database
        self._now_ms = now_ms
        self._hashing = asyncio.Semaphore(_HASHED_AT_ONCE)

    async def seats(self) -> Sequence[Seat]:
        """See `ports.DeskBook`."""
        return await self._database.read(_seats)

    async def take(self, seat: Seat) -> None:
        """See `ports.DeskBook`."""
        await self._database.write(lambda connection: _take(connection, seat))

    async def leave(self, agent_id: AgentId) -> None:
        """See `ports.DeskBook`."""
        await self._database.write(
            lambda connection: connection.execute(sa.delete(_SEATS).where(_SEATS.c.agent_id == agent_id))
        )

    async def check(self, agent_id: AgentId, pin: str) -> PinAnswer:
        """See `ports.DeskBook`. The try is counted before it is weighed, so that none slips past the lock."""
        now_ms = self._now_ms()
        row = await self._database.write(lambda connection: _take_try(connection, agent_id, now_ms))
        if row is None:
            return PinAnswer.UNKNOWN
        pin_hash, tries, locked_until_ms = row
        if locked_until_ms > now_ms:
            return PinAnswer.LOCKED
        async with self._hashing:
            is_right = tries <= TRIES and await asyncio.to_thread(passwords.is_right, pin, pin_hash)
        if is_right:
            await self._database.write(lambda connection: _set(connection, agent_id, tries=0, locked_until_ms=0))
            return PinAnswer.OK
        if tries < TRIES:
            return PinAnswer.WRONG
        until_ms = now_ms + LOCK_MS
        await self._database.write(lambda connection: _set(connection, agent_id, locked_until_ms=until_ms))
        return PinAnswer.LOCKED

    async def set_pin(self, agent_id: AgentId, pin: str) -> None:
        """See `ports.DeskBook`."""
        if not (pin.isascii() and pin.isdecimal() and SHORTEST <= len(pin) <= LONGEST):
            raise RuleError(f"A PIN has {SHORTEST} to {LONGEST} digits.")
        async with self._hashing:
            pin_hash = await asyncio.to_thread(passwords.STRONG.hash, pin)
        await self._database.write(lambda connection: _put_pin(connection, agent_id, pin_hash))


def _seats(connection: Connection) -> list[Seat]:
    rows = connection.execute(sa.select(_SEATS).order_by(_SEATS.c.desk))
    return [
        Seat(desk=row.desk, agent_id=AgentId(row.agent_id), before=Device(row.before), since_ms=row.since_ms)
        for row in rows
    ]


def _take(connection: Connection, seat: Seat) -> None:
    connection.execute(sa.delete(_SEATS).where((_SEATS.c.desk == seat.desk) | (_SEATS.c.agent_id == seat.agent_id)))
    values = {"desk": seat.desk, "agent_id": seat.agent_id, "before": seat.before.value, "since_ms": seat.since_ms}
    connection.execute(sa.insert(_SEATS).values(values))


def _take_try(connection: Connection, agent_id: AgentId, now_ms: Milliseconds) -> tuple[str, int, int] | None:
    """Count one try more, unless no PIN is taken; a lock that is over is opened. None for whoever has no PIN."""
    connection.execute(
        sa.update(_PINS)
        .where(_PINS.c.agent_id == agent_id, _PINS.c.locked_until_ms <= now_ms)
        .values(tries=sa.case((_PINS.c.locked_until_ms > 0, 1), else_=_PINS.c.tries + 1), locked_until_ms=0)
    )
    row = connection.execute(sa.select(_PINS).where(_PINS.c.agent_id == agent_id)).one_or_none()
    return (row.pin_hash, row.tries, row.locked_until_ms) if row is not None else None


def _set(connection: Connection, agent_id: AgentId, **values: int) -> None:
    connection.execute(sa.update(_PINS).where(_PINS.c.agent_id == agent_id).values(values))


def _put_pin(connection: Connection, agent_id: AgentId, pin_hash: str) -> None:
    connection.execute(sa.delete(_PINS).where(_PINS.c.agent_id == agent_id))
    values = {"agent_id": agent_id, "pin_hash": pin_hash, "tries": 0, "locked_until_ms": 0}
    connection.execute(sa.insert(_PINS).values(values))
