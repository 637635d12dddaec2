"""A PostgreSQL server of the tests' own: a fresh cluster in a directory, on a free port of loopback."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

_LAST_S = 30.0


class PostgresServer:
    """Started on making; `stop` and `start` play its going away and coming back."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
        if not found:
            pytest.fail("PostgreSQL is not installed: apt install postgresql, or python -m cti.setup --tests.")
        self._bin = found[-1].parent
        self._folder = Path(tempfile.mkdtemp(prefix="triune-postgres-", dir="/tmp"))
        self._folder.chmod(0o755)
        if os.getuid() == 0:
            postgres = pwd.getpwnam("postgres")
            os.chown(self._folder, postgres.pw_uid, postgres.pw_gid)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._databases = 0
        self._run("initdb", "-D", self._data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8")
        self.start()

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -k {self._folder}"
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "60", "-l", str(self._folder / "log"), "-o", options, "start")

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            with psycopg.connect(self._url("postgres"), connect_timeout=2):
                return True
        except psycopg.Error:
            return False

    def kill(self) -> None:
        """kill -9 of the server; until its processes have noticed and ended."""
        pid = self._pid()
        pids = [pid, *_children(pid)]
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + _LAST_S
        while any(Path(f"/proc/{each}").exists() for each in pids):
            assert time.monotonic() < deadline, f"PostgreSQL's processes still live: {pids}"
            threading.Event().wait(0.025)
        self._pid_file.unlink()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The server and all its processes stand still: connections stay open, nothing is answered."""
        server = self._pid()
        os.kill(server, signal.SIGSTOP)  # before the others, so that it makes no more of them
        pids = [server, *_children(server)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def _pid(self) -> int:
        return int(self._pid_file.read_text(encoding="ascii").split()[0])

    @property
    def _pid_file(self) -> Path:
        return Path(self._data) / "postmaster.pid"

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "60", "-m", "immediate", "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def new_database(self) -> str:
        """URL of a database that is empty."""
        self._databases += 1
        name = f"test{self._databases}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._url(name)

    def _url(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        as_postgres = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        command = [*as_postgres, str(self._bin / program), *arguments]
        subprocess.run(command, check=True, cwd="/tmp", stdout=subprocess.DEVNULL, timeout=90)


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
