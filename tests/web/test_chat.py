"""Web chat: visitors' pages on one side, an agent's and a supervisor's on the other."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from cti import config
from cti.domain.events import QueueClosed
from cti.domain.facts import ContactClosed
from cti.domain.ids import SYSTEM_ABANDONED, AssignmentId, ContactId, QueueId
from cti.ports.chat import Phase, Presence
from cti.web import chat_limits, chat_visitors
from tests.running import PATIENCE_S, soon
from tests.web import world as worlds
from tests.web.visitor import Visitor, page_at, visiting
from tests.web.world import Page, World

pytestmark = pytest.mark.server

SHOP = "https://shop.example.com"
SCRIPT = "<script>alert('x')</script> & <img src=x onerror=alert(1)>"


@pytest.fixture
async def world(
    site: dict[str, object], template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """A centre whose page may stand at `SHOP` too, and says what `site` does."""
    plan = worlds.centre()
    page = plan.chats["shop"].model_copy(update={"hours": None, "origins": (SHOP,), **site})
    changed = plan.model_copy(update={"chats": {"shop": page}})
    monkeypatch.setattr(worlds, "centre", lambda: changed)
    async with worlds.running(template, tmp_path) as found:
        yield found


@pytest.fixture
def site() -> dict[str, object]:
    """As the demo's centre file has it."""
    return {}


def on_site(**values: object) -> pytest.MarkDecorator:
    """The test's page says this besides."""
    return pytest.mark.parametrize("site", [values], ids=["site"])


def contact_of(world: World) -> ContactId:
    (found,) = [contact.id for contact in world.engine.state.contacts.values() if contact.medium == "chat"]
    return found


async def take(world: World, client: httpx.AsyncClient) -> AssignmentId:
    """The agent accepts the chat that he is offered."""
    assignment_id = world.engine.state.contacts[contact_of(world)].assignment_id
    assert assignment_id is not None
    answer = await client.post(f"/api/v1/assignments/{assignment_id}/accept")
    assert answer.status_code == 200, answer.text
    return assignment_id


async def write(client: httpx.AsyncClient, contact_id: str, text: str, *, client_id: str = "a1") -> httpx.Response:
    return await client.post(f"/api/v1/chats/{contact_id}/messages", json={"client_id": client_id, "text": text})


async def line(page: Page, text: str) -> dict[str, Any]:
    """The next line of this text on an agent's page."""
    while True:
        change = await page.next("chat_line")
        if change["line"]["text"] == text:
            found: dict[str, Any] = change["line"]
            return found


# -- talking -----------------------------------------------------------------------------------------------------------


async def test_a_visitor_and_an_agent_talk(world: World) -> None:
    client, page = await world.ready("anna")
    async with visiting(world.url) as visitor:
        assert visitor.standing["phase"] == "new"
        first = await visitor.say("Hello!", name="Mary", email="mary@example.com", page="https://shop.example.com/a")
        contact_id = contact_of(world)
        await take(world, client)
        assert (await visitor.stands("active"))["agent"] == "Anna"
        view = (await client.get(f"/api/v1/chats/{contact_id}")).json()
        assert [each["text"] for each in view["lines"] if each["side"] == "visitor"] == ["Hello!"]
        assert (view["presence"], view["may_write"], view["page"]) == ("here", True, "https://shop.example.com/a")
        await page.say(type="chat_typing", contact_id=contact_id)
        await visitor.next("typing")
        said = (await write(client, contact_id, "Good day.")).json()
        assert (await visitor.hear("Good day."))["who"] == "Anna"
        assert said["id"] > first["id"]
        await visitor.say_raw({"type": "got", "id": said["id"]})
        while not (told := await line(page, "Good day."))["delivered"]:
            assert told["client_id"] == "a1"
        await visitor.say_raw({"type": "typing"})
        assert (await page.next("chat_typing"))["side"] == "visitor"
        await visitor.say("Bye", client_id="m2")
        assert (await line(page, "Bye"))["side"] == "visitor"
        assert visitor.texts == ["Hello!", "Good day.", "Bye"]


