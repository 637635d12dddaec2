"""What an engine left in its spools, when the database may know better by now."""

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from cti.database import Database
from cti.domain.ids import AgentId, AssignmentId, ContactId, Medium, ProjectId
from cti.ports import Particulars
from cti.store import history as history_module
from cti.store import models
from cti.store.history import StoredHistory
from cti.store.journal import SqliteJournal
from cti.store.particulars import ParticularStore
from cti.store.row_spool import RowSpool
from tests.store.test_behind import dies
from tests.store.test_history import DEADLINE_S, running

pytestmark = pytest.mark.server

NOTES = models.table(models.NoteRow)


def caller(contact_id: str, *, address: str = "+79165550001", name: str = "Anna") -> Particulars:
    return Particulars(
        contact_id=ContactId(contact_id),
        project_id=ProjectId("telecom"),
        medium=Medium.CALLBACK,
        address=address,
        name=name,
        dialled="",
        language="en",
        path="",
        account="",
    )


def note(assignment_id: str, *, at_ms: int, text: str) -> history_module._Note:
    return history_module._Note(
        assignment_id=AssignmentId(assignment_id),
        contact_id=ContactId("c1"),
        agent_id=AgentId("u1"),
        at_ms=at_ms,
        text=text,
    )


async def test_a_person_who_was_erased_since_does_not_come_back(database: Database, tmp_path: Path) -> None:
    left = RowSpool(tmp_path, "particulars", Particulars)
    left.put([caller("c1"), caller("c2")])
    dies(left)
    store = ParticularStore(database, spools=tmp_path)
    async with running(store.run), asyncio.timeout(DEADLINE_S):
        store.keep([caller("c1", address="", name="")])
        await store.written()

    after = ParticularStore(database, spools=tmp_path)
    await after.recover()
    before = await after.recall([ContactId("c1"), ContactId("c2")])
    assert [before[ContactId(one)].address for one in ("c1", "c2")] == ["", "+79165550001"]
    async with running(after.run), asyncio.timeout(DEADLINE_S):
        await after.written()
    known = await after.recall([ContactId("c1"), ContactId("c2")])
    assert [known[ContactId(one)].address for one in ("c1", "c2")] == ["", "+79165550001"]


async def test_a_note_that_was_left_counts_unless_a_newer_one_stands_or_it_was_erased(
    database: Database, tmp_path: Path
) -> None:
    left = RowSpool(tmp_path / "spools", "notes", history_module._Note)
    left.put([note(one, at_ms=100, text="left") for one in ("none", "older", "newer", "erased")])
    dies(left)
    standing = [
        note("older", at_ms=50, text="stood"),
        note("newer", at_ms=150, text="stood"),
        note("erased", at_ms=50, text=""),
    ]
    database.write_now(lambda connection: history_module._write_notes(connection, standing))
    async with SqliteJournal(tmp_path / "journal.sqlite") as journal:
        history = StoredHistory(database, journal, spools=tmp_path / "spools")
        await history.recover_notes()
        async with running(history.run_notes), asyncio.timeout(DEADLINE_S):
            await history.notes_written()
    chosen = sa.select(NOTES.c.assignment_id, NOTES.c.text)
    rows = database.read_now(lambda connection: connection.execute(chosen).all())
    assert {row.assignment_id: row.text for row in rows} == {
        "none": "left",
        "older": "left",
        "newer": "stood",
        "erased": "",
    }
