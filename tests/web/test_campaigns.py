"""Campaigns over the API: start and pause, lists, leads, results, lines; and who sees what of them."""

import csv
import io
from typing import Any

import httpx
import pytest

from cti import rules
from cti.domain.events import Lead, LeadsGiven, LineAnswered, PhoneReachable, SwitchReturned
from cti.domain.facts import LineRung
from cti.domain.ids import CampaignId, Device, LeadId
from tests.web.world import IVR_TOKEN, NODE, Page, World, centre

pytestmark = pytest.mark.server

SPRING = "/api/v1/campaigns/spring"
LIST = "number,name,plan\n+79165550001,Anna,Home\nhello,Bad,\n+79165550002,=cmd(),Start\n"


@pytest.fixture(autouse=True)
def campaigns(world: World) -> None:
    """The demo's, known to the ACD."""
    for opened in rules.campaigns(centre()):
        world.engine.do(opened)


async def view(client: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(SPRING)).json()
    return found


async def entered(client: httpx.AsyncClient, page: Page, text: str = LIST, *, dry_run: bool = False) -> dict[str, Any]:
    """A list is read to its end, as the page hears it."""
    answer = await client.post(f"{SPRING}/lists?dry_run={dry_run}", content=text.encode())
    assert answer.status_code == 202, answer.text
    while True:
        for changed in (await page.next("campaigns"))["campaigns"]:
            reading: dict[str, Any] | None = changed["reading"]
            if reading and reading["import_id"] == answer.json()["import_id"] and reading["state"] != "running":
                return reading


async def test_a_supervisor_starts_and_pauses_a_campaign_and_hears_why_it_waits(world: World) -> None:
    client = await world.client("sveta")
    page = await world.page(client)
    (shown, _) = page.snapshot["campaigns"]
    assert (shown["campaign_id"], shown["running"], shown["idle"]) == ("spring", False, "paused")
    started = (await client.post(f"{SPRING}/start")).json()
    assert (started["running"], started["idle"]) == (True, "empty")
    assert "Import" in started["idle_sentence"]
    assert world.engine.state.campaigns[CampaignId("spring")].running
    assert (await client.post(f"{SPRING}/start")).status_code == 200, "twice is once"
    assert (await client.post(f"{SPRING}/pause")).json()["idle"] == "paused"


async def test_another_projects_campaigns_do_not_exist(world: World) -> None:
    root, sveta = await world.client("root"), await world.client("sveta")
    await root.patch(f"/api/v1/people/{world.id_of('sveta')}", json={"project_ids": ["clinic"]})
    sveta = await world.client("sveta")
    assert (await sveta.get("/api/v1/campaigns")).json() == []
    assert (await sveta.get(SPRING)).status_code == 404
    assert (await root.get(SPRING)).status_code == 200


async def test_an_agent_sees_no_campaign_in_his_snapshot(world: World) -> None:
    page = await world.page(await world.client("anna"))
    assert page.snapshot["campaigns"] == []


async def test_the_commands_of_the_home_are_let_in_by_its_token_and_are_in_the_audit(world: World) -> None:
    command = await world.client(**{"X-Triune-Token": IVR_TOKEN})
    assert (await command.post(f"{SPRING}/start")).status_code == 200
    assert (await (await world.client(**{"X-Triune-Token": "wrong"})).get(SPRING)).status_code == 401
    deeds = (await (await world.client("root")).get("/api/v1/audit")).json()
    assert ("command line", "campaign_started") in [(deed["actor"], deed["action"]) for deed in deeds]


async def test_a_list_is_examined_then_read_and_its_errors_are_told_by_line(world: World) -> None:
    client = await world.client("sveta")
    page = await world.page(client)
    examined = await entered(client, page, dry_run=True)
    assert (examined["added"], examined["errors"], examined["columns"]) == (2, 1, ["plan"])
    assert (await client.get(f"{SPRING}/leads")).json() == []
    done = await entered(client, page)
    assert (done["added"], done["known"]) == (2, 0)
    assert [(error["line"], error["code"]) for error in done["first_errors"]] == [(3, "bad_number")]
    assert (await entered(client, page))["known"] == 2
    assert (await view(client))["progress"]["new"] == 2


