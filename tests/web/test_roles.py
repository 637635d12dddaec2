"""Who may do what: every route against every role, and what lies in other projects."""

import httpx
import pytest
from fastapi.routing import APIRoute

from cti.domain.ids import AgentId, ContactId
from cti.web.app import bare_app
from tests.web.world import World

pytestmark = pytest.mark.server

NOBODY, AGENT, SUPERVISOR, ADMIN, IVR = "nobody", "agent", "supervisor", "admin", "ivr"
RANK = {None: 0, "anna": 1, "sveta": 2, "root": 3}
LEAST = {NOBODY: 0, AGENT: 1, SUPERVISOR: 2, ADMIN: 3, IVR: 4}

NEEDS = {
    "POST /api/v1/session": NOBODY,
    "POST /api/v1/session/link": NOBODY,
    "POST /api/v1/tokens": NOBODY,
    "GET /healthz": NOBODY,
    "GET /chat/v1/{key}": NOBODY,
    "GET /callback/v1/{key}/form": NOBODY,
    "POST /callback/v1/{key}/times": NOBODY,
    "POST /callback/v1/{key}": NOBODY,
    "POST /callback/v1/{key}/standing": NOBODY,
    "POST /callback/v1/{key}/cancel": NOBODY,
    "POST /callback/v1/{key}/move": NOBODY,
    "GET /metrics": NOBODY,
    "GET /api/v1/session": AGENT,
    "DELETE /api/v1/session": AGENT,
    "POST /api/v1/session/language": AGENT,
    "POST /api/v1/session/password": AGENT,
    "POST /api/v1/agent/readiness": AGENT,
    "POST /api/v1/agent/device": AGENT,
    "GET /api/v1/desks": AGENT,
    "POST /api/v1/agent/desk": AGENT,
    "DELETE /api/v1/agent/desk": AGENT,
    "PUT /api/v1/agent/pin": AGENT,
    "PUT /api/v1/people/{agent_id}/pin": ADMIN,
    "POST /api/v1/assignments/{assignment_id}/shown": AGENT,
    "POST /api/v1/assignments/{assignment_id}/accept": AGENT,
    "POST /api/v1/assignments/{assignment_id}/reject": AGENT,
    "POST /api/v1/assignments/{assignment_id}/hold": AGENT,
    "POST /api/v1/assignments/{assignment_id}/resume": AGENT,
    "POST /api/v1/assignments/{assignment_id}/rejoin": AGENT,
    "POST /api/v1/assignments/{assignment_id}/hangup": AGENT,
    "POST /api/v1/assignments/{assignment_id}/finish": AGENT,
    "POST /api/v1/assignments/{assignment_id}/mute": AGENT,
    "POST /api/v1/assignments/{assignment_id}/digits": AGENT,
    "GET /api/v1/assignments/{assignment_id}/recording": AGENT,
    "POST /api/v1/assignments/{assignment_id}/recording/pause": AGENT,
    "POST /api/v1/assignments/{assignment_id}/recording/resume": AGENT,
    "GET /api/v1/contacts/{contact_id}/recordings": AGENT,
    "POST /api/v1/recordings/{recording_id}/plays": AGENT,
    "GET /api/v1/recordings/{recording_id}/audio": AGENT,
    "GET /api/v1/recordings/standing": SUPERVISOR,
    "GET /api/v1/colleagues": AGENT,
    "GET /api/v1/assignments/{assignment_id}/places": AGENT,
    "POST /api/v1/assignments/{assignment_id}/transfer": AGENT,
    "POST /api/v1/assignments/{assignment_id}/invite": AGENT,
    "POST /api/v1/assignments/{assignment_id}/swap": AGENT,
    "POST /api/v1/assignments/{assignment_id}/conference": AGENT,
    "POST /api/v1/assignments/{assignment_id}/hand-over": AGENT,
    "DELETE /api/v1/assignments/{assignment_id}/parties/{leg_id}": AGENT,
    "GET /api/v1/history": AGENT,
    "GET /api/v1/contacts/{contact_id}": AGENT,
    "POST /api/v1/contacts": AGENT,
    "POST /api/v1/calls": AGENT,
    "POST /api/v1/calls/check": AGENT,
    "GET /api/v1/calls/projects": AGENT,
    "GET /api/v1/calls/{contact_id}": AGENT,
    "GET /api/v1/calls/figures": SUPERVISOR,
    "POST /api/v1/do-not-call": AGENT,
    "GET /api/v1/do-not-call": SUPERVISOR,
    "POST /api/v1/do-not-call/remove": SUPERVISOR,
    "GET /api/v1/contacts": SUPERVISOR,
    "GET /api/v1/contacts/{contact_id}/why": SUPERVISOR,
    "GET /api/v1/chats/{contact_id}": AGENT,
    "POST /api/v1/chats/{contact_id}/messages": AGENT,
    "GET /api/v1/contacts/{contact_id}/messages": AGENT,
    "POST /api/v1/assignments/{assignment_id}/park": AGENT,
    "GET /api/v1/parked": AGENT,
    "POST /api/v1/parked/{contact_id}/fetch": AGENT,
    "GET /api/v1/surveys": SUPERVISOR,
    "GET /api/v1/service-levels": SUPERVISOR,
    "GET /api/v1/contacts/{contact_id}/survey": AGENT,
    "GET /api/v1/contacts/{contact_id}/voicemail": AGENT,
    "GET /api/v1/contacts/{contact_id}/voicemail/sound": AGENT,
    "GET /api/v1/contacts/{contact_id}/files/{file_id}": AGENT,
    "GET /api/v1/assignments/{assignment_id}/answer": AGENT,
    "POST /api/v1/assignments/{assignment_id}/answer": AGENT,
    "POST /api/v1/assignments/{assignment_id}/answer/files": AGENT,
    "DELETE /api/v1/assignments/{assignment_id}/answer/files/{file_id}": AGENT,
    "GET /api/v1/queues": AGENT,
    "GET /api/v1/agents": SUPERVISOR,
    "POST /api/v1/agents/{agent_id}/not-ready": SUPERVISOR,
    "POST /api/v1/agents/{agent_id}/ready": SUPERVISOR,
    "POST /api/v1/agents/{agent_id}/sign-out": SUPERVISOR,
    "POST /api/v1/contacts/{contact_id}/monitor": SUPERVISOR,
    "DELETE /api/v1/monitor": SUPERVISOR,
    "POST /api/v1/contacts/{contact_id}/priority": SUPERVISOR,
    "POST /api/v1/contacts/{contact_id}/take-back": SUPERVISOR,
    "POST /api/v1/contacts/{contact_id}/queue": SUPERVISOR,
    "GET /api/v1/people": ADMIN,
    "POST /api/v1/people": ADMIN,
    "PATCH /api/v1/people/{agent_id}": ADMIN,
    "POST /api/v1/people/{agent_id}/password": ADMIN,
    "GET /api/v1/projects": ADMIN,
    "GET /api/v1/skills": ADMIN,
    "GET /api/v1/sites": ADMIN,
    "GET /api/v1/capacities": ADMIN,
    "GET /api/v1/projects/{project}/dispositions": ADMIN,
    "POST /api/v1/projects/{project}/dispositions": ADMIN,
    "PATCH /api/v1/projects/{project}/dispositions/{code_id}": ADMIN,
    "DELETE /api/v1/projects/{project}/dispositions/{code_id}": ADMIN,
    "GET /api/v1/projects/{project}/reasons": ADMIN,
    "POST /api/v1/projects/{project}/reasons": ADMIN,
    "PATCH /api/v1/projects/{project}/reasons/{code_id}": ADMIN,
    "DELETE /api/v1/projects/{project}/reasons/{code_id}": ADMIN,
    "GET /api/v1/campaigns": SUPERVISOR,
    "GET /api/v1/campaigns/{campaign}": SUPERVISOR,
    "POST /api/v1/campaigns/{campaign}/start": SUPERVISOR,
    "POST /api/v1/campaigns/{campaign}/pause": SUPERVISOR,
    "POST /api/v1/campaigns/{campaign}/lists": SUPERVISOR,
    "GET /api/v1/campaigns/{campaign}/leads": SUPERVISOR,
    "GET /api/v1/campaigns/{campaign}/leads/{lead_id}": SUPERVISOR,
    "POST /api/v1/campaigns/{campaign}/leads/{lead_id}/withdraw": SUPERVISOR,
    "POST /api/v1/campaigns/{campaign}/withdraw": SUPERVISOR,
    "GET /api/v1/campaigns/{campaign}/results": SUPERVISOR,
    "POST /api/v1/agent/line": AGENT,
    "GET /api/v1/assignments/{assignment_id}/lead": AGENT,
    "GET /api/v1/audit": ADMIN,
    "GET /api/v1/templates": ADMIN,
    "PUT /api/v1/templates/{name}": ADMIN,
    "DELETE /api/v1/templates/{name}": ADMIN,
    "GET /api/v1/conf/check": ADMIN,
    "GET /api/v1/conf/diff": ADMIN,
    "GET /api/v1/conf/history": ADMIN,
    "GET /api/v1/conf/versions/{number}": ADMIN,
    "GET /api/v1/conf/progress": ADMIN,
    "POST /api/v1/conf/apply": ADMIN,
    "POST /api/v1/conf/rollback": ADMIN,
    "POST /api/v1/conf/command/apply": IVR,
    "POST /api/v1/conf/command/rollback": IVR,
    "POST /api/v1/ivr/accounts/check": IVR,
    "POST /api/v1/ivr/lost": IVR,
    "POST /api/v1/ivr/desks/in": IVR,
    "POST /api/v1/ivr/desks/out": IVR,
}
NAMES = {
    "assignment_id": "a999",
    "contact_id": "c999",
    "agent_id": "u999",
    "project": "telecom",
    "code_id": "none",
    "campaign": "none",
    "lead_id": "l999",
    "file_id": "999",
    "leg_id": "party-c999-1",
    "recording_id": "c999-1",
    "key": "none",
    "name": "extensions.conf.j2",
    "number": "999",
}
BODIES = {
    "PUT /api/v1/templates/{name}": {"text": "", "base": ""},
    "POST /api/v1/conf/apply": {},
    "POST /api/v1/conf/rollback": {"version": 1},
    "POST /api/v1/conf/command/apply": {"author": "x"},
    "POST /api/v1/conf/command/rollback": {"author": "x", "version": 1},
    "POST /api/v1/session/language": {"language": "en"},
    "POST /api/v1/session/password": {"old": "x", "new": "long enough"},
    "POST /api/v1/agent/readiness": {"ready": True},
    "POST /api/v1/agent/device": {"device": "web"},
    "POST /api/v1/agent/line": {"wanted": False},
    "POST /api/v1/assignments/{assignment_id}/finish": {"disposition": "sold"},
    "POST /api/v1/assignments/{assignment_id}/mute": {"muted": True},
    "POST /api/v1/assignments/{assignment_id}/digits": {"digits": "1"},
    "POST /api/v1/assignments/{assignment_id}/transfer": {"to": {"kind": "queue", "queue_id": "support"}},
    "POST /api/v1/assignments/{assignment_id}/invite": {"to": {"kind": "agent", "agent_id": "u999"}},
    "POST /api/v1/contacts/{contact_id}/monitor": {"mode": "listen"},
    "POST /api/v1/contacts": {"queue_id": "support"},
    "POST /api/v1/calls": {"number": "112"},
    "POST /api/v1/calls/check": {"number": "112"},
    "POST /api/v1/do-not-call": {"number": "112"},
    "POST /api/v1/do-not-call/remove": {"number": "112"},
    "POST /api/v1/chats/{contact_id}/messages": {"client_id": "1", "text": "x"},
    "POST /api/v1/assignments/{assignment_id}/answer": {
        "key": "a-key-of-mine",
        "to": "x@y.z",
        "subject": "x",
        "text": "x",
        "language": "en",
    },
    "POST /api/v1/people": {"login": "x1", "password": "long enough", "name": "X"},
    "POST /api/v1/people/{agent_id}/password": {"password": "long enough"},
    "POST /api/v1/projects/{project}/dispositions": {"id": "x1", "title_en": "X", "title_ru": "X"},
    "POST /api/v1/projects/{project}/reasons": {"id": "x1", "title_en": "X", "title_ru": "X"},
    "POST /api/v1/ivr/accounts/check": {"account": "1", "pin": "1"},
    "POST /api/v1/agent/desk": {"desk": "d12"},
    "PUT /api/v1/agent/pin": {"pin": "2468"},
    "PUT /api/v1/people/{agent_id}/pin": {"pin": "2468"},
    "POST /api/v1/ivr/desks/in": {"extension": "1", "pin": "1", "endpoint": "desk-d12"},
    "POST /api/v1/ivr/desks/out": {"endpoint": "desk-d12"},
    "POST /api/v1/ivr/lost": {
        "queue_id": "support",
        "number": "",
        "name": "",
        "dialled": "",
        "language": "en",
        "path": "",
        "why": "left_menu",
        "at_ms": 1,
    },
    "POST /api/v1/tokens": {"login": "x", "password": "x"},
    "POST /api/v1/session": {"login": "x", "password": "x"},
    "POST /api/v1/session/link": {"token": "x"},
}


