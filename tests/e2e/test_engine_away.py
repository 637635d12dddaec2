"""The engine is away for a while: dead, or frozen. Callers hear music and reach a phone; when it is back, nobody lost
his place, and no contact stays without an end."""

import subprocess

import pytest

from cti import variables
from cti.demo.carrier import Step
from cti.domain.facts import AssignmentOffered, ContactClosed, ContactQueued
from cti.domain.ids import ContactId
from tests.e2e.floor import floor, hire
from tests.running import PATIENCE_S, RunningCentre, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(600)]


async def static_queue_has(centre: RunningCentre, extension: str) -> None:
    """Until the engine has told the static queue of this ready agent; before that, its death leaves the queue empty."""
    phone = f"PJSIP/{variables.AGENT_ENDPOINT_PREFIX}{extension}"
    await soon(
        lambda: any(
            phone in line and "(Not in use)" in line
            for line in centre.console("queue show fallback-support").splitlines()
        ),
        what=f"{phone} in the static queue",
    )


async def kill_engine(centre: RunningCentre) -> int:
    """kill -9, until the switch has noticed; the pid that was."""
    killed = centre.kill("engine")
    port = centre.home().ports.http
    await soon(lambda: not connections(port), what="the switch has closed its side")
    return killed


def connections(port: int) -> str:
    """Open TCP connections of whoever listens on this port."""
    return subprocess.run(
        ["ss", "-Htn", f"sport = :{port}"], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    ).stdout


def newest(centre: RunningCentre) -> int:
    return max((number for number, _ in centre.facts()), default=0)


def queued(centre: RunningCentre, *, after: int) -> list[ContactId]:
    return [fact.contact_id for number, fact in centre.facts() if number > after and isinstance(fact, ContactQueued)]


def closed(centre: RunningCentre, *, after: int) -> dict[ContactId, str]:
    return {
        fact.contact_id: fact.disposition
        for number, fact in centre.facts()
        if number > after and isinstance(fact, ContactClosed)
    }


async def test_callers_who_come_while_the_engine_is_dead_reach_a_phone_by_the_static_queue(
    centre: RunningCentre,
) -> None:
    staff = await hire(centre, ["241"])
    async with floor(centre, staff) as made:
        await static_queue_has(centre, "241")
        with centre.held_back():
            killed = await kill_engine(centre)
            call = await made.call("+79165558001")
            await soon(call.answered.is_set, what="music: the call is answered at once")
            await soon(lambda: made.phones(Step.HEARD) and made.callers(Step.HEARD), what="a talk")
        await soon(lambda: centre.is_back("engine", after=killed), what="a new engine")
        await made.agents.desks.connected(limit_s=PATIENCE_S)
        assert made.callers(Step.ENDED) == []
        await made.hang_up([call])
        await made.agents.desks.ready(limit_s=PATIENCE_S)


@pytest.mark.lesson(9)
async def test_callers_who_waited_through_the_engines_death_are_served_by_their_arrival(centre: RunningCentre) -> None:
    before = newest(centre)
    staff = await hire(centre, ["241"])
    async with floor(centre, staff) as made:
        talk = await made.call("+79165558010")
        await soon(lambda: made.phones(Step.HEARD), what="the only agent talks")
        with centre.held_back():
            killed = await kill_engine(centre)
            waiting = []
            for number in range(3):
                waiting.append(await made.call(f"+7916555802{number}"))
                await soon(waiting[-1].answered.is_set, what="the caller hears music")
            await soon(
                lambda: "3 " in centre.console("queue show fallback-support").split("has", 1)[1][:4],
                what="three callers in the static queue",
            )
        await soon(lambda: centre.is_back("engine", after=killed), what="a new engine")
        late = await made.call("+79165558030")
        await soon(lambda: len(queued(centre, after=before)) == 5, what="the engine has all five")
        assert made.callers(Step.ENDED) == []
        for served in (talk, *waiting, late):
            await soon(lambda: served.order.label in made.callers(Step.HEARD), what="the caller talks")  # noqa: B023 - awaited in this round
            await made.hang_up([served])
        await soon(lambda: len(closed(centre, after=before)) == 5, what="every contact closed")
    arrived = {
        fact.contact_id: fact.arrived_ms
        for number, fact in centre.facts()
        if number > before
        if isinstance(fact, ContactQueued)
    }
    offers: dict[ContactId, None] = {}
    for number, fact in centre.facts():
        if number > before and isinstance(fact, AssignmentOffered):
            offers.setdefault(fact.contact_id)
    assert len(offers) == 5
    assert [*offers] == sorted(offers, key=lambda contact: arrived[contact])


async def test_a_frozen_engine_is_replaced_and_costs_no_caller_his_talk(centre: RunningCentre) -> None:
    staff = await hire(centre, ["241"])
    async with floor(centre, staff) as made:
        await made.call("+79165558040")
        await soon(lambda: made.phones(Step.HEARD), what="a talk")
        frozen = centre.freeze("engine")
        call = await made.call("+79165558041")
        await soon(lambda: centre.is_back("engine", after=frozen), what="a new engine")
        await made.agents.desks.connected(limit_s=PATIENCE_S)
        assert made.callers(Step.ENDED) == made.phones(Step.ENDED) == []
        await made.hang_up([made.calls[0]])
        await soon(lambda: call.order.label in made.callers(Step.HEARD), what="the second is served")


@pytest.mark.lesson(5)
@pytest.mark.lesson(9)
async def test_a_caller_who_left_while_the_engine_was_dead_is_ended_soon_after_its_return(
    centre: RunningCentre,
) -> None:
    before = newest(centre)
    staff = await hire(centre, ["241"])
    async with floor(centre, staff) as made:
        talk = await made.call("+79165558050")
        await soon(lambda: made.phones(Step.HEARD), what="a talk")
        waits = await made.call("+79165558051")
        await soon(lambda: len(queued(centre, after=before)) == 2, what="another waits")
        with centre.held_back():
            killed = centre.kill("engine")
            await made.hang_up([talk, waits])
        await soon(lambda: centre.is_back("engine", after=killed), what="a new engine")
        await soon(lambda: len(closed(centre, after=before)) == 2, within_s=30, what="both contacts have an end")
        await made.agents.desks.ready(limit_s=PATIENCE_S)
