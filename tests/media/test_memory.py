"""The connector in memory keeps the contract."""

import itertools

import pytest

from cti.domain import ids
from cti.ports.media import Connector, Incoming
from cti.testing.connector import MOST_UNACKNOWLEDGED, MemoryConnector, MemorySource
from tests.media.contract import *  # noqa: F403 - the contract's tests run here
from tests.media.contract import PROJECT, QUEUE


class InMemory:
    most_unacknowledged = MOST_UNACKNOWLEDGED

    def __init__(self) -> None:
        self._source = MemorySource()
        self._numbers = itertools.count()

    def connector(self) -> Connector:
        return MemoryConnector(self._source)

    async def write(self, text: str, *, answering: str = "", sender: str = "anna@customer.test") -> None:
        key = f"memory:{next(self._numbers)}"
        self._source.put(
            Incoming(
                key=key,
                medium=ids.Medium.EMAIL,
                project_id=PROJECT,
                queue_id=QUEUE,
                received_ms=1,
                address=sender,
                text=text,
            )
        )

    async def waiting(self) -> int:
        return len(self._source.waiting)

    async def received(self) -> list[tuple[str, str]]:
        return [(reference, one.text) for reference, one in self._source.delivered.items()]

    async def interrupt(self) -> None:
        """Memory does not break."""


@pytest.fixture
def medium() -> InMemory:
    return InMemory()
