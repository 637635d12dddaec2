"""The table of recorded talks, on both databases; and that erasing a person takes their keys."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from cti.crm import register
from cti.crm.register import NewCustomer
from cti.database import Database
from cti.domain.ids import AgentId, ContactId, ProjectId, QueueId
from cti.ports.recordings import Kept
from cti.store import models
from cti.store.recordings import StoredRecordings

pytestmark = pytest.mark.server

KEPT = Kept(
    recording_id="c1-a",
    contact_id=ContactId("c1"),
    project_id=ProjectId("telecom"),
    queue_id=QueueId("sales"),
    agents=(AgentId("u1"), AgentId("u2")),
    began_ms=1_000,
    length_ms=60_000,
    pauses=((2_000, 3_000),),
    keep_until_ms=90_000,
    size=960_058,
    sha256="ab" * 32,
    key_id="k1",
    wrapped_key="wrapped",
)


@pytest.fixture
def shelf(database: Database) -> StoredRecordings:
    return StoredRecordings(database, now_ms=lambda: 77)


def audit(database: Database) -> list[Any]:
    return database.read_now(lambda connection: list(connection.execute(sa.select(models.table(models.Deed)))))


async def test_what_was_put_comes_back_and_a_second_time_changes_nothing(shelf: StoredRecordings) -> None:
    await shelf.put(KEPT)
    await shelf.put(replace(KEPT, sha256="other"))
    assert await shelf.get("c1-a") == KEPT
    assert await shelf.of_contacts([ContactId("c1"), ContactId("c2")]) == [KEPT]
    assert await shelf.get("c1-b") is None


async def test_the_newest_come_first_and_the_next_page_goes_on(shelf: StoredRecordings) -> None:
    for number, at_ms in enumerate((1, 2, 2, 2, 3)):
        await shelf.put(replace(KEPT, recording_id=f"c{number}-a", began_ms=at_ms))
    first = await shelf.listed(limit=2)
    assert [one.recording_id for one in first] == ["c4-a", "c3-a"]
    second = await shelf.listed(limit=2, after=first[-1])
    assert [one.recording_id for one in second] == ["c2-a", "c1-a"], (
        "those of one instant are neither left out nor twice"
    )
    assert [one.recording_id for one in await shelf.listed(limit=2, after=second[-1])] == ["c0-a"]


async def test_erased_it_has_no_key_any_more_and_the_audit_says_so_once(
    shelf: StoredRecordings, database: Database
) -> None:
    await shelf.put(KEPT)
    assert await shelf.expired(89_999, limit=9) == []
    assert [one.recording_id for one in await shelf.expired(90_000, limit=9)] == ["c1-a"]
    assert await shelf.erased_among(["c1-a", "c9-a"]) == frozenset()
    assert await shelf.erase(["c1-a"], actor="system", why="retention") == 1
    assert await shelf.erase(["c1-a"], actor="system", why="retention") == 0
    assert await shelf.expired(90_000, limit=9) == []
    assert await shelf.erased_among(["c1-a", "c9-a"]) == {"c1-a"}, "one without a row is not erased"
    assert await shelf.get("c1-a") == replace(KEPT, key_id="", wrapped_key="", erased_ms=77)
    lines = [(line.actor, line.action, line.subject, line.detail) for line in audit(database)]
    assert lines.count(("system", "recording_erased", "c1-a", "retention")) == 1


async def test_a_key_is_wrapped_anew_only_if_it_is_the_one_that_was_read(shelf: StoredRecordings) -> None:
    await shelf.put(KEPT)
    assert await shelf.rewrap("c1-a", before="wrapped", key_id="k2", wrapped_key="again")
    assert not await shelf.rewrap("c1-a", before="wrapped", key_id="k3", wrapped_key="lost")
    assert await shelf.get("c1-a") == replace(KEPT, key_id="k2", wrapped_key="again")


async def test_a_key_is_in_use_while_something_is_not_erased_that_it_opens(shelf: StoredRecordings) -> None:
    for number, key in enumerate(("k1", "k1", "k2", "k3")):
        await shelf.put(replace(KEPT, recording_id=f"c{number}-a", key_id=key))
    assert await shelf.keys_in_use() == {"k1", "k2", "k3"}
    await shelf.erase(["c0-a", "c2-a"], actor="system", why="retention")
    assert await shelf.keys_in_use() == {"k1", "k3"}


async def test_erasing_a_customer_erases_his_recordings_and_nobody_elses(
    shelf: StoredRecordings, database: Database
) -> None:
    given = NewCustomer(project_id=ProjectId("telecom"), name="Carl", addresses=("+79165550001",))
    customer_id = await register.add(database, given)
    particulars = models.table(models.ContactParticulars)
    empty = dict.fromkeys(("name", "dialled", "language", "path", "account", "subject"), "")
    his = {**empty, "contact_id": "c1", "project_id": "telecom", "medium": "voice", "address": "+79165550001"}
    database.write_now(lambda connection: connection.execute(sa.insert(particulars).values(his)))
    await shelf.put(KEPT)
    await shelf.put(replace(KEPT, recording_id="c2-a", contact_id=ContactId("c2")))
    await register.erase(database, customer_id)
    erased, other = await shelf.get("c1-a"), await shelf.get("c2-a")
    assert erased is not None
    assert (erased.wrapped_key, erased.key_id) == ("", "")
    assert erased.erased_ms is not None
    assert other is not None
    assert other.erased_ms is None
