"""Supervisors at others' talks over the API: who may, what each sees, what is kept in the audit; an agent's state."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from cti.config.monitoring import Monitoring
from cti.config.standing import become
from cti.domain.events import LegEnded, PartyAnswered, PhoneReachable, PhoneUnreachable
from cti.domain.ids import AgentId, AssignmentId, ContactId, Device, LegCause, LegId
from cti.domain.states import AssignmentState
from tests.web.world import NODE, PASSWORD, Page, World

pytestmark = pytest.mark.server


@dataclass
class Talk:
    """Anna talks with a caller; Sue, a supervisor of her project, has her page open and a phone."""

    world: World
    anna: httpx.AsyncClient
    page: Page
    """Anna's."""
    sue: httpx.AsyncClient
    sues_page: Page
    sue_id: AgentId
    contact_id: ContactId
    assignment_id: AssignmentId

    @property
    def url(self) -> str:
        return f"/api/v1/contacts/{self.contact_id}/monitor"

    async def ok(self, mode: str) -> None:
        answer = await self.sue.post(self.url, json={"mode": mode})
        assert answer.status_code == 200, answer.text

    async def at(self, state: str | None) -> Any:
        """What her page says of the talk that she is at, as soon as it is so."""
        while True:
            found = (await self.sues_page.next("state"))["state"]["monitoring"]
            if (found["state"] if found else None) == state:
                return found

    async def told(self, *states: str) -> dict[str, Any]:
        """Anna's assignment as soon as it says that supervisors do this."""
        while True:
            view: dict[str, Any] = (await self.page.next("assignment"))["assignment"]
            if [one["state"] for one in view["monitored"]] == list(states):
                return view

    def answers(self) -> None:
        self.world.engine.do(PartyAnswered(leg_id=self.leg, node=NODE))

    @property
    def leg(self) -> LegId:
        leg = self.world.engine.state.agents[self.sue_id].party_leg
        assert leg is not None
        return leg


@pytest.fixture
async def talk(world: World) -> Talk:
    root = await world.client("root")
    person = {
        "login": "sue",
        "password": PASSWORD,
        "name": "Sue",
        "role": "supervisor",
        "project_ids": ["telecom"],
        "extension": "104",
    }
    answer = await root.post("/api/v1/people", json=person)
    assert answer.status_code == 201, answer.text
    sue_id = AgentId(answer.json()["agent_id"])
    for device in Device:
        world.engine.do(PhoneReachable(agent_id=sue_id, device=device))
    anna, page = await world.ready("anna")
    contact_id = world.engine.caller()
    assignment_id = world.engine.answer_after_pop(contact_id)
    sue = await world.client("sue")
    return Talk(world, anna, page, sue, await world.page(sue), sue_id, contact_id, assignment_id)


async def test_each_sees_it_from_the_ring_to_the_end(talk: Talk) -> None:
    await talk.ok("listen")
    ring = await talk.at("ringing")
    assert (ring["contact_id"], ring["agent"], ring["queue"], ring["mode"]) == (
        talk.contact_id,
        "Anna",
        "Support",
        "listen",
    )
    talk.answers()
    await talk.at("listening")
    assert (await talk.told("listening"))["monitored"][0]["name"] == "Sue"
    await talk.ok("coach")
    await talk.at("coaching")
    await talk.told("coaching")
    await talk.ok("barge")
    await talk.at("together")
    view = await talk.told()
    assert [(one["name"], one["state"], one["supervisor"]) for one in view["parties"]] == [("Sue", "together", True)]
    parted = await talk.anna.delete(f"/api/v1/assignments/{talk.assignment_id}/parties/{talk.leg}")
    assert (parted.status_code, parted.json()["code"]) == (409, "party_supervisor")
    await talk.ok("take_over")
    assert await talk.at(None) is None
    hers = (await talk.sues_page.next("assignment"))["assignment"]
    assert (hers["state"], hers["contact"]["contact_id"]) == ("active", talk.contact_id)


async def test_leaving_twice_is_once_and_the_talk_goes_on(talk: Talk) -> None:
    await talk.ok("barge")
    talk.answers()
    await talk.at("together")
    for _ in range(2):
        assert (await talk.sue.delete("/api/v1/monitor")).status_code == 200
    await talk.at(None)
    assert talk.world.engine.state.assignments[talk.assignment_id].state is AssignmentState.ACTIVE


