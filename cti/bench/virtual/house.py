"""One engine with everything that stands behind it in the product but the switches and the web server.

Its journal is a file, as always; particulars, messages and the history stand in the database that is given. What
arrives goes in by `Engine.arrive`, as from the mail connector, the chat's room and the API.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cti import config, rules, shipped
from cti.bench.virtual.floor import Floor, staff
from cti.crm.customers import BuiltInCustomers
from cti.database import Database, open_database
from cti.domain.events import ContactArrived
from cti.domain.ids import ContactId, Medium, QueueId
from cti.engine import people
from cti.engine.engine import Engine
from cti.engine.tasks import Supervised
from cti.metrics import Metrics
from cti.ports import Arrival
from cti.store.directory import Directory
from cti.store.history import StoredHistory
from cti.store.journal import SqliteJournal
from cti.store.messages import StoredMessages
from cti.store.particulars import ParticularStore
from cti.store.schema import upgrade_database
from cti.web.hub import Hub
from cti.web.roster import Roster
from cti.web.screens import Screens

QUEUE: Final = QueueId("mail")
MEDIA: Final = (Medium.EMAIL, Medium.CHAT, Medium.SMS)


@dataclass(slots=True, kw_only=True)
class House:
    """An engine at work; `opened` makes it."""

    engine: Engine
    journal: SqliteJournal
    history: StoredHistory
    keeper: ParticularStore
    messages: StoredMessages
    floor: Floor
    accepted: int = 0
    spent_ms: list[float] = field(default_factory=list)
    """Of each acceptance, since it was emptied."""
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def accept(self, arrival: Arrival | None = None) -> ContactId:
        """One more contact: returns when it is on disk."""
        medium = MEDIA[self.accepted % len(MEDIA)]
        begun = time.perf_counter()
        event = ContactArrived(medium=medium, queue_id=QUEUE, arrived_ms=self.engine.now())
        contact_id = await self.engine.arrive(event, arrival or _arrival(next(self._numbers)))
        self.spent_ms.append((time.perf_counter() - begun) * 1000)
        self.accepted += 1
        return contact_id

    async def accept_many(self, number: int, *, at_once: int) -> float:
        """So many contacts, `at_once` on their way at a time; how many seconds it took."""
        arrivals = iter([_arrival(next(self._numbers)) for _ in range(number)])
        begun = time.perf_counter()

        async def source() -> None:
            for arrival in arrivals:
                await self.accept(arrival)

        await asyncio.gather(*(source() for _ in range(at_once)))
        return time.perf_counter() - begun

    async def settled(self) -> None:
        """Return when everything that was accepted stands in the database too."""
        await self.keeper.written()
        await self.history.reached(self.journal.last_number)


def _arrival(number: int) -> Arrival:
    return Arrival(
        address=f"customer{number}@example.net",
        name=f"Customer {number}",
        language="en",
        subject=f"Question {number} on my bill of the last month",
        source=f"account/INBOX/1/{number}",
    )


@contextlib.asynccontextmanager
async def opened(folder: Path, database_url: str, *, staffed: bool = True) -> AsyncIterator[House]:
    """A house on an empty folder and an empty database."""
    database = open_database(database_url)
    tasks = Supervised()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        await asyncio.to_thread(upgrade_database, database)
        journal = await stack.enter_async_context(SqliteJournal(folder / "journal.sqlite"))
        house, hub = await _built(database, journal)
        stack.push_async_callback(tasks.stop)
        tasks.start("particulars", house.keeper.run)
        tasks.start("history", house.history.run)
        await house.engine.start(persons=staff(), phones=())
        stack.push_async_callback(house.engine.stop)
        await _open_pages(hub, house.engine, database)
        stack.push_async_callback(hub.stop)
        if staffed:
            await house.floor.sign_in(house.engine)
        await house.settled()
        yield house


async def _built(database: Database, journal: SqliteJournal) -> tuple[House, Hub]:
    centre = _centre()
    customers = BuiltInCustomers(database, country=centre.country)
    hub, floor = Hub(customers=customers, metrics=Metrics()), Floor()
    keeper, history = ParticularStore(database), StoredHistory(database, journal)
    await history.find_position()
    engine = Engine(
        rules=rules.events(centre),
        switches={},
        journal=journal,
        desktops=hub,
        keeper=keeper,
        enrolled=rules.enrolment(centre),
        address_key=people.keyed(b"a secret of the benchmark's own"),
        customers=customers,
        regards=rules.regards(centre),
    )
    hub.followers.append(floor.decided)
    messages = StoredMessages(database)
    house = House(engine=engine, journal=journal, history=history, keeper=keeper, messages=messages, floor=floor)
    return house, hub


def _centre() -> config.Centre:
    return config.load(shipped.asterisk_conf() / "centre.yaml")


async def _open_pages(hub: Hub, engine: Engine, database: Database) -> None:
    centre = _centre()
    roster = Roster(people=Directory(database), centre=centre, softphone_ws_url="")
    await roster.refresh()
    hub.start(engine=engine, roster=roster, screens=Screens(centre=centre, roster=roster))
    hub.presence.start(engine=engine, roster=roster)
