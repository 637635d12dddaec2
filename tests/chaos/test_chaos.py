"""A few rounds of what `make chaos` plays for an hour: the books balance whatever has died."""

from pathlib import Path

import pytest

from tests.chaos.faults import ON_FILES, ON_POSTGRES
from tests.chaos.rounds import place_of_its_own, play

pytestmark = [pytest.mark.asterisk, pytest.mark.server, pytest.mark.postgres, pytest.mark.timeout(900)]

NAMES = {
    False: ["engine and asterisk killed", "row refused"],
    True: ["postgresql and engine killed"],
}


@pytest.mark.parametrize("on_postgres", [False, True], ids=["a file", "PostgreSQL"])
async def test_the_books_balance_after_each_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, on_postgres: bool
) -> None:
    names = NAMES[on_postgres]
    assert set(names) <= set(ON_POSTGRES if on_postgres else ON_FILES)
    with place_of_its_own(tmp_path, on_postgres=on_postgres) as place, capsys.disabled():
        assert await play(place, seed=5, names=names) == 0
