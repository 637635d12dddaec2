"""Two engines, one PostgreSQL, one Asterisk: the leader dies, freezes, loses its database; the callers notice nothing.

The second engine has a home of its own, as on another host, and reaches the switch through relays that count.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from cti.app import DEPOSED
from cti.demo.carrier import Step
from cti.home import Home
from tests.e2e.floor import floor, hire
from tests.e2e.relay import Relay, relayed
from tests.running import PATIENCE_S, START_LIMIT_S, RunningCentre, free_port_base, soon
from tests.store.server import PostgresServer

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres, pytest.mark.timeout(600)]


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.remove()


@contextlib.contextmanager
def kept_there(postgres: PostgresServer, tmp_path: Path, *options: str) -> Iterator[RunningCentre]:
    """A centre whose journal is in PostgreSQL."""
    kept = ("--database", postgres.new_database(), "--journal", "database", *options)
    running = RunningCentre(tmp_path / "h", port_base=free_port_base(), extra=kept).start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def centre(postgres: PostgresServer, tmp_path: Path) -> Iterator[RunningCentre]:
    """One whose own machine has nobody else to lead."""
    with kept_there(postgres, tmp_path, "--no-spare") as running:
        yield running


def health(port: int) -> Mapping[str, Any]:
    """What an engine says of itself; nothing when it does not answer."""
    try:
        found: Mapping[str, Any] = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2, trust_env=False).json()
    except (httpx.TransportError, json.JSONDecodeError):
        return {}
    return found


def leads(port: int, *, epoch: int) -> Callable[[], bool]:
    """Whether the engine there leads in this reign, and has the switch."""

    def look() -> bool:
        found = health(port)
        return bool(found.get("leads") and found.get("switch") and found["epoch"] == epoch)

    return look


def waits(port: int, *, behind: int) -> Callable[[], bool]:
    """Whether the engine there is the standby of this reign."""

    def look() -> bool:
        found = health(port)
        return found.get("standby") is True and found["epoch"] == behind

    return look


class Second:
    """An engine of another host: its own home and ports, its own way to the switch."""

    def __init__(self, home: Path, ari: Relay, ami: Relay) -> None:
        self.home = home
        self.ari = ari
        self.ami = ami
        self.port = Home.open(home).ports.web
        self.started: list[asyncio.subprocess.Process] = []

    async def start(self) -> asyncio.subprocess.Process:
        """Run the engine; whatever becomes of the test, it ends with it."""
        process = await self._run()
        self.started.append(process)
        return process

    async def _run(self) -> asyncio.subprocess.Process:
        with (self.home / "second.log").open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "cti", "engine", "--home", str(self.home)), stdout=output, stderr=output
            )

    def log(self) -> str:
        return (self.home / "second.log").read_text(encoding="utf-8")


def copied(centre: RunningCentre, folder: Path) -> Home:
    """The home on another host, as docs/standby.md says, with ports of its own.

    Only three of those are used, and nobody else has them: they stand between the first one's servers and its audio.
    """
    first = centre.home()
    folder.mkdir()
    for name in ("settings.json", "secrets.json", "centre.yaml"):
        shutil.copyfile(first.path / name, folder / name)
    for name in ("conf", "prompts"):
        unfinished = shutil.ignore_patterns(".*")  # sounds that are just being made
        shutil.copytree(first.path / name, folder / name, symlinks=True, ignore=unfinished)
    settings = json.loads((folder / "settings.json").read_text())
    (folder / "settings.json").write_text(json.dumps({**settings, "port_base": centre.port_base + 20}))
    return Home.open(folder)


@contextlib.asynccontextmanager
async def second(centre: RunningCentre, folder: Path) -> AsyncIterator[Second]:
    """Another host with its tunnels to the switch."""
    near, far = copied(centre, folder).ports, centre.home().ports
    async with relayed(near.http, to=far.http) as ari, relayed(near.ami, to=far.ami) as ami:
        other = Second(folder, ari, ami)
        try:
            yield other
        finally:
            for process in other.started:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


async def test_death_freeze_and_a_lost_database_cut_no_talk_and_never_let_two_command(
    centre: RunningCentre, postgres: PostgresServer, tmp_path: Path
) -> None:
    first = centre.home().ports.web
    staff = await hire(centre, ["295"])
    async with second(centre, tmp_path / "second") as other, floor(centre, staff) as made:
        talk = await made.call("+79165559301")
        await soon(lambda: made.phones(Step.HEARD), what="a talk")
        await made.call("+79165559302")
        await soon(lambda: health(first).get("waiting") == 1, what="another waits")
        process = await other.start()
        await soon(waits(other.port, behind=1), what="the second engine is the standby", within_s=START_LIMIT_S)

        began = time.monotonic()
        centre.kill("engine")
        await soon(leads(other.port, epoch=2), what="it leads")
        print(f"standby leads {time.monotonic() - began:.2f} s after kill -9, with the switch and the web")
        assert health(other.port)["waiting"] == 1
        await soon(waits(first, behind=2), what="the first engine runs again, as the standby", within_s=START_LIMIT_S)

        os.kill(process.pid, signal.SIGSTOP)
        began = time.monotonic()
        await soon(leads(first, epoch=3), what="the first leads again")
        print(f"a frozen leader is followed after {time.monotonic() - began:.2f} s")
        marks = other.ari.marks(), other.ami.marks()
        assert sum(map(sum, marks)) > 0
        os.kill(process.pid, signal.SIGCONT)
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == DEPOSED
        assert (other.ari.requests_since(marks[0]), other.ami.requests_since(marks[1])) == (0, 0)
        assert "sends nothing more and ends" in other.log()

        process = await other.start()
        await soon(waits(other.port, behind=3), what="it is the standby again", within_s=START_LIMIT_S)
        await made.agents.desks.connected(limit_s=PATIENCE_S)
        await asyncio.to_thread(postgres.stop)
        await made.hang_up([talk])
        await soon(lambda: len(set(made.callers(Step.HEARD))) == 2, what="who waited talks, without the database")
        assert health(first)["spooling"]
        await asyncio.to_thread(postgres.start)
        await soon(lambda: not health(first)["spooling"], what="the spool is stored")
        assert leads(first, epoch=3)()
        await soon(waits(other.port, behind=3), what="the standby waits on")
        assert made.phones(Step.ENDED) == ["295"], "the talk that was hung up"
    url = centre.home().database_url
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT number, number - lag(number) OVER (ORDER BY number) FROM journal").fetchall()
    assert sum(gap not in (None, 1) for _, gap in found) <= 2, "numbers jump only where a reign begins"


async def test_on_one_machine_the_spare_leads_and_has_what_the_leader_spooled_though_it_never_read_it(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    with kept_there(postgres, tmp_path) as centre:
        port = centre.home().ports.web
        staff = await hire(centre, ["301"])
        async with floor(centre, staff) as made:
            talk = await made.call("+79165597001")
            await soon(lambda: made.phones(Step.HEARD), what="a talk")
            waits = await made.call("+79165597002")
            await soon(waits.answered.is_set, what="another hears music")
            for reign in (2, 3):
                await soon(lambda: centre.endpoints().pids.spare is not None, what="a spare stands by")
                spare, killed = centre.endpoints().pids.spare, centre.kill("engine")
                await soon(leads(port, epoch=reign), what="the spare leads")
                await soon(lambda: centre.is_back("engine", after=killed), what="it is told who serves")  # noqa: B023 - awaited in the same round
                assert centre.pid("engine") == spare
            assert made.callers(Step.ENDED) == made.phones(Step.ENDED) == []

            await soon(lambda: centre.endpoints().pids.spare is not None, what="a spare stands by")
            await asyncio.to_thread(postgres.stop)
            await made.hang_up([talk])
            await soon(lambda: waits.order.label in made.callers(Step.HEARD), what="who waited talks, by the spool")
            assert health(port)["spooling"]
            killed = centre.kill("engine")
            await asyncio.to_thread(postgres.start)
            await soon(leads(port, epoch=4), what="the spare leads as soon as it can be known who does")
            await soon(lambda: centre.is_back("engine", after=killed), what="it is told who serves")
            assert "entries of the spool are stored" in centre.log("engine")
            assert made.callers(Step.ENDED) == [talk.order.label]
            await made.hang_up([waits])
            await made.agents.desks.ready(limit_s=PATIENCE_S)
