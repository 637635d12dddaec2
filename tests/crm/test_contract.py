"""The built-in base under the contract of all customer bases."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from cti.crm import register
from cti.crm.customers import SOURCE, BuiltInCustomers
from cti.database import READERS, Database
from tests.crm.contract import CONTRACT, NAME, NUMBER, TELECOM, CustomersContract, Place
from tests.running import PATIENCE_S

pytestmark = pytest.mark.server


@pytest.fixture
async def place(database: Database) -> AsyncIterator[Place]:
    await register.add(
        database,
        register.NewCustomer(
            project_id=TELECOM,
            name=NAME,
            addresses=(NUMBER, "anna@example.com"),
            tier="gold",
            language="ru",
            contracts=(CONTRACT,),
        ),
    )
    all_busy, done = threading.Barrier(READERS + 1), threading.Event()
    busy: list[asyncio.Future[None]] = []

    def be_busy(_: object) -> None:
        all_busy.wait(PATIENCE_S)
        done.wait(PATIENCE_S)

    async def take_away() -> None:
        busy.extend(asyncio.ensure_future(database.read(be_busy, within_s=PATIENCE_S)) for _ in range(READERS))
        await asyncio.to_thread(all_busy.wait, PATIENCE_S)

    yield Place(customers=BuiltInCustomers(database), source=SOURCE, take_away=take_away)
    done.set()
    await asyncio.gather(*busy)


class TestBuiltInCustomers(CustomersContract):
    """Runs the suite."""
