"""The ledger: each entry counts once, whatever dies, and a row that is refused holds up nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from msgspec import structs

from cti.database import Database, open_database
from cti.domain import facts
from cti.domain.events import Lead
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    CampaignId,
    ContactId,
    DialId,
    LeadId,
    LegCause,
    LegId,
    Medium,
    NodeId,
    OfferOutcome,
    ProjectId,
    QueueId,
    Readiness,
)
from cti.errors import ConfigError, DatabaseDown
from cti.ports import CallsMade, Entry, History, Particulars, Told
from cti.store import history as history_module
from cti.store import models
from cti.store.history import StoredHistory
from cti.store.journal import SqliteJournal
from cti.store.particulars import ParticularStore
from tests.running import PATIENCE_S
from tests.store.calls import AGENT, ARRIVED_MS, abandoned_call, asked_call, entry, offered, queued, served_call
from tests.store.server import PostgresServer

pytestmark = pytest.mark.server

DEADLINE_S = PATIENCE_S


@contextlib.asynccontextmanager
async def running(*jobs: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """The tasks of the store, as the app runs them."""
    tasks = [asyncio.ensure_future(job()) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    async with SqliteJournal(tmp_path / "journal.sqlite") as journal:
        yield journal


@pytest.fixture
def history(database: Database, journal: SqliteJournal) -> StoredHistory:
    return StoredHistory(database, journal)


async def happened(history: StoredHistory, journal: SqliteJournal, entries: list[Entry]) -> None:
    """Journal the entries and wait until the history has them."""
    async with running(history.run):
        for one in entries:
            journal.append(one)
        async with asyncio.timeout(DEADLINE_S):
            await history.reached(entries[-1].number)


async def told(history: History, contact_id: str = "c1") -> Told:
    found = await history.contact(ContactId(contact_id))
    assert found is not None
    return found


def count(database: Database, row: type[models.Base]) -> int:
    statement = sa.select(sa.func.count()).select_from(models.table(row))
    return database.read_now(lambda connection: int(connection.execute(statement).scalar_one()))


async def test_a_served_call_stands_in_the_ledger_with_its_times(
    history: StoredHistory, journal: SqliteJournal
) -> None:
    await happened(history, journal, served_call())
    line = await told(history)
    assert (line.arrived_ms, line.answered_ms) == (ARRIVED_MS, ARRIVED_MS + 5000)
    assert (line.ended_ms, line.closed_ms) == (ARRIVED_MS + 25_000, ARRIVED_MS + 28_000)
    assert (line.wait_ms, line.talk_ms, line.hold_ms, line.wrap_up_ms) == (5000, 16_000, 4000, 3000)
    assert (line.agent_id, line.disposition) == (AGENT, "sold")
    assert await history.took(AGENT, ContactId("c1"))
    assert not await history.took(AgentId("u9"), ContactId("c1"))


async def test_a_call_that_an_agent_asked_for_is_told_from_the_click_on_and_nobody_waited_in_it(
    history: StoredHistory, journal: SqliteJournal
) -> None:
    await happened(history, journal, asked_call())
    line = await told(history)
    assert line.outbound
    assert line.missed is None
    assert (line.dialled_ms, line.answered_ms) == (ARRIVED_MS + 4000, ARRIVED_MS + 10_000)
    assert (line.wait_ms, line.talk_ms, line.agent_id) == (None, 30_000, AGENT)


async def test_one_who_was_not_reached_is_told_with_the_reason_and_without_a_talk(
    history: StoredHistory, journal: SqliteJournal
) -> None:
    await happened(history, journal, asked_call(missed=LegCause.BUSY))
    line = await told(history)
    assert (line.missed, line.answered_ms, line.wait_ms, line.talk_ms) == (LegCause.BUSY, None, None, 0)


async def test_the_time_that_clicking_saved_is_summed_up(history: StoredHistory, journal: SqliteJournal) -> None:
    await happened(history, journal, asked_call())
    projects = [ProjectId("telecom")]
    made = await history.calls_made(projects, since_ms=ARRIVED_MS, until_ms=ARRIVED_MS + 1)
    assert made == CallsMade(asked=1, dialled=1, reached=1, to_dial_ms=4000, to_dial_p50_ms=4000, saved_ms=116_000)
    before = await history.calls_made(projects, since_ms=0, until_ms=ARRIVED_MS)
    others = await history.calls_made([ProjectId("clinic")], since_ms=0, until_ms=2 * ARRIVED_MS)
    assert (before.asked, others.asked, others.to_dial_p50_ms) == (0, 0, None)


async def test_who_was_answered_in_time_counts_and_who_left_before_the_target_does_not(
    history: StoredHistory, journal: SqliteJournal
) -> None:
    answered = served_call()
    left = abandoned_call(contact_id="c2", first=len(answered) + 1)
    waits = entry(len(answered) + len(left) + 1, queued("c3"))
    await happened(history, journal, [*answered, *left, waits])

    async def served(target_ms: int, *, since_ms: int = ARRIVED_MS, project: str = "telecom") -> tuple[int, ...]:
        targets = {QueueId("sales"): target_ms, QueueId("support"): 1}
        now_ms = ARRIVED_MS + 6000
        found = await history.served([ProjectId(project)], targets, since_ms=since_ms, now_ms=now_ms)
        return tuple(number for one in found for number in (one.counted, one.in_time, one.abandoned))

    assert await served(5000) == (3, 1, 1), "answered after 4 990, left after 6 990, waits since 5 990 ms"
    assert await served(4000) == (3, 0, 1)
    assert await served(6500) == (2, 1, 1), "one has time left"
    assert await served(8000) == (1, 1, 1), "and one left sooner than he should have been answered"
    assert await served(8000, since_ms=ARRIVED_MS + 1) == ()
    assert await served(8000, project="clinic") == ()


async def test_what_an_agent_asked_for_is_no_service(history: StoredHistory, journal: SqliteJournal) -> None:
    await happened(history, journal, asked_call())
    assert await history.served([ProjectId("telecom")], {QueueId("sales"): 1}, since_ms=0, now_ms=2 * ARRIVED_MS) == []


async def test_a_campaigns_callee_has_answered_from_the_start_and_is_no_call_that_an_agent_asked_for(
    history: StoredHistory, journal: SqliteJournal
) -> None:
    dial_id = DialId("d1")
    lead = Lead(lead_id=LeadId("l1"), address_key="k1")
    dialled = facts.LeadDialled(
        dial_id=dial_id,
        campaign_id=CampaignId("spring"),
        lead=lead,
        leg_id=LegId("leg"),
        node=NodeId("n1"),
        at_ms=ARRIVED_MS - 9000,
        until_ms=ARRIVED_MS,
        window=1,
    )
    queued_callee = structs.replace(queued(), outbound=True, campaign_id=CampaignId("spring"), lead_id=lead.lead_id)
    met = facts.CalleeQueued(dial_id=dial_id, contact_id=ContactId("c1"), at_ms=ARRIVED_MS)
    await happened(history, journal, [entry(1, dialled), entry(2, queued_callee, met), entry(3, offered())])
    assert (await told(history)).answered_ms == ARRIVED_MS
    made = await history.calls_made([ProjectId("telecom")], since_ms=0, until_ms=2 * ARRIVED_MS)
    assert (made.asked, made.dialled, made.reached) == (0, 0, 0)


async def test_a_callback_is_answered_when_its_customer_answers(history: StoredHistory, journal: SqliteJournal) -> None:
    asked, started, dialled, reached, *_rest = asked_call()
    wanted = structs.replace(queued(), leg_id=None, medium=Medium.CALLBACK)
    offer = asked.facts[1]
    await happened(history, journal, [entry(1, wanted, offer), started, dialled])
    assert (await told(history)).answered_ms is None
    await happened(history, journal, [reached])
    assert (await told(history)).answered_ms == ARRIVED_MS + 10_000


async def test_hanging_up_on_hold_counts_the_hold(history: StoredHistory, journal: SqliteJournal) -> None:
    call = served_call()
    del call[5]
    await happened(history, journal, [replace(one, number=place) for place, one in enumerate(call, start=1)])
    line = await told(history)
    assert (line.talk_ms, line.hold_ms) == (10_000, 10_000)


async def test_who_leaves_while_waiting_is_in_nobodys_history(history: StoredHistory, journal: SqliteJournal) -> None:
    await happened(history, journal, abandoned_call())
    line = await told(history)
    assert (line.wait_ms, line.answered_ms, line.disposition) == (7000, None, "abandoned")
    assert line.ended_ms == line.closed_ms == ARRIVED_MS + 7000
    assert await history.of_agent(AGENT, limit=10, before_ms=None) == []


async def test_an_offer_that_came_to_nothing_is_not_the_agents_contact(
    history: StoredHistory, journal: SqliteJournal
) -> None:
    failed = facts.OfferEnded(
        assignment_id=AssignmentId("a2"),
        outcome=OfferOutcome.TIMED_OUT,
        cause=LegCause.NO_ANSWER,
        at_ms=ARRIVED_MS + 15_000,
    )
    not_ready = facts.ReadinessChanged(
        agent_id=AGENT, readiness=Readiness.NOT_READY, reason=None, at_ms=ARRIVED_MS + 15_000
    )
    await happened(history, journal, [entry(1, queued(), offered()), entry(2, failed, not_ready)])
    assert not await history.took(AGENT, ContactId("c1"))
    assert (await told(history)).agent_id is None


async def test_an_agents_history_is_paged_newest_first(history: StoredHistory, journal: SqliteJournal) -> None:
    calls: list[Entry] = []
    for number in range(3):
        for one in served_call(contact_id=f"c{number}", assignment_id=f"a{number}", first=len(calls) + 1):
            moved = tuple(
                structs.replace(fact, arrived_ms=ARRIVED_MS + number) if isinstance(fact, facts.ContactQueued) else fact
                for fact in one.facts
            )
            calls.append(replace(one, facts=moved))
    await happened(history, journal, calls)
    first = await history.of_agent(AGENT, limit=2, before_ms=None)
    rest = await history.of_agent(AGENT, limit=2, before_ms=first[-1].arrived_ms)
    assert [line.contact_id for line in (*first, *rest)] == ["c2", "c1", "c0"]


async def test_the_note_and_the_customer_stand_beside_the_contact(
    database: Database, history: StoredHistory, journal: SqliteJournal
) -> None:
    particulars = ParticularStore(database)
    one = Particulars(
        contact_id=ContactId("c1"),
        project_id=ProjectId("telecom"),
        medium=Medium.VOICE,
        address="+79165550001",
        name='"; DROP TABLE contacts; --',
        dialled="+78005550100",
        language="ru",
        path="main:2",
        account="",
    )
    async with running(particulars.run, history.run_notes), asyncio.timeout(DEADLINE_S):
        particulars.keep([one])
        history.keep_note(AssignmentId("a2"), ContactId("c1"), AGENT, "first thought")
        history.keep_note(AssignmentId("a2"), ContactId("c1"), AGENT, "second thought")
        await particulars.written()
        await history.notes_written()
    await happened(history, journal, served_call())
    line = await told(history)
    assert (line.address, line.note) == ("+79165550001", "second thought")
    assert await particulars.recall([ContactId("c1"), ContactId("c2")]) == {"c1": one}
    many = [
        ContactId(f"c{number}") for number in range(260_000, 0, -1)
    ]  # more than a statement of SQLite's may ask for
    assert await particulars.recall(many) == {"c1": one}


async def test_a_new_process_goes_on_where_the_tables_end(
    database: Database, history: StoredHistory, journal: SqliteJournal
) -> None:
    call = served_call()
    await happened(history, journal, call[:4])
    for one in call[4:]:
        journal.append(one)
    await journal.flushed(len(call))
    later = StoredHistory(database, journal)
    async with running(later.run), asyncio.timeout(DEADLINE_S):
        await later.reached(len(call))
    assert (await told(later)).talk_ms == 16_000


async def test_projecting_all_of_it_again_changes_nothing(
    database: Database, history: StoredHistory, journal: SqliteJournal
) -> None:
    await happened(history, journal, served_call())
    before = await told(history)
    database.write_now(lambda connection: connection.execute(sa.delete(models.table(models.Projection))))
    again = StoredHistory(database, journal)
    async with running(again.run), asyncio.timeout(DEADLINE_S):
        await again.reached(8)
    assert await told(again) == before
    assert count(database, models.AssignmentRow) == 1


@pytest.mark.lesson(12)
async def test_an_entry_that_the_database_refuses_is_set_aside_and_the_rest_goes_on(
    database: Database, history: StoredHistory, journal: SqliteJournal
) -> None:
    refused = entry(1, structs.replace(queued("c0"), arrived_ms=1 << 80))
    await happened(history, journal, [refused, *served_call(first=2)])
    assert (await told(history)).talk_ms == 16_000
    rows = database.read_now(lambda connection: connection.execute(sa.select(models.table(models.SetAside))).all())
    assert [(row.entry, row.kind) for row in rows] == [(1, "EngineStarted")]
    assert rows[0].reason


async def test_tables_that_know_more_than_the_journal_stop_the_projector(
    database: Database, history: StoredHistory, journal: SqliteJournal
) -> None:
    position = sa.insert(models.table(models.Projection)).values(name=history_module.NAME, position=77)
    database.write_now(lambda connection: connection.execute(position))
    with pytest.raises(ConfigError, match="Restore both"):
        await asyncio.wait_for(history.run(), DEADLINE_S)
    with pytest.raises(ConfigError, match="Restore both"):
        await history.find_position()


@pytest.mark.postgres
async def test_after_ten_seconds_without_database_the_history_catches_up(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cti import store

    monkeypatch.setattr(history_module, "_HELD", 100)
    url = server.new_database()
    store.upgrade(url)
    database = open_database(url)
    async with SqliteJournal(tmp_path / "journal.sqlite") as journal:
        history = StoredHistory(database, journal)
        particulars = ParticularStore(database)
        async with running(history.run, history.run_notes, particulars.run), asyncio.timeout(90):
            entries = served_call()
            for one in entries:
                journal.append(one)
            await history.reached(len(entries))

            await asyncio.to_thread(server.stop)
            back = asyncio.get_running_loop().call_later(10, lambda: None).when()
            calls = 0
            while asyncio.get_running_loop().time() < back:
                calls += 1
                more = served_call(contact_id=f"x{calls}", assignment_id=f"b{calls}", first=journal.last_number + 1)
                for one in more:
                    journal.append(one)
                history.keep_note(AssignmentId(f"b{calls}"), ContactId(f"x{calls}"), AGENT, "written while away")
                await journal.flushed(more[-1].number)
                with pytest.raises(DatabaseDown):
                    await history.contact(ContactId("c1"))
                await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0.05)
            assert history.lag == 8 * calls
            await asyncio.to_thread(server.start)

            await history.reached(journal.last_number)
            await history.notes_written()
            line = await told(history, f"x{calls}")
            assert (line.talk_ms, line.note) == (16_000, "written while away")
            assert count(database, models.ContactRow) == calls + 1
            assert count(database, models.SetAside) == 0
    await database.close()


async def test_a_caller_s_name_of_any_bytes_is_kept(database: Database) -> None:
    particulars = ParticularStore(database)
    one = Particulars(
        contact_id=ContactId("c1"),
        project_id=ProjectId("telecom"),
        medium=Medium.VOICE,
        address="",
        name="a\0b\udc80${SHELL(id)}😀",
        dialled="",
        language="en",
        path="",
        account="",
    )
    async with running(particulars.run), asyncio.timeout(DEADLINE_S):
        particulars.keep([one])
        await particulars.written()
    assert (await particulars.recall([ContactId("c1")]))[ContactId("c1")].name == "ab?${SHELL(id)}😀"
