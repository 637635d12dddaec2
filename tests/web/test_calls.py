"""Calls that people ask for over the API: what is refused and how it is said, what is rung, and how far it has come."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from cti.config import Calling, CallingHours, Reach
from cti.config.calling import ProjectCalling
from cti.domain.commands import DialCustomer, RingAgent
from cti.domain.events import LegAnswered, OutboundRequested, RingFailed
from cti.domain.ids import AssignmentId, ContactId, LegCause
from cti.store.do_not_call import StoredDoNotCall
from tests.web.world import KNOWN, Page, World

CALLS, CHECK = "/api/v1/calls", "/api/v1/calls/check"
MOSCOW = "+74951234567"


@pytest.fixture
def calling(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts another `calling` into force."""

    def put(**given: Any) -> None:
        world.parts.centre.__dict__["calling"] = Calling(**given)

    before = world.parts.centre.calling
    monkeypatch.setitem(world.parts.centre.__dict__, "calling", before)
    return put


async def refused(client: httpx.AsyncClient, body: Mapping[str, object]) -> tuple[int, str, str]:
    answer = await client.post(CALLS, json=body)
    said = answer.json()
    return answer.status_code, said["code"], said["sentence"]


async def until(page: Page, state: str) -> Any:
    while True:
        view = (await page.next("assignment"))["assignment"]
        if view["state"] == state:
            return view


async def test_the_askers_phone_rings_with_the_card_of_the_one_he_calls(world: World) -> None:
    client, page = await world.ready("anna")
    answer = await client.post(CALLS, json={"number": "8 (916) 123-45-67"})
    assert answer.status_code == 201, answer.text
    started = answer.json()
    assert started["number"] == KNOWN
    view = await until(page, "ringing")
    assert (view["assignment_id"], view["contact"]["contact_id"]) == (started["assignment_id"], started["contact_id"])
    assert view["contact"]["outbound"]
    assert view["contact"]["address"] == "+7 916 123-45-67"
    while view["card_state"] != "found":
        view = (await page.next("assignment"))["assignment"]
    assert view["card"]["tier"] == "gold"
    (ring,) = [command for command in world.engine.commands if isinstance(command, RingAgent)]
    assert ring.agent_id == world.id_of("anna")


async def test_it_is_the_projects_call_wrapped_up_by_its_queue(world: World, calling: Any) -> None:
    calling(projects={"telecom": ProjectCalling(queue="sales")})
    client, _ = await world.ready("anna")
    started = (await client.post(CALLS, json={"number": KNOWN})).json()
    assert world.engine.state.contacts[ContactId(started["contact_id"])].queue_id == "sales"


