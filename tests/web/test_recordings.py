"""Recordings over the API: who may listen to what, that every play is written down, ranges, and pauses."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.domain.ids import AgentId, ContactId, ProjectId, QueueId
from cti.ports.recordings import Kept, Recorded, RecordingState
from cti.web.recording_desk import PLAY_LIFE_MS
from cti.web.recording_routes import part_of
from tests.web.recordings import SOUND
from tests.web.world import World

pytestmark = pytest.mark.server

KEPT = Kept(
    recording_id="c7-1a",
    contact_id=ContactId("c7"),
    project_id=ProjectId("telecom"),
    queue_id=QueueId("sales"),
    agents=(AgentId("u1"),),
    began_ms=1_000,
    length_ms=60_000,
    pauses=((3_000, 4_000),),
    keep_until_ms=9_000_000,
    size=len(SOUND),
    sha256="ab" * 32,
    key_id="k",
    wrapped_key="w",
)
URL = "/api/v1/recordings/c7-1a"


async def listed(client: httpx.AsyncClient, contact_id: str = "c7") -> list[Any]:
    answer = await client.get(f"/api/v1/contacts/{contact_id}/recordings")
    assert answer.status_code == 200
    found: list[Any] = answer.json()
    return found


async def plays(client: httpx.AsyncClient, *, download: bool = False) -> httpx.Response:
    return await client.post(f"{URL}/plays", json={"download": download})


async def written(world: World) -> list[tuple[str, str, str]]:
    deeds = await world.directory.audit(limit=50, before_ms=None)
    return [(one.actor, one.action, one.detail) for one in deeds if one.action.startswith("recording")]


async def test_a_supervisor_of_its_project_plays_it_and_that_is_written_down(world: World) -> None:
    await world.recordings.shelf.put(KEPT)
    sveta = await world.client("sveta")
    (one,) = await listed(sveta)
    assert (one["agents"], one["pauses"]) == (["Anna"], [{"from_ms": 2_000, "until_ms": 3_000}])
    play = (await plays(sveta)).json()
    assert await written(world) == [("sveta", "recording_played", "c7-1a")]
    sound = await sveta.get(play["url"])
    assert (sound.status_code, sound.content, sound.headers["content-type"]) == (200, SOUND, "audio/wav")
    assert sound.headers["content-disposition"].startswith("inline")
    saved = (await plays(sveta, download=True)).json()
    assert (await written(world))[0] == ("sveta", "recording_downloaded", "c7-1a")
    assert (await sveta.get(saved["url"])).headers["content-disposition"].startswith("attachment")


async def test_whoever_had_the_talk_may_play_it_only_where_its_queue_says_so(world: World) -> None:
    await world.recordings.shelf.put(KEPT)
    await world.recordings.shelf.put(replace(KEPT, recording_id="c7-2b", queue_id=QueueId("support")))
    await world.recordings.shelf.put(replace(KEPT, recording_id="c7-3c", agents=(AgentId("u9"),)))
    anna = await world.client("anna")
    assert [one["recording_id"] for one in await listed(anna)] == ["c7-1a"], "sales lets its agents, support does not"
    assert (await plays(anna)).status_code == 200
    assert (await anna.post("/api/v1/recordings/c7-2b/plays", json={})).status_code == 404
    assert (await anna.post("/api/v1/recordings/c7-3c/plays", json={})).status_code == 404


async def test_nobody_of_another_project_sees_that_it_is_there(world: World) -> None:
    await world.recordings.shelf.put(replace(KEPT, project_id=ProjectId("clinic")))
    for login in ("anna", "sveta"):
        client = await world.client(login)
        assert await listed(client) == []
        assert (await plays(client)).status_code == 404
    assert await written(world) == []
    root = await world.client("root")
    assert (await plays(root)).status_code == 200


async def test_no_sound_without_leave_with_anothers_or_with_an_old_one(world: World) -> None:
    await world.recordings.shelf.put(KEPT)
    await world.recordings.shelf.put(replace(KEPT, recording_id="c7-2b"))
    sveta, root, nobody = [await world.client(login) for login in ("sveta", "root", None)]
    url = (await plays(sveta)).json()["url"]
    assert (await sveta.get(f"{URL}/audio")).status_code == 422
    assert (await sveta.get(f"{URL}/audio?leave=made-up")).json()["code"] == "recording_leave_over"
    assert (await root.get(url)).status_code == 403
    assert (await nobody.get(url)).status_code == 401
    assert (await sveta.get(url.replace("c7-1a", "c7-2b"))).status_code == 403
    world.engine.clock.now_ms += PLAY_LIFE_MS
    assert (await sveta.get(url)).status_code == 403


async def test_a_part_is_served_as_a_part(world: World) -> None:
    await world.recordings.shelf.put(KEPT)
    sveta = await world.client("sveta")
    url = (await plays(sveta)).json()["url"]
    part = await sveta.get(url, headers={"Range": "bytes=100-1299"})
    assert (part.status_code, part.content) == (206, SOUND[100:1300])
    assert part.headers["content-range"] == f"bytes 100-1299/{len(SOUND)}"
    end = await sveta.get(url, headers={"Range": "bytes=-7"})
    assert (end.status_code, end.content) == (206, SOUND[-7:])
    beyond = await sveta.get(url, headers={"Range": f"bytes={len(SOUND)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(SOUND)}")
    assert len(await written(world)) == 1, "parts of one play are one play"


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 20))
def test_every_range_is_within_the_file_or_refused(first: int, last: int, length: int) -> None:
    for wanted in (
        f"bytes={first}-{last}",
        f"bytes={first}-",
        f"bytes=-{last}",
        "bytes=-",
        "bytes=a-b",
        "",
        "lines=1-2",
    ):
        found = part_of(wanted, length)
        assert found is None or 0 <= found[0] < found[1] <= length


async def test_what_was_erased_says_so_and_is_not_played(world: World) -> None:
    await world.recordings.shelf.put(KEPT)
    sveta = await world.client("sveta")
    url = (await plays(sveta)).json()["url"]
    await world.recordings.shelf.erase(["c7-1a"], actor="system", why="retention")
    assert (await listed(sveta))[0]["erased_ms"] is not None
    for answer in (await plays(sveta), await sveta.get(url)):
        assert (answer.status_code, answer.json()["code"]) == (410, "recording_erased")


async def test_the_agent_pauses_his_own_talk_and_is_told_when_that_fails(world: World) -> None:
    anna, page = await world.ready("anna")
    assignment = world.engine.answer_after_pop(world.engine.caller())
    contact_id = world.engine.state.assignments[assignment].contact_id
    url = f"/api/v1/assignments/{assignment}/recording"
    assert (await anna.get(url)).json() == {"state": "off", "resumes_ms": None}
    assert (await anna.post(f"{url}/pause")).json()["code"] == "not_recorded"
    world.recordings.states[contact_id] = RecordingState(state=Recorded.ON)
    assert (await anna.post(f"{url}/pause")).json() == {"state": "paused", "resumes_ms": 120_000}
    world.hub.recording_changed(contact_id, world.recordings.state(contact_id))
    change = await page.next("recording")
    assert (change["contact_id"], change["state"]) == (contact_id, "paused")
    assert (await anna.post(f"{url}/resume")).json()["state"] == "on"
    world.recordings.switch_down = True
    assert (await anna.post(f"{url}/pause")).status_code == 503
    boris = await world.client("boris")
    for act in ("pause", "resume"):
        assert (await boris.post(f"{url}/{act}")).status_code == 404


async def test_whoever_has_no_talk_any_more_does_not_pause_that_of_a_colleague(world: World) -> None:
    anna, _ = await world.ready("anna")
    assignment = world.engine.answer_after_pop(world.engine.caller())
    contact_id = world.engine.state.assignments[assignment].contact_id
    url = f"/api/v1/assignments/{assignment}/recording"
    wish = {"to": {"kind": "queue", "queue_id": "sales"}}
    assert (await anna.post(f"/api/v1/assignments/{assignment}/transfer", json=wish)).status_code == 200
    world.recordings.states[contact_id] = RecordingState(state=Recorded.ON)
    for act in ("pause", "resume"):
        answer = await anna.post(f"{url}/{act}")
        assert (answer.status_code, answer.json()["code"]) == (409, "no_leg")
    assert world.recordings.state(contact_id).state is Recorded.ON


async def test_a_supervisor_is_told_that_there_is_no_space(world: World) -> None:
    sveta = await world.client("sveta")
    assert (await sveta.get("/api/v1/recordings/standing")).json() == {"full": False}
    world.recordings.is_full = True
    assert (await sveta.get("/api/v1/recordings/standing")).json() == {"full": True}
