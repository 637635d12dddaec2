"""Who a customer is decides how he is routed: through the whole centre."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest

from cti import shipped
from cti.config import load
from cti.crm import register
from cti.crm.customers import BuiltInCustomers
from cti.crm.register import NewCustomer
from cti.database import Database, open_database
from cti.domain.facts import AssignmentClosed, AssignmentOffered, AssignmentStarted, ContactQueued
from cti.domain.ids import AgentId, ProjectId
from cti.errors import DatabaseDown
from tests.e2e.floor import floor, hire
from tests.running import PATIENCE_S, RunningCentre, free_port_base, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(400)]

TELECOM = ProjectId("telecom")
STRANGER, GOLD, AGAIN = "+79165557101", "+79165557102", "+79165557103"
SUPPORT = "  support:\n    name: {en: Support, ru: Поддержка}\n"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    """A demo centre whose support knows tiers and prefers last agents."""
    home = tmp_path_factory.mktemp("c") / "h"
    home.mkdir()
    text = (shipped.asterisk_conf() / "centre.yaml").read_text(encoding="utf-8")
    assert SUPPORT in text
    text = text.replace(SUPPORT, f"{SUPPORT}    tier_credit_s: 60\n    prefer: {{last_agent: 30}}\n")
    (home / "centre.yaml").write_text(text, encoding="utf-8")
    assert load(home / "centre.yaml").tiers["gold"].level == 3
    running = RunningCentre(home, port_base=free_port_base())
    try:
        yield running.start()
    finally:
        running.stop()


def queued(centre: RunningCentre) -> list[ContactQueued]:
    return [fact for _, fact in centre.facts() if isinstance(fact, ContactQueued)]


def offered(centre: RunningCentre) -> list[AssignmentOffered]:
    return [fact for _, fact in centre.facts() if isinstance(fact, AssignmentOffered)]


@asynccontextmanager
async def knowing(centre: RunningCentre) -> AsyncIterator[Database]:
    """The centre's own database."""
    database = open_database(centre.home().database_url)
    yield database
    await database.close()


async def last_agent(database: Database, number: str) -> AgentId:
    """Who answered this number's last contact, as soon as the history has it."""
    customers = BuiltInCustomers(database)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(DatabaseDown):
                found = await customers.standing(number, project_id=TELECOM)
                if found is not None and found.last_agent is not None:
                    return found.last_agent


async def test_a_gold_customer_overtakes_and_who_calls_again_has_the_same_agent(own: RunningCentre) -> None:
    agents = await hire(own, ["381", "382"])
    async with knowing(own) as database, floor(own, []) as callers:
        new = NewCustomer(project_id=TELECOM, name="Golda", addresses=(GOLD,), tier="Gold")
        await register.add(database, new)
        for count, number in enumerate((STRANGER, GOLD), start=1):
            await callers.call(number)
            await soon(lambda: len(queued(own)) == count, what="he waits")  # noqa: B023 - awaited in this round
        stranger, gold = queued(own)
        assert (stranger.tier, gold.tier) == (0, 3)
        async with floor(own, agents[:1]):
            await soon(lambda: own.count(AssignmentStarted) == 1, what="somebody is talked to")
            assert offered(own)[0].contact_id == gold.contact_id
            for call in callers.calls:
                await callers.hang_up([call])
            await soon(lambda: own.count(AssignmentClosed) == 1, what="the talk is over")
        async with floor(own, agents) as made:
            had = len(offered(own))
            for count in (2, 3, 4):
                call = await made.call(AGAIN)
                await soon(lambda: own.count(AssignmentStarted) == count, what="he is talked to")  # noqa: B023 - awaited in this round
                await made.hang_up([call])
                await soon(lambda: own.count(AssignmentClosed) == count, what="the talk is over")  # noqa: B023 - awaited in this round
                await last_agent(database, AGAIN)
            agent_id = await last_agent(database, AGAIN)
            assert [one.agent_id for one in offered(own)[had:]] == [agent_id] * 3
