"""Who is in the static queues: only what Asterisk has said counts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from cti.asterisk import ami
from cti.asterisk.fallback import Fallback, Member
from cti.errors import AsteriskSilent
from tests.asterisk.wires import Ami, played
from tests.running import PATIENCE_S

MEMBER = Member(queue="fallback-support", interface="PJSIP/agent-101")
DONE = "Response: Success\r\nMessage: done"


@asynccontextmanager
async def fallback(wire: Ami) -> AsyncIterator[Fallback]:
    ready = asyncio.Event()

    async def logged_in() -> None:
        ready.set()

    async with played(wire):
        client = ami.Client(
            host="127.0.0.1",
            port=wire.port,
            username="x",
            password="x",
            on_login=logged_in,
            on_contact=lambda *_: None,
        )
        task = asyncio.create_task(client.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await ready.wait()
            yield Fallback(client)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def losing_the_first(name: str) -> Callable[[dict[str, str]], str | None]:
    """Asterisk does not answer the first action of this name."""
    lost: list[str] = []

    def answer(action: dict[str, str]) -> str | None:
        if action["Action"] == name and not lost:
            lost.append(name)
            return None
        return DONE

    return answer


@pytest.mark.parametrize("available", [True, False])
async def test_a_change_that_was_not_answered_is_said_again(available: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "QueueAdd" if available else "QueueRemove"
    wire = Ami(answer=losing_the_first(name))
    async with fallback(wire) as one:
        await one.want({MEMBER}, name="u101", available=not available)
        with monkeypatch.context() as impatient:
            impatient.setattr(ami, "DEADLINE_S", 0.05)
            with pytest.raises(AsteriskSilent):
                await one.want({MEMBER}, name="u101", available=available)
        await one.want({MEMBER}, name="u101", available=available)
        await one.want({MEMBER}, name="u101", available=available)
    assert len(wire.named(name)) == 2, "again after silence, not again once it is done"


async def test_out_again_before_in_was_answered_ends_out() -> None:
    wire = Ami()
    async with fallback(wire) as one:
        await asyncio.gather(
            one.want({MEMBER}, name="u101", available=True), one.want({MEMBER}, name="u101", available=False)
        )
        assert [action["Action"] for action in wire.heard[1:]] == ["QueueAdd", "QueueRemove"]
        await one.want({MEMBER}, name="u101", available=True)
    assert len(wire.named("QueueAdd")) == 2


async def test_a_device_that_is_dropped_leaves_every_queue() -> None:
    wire = Ami()
    async with fallback(wire) as one:
        await one.want({MEMBER, Member(queue="fallback-sales", interface=MEMBER.interface)}, name="u", available=True)
        await one.drop(MEMBER.interface)
    assert {action["Queue"] for action in wire.named("QueueRemove")} == {"fallback-support", "fallback-sales"}
