"""How a customer stands: his tier, who looks after him, and who had him last."""

import asyncio
import threading
from operator import methodcaller

import pytest
import sqlalchemy as sa

from cti.crm import customers, register
from cti.crm.customers import BuiltInCustomers
from cti.crm.register import Changed, NewCustomer
from cti.database import READERS, Database
from cti.domain.ids import AgentId, Medium, Milliseconds, ProjectId
from cti.errors import DatabaseDown, NotFound, RuleError
from cti.ports import Customers, Person, Role, Standing
from cti.store import models
from cti.store.directory import Directory
from tests.running import PATIENCE_S

pytestmark = pytest.mark.server

TELECOM, CLINIC = ProjectId("telecom"), ProjectId("clinic")
NUMBER, OTHER, STRANGER = "+79165550001", "+79165550002", "+79165550009"
NOW_MS = 1_900_000_000_000
DAY_MS = 86_400_000
ANNA = NewCustomer(project_id=TELECOM, name="Anna", addresses=(NUMBER, OTHER), tier="gold", manager="vera")


@pytest.fixture
async def vera(database: Database) -> Person:
    """The relationship manager."""
    person = Person(
        agent_id=AgentId(""),
        login="vera",
        name="Vera",
        role=Role.AGENT,
        project_ids=(TELECOM,),
        extension="105",
        language="ru",
        skills=(),
        active=True,
    )
    return await Directory(database).add(person, None, actor="test")


def of(database: Database) -> Customers:
    return BuiltInCustomers(database, now_ms=lambda: NOW_MS)


async def had(
    database: Database,
    contact_id: str,
    agent_id: str | None,
    *,
    address: str = NUMBER,
    days_ago: int = 1,
    project: ProjectId = TELECOM,
) -> Milliseconds:
    """A contact of this address that this agent answered; when it arrived."""
    arrived_ms = NOW_MS - days_ago * DAY_MS
    contact = {
        "contact_id": contact_id,
        "project_id": project,
        "queue_id": "support",
        "medium": Medium.VOICE.value,
        "arrived_ms": arrived_ms,
        "queued_ms": arrived_ms,
        "agent_id": agent_id,
    }
    empty = dict.fromkeys(("name", "dialled", "language", "path", "account", "subject"), "")
    known = {"contact_id": contact_id, "project_id": project, "medium": Medium.VOICE.value, "address": address}
    for row, values in ((models.ContactRow, contact), (models.ContactParticulars, known | empty)):
        statement = sa.insert(models.table(row)).values(values)
        await database.write(methodcaller("execute", statement))
    return arrived_ms


async def test_a_customer_stands_by_his_tier_his_manager_and_his_last_agent(database: Database, vera: Person) -> None:
    await register.add(database, ANNA)
    await had(database, "c1", "u7", days_ago=3)
    last_ms = await had(database, "c2", "u8", address=OTHER, days_ago=2)
    await had(database, "c3", None, days_ago=1)
    found = await of(database).standing("8 916 555-00-01", project_id=TELECOM)
    assert found == Standing(tier="gold", manager=vera.agent_id, last_agent=AgentId("u8"), last_ms=last_ms)


async def test_what_was_long_ago_or_in_another_project_does_not_count(database: Database, vera: Person) -> None:
    await register.add(database, ANNA)
    await had(database, "c1", "u7", days_ago=31)
    await had(database, "c2", "u8", project=CLINIC)
    assert await of(database).standing(NUMBER, project_id=TELECOM) == Standing(tier="gold", manager=vera.agent_id)
    found = await of(database).standing(NUMBER, project_id=CLINIC)
    assert found == Standing(tier="", last_agent=AgentId("u8"), last_ms=NOW_MS - DAY_MS)


async def test_a_stranger_stands_by_his_last_contact_alone(database: Database) -> None:
    assert await of(database).standing(STRANGER, project_id=TELECOM) is None
    last_ms = await had(database, "c1", "u7", address=STRANGER)
    found = await of(database).standing(STRANGER, project_id=TELECOM)
    assert found == Standing(tier="", last_agent=AgentId("u7"), last_ms=last_ms)


@pytest.mark.parametrize("address", ["", "anonymous", "' OR 1=1 --"])
async def test_what_is_no_address_stands_for_nobody(database: Database, address: str) -> None:
    assert await of(database).standing(address, project_id=TELECOM) is None


async def test_a_manager_who_has_left_looks_after_nobody(database: Database, vera: Person) -> None:
    await register.add(database, ANNA)
    leave = sa.update(models.table(models.PersonRow)).values(active=False)
    await database.write(lambda connection: connection.execute(leave))
    assert await of(database).standing(NUMBER, project_id=TELECOM) == Standing(tier="gold")


async def test_the_look_up_goes_by_indexes_alone(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("the plan of an empty table says nothing there")
    given = {"project_id": TELECOM, "address": NUMBER, "since_ms": 0}
    plan = sa.text(f"EXPLAIN QUERY PLAN {customers.STANDING.text}")
    steps = [row.detail for row in await database.read(lambda connection: connection.execute(plan, given).all())]
    scanned = [step for step in steps if step.startswith("SCAN")]
    assert set(scanned) <= {"SCAN his", "SCAN newest", "SCAN CONSTANT ROW"}
    assert any("ix_contact_particulars_project_id_address" in step for step in steps)


@pytest.mark.usefixtures("impatient_database")
async def test_a_slow_database_is_not_waited_for(database: Database) -> None:
    all_busy, done = threading.Barrier(READERS + 1), threading.Event()

    def be_slow(_: object) -> None:
        all_busy.wait(PATIENCE_S)
        done.wait(PATIENCE_S)

    readers = [asyncio.ensure_future(database.read(be_slow, within_s=PATIENCE_S)) for _ in range(READERS)]
    await asyncio.to_thread(all_busy.wait, PATIENCE_S)
    with pytest.raises(DatabaseDown, match=r"0\.15 s"):
        await of(database).standing(NUMBER, project_id=TELECOM)
    done.set()
    await asyncio.gather(*readers)


async def test_a_customer_is_changed_in_what_is_given_alone(database: Database, vera: Person) -> None:
    customer_id = await register.add(database, NewCustomer(project_id=TELECOM, name="Anna", addresses=(NUMBER,)))
    await register.change(database, customer_id, Changed(manager="vera"))
    await register.change(database, customer_id, Changed(tier="silver"))
    assert await of(database).standing(NUMBER, project_id=TELECOM) == Standing(tier="silver", manager=vera.agent_id)
    await register.change(database, customer_id, Changed(manager=""))
    assert await of(database).standing(NUMBER, project_id=TELECOM) == Standing(tier="silver")
    for changed in (Changed(manager="nobody"), Changed(name=" "), Changed()):
        with pytest.raises(RuleError):
            await register.change(database, customer_id, changed)
    with pytest.raises(NotFound):
        await register.change(database, customer_id + 1, Changed(tier="gold"))


async def test_an_import_names_managers_and_refuses_those_there_are_not(database: Database, vera: Person) -> None:
    lines = ["name,phone,tier,manager\n", f"Anna,{NUMBER},gold,vera\n", f"Boris,{OTHER},gold,vira\n"]
    done = await register.import_csv(database, lines, project_id=TELECOM)
    assert (done.added, [line for line, _ in done.refused]) == (1, [3])
    assert "'vira'" in done.refused[0][1]
    assert await of(database).standing(NUMBER, project_id=TELECOM) == Standing(tier="gold", manager=vera.agent_id)
