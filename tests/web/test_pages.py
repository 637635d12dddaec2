"""Live pages: the pop, its card, who sees what, and what becomes of pages that are slow or gone."""

import asyncio
import socket as sockets
from dataclasses import replace

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from cti.domain.acd import Decision
from cti.domain.events import (
    AgentBecameNotReady,
    AgentEnrolled,
    DesktopConnected,
    DesktopLost,
    Event,
    PopShown,
    RingFailed,
)
from cti.domain.ids import LegCause, ReasonId
from cti.errors import DatabaseDown
from cti.ports import Card
from cti.web import cards, connections, presence, sessions
from cti.web.page import LIMIT
from tests.running import PATIENCE_S, soon
from tests.web.world import KNOWN, World

pytestmark = pytest.mark.server


async def test_a_page_begins_with_all_that_its_person_may_see(world: World) -> None:
    world.engine.caller(queue="sales")
    world.engine.caller(queue="reception")
    page = await world.page(await world.client("anna"))
    assert page.snapshot["me"]["login"] == "anna"
    assert page.snapshot["state"]["readiness"] == "not_ready"
    assert page.snapshot["switch_up"] is True
    assert page.snapshot["agents"] == []
    waiting = {queue["queue_id"]: queue["waiting"] for queue in page.snapshot["queues"]}
    assert waiting["sales"] == 1
    assert "reception" not in waiting


async def test_an_admin_without_extension_sees_everyone_and_has_no_state(world: World) -> None:
    page = await world.page(await world.client("root"))
    assert page.snapshot["state"] is None
    assert {agent["name"] for agent in page.snapshot["agents"]} == {"Anna", "Boris"}
    assert {queue["project_id"] for queue in page.snapshot["queues"]} == {"telecom", "clinic"}


async def test_a_supervisor_sees_the_agents_of_his_projects_only(world: World) -> None:
    page = await world.page(await world.client("sveta"))
    assert [agent["name"] for agent in page.snapshot["agents"]] == ["Anna"]
    assert {queue["project_id"] for queue in page.snapshot["queues"]} == {"telecom"}


async def test_the_pop_comes_at_once_and_the_card_follows(world: World) -> None:
    _, page = await world.ready("anna")
    world.customers.may_answer.clear()
    world.engine.caller(KNOWN, path="main:2;pin:ok")
    pop = (await page.next("assignment"))["assignment"]
    assert (pop["state"], pop["card_state"], pop["card"]) == ("offered", "loading", None)
    assert pop["contact"]["address"] == "+7 916 123-45-67"
    assert pop["contact"]["dialled"] == "+7 800 555-01-02"
    assert pop["wait_ms"] >= 1500
    assert pop["contact"]["path"][0]["menu"] == "main"
    assert pop["contact"]["path"][1] == {"menu": "pin", "key": "ok", "title": "PIN accepted"}
    world.customers.may_answer.set()
    filled = (await page.next("assignment"))["assignment"]
    assert (filled["assignment_id"], filled["card_state"]) == (pop["assignment_id"], "found")
    assert filled["card"]["tier"] == "gold"
    assert filled["card"]["contracts"][0]["balance"] == "−₽1,234.50"


async def test_a_look_up_begun_when_the_call_arrived_is_in_the_pop_itself(world: World) -> None:
    _, page = await world.ready("anna")
    project = world.engine.state.queues[next(iter(world.engine.state.queues))].rules.project_id
    world.hub.expect(KNOWN, project_id=project)
    await soon(lambda: "triune_card_lookup_seconds_count 1" in world.metrics.text(), what="the answer")
    world.engine.caller(KNOWN)
    assert (await page.next("assignment"))["assignment"]["card_state"] == "found"
    assert world.customers.asked == 1


async def test_a_customer_of_another_project_is_unknown_here(world: World) -> None:
    _, page = await world.ready("boris")
    world.engine.caller(KNOWN, queue="reception")
    await page.next("assignment")
    assert (await page.next("assignment"))["assignment"]["card_state"] == "unknown"


async def test_a_withheld_number_is_unknown_at_once(world: World) -> None:
    _, page = await world.ready("anna")
    world.engine.caller("")
    assert (await page.next("assignment"))["assignment"]["card_state"] == "unknown"
    assert world.customers.asked == 0