async def test_progress_is_told_from_the_ring_to_the_end(world: World) -> None:
    client, _ = await world.ready("anna")
    started = (await client.post(CALLS, json={"number": KNOWN})).json()
    contact_id, assignment_id = ContactId(started["contact_id"]), AssignmentId(started["assignment_id"])

    async def told() -> tuple[str, str]:
        answer = (await client.get(f"{CALLS}/{contact_id}")).json()
        return answer["state"], answer["sentence"]

    assert (await told())[0] == "ringing"
    world.engine.answer(contact_id)
    assert (await told())[0] == "dialling"
    assert any(isinstance(command, DialCustomer) for command in world.engine.commands)
    leg_id = world.engine.state.contacts[contact_id].leg_id
    assert leg_id is not None
    world.engine.do(LegAnswered(assignment_id=assignment_id, leg_id=leg_id))
    assert (await told())[0] == "talking"


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [
        (LegCause.BUSY, "The line is busy."),
        (LegCause.NO_SUCH_NUMBER, "There is no such number."),
        (LegCause.NO_ANSWER, "Nobody answered."),
    ],
)
async def test_one_who_is_not_reached_is_told_with_a_result_to_choose(
    world: World, calling: Any, cause: LegCause, sentence: str
) -> None:
    calling(projects={"telecom": ProjectCalling(missed={LegCause.BUSY: "call_back"})})
    client, page = await world.ready("anna")
    started = (await client.post(CALLS, json={"number": KNOWN})).json()
    contact_id = ContactId(started["contact_id"])
    assignment_id = world.engine.answer(contact_id)
    leg_id = world.engine.state.contacts[contact_id].leg_id
    assert leg_id is not None
    world.engine.do(RingFailed(assignment_id=assignment_id, leg_id=leg_id, cause=cause))
    view = await until(page, "wrap_up")
    assert (view["missed"], view["suggested"]) == (cause, "call_back" if cause is LegCause.BUSY else None)
    answer = (await client.get(f"{CALLS}/{contact_id}")).json()
    assert (answer["state"], answer["missed"], answer["sentence"]) == ("wrap_up", cause, sentence)


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        ("+78091234567", 403, "number_costs_extra"),
        ("+442079460000", 403, "country_not_allowed"),
        ("+78005550100", 409, "own_number"),
        ("+71165550001", 403, "number_unknown"),
        ("anna@example.com", 422, "not_a_number"),
        ("112", 422, "not_a_number"),
    ],
)
async def test_a_number_that_may_not_be_called_is_refused_with_what_to_do(
    world: World, number: str, status: int, code: str
) -> None:
    client, _ = await world.ready("anna")
    found = await refused(client, {"number": number})
    assert found[:2] == (status, code)
    assert len(found[2].split(". ")) == 2, found[2]
    assert not world.engine.state.contacts


async def test_an_attempt_that_may_cost_money_stands_in_the_audit_without_the_whole_number(world: World) -> None:
    client, _ = await world.ready("anna")
    await refused(client, {"number": "+442079460000"})
    await refused(client, {"number": "112"})
    deeds = (await (await world.client("root")).get("/api/v1/audit")).json()
    calls = [deed for deed in deeds if deed["action"] == "call_refused"]
    assert [(deed["actor"], deed["subject"], deed["detail"]) for deed in calls] == [
        ("anna", "+44207946••••", "country_not_allowed")
    ]


async def test_who_does_not_want_calls_is_not_called_whoever_asks(world: World) -> None:
    await StoredDoNotCall(world.database).add([KNOWN], project_id=None, reason="asked", actor="test")
    client, _ = await world.ready("anna")
    assert (await refused(client, {"number": KNOWN}))[:2] == (409, "do_not_call")
    assert not world.engine.state.contacts


async def test_a_callback_that_an_agent_asks_for_is_no_way_around(world: World, calling: Any) -> None:
    calling(agent=Reach(denied=("+7499",)))
    await StoredDoNotCall(world.database).add([KNOWN], project_id=None, reason="asked", actor="test")
    client = await world.client("anna")

    async def asked(number: str) -> tuple[int, str]:
        given = {"medium": "callback", "queue_id": "support", "address": number}
        answer = await client.post("/api/v1/contacts", json=given)
        return answer.status_code, answer.json().get("code", "")

    assert await asked("+74991234567") == (403, "number_denied")
    assert await asked(KNOWN) == (409, "do_not_call")
    assert not world.engine.state.contacts
    assert await asked(MOSCOW) == (201, "")


async def test_outside_calling_hours_the_sentence_says_from_when(world: World, calling: Any) -> None:
    now = datetime.fromtimestamp(world.engine.now() / 1000, tz=UTC)
    another_day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(now.weekday() + 3) % 7]
    calling(hours=CallingHours.model_validate({"weekly": {another_day: "10:00-11:00"}}))
    client, _ = await world.ready("anna")
    status, code, sentence = await refused(client, {"number": MOSCOW})
    assert (status, code) == (409, "outside_calling_hours")
    assert "Europe/Moscow" in sentence
    assert "10:00" in sentence


