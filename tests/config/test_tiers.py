"""Tiers: what an admin may write of them, what is refused, and what has no effect."""

import pytest

from cti import config
from cti.config import doubts
from tests.config.centres import line_of, refused
from tests.config.test_queues import shop

TIERS = """\
tiers:
  gold: {name: {en: Gold, ru: Золотой}, level: 3}
  VIP-плюс: {name: {en: VIP, ru: ВИП}, level: 10}
"""


def test_a_tier_is_named_as_in_the_customers_field() -> None:
    centre = config.parse(shop("") + TIERS, file="centre.yaml")
    assert {key: tier.level for key, tier in centre.tiers.items()} == {"gold": 3, "VIP-плюс": 10}


@pytest.mark.parametrize(
    ("line", "key", "problem"),
    [
        ("  silver: {name: {en: S, ru: С}, level: 11}", "tiers.silver.level", "less than or equal to 10"),
        ("  silver: {name: {en: S, ru: С}, level: 0}", "tiers.silver.level", "greater than or equal to 1"),
        ("  silver: {name: {en: S, ru: С}}", "tiers.silver.level", "is missing"),
        ("  silver: {name: {en: S, ru: С}, levl: 1, level: 1}", "tiers.silver.levl", "did you mean 'level'?"),
        (
            "  Gold: {name: {en: G, ru: З}, level: 1}",
            "tiers.Gold",
            "is the same as 'gold', since capitals",
        ),
        ('  "!": {name: {en: S, ru: С}, level: 1}', "tiers.!", "as in the customers' tier field"),
    ],
)
def test_a_mistake_in_a_tier_is_named_by_line_and_key(line: str, key: str, problem: str) -> None:
    text = f"{shop('')}{TIERS}{line}\n"
    ((at, named, said),) = refused(text)
    assert (named, at) == (key, line_of(text, line))
    assert problem in said


LINES = """\
    tier_credit_s: 30
    requires: technical or tier >= 3
    steps: [{after_s: 9, add: tier >= 2}]"""


def test_a_queue_that_speaks_of_tiers_where_there_are_none_is_doubted() -> None:
    def doubted(text: str) -> list[str]:
        centre = config.parse(text, file="centre.yaml")
        return [config_key(path) for path, said in doubts.doubts(centre) if "no section 'tiers'" in said]

    assert doubted(shop(LINES)) == ["requires", "steps.0.add", "tier_credit_s"]
    assert doubted(shop(LINES) + TIERS) == []


def config_key(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path[2:]))