def all_routes() -> set[str]:
    described = bare_app().openapi()["paths"]
    return {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}


def test_the_table_names_every_route_there_is() -> None:
    assert set(NEEDS) == all_routes()
    assert APIRoute is not None


async def ask(client: httpx.AsyncClient, route: str) -> httpx.Response:
    method, path = route.split(" ")
    return await client.request(method, path.format(**NAMES), json=BODIES.get(route, {}) if method != "GET" else None)


@pytest.mark.parametrize("login", list(RANK))
async def test_each_role_gets_exactly_what_it_may(world: World, login: str | None) -> None:
    client = await world.client(login)
    wrong = []
    routes = sorted(NEEDS, key=lambda route: (route.startswith("DELETE /api/v1/session"), route))
    for route in routes:
        if LEAST[NEEDS[route]] == 0:
            continue
        answer = await ask(client, route)
        allowed = RANK[login] >= LEAST[NEEDS[route]]
        refusal = 401 if login is None or NEEDS[route] == IVR else 403
        if allowed and route == "POST /api/v1/session/password":
            allowed = answer.json()["code"] == "wrong_old_password" and False
        if (answer.status_code == refusal) is allowed:
            wrong.append((route, answer.status_code))
        assert answer.status_code < 500, (route, answer.text)
    assert wrong == []


