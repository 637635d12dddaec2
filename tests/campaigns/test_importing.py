"""Reading whole lists: errors by line, nobody twice, nothing at all with `strict`, and again without harm."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from cti import store
from cti.campaigns import importing
from cti.campaigns.importing import Wish
from cti.database import Database, open_database
from cti.domain.ids import CampaignId
from cti.errors import NotFound
from cti.ports.campaigns import ImportReport, ImportState, RowError
from cti.store import models
from cti.store.leads import StoredLeads
from tests.campaigns.centres import with_campaigns
from tests.campaigns.floor import SPRING

pytestmark = pytest.mark.server

LIST = "number,name\n+79165550001,Anna\nhello,Bad\n+79165550002,Boris\n+79165550001,Anna again\n"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path / 'triune.sqlite'}"
    store.upgrade(url)
    database = open_database(url)
    yield database
    await database.close()


async def read(
    database: Database, text: str, *, told: list[RowError] | None = None, dry_run: bool = False, strict: bool = False
) -> list[ImportReport]:
    wish = Wish(campaign_id=SPRING, content=text.encode(), dry_run=dry_run, strict=strict)
    tell = (told if told is not None else []).append
    return [one async for one in importing.run(with_campaigns(), StoredLeads(database), wish, tell_error=tell)]


async def entered(database: Database) -> int:
    return len(await StoredLeads(database).search(SPRING, text="", state=None, limit=9999, after=0))


async def test_wrong_lines_are_told_and_the_rest_go_on(database: Database) -> None:
    told: list[RowError] = []
    *_, last = await read(database, LIST, told=told)
    assert (last.state, last.added, last.errors, last.rows) == (ImportState.DONE, 2, 2, 4)
    assert [(one.line, one.code) for one in told] == [(3, "bad_number"), (5, "twice")]
    assert last.first_errors == tuple(told)


async def test_the_same_file_again_adds_nothing_and_is_no_mistake(database: Database) -> None:
    await read(database, LIST)
    *_, last = await read(database, LIST)
    assert (last.added, last.known, last.errors) == (0, 2, 2)
    assert await entered(database) == 2


async def test_a_dry_run_tells_the_same_and_enters_nothing(database: Database) -> None:
    *_, examined = await read(database, LIST, dry_run=True)
    assert await entered(database) == 0
    *_, done = await read(database, LIST)
    assert replace(examined, dry_run=False) == done


async def test_strict_enters_nothing_when_a_line_is_wrong_and_all_when_none_is(database: Database) -> None:
    told: list[RowError] = []
    *_, last = await read(database, LIST, told=told, strict=True)
    assert (last.state, last.added, await entered(database)) == (ImportState.FAILED, 0, 0)
    assert len(told) == 2, "each is told once"
    *_, last = await read(database, "number\n+79165550001\n", strict=True)
    assert (last.state, last.added) == (ImportState.DONE, 1)


async def test_who_is_not_to_be_called_is_told_by_his_line(database: Database) -> None:
    row = {"project_id": "telecom", "number": "+79165550002", "added_ms": 1, "actor": "test", "reason": ""}
    await database.write(lambda c: c.execute(sa.insert(models.table(models.DoNotCallRow)).values(row)))
    told: list[RowError] = []
    *_, last = await read(database, LIST, told=told)
    assert (last.added, last.barred) == (1, 1)
    assert (4, "do_not_call") in [(one.line, one.code) for one in told]


async def test_a_long_list_is_read_piece_by_piece(database: Database) -> None:
    text = "number\n" + "".join(f"+7916{place:07}\n" for place in range(2500))
    reports = await read(database, text)
    assert [one.rows for one in reports] == [0, 1000, 2000, 2500, 2500]
    assert {one.total for one in reports} == {2500}
    assert await entered(database) == 2500


async def test_an_unknown_campaign_is_named_with_those_that_there_are(database: Database) -> None:
    wish = Wish(campaign_id=CampaignId("autumn"), content=b"number\n")
    with pytest.raises(NotFound, match="There are: spring"):
        _ = [one async for one in importing.run(with_campaigns(), StoredLeads(database), wish)]