async def test_what_is_no_list_is_refused_with_a_sentence(world: World) -> None:
    client = await world.client("sveta")
    page = await world.page(client)
    assert (await client.post(f"{SPRING}/lists", content=b"")).json()["code"] == "empty_list"
    failed = await entered(client, page, "name\nAnna\n")
    assert failed["state"] == "failed"
    assert "number" in failed["problem"]


async def test_leads_are_found_shown_and_withdrawn(world: World) -> None:
    client = await world.client("sveta")
    await entered(client, await world.page(client))
    (found,) = (await client.get(f"{SPRING}/leads", params={"search": "anna"})).json()
    assert (found["number"], found["columns"]) == ("+7 916 555-00-01", [{"title": "plan", "value": "Home"}])
    story = (await client.get(f"{SPRING}/leads/{found['lead_id']}")).json()
    assert (story["lead"]["name"], story["attempts"]) == ("Anna", [])
    assert (await client.post(f"{SPRING}/leads/{found['lead_id']}/withdraw")).json() == {"count": 1}
    assert (await client.post(f"{SPRING}/withdraw")).json() == {"count": 1}
    assert (await view(client))["progress"]["withdrawn"] == 2
    assert (await client.get(f"{SPRING}/leads/l999")).status_code == 404


async def test_results_are_a_csv_that_no_spreadsheet_takes_for_formulas(world: World) -> None:
    client = await world.client("sveta")
    await entered(client, await world.page(client))
    answer = await client.get(f"{SPRING}/results")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["number"], row["name"], row["state"]) for row in rows] == [
        ("+79165550001", "Anna", "new"),
        ("+79165550002", "'=cmd()", "new"),
    ]


async def test_an_agent_stays_connected_and_hears_how_his_line_is(world: World) -> None:
    client, page = await world.ready()
    world.engine.do(SwitchReturned(node=NODE))
    assert (await client.post("/api/v1/agent/line", json={"wanted": True})).status_code == 200
    state = (await page.next("state"))["state"]
    while state["line"] != "ringing":
        state = (await page.next("state"))["state"]
    assert state["line_wanted"]
    (rung,) = [fact for entry in world.engine.entries for fact in entry.facts if isinstance(fact, LineRung)]
    world.engine.do(LineAnswered(agent_id=rung.agent_id, leg_id=rung.leg_id, node=NODE))
    assert (await page.next("state"))["state"]["line"] == "up"


async def test_no_line_without_a_phone(world: World) -> None:
    client = await world.client("anna")
    await world.page(client)
    refused = await client.post("/api/v1/agent/line", json={"wanted": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "phone_unreachable")


async def test_a_previewed_lead_comes_with_what_the_list_says_and_is_skipped(world: World) -> None:
    supervisor = await world.client("sveta")
    listening = await world.page(supervisor)
    renewals = "/api/v1/campaigns/renewals"
    await supervisor.post(f"{renewals}/lists", content=LIST.encode())
    while (await supervisor.get(renewals)).json()["progress"]["new"] < 2:
        await listening.next("campaigns")
    client, page = await world.ready()
    world.engine.do(SwitchReturned(node=NODE))
    world.engine.do(PhoneReachable(agent_id=world.id_of("anna"), device=Device.SIP))
    await supervisor.post(f"{renewals}/start")
    lead = Lead(lead_id=LeadId("l1"))
    world.engine.do(LeadsGiven(campaign_id=CampaignId("renewals"), leads=(lead,)))
    shown = (await page.next("assignment"))["assignment"]
    assert shown["preview"]
    assert shown["campaign"]["campaign"] == "Contract renewals"
    assert shown["until_ms"] > world.engine.now()
    story = (await client.get(f"/api/v1/assignments/{shown['assignment_id']}/lead")).json()
    assert story["lead"]["columns"] == [{"title": "plan", "value": "Home"}]
    other = await world.client("boris")
    assert (await other.get(f"/api/v1/assignments/{shown['assignment_id']}/lead")).status_code == 404
    assert (await client.post(f"/api/v1/assignments/{shown['assignment_id']}/reject")).status_code == 200
    assert (await page.next("assignment_gone"))["assignment_id"] == shown["assignment_id"]
