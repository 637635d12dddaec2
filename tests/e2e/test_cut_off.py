"""Asterisk dies under callers: each has one callback within a minute, and the carrier is called back."""

import asyncio
import contextlib
import sqlite3
from collections import Counter

import pytest

from cti.demo.carrier import Call, Step, Who
from cti.demo.ledger import digits
from cti.domain.facts import ContactQueued
from cti.domain.ids import ContactId, Medium
from tests.e2e.floor import Floor, floor, hire
from tests.e2e.test_away import REGISTERED_AGAIN_S, ended, newest, queued
from tests.running import RunningCentre, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(600)]

MENU = "+78005550100"
CUT_OFF_S = 60.0
"""Within so long of Asterisk's death each caller whom it cut off is to be called back."""


IN_THE_MENU = ContactId("none yet")


def called_back(centre: RunningCentre, after: int) -> list[ContactId]:
    """Of whom callbacks have been queued, by the contact that was cut off; one in the menus has none."""
    facts = (fact for number, fact in centre.facts() if number > after and isinstance(fact, ContactQueued))
    calls = [fact for fact in facts if fact.medium is Medium.CALLBACK]
    return [fact.origin if fact.origin is not None else IN_THE_MENU for fact in calls]


def known(centre: RunningCentre) -> set[str]:
    """The contacts of which it is written whose they are: what is not dies with Asterisk and engine together."""
    with contextlib.closing(sqlite3.connect(f"file:{centre.path}/triune.sqlite?mode=ro", uri=True)) as database:
        return {contact_id for (contact_id,) in database.execute("SELECT contact_id FROM contact_particulars")}


def dialled(made: Floor, numbers: list[str]) -> Counter[str]:
    """How often each of them picked up when the centre called him, as the carrier saw it."""
    mine = {digits(number) for number in numbers}
    answered = (seen for seen in made.seen if seen.who is Who.CALLED and seen.step is Step.ANSWERED)
    return Counter(number for number in (digits(seen.label) for seen in answered) if number in mine)


async def is_reached(made: Floor, number: str) -> None:
    """Wait until the centre has called him; then he hangs up."""
    await soon(lambda: dialled(made, [number]), what="he is called back", within_s=2 * REGISTERED_AGAIN_S)
    leg = next(s.leg for s in reversed(made.seen) if s.who is Who.CALLED and digits(s.label) == digits(number))
    await made.carrier.hang_up_called(leg)


async def talks(made: Floor, call: Call) -> None:
    """Wait until an agent has him; then he hangs up."""

    def has_him() -> bool:
        mine = digits(call.order.caller)
        return any(s.who is Who.PHONE and s.step is Step.ANSWERED and digits(s.number) == mine for s in made.seen)

    await soon(has_him, what="who called again is served", within_s=2 * REGISTERED_AGAIN_S)
    await made.hang_up([call])


@pytest.mark.parametrize("engine_too", [False, True], ids=["asterisk", "asterisk and engine"])
async def test_whom_asterisks_death_cuts_off_is_called_back_once(centre: RunningCentre, engine_too: bool) -> None:
    before = newest(centre)
    staff = await hire(centre, ["293", "294"])
    numbers = [f"+79165593{engine_too:d}{number}1" for number in range(5)]
    async with floor(centre, staff) as made:
        for number in numbers[:2]:
            await made.call(number)
        await soon(lambda: len(made.phones(Step.HEARD)) == 2, what="two talks")
        for number in numbers[2:4]:
            await made.call(number)
        await soon(lambda: len(queued(centre, before)) == 4, what="two wait")
        in_menu = await made.call(numbers[4], MENU)
        cut = queued(centre, before)
        await soon(lambda: known(centre) >= set(cut), what="it is written who they are")
        await soon(in_menu.answered.is_set, what="the menu speaks")

        centre.kill("asterisk")
        if engine_too:
            centre.kill("engine")
        died_s = asyncio.get_running_loop().time()
        await soon(lambda: len(called_back(centre, before)) == 5, what="callbacks", within_s=CUT_OFF_S)
        took_s = asyncio.get_running_loop().time() - died_s
        print(f"callbacks after {took_s:.1f} s")
        assert sorted(called_back(centre, before)) == sorted([*cut, IN_THE_MENU]), "each of them, once"

        async with asyncio.timeout(3 * REGISTERED_AGAIN_S), asyncio.TaskGroup() as group:
            group.create_task(talks(made, await made.call(numbers[3])))
            for number in (*numbers[:3], numbers[4]):
                group.create_task(is_reached(made, number))
        await made.hang_up([call for call in made.calls if not call.ended.done()])
        await soon(lambda: set(queued(centre, before)) == set(ended(centre, before)), what="all are closed")
        await made.agents.desks.ready(limit_s=REGISTERED_AGAIN_S)
        assert dialled(made, numbers) == {digits(number): 1 for number in (*numbers[:3], numbers[4])}, "nobody twice"
