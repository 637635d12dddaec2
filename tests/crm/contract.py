"""What every `ports.Customers` must do: one suite, run on the built-in base and on a CRM over HTTP.

Each module of tests that runs it has a fixture `place` that knows `ANNA` in the project telecom, and nobody else.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from cti.domain.ids import ProjectId
from cti.errors import OutsideError
from cti.ports import Contract, Customers

TELECOM = ProjectId("telecom")
NUMBER = "+79165550001"
CONTRACT = Contract(
    number="100001", kind="Home", status="active", balance_minor=-550, currency="RUB", ends_on="2030-01-01"
)
NAME = "Анна 'О'Нил; DROP {{ 7*7 }}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One implementation, and how to take away what it stands on."""

    customers: Customers
    source: str
    take_away: Callable[[], Awaitable[None]]


class CustomersContract:
    """Inherited by a test class for each implementation."""

    @pytest.mark.parametrize("written", [NUMBER, "8 (916) 555-00-01", "9165550001", "+7 916 555 00 01"])
    async def test_a_customer_is_found_however_his_number_is_written(self, place: Place, written: str) -> None:
        card = await place.customers.find(written, project_id=TELECOM)
        assert card is not None
        assert (card.name, card.tier, card.language) == (NAME, "gold", "ru")
        assert card.phones == (NUMBER,)
        assert card.emails == ("anna@example.com",)
        assert card.contracts == (CONTRACT,)
        assert card.source == place.source

    async def test_nobody_else_is(self, place: Place) -> None:
        assert await place.customers.find("+79165550009", project_id=TELECOM) is None

    async def test_another_project_does_not_know_him(self, place: Place) -> None:
        assert await place.customers.find(NUMBER, project_id=ProjectId("clinic")) is None

    @pytest.mark.parametrize(
        "written", ["", "anonymous", "12", "${SHELL(id)}", "a b@c", "9" * 10_000, "☎", "+7\r\nX: y"]
    )
    async def test_what_is_no_address_is_nobodys(self, place: Place, written: str) -> None:
        assert await place.customers.find(written, project_id=TELECOM) is None

    async def test_who_is_unknown_has_no_standing(self, place: Place) -> None:
        assert await place.customers.standing("+79165550009", project_id=TELECOM) is None

    async def test_many_may_ask_at_once(self, place: Place) -> None:
        cards = await asyncio.gather(*(place.customers.find(NUMBER, project_id=TELECOM) for _ in range(20)))
        assert {card.name if card is not None else "" for card in cards} == {NAME}

    async def test_who_is_away_is_told_by_the_error_of_the_outside(self, place: Place) -> None:
        await place.take_away()
        with pytest.raises(OutsideError):
            await place.customers.find(NUMBER, project_id=TELECOM)
