"""The seat of the engine that leads: who may take it, and the journal that belongs to it.

A home whose journal is in it is led by whoever holds its lock, and others of this machine wait as spares. Where the
journal is in PostgreSQL any number of engines may wait for the seat, on any machine: the lease says who has it, and
whoever waits answers 503 on the web's port. Of those of one home only one asks for the lease, whoever holds its lock;
the others are its spares here, too. Called by `cti.app`; the adapters are in `cti.store`.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cti.database import Database
from cti.engine.recovery import Chronicle, Follower
from cti.errors import DatabaseDown
from cti.home import Home, JournalPlace
from cti.ports import Epoch, Leadership
from cti.spare import MadeOf, until_leading
from cti.store.appending import DurableJournal
from cti.store.asking import ask, this_machine
from cti.store.database_journal import NO_REIGN, DatabaseChronicle, DatabaseJournal
from cti.store.followed import FollowedJournal
from cti.store.journal import SqliteJournal
from cti.store.lead_file import FileLeadership
from cti.store.lease import DatabaseLease
from cti.store.schema import upgrade_database
from cti.web.health import Reign
from cti.web.server import bound
from cti.web.standby import Waiting, answering

log = logging.getLogger(__name__)

DATABASE_RETRY_S: Final = 0.5
_DYING_S: Final = 1.0
"""How long a process that has died may take to let go of its port, after its lock."""
_UNSPECIFIED: Final = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


@dataclass(slots=True, kw_only=True)
class Seat:
    """The lead of this process: `awaited` before anything is written, then for as long as it has it."""

    home: Home
    leadership: Leadership
    port: int
    """The web's."""
    lease: DatabaseLease | None
    """None where nobody can take the lead from this process."""
    turn: FileLeadership | None = None
    """Of this home's engines, whose it is to ask for the lease; None: nobody else's of this home is."""
    epoch: Epoch = NO_REIGN
    listener: socket.socket | None = None
    """The web's. Where the journal is in PostgreSQL, since before this process asked for the lead; None while there is
    none, or where another engine has the port."""
    follower: Follower | None = None
    """As of `awaited`."""
    awaits_database: bool = False
    """It was away when it was asked last, and is asked again."""
    is_owing: bool = False
    """The journal lacks what this process holds: the lease is not given back."""

    async def awaited(self, follower: Follower, *, database: Database, made_of: MadeOf) -> None:
        """Return once this process leads; meanwhile `follower` folds what the leader writes.

        Where the journal is in PostgreSQL and this is no spare, this process answers on the web's port meanwhile, if
        that is free, and does not let go of it: the lease names it as soon as it is claimed. Raises `spare.Outdated`,
        OutsideError.
        """
        self.follower = follower
        chronicle: Chronicle = FollowedJournal(self.home.journal)
        asked_at: Path | None = self.home.spare_socket
        async with contextlib.AsyncExitStack() as stack:
            if self.lease is not None:
                chronicle = DatabaseChronicle(database)
                if self.turn is not None:
                    await until_leading(self.turn, follower, chronicle, made_of=made_of, socket=asked_at)
                asked_at = None
                self.listener = await self._bound()
                await self.with_database(lambda: asyncio.to_thread(upgrade_database, database))
                if self.listener is not None:
                    await stack.enter_async_context(self._answering(self.listener))
            self.epoch = await until_leading(self.leadership, follower, chronicle, made_of=made_of, socket=asked_at)
        log.info("this engine leads", extra={"action": "lead_gained", "epoch": self.epoch})

    async def with_database(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it, again and again while the database is away; meanwhile `listener`, if there is one, says so.

        While the database answers nobody is refused: who connects waits for the web.
        """
        async with contextlib.AsyncExitStack() as stack:
            while True:
                try:
                    await work()
                except DatabaseDown as error:
                    log.warning("%s", error, extra={"action": "database_awaited"})
                    if not self.awaits_database and self.listener is not None:
                        await stack.enter_async_context(self._answering(self.listener))
                    self.awaits_database = True
                    await asyncio.sleep(DATABASE_RETRY_S)
                else:
                    self.awaits_database = False
                    return

    async def _bound(self) -> socket.socket | None:
        """The web's socket; None when another engine of this machine has the port. Raises OutsideError.

        Of an engine of this home that has just died it is waited for.
        """
        within_s = _DYING_S if self.turn is not None else 0.0
        listener = await bound(self.home.settings.listen, self.port, within_s=within_s)
        if listener is None:
            log.info("port %d is another engine's", self.port, extra={"action": "standby_silent"})
        return listener

    def _answering(self, listener: socket.socket) -> AbstractAsyncContextManager[None]:
        settings = self.home.settings
        return answering(
            listener,
            waiting=self._standing,
            cert=Path(settings.tls_cert) if settings.tls_cert else None,
            key=Path(settings.tls_key) if settings.tls_key else None,
        )

    def _standing(self) -> Waiting:
        """Between its claim and its first answer as a leader it says already that it leads."""
        lease, number = self.lease, self.follower.number if self.follower is not None else 0
        if lease is None or lease.leads:
            return Waiting(
                epoch=self.epoch if lease is None else lease.epoch,
                leader="",
                number=number,
                standby=False,
                leads=self.leadership.leads,
                awaits_database=self.awaits_database,
            )
        return Waiting(
            epoch=lease.seen_epoch,
            leader=lease.seen_url,
            number=number,
            standby=lease.is_behind,
            awaits_database=self.awaits_database or (lease.is_unreached and not lease.is_behind),
        )

    def journal(self, database: Database) -> SqliteJournal | DatabaseJournal:
        """The journal, not open yet: see `begin`."""
        if self.lease is None:
            return SqliteJournal(self.home.journal)
        return DatabaseJournal(database, spools=self.home.spools)

    async def begin(self, journal: SqliteJournal | DatabaseJournal, *, after: int) -> None:
        """Open the journal for this reign; `after` as in `SqliteJournal`. Raises OutsideError."""
        journal.after = after
        if isinstance(journal, DatabaseJournal):
            journal.epoch = self.epoch
        await journal.open()

    async def end(self, journal: SqliteJournal | DatabaseJournal) -> None:
        """Close the journal, in order: what stands in the spool gets there first, if that can be done in time."""
        await journal.close()
        if self.lease is None or not journal.unsettled:
            return
        self.is_owing = True
        figures = journal.figures()
        if figures.spooled:
            log.error(
                "%d entries are not in PostgreSQL, and only on this machine (%s): the lease is not given back. Bring "
                "PostgreSQL back and start this engine first, or the next one leads without them.",
                *(figures.spooled, self.home.spools),
                extra={"action": "lease_kept", "count": figures.spooled},
            )
        if figures.backlog:
            log.error(
                "The last %d entries could be written neither to PostgreSQL nor to %s, and are lost: the lease is not "
                "given back. Make room on that disk; the next engine finds the calls again on the switch.",
                *(figures.backlog, self.home.spools),
                extra={"action": "entries_lost", "count": figures.backlog},
            )

    async def follow(self, journal: DurableJournal) -> None:
        """Have the lead end as soon as the journal refuses an entry since another leads; for ever otherwise."""
        if self.lease is not None and isinstance(journal, DatabaseJournal):
            await journal.deposed.wait()
            self.lease.end("the journal takes nothing from it any more")

    def challenged(self) -> None:
        """The switch gave our application to another client."""
        if self.lease is not None:
            self.lease.challenged()

    def reign(self, journal: DurableJournal) -> Reign:
        """How it stands, for those who ask the web."""
        spooling = isinstance(journal, DatabaseJournal) and journal.spooling
        return Reign(leads=self.leadership.leads, epoch=self.epoch, spooling=spooling)


@contextlib.asynccontextmanager
async def taken(home: Home, *, port: int) -> AsyncIterator[Seat]:
    """The seat of this home, not taken yet; to be left at the end of the block. `port` is the web's."""
    if home.settings.journal is JournalPlace.HOME:
        held = FileLeadership(home.path / "run")
        try:
            yield Seat(home=home, leadership=held, port=port, lease=None)
        finally:
            held.resign()
        return
    lease = DatabaseLease(
        home.database_url,
        holder=f"{socket.gethostname()}:{os.getpid()}",
        machine=this_machine(),
        url=_address(home, port),
        ask=ask,
    )
    turn = FileLeadership(home.path / "run", numbered=False) if port == home.ports.web else None
    seat = Seat(home=home, leadership=lease, port=port, lease=lease, turn=turn)
    try:
        yield seat
    finally:
        await lease.close(give_back=not seat.is_owing)
        if seat.listener is not None:
            seat.listener.close()
        if turn is not None:
            turn.resign()


def _address(home: Home, port: int) -> str:
    """Where other engines ask this one whether it leads: its own address, not the one that all share."""
    settings = home.settings
    host = socket.gethostname() if settings.listen in _UNSPECIFIED else settings.listen
    scheme = "https" if settings.tls_cert else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
