"""The API's acts and its answers to what is wrong."""

import json
import logging
import re

import httpx
import pytest

from cti import rules
from cti.domain.events import AgentBecameReady, PhoneReachable, PhoneUnreachable
from cti.domain.ids import Device, Medium
from cti.errors import DatabaseDown
from cti.web import words
from tests.web.world import ACCOUNT, IVR_TOKEN, KNOWN, PASSWORD, PIN, ROOT, World, centre

pytestmark = pytest.mark.server


async def test_being_ready_without_a_phone_is_refused_with_the_reason_why(world: World) -> None:
    client = await world.client("anna")
    answer = await client.post("/api/v1/agent/readiness", json={"ready": True})
    assert answer.status_code == 409
    assert "phone" in answer.json()["sentence"].lower()
    world.engine.do(PhoneReachable(agent_id=world.id_of("anna"), device=Device.WEB))
    assert (await client.post("/api/v1/agent/readiness", json={"ready": True})).status_code == 200


async def test_a_break_needs_one_of_the_reasons(world: World) -> None:
    client, _ = await world.ready("anna")
    for reason in (None, "", "holiday", "no_answer"):
        answer = await client.post("/api/v1/agent/readiness", json={"ready": False, "reason": reason})
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_reason")
    assert (await client.post("/api/v1/agent/readiness", json={"ready": False, "reason": "lunch"})).status_code == 200


async def test_choosing_the_other_phone_makes_it_ring(world: World) -> None:
    client, _ = await world.ready("anna")
    assert (await client.post("/api/v1/agent/device", json={"device": "sip"})).status_code == 200
    assert world.engine.state.agents[world.id_of("anna")].device is Device.SIP


