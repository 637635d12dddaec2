"""What the IVR tells of callers who reached nobody, and the words that an agent reads of it."""

import pytest

from cti.domain.ids import QueueId
from cti.ports import CallerLost
from cti.variables import LOST_STEP, Lost
from cti.web import words
from tests.web.world import IVR_TOKEN, World

LOST = {
    "queue_id": "support",
    "number": "89161234567",
    "name": "Anna\u202e",
    "dialled": "+78005550100",
    "language": "ru",
    "path": "main:2;main:-",
    "why": "left_menu",
    "at_ms": 1_700_000_000_000,
}


async def test_a_lost_caller_reaches_the_engine_with_a_number_that_can_be_called(world: World) -> None:
    client = await world.client()
    answer = await client.post("/api/v1/ivr/lost", json=LOST, headers={"X-Triune-Token": IVR_TOKEN})
    assert answer.status_code == 202
    [lost] = world.engine.lost
    assert lost == CallerLost(
        queue_id=QueueId("support"),
        number="+79161234567",
        name="Anna\u202e",
        dialled="+78005550100",
        language="ru",
        path="main:2;main:-",
        why=Lost.LEFT_MENU,
        at_ms=1_700_000_000_000,
    )


@pytest.mark.parametrize("change", [{"number": "x" * 41}, {"why": "bored"}, {"path": "<b>"}, {"language": "xx"}])
async def test_what_was_not_agreed_is_refused(world: World, change: dict[str, str]) -> None:
    client = await world.client()
    answer = await client.post("/api/v1/ivr/lost", json=LOST | change, headers={"X-Triune-Token": IVR_TOKEN})
    assert answer.status_code == 422
    assert not world.engine.lost


async def test_only_the_ivr_may_tell_of_lost_callers(world: World) -> None:
    client = await world.client("anna")
    answer = await client.post("/api/v1/ivr/lost", json=LOST, headers={"X-Triune-Token": "guess"})
    assert answer.status_code == 401
    assert not world.engine.lost


@pytest.mark.parametrize("why", Lost)
@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_reason_has_words(why: Lost, language: str) -> None:
    assert words.step(f"{LOST_STEP}:{why}", language)
