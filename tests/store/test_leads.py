"""Lists of campaigns on both databases: who is entered, who is due, and what attempts leave behind."""

import pytest
import sqlalchemy as sa

from cti.crm import register
from cti.crm.register import NewCustomer
from cti.database import Database
from cti.domain import facts
from cti.domain.events import Lead
from cti.domain.facts import Fact
from cti.domain.ids import (
    CampaignId,
    ContactId,
    DialId,
    DialResult,
    DispositionId,
    LeadId,
    LegId,
    NodeId,
    ProjectId,
)
from cti.ports.campaigns import Again, Asked, Attempt, Entered, LeadState, NewLead, Progress
from cti.store import models, projection
from cti.store.leads import StoredLeads
from tests.store.calls import entry, queued

pytestmark = pytest.mark.server

SPRING, TELECOM = CampaignId("spring"), ProjectId("telecom")
MOSCOW, OMSK = "Europe/Moscow", "Asia/Omsk"
NOW = 2_000_000_000
LATER = Again(disposition=DispositionId("call_back"), after_ms=600, attempts=3)


def new(last: int, *, tier: int = 0, zone: str = MOSCOW, not_before_ms: int | None = None, **columns: str) -> NewLead:
    return NewLead(
        line=last,
        number=f"+7916555{last:04}",
        zones=(zone,),
        name=f"Lead {last}",
        tier=tier,
        not_before_ms=not_before_ms,
        columns=columns,
    )


async def listed(database: Database, *leads: NewLead) -> StoredLeads:
    found = StoredLeads(database)
    await found.enter(SPRING, leads, project_id=TELECOM)
    return found


def asked(
    now: int = NOW, *, zones: tuple[str, ...] = (MOSCOW,), without: tuple[str, ...] = (), limit: int = 9
) -> Asked:
    return Asked(
        campaign_id=SPRING,
        project_id=TELECOM,
        now=now,
        open_zones=zones,
        again=(LATER,),
        without=tuple(map(LeadId, without)),
        limit=limit,
    )


async def due(leads: StoredLeads, now: int = NOW, **more: object) -> list[str]:
    return [one.lead.lead_id for one in await leads.due(asked(now, **more))]  # type: ignore[arg-type]  # as `asked` takes it


async def project(database: Database, *decided: Fact, number: int = 1) -> None:
    await database.write(lambda connection: projection.apply(connection, entry(number, *decided)))


def dialled(lead: str = "l1", dial: str = "d1", *, attempts: int = 0) -> facts.LeadDialled:
    return facts.LeadDialled(
        dial_id=DialId(dial),
        campaign_id=SPRING,
        lead=Lead(lead_id=LeadId(lead), attempts=attempts),
        leg_id=LegId(f"leg-{dial}"),
        node=NodeId("n1"),
        at_ms=NOW,
        until_ms=NOW + 25_000,
        window=1,
    )


def ended(
    result: DialResult, *, next_ms: int | None, lead: str = "l1", dial: str = "d1", attempts: int = 1, contact: str = ""
) -> facts.AttemptEnded:
    return facts.AttemptEnded(
        campaign_id=SPRING,
        lead_id=LeadId(lead),
        dial_id=DialId(dial),
        result=result,
        attempts=attempts,
        at_ms=NOW + 10_000,
        next_ms=next_ms,
        contact_id=ContactId(contact) if contact else None,
    )


async def bar(database: Database, number: str, *, project: str = "telecom") -> None:
    row = {"project_id": project, "number": number, "added_ms": 1, "actor": "test", "reason": ""}
    await database.write(lambda c: c.execute(sa.insert(models.table(models.DoNotCallRow)).values(row)))


async def test_the_same_list_again_adds_nothing(database: Database) -> None:
    leads = await listed(database, new(1), new(2))
    assert await leads.enter(SPRING, [new(1), new(2), new(3)], project_id=TELECOM) == Entered(
        added=1, known=(1, 2), barred=()
    )
    assert await leads.enter(CampaignId("autumn"), [new(1)], project_id=TELECOM) == Entered(
        added=1, known=(), barred=()
    )


async def test_examining_tells_the_same_and_enters_nothing(database: Database) -> None:
    leads = await listed(database, new(1))
    await bar(database, new(2).number)
    told = await leads.examine(SPRING, [new(1), new(2), new(3)], project_id=TELECOM)
    assert told == Entered(added=1, known=(1,), barred=(2,))
    assert len(await leads.search(SPRING, text="", state=None, limit=9, after=0)) == 1


