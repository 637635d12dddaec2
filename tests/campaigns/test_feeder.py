"""What stands in line: who may be called now, each lead once whatever is behind or dies, and nobody lost."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cti import store
from cti.database import Database, open_database
from cti.domain.events import CampaignPaused
from cti.domain.facts import AttemptEnded, LeadDialled, LeadsDropped, LeadsQueued
from cti.domain.ids import LeadId, LegCause
from cti.ports.campaigns import NewLead
from cti.store import codec, models
from tests.campaigns.centres import with_campaigns
from tests.campaigns.floor import NOON_MS, SPRING, TELECOM, Floor

pytestmark = pytest.mark.server

MOSCOW, VLADIVOSTOK = "Europe/Moscow", "Asia/Vladivostok"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path / 'triune.sqlite'}"
    store.upgrade(url)
    database = open_database(url)
    yield database
    await database.close()


async def floor_with(database: Database, leads: int, *, agents: int = 0, zone: str = MOSCOW) -> Floor:
    floor = Floor(database=database, centre=with_campaigns())
    entered = [
        NewLead(line=place, number=f"+7495555{place:04}", zones=(zone,), name=f"Lead {place}")
        for place in range(1, leads + 1)
    ]
    await floor.leads.enter(SPRING, entered, project_id=TELECOM)
    floor.open(agents=agents)
    return floor


async def test_a_running_campaign_has_leads_in_line_in_the_order_of_its_list(database: Database) -> None:
    floor = await floor_with(database, 80)
    await floor.feed()
    assert floor.in_line == [f"l{place}" for place in range(1, 51)]
    callee = floor.feeder.callee(SPRING, LeadId("l1"))
    assert callee is not None
    assert (callee.number, callee.name) == ("+74955550001", "Lead 1")


async def test_neither_number_nor_name_reaches_the_journal(database: Database) -> None:
    floor = await floor_with(database, 3, agents=1)
    await floor.feed()
    written = "".join(str(part) for entry in floor.entries for part in codec.encode(entry))
    assert "l1" in written
    assert "5550001" not in written
    assert "Lead 1" not in written


async def test_a_paused_campaign_gets_none(database: Database) -> None:
    floor = await floor_with(database, 3)
    floor.do(CampaignPaused(campaign_id=SPRING))
    assert not floor.state.campaigns[SPRING].running
    assert floor.in_line == []


async def test_who_lives_where_it_is_night_is_not_in_line(database: Database) -> None:
    floor = await floor_with(database, 3, zone=VLADIVOSTOK)  # 19:00 there
    floor.clock.now_ms = NOON_MS + 3 * 3_600_000
    await floor.feed()
    assert floor.in_line == []


async def test_what_is_in_line_is_taken_back_when_the_hours_end(database: Database) -> None:
    floor = await floor_with(database, 3)
    await floor.feed()
    assert len(floor.in_line) == 3
    floor.clock.now_ms = NOON_MS + 9 * 3_600_000 + 1000  # 21:00
    await floor.feed()
    assert floor.in_line == []
    assert floor.facts(LeadsDropped)


async def test_whoever_stands_in_line_is_not_dialled_once_his_hours_have_ended(database: Database) -> None:
    floor = await floor_with(database, 3)
    await floor.feed()
    lead_id = floor.in_line[0]
    evening = NOON_MS + 9 * 3_600_000
    assert floor.feeder.may_be_dialled(SPRING, lead_id, evening - 60_000)
    assert not floor.feeder.may_be_dialled(SPRING, lead_id, evening + 1000), "before anybody has looked at the line"


async def test_who_asks_not_to_be_called_is_taken_back(database: Database) -> None:
    floor = await floor_with(database, 3)
    await floor.feed()
    row = {"project_id": "", "number": "+74955550002", "added_ms": 1, "actor": "test", "reason": ""}
    await database.write(lambda c: c.execute(sa.insert(models.table(models.DoNotCallRow)).values(row)))
    await floor.feed()
    assert floor.in_line == ["l1", "l3"]
    await floor.feed()
    assert floor.in_line == ["l1", "l3"]


async def test_a_withdrawn_lead_is_taken_back(database: Database) -> None:
    floor = await floor_with(database, 2)
    await floor.feed()
    await floor.leads.withdraw(SPRING, [LeadId("l2")], now=floor.now())
    await floor.feed()
    assert floor.in_line == ["l1"]


async def test_a_retry_is_given_when_it_is_due_and_not_before(database: Database) -> None:
    floor = await floor_with(database, 1, agents=1)
    await floor.feed()
    assert floor.dialled == ["l1"]
    floor.fail(LeadId("l1"), LegCause.BUSY)
    await floor.feed(after_ms=59_000)
    assert floor.dialled == ["l1"]
    await floor.feed()
    assert floor.dialled == ["l1", "l1"]


async def test_a_lead_that_ended_while_the_history_was_behind_is_not_given_again(database: Database) -> None:
    floor = await floor_with(database, 1, agents=1)
    await floor.feed()
    before = floor.projected
    floor.fail(LeadId("l1"), LegCause.NO_SUCH_NUMBER)
    assert floor.projected == before, "the tables say that l1 was never tried"
    await floor.feed()
    assert floor.dialled == ["l1"]
    assert floor.in_line == []


async def test_one_that_ends_between_the_look_and_the_giving_is_not_given_again(database: Database) -> None:
    floor = await floor_with(database, 2, agents=1)
    await floor.feed()
    assert (floor.dialled, floor.in_line) == (["l1"], ["l2"])
    reached = floor.reached

    async def late(number: int) -> None:
        await reached(number)
        floor.fail(LeadId("l1"), LegCause.NO_SUCH_NUMBER)
        floor.fail(LeadId("l2"), LegCause.NO_SUCH_NUMBER)

    floor.reached = late  # type: ignore[method-assign]  # both fail while it waits
    floor.new_feeder()
    await floor.feed()
    assert floor.dialled == ["l1", "l2"]
    assert floor.in_line == []


async def test_after_a_death_those_in_line_are_known_again_before_anything_is_dialled(database: Database) -> None:
    floor = await floor_with(database, 5, agents=1)
    await floor.feed()
    floor.die(durable=floor.entries[-1].number)
    assert floor.feeder.callee(SPRING, LeadId("l2")) is None
    await floor.feeder.recall(floor.state)
    for lead_id in ("l1", "l2", "l5"):
        assert floor.feeder.callee(SPRING, LeadId(lead_id)) is not None


@pytest.mark.lesson(13)
@pytest.mark.parametrize("seed", range(8))
async def test_whatever_dies_when_no_lead_is_dialled_twice_and_none_is_lost(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    floor = await floor_with(database, 40, agents=4)
    causes = (LegCause.NO_SUCH_NUMBER, LegCause.REJECTED)  # both end a lead
    for _ in range(60):
        await floor.feed(after_ms=chance.randrange(500, 9000))
        for dial in list(floor.state.dials.values()):
            if chance.random() < 0.5:
                floor.fail(dial.lead.lead_id, chance.choice(causes))
        if chance.random() < 0.3:
            await floor.project(chance.randint(floor.projected, floor.entries[-1].number))
        if chance.random() < 0.2:
            floor.die(durable=chance.randint(floor.projected, floor.entries[-1].number))
            await floor.feeder.recall(floor.state)
    for _ in range(200):
        await floor.feed()
        for dial in list(floor.state.dials.values()):
            floor.fail(dial.lead.lead_id, LegCause.REJECTED)
        if not floor.in_line and not floor.state.dials:
            break
    assert len(floor.dialled) == len(set(floor.dialled)), "dialled twice"
    assert set(floor.dialled) == {f"l{place}" for place in range(1, 41)}, "lost"
    assert len(floor.facts(AttemptEnded)) == len(floor.facts(LeadDialled)) == 40
    assert floor.facts(LeadsQueued)
