"""Campaigns through the whole centre, counted by the emulated carrier: nobody twice, nobody lost, the cap kept."""

import asyncio
from pathlib import Path

import pytest

from cti.demo.campaign import numbers
from cti.demo.carrier import Step
from cti.domain.facts import AttemptEnded, LeadDialled
from tests.e2e.dialling import CAMPAIGN, CAP, Dialling, cti, dialling, write_list
from tests.e2e.floor import hire
from tests.running import RunningCentre, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(600)]

EXTENSIONS = [str(number) for number in range(441, 447)]


def is_through(made: Dialling) -> bool:
    """Every lead of the list was tried, and nothing is under way."""
    progress = made.view()["progress"]
    return bool(progress["new"] == 0 and progress["trying"] == 0)


@pytest.mark.lesson(13)
async def test_the_engine_dies_while_it_dials_and_no_lead_is_dialled_twice_or_lost(
    centre: RunningCentre, tmp_path: Path
) -> None:
    called = numbers(60, seed=2, mix="1118885", first=20_000)
    staff = await hire(centre, EXTENSIONS, skill="sales")
    before = centre.count(LeadDialled)
    async with dialling(centre, staff, called) as made:
        path = str(write_list(tmp_path / "list.csv", called))
        assert "60 added" in await asyncio.to_thread(cti, centre, "campaign", "import", CAMPAIGN, path)
        assert "0 added, 60 known" in await asyncio.to_thread(cti, centre, "campaign", "import", CAMPAIGN, path)
        await asyncio.to_thread(cti, centre, "campaign", "start", CAMPAIGN)
        for dialled in (10, 25):
            await soon(lambda wanted=dialled: centre.count(LeadDialled) >= before + wanted, what="it dials")  # type: ignore[misc]  # a default in a lambda
            dead = await asyncio.to_thread(centre.kill, "engine")
            await soon(lambda pid=dead: centre.is_back("engine", after=pid), what="another engine")  # type: ignore[misc]  # a default in a lambda
        await soon(lambda: is_through(made), what="every lead was tried", within_s=240)
        leads = await asyncio.to_thread(made.leads)
        dials = [fact for _, fact in centre.facts() if isinstance(fact, LeadDialled)]
        ended = {fact.dial_id for _, fact in centre.facts() if isinstance(fact, AttemptEnded)}
        mine = [fact for fact in dials if fact.lead.lead_id in {lead["lead_id"] for lead in leads}]
        assert len(leads) == 60
        assert {fact.lead.lead_id for fact in mine} == {lead["lead_id"] for lead in leads}, "nobody is lost"
        assert len(mine) == 60, "nobody is dialled twice"
        assert {fact.dial_id for fact in mine} <= ended
        assert made.ledger.most(Step.RINGING) == 1, "the carrier says so too"


@pytest.mark.bench
async def test_five_hundred_dials_with_short_talks_never_break_the_cap(centre: RunningCentre, tmp_path: Path) -> None:
    called = numbers(500, seed=3, mix="1111888097", first=30_000)
    staff = await hire(centre, [str(number) for number in range(441, 451)], skill="sales")
    async with dialling(centre, staff, called, talk="0.5-1.5") as made:
        path = str(write_list(tmp_path / "list.csv", called))
        await asyncio.to_thread(cti, centre, "campaign", "import", CAMPAIGN, path)
        await asyncio.to_thread(cti, centre, "campaign", "start", CAMPAIGN)
        await soon(lambda: is_through(made), what="every lead was tried", within_s=500)
        ledger = made.ledger
        assert ledger.count(Step.RINGING) >= 500
        assert ledger.answered > 150
        assert (ledger.breaches, ledger.abandoned) <= (0, CAP * ledger.answered), ledger.worst
