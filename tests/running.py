"""A whole demo centre as `cti up` starts it, for tests that go from one end to the other.

Everything here looks from outside: endpoints.json, the public API, the carrier's own count, process ids, files. Waiting
is always for something to become true, with a deadline.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx

from cti.domain.facts import Fact
from cti.endpoints import Endpoints, read
from cti.errors import ConfigError
from cti.home import Home
from cti.setup import asterisk
from cti.store import codec
from cti.supervise import process

START_LIMIT_S = 240.0
PATIENCE_S = 60.0
"""How long to wait for what must come, where no test says how soon it must: a busy machine is no fault."""


PARTS = ("asterisk", "carrier", "ivr", "engine")


class RunningCentre:
    """One `cti up` and its home."""

    def __init__(self, home: Path, *, port_base: int, extra: tuple[str, ...] = ()) -> None:
        self.path = home
        self.port_base = port_base
        self._extra = extra
        self._supervisor: subprocess.Popen[bytes] | None = None

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> "RunningCentre":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".out").open("ab") as output:
            self._supervisor = subprocess.Popen(
                [
                    *(sys.executable, "-m", "cti", "up", "--home", str(self.path)),
                    *("--port-base", str(self.port_base), "--demo", *self._extra),
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        eventually(self._is_up, within_s=START_LIMIT_S, what="cti up")
        return self

    def _is_up(self) -> bool:
        assert self._supervisor is not None
        assert self._supervisor.poll() is None, self.output()
        try:
            return read(self.path / "endpoints.json").pids.supervisor == self._supervisor.pid
        except ConfigError:
            return False

    def stop(self) -> int:
        """Ctrl-C; the exit code. What a killed supervisor left running is adopted first, so that it can be ended."""
        assert self._supervisor is not None
        if self._supervisor.poll() is not None:
            self.start()
        self._supervisor.send_signal(signal.SIGINT)
        return self._supervisor.wait(2 * PATIENCE_S)

    def make_whole(self) -> None:
        """Mend what a test that failed has left: parts frozen, parts dead, nobody who keeps them."""
        if self._supervisor is not None and self._supervisor.poll() is None:
            os.kill(self._supervisor.pid, signal.SIGCONT)
        elif self._supervisor is not None:
            self.start()
        eventually(self.is_whole, within_s=START_LIMIT_S, what="every part serves")

    def is_whole(self) -> bool:
        """Whether every part runs and the engine has its switch."""
        try:
            found = read(self.path / "endpoints.json")
            pids = [getattr(found.pids, part) for part in PARTS]
            health = httpx.get(f"{found.web}/healthz", timeout=5, trust_env=False)
        except (ConfigError, httpx.TransportError):
            return False
        alive = all(Path(f"/proc/{pid}").exists() for pid in pids)
        return alive and health.status_code == 200 and bool(health.json()["switch"])

    def output(self) -> str:
        return self.path.with_suffix(".out").read_text(encoding="utf-8", errors="replace")

    # -- where --------------------------------------------------------------------------------------------------------

    def endpoints(self) -> Endpoints:
        """The file as it stands; while a part starts again it is not there for a moment."""
        found: list[Endpoints] = []

        def is_there() -> bool:
            with contextlib.suppress(ConfigError):
                found.append(read(self.path / "endpoints.json"))
            return bool(found)

        eventually(is_there, what="endpoints.json")
        return found[0]

    def home(self) -> Home:
        return Home.open(self.path)

    def log(self, part: str) -> str:
        path = self.home().log(part)
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def console(self, command: str) -> str:
        """What the centre's Asterisk says to a command of its console."""
        home = self.home()
        found = asterisk.find(Path(home.settings.asterisk) if home.settings.asterisk else None)
        return subprocess.run(
            found.console_command(home.asterisk.conf, command),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        ).stdout

    # -- faults -------------------------------------------------------------------------------------------------------

    def pid(self, part: str) -> int:
        found = getattr(self.endpoints().pids, part)
        assert isinstance(found, int)
        return found

    def kill(self, part: str) -> int:
        """kill -9; the pid that was."""
        pid = self.pid(part)
        os.kill(pid, signal.SIGKILL)
        if part == "supervisor":
            assert self._supervisor is not None
            self._supervisor.wait(PATIENCE_S)
        return pid

    def freeze(self, part: str) -> int:
        pid = self.pid(part)
        os.kill(pid, signal.SIGSTOP)
        return pid

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """The supervisor stands still and no engine is to spare: what dies meanwhile stays dead."""
        pid = self.freeze("supervisor")
        if (spare := process.recall("spare", folder=self.path / "run")) is not None:
            process.kill(spare)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def answers(self) -> bool:
        """Whether the engine serves its API now."""
        try:
            web = read(self.path / "endpoints.json").web
            return httpx.get(f"{web}/healthz", timeout=5, trust_env=False).status_code == 200
        except (ConfigError, httpx.TransportError):
            return False

    def is_back(self, part: str, *, after: int) -> bool:
        """Whether another process than `after` serves as this part now, and says so."""
        try:
            return bool(getattr(read(self.path / "endpoints.json").pids, part) != after)
        except ConfigError:
            return False

    # -- what the ledger says -----------------------------------------------------------------------------------------

    def facts(self) -> Iterator[tuple[int, Fact]]:
        """Every fact journalled so far, with its event's number."""
        with contextlib.closing(sqlite3.connect(f"file:{self.path}/journal.sqlite?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT * FROM entries ORDER BY number").fetchall()
        for row in rows:
            entry = codec.decode(row)
            for fact in entry.facts:
                yield entry.number, fact

    def count(self, kind: type[Fact]) -> int:
        return sum(isinstance(fact, kind) for _, fact in self.facts())

    def status(self) -> Mapping[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "cti", "status", "--home", str(self.path), "--json"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        found: Mapping[str, Any] = json.loads(done.stdout)
        return found


_LOOK_EVERY_S = 0.025


def eventually(true: Callable[[], object], *, what: str, within_s: float = PATIENCE_S) -> None:
    """Wait until it is true; looks forty times a second, since what it looks at is outside this process."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        _pause()


async def soon(true: Callable[[], object], *, what: str, within_s: float = PATIENCE_S) -> None:
    """As `eventually`, for a test with a loop of its own; looks sooner at first, as much comes at once."""
    deadline, pause_s = time.monotonic() + within_s, _LOOK_EVERY_S / 16
    while not true():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        await asyncio.to_thread(_pause, pause_s)
        pause_s = min(2 * pause_s, _LOOK_EVERY_S)


def _pause(pause_s: float = _LOOK_EVERY_S) -> None:
    threading.Event().wait(pause_s)


_BLOCK = 2_200
_BASES: tuple[int, ...] = (*range(23_200, 30_600, _BLOCK), *range(5_600, 20_900, _BLOCK))
"""Whole blocks: no centre's calls take a port that another's servers want. 21 000 is `make run`'s."""
_held: dict[int, IO[bytes]] = {}


def free_port_base() -> int:
    """A base whose neighbourhood is free now, and this process's until it ends: others run tests beside it."""
    for base in sorted(_BASES, key=lambda base: base not in _held):
        if _hold(base) and _neighbourhood_is_free(base):
            return base
    raise AssertionError(f"none of the port blocks {_BASES} is free")


def _hold(base: int) -> bool:
    if base in _held:
        return True
    folder = Path(tempfile.gettempdir()) / f"triune-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = (folder / str(base)).open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return False
    _held[base] = lock
    return True


def _neighbourhood_is_free(base: int) -> bool:
    addresses = [("127.0.0.2" if offset in (5, 6, 7) else "127.0.0.1", base + offset) for offset in range(9)]
    addresses += [("127.0.0.1", base + 100), ("127.0.0.1", base + 1099)]  # the ends of the audio
    addresses += [("127.0.0.2", base + 1100), ("127.0.0.2", base + 2099)]
    return all(_is_free(address) for address in addresses)


def _is_free(address: tuple[str, int]) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError:
                return False
    return True
