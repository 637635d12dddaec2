"""Transfers over the API: who may be asked, what each act brings about on whose page, and what is refused how."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from cti.domain.commands import RingParty, SendAway
from cti.domain.events import (
    AgentBecameReady,
    LegEnded,
    PartyAnswered,
    PartyFailed,
    PhoneReachable,
    QueueOpened,
    Step,
)
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    ContactId,
    DestinationId,
    Device,
    LegCause,
    LegId,
    ProjectId,
    QueueId,
)
from cti.domain.transfers import GREETED_MS
from cti.store.do_not_call import StoredDoNotCall
from cti.web.hub import COALESCE_S
from tests.awake import awake
from tests.running import PATIENCE_S
from tests.web.world import KNOWN, NODE, PASSWORD, Page, World

OUTSIDE = "+74951234567"


@dataclass
class Talk:
    """Anna talks with a caller; Clara, of her project, is there."""

    world: World
    anna: httpx.AsyncClient
    page: Page
    """Anna's."""
    clara_id: AgentId
    contact_id: ContactId
    assignment_id: AssignmentId

    @property
    def url(self) -> str:
        return f"/api/v1/assignments/{self.assignment_id}"

    @property
    def clara(self) -> dict[str, str]:
        """As whom one asks or to whom one hands over."""
        return {"kind": "agent", "agent_id": self.clara_id}

    async def ok(self, act: str, to: Mapping[str, object] | None = None) -> None:
        answer = await self.anna.post(f"{self.url}/{act}", json={"to": to} if to is not None else None)
        assert answer.status_code == 200, answer.text

    async def refused(self, act: str, to: Mapping[str, object] | None = None) -> tuple[int, str]:
        answer = await self.anna.post(f"{self.url}/{act}", json={"to": to} if to is not None else None)
        said = answer.json()
        assert said["sentence"].endswith("."), said
        return answer.status_code, said["code"]

    async def shown(self, **wanted: object) -> dict[str, Any]:
        """Anna's assignment as soon as it is so: `state`, `handed_over`, and of the only party `party`."""
        while True:
            view: dict[str, Any] = (await self.page.next("assignment"))["assignment"]
            parties = view["parties"]
            now = {**view, "party": parties[0]["state"] if parties else None}
            if all(now[key] == value for key, value in wanted.items()):
                return view

    def leg(self) -> LegId:
        """Whoever was asked last."""
        return self.world.engine.state.contacts[self.contact_id].parties[-1]

    def answers(self) -> None:
        self.world.engine.do(PartyAnswered(leg_id=self.leg(), node=NODE))

    async def page_of_clara(self) -> Page:
        """She has signed in, and is ready."""
        page = await self.world.page(await self.world.client("clara"))
        self.world.engine.do(AgentBecameReady(agent_id=self.clara_id))
        while (await page.next("state"))["state"]["readiness"] != "ready":
            pass
        return page


@pytest.fixture
async def talk(world: World) -> Talk:
    root = await world.client("root")
    person = {
        "login": "clara",
        "password": PASSWORD,
        "name": "Clara",
        "project_ids": ["telecom"],
        "extension": "103",
    }
    answer = await root.post("/api/v1/people", json=person)
    assert answer.status_code == 201, answer.text
    clara_id = AgentId(answer.json()["agent_id"])
    world.engine.do(PhoneReachable(agent_id=clara_id, device=Device.WEB))
    world.engine.do(PhoneReachable(agent_id=clara_id, device=Device.SIP))
    anna, page = await world.ready("anna")
    contact_id = world.engine.caller()
    assignment_id = world.engine.answer_after_pop(contact_id)
    return Talk(world, anna, page, clara_id, contact_id, assignment_id)


async def asked(page: Page, state: str | None) -> Any:
    """What a colleague's page says of the talk that he is asked into, as soon as it is so."""
    while True:
        found = (await page.next("state"))["state"]["asked"]
        if (found["state"] if found else None) == state:
            return found


# -- who is there ------------------------------------------------------------------------------------------------------


async def test_colleagues_are_those_with_a_phone_in_ones_projects_as_they_stand(talk: Talk) -> None:
    answer = await talk.anna.get("/api/v1/colleagues")
    standings = {one["name"]: (one["extension"], one["standing"]) for one in answer.json()}
    assert standings == {"Anna": ("101", "busy"), "Clara": ("103", "off_duty")}
    boris = await talk.world.client("boris")
    assert [one["name"] for one in (await boris.get("/api/v1/colleagues")).json()] == ["Boris"]