async def test_who_is_not_to_be_called_is_not_entered_nor_due_any_more(database: Database) -> None:
    leads = await listed(database, new(1), new(2), new(3))
    await bar(database, new(1).number)
    await bar(database, new(2).number, project="")
    await bar(database, new(3).number, project="clinic")
    assert await due(leads) == ["l3"]
    assert await leads.barred([LeadId("l1"), LeadId("l2"), LeadId("l3"), LeadId("l9")], project_id=TELECOM) == {
        "l1",
        "l2",
        "l9",
    }
    assert (await leads.progress(asked())).barred == 2


async def test_new_leads_go_by_tier_and_then_by_the_list(database: Database) -> None:
    leads = await listed(database, new(1), new(2, tier=3), new(3), new(4, tier=3))
    assert await due(leads) == ["l2", "l4", "l1", "l3"]
    assert await due(leads, limit=1, without=("l2",)) == ["l4"]


async def test_a_place_where_it_is_no_calling_time_is_left_out(database: Database) -> None:
    leads = await listed(database, new(1), new(2, zone=OMSK))
    assert sorted(await leads.zones(SPRING)) == [OMSK, MOSCOW]
    assert await due(leads, zones=(OMSK,)) == ["l2"]
    assert await due(leads, zones=()) == []
    assert (await leads.progress(asked())).outside_hours == 1


async def test_a_lead_that_is_not_to_be_called_before_a_time_waits_for_it(database: Database) -> None:
    leads = await listed(database, new(1, not_before_ms=NOW + 5))
    assert await due(leads) == []
    assert (await leads.progress(asked())).next_ms == NOW + 5
    assert await due(leads, NOW + 5) == ["l1"]


async def test_a_due_retry_goes_before_new_leads(database: Database) -> None:
    leads = await listed(database, new(1), new(2, tier=9))
    await project(database, dialled(), ended(DialResult.BUSY, next_ms=NOW + 60_000))
    assert await due(leads) == ["l2"]
    assert await due(leads, NOW + 60_000) == ["l1", "l2"]
    (again, _) = await leads.due(asked(NOW + 60_000))
    assert again.lead.attempts == 1


async def test_a_lead_being_tried_is_not_due(database: Database) -> None:
    leads = await listed(database, new(1))
    await project(database, dialled())
    assert await due(leads, NOW + 10**9) == []
    assert (await leads.progress(asked())).trying == 1


async def test_a_disposition_has_a_connected_lead_tried_again_so_often(database: Database) -> None:
    leads = await listed(database, new(1))
    await project(
        database,
        dialled(),
        queued(),
        facts.CalleeQueued(dial_id=DialId("d1"), contact_id=ContactId("c1"), at_ms=NOW),
        ended(DialResult.CONNECTED, next_ms=None, contact="c1"),
    )
    assert (await leads.progress(asked())).done == {DialResult.CONNECTED: 1}
    closed = facts.ContactClosed(contact_id=ContactId("c1"), disposition=LATER.disposition, at_ms=NOW + 20_000)
    await project(database, closed, number=2)
    assert await leads.withdraw(CampaignId("autumn"), None, now=NOW, again=(LATER,)) == 0
    assert await due(leads, NOW + 10_599) == []
    assert await due(leads, NOW + 10_600) == ["l1"]
    told = await leads.progress(asked())
    assert (told.retry, told.done, told.next_ms) == (1, {}, NOW + 10_600)
    await project(
        database, dialled(dial="d2"), ended(DialResult.CONNECTED, next_ms=None, dial="d2", attempts=3), number=3
    )
    assert await due(leads, NOW + 10**6) == []


async def test_whoever_is_to_be_called_back_is_withdrawn_with_the_rest(database: Database) -> None:
    leads = await listed(database, new(1), new(2))
    met = facts.CalleeQueued(dial_id=DialId("d1"), contact_id=ContactId("c1"), at_ms=NOW)
    closed = facts.ContactClosed(contact_id=ContactId("c1"), disposition=LATER.disposition, at_ms=NOW + 20_000)
    await project(database, dialled(), queued(), met, ended(DialResult.CONNECTED, next_ms=None, contact="c1"), closed)
    assert await leads.withdraw(SPRING, None, now=NOW, again=(LATER,)) == 2
    assert await due(leads, NOW + 10**6) == []


