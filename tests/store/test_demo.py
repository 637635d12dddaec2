"""The demo's data: complete, the same each time, put in once."""

import pytest

from cti.crm.accounts import StoredAccounts, hashed
from cti.crm.customers import BuiltInCustomers
from cti.database import Database
from cti.domain.ids import ProjectId
from cti.ports import AccountAnswer, Role
from cti.store import demo
from cti.store.directory import Directory

pytestmark = pytest.mark.server


def credentials() -> dict[str, demo.Credentials]:
    return {
        person.login: demo.Credentials(password=f"password of {person.login}", sip_secret="sip")
        for person in demo.PEOPLE
    }


async def test_seeding_twice_is_seeding_once(database: Database) -> None:
    await demo.seed(database, credentials(), pin_hash=hashed(demo.PIN))
    before = await Directory(database).everyone()
    await demo.seed(database, credentials(), pin_hash=hashed(demo.PIN))
    directory = Directory(database)
    assert await directory.everyone() == before
    assert [phone.extension for phone in await directory.phones()] == [str(number) for number in range(100, 111)]
    assert sorted(person.role for person in before) == sorted([*[Role.AGENT] * 10, Role.SUPERVISOR, Role.ADMIN])
    assert await directory.sign_in("agent101", "password of agent101", source="a") is not None


async def test_every_demo_customer_is_known_by_his_phone_in_his_project_only(database: Database) -> None:
    await demo.seed(database, credentials(), pin_hash=hashed(demo.PIN))
    customers = BuiltInCustomers(database)
    names = set()
    for number in range(1, demo.CUSTOMERS + 1):
        cards = [
            await customers.find(demo.phone(number), project_id=ProjectId(project)) for project in ("telecom", "clinic")
        ]
        (card,) = (card for card in cards if card is not None)
        assert card.contracts
        names.add(card.name)
    assert len(names) == demo.CUSTOMERS
    with_past = await customers.find(demo.phone(1), project_id=ProjectId("telecom"))
    assert with_past is not None
    assert with_past.past[0].agent_name
    assert with_past.past[0].note


async def test_the_demo_pin_opens_a_demo_account(database: Database) -> None:
    await demo.seed(database, credentials(), pin_hash=hashed(demo.PIN))
    state = await StoredAccounts(database).check(str(demo.FIRST_ACCOUNT), demo.PIN)
    assert state.answer is AccountAnswer.OK
    assert state.tariff == "Home 300"
