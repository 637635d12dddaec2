"""What every connector keeps, as tests: `ports.media.Connector` in practice.

A module that runs them imports all of it and has a fixture `medium` that gives a `Medium` around its connector.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Protocol

import pytest

from cti.domain.ids import ContactId, ProjectId, QueueId
from cti.domain.ids import Medium as MediumName
from cti.errors import OutsideError
from cti.ports.media import Attachment, Connector, Incoming, Outgoing

PROJECT, QUEUE = ProjectId("telecom"), QueueId("support")
MANY = 80
SECONDS = 30


class Medium(Protocol):
    """A connector with its other side in the test's hand."""

    most_unacknowledged: int

    def connector(self) -> Connector:
        """Another one for the same account, as after a restart."""

    async def write(self, text: str, *, answering: str = "", sender: str = "anna@customer.test") -> None:
        """A customer writes; `answering` is the reference of what he answers."""

    async def waiting(self) -> int:
        """How many messages the source holds that were not acknowledged."""

    async def received(self) -> list[tuple[str, str]]:
        """Reference and text of what customers got, oldest first."""

    async def interrupt(self) -> None:
        """The connection breaks."""


@contextlib.asynccontextmanager
async def receiving(connector: Connector) -> AsyncIterator[AsyncIterator[Incoming]]:
    source = connector.receive()
    try:
        yield source
    finally:
        await source.aclose()  # type: ignore[attr-defined]  # a generator, which the port does not promise


async def following(source: AsyncIterator[Incoming], within_s: float = SECONDS) -> Incoming:
    async with asyncio.timeout(within_s):
        return await anext(source)


def answer(key: str, address: str = "anna@customer.test", text: str = "We look into it") -> Outgoing:
    return Outgoing(
        key=f"email:support:c7:{key}",
        medium=MediumName.EMAIL,
        contact_id=ContactId("c7"),
        project_id=PROJECT,
        address=address,
        subject="Re: Help",
        text=text,
    )


async def test_what_a_customer_writes_is_received_for_the_account_s_queue(medium: Medium) -> None:
    await medium.write("My line is dead")
    async with receiving(medium.connector()) as source:
        first = await following(source)
        assert (first.project_id, first.queue_id) == (PROJECT, QUEUE)
        assert (first.address, first.text.strip()) == ("anna@customer.test", "My line is dead")
        await medium.write("It works again")
        assert (await following(source)).text.strip() == "It works again"


async def test_what_was_not_acknowledged_is_told_again_with_the_same_key(medium: Medium) -> None:
    await medium.write("one")
    await medium.write("two")
    async with receiving(medium.connector()) as source:
        before = [(await following(source)).key for _ in range(2)]
    async with receiving(medium.connector()) as source:
        again = [(await following(source)).key for _ in range(2)]
    assert len(set(before)) == 2
    assert sorted(again) == sorted(before)


async def test_what_was_acknowledged_is_never_told_again(medium: Medium) -> None:
    connector = medium.connector()
    await medium.write("one")
    async with receiving(connector) as source:
        first = await following(source)
        await connector.acknowledge(first.key)
        await connector.acknowledge(first.key)
        await connector.acknowledge("email:support:never-seen")
        assert await medium.waiting() == 0
    await medium.write("two")
    async with receiving(medium.connector()) as source:
        assert (await following(source)).text.strip() == "two"


async def test_only_so_many_are_handed_out_until_some_are_acknowledged(medium: Medium) -> None:
    connector = medium.connector()
    for number in range(MANY):
        await medium.write(f"mail {number}")
    async with receiving(connector) as source:
        keys = [(await following(source)).key for _ in range(medium.most_unacknowledged)]
        more = asyncio.ensure_future(anext(source))
        done, _ = await asyncio.wait({more}, timeout=0.5)
        assert not done, "one too many"
        await connector.acknowledge(keys[0])
        keys.append((await asyncio.wait_for(more, SECONDS)).key)
        while len(keys) < MANY:
            await asyncio.gather(*(connector.acknowledge(key) for key in keys))
            keys.append((await following(source)).key)
        await asyncio.gather(*(connector.acknowledge(key) for key in keys))
    assert len(set(keys)) == MANY
    assert await medium.waiting() == 0


async def test_a_broken_connection_is_made_again_and_loses_nothing(medium: Medium) -> None:
    connector = medium.connector()
    await medium.write("one")
    async with receiving(connector) as source:
        first = await following(source)
        await medium.interrupt()
        await medium.write("two")
        texts = {(await following(source)).text.strip()}
        assert texts <= {"one", "two"}
        await connector.acknowledge(first.key)
    assert await medium.waiting() == 1


async def test_what_is_sent_arrives_and_its_answer_continues_the_contact(medium: Medium) -> None:
    connector = medium.connector()
    reference = await connector.send(answer("first"))
    (got,) = await medium.received()
    assert got[0] == reference
    assert "We look into it" in got[1]
    await medium.write(f"{reference} thank you", answering=reference)
    await medium.write("something else")
    async with receiving(connector) as source:
        first, second = await following(source), await following(source)
    assert {first.continues, second.continues} == {ContactId("c7"), None}


async def test_what_is_sent_twice_with_one_key_has_one_reference(medium: Medium) -> None:
    """So that whoever gets it twice can tell."""
    references = [await medium.connector().send(answer("first")) for _ in range(2)]
    assert len(set(references)) == 1
    other = await medium.connector().send(answer("second"))
    assert other not in references


async def test_an_address_that_is_nobody_s_is_told_for_good_and_a_full_one_for_now(medium: Medium) -> None:
    connector = medium.connector()
    with pytest.raises(OutsideError, match="nobody") as never:
        await connector.send(answer("never", "refused@customer.test"))
    with pytest.raises(OutsideError, match="full") as later:
        await connector.send(answer("later", "later@customer.test"))
    assert (never.value.transient, later.value.transient) == (False, True)


async def test_files_go_with_a_message(medium: Medium) -> None:
    file = Attachment(name="счёт.pdf", media_type="application/pdf", content=b"%PDF\0\xff")
    reference = await medium.connector().send(replace(answer("files"), attachments=(file,)))
    assert [one for one, _ in await medium.received()] == [reference]
