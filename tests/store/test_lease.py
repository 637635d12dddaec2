"""Two engines on one PostgreSQL: who leads, when the other takes over, and that nothing of the journal is lost."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from cti import store
from cti.database import open_database
from cti.errors import Deposed
from cti.home import Home, JournalPlace, Settings
from cti.store import database_journal, postgres, reign, written
from cti.store.database_journal import DatabaseJournal
from cti.store.lease import AGAIN_S, DatabaseLease
from cti.store.reign import GOES_ON_S, LEASE_S, Answer
from tests.running import soon
from tests.store.calls import entry
from tests.store.server import PostgresServer

pytestmark = pytest.mark.postgres

DEADLINE_S = 60.0


@pytest.fixture
def url(server: PostgresServer) -> str:
    url = server.new_database()
    store.upgrade(url)
    return url


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """To be stopped and started."""
    server = PostgresServer()
    yield server
    server.remove()


class Leader:
    """`tests.store.leader` in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.durable = 0
        """The last number that it said to be durable."""

    async def hear(self, word: str) -> int:
        """Read on to this word; the number that follows it."""
        assert self.process.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            while line := (await self.process.stdout.readline()).decode().split():
                if line[0] == "durable":
                    self.durable = int(line[1])
                if line[0] == word:
                    return int(line[1]) if len(line) > 1 else 0
        raise AssertionError(f"it ended without {word}")

    async def follow(self, numbers: int) -> None:
        """Until it has said so many more to be durable."""
        for _ in range(numbers):
            await self.hear("durable")

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)


