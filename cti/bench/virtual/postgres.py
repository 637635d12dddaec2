"""A PostgreSQL server of the benchmark's own: a fresh cluster on loopback, durable as the distribution sets it up.

Needs no root: as root its programs run as `postgres`, since they refuse to run as root.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg

from cti.errors import SetupFailed
from cti.setup.tools import find_program

DATABASE: Final = "bench"
_LIMIT_S: Final = 90


@contextlib.contextmanager
def server() -> Iterator[str]:
    """URL of an empty database on a server that lives as long as this. Raises SetupFailed, saying why."""
    programs = find_program("initdb").parent
    folder = Path(tempfile.mkdtemp(prefix="triune-bench-"))
    try:
        _give_away(folder)
        data = str(folder / "data")
        _run(programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8")
        port = _free_port()
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder}"
        _run(programs / "pg_ctl", "-D", data, "-w", "-t", "60", "-l", str(folder / "log"), "-o", options, "start")
        try:
            address = f"postgresql://postgres@127.0.0.1:{port}"
            with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE}".encode())
            yield f"{address}/{DATABASE}"
        finally:
            _run(programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _give_away(folder: Path) -> None:
    if os.geteuid() != 0:
        return
    try:
        owner = pwd.getpwnam("postgres")
    except KeyError:
        raise SetupFailed("There is no user postgres to run the server as. Install postgresql from Debian.") from None
    folder.chmod(0o755)
    os.chown(folder, owner.pw_uid, owner.pw_gid)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(program: Path, *arguments: str) -> None:
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    try:
        subprocess.run(
            [*as_postgres, str(program), *arguments], check=True, cwd="/", capture_output=True, timeout=_LIMIT_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SetupFailed(f"A PostgreSQL server could not be started: {program.name} failed ({error}).") from error
