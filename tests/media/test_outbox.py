"""What is queued goes out once, however the table and the mail server race."""

import asyncio
from collections.abc import Sequence

import pytest

from cti.database import Database
from cti.domain.ids import ContactId, Medium
from cti.media.outbox import Outbox
from cti.metrics import Metrics
from cti.ports.media import Outgoing, Sending
from cti.store.messages import StoredMessages
from cti.testing.connector import MemoryConnector, MemorySource
from tests.media.contract import PROJECT
from tests.running import PATIENCE_S


class SlowToTell(StoredMessages):
    """Reads at once, and tells what it has read when it is let."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.has_read = asyncio.Event()
        self.may_tell = asyncio.Event()
        self.may_tell.set()

    async def unsent(self, medium: Medium, *, beginning: str = "") -> Sequence[Outgoing]:
        found = await super().unsent(medium, beginning=beginning)
        self.has_read.set()
        await self.may_tell.wait()
        return found


class SlowToSend(MemoryConnector):
    """Sends when it is let, and counts."""

    def __init__(self) -> None:
        super().__init__(MemorySource())
        self.keys: list[str] = []
        self.is_sending = asyncio.Event()
        self.may_send = asyncio.Event()

    async def send(self, outgoing: Outgoing) -> str:
        self.keys.append(outgoing.key)
        self.is_sending.set()
        await self.may_send.wait()
        return await super().send(outgoing)


def _answer(key: str) -> Outgoing:
    return Outgoing(
        key=f"email:memory:{key}",
        medium=Medium.EMAIL,
        contact_id=ContactId("c1"),
        project_id=PROJECT,
        address="anna@customer.test",
        subject="Help",
        text="It is done.",
    )


@pytest.mark.timeout(60)
async def test_what_is_sent_while_the_table_is_read_is_not_sent_again(database: Database) -> None:
    messages, connector, settled = SlowToTell(database), SlowToSend(), asyncio.Event()
    await messages.queue(_answer("first"), agent_id=None, at_ms=1)
    outbox = Outbox(connector, messages=messages, told=lambda _: settled.set(), metrics=Metrics(), now=lambda: 1)
    running = asyncio.create_task(outbox.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await connector.is_sending.wait()
            messages.may_tell.clear()
            messages.has_read.clear()
            outbox.wake()
            await messages.has_read.wait()
            connector.may_send.set()
            await settled.wait()
            settled.clear()
            messages.may_tell.set()
            await messages.queue(_answer("second"), agent_id=None, at_ms=2)
            outbox.wake()
            await settled.wait()
        assert connector.keys == ["email:memory:first", "email:memory:second"]
        assert {one.sending for one in await messages.of_contact(ContactId("c1"))} == {Sending.SENT}
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.timeout(60)
async def test_an_engine_that_has_been_succeeded_leaves_the_message_to_its_successor(database: Database) -> None:
    messages, connector, asked = StoredMessages(database), SlowToSend(), asyncio.Event()
    connector.may_send.set()
    await messages.queue(_answer("first"), agent_id=None, at_ms=1)

    async def succeeded() -> bool:
        asked.set()
        return False

    outbox = Outbox(
        connector, messages=messages, told=lambda _: None, metrics=Metrics(), now=lambda: 1, leads=succeeded
    )
    running = asyncio.create_task(outbox.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await asked.wait()
            asked.clear()
            outbox.wake()
            await asked.wait()  # so the first time has passed
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert not connector.keys
    assert [one.key for one in await messages.unsent(Medium.EMAIL)] == ["email:memory:first"]
