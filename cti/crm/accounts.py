"""Accounts that callers ask about with a PIN: `ports.Accounts`, for the IVR by way of the engine's API.

A PIN is stored hashed and its wrong tries are counted per account; after three the account is locked for 15 minutes,
for the right PIN too. Neither digits nor hashes are logged or put into an error.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.engine import Connection

from cti.crm.tables import CONTRACTS, CUSTOMERS, PINS
from cti.database import Database
from cti.domain.ids import Milliseconds
from cti.errors import DatabaseDown, NotFound, RuleError
from cti.ports import AccountAnswer, AccountState

TRIES: Final = 3
LOCK_MS: Final = 15 * 60_000
_DEADLINE_S: Final = 1.0
_HASHED_AT_ONCE: Final = 2
_HASHER: Final = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1),))
"""OWASP's smallest: no hash makes four digits hard to guess for who has the table; the lock guards all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    contract_id: int
    pin_hash: str
    tries: int
    locked_until_ms: Milliseconds
    state: AccountState


class StoredAccounts:
    """See `ports.Accounts`. `now_ms` is Unix time in ms."""

    def __init__(
        self, database: Database, *, now_ms: Callable[[], Milliseconds] = lambda: time.time_ns() // 1_000_000
    ) -> None:
        self._database = database
        self._now_ms = now_ms
        self._hashing = asyncio.Semaphore(_HASHED_AT_ONCE)

    async def check(self, account: str, pin: str) -> AccountState:
        """See `ports.Accounts`. The try is counted before it is weighed, so that none slips past the lock."""
        try:
            async with asyncio.timeout(_DEADLINE_S):
                return await self._check(account, pin)
        except TimeoutError as error:
            raise DatabaseDown("The accounts did not answer in time.") from error

    async def _check(self, account: str, pin: str) -> AccountState:
        if not (account.isprintable() and pin.isprintable()):
            return AccountState(answer=AccountAnswer.UNKNOWN, tries_left=TRIES)
        kept = await self._database.write(lambda connection: _take_try(connection, account, self._now_ms()))
        if kept is None:
            return AccountState(answer=AccountAnswer.UNKNOWN, tries_left=TRIES)
        if kept.locked_until_ms > self._now_ms():
            return AccountState(answer=AccountAnswer.LOCKED, tries_left=0)
        if kept.tries <= TRIES and await self._is_right(pin, kept.pin_hash):
            await self._database.write(lambda connection: _forget_tries(connection, kept.contract_id))
            return kept.state
        if kept.tries < TRIES:
            return AccountState(answer=AccountAnswer.WRONG, tries_left=TRIES - kept.tries)
        until_ms = self._now_ms() + LOCK_MS
        await self._database.write(lambda connection: _lock(connection, kept.contract_id, until_ms))
        return AccountState(answer=AccountAnswer.LOCKED, tries_left=0)

    async def _is_right(self, pin: str, pin_hash: str) -> bool:
        async with self._hashing:
            return await asyncio.to_thread(_is_right, pin, pin_hash)

    async def set_pin(self, account: str, pin: str) -> None:
        """Give the account this PIN and open its lock. Raises NotFound; RuleError when it is not 4 to 12 digits."""
        pin_hash = await asyncio.to_thread(hashed, pin)
        await self._database.write(lambda connection: put_pin(connection, account, pin_hash))


def hashed(pin: str) -> str:
    """Argon2id of the PIN; blocks for tens of ms. Raises RuleError when it is not 4 to 12 digits."""
    if not (pin.isascii() and pin.isdecimal() and 4 <= len(pin) <= 12):
        raise RuleError("A PIN has 4 to 12 digits.")
    return _HASHER.hash(pin)


def put_pin(connection: Connection, account: str, pin_hash: str) -> None:
    """Write the hash for the contract with this number. Raises NotFound."""
    contract_id = connection.execute(
        sa.select(CONTRACTS.c.contract_id).where(CONTRACTS.c.number == account).order_by(CONTRACTS.c.contract_id)
    ).scalar()
    if contract_id is None:
        raise NotFound("There is no contract with this number.")
    connection.execute(sa.delete(PINS).where(PINS.c.contract_id == contract_id))
    values = {"contract_id": contract_id, "account": account, "pin_hash": pin_hash, "tries": 0, "locked_until_ms": 0}
    connection.execute(sa.insert(PINS).values(values))


def _is_right(pin: str, pin_hash: str) -> bool:
    try:
        return _HASHER.verify(pin, pin_hash)
    except PwdlibError:
        return False


def _take_try(connection: Connection, account: str, now_ms: Milliseconds) -> _Kept | None:
    """Count one try more, unless the account is locked; None for an unknown account. A lock that is over is opened."""
    connection.execute(
        sa.update(PINS)
        .where(PINS.c.account == account, PINS.c.locked_until_ms <= now_ms)
        .values(tries=sa.case((PINS.c.locked_until_ms > 0, 1), else_=PINS.c.tries + 1), locked_until_ms=0)
    )
    row = connection.execute(
        sa.select(PINS, CONTRACTS, CUSTOMERS.c.language)
        .join_from(PINS, CONTRACTS, PINS.c.contract_id == CONTRACTS.c.contract_id)
        .join(CUSTOMERS, CUSTOMERS.c.customer_id == CONTRACTS.c.customer_id)
        .where(PINS.c.account == account)
    ).one_or_none()
    if row is None:
        return None
    state = AccountState(
        answer=AccountAnswer.OK,
        tries_left=TRIES,
        balance_minor=row.balance_minor,
        currency=row.currency,
        status=row.status,
        ends_on=row.ends_on,
        tariff=row.kind,
        language=row.language or None,
    )
    return _Kept(
        contract_id=row.contract_id,
        pin_hash=row.pin_hash,
        tries=row.tries,
        locked_until_ms=row.locked_until_ms,
        state=state,
    )


def _forget_tries(connection: Connection, contract_id: int) -> None:
    connection.execute(sa.update(PINS).where(PINS.c.contract_id == contract_id).values(tries=0, locked_until_ms=0))


def _lock(connection: Connection, contract_id: int, until_ms: Milliseconds) -> None:
    connection.execute(sa.update(PINS).where(PINS.c.contract_id == contract_id).values(locked_until_ms=until_ms))
