"""Signing in and out."""

import asyncio
from pathlib import Path

import httpx
import pytest

from cti.domain.events import AgentSignedIn, PhoneReachable
from cti.domain.ids import Device, Readiness
from cti.ports import Person
from cti.store.directory import Directory, wall_clock_ms
from cti.web.pace import BURST
from cti.web.sessions import Door
from tests.running import PATIENCE_S
from tests.web.world import CHEAP, PASSWORD, World, running

pytestmark = pytest.mark.server


async def sign_in(client: httpx.AsyncClient, login: str, password: str) -> httpx.Response:
    return await client.post("/api/v1/session", json={"login": login, "password": password})


async def test_signing_in_tells_who_one_is_and_makes_the_agent_not_ready(world: World) -> None:
    client = await world.client()
    answer = await sign_in(client, "anna", PASSWORD)
    me = answer.json()
    assert answer.status_code == 200
    assert (me["login"], me["role"], me["project_ids"], me["extension"]) == ("anna", "agent", ["telecom"], "101")
    assert me["softphone"]["auth_user"] == "agent-101-web"
    assert me["softphone"]["uri"] == "sip:agent-101-web@127.0.0.1"
    assert {"id": "lunch", "title": "Lunch"} in me["reasons"]
    assert {"id": "sold", "title": "Sold"} in me["dispositions"]["telecom"]
    assert "clinic" not in me["dispositions"]
    agent = world.engine.state.agents[world.id_of("anna")]
    assert (agent.readiness, agent.device) == (Readiness.NOT_READY, Device.WEB)


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(world: World) -> None:
    answer = await sign_in(await world.client(), "anna", PASSWORD)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("triune_session=")
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()


async def test_names_are_in_the_language_of_the_person(world: World) -> None:
    answer = await sign_in(await world.client(), "boris", PASSWORD)
    assert {"id": "lunch", "title": "Обед"} in answer.json()["reasons"]


async def test_the_language_chosen_on_the_page_is_the_servers_too(world: World) -> None:
    client = await world.client()
    await sign_in(client, "anna", PASSWORD)
    assert (await client.post("/api/v1/session/language", json={"language": "ru"})).status_code == 200
    me = (await client.get("/api/v1/session")).json()
    assert me["language"] == "ru"
    assert {"id": "lunch", "title": "Обед"} in me["reasons"]


@pytest.mark.parametrize("login", ["anna", "nobody", "' OR 1=1 --", ""])
async def test_a_wrong_password_lets_nobody_in_and_does_not_say_what_was_wrong(world: World, login: str) -> None:
    answer = await sign_in(await world.client(), login, "wrong")
    assert answer.status_code == 401
    assert answer.json() == {
        "code": "wrong_password",
        "sentence": "Login or password is wrong. Check both and try again.",
    }


