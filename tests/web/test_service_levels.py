"""The service level of queues over the API: whose, and of which span."""

import pytest

from cti.web.level_routes import LATELY_MS
from tests.web.world import World

pytestmark = pytest.mark.server


async def test_each_queue_of_ones_projects_tells_what_it_reached_lately_and_today(world: World) -> None:
    now_ms = world.engine.now()
    world.history.tell("c1", "u1", arrived_ms=now_ms - 1)
    world.history.tell("c2", "u1", arrived_ms=now_ms - 2)
    world.history.tell("c3", "u1", arrived_ms=now_ms - LATELY_MS - 1)
    world.history.tell("c4", "u1", project="clinic", arrived_ms=now_ms)
    sveta = await world.client("sveta")
    found = {one["queue_id"]: one for one in (await sveta.get("/api/v1/service-levels")).json()}
    assert "reception" not in found, "that is the clinic's"
    support = found["support"]
    assert (support["within_ms"], support["goal_percent"]) == (20_000, 80)
    assert support["lately"] == {"counted": 2, "in_time": 1, "percent": 50, "abandoned": 0}
    assert (support["today"]["counted"], support["today"]["in_time"]) == (3, 2), "the half hour, and before it"
    assert found["sales"]["lately"] == {"counted": 0, "in_time": 0, "percent": None, "abandoned": 0}


async def test_agents_are_not_told(world: World) -> None:
    anna = await world.client("anna")
    assert (await anna.get("/api/v1/service-levels")).status_code == 403