async def test_the_first_answer_is_timed_and_counted(world: World) -> None:
    client, _ = await world.ready("anna")
    async with visiting(world.url) as visitor:
        await visitor.say("Hello!")
        contact_id = contact_of(world)
        await take(world, client)
        world.engine.clock.advance(seconds=42)
        for number in range(2):
            assert (await write(client, contact_id, "Good day.", client_id=f"a{number}")).status_code == 200
    assert 42_000 <= (await client.get(f"/api/v1/chats/{contact_id}")).json()["first_response_ms"] < 43_000
    metrics = (await client.get("/metrics")).text
    assert "triune_chat_first_response_seconds_count 1" in metrics


async def test_what_is_said_twice_is_there_once(world: World) -> None:
    client, _ = await world.ready("anna")
    async with visiting(world.url) as visitor:
        one = await visitor.say("Hello!")
        other = await visitor.say("Hello!")
        assert one["id"] == other["id"]
        contact_id = contact_of(world)
        await take(world, client)
        ids = {(await write(client, contact_id, "Good day.")).json()["id"] for _ in range(3)}
        assert len(ids) == 1
        view = (await client.get(f"/api/v1/chats/{contact_id}")).json()
    assert [each["text"] for each in view["lines"] if each["side"] != "note"] == ["Hello!", "Good day."]


async def test_two_tabs_of_a_visitor_are_one_chat(world: World) -> None:
    async with visiting(world.url) as one:
        async with visiting(world.url, one.token) as other:
            await asyncio.gather(one.say("from one"), other.say("from the other", client_id="m2"))
            assert len(world.engine.state.contacts) == 1
        await one.say("again", client_id="m3")
    async with visiting(world.url, one.token) as back:
        assert sorted(back.texts) == ["again", "from one", "from the other"]


async def test_a_page_that_comes_back_has_missed_nothing(world: World) -> None:
    client, page = await world.ready("anna")
    async with visiting(world.url) as visitor:
        await visitor.say("Hello!")
        await take(world, client)
        contact_id = contact_of(world)
    for number in range(3):
        await write(client, contact_id, f"Are you there? {number}", client_id=f"a{number}")
    async with visiting(world.url, visitor.token) as back:
        assert back.texts == ["Hello!", *(f"Are you there? {number}" for number in range(3))]
        assert back.standing["phase"] == "active"
        await back.say("Hello!")
        await back.say("Yes", client_id="m2")
        assert back.texts.count("Hello!") == 1
    assert (await line(page, "Yes"))["side"] == "visitor"


async def test_the_agent_ends_the_chat_and_the_visitor_rates_it(world: World) -> None:
    client, page = await world.ready("anna")
    async with visiting(world.url) as visitor:
        await visitor.say("Hello!")
        contact_id, assignment_id = contact_of(world), await take(world, client)
        await client.post(f"/api/v1/assignments/{assignment_id}/hangup")
        await visitor.stands("ended")
        await visitor.hear("agent_ended")
        await visitor.say_raw({"type": "rate", "rating": 4})
        await visitor.stands("ended", rating=4)
        await visitor.say_raw({"type": "say", "client_id": "late", "text": "One more thing"})
        assert (await visitor.next("refused"))["code"] == "chat_ended"
        assert (await write(client, contact_id, "Too late")).status_code == 409
        finish = {"disposition": "resolved", "note": ""}
        assert (await client.post(f"/api/v1/assignments/{assignment_id}/finish", json=finish)).status_code == 200
    while (await page.next("chat_stands"))["rating"] != 4:
        pass
    async with visiting(world.url, visitor.token) as back:
        assert back.standing == visitor.standing | {"position": None, "agent": None}
        assert back.texts == ["Hello!"]