async def test_an_admin_only_route_changes_nothing_for_a_supervisor(world: World) -> None:
    client = await world.client("sveta")
    before = await world.directory.everyone()
    await ask(client, "POST /api/v1/people")
    assert await world.directory.everyone() == before


async def test_anothers_assignment_does_not_exist(world: World) -> None:
    await world.ready("anna")
    assignment = world.engine.answer_after_pop(world.engine.caller())
    other = await world.client("boris")
    before = len(world.engine.events)
    for act in ("shown", "accept", "reject", "hold", "resume", "rejoin", "hangup"):
        assert (await other.post(f"/api/v1/assignments/{assignment}/{act}")).status_code == 404
    assert (await other.post(f"/api/v1/assignments/{assignment}/digits", json={"digits": "1"})).status_code == 404
    assert (await other.post(f"/api/v1/assignments/{assignment}/mute", json={"muted": True})).status_code == 404
    assert len(world.engine.events) == before
    assert world.engine.memory_switch.said == []


async def test_a_foreign_project_is_unseen(world: World) -> None:
    sveta = await world.client("sveta")
    world.history.tell("c7", world.id_of("boris"), project="clinic")
    assert (await sveta.get("/api/v1/contacts/c7")).status_code == 404
    assert {queue["project_id"] for queue in (await sveta.get("/api/v1/queues")).json()} == {"telecom"}
    assert [agent["name"] for agent in (await sveta.get("/api/v1/agents")).json()] == ["Anna"]
    refused = await sveta.post("/api/v1/contacts", json={"queue_id": "reception"})
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_queue")
    boris = world.id_of("boris")
    assert (await sveta.post(f"/api/v1/agents/{boris}/not-ready", json={})).status_code == 404


