"""One process of a home: started in its own session, known by pid and start time, ended for certain.

Here: starting, recognising one that a former supervisor started, waiting for its end, ending it. Not here: what runs
and when (`cti.supervise.supervisor`), nor whether it answers (`cti.supervise.health`). Linux only: /proc and pidfd.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cti.errors import SetupFailed
from cti.home import write_private

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A process as written to `HOME/run/NAME.json`: its pid may be another's by now, pid with start time may not."""

    name: str
    pid: int
    start_ticks: int
    """Start time in clock ticks since boot, field 22 of /proc/PID/stat."""
    boot: str
    started_at: float
    """Unix time in seconds, for people."""
    command: tuple[str, ...]

    def is_alive(self) -> bool:
        """Does this very process still run? A zombie does not."""
        found = _state_and_start(self.pid)
        return found is not None and found[0] not in "ZX" and self.is_known()

    def is_known(self) -> bool:
        """Does the kernel still know this very process, be it as a zombie?"""
        found = _state_and_start(self.pid)
        return found is not None and found[1] == self.start_ticks and self.boot == _boot()


def start(name: str, command: Sequence[str], *, log: Path, environment: dict[str, str] | None = None) -> Running:
    """Start `command` in its own session with its output appended to `log`. Raises SetupFailed when it cannot start."""
    try:
        with log.open("ab") as output:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **(environment or {})},
                cwd="/",
            )
    except OSError as error:
        raise SetupFailed(f"{name} cannot be started: {error.filename or command[0]}: {error.strerror}.") from error
    child.returncode = 0  # we reap it ourselves, see `wait`; an adopted one is not our child at all
    found = _state_and_start(child.pid)
    return Running(
        name=name,
        pid=child.pid,
        start_ticks=found[1] if found else 0,
        boot=_boot(),
        started_at=time.time(),
        command=tuple(command),
    )


def save(running: Running, *, folder: Path) -> None:
    """Write the process down for a later supervisor. Raises OSError, as when the disk is full."""
    write_private(folder / f"{running.name}.json", json.dumps(asdict(running)))


def recall(name: str, *, folder: Path) -> Running | None:
    """The process of that name which still runs; None when there is none, or its note cannot be read."""
    try:
        given = json.loads((folder / f"{name}.json").read_bytes())
        running = Running(
            name=str(given["name"]),
            pid=int(given["pid"]),
            start_ticks=int(given["start_ticks"]),
            boot=str(given["boot"]),
            started_at=float(given["started_at"]),
            command=tuple(map(str, given["command"])),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return running if running.is_alive() else None


def forget(name: str, *, folder: Path) -> None:
    """Remove the note. Where that fails it is logged: a note of what runs no more says nothing, see `recall`."""
    try:
        (folder / f"{name}.json").unlink(missing_ok=True)
    except OSError as error:
        log.warning("the note of %s cannot be removed: %s", name, error, extra={"action": "part_unforgotten"})


async def wait(running: Running) -> None:
    """Return when the process has ended, whoever its parent is. May be cancelled."""
    try:
        descriptor = os.pidfd_open(running.pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        if running.is_known():  # its first thread may be dead before the others are, and it is reaped after the last
            await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        _reap(running.pid)


def kill(running: Running) -> None:
    """SIGKILL to the process and what it started; nothing when it has ended."""
    _signal(running, signal.SIGKILL)


async def stop(running: Running, *, within_s: float) -> None:
    """SIGTERM, then SIGKILL after `within_s` seconds; returns when it has ended."""
    _signal(running, signal.SIGTERM, whole_session=False)
    try:
        async with asyncio.timeout(within_s):
            await wait(running)
    except TimeoutError:
        pass
    _signal(running, signal.SIGKILL)  # and what it may have left behind
    await wait(running)


def _signal(running: Running, number: signal.Signals, *, whole_session: bool = True) -> None:
    if not running.is_alive() and not (whole_session and _leads_a_group(running)):
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if whole_session:
            os.killpg(running.pid, number)
        else:
            os.kill(running.pid, number)


def _leads_a_group(running: Running) -> bool:
    """Whether children of the ended process are left; its pid cannot be another's while its group has members."""
    if Path(f"/proc/{running.pid}").exists() or running.boot != _boot():
        return False
    try:
        os.killpg(running.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _state_and_start(pid: int) -> tuple[str, int] | None:
    """State letter and start ticks (proc(5)); the command's name before them may hold spaces and brackets."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[19])


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
