"""The seat of the engine that leads, where the journal is in PostgreSQL."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cti import seat, store
from cti.database import open_database
from cti.engine.recovery import Follower
from cti.errors import DatabaseDown, OutsideError
from cti.home import Home, JournalPlace, Settings
from cti.spare import MadeOf
from cti.store import appending, postgres
from cti.store.asking import ask
from cti.store.database_journal import DatabaseChronicle, DatabaseJournal
from cti.store.reign import Answer
from cti.supervise import health
from cti.web.server import bind
from tests.running import free_port_base, soon
from tests.store.calls import entry
from tests.store.server import PostgresServer

pytestmark = pytest.mark.postgres

DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture
def home(server: PostgresServer, tmp_path: Path) -> Home:
    url = server.new_database()
    store.upgrade(url)
    settings = Settings(port_base=free_port_base(), database=url, journal=JournalPlace.DATABASE)
    return Home.make(tmp_path / "h", settings)


def expires_ms(home: Home) -> int:
    with postgres.connect(home.database_url, name="test") as session:
        row = session.execute("SELECT expires_ms FROM leader").fetchone()
    assert row is not None
    return int(str(row[0]))


async def test_the_address_that_the_lease_names_refuses_nobody_from_the_claim_on(home: Home) -> None:
    database = open_database(home.database_url)
    async with seat.taken(home, port=home.ports.web) as taken:
        await asyncio.wait_for(taken.awaited(Follower(), database=database, made_of=MadeOf(home)), DEADLINE_S)
        assert taken.listener is not None
        assert await ask(f"http://127.0.0.1:{home.ports.web}", taken.epoch, elsewhere=False) is Answer.SILENT
    await database.close()


async def test_a_spare_that_finds_no_tables_waits_for_them(server: PostgresServer) -> None:
    database = open_database(server.new_database())
    with pytest.raises(OutsideError, match="not in this database"):
        await Follower().read(DatabaseChronicle(database))
    await database.close()


async def test_a_spare_of_the_home_asks_for_the_lease_when_the_others_are_gone_and_not_before(home: Home) -> None:
    database = open_database(home.database_url)
    async with seat.taken(home, port=home.ports.web) as other:
        async with seat.taken(home, port=home.ports.web) as taken:
            await asyncio.wait_for(taken.awaited(Follower(), database=database, made_of=MadeOf(home)), DEADLINE_S)
            waiting = asyncio.create_task(other.awaited(Follower(), database=database, made_of=MadeOf(home)))
            follows = health.local(home.spare_socket, b"ping\n", (health.FOLLOWS,))
            await soon(home.spare_socket.exists, what="its socket")
            async with asyncio.timeout(DEADLINE_S):
                while not await follows():
                    pass
            assert other.lease is not None
            assert (other.listener, other.lease.is_behind, other.lease.leads) == (None, False, False)
        await asyncio.wait_for(waiting, DEADLINE_S)
        assert other.leadership.leads
        assert other.listener is not None
        assert other.epoch > taken.epoch
    await database.close()


async def test_an_engine_that_could_not_listen_does_not_ask_for_the_lead(home: Home) -> None:
    given = json.loads((home.path / "settings.json").read_text())
    (home.path / "settings.json").write_text(json.dumps({**given, "listen": "192.0.2.1"}))
    other_hosts = Home.open(home.path)
    database = open_database(home.database_url)
    async with seat.taken(other_hosts, port=home.ports.web) as taken:
        with pytest.raises(OutsideError, match="an address of this machine"):
            await taken.awaited(Follower(), database=database, made_of=MadeOf(other_hosts))
        assert not taken.leadership.leads
    await database.close()


@pytest.mark.parametrize("all_is_stored", [True, False])
async def test_the_lease_is_given_back_only_with_a_whole_journal(home: Home, all_is_stored: bool) -> None:
    database = open_database(home.database_url)
    async with seat.taken(home, port=home.ports.web) as taken:
        taken.epoch = await asyncio.wait_for(taken.leadership.gained(), DEADLINE_S)
        journal = taken.journal(database)
        assert isinstance(journal, DatabaseJournal)
        await taken.begin(journal, after=0)
        journal.append(entry(1))
        await asyncio.wait_for(journal.flushed(1), DEADLINE_S)
        if not all_is_stored:
            with postgres.connect(home.database_url, name="test") as session:
                session.execute("ALTER TABLE journal RENAME TO elsewhere")
        journal.append(entry(2))
        await asyncio.wait_for(taken.end(journal), DEADLINE_S)
        assert journal.unsettled == (0 if all_is_stored else 1)
    await database.close()
    assert (await asyncio.to_thread(expires_ms, home) == 0) is all_is_stored


@pytest.mark.parametrize("disk_takes_them", [True, False])
async def test_the_end_counts_entries_and_says_on_whose_disk_they_are(
    home: Home, disk_takes_them: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(appending, "DRAIN_S", 0.2)
    database = open_database(home.database_url)
    async with seat.taken(home, port=home.ports.web) as taken:
        taken.epoch = await asyncio.wait_for(taken.leadership.gained(), DEADLINE_S)
        journal = taken.journal(database)
        await taken.begin(journal, after=0)
        if not disk_takes_them:
            home.spools.write_text("no folder")
        with postgres.connect(home.database_url, name="test") as session:
            name = home.database_url.rpartition("/")[2]
            session.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
            for number in (1_000_001, 1_000_002):
                journal.append(entry(number))
            await asyncio.wait_for(taken.end(journal), DEADLINE_S)
            session.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
        assert taken.is_owing
    await database.close()
    said = [one.getMessage() for one in caplog.records if one.name == "cti.seat"]
    begins = "2 entries are not in PostgreSQL, and only" if disk_takes_them else "The last 2 entries could be written"
    assert [sentence.startswith(begins) for sentence in said] == [True]


@pytest.mark.parametrize("journal", JournalPlace)
async def test_a_database_that_is_away_is_waited_for_and_that_is_said(tmp_path: Path, journal: JournalPlace) -> None:
    settings = Settings(port_base=free_port_base(), database="postgresql://nobody@127.0.0.1:1/none", journal=journal)
    home = await asyncio.to_thread(Home.make, tmp_path / "h", settings)
    is_back = asyncio.Event()

    async def work() -> None:
        if not is_back.is_set():
            raise DatabaseDown("away")

    async with seat.taken(home, port=home.ports.web) as taken, httpx.AsyncClient(trust_env=False) as client:
        with contextlib.closing(bind("127.0.0.1", home.ports.web)) as taken.listener:
            waiting = asyncio.create_task(taken.with_database(work))
            await soon(lambda: taken.awaits_database, what="it has asked")
            told = await client.get(f"http://127.0.0.1:{home.ports.web}/healthz", timeout=DEADLINE_S)
            assert (told.status_code, told.json()["code"]) == (503, "database")
            is_back.set()
            await asyncio.wait_for(waiting, DEADLINE_S)
            assert not taken.awaits_database


async def test_an_engine_leads_once_its_database_is_there(server: PostgresServer, home: Home) -> None:
    database = open_database(home.database_url)
    server.stop()
    try:
        async with seat.taken(home, port=home.ports.web) as taken:
            leading = asyncio.create_task(taken.awaited(Follower(), database=database, made_of=MadeOf(home)))
            await soon(lambda: taken.awaits_database, what="it has asked")
            assert not taken.leadership.leads
            server.start()
            await asyncio.wait_for(leading, DEADLINE_S)
            assert taken.leadership.leads
    finally:
        await database.close()
        if not server.answers():
            server.start()
