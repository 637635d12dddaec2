"""A campaign in the browser: a supervisor fills and starts it and watches it; an agent talks with those it reaches."""

import asyncio
import csv
import io
from pathlib import Path

import pytest

from cti.demo.campaign import numbers
from cti.demo.carrier import Step
from cti.home import DemoPerson
from tests.browser.desktop import Chromium, demo_agent
from tests.e2e.dialling import CAMPAIGN, Dialling, cti, dialling, write_list
from tests.e2e.floor import hire
from tests.running import PATIENCE_S, RunningCentre

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
]

EXTENSIONS = [str(number) for number in range(441, 449)]
FINISHED = """wanted => {
  const bar = document.querySelector('[data-testid=campaign-progress]')?.dataset;
  return bar !== undefined && Number(bar.finished) >= wanted;
}"""


def supervisor(centre: RunningCentre) -> DemoPerson:
    demo = centre.endpoints().demo
    assert demo is not None
    return demo.supervisor


async def test_three_hundred_numbers_are_dialled_and_the_page_shows_how_far_it_is(
    centre: RunningCentre, chromium: Chromium, tmp_path: Path
) -> None:
    called = numbers(300, seed=4, mix="1111888097", first=40_000)
    staff = await hire(centre, EXTENSIONS, skill="sales")
    path = write_list(tmp_path / "list.csv", called)
    path.write_text(path.read_text(encoding="utf-8") + "hello,Nobody,\n", encoding="utf-8")
    async with (
        dialling(centre, staff, called, talk="0.5-1.5") as made,
        chromium.desktop(made.centre.endpoints().web, supervisor(centre), size=(1440, 1000)) as page,
    ):
        await page.sign_in()
        await page.click("nav-campaigns")
        bar = await page.shows("campaign-progress")
        before = int(await bar.get_attribute("data-finished") or "0")
        await page.click("campaign-import")
        await page.part("import-file").set_input_files(path)
        sums = await page.shows("import-sums")
        assert "300" in await sums.inner_text(), "what would be done is shown first"
        await page.click("import-do")
        await page.until("() => document.querySelector('[data-testid=import-do]') === null")
        await page.page.keyboard.press("Escape")
        await page.click("campaign-start")
        await page.shows("campaign-pause")
        await page.until(FINISHED, given=before + 30, within_s=2 * PATIENCE_S)
        await page.until(FINISHED, given=before + 150, within_s=4 * PATIENCE_S)
        await page.until(FINISHED, given=before + 230, within_s=6 * PATIENCE_S)
        assert made.ledger.breaches == 0, f"{made.ledger.abandoned} of {made.ledger.answered}, counted by the carrier"
        assert made.ledger.most(Step.RINGING) <= 2, "only who was busy, or the network, is tried again"
        await page.part("lead-search").fill(called[0][-7:])
        await page.until("() => document.querySelectorAll('[data-testid^=lead-l]').length === 1")
        rows = await _results(made)
        assert {row["number"] for row in rows} >= set(called)


async def _results(made: Dialling) -> list[dict[str, str]]:
    text = await asyncio.to_thread(cti, made.centre, "campaign", "results", CAMPAIGN)
    return list(csv.DictReader(io.StringIO(text)))


async def test_an_agent_stays_connected_and_talks_with_whom_the_campaign_reached(
    centre: RunningCentre, chromium: Chromium, tmp_path: Path
) -> None:
    (called,) = numbers(1, mix="1", first=50_000)
    path = str(write_list(tmp_path / "list.csv", [called]))
    async with (
        dialling(centre, [], [called]) as made,
        chromium.desktop(centre.endpoints().web, demo_agent(centre, "101")) as agent,
    ):
        await agent.be_ready()
        await agent.part("stay-connected").check()
        await agent.until("() => document.querySelector('[data-testid=line]')?.dataset.state === 'up'")
        await asyncio.to_thread(cti, centre, "campaign", "import", CAMPAIGN, path)
        await asyncio.to_thread(cti, centre, "campaign", "start", CAMPAIGN)
        await agent.in_hand("active")
        told = await (await agent.shows("campaign-contact")).inner_text()
        assert "Plan 0" in told, "the list's own columns"
        await agent.hears()
        await agent.click("hangup")
        await agent.finish("sold")
        assert await agent.part("line").get_attribute("data-state") == "up", "the phone is kept up"
        await agent.part("stay-connected").uncheck()
        await agent.until("() => document.querySelector('[data-testid=line]')?.dataset.state === 'off'")
        assert made.ledger.count(Step.HEARD) == 1


async def test_an_agent_looks_at_leads_skips_one_and_has_one_called(
    centre: RunningCentre, chromium: Chromium, tmp_path: Path
) -> None:
    called = numbers(2, mix="1", first=60_000)
    path = str(write_list(tmp_path / "list.csv", called))
    async with (
        dialling(centre, [], called) as made,
        chromium.desktop(centre.endpoints().web, demo_agent(centre, "101")) as agent,
    ):
        await agent.be_ready()
        await asyncio.to_thread(cti, centre, "campaign", "import", "renewals", path)
        await asyncio.to_thread(cti, centre, "campaign", "start", "renewals")
        try:
            await agent.shows("preview")
            skipped = await agent.in_hand("offered")
            await agent.click("reject")
            await agent.until(
                "id => { const pop = document.querySelector('[data-testid=pop]'); "
                "return pop !== null && pop.dataset.assignment !== id; }",
                given=skipped,
            )
            await agent.is_now("ready")
            await asyncio.to_thread(cti, centre, "campaign", "pause", "renewals")
            await agent.click("answer")
            await agent.rings()
            await agent.click("answer")
            await agent.in_hand("active")
            await agent.hears()
            await agent.click("hangup")
            await agent.finish("sold")
        finally:
            await asyncio.to_thread(cti, centre, "campaign", "pause", "renewals")
            await asyncio.to_thread(cti, centre, "campaign", "withdraw", "renewals", "--all")
        assert made.ledger.count(Step.RINGING) == 1, "the one who was skipped was not called"
