"""A caller who would rather not wait is called back; one who gave up becomes a task: through the whole centre."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from cti import shipped
from cti.config import load
from cti.demo.carrier import Step, Who
from cti.domain.facts import (
    AssignmentOffered,
    CallbackAccepted,
    CallbackOffered,
    CallbackPostponed,
    ContactClosed,
    ContactQueued,
    CustomerReached,
    CustomerRung,
)
from cti.domain.ids import SYSTEM_ABANDONED, ContactId, Medium
from tests.e2e.floor import Floor, floor, hire
from tests.running import PATIENCE_S, RunningCentre, free_port_base, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(400)]

ANSWERS = "+79165557001"
ANSWERS_LATE = "+79165557007"
BUSY = "+79165557000"
GIVES_UP = "+79165557031"
OFFER = "    steps: [{after_s: 1, announce: [position], offer_callback: true}]\n    lost_to: support\n"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    """A demo centre whose queue offers a callback after a second, and whose clinic is closed."""
    folder = tmp_path_factory.mktemp("c")
    home = folder / "h"
    home.mkdir()
    text = (shipped.asterisk_conf() / "centre.yaml").read_text(encoding="utf-8")
    before, support, after = text.partition("  support:\n    name: {en: Support, ru: Поддержка}\n")
    assert support
    rules, end, rest = after.partition("  mail:\n")
    kept = [line for line in rules.splitlines(keepends=True) if not line.startswith(("    steps:", "      - "))]
    changed = "".join(kept).replace("retry_s: 900", "retry_s: 60")
    whole = before + support + OFFER + changed + end + rest
    hours = "    weekly:\n      mon-fri: 08:00-20:00\n"
    reception = "  reception:\n    name: {en: Reception, ru: Регистратура}\n    project: clinic\n"
    assert hours in whole
    assert reception in whole
    closed = [datetime.now(tz=UTC).date() + timedelta(days=days) for days in (-1, 0, 1)]
    days_off = f"    closed_on: [{', '.join(map(str, closed))}]\n"
    whole = whole.replace(hours, days_off + hours).replace(reception, reception + "    lost_to: reception\n")
    (home / "centre.yaml").write_text(whole, encoding="utf-8")
    load(home / "centre.yaml")
    running = RunningCentre(home, port_base=free_port_base())
    try:
        yield running.start()
    finally:
        running.stop()


def facts_of(centre: RunningCentre, contact_id: ContactId) -> list[str]:
    return [type(fact).__name__ for _, fact in centre.facts() if getattr(fact, "contact_id", None) == contact_id]


async def queued(centre: RunningCentre, medium: Medium, *, after: int) -> ContactQueued:
    """The first contact of that medium that came after so many."""
    found: list[ContactQueued] = []

    def is_there() -> bool:
        every = [fact for _, fact in centre.facts() if isinstance(fact, ContactQueued)]
        found[:] = [fact for fact in every[after:] if fact.medium is medium]
        return bool(found)

    await soon(is_there, what=f"a contact on {medium}")
    return found[0]


async def promised(centre: RunningCentre, made: Floor, number: str) -> ContactId:
    """A caller waits, is offered a callback, presses the key, is told so and hung up."""
    after = centre.count(ContactQueued)
    offered, accepted = centre.count(CallbackOffered), centre.count(CallbackAccepted)
    call = await made.call(number)
    contact = await queued(centre, Medium.VOICE, after=after)
    await soon(lambda: centre.count(CallbackOffered) > offered, what="a callback is offered")
    await made.carrier.press(call.order.label, "1")
    await soon(lambda: centre.count(CallbackAccepted) > accepted, what="the callback is promised")
    async with asyncio.timeout(30):
        assert (await call.ended).cause == 16
    return contact.contact_id


def heard(made: Floor) -> set[tuple[Who, str]]:
    """Who has heard the other side."""
    return {(one.who, one.label) for one in made.seen if one.step is Step.HEARD}


async def shown(centre: RunningCentre, contact_id: ContactId) -> Any:
    """What a supervisor is told of a waiting contact."""
    demo = centre.endpoints().demo
    assert demo is not None
    person = {"login": demo.supervisor.login, "password": demo.supervisor.password}
    async with httpx.AsyncClient(base_url=f"{centre.endpoints().web}/api/v1", trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {(await client.post('/tokens', json=person)).json()['token']}"
        async with asyncio.timeout(PATIENCE_S):
            while (answer := await client.get(f"/contacts/{contact_id}")).status_code == httpx.codes.NOT_FOUND:
                continue  # the history is a moment behind
        return answer.raise_for_status().json()["contact"]


async def test_a_waiting_caller_presses_1_hangs_up_and_is_called_back(own: RunningCentre) -> None:
    async with floor(own, []) as nobody:
        contact_id = await promised(own, nobody, ANSWERS)
    [agent] = await hire(own, ["371"])
    async with floor(own, [agent], talk_s=6) as made:
        await soon(lambda: made.phones(Step.ANSWERED), what="the agent's phone is answered")
        await soon(lambda: own.count(CustomerReached), what="the customer answers")
        await soon(lambda: heard(made) == {(Who.PHONE, "371"), (Who.CALLED, ANSWERS)}, what="both hear each other")
        await soon(lambda: "ContactClosed" in facts_of(own, contact_id), what="the contact is closed")
    story = facts_of(own, contact_id)
    assert story.index("CallbackOffered") < story.index("CallbackAccepted") < story.index("ContactClosed")
    assert "ContactRequeued" not in story


async def test_an_engine_that_dies_while_the_customer_is_called_joins_him_all_the_same(own: RunningCentre) -> None:
    async with floor(own, []) as nobody:
        contact_id = await promised(own, nobody, ANSWERS_LATE)
    [agent] = await hire(own, ["371"])
    rung, reached = own.count(CustomerRung), own.count(CustomerReached)
    async with floor(own, [agent], talk_s=25) as made:
        await soon(lambda: own.count(CustomerRung) > rung, what="the customer is dialled")
        killed = own.kill("engine")
        await soon(lambda: own.is_back("engine", after=killed), what="a new engine")
        await soon(lambda: own.count(CustomerReached) > reached, what="the customer answers")
        both = {(Who.PHONE, "371"), (Who.CALLED, ANSWERS_LATE)}
        await soon(lambda: heard(made) == both, what="both hear each other")
        await soon(lambda: "ContactClosed" in facts_of(own, contact_id), what="the contact is closed")
    assert own.count(CustomerRung) == rung + 1, "he is called once"


async def test_a_customer_who_is_busy_is_called_again_later_and_his_agent_is_free(own: RunningCentre) -> None:
    [agent] = await hire(own, ["371"])
    async with floor(own, []) as nobody:
        contact_id = await promised(own, nobody, BUSY)
        rung, postponed = own.count(CustomerRung), own.count(CallbackPostponed)
    async with floor(own, [agent], talk_s=6) as made:
        await soon(lambda: own.count(CustomerRung) > rung, what="the customer is dialled")
        await soon(lambda: own.count(CallbackPostponed) > postponed, what="the next attempt is planned")
        assert "ContactClosed" not in facts_of(own, contact_id)
        call = await made.call("+79165557055")
        await soon(lambda: call.order.label in made.callers(Step.HEARD), what="the agent takes another call")


async def test_a_caller_who_gives_up_becomes_a_task_with_his_number(own: RunningCentre) -> None:
    async with floor(own, []) as nobody:
        after = own.count(ContactQueued)
        call = await nobody.call(GIVES_UP)
        lost = await queued(own, Medium.VOICE, after=after)
        await soon(call.answered.is_set, what="he hears music")
        await nobody.hang_up([call])
        task = await queued(own, Medium.TASK, after=after)
        assert task.origin == lost.contact_id
        closed = [fact for _, fact in own.facts() if isinstance(fact, ContactClosed)]
        assert closed[-1] == ContactClosed(
            contact_id=lost.contact_id, disposition=SYSTEM_ABANDONED, at_ms=closed[-1].at_ms
        )
        view = await shown(own, task.contact_id)
    assert view["address"].replace(" ", "").replace("-", "") == GIVES_UP
    assert view["path"][-1]["key"] == "abandoned"
    [agent] = await hire(own, ["371"])
    offered = own.count(AssignmentOffered)
    async with floor(own, [agent]):
        await soon(lambda: own.count(AssignmentOffered) > offered, what="the task is offered")


async def test_calls_after_hours_become_one_task_however_often_he_tries(own: RunningCentre) -> None:
    async with floor(own, []) as nobody:
        after = own.count(ContactQueued)
        for _ in range(2):
            call = await nobody.call(GIVES_UP, to="+78005550200")
            async with asyncio.timeout(60):
                await call.ended
            assert call.answered.is_set(), "he hears that it is closed, and is hung up"
        task = await queued(own, Medium.TASK, after=after)
        assert (task.queue_id, task.origin, task.leg_id) == ("reception", None, None)
        await soon(lambda: own.log("engine").count("caller_lost") == 2, what="the second attempt is known")
        every = [fact for _, fact in own.facts() if isinstance(fact, ContactQueued)][after:]
        assert [fact.contact_id for fact in every] == [task.contact_id]
    assert GIVES_UP not in own.log("engine") + own.log("ivr")
