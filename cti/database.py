"""How a database is reached: connections, threads, deadlines and the one error. No table is known here.

Theory of operation: SQLAlchemy works synchronously in threads, one hop per piece of work instead of one per statement,
which is what an asynchronous driver for SQLite would do anyway. A piece of work is a function of a `Connection`; it
must touch nothing of the loop's. Reads run in autocommit (each statement sees what is committed when it begins),
writes in one transaction. SQLite has one writer at a time, so writes to it have one thread and queue there instead of
colliding.

Used by `cti.store` and `cti.crm`, who are given a `Database` by `cti.wiring` or by a command.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

import sqlalchemy as sa
from sqlalchemy import event, exc, make_url
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from cti.errors import ConfigError, DatabaseDown

log = logging.getLogger(__name__)

T = TypeVar("T")

READERS: Final = 4
"""Pieces of reading work at once; more wait for their turn."""
PATIENCE: Final = 1.0
"""Factor of every deadline here. Only tests widen it: on a starved machine slow threads and disks are no database that
is away, and few tests ask what happens then."""
_BUSY_MS: Final = 5000
_CACHE_KIB: Final = 4000
"""Of each connection to SQLite. The system keeps the file at hand, too: more here is the same memory many times."""
_DURABLE: Final = "triune_durable"
_POSTGRESQL_TIMEOUTS: Final = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
    "options": "-c statement_timeout=30000 -c lock_timeout=5000 -c timezone=UTC",
    "application_name": "triune",
}


class Database:
    """One database, SQLite or PostgreSQL; made by `open_database`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._durable = engine.execution_options(**{_DURABLE: True})
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="database-read")
        self._writers = ThreadPoolExecutor(
            1 if self.is_sqlite else READERS,
            thread_name_prefix="database-write",
        )

    @property
    def is_sqlite(self) -> bool:
        """Is it a SQLite file? PostgreSQL otherwise."""
        return self._engine.dialect.name == "sqlite"

    @property
    def engine(self) -> Engine:
        """For migrations and tests; blocks."""
        return self._engine

    async def read(self, work: Callable[[Connection], T], *, within_s: float = 3.0) -> T:
        """What `work` finds. Raises DatabaseDown when the database fails or there is no answer in time."""
        return await self._in_thread(self._readers, self.read_now, work, within_s=within_s)

    async def write(self, work: Callable[[Connection], T], *, within_s: float = 5.0, durable: bool = False) -> T:
        """What `work` gives, once its changes are committed; when it raises, nothing has changed.

        `durable`: on disk too, which a loss of power cannot take back; PostgreSQL's commits are so always.
        Raises DatabaseDown: on a deadline the changes may still be committed later. Other errors of the database,
        such as IntegrityError, come as they are, for the caller to put into words.
        """
        run = partial(self.write_now, durable=durable)
        return await self._in_thread(self._writers, run, work, within_s=within_s)

    def read_now(self, work: Callable[[Connection], T]) -> T:
        """As `read`, blocking, in the calling thread."""
        try:
            with self._reading.connect() as connection:
                return work(connection)
        except (exc.DBAPIError, exc.TimeoutError, OSError) as error:
            raise _told(error) from error

    def write_now(self, work: Callable[[Connection], T], *, durable: bool = False) -> T:
        """As `write`, blocking, in the calling thread."""
        try:
            with (self._durable if durable else self._engine).begin() as connection:
                return work(connection)
        except (exc.DBAPIError, exc.TimeoutError, OSError) as error:
            raise _told(error) from error

    async def close(self) -> None:
        """Let what runs finish, begin nothing new and close the connections."""
        await asyncio.to_thread(self.close_now)

    def close_now(self) -> None:
        """As `close`, blocking."""
        for pool in (self._readers, self._writers):
            pool.shutdown(cancel_futures=True)
        self._engine.dispose()

    async def _in_thread(
        self,
        pool: ThreadPoolExecutor,
        run: Callable[[Callable[[Connection], T]], T],
        work: Callable[[Connection], T],
        *,
        within_s: float,
    ) -> T:
        try:
            async with asyncio.timeout(within_s * PATIENCE):
                return await asyncio.get_running_loop().run_in_executor(pool, run, work)
        except TimeoutError as error:
            raise DatabaseDown(f"The database did not answer within {within_s:g} s.") from error


def open_database(url: str) -> Database:
    """The database at this URL: `postgresql://…`, `sqlite:///file` or a file's path. Connects only when it is used.

    A driver in the URL is not needed and not heeded. Raises ConfigError for what is neither SQLite nor PostgreSQL.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        return Database(_sqlite(address))
    engine = sa.create_engine(
        address,
        connect_args=_POSTGRESQL_TIMEOUTS,
        pool_size=2 * READERS,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=True,
    )
    return Database(engine)


def _address(url: str) -> URL:
    try:
        address = make_url(url if ":" in url else f"sqlite:///{url}")
    except exc.ArgumentError as error:
        raise ConfigError("The database's URL cannot be read; write postgresql://user@host/name.") from error
    drivers = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
    backend = address.drivername.partition("+")[0]
    if backend not in drivers:
        raise ConfigError(f"The database must be SQLite or PostgreSQL, not {backend}.")
    return address.set(drivername=drivers[backend])


def _sqlite(address: URL) -> Engine:
    path = address.database
    if not path or path == ":memory:":
        raise ConfigError("A SQLite database must be a file: sqlite:///path.")

    engine = sa.create_engine(address, connect_args={"timeout": _BUSY_MS / 1000 * PATIENCE, "check_same_thread": False})

    @event.listens_for(engine, "do_connect")
    def make_private(*_: object) -> None:
        """Secrets of phones stand in it: the owner alone may read it.

        A file that is there is not touched: closing any descriptor of it would drop every lock that SQLite holds on it
        in this process (fcntl(2)), and the next command to end would delete the write-ahead log under us.
        """
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # sqlite3's: we begin, not the driver
        cursor = connection.cursor()
        cached = f"cache_size = -{_CACHE_KIB}"
        for setting in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", cached):
            cursor.execute(f"PRAGMA {setting}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        """At once as a writer: a reader that turns writer late would fail when another wrote in between."""
        options = connection.get_execution_options()
        if options.get("isolation_level") == "AUTOCOMMIT":
            return
        wanted = "FULL" if options.get(_DURABLE) else "NORMAL"
        if connection.info.setdefault("synchronous", "NORMAL") != wanted:
            connection.exec_driver_sql(f"PRAGMA synchronous = {wanted}")  # none may be changed inside a transaction
            connection.info["synchronous"] = wanted
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _told(error: Exception) -> Exception:
    """DatabaseDown for a database that is away or full; an error of the statement or its values as it is."""
    if isinstance(error, exc.DBAPIError) and not isinstance(error, exc.OperationalError | exc.InterfaceError):
        return DatabaseDown("The database went away.") if error.connection_invalidated else error
    return DatabaseDown("The database does not answer. What needs it waits; calls go on.")
