"""Accounts and PINs: counted per account, locked after three, never in clear."""

import asyncio
import logging

import pytest
import sqlalchemy as sa

from cti.crm import register
from cti.crm.accounts import LOCK_MS, StoredAccounts
from cti.database import Database
from cti.errors import NotFound, RuleError
from cti.ports import AccountAnswer, Accounts
from cti.store import models
from tests.crm.test_customers import ANNA

pytestmark = pytest.mark.server

ACCOUNT = "100001"
PIN = "73914682"


class Clock:
    now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def accounts(database: Database, clock: Clock) -> StoredAccounts:
    await register.add(database, ANNA)
    accounts = StoredAccounts(database, now_ms=clock)
    await accounts.set_pin(ACCOUNT, PIN)
    return accounts


async def answers(accounts: Accounts, *pins: str) -> list[AccountAnswer]:
    return [(await accounts.check(ACCOUNT, pin)).answer for pin in pins]


async def test_the_right_pin_tells_the_account_s_state(accounts: StoredAccounts) -> None:
    state = await accounts.check(ACCOUNT, PIN)
    assert state.answer is AccountAnswer.OK
    assert (state.balance_minor, state.currency, state.status, state.language) == (-550, "RUB", "active", "ru")
    assert (state.tariff, state.ends_on) == ("Home", "2030-01-01")


async def test_a_wrong_pin_tells_nothing_and_an_unknown_account_is_unknown(accounts: StoredAccounts) -> None:
    wrong = await accounts.check(ACCOUNT, "0000")
    assert (wrong.answer, wrong.tries_left, wrong.balance_minor) == (AccountAnswer.WRONG, 2, None)
    assert (await accounts.check("999999", PIN)).answer is AccountAnswer.UNKNOWN


async def test_after_three_wrong_pins_the_right_one_is_refused_for_fifteen_minutes(
    accounts: StoredAccounts, clock: Clock
) -> None:
    wrong, locked, right = AccountAnswer.WRONG, AccountAnswer.LOCKED, AccountAnswer.OK
    assert await answers(accounts, "0000", "0000", "0000", PIN) == [wrong, wrong, locked, locked]
    clock.now_ms += LOCK_MS - 1
    assert await answers(accounts, PIN) == [locked]
    clock.now_ms += 1
    assert await answers(accounts, "0000", PIN, "0000", "0000", PIN) == [wrong, right, wrong, wrong, right]


async def test_many_tries_at_once_weigh_three_at_most(accounts: StoredAccounts) -> None:
    tries = [accounts.check(ACCOUNT, "0000") for _ in range(8)]
    outcomes = [state.answer for state in await asyncio.gather(*tries)]
    assert outcomes.count(AccountAnswer.WRONG) == 2
    assert outcomes.count(AccountAnswer.LOCKED) == 6


async def test_a_new_pin_opens_the_lock(accounts: StoredAccounts) -> None:
    await answers(accounts, "0000", "0000", "0000")
    await accounts.set_pin(ACCOUNT, "5555")
    assert await answers(accounts, "5555") == [AccountAnswer.OK]


@pytest.mark.parametrize("pin", ["", "123", "12a4", "1" * 13, "١٢٣٤"])
async def test_a_pin_is_four_to_twelve_digits(accounts: StoredAccounts, pin: str) -> None:
    with pytest.raises(RuleError):
        await accounts.set_pin(ACCOUNT, pin)


async def test_a_pin_for_no_contract_is_refused(accounts: StoredAccounts) -> None:
    with pytest.raises(NotFound):
        await accounts.set_pin("999999", "5555")


async def test_digits_are_neither_stored_nor_logged(
    accounts: StoredAccounts, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await answers(accounts, PIN, "86420975")
    pins = sa.select(models.table(models.AccountPin))
    rows = repr(await database.read(lambda connection: connection.execute(pins).all()))
    assert "argon2" in rows
    for digits in (PIN, "86420975"):
        assert digits not in rows
        assert digits not in caplog.text
