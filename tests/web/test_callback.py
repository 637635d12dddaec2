"""A callback and a task on the agent's page: what it is, whom it is about, and how far it has come."""

from typing import Any

import httpx
import pytest

from cti.domain.events import LegAnswered, RingFailed
from cti.domain.ids import AssignmentId, ContactId, LegCause, Medium
from tests.web.world import Page, World


async def given(client: httpx.AsyncClient, medium: Medium) -> ContactId:
    body = {"medium": medium, "queue_id": "support", "address": "+79161234567", "name": "Anna"}
    answer = await client.post("/api/v1/contacts", json=body)
    assert answer.status_code == 201, answer.text
    return ContactId(answer.json()["contact_id"])


async def until(page: Page, state: str) -> Any:
    while True:
        view = (await page.next("assignment"))["assignment"]
        if view["state"] == state:
            return view


async def dialled(world: World, page: Page) -> tuple[AssignmentId, Any]:
    """The agent has picked up, and his customer is being called."""
    contact_id = await given(await world.client("anna"), Medium.CALLBACK)
    view = await until(page, "offered")
    assert (view["contact"]["contact_id"], view["contact"]["medium"]) == (contact_id, "callback")
    assert view["contact"]["address"] == "+7 916 123-45-67"
    assignment_id = world.engine.answer_after_pop(contact_id)
    return assignment_id, await until(page, "dialling")


async def test_a_callback_rings_the_agent_then_shows_that_the_customer_is_called(world: World) -> None:
    client, page = await world.ready("anna")
    assignment_id, view = await dialled(world, page)
    assert view["until_ms"] > page.last["now_ms"]
    early = await client.post(f"/api/v1/assignments/{assignment_id}/hold")
    assert (early.status_code, early.json()["code"]) == (409, "not_answered_yet")
    leg_id = world.engine.state.contacts[view["contact"]["contact_id"]].leg_id
    assert leg_id is not None
    world.engine.do(LegAnswered(assignment_id=assignment_id, leg_id=leg_id))
    await until(page, "active")
    held = await client.post(f"/api/v1/assignments/{assignment_id}/hold")
    assert held.status_code == 200


@pytest.mark.parametrize("cause", [LegCause.BUSY, LegCause.NO_SUCH_NUMBER])
async def test_a_customer_who_is_not_reached_leaves_the_page_with_a_word(world: World, cause: LegCause) -> None:
    _, page = await world.ready("anna")
    assignment_id, view = await dialled(world, page)
    leg_id = world.engine.state.contacts[view["contact"]["contact_id"]].leg_id
    assert leg_id is not None
    world.engine.do(RingFailed(assignment_id=assignment_id, leg_id=leg_id, cause=cause))
    gone = await page.next("assignment_gone")
    assert (gone["assignment_id"], gone["outcome"]) == (assignment_id, "not_reached")


async def test_a_task_is_accepted_and_rings_no_phone(world: World) -> None:
    client, page = await world.ready("anna")
    await given(client, Medium.TASK)
    view = await until(page, "offered")
    assert (await client.post(f"/api/v1/assignments/{view['assignment_id']}/accept")).status_code == 200
    assert (await until(page, "active"))["contact"]["medium"] == "task"
