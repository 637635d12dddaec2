"""Results of surveys over the API: whose they are, and by what they are told."""

from pathlib import Path

import pytest

from cti import surveys
from cti.domain.ids import AgentId, ProjectId, QueueId
from cti.store.surveys import StoredSurveys
from cti.surveys import Answers
from tests.web.world import World

pytestmark = pytest.mark.server


async def test_results_by_queue_agent_and_day_are_the_supervisors_own(world: World, tmp_path: Path) -> None:
    client, page = await world.ready()
    contact_id = world.engine.caller()
    answers = Answers(
        contact_id=contact_id,
        agent_id=AgentId("u1"),
        queue_id=QueueId("support"),
        at_ms=world.engine.now(),
        given={"quality": 4},
        over=True,
    )
    surveys.write(tmp_path, answers)
    stored = StoredSurveys(world.database)
    await stored.take(tmp_path, project_of=lambda _: ProjectId("telecom"), seen={})
    sveta = await world.client("sveta")
    for by, key, title in (("queue", "support", "Support"), ("agent", "u1", "Anna")):
        [found] = (await sveta.get("/api/v1/surveys", params={"by": by})).json()
        expected = {"key": key, "title": title, "question": "quality", "asked": 1, "count": 1, "mean": 4.0}
        assert found == expected
    [day] = (await sveta.get("/api/v1/surveys", params={"by": "day"})).json()
    assert day["key"] == day["title"]
    refused = await sveta.get("/api/v1/surveys", params={"since": "2030-01-02", "until": "2030-01-01"})
    assert (refused.status_code, refused.json()["code"]) == (422, "survey_span")
    for day in ("9999-12-31", "0001-01-01"):
        assert (await sveta.get("/api/v1/surveys", params={"until": day})).status_code == 422
    assert (await client.get("/api/v1/surveys")).status_code == 403
    for reader, status in ((client, 200), (sveta, 200), (await world.client("boris"), 404)):
        assert (await reader.get(f"/api/v1/contacts/{contact_id}/survey")).status_code == status
    assert (await client.get(f"/api/v1/contacts/{contact_id}/survey")).json() == [{"question": "quality", "value": 4}]
    await page.socket.close()
