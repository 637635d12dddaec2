"""What all of an engine's parts stand on: its home and seat, the centre in force, the stores, the hub.

Here: their making, and the beginning of their writing. Not here: whatever is for one subject only.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from itertools import chain
from typing import Final, Self

from cti import config
from cti.config import Centre
from cti.crm import http as crm_http
from cti.crm.accounts import hashed
from cti.crm.customers import BuiltInCustomers
from cti.database import Database, open_database
from cti.engine.tasks import Supervised
from cti.home import DemoSecrets, Home
from cti.metrics import Metrics
from cti.seat import Seat
from cti.store import demo
from cti.store.database_journal import DatabaseJournal
from cti.store.directory import Directory
from cti.store.history import StoredHistory, position
from cti.store.journal import SqliteJournal
from cti.store.messages import StoredMessages
from cti.store.particulars import ParticularStore
from cti.store.schema import upgrade_database
from cti.web.hub import Hub

log = logging.getLogger(__name__)

LAST_WRITES_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Made whole before this process leads; written to only when it does, from `begin` on."""

    home: Home
    seat: Seat
    centre: Centre
    metrics: Metrics
    database: Database
    journal: SqliteJournal | DatabaseJournal
    directory: Directory
    keeper: ParticularStore
    history: StoredHistory
    messages: StoredMessages
    customers: BuiltInCustomers
    hub: Hub

    @classmethod
    def laid(cls, home: Home, seat: Seat, stack: contextlib.AsyncExitStack) -> Self:
        """Of a home; `stack` lets go of it. Raises ConfigError."""
        centre = config.load(home.centre_in_force)
        database = open_database(home.database_url)
        stack.push_async_callback(database.close)
        metrics = Metrics()
        customers = BuiltInCustomers(database, country=centre.country)
        outside = crm_http.sources([*centre.crm.values()], country=centre.country, secret=home.secret, metrics=metrics)
        for source in chain.from_iterable(outside.values()):
            stack.push_async_callback(source.close)
        journal = seat.journal(database)
        spools = None if database.is_sqlite else home.spools
        return cls(
            home=home,
            seat=seat,
            centre=centre,
            metrics=metrics,
            database=database,
            journal=journal,
            directory=Directory(database),
            keeper=ParticularStore(database, spools=spools),
            history=StoredHistory(database, journal, spools=spools),
            messages=StoredMessages(database),
            customers=customers,
            hub=Hub(customers=customers, metrics=metrics, outside=outside),
        )

    async def begin(self, tasks: Supervised, stack: contextlib.AsyncExitStack) -> None:
        """This process leads: open the journal, and follow it with the tables. Raises OutsideError, ConfigError.

        A database that is away is waited for: nobody can sign in without it.
        """
        await self.seat.with_database(self._prepared)
        await self.seat.begin(self.journal, after=await self.database.read(position))
        stack.push_async_callback(self.seat.end, self.journal)
        await self.history.find_position()
        await self.keeper.recover()
        await self.history.recover_notes()
        stack.push_async_callback(tasks.stop)
        tasks.start("lead", lambda: self.seat.follow(self.journal))
        tasks.start("particulars", self.keeper.run)
        tasks.start("history", self.history.run)
        tasks.start("notes", self.history.run_notes)
        stack.push_async_callback(self._write_what_is_left)

    async def _prepared(self) -> None:
        """The directory on an upgraded schema. Raises DatabaseDown."""
        await asyncio.to_thread(upgrade_database, self.database)
        await self.directory.adopt(self.centre)
        if self.home.settings.demo:
            await _seed(self.database, self.home.secrets.demo)

    async def _write_what_is_left(self) -> None:
        """Notes and particulars on their way get a moment; a database that is away costs no more than that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WRITES_S):
                await self.keeper.written()
                await self.history.notes_written()


async def _seed(database: Database, secrets: DemoSecrets) -> None:
    """The demo's people and customers, where they are not there yet."""
    credentials = {
        agent.login: demo.Credentials(password=agent.password, sip_secret=agent.sip_password)
        for agent in secrets.agents
    }
    for person in (secrets.supervisor, secrets.admin):
        credentials[person.login] = demo.Credentials(password=person.password)
    await demo.seed(database, credentials, pin_hash=await asyncio.to_thread(hashed, demo.PIN))