async def test_the_same_facts_again_leave_the_same_rows(database: Database) -> None:
    leads = await listed(database, new(1))
    decided = (
        dialled(),
        facts.DialAnswered(dial_id=DialId("d1"), at_ms=NOW + 9000, until_ms=NOW + 11_000),
        facts.CalleeQueued(dial_id=DialId("d1"), contact_id=ContactId("c1"), at_ms=NOW + 9000),
        ended(DialResult.CONNECTED, next_ms=None, contact="c1"),
    )
    await project(database, *decided)
    once = await leads.attempts(LeadId("l1")), await leads.lead(SPRING, LeadId("l1"))
    await project(database, *decided)
    assert (await leads.attempts(LeadId("l1")), await leads.lead(SPRING, LeadId("l1"))) == once
    assert once[0] == [
        Attempt(
            dial_id=DialId("d1"),
            lead_id=LeadId("l1"),
            dialled_ms=NOW,
            answered_ms=NOW + 9000,
            ended_ms=NOW + 10_000,
            result=DialResult.CONNECTED,
            contact_id=ContactId("c1"),
            agent_id=None,
            talk_ms=None,
            disposition=None,
            next_ms=None,
        )
    ]


async def test_a_lead_that_an_agent_looks_at_is_being_tried(database: Database) -> None:
    leads = await listed(database, new(1))
    shown = facts.LeadShown(
        dial_id=DialId("d1"),
        campaign_id=SPRING,
        lead=Lead(lead_id=LeadId("l1")),
        contact_id=ContactId("c1"),
        at_ms=NOW,
    )
    await project(database, shown)
    (attempt,) = await leads.attempts(LeadId("l1"))
    assert attempt.contact_id == "c1"
    await project(database, ended(DialResult.SKIPPED, next_ms=NOW + 99, attempts=0, contact="c1"), number=2)
    assert await due(leads, NOW + 99) == ["l1"]


async def test_a_withdrawn_lead_is_never_due_again(database: Database) -> None:
    leads = await listed(database, new(1), new(2))
    assert await leads.withdraw(SPRING, [LeadId("l1")], now=NOW) == 1
    assert await due(leads) == ["l2"]
    await project(database, dialled(), ended(DialResult.BUSY, next_ms=NOW))
    assert await due(leads, NOW + 1) == ["l2"]
    assert await leads.withdraw(SPRING, None, now=NOW) == 1
    assert await leads.progress(asked()) == Progress(total=2, withdrawn=2)


async def test_an_erased_person_leaves_his_list_nameless_and_is_not_called(database: Database) -> None:
    leads = await listed(database, new(1, contract="42"), new(2))
    customer = NewCustomer(project_id=TELECOM, name="Kim", addresses=(new(1).number,))
    await register.erase(database, await register.add(database, customer))
    row = await leads.lead(SPRING, LeadId("l1"))
    assert row is not None
    assert (row.callee.number, row.callee.name, dict(row.callee.columns)) == ("", "", {})
    assert await due(leads) == ["l2"]


async def test_a_lead_is_found_by_a_part_of_its_number_or_name(database: Database) -> None:
    leads = StoredLeads(database)
    anna = NewLead(line=1, number="+79165550001", zones=(MOSCOW,), name="Анна Ким")
    await leads.enter(SPRING, [anna, new(2)], project_id=TELECOM)
    for text in ("анна", "916 555-00-01", "Ким"):
        assert [row.callee.lead_id for row in await leads.search(SPRING, text=text, state=None, limit=9, after=0)] == [
            "l1"
        ], text
    assert await leads.search(SPRING, text="%", state=None, limit=9, after=0) == []
    assert len(await leads.search(SPRING, text="", state=LeadState.NEW, limit=9, after=1)) == 1


async def test_the_rolling_rate_counts_live_answers_and_confirmed_humans(database: Database) -> None:
    leads = await listed(database, *map(new, range(1, 5)))
    results = (DialResult.CONNECTED, DialResult.ABANDONED, DialResult.MACHINE, DialResult.NO_ANSWER)
    for place, result in enumerate(results, start=1):
        dial, lead = f"d{place}", f"l{place}"
        answered = facts.DialAnswered(dial_id=DialId(dial), at_ms=NOW, until_ms=NOW)
        answers = (answered,) if result is not DialResult.NO_ANSWER else ()
        await project(
            database,
            dialled(lead, dial),
            *answers,
            ended(result, next_ms=None, lead=lead, dial=dial),
            number=place,
        )
    told = await leads.rolling(SPRING, since_ms=NOW)
    assert (told.answered, told.abandoned, told.machines, told.humans) == (2, 1, 1, 0)
    assert (await leads.rolling(SPRING, since_ms=NOW + 1)).answered == 0


async def test_results_tell_the_whole_list_with_its_attempts(database: Database) -> None:
    leads = await listed(database, *map(new, range(1, 1203)))
    await project(database, dialled("l1100"), ended(DialResult.BUSY, next_ms=None, lead="l1100"))
    told = [one async for piece in leads.results(SPRING) for one in piece]
    assert [row.callee.lead_id for row, _ in told] == [f"l{place}" for place in range(1, 1203)]
    assert [attempt.result for _, tries in told for attempt in tries] == [DialResult.BUSY]
