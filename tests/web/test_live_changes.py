"""What an admin changes while contacts wait is in force at the very next decision, and soon."""

import statistics

import httpx

from cti import rules
from cti.domain.events import ContactCancelled
from cti.domain.ids import ContactId
from tests.awake import awake
from tests.web.world import World, centre

BOUND_MS = 50
"""What is promised of the live system. Here the page, the web, the directory and the `Acd` share one process."""
LONGEST_MS = 1000
"""What no single change may take, on however busy a machine."""
CHANGES = 11


async def skilled(root: httpx.AsyncClient, world: World, *, level: int) -> None:
    skills = [{"skill_id": "technical", "level": level}] if level else []
    answer = await root.patch(f"/api/v1/people/{world.id_of('anna')}", json={"skills": skills})
    assert answer.status_code == 200, answer.text


async def asked_for(world: World) -> ContactId:
    """A caller of whom technical help is asked, who waits because nobody can give it."""
    contact_id = world.engine.caller(queue="support")
    assert world.engine.state.contacts[contact_id].assignment_id is None
    return contact_id


async def test_a_skill_given_over_the_api_has_the_waiting_caller_offered_at_once(world: World) -> None:
    world.engine.do(rules.queue_opened(centre().queues["support"]))
    root = await world.client("root")
    _, page = await world.ready("anna")
    took_ms = []
    for _ in range(CHANGES):
        await skilled(root, world, level=0)
        contact_id = await asked_for(world)
        with awake() as passed_s:
            await skilled(root, world, level=5)
            answered_ms = 1000 * passed_s()
            offered = await page.next("assignment")
            took_ms.append(1000 * passed_s())
        assert offered["assignment"]["contact"]["contact_id"] == contact_id
        assert answered_ms < LONGEST_MS
        world.engine.do(ContactCancelled(contact_id=contact_id))
        await page.next("assignment_gone")
    median = statistics.median(took_ms)
    print(f"from the admin's request to the agent's page: median {median:.1f} ms, longest {max(took_ms):.1f} ms")
    assert max(took_ms) < LONGEST_MS
    assert median < BOUND_MS * 4, "the machine may be busy with other tests, but not four times so"