async def test_other_supervisors_see_where_one_can_listen_and_who_does(talk: Talk) -> None:
    sveta = await talk.world.client("sveta")

    async def annas() -> dict[str, Any]:
        rows = (await sveta.get("/api/v1/agents")).json()
        return next(row for row in rows if row["name"] == "Anna")

    assert ((await annas())["talk"], (await annas())["listeners"]) == (talk.contact_id, [])
    await talk.ok("listen")
    talk.answers()
    assert [(one["name"], one["state"]) for one in (await annas())["listeners"]] == [("Sue", "listening")]
    await talk.ok("barge")
    assert [one["state"] for one in (await annas())["listeners"]] == ["together"]
    talk.world.engine.do(LegEnded(leg_id=talk.leg, cause=LegCause.NORMAL))
    assert (await annas())["listeners"] == []


async def test_the_end_of_the_talk_is_told_with_its_reason(talk: Talk) -> None:
    await talk.ok("listen")
    talk.answers()
    await talk.anna.post(f"/api/v1/assignments/{talk.assignment_id}/hangup")
    told = await talk.sues_page.next("monitor_ended")
    assert told["sentence"].startswith("The talk is over")


@pytest.fixture
def untold(talk: Talk) -> Iterator[None]:
    """By the centre file agents are not told who listens."""
    centre = talk.world.parts.centre
    before = centre.model_copy()
    become(centre, centre.model_copy(update={"monitoring": Monitoring(tell_agents=False)}))
    yield
    become(centre, before)


@pytest.mark.usefixtures("untold")
async def test_an_agent_is_not_told_of_a_listener_where_the_centre_says_so(talk: Talk) -> None:
    await talk.ok("listen")
    talk.answers()
    await talk.at("listening")
    shown = (await talk.world.page(talk.anna)).snapshot["assignments"][0]["monitored"]
    assert shown == []
    await talk.ok("coach")
    await talk.told("coaching")


@pytest.mark.parametrize(
    ("login", "status", "code"),
    [("anna", 403, "not_allowed"), ("sveta", 409, "monitor_no_phone"), ("boss", 404, "contact_gone")],
)
async def test_who_may_not_is_told_so_and_nothing_rings(talk: Talk, login: str, status: int, code: str) -> None:
    root = await talk.world.client("root")
    boss = {"login": "boss", "password": PASSWORD, "name": "B", "role": "supervisor", "project_ids": ["clinic"]}
    assert (await root.post("/api/v1/people", json=boss)).status_code == 201
    client = await talk.world.client(login)
    answer = await client.post(talk.url, json={"mode": "listen"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["sentence"].endswith(".")
    assert not talk.world.engine.state.monitors


async def test_every_act_is_in_the_audit(talk: Talk) -> None:
    for mode in ("listen", "coach"):
        await talk.ok(mode)
    await talk.sue.delete("/api/v1/monitor")
    await talk.sue.delete("/api/v1/monitor")
    agent = talk.world.id_of("anna")
    for act in ("not-ready", "ready", "sign-out"):
        assert (await talk.sue.post(f"/api/v1/agents/{agent}/{act}", json={})).status_code == 200
    root = await talk.world.client("root")
    kept = [deed for deed in (await root.get("/api/v1/audit")).json() if deed["actor"] == "sue"]
    assert [(one["title"], one["told"]) for one in reversed(kept)] == [
        ("Was at a talk", "listened"),
        ("Was at a talk", "coached the agent"),
        ("Left a talk", ""),
        ("Set an agent not ready", ""),
        ("Set an agent ready", ""),
        ("Signed an agent out", ""),
    ]
    assert {one["subject"] for one in kept} == {talk.contact_id, agent}


async def test_an_agent_who_is_out_or_without_a_phone_is_not_made_ready(talk: Talk) -> None:
    boris = talk.world.id_of("boris")
    assert (await talk.sue.post(f"/api/v1/agents/{boris}/ready")).status_code == 404, "another project's"
    anna = talk.world.id_of("anna")
    for device in Device:
        talk.world.engine.do(PhoneUnreachable(agent_id=anna, device=device))
    refused = await talk.sue.post(f"/api/v1/agents/{anna}/ready")
    assert (refused.status_code, refused.json()["code"]) == (409, "agent_without_phone")
    await talk.sue.post(f"/api/v1/agents/{anna}/sign-out")
    refused = await talk.sue.post(f"/api/v1/agents/{anna}/ready")
    assert (refused.status_code, refused.json()["code"]) == (409, "agent_signed_out")
