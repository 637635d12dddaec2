"""Hashing of passwords, and the delay after wrong ones. Blocks for tens of milliseconds: to be called in a thread.

The tries are kept per login and address that they came from, whether the login exists or not, so that neither the
answer nor its time tells who exists, and nobody can lock another out from elsewhere.
"""

import functools
from typing import Final

import sqlalchemy as sa
from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.engine import Connection

from cti.domain.ids import Milliseconds
from cti.errors import RuleError
from cti.store import models
from cti.store.upsert import upsert

SHORTEST: Final = 8
LONGEST: Final = 200
_FREE_TRIES: Final = 5
_LONGEST_DELAY_MS: Final = 15 * 60_000
_FORGOTTEN_MS: Final = 24 * 3_600_000

STRONG: Final = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1),))
"""OWASP's parameters for Argon2id: some 25 ms of one core."""
_TABLE: Final = models.table(models.FailedSignIn)


def hashed(password: str, *, hasher: PasswordHash = STRONG) -> str:
    """Argon2id of the password. Raises RuleError when it is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST or not password.isprintable():
        raise RuleError(f"A password has {SHORTEST} to {LONGEST} characters that can be printed.")
    return hasher.hash(password)


def is_right(password: str, password_hash: str | None, *, hasher: PasswordHash = STRONG) -> bool:
    """Whether the hash is this password's. Takes as long when there is no hash, and is then False."""
    try:
        return hasher.verify(password, password_hash or _nobodys(hasher)) and password_hash is not None
    except (PwdlibError, UnicodeEncodeError):
        return False


@functools.cache
def _nobodys(hasher: PasswordHash) -> str:
    return hasher.hash("nobody's password")


def delay_ms(connection: Connection, login: str, *, source: str, now_ms: Milliseconds) -> Milliseconds:
    """How long until this login from there is looked at again; 0 for now."""
    retry_at_ms: int | None = connection.execute(
        sa.select(_TABLE.c.retry_at_ms).where(_TABLE.c.login == login, _TABLE.c.source == source)
    ).scalar()
    return max(0, (retry_at_ms or 0) - now_ms)


def count_wrong(connection: Connection, login: str, *, source: str, now_ms: Milliseconds) -> None:
    """Count one more; from the fifth in a row on the delay is 1, 2, 4 … s, at most 15 min. Forgotten after a day."""
    connection.execute(sa.delete(_TABLE).where(_TABLE.c.retry_at_ms < now_ms - _FORGOTTEN_MS))
    where = (_TABLE.c.login == login) & (_TABLE.c.source == source)
    tries = 1 + (connection.execute(sa.select(_TABLE.c.tries).where(where)).scalar() or 0)
    wait_ms = 0 if tries < _FREE_TRIES else min(1000 << min(tries - _FREE_TRIES, 20), _LONGEST_DELAY_MS)
    statement = upsert(connection, _TABLE, keys=["login", "source"], updated=["tries", "retry_at_ms"])
    connection.execute(statement.values(login=login, source=source, tries=tries, retry_at_ms=now_ms + wait_ms))


def forget_wrong(connection: Connection, login: str, *, source: str) -> None:
    """The right password came."""
    connection.execute(sa.delete(_TABLE).where(_TABLE.c.login == login, _TABLE.c.source == source))