async def test_an_agent_reads_his_own_contacts_only(world: World) -> None:
    anna = await world.client("anna")
    world.history.tell("c1", world.id_of("anna"), arrived_ms=10)
    world.history.tell("c2", AgentId("u99"), arrived_ms=20)
    mine = (await anna.get("/api/v1/history")).json()
    assert [row["contact_id"] for row in mine] == ["c1"]
    assert mine[0]["disposition_title"] == "Resolved"
    assert (await anna.get("/api/v1/contacts/c1")).status_code == 200
    assert (await anna.get("/api/v1/contacts/c2")).status_code == 404
    sveta = await world.client("sveta")
    assert (await sveta.get("/api/v1/contacts/c2")).json()["row"]["contact_id"] == "c2"


async def test_the_card_is_there_only_while_the_contact_is_in_hand(world: World) -> None:
    anna, page = await world.ready("anna")
    contact = world.engine.caller()
    await page.next("assignment")
    await page.next("assignment")
    world.history.tell(contact, world.id_of("anna"))
    assert (await anna.get(f"/api/v1/contacts/{contact}")).json()["card"]["tier"] == "gold"
    story = (await (await world.client("sveta")).get(f"/api/v1/contacts/{contact}")).json()
    assert story["contact"]["contact_id"] == contact
    assert story["card"] is None


async def test_a_person_shut_out_is_out_at_once(world: World) -> None:
    anna, page = await world.ready("anna")
    root = await world.client("root")
    answer = await root.patch(f"/api/v1/people/{world.id_of('anna')}", json={"active": False})
    assert answer.json()["active"] is False
    assert (await anna.get("/api/v1/session")).status_code == 401
    assert world.engine.state.agents[world.id_of("anna")].removed
    assert page.snapshot["me"]["login"] == "anna"


