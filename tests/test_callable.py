"""Which numbers are called back."""

import pytest

from cti.callable import may_be_called_back


@pytest.mark.parametrize("number", ["+79165550001", "+74951234567", "+78005550100"])
def test_numbers_of_the_country_are_called_back(number: str) -> None:
    assert may_be_called_back(number, countries={"RU"})


@pytest.mark.parametrize(
    "number",
    [
        "",
        "anonymous",
        "+7",
        "79165550001",
        "+78095550100",
        "+77011234567",
        "+881612345678",
        "+447911123456",
        "+5352123456",
    ],
)
def test_premium_foreign_and_impossible_numbers_are_not(number: str) -> None:
    assert not may_be_called_back(number, countries={"RU"})


def test_countries_may_be_added() -> None:
    assert may_be_called_back("+77011234567", countries={"RU", "KZ"})
    assert not may_be_called_back("+449098790000", countries={"RU", "GB"}), "premium abroad"
