"""Who is it? By any way of writing his number, in this project and no other."""

import asyncio
import threading
from collections.abc import Sequence
from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.crm import addresses, register, tables
from cti.crm.customers import BuiltInCustomers
from cti.crm.register import NewCustomer
from cti.database import READERS, Database
from cti.domain.ids import ContactId, Medium, ProjectId
from cti.errors import DatabaseDown, NotFound, RuleError
from cti.ports import Contract, Customers, Particulars
from cti.store import models
from cti.store.particulars import ParticularStore
from tests.running import PATIENCE_S

pytestmark = pytest.mark.server

TELECOM = ProjectId("telecom")
CONTRACT = Contract(
    number="100001", kind="Home", status="active", balance_minor=-550, currency="RUB", ends_on="2030-01-01"
)
ANNA = NewCustomer(
    project_id=TELECOM,
    name="Анна 'О'Нил; DROP",
    addresses=("+7 916 555-00-01", "Anna@Example.com", "8 (916) 555-00-02"),
    tier="gold",
    language="ru",
    contracts=(CONTRACT,),
)


def every_row(connection: Connection, *, table: sa.Table) -> Sequence[sa.Row[tuple[object, ...]]]:
    return connection.execute(sa.select(table)).all()


def test_the_columns_used_here_are_in_the_store_s_tables() -> None:
    for table in (
        tables.CUSTOMERS,
        tables.ADDRESSES,
        tables.CONTRACTS,
        tables.PINS,
        tables.PARTICULARS,
        tables.NOTES,
        tables.PEOPLE,
        tables.MESSAGES,
        tables.ATTACHMENTS,
    ):
        known = models.Base.metadata.tables[table.name].columns
        assert set(table.columns.keys()) <= set(known.keys())


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("+7 916 555 00 01", "+79165550001"),
        ("89165550001", "+79165550001"),
        ("9165550001", "+79165550001"),
        ("+44 20 7946 0000", "+442079460000"),
        (" Anna@Example.COM ", "anna@example.com"),
        ("@Anna", "@anna"),
    ],
)
def test_addresses_have_one_form(written: str, normal: str) -> None:
    assert addresses.normal(written) == normal


@pytest.mark.parametrize("written", ["", "anonymous", "12", "${SHELL(id)}", "a b@c", "x@", "9" * 10_000, "☎"])
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(RuleError):
        addresses.normal(written)


@pytest.mark.parametrize("address", ["+79165550001", "8 916 555 00 01", "+79165550002", "ANNA@example.com"])
async def test_a_customer_is_found_by_each_of_his_addresses(database: Database, address: str) -> None:
    customer_id = await register.add(database, ANNA)
    customers: Customers = BuiltInCustomers(database)
    card = await customers.find(address, project_id=TELECOM)
    assert card is not None
    assert (card.customer_id, card.name, card.tier, card.language) == (customer_id, ANNA.name, "gold", "ru")
    assert card.phones == ("+79165550001", "+79165550002")
    assert card.emails == ("anna@example.com",)
    assert card.contracts == (CONTRACT,)
    assert card.past == ()


async def test_no_project_sees_another_s_customer(database: Database) -> None:
    await register.add(database, ANNA)
    assert await BuiltInCustomers(database).find("+79165550001", project_id=ProjectId("clinic")) is None


@pytest.mark.parametrize("address", ["", "anonymous", "' OR 1=1 --", "9" * 10_000])
async def test_what_is_no_number_finds_nobody(database: Database, address: str) -> None:
    assert await BuiltInCustomers(database).find(address, project_id=TELECOM) is None


async def test_one_address_belongs_to_one_customer_of_a_project(database: Database) -> None:
    await register.add(database, ANNA)
    with pytest.raises(RuleError, match="whose it is"):
        await register.add(database, NewCustomer(project_id=TELECOM, name="Other", addresses=("+79165550002",)))
    assert len(await register.listed(database)) == 1


@pytest.mark.usefixtures("impatient_database")
async def test_a_database_that_is_slow_does_not_hold_up_the_card(database: Database) -> None:
    all_busy, done = threading.Barrier(READERS + 1), threading.Event()

    def be_slow(_: object) -> None:
        all_busy.wait(PATIENCE_S)
        done.wait(PATIENCE_S)

    readers = [asyncio.ensure_future(database.read(be_slow, within_s=PATIENCE_S)) for _ in range(READERS)]
    await asyncio.to_thread(all_busy.wait, PATIENCE_S)
    with pytest.raises(DatabaseDown, match=r"0\.3 s"):
        await BuiltInCustomers(database).find("+79165550001", project_id=TELECOM)
    done.set()
    await asyncio.gather(*readers)


async def test_an_import_enters_what_it_can_and_tells_the_lines_it_cannot(database: Database) -> None:
    await register.add(database, ANNA)
    lines = [
        "name,phone,email,tier,language\n",
        "Борис,+79165550003;+79165550004,boris@example.com,silver,ru\n",
        "Taken,+79165550001,,,\n",
        "Wrong,not a number,,,\n",
        ",+79165550009,,,\n",
        "No address,,,,\n",
    ]
    done = await register.import_csv(database, lines, project_id=TELECOM)
    assert done.added == 2
    assert [line for line, _ in done.refused] == [3, 4, 5]
    card = await BuiltInCustomers(database).find("+79165550004", project_id=TELECOM)
    assert card is not None
    assert card.name == "Борис"


async def test_an_import_without_names_is_refused_at_once(database: Database) -> None:
    with pytest.raises(RuleError, match="columns"):
        await register.import_csv(database, ["phone\n", "+79165550001\n"], project_id=TELECOM)


async def test_an_erased_person_is_in_no_table_any_more(database: Database) -> None:
    customer_id = await register.add(database, ANNA)
    store = ParticularStore(database)
    writing = asyncio.ensure_future(store.run())
    store.keep(
        [
            Particulars(
                contact_id=ContactId("c1"),
                project_id=TELECOM,
                medium=Medium.VOICE,
                address="+79165550001",
                name="Anna at home",
                dialled="+78005550100",
                language="ru",
                path="main:2",
                account="100001",
            )
        ]
    )
    await asyncio.wait_for(store.written(), PATIENCE_S)
    writing.cancel()
    note = {"assignment_id": "a1", "contact_id": "c1", "agent_id": "u1", "at_ms": 1, "text": "Anna's dog is ill"}
    await database.write(lambda connection: connection.execute(sa.insert(models.table(models.NoteRow)).values(note)))

    await register.erase(database, customer_id)

    for name, table in models.Base.metadata.tables.items():
        rows = repr(await database.read(partial(every_row, table=table)))
        for trace in ("Анна", "Anna", "anna@", "9165550001", "9165550002", "100001"):
            assert trace not in rows, (name, trace)
    assert (await store.recall([ContactId("c1")]))[ContactId("c1")].address == ""
    with pytest.raises(NotFound):
        await register.erase(database, customer_id)
