"""The page's questions: which contacts there are, and why each went to whom it did."""

import pytest

from cti.domain.events import AgentBecameReady, AgentEnrolled, AgentSignedIn, DesktopConnected, PhoneReachable
from cti.domain.ids import AgentId, Device, ProjectId
from tests.web.world import World

pytestmark = pytest.mark.server


def at_work(world: World, agent_id: str, *projects: str) -> None:
    """An agent of these projects, ready."""
    who = AgentId(agent_id)
    world.engine.do(AgentEnrolled(agent_id=who, project_ids=tuple(map(ProjectId, projects))))
    world.engine.do(AgentSignedIn(agent_id=who, device=Device.SIP))
    world.engine.do(PhoneReachable(agent_id=who, device=Device.SIP))
    world.engine.do(DesktopConnected(agent_id=who))
    world.engine.do(AgentBecameReady(agent_id=who))


async def test_a_supervisor_reads_why_a_contact_went_to_whom_it_did(world: World) -> None:
    at_work(world, world.id_of("anna"), "telecom")
    contact = world.engine.caller()
    sveta = await world.client("sveta")
    answer = await sveta.get(f"/api/v1/contacts/{contact}/why")
    assert answer.status_code == 200, answer.text
    (offer,) = answer.json()["offers"]
    assert offer["agent"] == "Anna"
    assert offer["sentences"][0].startswith("Anna was offered this call of queue “Support”")
    assert [(each["name"], each["chosen"]) for each in offer["candidates"]] == [("Anna", True)]
    assert {term["key"] for term in offer["terms"]} == {"seniority"}


async def test_a_call_that_the_agent_asked_for_is_told_without_counts_and_candidates(world: World) -> None:
    anna, _ = await world.ready("anna")
    contact = (await anna.post("/api/v1/calls", json={"number": "+74991234567"})).json()["contact_id"]
    sveta = await world.client("sveta")
    (offer,) = (await sveta.get(f"/api/v1/contacts/{contact}/why")).json()["offers"]
    (sentence,) = offer["sentences"]
    assert sentence.startswith("Anna was offered this call")
    assert sentence.endswith("the agent asked for this call.")
    assert (offer["candidates"], offer["members"], offer["changes"]) == ([], 0, [])


async def test_it_is_told_why_a_contact_waits(world: World) -> None:
    contact = world.engine.caller()
    sveta = await world.client("sveta")
    story = (await sveta.get(f"/api/v1/contacts/{contact}/why")).json()
    assert story["offers"] == []
    assert "nobody who could take it is ready" in story["waits"][0]


async def test_another_projects_contact_does_not_exist(world: World) -> None:
    contact = world.engine.caller(queue="reception")
    sveta = await world.client("sveta")
    assert (await sveta.get(f"/api/v1/contacts/{contact}/why")).status_code == 404
    world.history.tell("c7", world.id_of("boris"), project="clinic")
    world.history.tell("c8", world.id_of("anna"), project="telecom")
    assert (await sveta.get("/api/v1/contacts/c7/why")).status_code == 404
    assert (await sveta.get("/api/v1/contacts/c8/why")).status_code == 404, "the journal does not know it"
    assert [row["contact_id"] for row in (await sveta.get("/api/v1/contacts")).json()] == ["c8"]


async def test_what_another_projects_contact_is_called_stays_hidden(world: World) -> None:
    """Anna works for both projects: a clinic's call stood next, or went first."""
    first = world.engine.caller(queue="reception")
    mine = world.engine.caller(queue="support")
    last = world.engine.caller(queue="reception")
    at_work(world, world.id_of("anna"), "telecom", "clinic")
    at_work(world, world.id_of("boris"), "telecom", "clinic")
    sveta = await world.client("sveta")
    told = (await sveta.get(f"/api/v1/contacts/{mine}/why")).text
    assert "a contact of another project" in told
    assert first not in told
    assert last not in told
    assert "eception" not in told
    root = (await (await world.client("root")).get(f"/api/v1/contacts/{mine}/why")).text
    assert first in root
    assert last in root


async def test_it_is_told_in_the_askers_language(world: World) -> None:
    contact = world.engine.caller()
    sveta = await world.client("sveta")
    await sveta.post("/api/v1/session/language", json={"language": "ru"})
    story = (await sveta.get(f"/api/v1/contacts/{contact}/why")).json()
    assert "никто из тех, кто мог бы его взять, не готов" in story["waits"][0]
