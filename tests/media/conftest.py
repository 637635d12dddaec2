"""Real mail servers, started once for whoever needs them, and accounts on them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cti import store
from cti.database import Database, open_database
from tests.media.servers import MailServers


@pytest.fixture(scope="session")
def servers() -> Iterator[MailServers]:
    running = MailServers()
    yield running
    running.remove()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path / 'triune.sqlite'}"
    store.upgrade(url)
    database = open_database(url)
    yield database
    await database.close()