async def test_a_visitor_who_is_done_ends_it(world: World) -> None:
    client, _ = await world.ready("anna")
    async with visiting(world.url) as visitor:
        await visitor.say("Hello!")
        contact_id = contact_of(world)
        await take(world, client)
        await visitor.stands("active")
        await visitor.say_raw({"type": "leave"})
        await visitor.stands("ended")
        await visitor.hear("visitor_ended")
    assert (await client.get(f"/api/v1/chats/{contact_id}")).json()["phase"] == "ended"


async def test_the_place_in_the_queue_is_told_as_it_changes(world: World) -> None:
    async with visiting(world.url) as one, visiting(world.url) as other:
        await one.say("I am first")
        await other.say("I am second")
        await one.stands("waiting", position=1)
        await other.stands("waiting", position=2)
        await one.say_raw({"type": "leave"})
        await other.stands("waiting", position=1)


# -- coming and going --------------------------------------------------------------------------------------------------


@on_site(away_s=1)
async def test_who_leaves_while_he_waits_has_abandoned(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cti.media.chat.AWAY_SHOWN_S", 1)
    async with visiting(world.url) as visitor:
        await visitor.say("Hello!")
    closed: list[ContactClosed] = []

    def is_closed() -> bool:
        closed[:] = [fact for entry in world.engine.entries for fact in entry.facts if isinstance(fact, ContactClosed)]
        return bool(closed)

    await soon(is_closed, what="the chat is closed")
    assert [fact.disposition for fact in closed] == [SYSTEM_ABANDONED]


@on_site(away_s=1)
async def test_who_leaves_an_agent_may_come_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cti.media.chat.AWAY_SHOWN_S", 0.9)
    client, page = await world.ready("anna")
    async with visiting(world.url) as visitor:
        await visitor.say("Hello!")
        contact_id = contact_of(world)
        await take(world, client)
    presences: list[str] = []
    while presences[-1:] != ["left"]:
        presences.append((await page.next("chat_stands"))["presence"])
    assert presences[-2:] == ["away", "left"]
    await line(page, "visitor_left")
    assert (await write(client, contact_id, "Are you there?")).status_code == 200
    async with visiting(world.url, visitor.token) as back:
        assert "Are you there?" in back.texts
        await line(page, "visitor_back")
        assert back.standing["phase"] == "active"


async def test_a_reload_of_the_page_is_not_shown_to_the_agent(world: World) -> None:
    client, page = await world.ready("anna")
    async with visiting(world.url) as visitor:
        await visitor.say("Hello!")
        await take(world, client)
    async with visiting(world.url, visitor.token) as back:
        await back.say("Still me", client_id="m2")
        await line(page, "Still me")
    assert "chat_stands" in page.kinds
    view = (await client.get(f"/api/v1/chats/{contact_of(world)}")).json()
    assert (view["phase"], view["presence"]) == (Phase.ACTIVE, Presence.HERE)


# -- who may what ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", "https://shop.example.com.evil.example"])
async def test_a_foreign_page_may_not_chat(world: World, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with page_at(world.url, origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_the_sites_own_page_may_chat_and_ask(world: World) -> None:
    async with visiting(world.url, origin=SHOP) as visitor:
        await visitor.say("Hello!")
    client = await world.client(Origin=SHOP)
    answer = await client.get("/chat/v1/shop", params={"lang": "ru-RU"})
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert (answer.json()["language"], answer.json()["open"]) == ("ru", True)
    assert "set-cookie" not in answer.headers
    other = await world.client(Origin="https://evil.example")
    assert (await other.get("/chat/v1/shop")).status_code == 403
    assert (await other.get("/chat/v1/none")).status_code == 404


async def test_no_page_gets_into_another_visitors_chat(world: World) -> None:
    async with visiting(world.url) as visitor:
        await visitor.say("My secret")
        forged = visitor.token[:-2] + ("aa" if not visitor.token.endswith("aa") else "bb")
        for token in (forged, "x", "", "a.b.c", '["shop","x",1]'):
            async with visiting(world.url, token) as other:
                assert other.texts == []
                assert other.token != token


async def test_an_agent_sees_his_own_chats_and_a_supervisor_those_of_his_projects(world: World) -> None:
    anna, _ = await world.ready("anna")
    boris, sveta = await world.client("boris"), await world.client("sveta")
    watching = await world.page(sveta)
    async with visiting(world.url) as visitor:
        await visitor.say("Hello!")
        contact_id = contact_of(world)
        await take(world, anna)
        assert (await boris.get(f"/api/v1/chats/{contact_id}")).status_code == 404
        assert (await write(boris, contact_id, "I am not Anna")).status_code == 404
        view = (await sveta.get(f"/api/v1/chats/{contact_id}")).json()
        assert (view["may_write"], view["answers"]) == (False, [])
        assert (await write(sveta, contact_id, "I only read")).status_code == 404
        await watching.say(type="chat_watch", contact_id=contact_id)
        await write(anna, contact_id, "Good day.")
        await visitor.hear("Good day.")
        await visitor.say("For the supervisor too", client_id="m2")
        await line(watching, "For the supervisor too")
    listening = await world.page(boris)
    await listening.say(type="chat_watch", contact_id=contact_id)
    await listening.say(type="chat_typing", contact_id=contact_id)
    async with visiting(world.url, visitor.token) as back:
        await back.say("Boris hears nothing", client_id="m3")
        await line(watching, "Boris hears nothing")
    assert "chat_line" not in listening.kinds


async def test_an_agent_writes_only_in_what_he_has_taken(world: World) -> None:
    client, _ = await world.ready("anna")
    async with visiting(world.url) as visitor:
        await visitor.say("Hello!")
        answer = await write(client, contact_of(world), "Too early")
        assert (answer.status_code, answer.json()["code"]) == (409, "chat_not_taken")


# -- what cannot be ----------------------------------------------------------------------------------------------------


async def test_a_text_is_a_text_whatever_stands_in_it(world: World) -> None:
    client, page = await world.ready("anna")
    async with visiting(world.url) as visitor:
        said = await visitor.say(SCRIPT, name=SCRIPT[:100])
        assert said["text"] == SCRIPT
        await take(world, client)
        await write(client, contact_of(world), SCRIPT)
        assert (await visitor.hear(SCRIPT))["side"] in ("visitor", "agent")
        view = (await client.get(f"/api/v1/chats/{contact_of(world)}")).json()
    assert {each["text"] for each in view["lines"] if each["side"] != "note"} == {SCRIPT}
    assert page.snapshot["type"] == "snapshot"


async def test_what_is_too_long_is_refused_and_changes_nothing(world: World) -> None:
    async with visiting(world.url) as visitor:
        await visitor.say_raw({"type": "say", "client_id": "m1", "text": "x" * 4001})
        refused = await visitor.next("refused")
        assert (refused["code"], refused["client_id"], refused["again"]) == ("chat_too_long", "m1", False)
        assert not world.engine.state.contacts
        await visitor.say("x" * 4000, client_id="m2")
    async with visiting(world.url) as other:
        with pytest.raises(ConnectionClosed) as closed:
            await other.say("x" * 1_000_000)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize(
    "said",
    [
        "no JSON at all",
        "[]",
        "{}",
        '{"type":"hello"}',
        '{"type":"say","client_id":"../../x","text":"x"}',
        '{"type":"say","client_id":"m1","text":""}',
        '{"type":"say","client_id":"m1","text":"a\\u0000b"}',
        '{"type":"rate","rating":6}',
        '{"type":"rate","rating":3}',
        '{"type":"leave_message","client_id":"m1","text":"x","email":"no address"}',
        "[" * 10_000,
    ],
)
async def test_nonsense_is_refused_with_a_sentence_and_the_page_stays(world: World, said: str) -> None:
    async with visiting(world.url) as visitor:
        await visitor.say_raw(said)
        assert (await visitor.next("refused"))["sentence"]
        assert not world.engine.state.contacts
        await visitor.say("Hello!", client_id="m9")


@pytest.mark.parametrize("first", ["", "x", '{"type":"say","client_id":"m1","text":"x"}'])
async def test_who_does_not_say_hello_is_shut_out(world: World, first: str) -> None:
    async with page_at(world.url) as page:
        await page.say_raw(first)
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(page.socket.recv(), PATIENCE_S)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == chat_visitors.POLICY


async def flood(visitor: Visitor) -> None:
    """Say far too much, and read until the end."""
    for number in range(400):
        await visitor.say_raw({"type": "say", "client_id": f"f{number}", "text": "flood"})
    await visitor.next("welcome")


async def test_a_flood_is_slowed_and_then_cut(world: World) -> None:
    async with visiting(world.url) as visitor:
        await visitor.say("Hello!")
        with pytest.raises(ConnectionClosed):
            await flood(visitor)
        said = [line for line in visitor.lines.values() if line["text"] == "flood"]
        assert len(said) <= chat_limits.SAYS
        assert visitor.socket.close_code == chat_visitors.POLICY


async def test_one_address_may_not_have_every_chat(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_limits, "NEW_CHATS", 2)
    monkeypatch.setattr(chat_limits, "PER_ADDRESS", 3)
    hers = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}
    for _ in range(2):
        async with visiting(world.url, **hers) as visitor:
            await visitor.say("Hello!")
    async with visiting(world.url, **hers) as third, visiting(world.url, **hers), visiting(world.url, **hers):
        await third.say_raw({"type": "say", "client_id": "m1", "text": "Hello!"})
        assert (await third.next("refused"))["code"] == "chat_busy"
        async with page_at(world.url, **hers) as fourth:
            with pytest.raises(ConnectionClosed):
                await fourth.hello()
        async with visiting(world.url, **{"X-Forwarded-For": "203.0.113.10"}) as neighbour:
            await neighbour.say("Hello!")


# -- when nobody answers -----------------------------------------------------------------------------------------------


async def test_outside_the_hours_a_message_may_be_left(world: World) -> None:
    world.engine.do(QueueClosed(queue_id=QueueId("sales")))
    async with visiting(world.url) as visitor:
        assert visitor.welcome["site"]["open"] is False
        await visitor.say_raw({"type": "say", "client_id": "m1", "text": "Anybody?"})
        refused = await visitor.next("refused")
        assert (refused["code"], refused["again"]) == ("chat_closed", False)
        message = {"type": "leave_message", "client_id": "m2", "text": "Call me", "email": "mary@example.com"}
        for _ in range(2):
            await visitor.say_raw(message)
            await visitor.next("message_taken")
    (contact,) = world.engine.state.contacts.values()
    assert contact.queue_id == "mail"
    particulars = world.engine.particulars(contact.id)
    assert particulars is not None
    assert (particulars.address, particulars.subject) == ("mary@example.com", "Call me")


@on_site(messages_to=None, most=1)
async def test_when_there_are_too_many_the_next_is_told_so(world: World) -> None:
    async with visiting(world.url) as first, visiting(world.url) as other:
        await first.say("Hello!")
        await other.say_raw({"type": "say", "client_id": "m1", "text": "Hello!"})
        assert (await other.next("refused"))["code"] == "chat_busy"
        message = {"type": "leave_message", "client_id": "m2", "text": "Call me", "email": "mary@example.com"}
        await other.say_raw(message)
        assert (await other.next("refused"))["code"] == "chat_no_messages"
        await first.say_raw({"type": "leave"})
        await first.stands("ended")
        await other.say("Now?", client_id="m3")


# -- the page's files --------------------------------------------------------------------------------------------------


async def test_the_widgets_script_may_be_loaded_by_other_sites(world: World) -> None:
    client = await world.client()
    answer = await client.get("/widget.js")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert (await client.get("/api/v1/session")).headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_demo_has_a_page_with_the_widget() -> None:
    demo = config.load(worlds.ROOT / "asterisk-conf" / "centre.yaml")
    page = (worlds.ROOT / "cti" / "web" / "widget" / "shop" / "index.html").read_text(encoding="utf-8")
    assert all(f'data-triune="{key}"' in page for key in demo.chats)