async def test_the_snapshot_has_them_and_a_change_is_on_the_page_within_a_second(talk: Talk) -> None:
    page = await talk.world.page(talk.anna)
    assert [one["name"] for one in page.snapshot["colleagues"]] == ["Anna", "Clara"]
    await talk.page_of_clara()
    with awake() as passed_s:
        talk.world.engine.do(PhoneReachable(agent_id=talk.clara_id, device=Device.WEB))
        standing = ""
        while standing != "ready":
            change = await page.next("colleagues")
            standing = next((one["standing"] for one in change["colleagues"] if one["name"] == "Clara"), standing)
        assert passed_s() < COALESCE_S + 2, "half a second, and what a busy machine adds"


async def test_one_who_is_asked_is_busy_for_everybody_else(talk: Talk) -> None:
    await talk.ok("invite", talk.clara)
    everybody = (await talk.anna.get("/api/v1/colleagues")).json()
    assert next(one["standing"] for one in everybody if one["name"] == "Clara") == "busy"


async def test_places_are_the_open_queues_and_the_destinations_of_the_talks_project(talk: Talk) -> None:
    to_voicemail = (Step(after_ms=1, to_destination=DestinationId("voicemail support")),)
    talk.world.engine.do(QueueOpened(queue_id=QueueId("support"), project_id=ProjectId("telecom"), steps=to_voicemail))
    found = (await talk.anna.get(f"{talk.url}/places")).json()
    assert {"id": "support", "title": "Support"} in found["queues"]
    assert "reception" not in {one["id"] for one in found["queues"]}, "that is the clinic's"
    assert found["destinations"] == [{"id": "voicemail support", "title": "voicemail support"}]


# -- a word aside ------------------------------------------------------------------------------------------------------


async def test_one_asked_sees_by_whom_and_about_whom_from_the_ring_to_the_end(talk: Talk) -> None:
    page = await talk.page_of_clara()
    await talk.ok("invite", talk.clara)
    ring = await asked(page, "ringing")
    assert (ring["by"], ring["queue"], ring["name"], ring["address"]) == (
        "Anna",
        "Support",
        "Caller",
        "+7 916 123-45-67",
    )
    view = await talk.shown(state="held", party="ringing")
    (party,) = view["parties"]
    assert (party["agent_id"], party["name"]) == (talk.clara_id, "Clara")
    assert party["until_ms"] > party["since_ms"]
    talk.answers()
    await asked(page, "aside")
    await talk.shown(state="held", party="aside")
    await talk.ok("swap")
    await asked(page, "left")
    await talk.shown(state="active", party="left")
    await talk.ok("swap")
    await talk.shown(state="held", party="aside")
    await talk.ok("conference")
    await asked(page, "together")
    await talk.shown(state="active", party="together")
    answer = await talk.anna.delete(f"{talk.url}/parties/{talk.leg()}")
    assert answer.status_code == 200
    assert await asked(page, None) is None
    await talk.shown(state="active", party=None)


async def test_parting_twice_is_once(talk: Talk) -> None:
    await talk.ok("invite", talk.clara)
    leg = talk.leg()
    for _ in range(2):
        assert (await talk.anna.delete(f"{talk.url}/parties/{leg}")).status_code == 200
    await talk.shown(state="held", party=None)


async def test_a_number_outside_is_rung_and_shown_as_it_is_written(talk: Talk) -> None:
    await talk.ok("invite", {"kind": "number", "number": "8 495 123-45-67"})
    view = await talk.shown(party="ringing")
    assert (view["parties"][0]["name"], view["parties"][0]["agent_id"]) == ("+7 495 123-45-67", None)
    (ring,) = [one for one in talk.world.engine.commands if isinstance(one, RingParty)]
    assert ring.agent_id is None
    known = talk.world.engine.particulars(ContactId(talk.leg()))
    assert known is not None
    assert known.address == OUTSIDE


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [(LegCause.NO_ANSWER, "Nobody answered."), (LegCause.BUSY, "The line is busy.")],
)
async def test_whoever_does_not_come_is_told_with_the_reason(talk: Talk, cause: LegCause, sentence: str) -> None:
    await talk.ok("invite", talk.clara)
    talk.world.engine.do(PartyFailed(leg_id=talk.leg(), cause=cause))
    told = await talk.page.next("party_ended")
    assert (told["assignment_id"], told["name"], told["cause"], told["sentence"]) == (
        talk.assignment_id,
        "Clara",
        cause,
        sentence,
    )


async def test_whoever_hangs_up_is_told_and_the_talk_goes_on(talk: Talk) -> None:
    await talk.ok("invite", talk.clara)
    talk.answers()
    await talk.ok("conference")
    talk.world.engine.do(LegEnded(leg_id=talk.leg(), cause=LegCause.NORMAL))
    told = await talk.page.next("party_ended")
    assert (told["name"], told["cause"], told["sentence"]) == ("Clara", None, "He has hung up.")
    await talk.shown(state="active", party=None)


