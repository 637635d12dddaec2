"""The switch or the database goes away with calls up: pages say so, and afterwards the states are right."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from cti.demo.carrier import Step
from cti.demo.reading import HistoryRow
from cti.domain.facts import AssignmentStarted, ContactClosed, ContactQueued
from cti.domain.ids import SYSTEM_DISPOSITIONS, ContactId
from cti.home import DemoPerson
from tests.e2e.floor import floor, hire
from tests.running import PATIENCE_S, RunningCentre, free_port_base, soon
from tests.store.server import PostgresServer

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(600)]

REGISTERED_AGAIN_S = 180
"""A phone registers for 60 s at most."""


WITHHELD = "anonymous"
"""Who calls without a number and is cut off cannot be called back."""


@asynccontextmanager
async def told(web: str, person: DemoPerson) -> AsyncIterator[list[bool]]:
    """What a page of this person is told of the switch: whether it is up, first from the snapshot."""
    async with httpx.AsyncClient(base_url=web, timeout=PATIENCE_S, trust_env=False) as http:
        answer = await http.post("/api/v1/tokens", json={"login": person.login, "password": person.password})
    headers = {"Authorization": f"Bearer {answer.json()['token']}"}
    heard: list[bool] = []
    events = f"{web.replace('http', 'ws', 1)}/api/v1/events"
    async with connect(events, additional_headers=headers, proxy=None) as socket:

        async def listen() -> None:
            async for text in socket:
                said = json.loads(text)
                if said["type"] == "snapshot":
                    heard.append(said["switch_up"])
                elif said["change"]["kind"] == "switch":
                    heard.append(said["change"]["up"])

        listening = asyncio.create_task(listen())
        try:
            yield heard
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


@pytest.mark.lesson(5)
@pytest.mark.lesson(10)
async def test_pages_say_that_the_switch_is_away_and_afterwards_nobody_is_stuck(centre: RunningCentre) -> None:
    demo = centre.endpoints().demo
    assert demo is not None
    before = newest(centre)
    staff = await hire(centre, ["281"])
    async with told(centre.endpoints().web, demo.supervisor) as heard, floor(centre, staff) as made:
        await made.call(WITHHELD)
        await soon(lambda: made.phones(Step.HEARD), what="a talk")
        await made.call(WITHHELD)
        await soon(lambda: len(queued(centre, before)) == 2, what="another waits")
        await soon(lambda: heard == [True], what="the page knows that the switch is up")

        killed = centre.kill("asterisk")
        await soon(lambda: heard[1:2] == [False], what="the page says that the switch is away")
        await soon(lambda: centre.is_back("asterisk", after=killed), what="a new Asterisk")
        await soon(lambda: heard[2:] == [True], what="the page says that it is back")
        await soon(lambda: set(queued(centre, before)) == set(ended(centre, before)), what="both have ends")
        assert heard == [True, False, True]
        await made.agents.desks.ready(limit_s=REGISTERED_AGAIN_S)

        await made.call("+79165559203")
        await soon(lambda: len(started(centre, before)) == 2, what="the next caller is served")
    waited = queued(centre, before)[1]
    assert ended(centre, before)[waited] in SYSTEM_DISPOSITIONS


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.remove()


@pytest.mark.lesson(12)
@pytest.mark.postgres
async def test_calls_go_on_while_the_database_is_away_and_the_history_catches_up(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.new_database()
    own = RunningCentre(tmp_path / "h", port_base=free_port_base(), extra=("--database", url)).start()
    try:
        demo = own.endpoints().demo
        assert demo is not None
        agent = next(each for each in demo.agents if each.extension == "106")
        async with floor(own, [agent]) as made:
            first = await made.call("+79165550007")
            await soon(lambda: made.phones(Step.HEARD), what="a talk")
            await asyncio.to_thread(postgres.stop)
            gone_s = asyncio.get_running_loop().time()
            await made.hang_up([first])
            await made.agents.desks.ready(limit_s=PATIENCE_S)
            second = await made.call("+79165550008")
            await soon(lambda: len(made.phones(Step.HEARD)) == 2, what="a talk without the database")
            assert made.phones(Step.ENDED) == ["106"]
            await made.hang_up([second])
            await soon(lambda: len(ended(own, 0)) == 2, what="both are closed")
            await soon(lambda: asyncio.get_running_loop().time() - gone_s > 10, what="ten seconds")
            await asyncio.to_thread(postgres.start)

            desk = made.agents.desks.all[0]
            rows: list[HistoryRow] = []
            async with asyncio.timeout(PATIENCE_S):  # what happened and who it was are written each in its own time
                while not are_complete(rows, {"+79165550007", "+79165550008"}):
                    rows = [row for row in await desk.history(since_ms=0) if row.contact_id in ended(own, 0)]
        assert own.pid("engine") == own.endpoints().pids.engine
        assert "engine ended" not in own.log("supervisor")
    finally:
        own.stop()


def are_complete(rows: list[HistoryRow], addresses: set[str]) -> bool:
    """Whether these are the closed contacts of exactly these callers."""
    called = {re.sub("[ -]", "", row.address) for row in rows}
    return called == addresses and all(row.closed_ms and row.disposition for row in rows)


def newest(centre: RunningCentre) -> int:
    return max((number for number, _ in centre.facts()), default=0)


def queued(centre: RunningCentre, after: int) -> list[ContactId]:
    return [fact.contact_id for number, fact in centre.facts() if number > after and isinstance(fact, ContactQueued)]


def started(centre: RunningCentre, after: int) -> list[AssignmentStarted]:
    return [fact for number, fact in centre.facts() if number > after and isinstance(fact, AssignmentStarted)]


def ended(centre: RunningCentre, after: int) -> dict[ContactId, str]:
    return {
        fact.contact_id: fact.disposition
        for number, fact in centre.facts()
        if number > after and isinstance(fact, ContactClosed)
    }
