"""Who is not to be called: for one project or for all, entered one by one or by file, and audited."""

import asyncio
import io
from typing import Any
from unittest.mock import AsyncMock

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy.engine import Connection

from cti.cli import main
from cti.database import Database
from cti.domain.ids import ProjectId
from cti.errors import RuleError
from cti.store import do_not_call, models
from cti.store.directory import Directory
from cti.store.do_not_call import Imported, StoredDoNotCall, import_csv
from tests.running import PATIENCE_S

pytestmark = pytest.mark.server

TELECOM, CLINIC = ProjectId("telecom"), ProjectId("clinic")
ANN, BOB = "+79165550001", "+79165550002"


@pytest.fixture
def registry(database: Database) -> StoredDoNotCall:
    return StoredDoNotCall(database)


async def test_an_entry_holds_for_its_project_and_one_for_all_for_each(registry: StoredDoNotCall) -> None:
    assert await registry.add([ANN], project_id=TELECOM, reason="asked", actor="sveta") == 1
    assert await registry.add([BOB], project_id=None, reason="", actor="sveta") == 1
    assert await registry.is_listed(ANN, project_id=TELECOM)
    assert not await registry.is_listed(ANN, project_id=CLINIC)
    assert await registry.is_listed(BOB, project_id=CLINIC)
    assert await registry.listed_among([ANN, BOB, "+79165550003"], project_id=CLINIC) == {BOB}


async def test_entered_twice_it_stands_once_and_keeps_its_first_reason(registry: StoredDoNotCall) -> None:
    await registry.add([ANN], project_id=TELECOM, reason="asked", actor="sveta")
    assert await registry.add([ANN], project_id=TELECOM, reason="again", actor="root") == 0
    (entry,) = await registry.entries([TELECOM, None], limit=10)
    assert (entry.reason, entry.actor) == ("asked", "sveta")


async def test_taking_one_out_leaves_the_entry_for_all(registry: StoredDoNotCall) -> None:
    for project in (TELECOM, None):
        await registry.add([ANN], project_id=project, reason="", actor="sveta")
    assert await registry.remove(ANN, project_id=TELECOM, actor="sveta")
    assert not await registry.remove(ANN, project_id=TELECOM, actor="sveta")
    assert await registry.is_listed(ANN, project_id=TELECOM)


async def test_entries_are_found_by_how_they_begin_and_nobody_sees_another_projects(registry: StoredDoNotCall) -> None:
    await registry.add([ANN, "+442079460000"], project_id=TELECOM, reason="", actor="sveta")
    assert [one.number for one in await registry.entries([TELECOM], begins="+44", limit=10)] == ["+442079460000"]
    assert await registry.entries([TELECOM], begins="+%", limit=10) == []
    assert await registry.entries([CLINIC, None], limit=10) == []


