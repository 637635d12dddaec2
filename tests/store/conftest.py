"""The same tests on SQLite and on PostgreSQL: a `database` with the schema in it, fresh for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cti import store
from cti.config import Centre, load
from cti.database import Database, open_database
from cti.store.directory import Directory
from tests.store.server import PostgresServer

ON_BOTH = [pytest.param("sqlite", id="sqlite"), pytest.param("postgres", id="postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture(params=ON_BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without a table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'triune.sqlite'}"
    server: PostgresServer = request.getfixturevalue("server")
    return server.new_database()


@pytest.fixture
def url(empty_url: str) -> str:
    store.upgrade(empty_url)
    return empty_url


@pytest.fixture
def centre() -> Centre:
    return load(Path(__file__).parents[2] / "asterisk-conf" / "centre.yaml")


@pytest.fixture
async def database(url: str, centre: Centre) -> AsyncIterator[Database]:
    """With the demo centre's projects and skills."""
    database = open_database(url)
    await Directory(database).adopt(centre)
    yield database
    await database.close()