async def test_an_admin_cannot_shut_himself_out(world: World) -> None:
    root = await world.client("root")
    me = world.id_of("root")
    for change in ({"active": False}, {"role": "agent"}):
        answer = await root.patch(f"/api/v1/people/{me}", json=change)
        assert (answer.status_code, answer.json()["code"]) == (409, "own_account")


async def test_a_supervisor_takes_his_agent_out_and_the_audit_says_so(world: World) -> None:
    _, page = await world.ready("anna")
    sveta = await world.client("sveta")
    answer = await sveta.post(f"/api/v1/agents/{world.id_of('anna')}/not-ready", json={})
    assert answer.status_code == 200, answer.text
    while (await page.next("state"))["state"]["reason"] != "supervisor":
        pass
    deeds = (await (await world.client("root")).get("/api/v1/audit")).json()
    assert (deeds[0]["actor"], deeds[0]["action"]) == ("sveta", "set_not_ready")


async def test_a_supervisor_takes_a_task_back_and_it_waits_again(world: World) -> None:
    anna, page = await world.ready("anna")
    given = {"medium": "task", "queue_id": "support", "subject": "Call the lift firm"}
    contact = ContactId((await anna.post("/api/v1/contacts", json=given)).json()["contact_id"])
    pop = (await page.next("assignment"))["assignment"]
    assert (await anna.post(f"/api/v1/assignments/{pop['assignment_id']}/accept")).status_code == 200
    assert (await anna.post(f"/api/v1/contacts/{contact}/take-back")).status_code == 403
    sveta, root = await world.client("sveta"), await world.client("root")
    assert (await sveta.post(f"/api/v1/contacts/{contact}/take-back")).status_code == 200
    await page.next("assignment_gone")
    assert world.engine.state.contacts[contact].state == "waiting"
    deeds = (await root.get("/api/v1/audit")).json()
    assert (deeds[0]["actor"], deeds[0]["action"], deeds[0]["subject"]) == ("sveta", "contact_taken_back", contact)


async def test_a_supervisor_moves_a_waiting_contact_within_its_project(world: World) -> None:
    anna, sveta = await world.client("anna"), await world.client("sveta")
    contact, foreign = world.engine.caller(), world.engine.caller(queue="reception")
    assert (await anna.post(f"/api/v1/contacts/{contact}/queue", json={"queue_id": "sales"})).status_code == 403
    refused = await sveta.post(f"/api/v1/contacts/{contact}/queue", json={"queue_id": "reception"})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_its_queue")
    assert (await sveta.post(f"/api/v1/contacts/{foreign}/queue", json={"queue_id": "sales"})).status_code == 404
    assert (await sveta.post(f"/api/v1/contacts/{contact}/queue", json={"queue_id": "sales"})).status_code == 200
    assert world.engine.state.contacts[contact].queue_id == "sales"
    [deed] = await world.directory.audit(limit=1, before_ms=None)
    assert (deed.actor, deed.action, deed.subject) == ("sveta", "contact_moved", contact)


async def test_neither_a_call_nor_a_contact_of_another_project_is_taken_back(world: World) -> None:
    await world.ready("anna")
    call, foreign = world.engine.caller(), world.engine.caller(queue="reception")
    world.engine.answer_after_pop(call)
    sveta = await world.client("sveta")
    refused = await sveta.post(f"/api/v1/contacts/{call}/take-back")
    assert (refused.status_code, refused.json()["code"]) == (409, "call_not_taken_back")
    assert (await sveta.post(f"/api/v1/contacts/{foreign}/take-back")).json()["code"] == "contact_gone"
    assert [deed.action for deed in await world.directory.audit(limit=1, before_ms=None)] != ["contact_taken_back"]


async def test_a_supervisor_gives_a_contact_priority_and_it_is_served_first(world: World) -> None:
    early, late = world.engine.caller(), world.engine.caller()
    sveta = await world.client("sveta")
    assert (await sveta.post(f"/api/v1/contacts/{late}/priority", json={"priority": 11})).status_code == 422
    assert (await sveta.post(f"/api/v1/contacts/{late}/priority", json={"priority": 5})).status_code == 200
    anna, page = await world.ready("anna")
    assert (await page.next("assignment"))["assignment"]["contact"]["contact_id"] == late
    assert (await anna.post(f"/api/v1/contacts/{early}/priority", json={"priority": 5})).status_code == 403
    foreign = world.engine.caller(queue="reception")
    refused = await sveta.post(f"/api/v1/contacts/{foreign}/priority", json={"priority": 5})
    assert refused.json()["code"] == "contact_gone"
    deeds = await world.directory.audit(limit=5, before_ms=None)
    assert ("priority_changed", late) in [(deed.action, deed.subject) for deed in deeds]
