"""The centre that the web's tests speak to."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti.crm import accounts, customers
from cti.web import cards, connections
from tests.running import PATIENCE_S
from tests.web.world import World, build_database, running


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that each test gets a copy of."""
    path = tmp_path_factory.mktemp("web") / "template.sqlite"
    asyncio.run(build_database(path))
    return path


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no database that is away."""
    for deadline in (
        (accounts, "_DEADLINE_S"),
        (customers, "_DEADLINE_S"),
        (cards, "DEADLINE_S"),
        (connections, "REQUEST_S"),
    ):
        monkeypatch.setattr(*deadline, PATIENCE_S)


@pytest.fixture
async def world(template: Path, tmp_path: Path) -> AsyncIterator[World]:
    """A running centre with its own database and port."""
    async with running(template, tmp_path) as found:
        yield found