@contextlib.asynccontextmanager
async def leader(url: str, spools: Path) -> AsyncIterator[Leader]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.store.leader", url, str(port), str(spools)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )
    try:
        yield Leader(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


def numbers(url: str) -> list[int]:
    database = open_database(url)
    try:
        return [one.number for one in database_journal.read(database, after=0, until=1 << 40, limit=1 << 20)]
    finally:
        database.close_now()


async def test_the_next_engine_leads_as_soon_as_the_first_gives_its_lease_back(url: str) -> None:
    first, second = DatabaseLease(url, holder="first"), DatabaseLease(url, holder="second")
    assert await asyncio.wait_for(first.gained(), DEADLINE_S) == 1
    assert first.leads
    gained = asyncio.create_task(second.gained())
    done, _ = await asyncio.wait((gained,), timeout=1.0)
    assert not done
    await first.close()
    assert await asyncio.wait_for(gained, DEADLINE_S) == 2
    await second.close()


@pytest.mark.parametrize("machine", ["a", "b"])
async def test_who_asks_a_dead_leader_knows_whether_that_was_on_another_machine(url: str, machine: str) -> None:
    asked: asyncio.Queue[bool] = asyncio.Queue()

    async def ask(_url: str, _epoch: int, *, elsewhere: bool) -> Answer:
        await asked.put(elsewhere)
        return Answer.SILENT

    first = DatabaseLease(url, holder="first", machine="a")
    await asyncio.wait_for(first.gained(), DEADLINE_S)
    await first.close(give_back=False)
    second = DatabaseLease(url, holder="second", machine=machine, ask=ask)
    gained = asyncio.create_task(second.gained())
    assert await asyncio.wait_for(asked.get(), DEADLINE_S) is (machine == "b")
    gained.cancel()
    await asyncio.gather(gained, return_exceptions=True)
    await second.close()


async def test_after_kill_9_the_standby_leads_at_once_and_has_all_that_was_durable(
    url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with leader(url, tmp_path / "a") as first, leader(url, tmp_path / "b") as second:
        waits = [asyncio.create_task(one.hear("leads")) for one in (first, second)]
        await asyncio.wait(waits, timeout=DEADLINE_S, return_when=asyncio.FIRST_COMPLETED)
        leads, heir = (first, second) if waits[0].done() else (second, first)
        heard = waits[1] if waits[0].done() else waits[0]
        await leads.follow(20)
        began = time.monotonic()
        leads.send(signal.SIGKILL)
        assert await heard == 2
        took_s = time.monotonic() - began
        record_property("takeover_s", took_s)
        print(f"take-over {took_s * 1000:.0f} ms after kill -9")
        await heir.follow(5)
        with contextlib.suppress(AssertionError):
            await leads.hear("nothing")
        found = numbers(url)
        assert found == list(range(1, len(found) + 1))
        assert len(found) >= max(leads.durable, heir.durable)
    assert took_s < 10


async def test_a_frozen_leader_is_followed_and_writes_nothing_when_it_wakes(url: str, tmp_path: Path) -> None:
    async with leader(url, tmp_path / "a") as first:
        await first.hear("leads")
        async with leader(url, tmp_path / "b") as second:
            await first.follow(5)
            first.send(signal.SIGSTOP)
            assert await second.hear("leads") == 2
            await second.follow(5)
            first.send(signal.SIGCONT)
            await first.hear("over")
            await second.follow(5)
            assert first.durable < second.durable
        found = numbers(url)
        assert found == list(range(1, len(found) + 1))


async def test_the_leader_goes_on_while_the_database_is_away_and_its_journal_is_whole_after(
    own_server: PostgresServer, tmp_path: Path
) -> None:
    url = own_server.new_database()
    store.upgrade(url)
    async with leader(url, tmp_path / "a") as first:
        await first.hear("leads")
        async with leader(url, tmp_path / "b") as second:
            heir = asyncio.create_task(second.hear("leads"))
            await first.follow(5)
            await asyncio.to_thread(own_server.stop)
            await first.follow(50)
            await asyncio.to_thread(own_server.start)
            spooled = first.durable
            await first.follow(50)
            assert not heir.done()
            first.send(signal.SIGKILL)
            assert await heir == 2
            assert numbers(url)[: first.durable] == list(range(1, first.durable + 1))
            assert spooled > 50


async def test_a_try_that_waits_for_many_addresses_does_not_end_a_reign(own_server: PostgresServer) -> None:
    url = own_server.new_database()
    await asyncio.to_thread(store.upgrade, url)
    with contextlib.ExitStack() as stack:
        mute = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(6)]
        ports = [own_server.port, *(one.getsockname()[1] for one in mute)]
        hosts = f"host={','.join('127.0.0.1' for _ in ports)}&port={','.join(map(str, ports))}"
        lease = DatabaseLease(f"postgresql://postgres@/{url.rpartition('/')[2]}?{hosts}", holder="first")
        await asyncio.wait_for(lease.gained(), DEADLINE_S)
        await asyncio.to_thread(own_server.stop)
        unknown = asyncio.create_task(no_longer(lease))
        done, _ = await asyncio.wait((unknown,), timeout=GOES_ON_S + 3.5)
        assert not done, "it leads on while one try takes 12 s"
        assert lease.away
        unknown.cancel()
        await asyncio.to_thread(own_server.start)
        await lease.close()


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by each connection that is asked for."""
    asked: list[str] = []
    connect = postgres.connect

    def counted(url: str, *, name: str) -> psycopg.Connection[tuple[object, ...]]:
        asked.append(name)
        return connect(url, name=name)

    monkeypatch.setattr(postgres, "connect", counted)
    return asked


async def test_the_leader_goes_on_and_storms_nobody_while_a_server_that_answers_takes_no_renewal(
    url: str, connects: list[str]
) -> None:
    with postgres.connect(url, name="test") as admin:
        lease = DatabaseLease(url, holder="first")
        await asyncio.wait_for(lease.gained(), DEADLINE_S)
        name = url.rpartition("/")[2]
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'triune lease'")
        before = len(connects)
        unknown = asyncio.create_task(no_longer(lease))
        done, _ = await asyncio.wait((unknown,), timeout=LEASE_S)
        assert not done, "it leads on for longer than its lease"
        assert lease.away
        assert len(connects) - before <= 2 * LEASE_S / AGAIN_S
        admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
        await soon(lambda: not lease.away, what="it is renewed", within_s=DEADLINE_S)
        assert lease.leads
        unknown.cancel()
        await lease.close()


async def test_nobody_waits_with_a_claim_for_a_row_that_cannot_be_written(
    url: str, connects: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reign, "_LEASE_MS", 300)
    first, second = DatabaseLease(url, holder="first"), DatabaseLease(url, holder="second")
    await asyncio.wait_for(first.gained(), DEADLINE_S)
    await first.close(give_back=False)
    with postgres.connect(url, name="test") as other, postgres.connect(url, name="test") as watch:
        other.execute("UPDATE leader SET expires_ms = 1")
        other.execute("BEGIN")
        other.execute("SELECT FROM leader FOR UPDATE")
        before = len(connects)
        gained = asyncio.create_task(second.gained())

        def tried_often() -> bool:
            assert watch.execute("SELECT FROM pg_locks WHERE NOT granted").fetchone() is None, "a claim waits"
            return len(connects) >= before + 4

        await soon(tried_often, what="it begins anew each time", within_s=DEADLINE_S)
        other.execute("ROLLBACK")
    assert await asyncio.wait_for(gained, DEADLINE_S) == 2
    await second.close()


async def no_longer(lease: DatabaseLease) -> None:
    """Until it does not know that it leads, seen often, with a grace for a busy machine."""
    while lease.leads or await asyncio.wait_for(lease.confirmed(), 1):
        await asyncio.to_thread(time.sleep, 0.05)


async def test_a_machine_that_slept_longer_than_its_lease_does_not_lead_when_it_wakes(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = DatabaseLease(url, holder="first")
    await asyncio.wait_for(lease.gained(), DEADLINE_S)
    before = lease.leads
    told = time.clock_gettime
    with monkeypatch.context() as after_sleep:
        asleep_s = {time.CLOCK_BOOTTIME: LEASE_S}
        after_sleep.setattr(time, "clock_gettime", lambda clock: told(clock) + asleep_s.get(clock, 0))
        after = lease.leads
    await lease.close()
    assert (before, after) == (True, False)


async def test_an_append_of_a_reign_that_is_over_fails_and_is_not_written(url: str, tmp_path: Path) -> None:
    database = open_database(url)
    lease = DatabaseLease(url, holder="first")
    async with DatabaseJournal(database, epoch=await lease.gained(), spools=tmp_path) as journal:
        journal.append(entry(1))
        await journal.flushed(1)
        with postgres.connect(url, name="test") as other:
            other.execute("UPDATE leader SET epoch = epoch + 1")
        journal.append(entry(2))
        with pytest.raises(Deposed, match="Another engine leads"):
            await journal.flushed(2)
        await asyncio.wait_for(journal.deposed.wait(), DEADLINE_S)
        with pytest.raises(Deposed):
            await journal.flushed(2)
    await asyncio.wait_for(lease.lost(), DEADLINE_S)
    assert not lease.leads
    assert not await lease.confirmed()
    await lease.close()
    await database.close()
    assert numbers(url) == [1]


async def test_commands_find_the_journal_of_a_home_that_keeps_it_in_the_database(url: str, tmp_path: Path) -> None:
    settings = Settings(database=url, journal=JournalPlace.DATABASE)
    home = await asyncio.to_thread(Home.make, tmp_path / "h", settings)
    database, lease = open_database(url), DatabaseLease(url, holder="first")
    async with DatabaseJournal(database, epoch=await lease.gained(), spools=home.spools) as journal:
        for number in range(1, 11):
            journal.append(entry(number))
        await journal.save_snapshot(7, b"state 7")
    found = written.journal_of(home.path)
    assert isinstance(found, written.WrittenTable)
    assert [one.number for one in await asyncio.to_thread(lambda: list(written.entries(found)))] == list(range(1, 11))
    assert await asyncio.to_thread(lambda: found.snapshot(until=9)) == (7, b"state 7")
    assert await asyncio.to_thread(lambda: found.snapshot(until=6)) is None
    found.database.close_now()
    await lease.close()
    await database.close()