async def test_five_wrong_passwords_slow_the_sixth_even_if_it_is_right(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = wall_clock_ms()
    monkeypatch.setattr(world.directory, "_now_ms", lambda: at_once)
    client = await world.client()
    for _ in range(5):
        assert (await sign_in(client, "anna", "wrong")).status_code == 401
    answer = await sign_in(client, "anna", PASSWORD)
    assert answer.status_code == 429
    assert answer.json()["code"] == "too_many_tries"
    assert int(answer.headers["retry-after"]) >= 1
    assert (await sign_in(client, "boris", PASSWORD)).status_code == 200


async def test_a_second_sign_in_leaves_a_ready_agent_as_he_is(world: World) -> None:
    await world.ready("anna")
    await world.client("anna")
    assert world.engine.state.agents[world.id_of("anna")].readiness is Readiness.READY


async def test_the_only_phone_that_is_there_is_the_one_that_rings(world: World) -> None:
    world.engine.do(PhoneReachable(agent_id=world.id_of("anna"), device=Device.SIP))
    await world.client("anna")
    assert AgentSignedIn(agent_id=world.id_of("anna"), device=Device.SIP) in world.engine.events


async def test_signing_out_ends_the_session_everywhere_it_was_shown(world: World) -> None:
    client = await world.client("anna")
    stolen = dict(client.cookies)
    assert (await client.delete("/api/v1/session")).json() == {"left": True}
    assert world.engine.state.agents[world.id_of("anna")].readiness is Readiness.OFFLINE
    thief = await world.client()
    thief.cookies.update(stolen)
    assert (await thief.get("/api/v1/session")).status_code == 401


async def test_signing_out_with_a_contact_in_hand_lets_one_finish_it_first(world: World) -> None:
    client, _ = await world.ready("anna")
    assignment = world.engine.answer_after_pop(world.engine.caller())
    assert (await client.delete("/api/v1/session")).json() == {"left": False}
    assert (await client.post(f"/api/v1/assignments/{assignment}/hangup")).status_code == 200
    done = await client.post(f"/api/v1/assignments/{assignment}/finish", json={"disposition": "resolved"})
    assert done.status_code == 200
    assert world.engine.state.agents[world.id_of("anna")].readiness is Readiness.OFFLINE
    assert (await client.delete("/api/v1/session")).json() == {"left": True}


async def test_a_forged_session_is_none(world: World) -> None:
    client = await world.client("anna")
    token = client.cookies["triune_session"]
    other = await world.client()
    other.cookies.set("triune_session", token[:-2] + ("AA" if token[-2:] != "AA" else "BB"))
    assert (await other.get("/api/v1/session")).status_code == 401


async def test_a_program_signs_in_for_a_bearer_token(world: World) -> None:
    client = await world.client()
    answer = await client.post("/api/v1/tokens", json={"login": "sveta", "password": PASSWORD})
    assert "set-cookie" not in answer.headers
    program = await world.client(Authorization=f"Bearer {answer.json()['token']}")
    assert (await program.get("/api/v1/session")).json()["login"] == "sveta"


async def test_a_one_time_link_lets_in_once_and_lets_choose_a_password(world: World) -> None:
    token = await world.directory.link(world.id_of("root"), actor="test")
    client = await world.client()
    assert (await client.post("/api/v1/session/link", json={"token": token})).json()["login"] == "root"
    again = await (await world.client()).post("/api/v1/session/link", json={"token": token})
    assert (again.status_code, again.json()["code"]) == (401, "link_used")
    chosen = await client.post("/api/v1/session/password", json={"new": "a new long password"})
    assert chosen.status_code == 200, chosen.text
    assert (await client.get("/api/v1/session")).status_code == 200
    assert (await sign_in(await world.client(), "root", "a new long password")).status_code == 200


async def test_changing_the_password_needs_the_old_one_and_ends_other_sessions(world: World) -> None:
    client, other = await world.client("sveta"), await world.client("sveta")
    wrong = await client.post("/api/v1/session/password", json={"old": "wrong", "new": "another password"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_old_password")
    right = await client.post("/api/v1/session/password", json={"old": PASSWORD, "new": "another password"})
    assert right.status_code == 200, right.text
    assert (await client.get("/api/v1/session")).status_code == 200
    assert (await other.get("/api/v1/session")).status_code == 401


async def again(world: World, template: Path, folder: Path, cookies: dict[str, str]) -> int:
    """What the session is worth to an engine started anew on the same database."""
    async with running(template, folder, directory=world.directory) as after:
        client = await after.client()
        client.cookies.update(cookies)
        return (await client.get("/api/v1/session")).status_code


@pytest.mark.parametrize("how", ["signing out", "own password", "reset", "command", "shut out and back"])
async def test_a_session_that_was_ended_stays_so_when_the_engine_starts_anew(
    world: World, template: Path, tmp_path: Path, how: str
) -> None:
    client = await world.client("sveta")
    stolen, sveta = dict(client.cookies), world.id_of("sveta")
    assert await again(world, template, tmp_path / "before", stolen) == 200
    root = await world.client("root")
    if how == "signing out":
        await client.delete("/api/v1/session")
    elif how == "own password":
        await client.post("/api/v1/session/password", json={"old": PASSWORD, "new": "another password"})
    elif how == "reset":
        await root.post(f"/api/v1/people/{sveta}/password", json={"password": "another password"})
    elif how == "command":
        await world.directory.set_password(sveta, "another password", actor="test")
    else:
        for active in (False, True):
            await root.patch(f"/api/v1/people/{sveta}", json={"active": active})
    assert await again(world, template, tmp_path / "after", stolen) == 401
    password = PASSWORD if how in ("signing out", "shut out and back") else "another password"
    fresh = await world.client()
    assert (await sign_in(fresh, "sveta", password)).status_code == 200
    assert await again(world, template, tmp_path / "later", dict(fresh.cookies)) == 200


async def test_who_signs_in_while_the_clock_is_set_back_is_in(world: World) -> None:
    sveta = world.id_of("sveta")
    ahead = Directory(world.database, hasher=CHEAP, now_ms=lambda: wall_clock_ms() + 3_600_000)
    await ahead.end_sessions(sveta, actor="test")
    client = await world.client("sveta")
    await world.roster.refresh()
    assert (await client.get("/api/v1/session")).status_code == 200


async def test_acts_come_no_faster_than_a_person_makes_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.pace, "_clock", lambda: 0.0)
    client, _ = await world.ready("anna")
    answers = [await client.post("/api/v1/agent/device", json={"device": "web"}) for _ in range(int(BURST) * 2)]
    assert answers[0].status_code == 200
    assert {answer.status_code for answer in answers} == {200, 429}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("too_fast", "1")
    assert (await (await world.client("boris")).post("/api/v1/agent/device", json={"device": "web"})).status_code == 200


async def test_a_crowd_at_the_door_is_told_to_come_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    weigh, opened = world.directory.sign_in, asyncio.Event()

    async def held(login: str, password: str, *, source: str) -> Person | None:
        await opened.wait()
        return await weigh(login, password, source=source)

    monkeypatch.setattr(world.directory, "sign_in", held)
    client, surplus = await world.client(), 8
    asking = {asyncio.create_task(sign_in(client, f"nobody{n}", "wrong")) for n in range(Door.LIMIT + surplus)}
    turned_away: set[asyncio.Task[httpx.Response]] = set()
    while len(turned_away) < surplus:
        done, asking = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE_S)
        assert done
        turned_away |= done
    opened.set()
    assert {task.result().status_code for task in turned_away} == {429}
    assert [answer.status_code for answer in await asyncio.gather(*asking)] == [401] * Door.LIMIT
    assert (await sign_in(client, "anna", PASSWORD)).status_code == 200
