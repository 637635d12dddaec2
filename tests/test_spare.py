"""An engine that waits for the lead: what it knows when it has it, what it answers meanwhile, and when it gives up."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from cti.engine.recovery import Follower
from cti.home import Home, Settings
from cti.spare import MadeOf, Outdated, until_leading
from cti.store.lead_file import FileLeadership
from cti.supervise import health
from tests.engine.world import Centre, MemoryJournal
from tests.running import PATIENCE_S, soon


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home.make(tmp_path / "h", Settings(port_base=21_000))
    made.centre_file.write_text("first", encoding="utf-8")
    return made


@pytest.fixture
def leader(home: Home) -> Iterator[FileLeadership]:
    leading = FileLeadership(home.path / "run")
    yield leading
    leading.resign()


def waiting(home: Home, follower: Follower, journal: MemoryJournal) -> "asyncio.Task[int]":
    claim = FileLeadership(home.path / "run")
    return asyncio.ensure_future(
        until_leading(claim, follower, journal, made_of=MadeOf(home), socket=home.spare_socket)
    )


async def test_whoever_is_alone_leads_at_once(home: Home) -> None:
    assert await asyncio.wait_for(waiting(home, Follower(), MemoryJournal()), PATIENCE_S) == 1
    assert not home.spare_socket.exists()


async def test_a_spare_follows_the_journal_and_leads_when_the_leader_is_gone(
    home: Home, leader: FileLeadership
) -> None:
    await leader.gained()
    centre, follower = Centre(), Follower()
    journal = MemoryJournal(list(centre.entries))
    spare = waiting(home, follower, journal)
    answers = health.local(home.spare_socket, b"ping\n", (health.FOLLOWS,))
    await soon(home.spare_socket.exists, what="its socket")
    async with asyncio.timeout(PATIENCE_S):
        while not await answers():
            pass
    centre.call("n1-1")
    journal.written = list(centre.entries)
    await soon(lambda: follower.number == centre.entries[-1].number, what="it follows")
    leader.resign()
    assert await asyncio.wait_for(spare, PATIENCE_S) == 2
    assert not home.spare_socket.exists()


async def test_a_spare_whose_centre_file_changed_gives_up_before_it_leads(home: Home, leader: FileLeadership) -> None:
    await leader.gained()
    spare = waiting(home, Follower(), MemoryJournal())
    await soon(home.spare_socket.exists, what="it waits")
    home.centre_file.write_text("the second one", encoding="utf-8")
    with pytest.raises(Outdated):
        await asyncio.wait_for(spare, PATIENCE_S)
    assert not home.spare_socket.exists()
