"""A few rounds of what `make chaos` plays for an hour: the books balance whatever has died."""

from pathlib import Path

import pytest

from tests.chaos.faults import FAULTS
from tests.chaos.rounds import centre_of_its_own, play

pytestmark = [pytest.mark.asterisk, pytest.mark.server, pytest.mark.timeout(900)]

NAMES = ["engine and spare killed", "engine and asterisk killed", "row refused"]


async def test_the_books_balance_after_each_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert set(NAMES) <= set(FAULTS)
    with centre_of_its_own(tmp_path) as (centre, servers), capsys.disabled():
        assert await play(centre, servers, seed=5, names=NAMES, folder=tmp_path) == 0
