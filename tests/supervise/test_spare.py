"""A spare under supervision: it takes over by itself, the supervisor notes who serves and keeps another one ready."""

import asyncio
import errno
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from cti.supervise import health, process
from cti.supervise import supervisor as supervisor_module
from cti.supervise.supervisor import PAUSE_FIRST_S, Origin, Part, State, Supervisor
from tests.supervise.test_supervisor import Home, exists, free_port

pytestmark = pytest.mark.server

STAND_IN = Path(__file__).with_name("leader.py")
_TRIES = 3


class Engines(Home):
    """A home with an engine and its spare."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.port = free_port()

    def parts(self, *options: str) -> tuple[Part, Part]:
        socket = self.path / "spare.sock"
        ping = health.line("127.0.0.1", self.port, b"ping\n", b"pong\n")
        command = (sys.executable, str(STAND_IN), str(self.port), str(self.path), str(socket), *options)
        engine = Part(
            name="engine",
            command=command,
            log=self.path / "engine.log",
            is_ready=ping,
            answers=ping,
            grace_s=60,
            stop_within_s=1,
            ready_words="ready",
        )
        spare = Part(
            name="spare",
            command=command,
            log=engine.log,
            is_ready=health.local(socket, b"ping\n", (health.FOLLOWS,)),
            answers=health.local(socket, b"ping\n", (health.FOLLOWS, health.PREPARES)),
            grace_s=60,
            stop_within_s=1,
            ready_words="stands by",
            spare_of="engine",
        )
        return engine, spare

    @asynccontextmanager
    async def supervised(self) -> AsyncIterator[Supervisor]:
        """Both are up."""
        async with self.running(*self.parts()) as supervisor:
            await self.until(lambda: "spare" in supervisor.pids)
            yield supervisor

    async def until_promoted(self, supervisor: Supervisor, pid: int) -> None:
        """Until this process serves as the engine, and another one is to spare."""
        await self.until(lambda: supervisor.is_all_up and supervisor.pids.get("engine") == pid)
        await self.until(lambda: supervisor.pids.get("spare") not in (None, pid))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engines:
    monkeypatch.setattr(supervisor_module, "SPARE_AFTER_S", 0.05)
    return Engines(tmp_path)


async def test_the_spare_becomes_the_engine_and_another_one_stands_by_three_times_in_a_row(home: Engines) -> None:
    async with home.supervised() as supervisor:
        for _ in range(3):
            leader, spare = supervisor.pids["engine"], supervisor.pids["spare"]
            os.kill(leader, signal.SIGKILL)
            await home.until_promoted(supervisor, spare)
            assert not exists(leader)
        ups = [report for report in home.reports if report.part.name == "engine" and report.state is State.UP]
        assert [report.origin for report in ups] == [Origin.STARTED, *[Origin.PROMOTED] * 3]


async def test_one_who_took_over_has_the_machine_to_himself_before_another_spare_is_started(
    home: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "SPARE_AFTER_S", 0.5)
    async with home.supervised() as supervisor:
        before = len(home.reports)
        spare = supervisor.pids["spare"]
        os.kill(supervisor.pids["engine"], signal.SIGKILL)
        await home.until_promoted(supervisor, spare)
        at_s = {(report.part.name, report.state): at for report, at in home.told_at_s[before:]}
    assert at_s["spare", State.STARTING] - at_s["engine", State.UP] >= 0.5


async def test_a_frozen_engine_is_killed_and_its_spare_serves(home: Engines) -> None:
    async with home.supervised() as supervisor:
        frozen, spare = supervisor.pids["engine"], supervisor.pids["spare"]
        os.kill(frozen, signal.SIGSTOP)
        await home.until_promoted(supervisor, spare)
        assert not exists(frozen)


async def test_a_frozen_spare_is_replaced_and_the_engine_left_alone(home: Engines) -> None:
    async with home.supervised() as supervisor:
        engine, frozen = supervisor.pids["engine"], supervisor.pids["spare"]
        os.kill(frozen, signal.SIGSTOP)
        await home.until(lambda: supervisor.pids.get("spare") not in (None, frozen))
        assert supervisor.pids["engine"] == engine
        assert not exists(frozen)


async def test_an_engine_without_a_spare_is_started_anew(home: Engines) -> None:
    async with home.supervised() as supervisor:
        before = dict(supervisor.pids)
        os.kill(before["spare"], signal.SIGKILL)
        os.kill(before["engine"], signal.SIGKILL)
        await home.until(lambda: supervisor.is_all_up and supervisor.pids["engine"] not in before.values())
        await home.until(lambda: "spare" in supervisor.pids)


async def test_a_spare_serves_though_its_note_cannot_be_removed(home: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    remove = Path.unlink

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path.name == "spare.json":
            raise OSError(errno.EROFS, "Read-only file system")
        remove(path, missing_ok)

    async with home.supervised() as supervisor:
        leader, spare = supervisor.pids["engine"], supervisor.pids["spare"]
        monkeypatch.setattr(Path, "unlink", unlink)
        os.kill(leader, signal.SIGKILL)
        await home.until_promoted(supervisor, spare)
        assert supervisor.pids["engine"] == spare, "it was not taken for the spare that it was"


async def test_after_a_failure_of_its_own_the_supervisor_pauses_though_there_is_a_spare(
    home: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, spare = home.parts()
    waiting = process.start("spare", spare.command, log=spare.log)
    process.save(waiting, folder=home.path)
    began_s: list[float] = []

    async def fail(self: Supervisor, watched: object) -> str:
        del self, watched
        began_s.append(asyncio.get_running_loop().time())
        if len(began_s) == _TRIES:
            await asyncio.Event().wait()
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Supervisor, "_live", fail)
    supervisor = home.supervisor(engine, spare)
    bringing_up = asyncio.create_task(supervisor.bring_up())
    await home.until(lambda: len(began_s) == _TRIES)
    bringing_up.cancel()
    await supervisor.stop()
    await process.stop(waiting, within_s=5)
    pauses = [later - sooner for sooner, later in pairwise(began_s)]
    assert min(pauses) > PAUSE_FIRST_S / 2


async def test_a_spare_that_is_not_ready_keeps_nothing_from_being_up(home: Engines) -> None:
    async with home.running(*home.parts("--slow")) as supervisor:
        await home.until(lambda: any(report.part.name == "spare" for report in home.reports))
        assert supervisor.is_all_up
        assert "spare" not in supervisor.pids


async def test_the_next_supervisor_finds_that_the_spare_serves(home: Engines) -> None:
    first = home.supervisor(*home.parts())
    await first.bring_up()
    await home.until(lambda: "spare" in first.pids)
    leader, spare = first.pids["engine"], first.pids["spare"]
    for task in first._tasks:  # as SIGKILL would: no farewell to the parts
        task.cancel()
    await asyncio.gather(*first._tasks, return_exceptions=True)
    os.kill(leader, signal.SIGKILL)
    assert "engine" in home.supervisor(*home.parts()).adoptable(), "its port is no stranger's"
    async with home.running(*home.parts()) as second:
        await home.until_promoted(second, spare)
        assert process.recall("engine", folder=home.path)


async def test_stopping_ends_the_spare_before_the_engine(home: Engines) -> None:
    async with home.supervised() as supervisor:
        pids = supervisor.pids
    assert not any(exists(pid) for pid in pids.values())
    downs = [report.part.name for report in home.reports if report.state is State.DOWN]
    assert downs == ["spare", "engine"]
