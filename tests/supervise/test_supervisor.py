"""Supervision of real processes: death, freeze, adoption, refusal, a clean end."""

import asyncio
import contextlib
import dataclasses
import errno
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cti.errors import ConfigError, SetupFailed
from cti.supervise import health, process
from cti.supervise.supervisor import Origin, Part, Report, State, Supervisor, alone
from tests.running import PATIENCE_S

pytestmark = pytest.mark.server

_TURN_S = 0.05
STAND_IN = Path(__file__).with_name("part.py")


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


class Home:
    """A run directory, one part after another, and what was told of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told_at_s: list[tuple[Report, float]] = []
        self.is_full = False
        self._news = asyncio.Event()

    def part(self, name: str, *options: str, after: tuple[str, ...] = ()) -> Part:
        port = free_port()
        ping = health.line("127.0.0.1", port, b"ping\n", b"pong\n")
        return Part(
            name=name,
            command=(sys.executable, str(STAND_IN), str(port), *options),
            log=self.path / f"{name}.log",
            is_ready=ping,
            answers=ping,
            grace_s=60,
            stop_within_s=1,
            ready_words=f"{name} ready",
            after=after,
        )

    def told(self, report: Report) -> None:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.told_at_s.append((report, asyncio.get_running_loop().time()))
        self._news.set()

    @property
    def reports(self) -> list[Report]:
        return [report for report, _ in self.told_at_s]

    def was_down(self) -> bool:
        return any(report.state is State.DOWN for report in self.reports)

    def supervisor(self, *parts: Part) -> Supervisor:
        return Supervisor(parts, run_dir=self.path, told=self.told)

    async def until(self, seen: Callable[[], bool]) -> float:
        """How long it took, in seconds; what this process stood still itself is not counted."""
        took_s = 0.0
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE_S):
            while not seen():
                self._news.clear()
                before = loop.time()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), _TURN_S)
                took_s += min(loop.time() - before, _TURN_S)
        return took_s

    @asynccontextmanager
    async def running(self, *parts: Part) -> AsyncIterator[Supervisor]:
        supervisor = self.supervisor(*parts)
        try:
            await supervisor.bring_up()
            yield supervisor
        finally:
            await supervisor.stop()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_a_part_that_dies_is_started_again(home: Home) -> None:
    async with home.running(home.part("ivr"), home.part("engine")) as supervisor:
        before = supervisor.pids
        os.kill(before["engine"], signal.SIGKILL)
        await home.until(lambda: home.reports[-1].restarts == 1 and supervisor.is_all_up)
        assert supervisor.pids["engine"] != before["engine"]
        assert supervisor.pids["ivr"] == before["ivr"]


async def test_a_frozen_part_is_killed_within_three_seconds(home: Home) -> None:
    async with home.running(home.part("ivr")) as supervisor:
        frozen = supervisor.pids["ivr"]
        os.kill(frozen, signal.SIGSTOP)
        assert await home.until(home.was_down) < 3
        await home.until(lambda: supervisor.is_all_up)
        assert supervisor.pids["ivr"] != frozen
        assert not exists(frozen)


async def test_a_part_that_is_alive_but_silent_is_killed(home: Home) -> None:
    part = home.part("engine")
    async with home.running(part) as supervisor:
        _, writer = await asyncio.open_connection("127.0.0.1", int(part.command[2]))
        writer.write(b"hush\n")
        await home.until(home.was_down)
        await home.until(lambda: supervisor.is_all_up)
        writer.close()


async def test_a_part_that_has_just_come_up_may_be_too_busy_to_answer_for_longer(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in (("SILENT_S", 0.05), ("ASK_EVERY_S", 0.01), ("BUSY_SILENT_S", 1.5)):
        monkeypatch.setattr(f"cti.supervise.supervisor.{name}", seconds)
    asked: list[bool] = []

    async def ready() -> bool:
        return True

    async def says_nothing() -> bool:
        asked.append(False)
        return False

    part = dataclasses.replace(home.part("engine"), is_ready=ready, answers=says_nothing, busy_s=60)
    async with home.running(part):
        await home.until(lambda: len(asked) > 20)
        assert not home.was_down(), "it was silent for four times as long as others may be"
        await home.until(home.was_down)


async def test_a_part_that_stands_by_has_time_to_start_when_it_is_to_serve(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cti.supervise.supervisor.SILENT_S", 0.05)
    monkeypatch.setattr("cti.supervise.supervisor.ASK_EVERY_S", 0.01)
    said = {"waits": True, "serves": False}
    asked: list[bool] = []

    async def serves() -> bool:
        asked.append(said["serves"])
        return said["serves"]

    async def waits() -> bool:
        return said["waits"]

    part = dataclasses.replace(home.part("engine"), is_ready=waits, answers=serves, stands_by=waits)
    async with home.running(part) as supervisor:
        standing = len(asked)
        await home.until(lambda: len(asked) > standing + 20)
        said["waits"] = False
        starting = len(asked)
        await home.until(lambda: len(asked) > starting + 40)
        assert not home.was_down(), "it starts"
        said["serves"] = True
        await home.until(lambda: asked[-1])
        pids = supervisor.pids
        await home.until(lambda: len(asked) > starting + 60)
        assert (home.was_down(), supervisor.pids) == (False, pids)
        said["serves"] = False
        await home.until(home.was_down)


async def test_a_part_that_says_that_it_waits_is_not_up_and_has_all_the_time(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cti.supervise.supervisor.ASK_EVERY_S", 0.01)
    said = {"waits": True, "ready": False}
    asked: list[bool] = []

    async def waits() -> bool:
        asked.append(said["waits"])
        return said["waits"]

    async def ready() -> bool:
        return said["ready"]

    part = dataclasses.replace(home.part("engine"), is_ready=ready, answers=ready, waits=waits, grace_s=0.0)
    supervisor = home.supervisor(part)
    coming_up = asyncio.create_task(supervisor.bring_up())
    await home.until(lambda: len(asked) > 20)
    assert [report.state for report in home.reports] == [State.STARTING, State.WAITING]
    assert (coming_up.done(), supervisor.is_all_up) == (False, False)
    said["waits"] = False
    await home.until(home.was_down)
    said["ready"] = True
    await asyncio.wait_for(coming_up, PATIENCE_S)
    await supervisor.stop()


async def test_a_part_that_cannot_be_written_down_runs_and_is_written_down_later(home: Home) -> None:
    part = home.part("engine")
    in_the_way = home.path / f".engine.json.{os.getpid()}"
    in_the_way.mkdir()
    async with asyncio.timeout(PATIENCE_S), home.running(part) as supervisor:
        pids = supervisor.pids
        assert process.recall("engine", folder=home.path) is None
        in_the_way.rmdir()
        await home.until(lambda: process.recall("engine", folder=home.path) is not None)
        assert (home.was_down(), supervisor.pids) == (False, pids)


async def test_what_cannot_be_told_ends_nothing_and_is_told_later(home: Home) -> None:
    async with asyncio.timeout(PATIENCE_S), home.running(home.part("engine")) as supervisor:
        before, told = supervisor.pids, len(home.reports)
        home.is_full = True
        os.kill(before["engine"], signal.SIGKILL)
        await home.until(lambda: supervisor.is_all_up and supervisor.pids["engine"] != before["engine"])
        pids = supervisor.pids
        home.is_full = False
        await home.until(lambda: len(home.reports) > told)
        report = home.reports[-1]
        assert (report.state, report.pid, report.restarts, report.again) == (State.UP, pids["engine"], 1, True)
        assert supervisor.pids == pids


async def test_a_note_that_cannot_be_removed_leaves_nothing_running(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    async with home.running(home.part("asterisk"), home.part("engine")) as supervisor:
        pids = supervisor.pids
        (home.path / "engine.json").unlink()
        (home.path / "engine.json").mkdir()
    assert not any(exists(pid) for pid in pids.values())
    assert "note of engine cannot be removed" in caplog.text


async def test_a_part_whose_log_cannot_be_opened_is_tried_again(home: Home) -> None:
    part = home.part("engine")
    part.log.mkdir()
    async with asyncio.timeout(PATIENCE_S):
        supervisor = home.supervisor(part)
        up = asyncio.create_task(supervisor.bring_up())
        await home.until(home.was_down)
        part.log.rmdir()
        await up
        await supervisor.stop()


async def test_the_next_supervisor_adopts_what_runs(home: Home) -> None:
    part = home.part("asterisk")
    first = home.supervisor(part)
    await first.bring_up()
    pids = first.pids
    for task in first._tasks:  # as SIGKILL would: no farewell to the parts
        task.cancel()
    async with home.running(part) as second:
        assert second.pids == pids
        assert home.reports[-1].origin is Origin.ADOPTED
        os.kill(pids["asterisk"], signal.SIGKILL)
        await home.until(lambda: home.reports[-1].restarts == 1 and second.is_all_up)
        assert second.pids != pids


async def test_another_process_under_the_old_pid_is_not_adopted(home: Home) -> None:
    part = home.part("engine")
    running = process.start("engine", part.command, log=part.log)
    stranger = process.Running(
        name="engine",
        pid=os.getpid(),
        start_ticks=running.start_ticks,
        boot=running.boot,
        started_at=running.started_at,
        command=running.command,
    )
    process.save(stranger, folder=home.path)
    assert process.recall("engine", folder=home.path) is None
    await process.stop(running, within_s=5)


async def test_what_is_no_part_any_more_is_ended(home: Home) -> None:
    carrier = home.part("carrier")
    process.save(running := process.start("carrier", carrier.command, log=carrier.log), folder=home.path)
    await home.supervisor(home.part("engine")).end_others(adopt=True)
    assert not running.is_alive()
    assert not (home.path / "carrier.json").exists()


async def test_changed_settings_end_what_runs_instead_of_adopting_it(home: Home) -> None:
    part = home.part("engine")
    process.save(running := process.start("engine", part.command, log=part.log), folder=home.path)
    supervisor = home.supervisor(part)
    assert supervisor.adoptable() == {"engine"}
    await supervisor.end_others(adopt=False)
    assert not running.is_alive()
    assert supervisor.adoptable() == frozenset()


async def test_stopping_leaves_no_process_even_a_stubborn_one(home: Home) -> None:
    async with home.running(home.part("asterisk", "--stubborn"), home.part("engine")) as supervisor:
        pids = supervisor.pids
    assert not any(exists(pid) for pid in pids.values())
    assert list(home.path.glob("*.json")) == []
    downs = [report.part.name for report in home.reports if report.state is State.DOWN]
    assert downs == ["engine", "asterisk"]


async def test_a_part_that_cannot_come_up_is_named_with_the_end_of_its_log(home: Home) -> None:
    supervisor = home.supervisor(home.part("asterisk"), home.part("engine", "--broken"))
    with pytest.raises(SetupFailed, match=r"engine does not come up.*no configuration, no service"):
        await supervisor.bring_up()
    await supervisor.stop()
    assert supervisor.pids == {}


async def test_a_part_waits_for_those_that_it_needs(home: Home) -> None:
    async with home.running(home.part("asterisk"), home.part("engine", after=("asterisk",))):
        order = [(report.part.name, report.state) for report in home.reports]
        assert order.index(("asterisk", State.UP)) < order.index(("engine", State.STARTING))


def test_a_home_has_one_supervisor_at_a_time(tmp_path: Path) -> None:
    with alone(tmp_path / "run"), pytest.raises(ConfigError, match="runs already"), alone(tmp_path / "run"):
        pass
    with alone(tmp_path / "run"):
        pass