async def test_a_look_up_that_takes_too_long_is_said_and_tried_again_at_the_next_change(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, page = await world.ready("anna")
    world.customers.may_answer.clear()
    monkeypatch.setattr(cards, "DEADLINE_S", 0.1)
    contact = world.engine.caller()
    assert (await page.next("assignment"))["assignment"]["card_state"] == "loading"
    assert (await page.next("assignment"))["assignment"]["card_state"] == "unavailable"
    monkeypatch.setattr(cards, "DEADLINE_S", PATIENCE_S)
    world.customers.may_answer.set()
    world.engine.answer_after_pop(contact)
    while (await page.next("assignment"))["assignment"]["card_state"] != "found":
        pass


async def test_a_failing_look_up_does_not_reach_the_page_as_more_than_unavailable(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(address: str, *, project_id: str) -> Card | None:
        raise DatabaseDown("SELECT secret FROM tables")

    monkeypatch.setattr(world.customers, "find", down)
    _, page = await world.ready("anna")
    world.engine.caller()
    await page.next("assignment")
    change = await page.next("assignment")
    assert change["assignment"]["card_state"] == "unavailable"
    assert "SELECT" not in str(page.last)


async def test_a_hostile_name_arrives_as_the_text_it_is(world: World) -> None:
    _, page = await world.ready("anna")
    hostile = '"; DROP TABLE people; --${SHELL(id)}<img src=x onerror=alert(1)>😀\x00\u202e' + "x" * 10_000
    world.engine.caller(name=hostile)
    shown = (await page.next("assignment"))["assignment"]["contact"]["name"]
    assert shown == hostile[:200]
    filled = (await page.next("assignment"))["assignment"]["card"]
    assert filled["name"] == "<script>alert(1)</script>"


async def test_a_name_that_is_no_text_at_all_does_not_keep_the_pop_away(world: World) -> None:
    _, page = await world.ready("anna")
    world.engine.caller(name="A\ud800B", path="main:\udfff")
    assert (await page.next("assignment"))["assignment"]["contact"]["name"] == "A?B"


async def test_deltas_are_numbered_without_holes_through_a_whole_call(world: World) -> None:
    client, page = await world.ready("anna")
    contact = world.engine.caller()
    assignment = world.engine.answer_after_pop(contact)
    for act in ("hold", "resume", "hangup"):
        assert (await client.post(f"/api/v1/assignments/{assignment}/{act}")).status_code == 200
    await client.post(f"/api/v1/assignments/{assignment}/finish", json={"disposition": "sold", "note": "n"})
    gone = await page.next("assignment_gone")
    assert gone == {"kind": "assignment_gone", "assignment_id": assignment, "outcome": "closed"}
    assert page.numbers == list(range(1, len(page.numbers) + 1))
    assert world.history.notes == [(assignment, "n")]


async def test_states_follow_each_other_as_the_call_goes(world: World) -> None:
    client, page = await world.ready("anna")
    contact = world.engine.caller()
    assignment = world.engine.answer_after_pop(contact)
    await client.post(f"/api/v1/assignments/{assignment}/hold")
    await client.post(f"/api/v1/assignments/{assignment}/resume")
    await client.post(f"/api/v1/assignments/{assignment}/hangup")
    seen: list[str] = []
    view = (await page.next("assignment"))["assignment"]
    while view["state"] != "wrap_up":
        seen.append(view["state"])
        view = (await page.next("assignment"))["assignment"]
    seen = [*dict.fromkeys(seen), view["state"]]
    assert seen == ["offered", "ringing", "active", "held", "wrap_up"]
    assert view["until_ms"] > page.last["now_ms"]


async def test_an_offer_that_came_to_nothing_takes_the_card_away(world: World) -> None:
    _, page = await world.ready("anna")
    contact = world.engine.caller()
    assignment_id = world.engine.state.contacts[contact].assignment_id
    assert assignment_id is not None
    world.engine.do(PopShown(assignment_id=assignment_id))
    leg = world.engine.state.assignments[assignment_id].leg_id
    assert leg is not None
    world.engine.do(RingFailed(assignment_id=assignment_id, leg_id=leg, cause=LegCause.NO_ANSWER))
    gone = await page.next("assignment_gone")
    assert (gone["assignment_id"], gone["outcome"]) == (assignment_id, "timed_out")


async def test_another_agents_page_hears_nothing_of_the_call(world: World) -> None:
    _, page = await world.ready("boris")
    watch = await world.page(await world.client("sveta"))
    await world.ready("anna")
    world.engine.answer_after_pop(world.engine.caller())
    while (await watch.next("agents"))["agents"][0]["activity"] != "talking":
        pass
    world.engine.do(AgentBecameNotReady(agent_id=world.id_of("boris"), reason=ReasonId("break")))
    while (await page.next("state"))["state"]["reason"] != "break":
        pass
    assert "assignment" not in page.kinds
    assert "agents" not in page.kinds


async def test_a_page_confirms_the_pop_over_its_socket(world: World) -> None:
    _, page = await world.ready("anna")
    contact = world.engine.caller()
    pop = await page.next("assignment")
    await page.say(type="shown", assignment_id=pop["assignment"]["assignment_id"])
    ringing = pop
    while ringing["assignment"]["state"] != "ringing":
        ringing = await page.next("assignment")
    assert world.engine.state.contacts[contact].assignment_id == ringing["assignment"]["assignment_id"]
    assert world.metrics.counter("triune_pops_total", "").value() == 1


async def test_a_page_cannot_confirm_anothers_pop_and_nonsense_is_passed_over(world: World) -> None:
    _, page = await world.ready("anna")
    other = await world.page(await world.client("boris"))
    world.engine.caller()
    pop = await page.next("assignment")
    await other.socket.send(b"\xff\x00")
    await other.socket.send("[1, 2")
    await other.say(type="shown", assignment_id=pop["assignment"]["assignment_id"])
    await other.say(type="act", what="anything")
    await page.say(type="shown", assignment_id=pop["assignment"]["assignment_id"])
    while (await page.next("assignment"))["assignment"]["state"] != "ringing":
        pass
    assert len([event for event in world.engine.events if isinstance(event, PopShown)]) == 1


async def test_queues_are_told_at_most_twice_a_second_and_only_what_changed(world: World) -> None:
    page = await world.page(await world.client("sveta"))
    for _ in range(50):
        world.engine.caller(queue="support")
    change = await page.next("queues")
    assert {queue["queue_id"]: queue["waiting"] for queue in change["queues"]}["support"] == 50
    assert len(page.numbers) <= 2


async def test_a_supervisor_sees_an_agent_begin_to_talk(world: World) -> None:
    page = await world.page(await world.client("sveta"))
    await world.ready("anna")
    world.engine.answer_after_pop(world.engine.caller())
    while (agent := (await page.next("agents"))["agents"][0])["activity"] != "talking":
        pass
    assert (agent["name"], agent["queue"]) == ("Anna", "Support")


async def test_every_page_hears_when_asterisk_goes_and_comes(world: World) -> None:
    page = await world.page(await world.client("boris"))
    world.hub.switch_changed(up=False)
    assert (await page.next("switch")) == {"kind": "switch", "up": False}


async def test_both_pages_of_one_agent_get_the_pop(world: World) -> None:
    client, first = await world.ready("anna")
    second = await world.page(client)
    world.engine.caller()
    assert (await first.next("assignment"))["assignment"] == (await second.next("assignment"))["assignment"]


async def test_a_refreshed_page_finds_its_call_again(world: World) -> None:
    client, page = await world.ready("anna")
    contact = world.engine.caller()
    while (await page.next("assignment"))["assignment"]["card_state"] != "found":
        pass
    assignment = world.engine.answer_after_pop(contact)
    await page.socket.close()
    again = await world.page(client)
    [view] = again.snapshot["assignments"]
    assert (view["assignment_id"], view["state"], view["card_state"]) == (assignment, "active", "found")


async def test_a_refresh_is_no_lost_desktop_but_a_closed_page_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "LOST_AFTER_S", 2.0)
    client = await world.client("anna")
    first, other = await world.page(client), await world.page(await world.client("boris"))
    lost = DesktopLost(agent_id=world.id_of("anna"))
    await first.socket.close()
    second = await world.page(client)
    await other.socket.close()
    await soon(lambda: DesktopLost(agent_id=world.id_of("boris")) in world.engine.events, what="who left later is lost")
    assert lost not in world.engine.events
    assert world.engine.events.count(DesktopConnected(agent_id=world.id_of("anna"))) == 1
    monkeypatch.setattr(presence, "LOST_AFTER_S", 0.01)
    await second.socket.close()
    await soon(lambda: lost in world.engine.events, what="her last page is closed")
    assert not world.hub.is_connected(world.id_of("anna"))


async def test_a_page_that_is_back_while_its_loss_is_on_the_way_counts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "LOST_AFTER_S", 0.01)
    anna, decide, lost = world.id_of("anna"), world.engine.handle, asyncio.Event()
    may_decide = asyncio.Event()

    async def slow(event: Event) -> Decision:
        if isinstance(event, DesktopLost):
            lost.set()
            await may_decide.wait()
        return await decide(event)

    monkeypatch.setattr(world.engine, "handle", slow)
    client = await world.client("anna")
    page = await world.page(client)
    await soon(lambda: world.engine.state.agents[anna].desktop, what="her desktop is there")
    await page.socket.close()
    await asyncio.wait_for(lost.wait(), PATIENCE_S)
    await world.page(client)
    may_decide.set()
    await soon(lambda: DesktopLost(agent_id=anna) in world.engine.events, what="the loss is decided")
    await soon(lambda: world.engine.state.agents[anna].desktop, what="and is put right")