async def test_digits_and_mute_reach_the_switch_and_nothing_else(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client, page = await world.ready("anna")
    contact = world.engine.caller()
    assignment = world.engine.answer_after_pop(contact)
    before = len(world.engine.events)
    assert (await client.post(f"/api/v1/assignments/{assignment}/digits", json={"digits": "98765#"})).status_code == 200
    assert (await client.post(f"/api/v1/assignments/{assignment}/mute", json={"muted": True})).status_code == 200
    caller, agent = world.engine.state.contacts[contact], world.engine.state.assignments[assignment]
    assert world.engine.memory_switch.said == [("digits", caller.leg_id, "98765#"), ("mute", agent.leg_id, True)]
    assert len(world.engine.events) == before
    assert "98765" not in caplog.text
    while not (await page.next("assignment"))["assignment"]["muted"]:
        pass


async def test_digits_outside_a_talk_are_refused(world: World) -> None:
    client, _ = await world.ready("anna")
    contact = world.engine.caller()
    assignment = world.engine.state.contacts[contact].assignment_id
    answer = await client.post(f"/api/v1/assignments/{assignment}/digits", json={"digits": "1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_leg")


async def test_a_contact_is_closed_only_with_a_disposition_of_its_project(world: World) -> None:
    client, _ = await world.ready("anna")
    assignment = world.engine.answer_after_pop(world.engine.caller())
    await client.post(f"/api/v1/assignments/{assignment}/hangup")
    for wrong in ("booked", "abandoned", "nonsense"):
        answer = await client.post(f"/api/v1/assignments/{assignment}/finish", json={"disposition": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_disposition")
    assert world.history.notes == []


async def test_an_act_that_the_state_forbids_changes_nothing(world: World) -> None:
    client, _ = await world.ready("anna")
    assignment = world.engine.answer_after_pop(world.engine.caller())
    answer = await client.post(f"/api/v1/assignments/{assignment}/resume")
    assert answer.status_code == 409
    assert answer.json()["sentence"]
    assert world.engine.state.assignments[assignment].state == "active"


async def test_a_virtual_call_goes_the_same_way_as_a_telephone_call(world: World) -> None:
    client, page = await world.ready("anna")
    given = {
        "medium": "task",
        "queue_id": "support",
        "name": "Kim",
        "subject": "Call the lift firm",
        "address": "a@b.c",
    }
    answer = await client.post("/api/v1/contacts", json=given)
    assert answer.status_code == 201, answer.text
    pop = (await page.next("assignment"))["assignment"]
    assert pop["contact"]["contact_id"] == answer.json()["contact_id"]
    assert (pop["contact"]["medium"], pop["contact"]["subject"]) == ("task", "Call the lift firm")
    accepted = await client.post(f"/api/v1/assignments/{pop['assignment_id']}/accept")
    assert accepted.status_code == 200, accepted.text
    while (await page.next("assignment"))["assignment"]["state"] != "active":
        pass


async def test_a_callbacks_number_is_written_in_full_whatever_way_it_came(world: World) -> None:
    client = await world.client("anna")
    given = {"medium": "callback", "queue_id": "support", "address": "8 (916) 123-45-67"}
    contact = (await client.post("/api/v1/contacts", json=given)).json()["contact_id"]
    assert world.engine.known[contact].address == KNOWN
    assert world.engine.state.contacts[contact].medium is Medium.CALLBACK


@pytest.mark.parametrize("address", ["", "anna@example.org", "12345", "Anna"])
async def test_a_callback_needs_a_number_that_can_be_called(world: World, address: str) -> None:
    given = {"medium": "callback", "queue_id": "support", "address": address}
    answer = await (await world.client("anna")).post("/api/v1/contacts", json=given)
    assert (answer.status_code, answer.json()["code"]) == (422, "no_number_to_call")
    assert not world.engine.state.contacts


@pytest.mark.parametrize("medium", ["voice", "voicemail"])
async def test_what_is_spoken_cannot_be_made_by_the_api(world: World, medium: str) -> None:
    answer = await (await world.client("anna")).post("/api/v1/contacts", json={"medium": medium, "queue_id": "support"})
    assert (answer.status_code, answer.json()["code"]) == (422, "voice_has_a_channel")


# -- the IVR --------------------------------------------------------------------------------------------------------


async def check(world: World, account: str, pin: str, *, token: str = IVR_TOKEN) -> httpx.Response:
    client = await world.client()
    return await client.post(
        "/api/v1/ivr/accounts/check", json={"account": account, "pin": pin}, headers={"X-Triune-Token": token}
    )


async def test_the_ivr_learns_the_accounts_state_with_the_right_pin(world: World) -> None:
    answer = (await check(world, ACCOUNT, PIN)).json()
    assert (answer["result"], answer["balance_minor"], answer["currency"]) == ("ok", -123450, "RUB")
    assert (answer["status"], answer["language"]) == ("active", "ru")


async def test_three_wrong_pins_lock_the_account_and_nothing_is_told(world: World) -> None:
    results = [(await check(world, ACCOUNT, wrong)).json() for wrong in ("0001", "0002", "0003", PIN)]
    assert [answer["result"] for answer in results] == ["wrong", "wrong", "locked", "locked"]
    assert results[0]["tries_left"] == 2
    assert all(answer["balance_minor"] is None for answer in results)


@pytest.mark.parametrize("token", ["", "guess", IVR_TOKEN + "x", IVR_TOKEN[:-1]])
async def test_without_the_ivrs_token_no_pin_is_looked_at(world: World, token: str) -> None:
    for _ in range(4):
        assert (await check(world, ACCOUNT, "0000", token=token)).status_code == 401
    assert (await check(world, ACCOUNT, PIN)).json()["result"] == "ok"


async def test_no_pin_and_no_password_gets_into_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await check(world, ACCOUNT, "864209753186")
    await check(world, ACCOUNT, "8642x0975318")
    client = await world.client("anna")
    await client.post("/api/v1/session", json={"login": "anna", "password": "s3cret-typed"})
    await client.post("/api/v1/session", json={"login": "anna", "password": ["s3cret-typed"]})
    logged = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    for secret in ("864209753186", "8642x0975318", "s3cret-typed", PASSWORD):
        assert secret not in logged


# -- what is wrong --------------------------------------------------------------------------------------------------


async def test_unknown_and_ill_typed_fields_are_named(world: World) -> None:
    client = await world.client("anna")
    answer = await client.post("/api/v1/agent/readiness", json={"ready": "perhaps", "hidden": 1})
    assert answer.status_code == 422
    assert answer.json() == {"code": "invalid", "sentence": "Check these fields: hidden, ready."}


@pytest.mark.parametrize("hostile", ["\x00", "\ud800"])
async def test_text_that_a_database_cannot_keep_is_refused(world: World, hostile: str) -> None:
    client = await world.client("anna")
    for path, body in (
        ("/api/v1/contacts", {"queue_id": "support", "name": hostile}),
        ("/api/v1/session", {"login": hostile, "password": "x"}),
        ("/api/v1/assignments/a1/finish", {"disposition": "sold", "note": hostile}),
    ):
        answer = await client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text


async def test_problems_are_told_in_the_language_of_the_person(world: World) -> None:
    boris = await world.client("boris")
    assert "нет" in (await boris.get("/api/v1/contacts/c1")).json()["sentence"]
    stranger = await world.client(**{"Accept-Language": "ru-RU,ru;q=0.9,en;q=0.5"})
    assert (await stranger.get("/api/v1/session")).json()["sentence"] == "Сначала войдите в систему."


@pytest.mark.parametrize(("device", "word"), [("web", "в браузере"), ("sip", "включите")])
async def test_what_the_core_refuses_is_said_in_the_language_of_the_person(
    world: World, device: str, word: str
) -> None:
    boris = await world.client("boris")
    await boris.post("/api/v1/agent/device", json={"device": device})
    refused = await boris.post("/api/v1/agent/readiness", json={"ready": True})
    assert (refused.status_code, refused.json()["code"]) == (409, f"{device}_phone_missing")
    assert word in refused.json()["sentence"]
    anna, _ = await world.ready("anna")
    assignment = world.engine.answer_after_pop(world.engine.caller())
    await anna.post(f"/api/v1/assignments/{assignment}/hangup")
    over = await anna.post(f"/api/v1/assignments/{assignment}/hold")
    assert (over.status_code, over.json()["code"]) == (409, "already_closed")


def test_every_code_of_the_core_has_its_sentence_in_both_languages() -> None:
    sources = [path.read_text() for folder in ("domain", "store") for path in (ROOT / "cti" / folder).glob("*.py")]
    codes = {code for source in sources for code in re.findall(r'code="([a-z_]+)"', source)}
    assert "contact_gone" in codes
    assert codes | {f"{device}_phone_missing" for device in Device} <= set(words.PROBLEMS)
    assert all(english and russian for english, russian in words.PROBLEMS.values())


async def test_a_database_that_is_away_is_said_plainly(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def down(*_: object, **__: object) -> None:
        raise DatabaseDown("connection to server at /var/lib/secret failed: SELECT")

    client = await world.client("anna")
    monkeypatch.setattr(world.history, "of_agent", down)
    answer = await client.get("/api/v1/history")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "secret" not in answer.text


async def test_a_bug_shows_a_number_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("/srv/secret.py line 3")

    client = await world.client("anna")
    monkeypatch.setattr(world.history, "of_agent", broken)
    answer = await client.get("/api/v1/history")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    number = answer.json()["sentence"].rstrip(".").split()[-1]
    assert number in caplog.text


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api", "/api/v2/session"])
async def test_an_unknown_address_of_the_api_is_a_problem_and_no_page(world: World, path: str) -> None:
    answer = await (await world.client()).get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_request_of_another_sites_page_is_refused_before_it_is_read(world: World) -> None:
    client = await world.client("anna")
    for origin in ("https://evil.example", "null", f"http://127.0.0.1.evil.example:{world.port}"):
        answer = await client.post("/api/v1/agent/device", json={"device": "sip"}, headers={"Origin": origin})
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    crossed = await client.delete("/api/v1/session", headers={"Sec-Fetch-Site": "cross-site"})
    assert crossed.status_code == 403
    own = await client.post("/api/v1/agent/device", json={"device": "sip"}, headers={"Origin": world.url})
    assert own.status_code == 200


async def test_too_large_a_body_is_refused_whether_it_says_its_length_or_not(world: World) -> None:
    client = await world.client("anna")
    said = await client.post("/api/v1/contacts", content=b"x" * 300_000)
    assert (said.status_code, said.json()["code"]) == (413, "too_large")

    async def chunks() -> object:
        for _ in range(100):
            yield b" " * 10_000

    unsaid = await client.post("/api/v1/contacts", content=chunks())  # type: ignore[arg-type]  # an async iterator is
    assert unsaid.status_code in (413, 422)


async def test_every_answer_carries_the_protecting_headers(world: World) -> None:
    client = await world.client()
    for path in ("/", "/api/v1/session", "/healthz", "/assets/index-0a1b.js"):
        headers = (await client.get(path)).headers
        assert "script-src 'self';" in headers["content-security-policy"]
        assert "connect-src 'self' ws://127.0.0.1:21002;" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "server" not in headers
    assert (await client.get("/api/v1/session")).headers["cache-control"] == "no-store"


async def test_pages_are_served_and_every_route_of_theirs_is_the_index(world: World) -> None:
    client = await world.client()
    for path in ("/", "/admin/people", "/index.html"):
        answer = await client.get(path)
        assert (answer.status_code, "Triune" in answer.text) == (200, True)
        assert answer.headers["cache-control"] == "no-cache"
    script = await client.get("/assets/index-0a1b.js")
    assert "immutable" in script.headers["cache-control"]
    assert (await client.get("/assets/none.js")).status_code == 404
    for sly in ("/../triune.sqlite", "/..%2ftriune.sqlite", "/%2e%2e/triune.sqlite"):
        assert "SQLite" not in (await client.get(sly)).text


async def test_health_and_metrics_are_answered_without_signing_in_on_this_machine(world: World) -> None:
    client = await world.client()
    world.engine.caller()
    health = (await client.get("/healthz")).json()
    assert (health["ok"], health["switch"], health["waiting"]) == (True, True, 1)
    assert (health["leads"], health["epoch"], health["spooling"]) == (True, 1, False)
    metrics = (await client.get("/metrics")).text
    assert 'triune_contacts{state="waiting"} 1' in metrics
    assert "# TYPE triune_loop_lag_seconds histogram" in metrics
    through_a_proxy = await client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"})
    assert through_a_proxy.status_code == 403


# -- administration -------------------------------------------------------------------------------------------------


async def test_a_person_entered_can_sign_in_and_work(world: World) -> None:
    root = await world.client("root")
    given = {
        "login": "vera",
        "password": PASSWORD,
        "name": "Vera <b>",
        "project_ids": ["telecom"],
        "extension": "105",
        "skills": [{"skill_id": "sales", "level": 7}],
    }
    added = (await root.post("/api/v1/people", json=given)).json()
    assert (added["name"], added["skills"]) == ("Vera <b>", [{"skill_id": "sales", "level": 7}])
    client = await world.client("vera")
    page = await world.page(client)
    assert page.snapshot["state"]["readiness"] == "not_ready"
    world.engine.do(PhoneReachable(agent_id=added["agent_id"], device=Device.WEB))
    world.engine.do(AgentBecameReady(agent_id=added["agent_id"]))
    world.engine.do(PhoneUnreachable(agent_id=added["agent_id"], device=Device.WEB))
    changed = await root.patch(f"/api/v1/people/{added['agent_id']}", json={"skills": []})
    assert (changed.json()["skills"], changed.json()["extension"]) == ([], "105")


async def test_where_a_person_sits_and_what_he_may_hold_counts_from_the_next_decision_on(world: World) -> None:
    root = await world.client("root")
    path = f"/api/v1/people/{world.id_of('anna')}"
    offered = {choice["id"] for choice in (await root.get("/api/v1/capacities")).json()}
    assert {"blended", "exclusive", "independent"} <= offered
    changed = (await root.patch(path, json={"site_id": "moscow", "capacity": "blended"})).json()
    assert (changed["site_id"], changed["capacity"]) == ("moscow", "blended")
    agent = world.engine.state.agents[world.id_of("anna")]
    assert agent.site_id == "moscow"
    assert agent.capacity == rules.capacity(centre().capacities["blended"])
    kept = (await root.patch(path, json={"name": "Anna"})).json()
    assert (kept["site_id"], kept["capacity"]) == ("moscow", "blended")
    cleared = (await root.patch(path, json={"site_id": None, "capacity": None})).json()
    assert (cleared["site_id"], cleared["capacity"]) == (None, None)
    assert world.engine.state.agents[world.id_of("anna")].site_id is None


@pytest.mark.lesson(7)
async def test_a_login_or_extension_taken_is_refused(world: World) -> None:
    root = await world.client("root")
    for given in ({"login": "anna"}, {"login": "new", "extension": "101"}):
        answer = await root.post("/api/v1/people", json={"password": PASSWORD, "name": "N", **given})
        assert answer.status_code == 409
        assert "taken" in answer.json()["sentence"]


async def test_what_the_centre_file_does_not_name_is_refused(world: World) -> None:
    root = await world.client("root")
    base = {"login": "new", "password": PASSWORD, "name": "N"}
    no_project = await root.post("/api/v1/people", json={**base, "project_ids": ["other"]})
    assert no_project.json()["code"] == "unknown_project"
    no_skill = await root.post("/api/v1/people", json={**base, "skills": [{"skill_id": "juggling", "level": 1}]})
    assert no_skill.json()["code"] == "unknown_skill"
    no_site = await root.post("/api/v1/people", json={**base, "site_id": "atlantis"})
    assert no_site.json()["code"] == "unknown_site"
    no_capacity = await root.post("/api/v1/people", json={**base, "capacity": "octopus"})
    assert no_capacity.json()["code"] == "unknown_capacity"
    assert (await root.get("/api/v1/projects/other/reasons")).status_code == 404


async def test_a_new_disposition_is_offered_and_a_retired_one_is_not(world: World) -> None:
    root, anna = await world.client("root"), await world.client("anna")
    path = "/api/v1/projects/telecom/dispositions"
    answer = await root.post(path, json={"id": "lift", "title_en": "Lift", "title_ru": "Лифт"})
    assert answer.status_code == 201
    assert (await root.delete(f"{path}/sold")).json()["active"] is False
    offered = (await anna.get("/api/v1/session")).json()["dispositions"]["telecom"]
    assert {"id": "lift", "title": "Lift"} in offered
    assert "sold" not in {choice["id"] for choice in offered}
    back = await root.patch(f"{path}/sold", json={"active": True, "title_en": "Bought"})
    assert (back.json()["title_en"], back.json()["title_ru"]) == ("Bought", "Продано")


async def test_a_reset_password_ends_the_persons_sessions(world: World) -> None:
    root, anna = await world.client("root"), await world.client("anna")
    answer = await root.post(f"/api/v1/people/{world.id_of('anna')}/password", json={"password": "brand new word"})
    assert answer.status_code == 200
    assert (await anna.get("/api/v1/session")).status_code == 401
