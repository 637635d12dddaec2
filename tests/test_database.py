"""The database as several processes use it at once."""

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from cti.database import open_database

ANOTHER_PROCESS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("INSERT INTO word VALUES ('of a command')")
connection.commit()
connection.close()
"""


def test_a_command_that_ends_leaves_the_running_engine_its_write_ahead_log(tmp_path: Path) -> None:
    file = tmp_path / "triune.sqlite"
    database = open_database(f"sqlite:///{file}")
    try:
        database.write_now(lambda connection: connection.execute(sa.text("CREATE TABLE word (text TEXT)")))
        with database.engine.connect() as first, database.engine.connect() as second:
            first.execute(sa.text("SELECT 1"))
            first.rollback()
            second.rollback()
        subprocess.run([sys.executable, "-c", ANOTHER_PROCESS, str(file)], check=True)
        database.write_now(lambda connection: connection.execute(sa.text("INSERT INTO word VALUES ('ours')")))
        with contextlib.closing(sqlite3.connect(file)) as another:
            seen_by_others = another.execute("SELECT text FROM word").fetchall()
    finally:
        database.close_now()
    assert seen_by_others == [("of a command",), ("ours",)]


def test_the_file_is_the_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "triune.sqlite"
    database = open_database(f"sqlite:///{file}")
    try:
        database.read_now(lambda connection: connection.execute(sa.text("SELECT 1")))
    finally:
        database.close_now()
    assert file.stat().st_mode & 0o777 == 0o600
