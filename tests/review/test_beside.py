"""Explaining and auditing beside a running engine: off the loop, with a deadline, and heard when something is wrong."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from cti.domain import state
from cti.domain.acd import Acd
from cti.domain.facts import AssignmentOffered
from cti.domain.ids import ContactId
from cti.errors import OutsideError
from cti.metrics import Metrics
from cti.ports import Entry
from cti.review.beside import Storyteller, Watch
from cti.store.journal import SqliteJournal
from tests.review.test_commands import busy_morning, entries, recorded
from tests.running import soon

pytestmark = pytest.mark.long


WITHIN_S = 30


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return recorded(tmp_path / "journal.sqlite", entries(busy_morning()))


async def test_a_story_is_told_while_the_loop_goes_on(journal: Path) -> None:
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    turning = asyncio.create_task(turn())
    teller = Storyteller(journal, deadline_s=WITHIN_S)
    story = await teller.story(busy_morning().contact_ids["kim"])
    turning.cancel()
    assert story is not None
    assert [offer.agent_id for offer in story.offers] == ["ann"]
    assert turns > 1_000


async def test_what_the_journal_does_not_know_has_no_story(journal: Path) -> None:
    assert await Storyteller(journal, deadline_s=WITHIN_S).story(ContactId("c999")) is None


async def test_a_story_that_takes_too_long_is_given_up_with_a_sentence(journal: Path) -> None:
    with pytest.raises(OutsideError, match=r"could not be explained within 0\.01 s"):
        await Storyteller(journal, deadline_s=0.01).story(ContactId("c2"))


async def test_a_journal_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match="could not be read") as told:
        await Storyteller(tmp_path / "none.sqlite", deadline_s=WITHIN_S).story(ContactId("c2"))
    assert str(tmp_path) not in str(told.value)


async def watched(journal: SqliteJournal, decided: list[Entry], known: int) -> tuple[Metrics, asyncio.Task[None]]:
    """A watch that began when so many entries had been decided, and has heard of the rest."""
    acd = Acd()
    for entry in decided[:known]:
        acd.fold(entry.number, entry.facts)
        journal.append(entry)
    metrics, taken = Metrics(), asyncio.Event()

    def snapshot() -> state.Snapshot:
        taken.set()
        return state.snapshot(acd.state)

    watch = Watch(journal, snapshot=snapshot, metrics=metrics)
    watching = asyncio.create_task(watch.run())
    await taken.wait()
    for entry in decided[known:]:
        journal.append(entry)
    return metrics, watching


def counted(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.counter(name, "").value(**labels)


async def test_the_watch_counts_who_was_passed_and_why(tmp_path: Path) -> None:
    async with SqliteJournal(tmp_path / "journal.sqlite") as journal:
        metrics, watching = await watched(journal, entries(busy_morning()), known=3)
        await soon(lambda: counted(metrics, "triune_overtakings_total", reason="priority") == 1, what="it is counted")
        assert counted(metrics, "triune_unexplained_overtakings_total") == 0
        watching.cancel()


async def test_the_watch_raises_an_alarm_at_what_no_policy_explains(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    day = busy_morning()
    kim = day.contact_ids["kim"]
    decided = []
    for entry in entries(day):
        facts = tuple(
            replace(fact, contact_id=kim) if isinstance(fact, AssignmentOffered) else fact for fact in entry.facts
        )
        decided.append(Entry(number=entry.number, at_ms=entry.at_ms, event=entry.event, facts=facts, refused=None))
        if facts != entry.facts:
            break
    with caplog.at_level(logging.ERROR):
        async with SqliteJournal(tmp_path / "journal.sqlite") as journal:
            metrics, watching = await watched(journal, decided, known=3)
            await soon(lambda: counted(metrics, "triune_unexplained_overtakings_total") == 1, what="it is counted")
            watching.cancel()
    assert [getattr(record, "action", "") for record in caplog.records] == ["unexplained_offer"]


async def test_after_facts_that_do_not_fit_the_watch_begins_anew(tmp_path: Path) -> None:
    """The second half of a day without the first does not fold; from the next snapshot on all is well again."""
    decided = entries(busy_morning())
    async with SqliteJournal(tmp_path / "journal.sqlite") as journal:
        snapshots = 0
        acd = Acd()

        def snapshot() -> state.Snapshot:
            nonlocal snapshots
            snapshots += 1
            return state.snapshot(acd.state)

        metrics = Metrics()
        watch = Watch(journal, snapshot=snapshot, metrics=metrics)
        watching = asyncio.create_task(watch.run())
        await soon(lambda: snapshots == 1, what="a snapshot is taken")
        for entry in decided[-2:]:
            journal.append(entry)
        await soon(lambda: snapshots == 2, what="a snapshot is taken")
        assert counted(metrics, "triune_unexplained_overtakings_total") >= 1
        watching.cancel()


async def test_what_settled_untold_is_no_fault_the_watch_begins_anew(tmp_path: Path) -> None:
    """PostgreSQL was away: its spool is stored at once, of which an empty batch tells, and the next follow."""
    decided = entries(busy_morning())
    async with SqliteJournal(tmp_path / "journal.sqlite") as journal:
        listeners: list[Callable[[Sequence[Entry]], None]] = []
        journal.on_flushed = listeners.append  # type: ignore[assignment,method-assign]  # the test tells what is stored
        acd, metrics, snapshots = Acd(), Metrics(), 0

        def snapshot() -> state.Snapshot:
            nonlocal snapshots
            snapshots += 1
            return state.snapshot(acd.state)

        watching = asyncio.create_task(Watch(journal, snapshot=snapshot, metrics=metrics).run())
        await soon(lambda: snapshots == 1, what="a snapshot is taken")
        for entry in decided:
            acd.fold(entry.number, entry.facts)
        for batch in ([], decided[-2:]):
            listeners[0](batch)
        await soon(lambda: snapshots == 2, what="a snapshot is taken")
        assert counted(metrics, "triune_unexplained_overtakings_total") == 0
        watching.cancel()