async def test_what_another_process_enters_is_known_at_the_next_look_without_asking_the_table(
    registry: StoredDoNotCall, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = StoredDoNotCall(database)
    await registry.look()
    await other.add([ANN], project_id=TELECOM, reason="", actor="test")
    await registry.look()
    monkeypatch.setattr(database, "read", None)
    assert await registry.is_listed(ANN, project_id=TELECOM)
    assert not await registry.is_listed(ANN, project_id=CLINIC)
    monkeypatch.undo()
    await other.remove(ANN, project_id=TELECOM, actor="test")
    await registry.look()
    assert not await registry.is_listed(ANN, project_id=TELECOM)


async def test_what_this_process_enters_holds_at_once(registry: StoredDoNotCall) -> None:
    await registry.look()
    await registry.add([BOB], project_id=None, reason="", actor="test")
    assert await registry.is_listed(BOB, project_id=TELECOM)
    await registry.look()
    await registry.remove(BOB, project_id=None, actor="test")
    assert not await registry.is_listed(BOB, project_id=TELECOM)


async def test_what_this_process_enters_is_read_anew_whatever_number_its_line_has(
    registry: StoredDoNotCall, database: Database
) -> None:
    await registry.add([ANN], project_id=None, reason="", actor="test")
    await registry.look()
    await registry.add([BOB], project_id=None, reason="", actor="test")

    def as_if_it_ended_late(connection: Connection) -> None:
        deeds = models.table(models.Deed)
        last = sa.select(sa.func.max(deeds.c.deed_id)).scalar_subquery()
        connection.execute(sa.delete(deeds).where(deeds.c.deed_id == last))

    await database.write(as_if_it_ended_late)
    await registry.look()
    assert await registry.is_listed(BOB, project_id=TELECOM)


@pytest.mark.parametrize(("constant", "value"), [("_MIRRORED", 1), ("_FRESH_S", -1.0)])
async def test_a_mirror_too_small_or_too_old_is_not_trusted(
    registry: StoredDoNotCall, database: Database, monkeypatch: pytest.MonkeyPatch, constant: str, value: float
) -> None:
    monkeypatch.setattr(do_not_call, constant, value)
    await StoredDoNotCall(database).add([ANN, BOB], project_id=None, reason="", actor="test")
    await registry.look()
    asked = AsyncMock(wraps=database.read)
    monkeypatch.setattr(database, "read", asked)
    assert await registry.is_listed(BOB, project_id=TELECOM)
    assert asked.await_count == 1


async def test_the_mirror_is_kept_fresh(registry: StoredDoNotCall, database: Database) -> None:
    looked = asyncio.Event()
    read = database.read

    async def seen(work: Any, **options: Any) -> Any:
        looked.set()
        return await read(work, **options)

    database.read = seen  # type: ignore[method-assign]  # to see that it is read
    keeping = asyncio.create_task(registry.keep_fresh())
    async with asyncio.timeout(PATIENCE_S):
        await looked.wait()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


async def test_the_audit_tells_of_changes_without_telling_whom_one_may_not_call(
    registry: StoredDoNotCall, database: Database
) -> None:
    await registry.add([ANN], project_id=TELECOM, reason="asked", actor="sveta")
    await registry.remove(ANN, project_id=TELECOM, actor="root")
    deeds = await Directory(database).audit(limit=10, before_ms=None)
    told = [(deed.actor, deed.action, deed.subject, deed.detail) for deed in deeds]
    assert told == [
        ("root", "do_not_call_removed", "+7916555••••", "telecom"),
        ("sveta", "do_not_call_added", "+7916555••••", "telecom"),
    ]


async def test_a_file_is_read_with_or_without_a_heading_and_a_bad_line_is_named(registry: StoredDoNotCall) -> None:
    text = f'name,number\nAnn,"8 (916) 555-00-01"\nNobody,none\n\nBob,{BOB}\nBob,{BOB}\nShort\n'
    told: list[int] = []
    done = await import_csv(
        registry,
        io.StringIO(text),
        project_id=None,
        country="RU",
        reason="list",
        actor="root",
        progress=told.append,
    )
    assert (done.read, done.added, [line for line, _ in done.refused]) == (5, 2, [3, 7])
    assert told == [5]
    bare = await import_csv(
        registry, io.StringIO(f"{ANN}\n"), project_id=TELECOM, country="RU", reason="", actor="root", dry_run=True
    )
    assert bare == Imported(read=1)
    assert not await registry.entries([TELECOM], limit=10)


async def test_a_file_that_is_no_text_is_refused_with_a_sentence(registry: StoredDoNotCall) -> None:
    file = io.TextIOWrapper(io.BytesIO(b"\xff\xfe\x00"), encoding="utf-8")
    with pytest.raises(RuleError, match="CSV in UTF-8"):
        await import_csv(registry, file, project_id=None, country="RU", reason="", actor="root")


def test_the_commands_add_list_and_remove(database: Database) -> None:
    url = str(database.engine.url.render_as_string(hide_password=False))

    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(main, ["dnc", *arguments, "--database", url])
        assert result.exit_code == code, result.output
        return result.output

    assert "1 added" in run("add", "8 916 555-00-01", "--project", "telecom", "--reason", "asked")
    assert "no number" in run("add", "nobody", code=2)
    assert "1 added" in run("add", BOB)
    assert run("list").splitlines() == [f"{BOB}\tall projects\tcommand line\t"]
    assert run("list", "--project", "telecom").splitlines() == [f"{ANN}\ttelecom\tcommand line\tasked"]
    assert "taken out" in run("remove", ANN, "--project", "telecom")
    assert "does not stand there" in run("remove", ANN, "--project", "telecom", code=2)
