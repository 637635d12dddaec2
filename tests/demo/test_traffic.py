"""Calls of a run whose carrier does not say in time that it sent them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from cti.demo import manager, traffic
from cti.demo.agents import Agents
from cti.demo.arrivals import Arrival
from cti.demo.carrier import Call, Carrier
from cti.demo.engine_side import EngineSide
from cti.demo.traffic import Run, Wish
from cti.home import Home, PortPlan, Settings
from tests.running import PATIENCE_S, free_port_base, soon


class LateCarrier:
    """A manager interface that answers everything but the wish for a call; `see` tells of one."""

    def __init__(self) -> None:
        self.hung_up: list[str] = []
        self._writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def listening(self, home: Home) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, PortPlan.CARRIER_ADDRESS, home.ports.carrier_ami)
        try:
            yield
        finally:
            server.close()
            for writer in self._writers:
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        writer.write(b"Asterisk Call Manager\r\n")
        while message := await _message(reader):
            asked = dict(line.partition(": ")[::2] for line in message.splitlines() if line)
            if asked["Action"] == "Hangup":
                self.hung_up.append(asked["Channel"])
            if asked["Action"] != "Originate":
                writer.write(f"Response: Success\r\nActionID: {asked['ActionID']}\r\n\r\n".encode())

    def see(self, label: str, step: str) -> None:
        told = f"Event: UserEvent\r\nUserEvent: Caller\r\nState: {step}\r\nLabel: {label}\r\n\r\n"
        self._writers[0].write(told.encode())


async def _message(reader: asyncio.StreamReader) -> str:
    """ "" at the end."""
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return ""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.make(tmp_path / "h", Settings(port_base=free_port_base(), demo=True))


def run(plan: list[Arrival]) -> Run:
    """Of which only the ledger matters."""
    wish = Wish(rate=1, agents=1, duration_s=1, talk_s=1, seed=1)
    return Run(
        wish=wish,
        agents=cast(Agents, None),
        engine=cast(EngineSide, None),
        planned=len(plan),
        began_s=time.monotonic(),
    )


def callers(count: int) -> list[Arrival]:
    return [
        Arrival(at_s=0, caller=f"+7916555000{number}", to="+78005550102", digits="", digits_after_s=0)
        for number in range(count)
    ]


@asynccontextmanager
async def called(
    home: Home, late: LateCarrier, plan: list[Arrival], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Carrier, Run, list[Call]]]:
    """All were called, and the carrier has confirmed none."""
    async with late.listening(home), Carrier(home) as carrier:
        current = run(plan)
        carrier.listen(current.ledger.take)
        with monkeypatch.context() as patched:
            patched.setattr(manager, "ANSWER_LIMIT_S", 0.1)
            calls = await traffic._call(carrier, current, plan, asyncio.Event())
        assert current.ledger.count().lost == len(plan)
        yield carrier, current, calls


async def test_calls_that_are_confirmed_too_late_are_waited_for(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    late = LateCarrier()
    async with called(home, late, callers(2), monkeypatch) as (carrier, current, calls):
        for label in current.ledger.entries:
            late.see(label, "answered")
        await soon(lambda: current.ledger.count().waiting == len(calls) == 2, what="both are under way after all")
        ending = asyncio.create_task(traffic._wait_for_end(carrier, current.ledger, calls, limit_s=100 * PATIENCE_S))
        first, second = calls
        late.see(first.order.label, "ended")
        await soon(first.ended.done, what="he has gone")
        assert not ending.done()
        late.see(second.order.label, "ended")
        await asyncio.wait_for(ending, PATIENCE_S)
        assert not late.hung_up


async def test_a_call_of_which_nothing_is_seen_is_hung_up_and_not_waited_for(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = LateCarrier()
    async with called(home, late, callers(1), monkeypatch) as (carrier, current, calls):
        ending = traffic._wait_for_end(carrier, current.ledger, calls, limit_s=100 * PATIENCE_S)
        await asyncio.wait_for(ending, PATIENCE_S)
        assert late.hung_up == [f"call-{label}" for label in current.ledger.entries]
