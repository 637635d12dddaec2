"""A list of invented numbers for the demo's campaign: every ending of the emulated carrier is among them.

Here: the numbers and the file. The carrier answers what the centre dials by the last digit; nobody real is called,
since the demo centre's only trunk is the emulated carrier. Called by `cti demo campaign` and the tests.
"""

import csv
import random
from pathlib import Path
from typing import Final

MIX: Final = "1111777205489"
"""Last digits, as often as they are drawn: about half are humans who stay."""
_NAMES: Final = ("Anna", "Boris", "Vera", "Gleb", "Daria", "Egor", "Zoya", "Igor", "Kira", "Lev", "Maria", "Oleg")
_PLANS: Final = ("Start", "Home 100", "Home 300", "Family")


def numbers(count: int, *, seed: int = 1, mix: str = MIX, first: int = 1) -> list[str]:
    """So many different mobile numbers, in E.164, with last digits drawn from `mix`; lists that begin elsewhere share
    none.
    """
    chance = random.Random(seed)
    return [f"+7916{place:06}{chance.choice(mix)}" for place in range(first, first + count)]


def write(path: Path, count: int, *, seed: int = 1, mix: str = MIX) -> None:
    """Write a list of so many leads as CSV, with a heading."""
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["number", "name", "language", "tier", "plan", "contract_ends"])
        for number in numbers(count, seed=seed, mix=mix):
            name, plan = chance.choice(_NAMES), chance.choice(_PLANS)
            ends = f"2030-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
            lines.writerow([number, name, chance.choice(("en", "ru")), chance.choice((0, 0, 0, 1, 3)), plan, ends])