async def test_a_page_open_before_its_person_is_enrolled_is_his_desktop(world: World) -> None:
    root = world.id_of("root")
    await world.page(await world.client("root"))
    world.engine.do(AgentEnrolled(agent_id=root, project_ids=()))
    await soon(lambda: world.engine.state.agents[root].desktop, what="his desktop is there")


async def test_a_pop_confirmed_a_thousand_times_is_decided_once(world: World) -> None:
    client, page = await world.ready("anna")
    world.engine.caller()
    pop = (await page.next("assignment"))["assignment"]["assignment_id"]
    for _ in range(1000):
        await page.say(type="shown", assignment_id=pop)
    assert (await client.post(f"/api/v1/assignments/{pop}/shown")).status_code == 200
    while (await page.next("assignment"))["assignment"]["state"] != "ringing":
        pass
    await page.say(type="shown", assignment_id=pop)
    world.hub.switch_changed(up=False)
    await page.next("switch")
    assert len([event for event in world.engine.events if isinstance(event, PopShown)]) == 1


async def test_a_page_outlives_its_session_by_no_more_than_the_contact_in_hand(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, page = await world.ready("anna")
    world.engine.answer_after_pop(world.engine.caller())
    _, idle = await world.ready("boris")
    monkeypatch.setattr(sessions, "LIFE_MS", 0)
    world.hub.presence.sweep()
    with pytest.raises(ConnectionClosed) as closed:
        await idle.next("nothing")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    world.hub.switch_changed(up=False)
    await page.next("switch")


async def test_a_page_without_session_is_told_to_sign_in(world: World) -> None:
    socket = await world.socket(await world.client())
    with pytest.raises(ConnectionClosed) as closed:
        await asyncio.wait_for(socket.recv(), PATIENCE_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


async def test_a_page_of_another_site_gets_no_connection(world: World) -> None:
    client = await world.client("anna")
    with pytest.raises(InvalidStatus) as refused:
        await world.socket(client, origin="https://evil.example")
    assert refused.value.response.status_code == 403
    own = await world.socket(client, origin=world.url)
    assert await asyncio.wait_for(own.recv(), PATIENCE_S)


async def test_signing_out_closes_the_page(world: World) -> None:
    client = await world.client("sveta")
    page = await world.page(client)
    await client.delete("/api/v1/session")
    with pytest.raises(ConnectionClosed) as closed:
        await page.next("queues")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


async def test_a_change_made_on_the_command_line_reaches_the_open_page(world: World) -> None:
    client = await world.client("sveta")
    page = await world.page(client)
    sveta = await world.directory.by_login("sveta")
    await world.directory.change(replace(sveta, active=False), actor="test")
    fresh = asyncio.create_task(world.roster.keep_fresh(world.hub.presence.sweep, every_s=0.01))
    with pytest.raises(ConnectionClosed) as closed:
        await page.next("queues")
    fresh.cancel()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    assert (await client.get("/api/v1/session")).status_code == 401


async def test_one_person_cannot_open_pages_without_end(world: World) -> None:
    client = await world.client("root")
    for _ in range(presence.OPEN_LIMIT):
        await world.page(client)
    surplus = await world.socket(client)
    with pytest.raises(ConnectionClosed) as closed:
        await asyncio.wait_for(surplus.recv(), PATIENCE_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013
    assert world.hub.presence.page_count == presence.OPEN_LIMIT


async def test_a_page_that_takes_nothing_is_closed_and_never_sent_less(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LINGER_S", 0.1)
    client = await world.client("anna")
    cookie = client.cookies["triune_session"]
    with sockets.create_connection(("127.0.0.1", world.port)) as peer:
        peer.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        peer.sendall(
            b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            + f"Cookie: triune_session={cookie}\r\n\r\n".encode()
        )
        await soon(lambda: world.hub.presence.page_count == 1, what="the page is open")
        pushed = 0
        while world.hub.presence.page_count:
            world.hub.switch_changed(up=True)
            pushed += 1
            if pushed % 50 == 0:
                await asyncio.sleep(0)
            assert pushed < 300_000
        assert pushed > LIMIT
        await soon(lambda: not world.sockets(), what="the connection has ended")