async def test_a_customers_call_needs_a_number_that_is_his(world: World) -> None:
    client, _ = await world.ready("anna")
    assert (await refused(client, {"number": MOSCOW, "customer_id": 1}))[1] == "not_the_customers_number"
    assert (await client.post(CALLS, json={"number": KNOWN, "customer_id": 1})).status_code == 201


async def test_a_second_call_waits_for_the_first(world: World) -> None:
    client, _ = await world.ready("anna")
    await client.post(CALLS, json={"number": KNOWN})
    assert (await refused(client, {"number": MOSCOW}))[:2] == (409, "busy")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"number": KNOWN, "project_id": "clinic"}, 404, "unknown_project"),
        ({"number": KNOWN, "queue_id": "reception"}, 404, "unknown_queue"),
        ({"number": KNOWN, "queue_id": "none"}, 404, "unknown_queue"),
    ],
)
async def test_nobody_calls_for_another_company(world: World, body: dict[str, str], status: int, code: str) -> None:
    client, _ = await world.ready("anna")
    assert (await refused(client, body))[:2] == (status, code)


async def test_a_number_that_no_project_may_call_is_refused_before_one_is_to_be_chosen(world: World) -> None:
    both = {"project_ids": ["clinic", "telecom"]}
    root = await world.client("root")
    assert (await root.patch(f"/api/v1/people/{world.id_of('anna')}", json=both)).status_code == 200
    client = await world.client("anna")
    for number, code in (("+78091234567", "number_costs_extra"), ("+78005550100", "own_number")):
        assert (await refused(client, {"number": number}))[1] == code
    assert (await refused(client, {"number": KNOWN}))[1] == "choose_project"


async def test_who_has_no_phone_is_told_so(world: World) -> None:
    client = await world.client("sveta")
    assert (await refused(client, {"number": KNOWN}))[:2] == (409, "no_extension")


async def test_the_sentences_are_russian_for_who_speaks_it(world: World) -> None:
    client, _ = await world.ready("boris")
    assert "эту страну (GB)" in (await refused(client, {"number": "+442079460000"}))[2]


async def test_a_contact_that_the_call_is_about_brings_its_project_and_stays_its_origin(world: World) -> None:
    client, _ = await world.ready("anna")
    world.history.tell("c77", world.id_of("anna"))
    world.history.tell("c78", world.id_of("boris"), project="clinic")
    assert (await client.post(CALLS, json={"number": KNOWN, "origin": "c77"})).status_code == 201
    asked = [event for event in world.engine.events if isinstance(event, OutboundRequested)]
    assert (asked[-1].origin, asked[-1].queue_id) == ("c77", "support")


async def test_another_companys_contact_is_no_origin(world: World) -> None:
    client, _ = await world.ready("anna")
    world.history.tell("c78", world.id_of("boris"), project="clinic")
    await client.post(CALLS, json={"number": KNOWN, "origin": "c78"})
    asked = [event for event in world.engine.events if isinstance(event, OutboundRequested)]
    assert (asked[-1].origin, asked[-1].queue_id) == (None, "support")