async def test_parting_oneself_from_somebody_is_no_news(talk: Talk) -> None:
    await talk.ok("invite", talk.clara)
    await talk.anna.delete(f"{talk.url}/parties/{talk.leg()}")
    await talk.ok("resume")
    await talk.shown(state="active", party=None)
    assert "party_ended" not in talk.page.kinds


# -- handing over ------------------------------------------------------------------------------------------------------


async def test_one_on_duty_who_takes_over_has_the_talk_as_his_own(talk: Talk) -> None:
    page = await talk.page_of_clara()
    await talk.ok("invite", talk.clara)
    talk.answers()
    await talk.ok("hand-over")
    await talk.shown(state="wrap_up", handed_over=True, party=None)
    view = (await page.next("assignment"))["assignment"]
    while view["state"] != "active":
        view = (await page.next("assignment"))["assignment"]
    assert (view["contact"]["contact_id"], view["contact"]["address"]) == (talk.contact_id, "+7 916 123-45-67")


async def test_one_off_duty_who_takes_over_just_has_it(talk: Talk) -> None:
    await talk.ok("invite", talk.clara)
    talk.answers()
    leg = talk.leg()
    await talk.ok("hand-over")
    page = await talk.world.page(await talk.world.client("clara"))
    found = page.snapshot["state"]["asked"] or await asked(page, "leading")
    assert (found["leg_id"], found["state"]) == (leg, "leading")
    assert page.snapshot["assignments"] == []


async def test_what_was_handed_over_keeps_its_card_and_is_coded_even_when_the_contact_is_closed(talk: Talk) -> None:
    await talk.ok("invite", talk.clara)
    talk.answers()
    leg = talk.leg()
    await talk.ok("hand-over")
    talk.world.engine.clock.advance(ms=GREETED_MS)
    talk.world.engine.do(LegEnded(leg_id=leg, cause=LegCause.NORMAL))
    assert talk.contact_id not in talk.world.engine.state.contacts
    (view,) = (await talk.world.page(talk.anna)).snapshot["assignments"]
    assert (view["state"], view["handed_over"], view["parties"]) == ("wrap_up", True, [])
    assert view["contact"]["address"] == "+7 916 123-45-67"
    wrong = await talk.anna.post(f"{talk.url}/finish", json={"disposition": "no_such", "note": ""})
    assert wrong.json()["code"] == "unknown_disposition"
    done = await talk.anna.post(f"{talk.url}/finish", json={"disposition": "resolved", "note": "to Clara"})
    assert done.status_code == 200, done.text
    assert talk.world.history.notes == [(talk.assignment_id, "to Clara")]
    assert (await talk.page.next("assignment_gone"))["outcome"] == "closed"


async def test_to_a_queue_the_caller_waits_there_and_the_agent_codes(talk: Talk) -> None:
    await talk.ok("transfer", {"kind": "queue", "queue_id": "sales"})
    await talk.shown(state="wrap_up", handed_over=True)
    contact = talk.world.engine.state.contacts[talk.contact_id]
    assert (contact.queue_id, contact.state) == ("sales", "waiting")


async def test_to_a_destination_the_caller_is_sent_away(talk: Talk) -> None:
    steps = (Step(after_ms=1, to_destination=DestinationId("voicemail support")),)
    talk.world.engine.do(QueueOpened(queue_id=QueueId("support"), project_id=ProjectId("telecom"), steps=steps))
    await talk.ok("transfer", {"kind": "destination", "destination": "voicemail support"})
    assert any(isinstance(one, SendAway) for one in talk.world.engine.commands)
    assert talk.contact_id not in talk.world.engine.state.contacts
    await talk.shown(state="wrap_up", handed_over=True)


async def test_to_one_who_is_ready_it_is_an_offer_like_any_other(talk: Talk) -> None:
    page = await talk.page_of_clara()
    await talk.ok("transfer", talk.clara)
    view = (await page.next("assignment"))["assignment"]
    assert (view["state"], view["contact"]["contact_id"]) == ("ringing", talk.contact_id)


async def test_to_one_off_duty_his_phone_rings_for_the_customer(talk: Talk) -> None:
    await talk.ok("transfer", talk.clara)
    page = await talk.world.page(await talk.world.client("clara"))
    assert page.snapshot["state"]["asked"]["state"] == "called"
    assert (await talk.refused("hand-over"))[1] == "not_in_talk"


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["invite", "transfer"])
@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        ("+78091234567", 403, "number_costs_extra"),
        ("+442079460000", 403, "country_not_allowed"),
        ("anna", 422, "not_a_number"),
    ],
)
async def test_a_number_that_may_not_be_called_is_not_rung_either(
    talk: Talk, act: str, number: str, status: int, code: str
) -> None:
    assert await talk.refused(act, {"kind": "number", "number": number}) == (status, code)
    assert not talk.world.engine.state.parties
    assert talk.world.engine.state.assignments[talk.assignment_id].state == "active"


