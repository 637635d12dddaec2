"""What dies, and what nobody notices: parts killed with calls up, counted by the carrier and its phones."""

import pytest

from cti.demo.carrier import Step
from cti.domain.facts import AssignmentOffered, AssignmentStarted, ContactClosed, ContactQueued
from cti.domain.ids import ContactId
from tests.e2e.floor import floor, hire
from tests.running import PATIENCE_S, RunningCentre, eventually, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(600)]

TALKING = 20
WAITING = 20


async def test_killing_the_engine_cuts_no_talk_and_costs_no_caller_his_place(centre: RunningCentre) -> None:
    staff = await hire(centre, [str(200 + number) for number in range(TALKING)])
    before = max((number for number, _ in centre.facts()), default=0)
    async with floor(centre, staff) as made:
        talking = [await made.call(f"+7916555{number:04d}") for number in range(TALKING)]
        await soon(
            lambda: len(set(made.callers(Step.HEARD))) == TALKING and len(made.phones(Step.HEARD)) == TALKING,
            what="twenty talks, both sides heard",
        )
        waiting = []
        for number in range(WAITING):
            waiting.append(await made.call(f"+7916556{number:04d}"))
            await soon(lambda: _queued(centre, before) == TALKING + len(waiting), what="the caller waits")

        killed = centre.kill("engine")
        await soon(lambda: centre.is_back("engine", after=killed), what="a new engine")
        await made.agents.desks.connected(limit_s=PATIENCE_S)

        assert made.callers(Step.ENDED) == []
        assert made.phones(Step.ENDED) == []

        await made.hang_up(talking)
        await soon(
            lambda: len(set(made.callers(Step.HEARD))) == TALKING + WAITING,
            what="everyone who waited talks",
        )
        await made.hang_up(waiting)
        await soon(lambda: _live(centre, before) == 0, what="every contact closed")
        await made.agents.desks.ready(limit_s=PATIENCE_S)

    since = [fact for number, fact in centre.facts() if number > before]
    arrived = [fact.contact_id for fact in since if isinstance(fact, ContactQueued)]
    first_offers = _first_offers(centre, before)
    assert len(arrived) == TALKING + WAITING
    assert first_offers[TALKING:] == arrived[TALKING:], "who waited longest is served first"
    assert sum(isinstance(fact, AssignmentStarted) for fact in since) == TALKING + WAITING


def _queued(centre: RunningCentre, after: int) -> int:
    return sum(number > after and isinstance(fact, ContactQueued) for number, fact in centre.facts())


def _live(centre: RunningCentre, after: int) -> int:
    closed = sum(number > after and isinstance(fact, ContactClosed) for number, fact in centre.facts())
    return _queued(centre, after) - closed


def _first_offers(centre: RunningCentre, after: int) -> list[ContactId]:
    """Contacts in the order of their first offer."""
    offered: dict[ContactId, None] = {}
    for number, fact in centre.facts():
        if number > after and isinstance(fact, AssignmentOffered):
            offered.setdefault(fact.contact_id)
    return list(offered)


async def test_killing_the_ivr_leaves_new_callers_a_way_to_an_agent(centre: RunningCentre) -> None:
    staff = await hire(centre, ["231"])
    async with floor(centre, staff) as made:
        with centre.held_back():
            killed = centre.kill("ivr")
            await made.call("+79165557001", "+78005550100")
            await soon(lambda: made.phones(Step.HEARD), what="the caller talks to an agent")
        eventually(lambda: centre.is_back("ivr", after=killed), what="a new IVR")


async def test_a_frozen_ivr_keeps_no_caller_waiting_for_long(centre: RunningCentre) -> None:
    staff = await hire(centre, ["231"])
    async with floor(centre, staff) as made:
        frozen = centre.freeze("ivr")
        call = await made.call("+79165557002", "+78005550100")
        await soon(lambda: made.phones(Step.ANSWERED), what="the caller reaches an agent")
        eventually(lambda: centre.is_back("ivr", after=frozen), what="a new IVR")
        reached = next(seen.at_s for seen in made.seen if seen.step is Step.ANSWERED and seen.label == "231")
        assert reached - call.placed_s < 8, "2 s of silence, the kill, and the way to the agent"


async def test_killing_the_supervisor_cuts_nothing_and_its_successor_adopts_all(centre: RunningCentre) -> None:
    staff = await hire(centre, ["231"])
    async with floor(centre, staff) as made:
        await made.call("+79165557003")
        await soon(lambda: made.phones(Step.HEARD) and made.callers(Step.HEARD), what="a talk")
        parts = {part: centre.pid(part) for part in ("asterisk", "carrier", "ivr", "engine")}
        centre.kill("supervisor")
        centre.start()
        assert {part: centre.pid(part) for part in parts} == parts
        assert made.callers(Step.ENDED) == []
        assert made.phones(Step.ENDED) == []
