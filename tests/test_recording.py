"""`cti recordings` beside an engine that goes on: what moves from the notes into the table meanwhile is not missed."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from cti import store
from cti.cli import main
from cti.domain.ids import AgentId, ContactId, LegId, NodeId, ProjectId, QueueId
from cti.home import Home, Settings
from cti.ports.recordings import Kept
from cti.recordings import keys
from cti.recordings.spool import Note, Spool
from cti.store.recordings import StoredRecordings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home.make(tmp_path / "home", Settings())
    store.upgrade(home.database_url)
    Spool(home).make()
    return home


def sealed(home: Home) -> Kept:
    """A recording that is not in the table yet; its file stands, and its note."""
    wrapped = keys.Keyring(home.secrets.recording_keys).wrap(keys.new_key(), "c1-a")
    kept = Kept(
        recording_id="c1-a",
        contact_id=ContactId("c1"),
        project_id=ProjectId("telecom"),
        queue_id=QueueId("sales"),
        agents=(AgentId("u1"),),
        began_ms=1_000,
        length_ms=1_000,
        pauses=(),
        keep_until_ms=1 << 42,
        size=0,
        sha256="",
        key_id=wrapped.key_id,
        wrapped_key=wrapped.text,
    )
    spool = Spool(home)
    spool.save(
        Note(
            recording_id=kept.recording_id,
            contact_id=kept.contact_id,
            leg_id=LegId("n1-1"),
            node=NodeId("n1"),
            project_id=kept.project_id,
            queue_id=kept.queue_id,
            began_ms=kept.began_ms,
            keep_days=2,
            ended=True,
            sealed=kept,
        )
    )
    place = spool.place(kept.recording_id, kept.began_ms)
    place.parent.mkdir()
    place.write_bytes(b"sealed")
    return kept


def key_ids(home: Home) -> list[str]:
    return [one.id for one in Home.open(home.path).secrets.recording_keys]


def test_a_key_stays_whose_recording_is_entered_while_the_keys_in_use_are_looked_up(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = sealed(home)
    home.with_recording_key()
    keys_in_use = StoredRecordings.keys_in_use

    async def entered_after(shelf: StoredRecordings) -> frozenset[str]:
        used = await keys_in_use(shelf)
        await shelf.put(kept)
        Spool(home).forget(kept.recording_id)
        return used

    monkeypatch.setattr(StoredRecordings, "keys_in_use", entered_after)
    done = CliRunner().invoke(main, ["recordings", "new-key", "--home", str(home.path)])
    assert done.exit_code == 0, done.output
    assert kept.key_id in key_ids(home)


def test_a_recording_that_is_entered_during_the_check_is_no_strange_file(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, listed, ends = sealed(home), StoredRecordings.listed, 0

    async def entered_after(shelf: StoredRecordings, *, limit: int, after: Kept | None = None) -> Sequence[Kept]:
        nonlocal ends
        found = await listed(shelf, limit=limit, after=after)
        ends += not found
        if ends == 2:  # the table was read for the files' owners
            await shelf.put(kept)
            Spool(home).forget(kept.recording_id)
        return found

    monkeypatch.setattr(StoredRecordings, "listed", entered_after)
    done = CliRunner().invoke(main, ["recordings", "verify", "--home", str(home.path), "--json"])
    assert done.exit_code == 0, done.output
    assert ends == 2
    assert json.loads(done.output)["unknown"] == []