async def test_nor_who_does_not_want_calls(talk: Talk) -> None:
    await StoredDoNotCall(talk.world.database).add([OUTSIDE], project_id=None, reason="asked", actor="test")
    assert await talk.refused("invite", {"kind": "number", "number": OUTSIDE}) == (409, "do_not_call")


@pytest.mark.parametrize(
    ("act", "to", "status", "code"),
    [
        ("transfer", {"kind": "queue", "queue_id": "reception"}, 409, "not_its_queue"),
        ("transfer", {"kind": "queue", "queue_id": "none"}, 404, "not_found"),
        ("transfer", {"kind": "destination", "destination": "voicemail none"}, 404, "not_found"),
        ("invite", {"kind": "agent", "agent_id": "u1"}, 409, "party_yourself"),
        ("invite", {"kind": "agent", "agent_id": "u2"}, 409, "not_his_project"),
        ("invite", {"kind": "agent", "agent_id": "u999"}, 404, None),
        ("invite", {"kind": "queue", "queue_id": "sales"}, 422, None),
        ("swap", None, 409, "party_absent"),
        ("conference", None, 409, "party_absent"),
        ("hand-over", None, 409, "party_absent"),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    talk: Talk, act: str, to: dict[str, object] | None, status: int, code: str | None
) -> None:
    before = talk.world.engine.state.assignments[talk.assignment_id]
    found = await talk.refused(act, to)
    assert found == (status, code if code is not None else found[1])
    assert talk.world.engine.state.assignments[talk.assignment_id] == before


async def test_one_whose_phone_is_not_there_or_who_is_not_ready_is_named_as_such(talk: Talk) -> None:
    page = await talk.world.page(await talk.world.client("clara"))
    while page.snapshot["state"]["readiness"] == "offline":
        page.snapshot["state"] = (await page.next("state"))["state"]
    assert await talk.refused("transfer", talk.clara) == (409, "party_not_ready")
    await talk.ok("invite", talk.clara)
    assert await talk.refused("invite", talk.clara) == (409, "party_there")
    assert await talk.refused("transfer", {"kind": "queue", "queue_id": "sales"}) == (409, "party_there")


@pytest.mark.parametrize("act", ["transfer", "invite", "swap", "conference", "hand-over"])
async def test_a_talk_of_somebody_else_is_none_at_all(talk: Talk, act: str) -> None:
    boris = await talk.world.client("boris")
    body = {"to": {"kind": "agent", "agent_id": "u2"}} if act in ("transfer", "invite") else None
    assert (await boris.post(f"{talk.url}/{act}", json=body)).status_code == 404
    assert (await boris.get(f"{talk.url}/places")).status_code == 404
    assert (await boris.delete(f"{talk.url}/parties/party-c1-1")).status_code == 404


async def test_nobody_parts_people_of_another_talk(talk: Talk) -> None:
    await talk.ok("invite", talk.clara)
    leg = talk.leg()
    other = talk.world.engine.caller(KNOWN)
    found = await talk.anna.delete(f"/api/v1/assignments/a999/parties/{leg}")
    assert found.status_code == 404
    assert leg in talk.world.engine.state.parties
    assert other in talk.world.engine.state.contacts


async def test_only_calls_are_handed_over(world: World) -> None:
    anna, page = await world.ready("anna")
    body = {"medium": "task", "queue_id": "support", "address": KNOWN}
    assert (await anna.post("/api/v1/contacts", json=body)).status_code == 201
    view = (await page.next("assignment"))["assignment"]
    url = f"/api/v1/assignments/{view['assignment_id']}"
    await anna.post(f"{url}/shown")
    await anna.post(f"{url}/accept")
    answer = await anna.post(f"{url}/transfer", json={"to": {"kind": "queue", "queue_id": "sales"}})
    assert (answer.status_code, answer.json()["code"]) == (409, "only_calls_transfer")


async def test_the_sentences_are_in_the_askers_language(talk: Talk) -> None:
    await talk.anna.post("/api/v1/session/language", json={"language": "ru"})
    answer = await talk.anna.post(f"{talk.url}/swap", headers={"Accept-Language": "ru"})
    assert answer.json()["sentence"] == "Кроме вас на линии никого нет."


async def test_every_page_counts_each_change(talk: Talk) -> None:
    """A colleague's rings, answers and ends leave no hole in the numbers."""
    page = await talk.page_of_clara()
    await talk.ok("invite", talk.clara)
    talk.answers()
    await talk.ok("conference")
    await talk.ok("hand-over")
    async with asyncio.timeout(PATIENCE_S):
        while "colleagues" not in page.kinds or "assignment" not in page.kinds:
            await page.next("assignment" if "assignment" not in page.kinds else "colleagues")
    assert page.numbers == list(range(1, len(page.numbers) + 1))
