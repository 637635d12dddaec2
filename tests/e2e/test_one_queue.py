"""Calls and e-mails wait in one line: who asked first is served first, whatever he asked by."""

import asyncio

import httpx
import pytest

from cti.demo.carrier import Step
from cti.domain.facts import AssignmentOffered, ContactQueued
from cti.domain.ids import ContactId, Medium
from tests.e2e.floor import SECRET, floor, hire
from tests.running import RunningCentre, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(600)]

EACH = 20
RECEPTION = "+78005550201"
"""Leads to a queue in which every medium ages alike."""


async def test_twenty_calls_and_twenty_emails_are_served_in_the_order_in_which_they_came(centre: RunningCentre) -> None:
    before = max((number for number, _ in centre.facts()), default=0)
    staff = await hire(centre, ["291"], project="clinic", skill="reception")
    async with (
        floor(centre, staff) as made,
        httpx.AsyncClient(base_url=f"{centre.endpoints().web}/api/v1", timeout=30, trust_env=False) as http,
    ):
        http.headers["Authorization"] = f"Bearer {await token(centre)}"
        first = await made.call("+79165557000", RECEPTION)
        await soon(lambda: made.phones(Step.HEARD), what="the only agent talks")
        calls = []
        for number in range(EACH):
            email = {"medium": "email", "queue_id": "reception", "address": f"c{number}@example.org", "subject": "Help"}
            answer = await http.post("/contacts", json=email)
            assert answer.status_code == 201, answer.text
            calls.append(await made.call(f"+791655571{number:02d}", RECEPTION))
            await soon(lambda: len(queued(centre, before)) == 2 * len(calls) + 1, what="both wait")
        await made.hang_up([first])
        for call in calls:
            heard = len(made.phones(Step.HEARD)) + 1
            await soon(lambda: len(made.phones(Step.HEARD)) >= heard, what="the next talks")  # noqa: B023 - awaited here
            await made.hang_up([call])
        await soon(lambda: len(offered(centre, before)) == 2 * EACH + 1, what="everyone was offered")
        await asyncio.wait_for(made.agents.desks.ready(limit_s=30), 40)
    arrived = queued(centre, before)
    order = offered(centre, before)
    assert sorted(arrived.values()) == sorted([Medium.VOICE] * (EACH + 1) + [Medium.EMAIL] * EACH)
    assert order == list(arrived), "an inversion"


async def token(centre: RunningCentre) -> str:
    async with httpx.AsyncClient(base_url=f"{centre.endpoints().web}/api/v1", timeout=30, trust_env=False) as http:
        answer = await http.post("/tokens", json={"login": "hired291", "password": SECRET})
    assert answer.is_success, answer.text
    return str(answer.json()["token"])


def queued(centre: RunningCentre, after: int) -> dict[ContactId, Medium]:
    """In the order of arrival."""
    found = [fact for number, fact in centre.facts() if number > after and isinstance(fact, ContactQueued)]
    return {fact.contact_id: fact.medium for fact in sorted(found, key=lambda fact: fact.arrived_ms)}


def offered(centre: RunningCentre, after: int) -> list[ContactId]:
    """Each at its first offer."""
    facts = [fact for number, fact in centre.facts() if number > after and isinstance(fact, AssignmentOffered)]
    return list(dict.fromkeys(fact.contact_id for fact in facts))
