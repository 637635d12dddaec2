"""Parked calls over the API: who sees them, who fetches them, and that pages hear of it."""

import pytest

from cti.domain.commands import RingParty
from tests.web.world import World

pytestmark = pytest.mark.server


async def test_a_call_is_parked_seen_by_its_project_and_fetched_once(world: World) -> None:
    client, page = await world.ready()
    contact_id = world.engine.caller()
    assignment_id = world.engine.answer_after_pop(contact_id)
    done = await client.post(f"/api/v1/assignments/{assignment_id}/park")
    assert (done.status_code, done.json()) == (200, {"slot": 701})
    await page.next("parked")
    [seen] = (await client.get("/api/v1/parked")).json()
    assert (seen["slot"], seen["contact_id"], seen["by"], seen["queue"]) == (701, contact_id, "Anna", "Support")
    assert seen["until_ms"] - seen["since_ms"] == 120_000
    boris, sveta = await world.client("boris"), await world.client("sveta")
    assert (await boris.get("/api/v1/parked")).json() == []
    fetch = f"/api/v1/parked/{contact_id}/fetch"
    assert (await boris.post(fetch)).json()["code"] == "park_gone"
    assert (await sveta.post(fetch)).json()["code"] == "no_extension"
    assert (await client.post(fetch)).json()["code"] == "park_busy"
    finished = {"disposition": "resolved", "note": ""}
    assert (await client.post(f"/api/v1/assignments/{assignment_id}/finish", json=finished)).status_code == 200
    assert (await client.post(fetch)).status_code == 200
    assert any(isinstance(one, RingParty) for one in world.engine.commands)
    assert (await client.get("/api/v1/parked")).json() == []
    assert (await client.post(fetch)).json()["code"] == "park_gone"
    await page.socket.close()