async def test_a_link_from_another_site_starts_no_call(world: World) -> None:
    client, _ = await world.ready("anna")
    answer = await client.post(CALLS, json={"number": KNOWN}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert (await client.get(CALLS, params={"number": KNOWN})).status_code in (404, 405)
    assert not world.engine.state.contacts


@pytest.mark.parametrize(
    ("typed", "shown", "number", "may", "code"),
    [
        ("8916", "8 916", "", False, ""),
        ("8916123", "8 916 123", "", False, ""),
        ("89161234567", "8 916 123-45-67", KNOWN, True, ""),
        ("8916123456", "8 916 123-45-6", "+78916123456", False, "number_unknown"),
        ("+44 2079460000", "+44 20 7946 0000", "+442079460000", False, "country_not_allowed"),
        ("891612345678901234", "891612345678901234", "", False, "not_a_number"),
        ("anna", "anna", "", False, ""),
    ],
)
async def test_a_number_is_put_in_groups_and_judged_while_it_is_typed(
    world: World, typed: str, shown: str, number: str, may: bool, code: str
) -> None:
    client = await world.client("anna")
    read = (await client.post(CHECK, json={"number": typed})).json()
    assert (read["shown"], read["number"], read["may_be_called"], read["code"]) == (shown, number, may, code)
    assert bool(read["sentence"]) is bool(code)
    assert not world.engine.state.contacts


@pytest.mark.parametrize("typed", ["112", "8916", "+7 916 555", "anna"])
async def test_what_is_no_number_when_the_typing_has_ended_is_said_to_be_none(world: World, typed: str) -> None:
    client = await world.client("anna")
    still = (await client.post(CHECK, json={"number": typed})).json()
    assert (still["code"], still["sentence"]) == ("", "")
    ended = (await client.post(CHECK, json={"number": typed, "whole": True})).json()
    assert (ended["may_be_called"], ended["code"]) == (False, "not_a_number")
    assert ended["sentence"].startswith("This is no telephone number")


async def test_the_seconds_from_click_to_ring_are_counted_once_a_call(world: World) -> None:
    client, _ = await world.ready("anna")
    clicks = world.parts.calls.clicks
    clicks.rung(world.id_of("anna"))
    assert clicks.percentile_ms(50) is None, "a ring that nobody asked for counts nothing"
    await client.post(CALLS, json={"number": "+442079460000"})
    clicks.rung(world.id_of("anna"))
    assert clicks.percentile_ms(50) is None, "nor one after a refusal"
    await client.post(CALLS, json={"number": KNOWN})
    clicks.rung(world.id_of("anna"))
    assert clicks.percentile_ms(99) is not None
    text = (await client.get("/metrics")).text
    assert "triune_click_to_ring_seconds_count 1" in text


async def test_a_supervisor_reads_what_calling_by_click_saved(world: World) -> None:
    figures = (await (await world.client("sveta")).get(f"{CALLS}/figures")).json()
    assert (figures["asked"], figures["saved_ms"]) == (0, 0)
    assert (await (await world.client("anna")).get(f"{CALLS}/figures")).status_code == 403


async def test_who_does_not_want_calls_is_entered_by_agents_and_taken_out_by_supervisors(world: World) -> None:
    anna, sveta, root = await world.client("anna"), await world.client("sveta"), await world.client("root")
    body = {"number": "8 916 123-45-67", "project_id": "telecom", "reason": "asked"}
    assert (await anna.post("/api/v1/do-not-call", json=body)).status_code == 201
    for_all = {"number": MOSCOW}
    assert (await sveta.post("/api/v1/do-not-call", json=for_all)).status_code == 403
    assert (await root.post("/api/v1/do-not-call", json=for_all)).status_code == 201
    entries = (await sveta.get("/api/v1/do-not-call", params={"begins": "+79"})).json()
    assert [(one["shown"], one["project_id"], one["actor"]) for one in entries] == [
        ("+7 916 123-45-67", "telecom", "anna")
    ]
    gone = {"number": KNOWN, "project_id": "telecom"}
    assert (await anna.post("/api/v1/do-not-call/remove", json=gone)).status_code == 403
    assert (await sveta.post("/api/v1/do-not-call/remove", json=gone)).status_code == 200
    assert (await sveta.post("/api/v1/do-not-call/remove", json=gone)).status_code == 404


async def test_a_reach_of_ones_role_is_obeyed_at_once_when_the_centre_file_changes(world: World, calling: Any) -> None:
    client, _ = await world.ready("anna")
    assert (await refused(client, {"number": "+442079460000"}))[1] == "country_not_allowed"
    calling(agent=Reach(countries=("GB",)))
    assert (await client.post(CALLS, json={"number": "+442079460000"})).status_code == 201
