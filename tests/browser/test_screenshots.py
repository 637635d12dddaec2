"""Every page as it looks with real people and calls on it.

The pictures go to `TRIUNE_SCREENSHOTS`, or are thrown away: then this only shows that each page can be reached, stays
in its width, and has no button without a name.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.async_api import ViewportSize

from cti.home import DemoPerson
from tests.browser.desktop import Chromium, Desktop, demo_agent
from tests.browser.telephony import MENU, SUPPORT, Lines
from tests.running import PATIENCE_S, RunningCentre

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(400),
]

WIDE = (1280, 720)
NARROW = (400, 860)
CLINIC = "+78005550201"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    given = os.environ.get("TRIUNE_SCREENSHOTS")
    made = Path(given).resolve() if given else tmp_path
    made.mkdir(parents=True, exist_ok=True)
    return made


async def _shoot(desk: Desktop, file: Path, *, size: tuple[int, int] = WIDE, dark: bool = False) -> None:
    """One picture; and what must hold on every page."""
    page = desk.page
    await page.set_viewport_size(ViewportSize(width=size[0], height=size[1]))
    toggle = desk.part("theme-toggle")
    if await page.locator("html").get_attribute("data-theme") != ("dark" if dark else "light"):
        await toggle.click()
    await page.evaluate("() => { scrollTo(0, 0); document.activeElement?.blur(); }")
    await page.mouse.move(2, 2)
    await page.screenshot(path=file, animations="disabled")
    wide = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert await page.evaluate(wide), f"{file.stem} is wider than {size[0]}"
    unnamed = (
        "() => [...document.querySelectorAll('button, a')].filter((each) => !each.innerText.trim() && !each.ariaLabel)"
    )
    assert await page.evaluate(f"({unnamed})().length") == 0, f"{file.stem} has a button without a name"


async def test_a_days_pages(centre: RunningCentre, chromium: Chromium, lines: Lines, folder: Path) -> None:
    web = centre.endpoints().web
    async with chromium.desktop(web, demo_agent(centre, "104")) as desk:
        await desk.page.goto(web)
        await desk.shows("sign-in-login")
        await _shoot(desk, folder / "sign-in.png")
        await desk.click("language-ru")
        await _shoot(desk, folder / "sign-in-ru-dark-narrow.png", size=NARROW, dark=True)
        await desk.click("language-en")
        await desk.be_ready()
        await _shoot(desk, folder / "idle.png")
        await _shoot(desk, folder / "idle-narrow.png", size=NARROW)

        call = await lines.call("+79165550007", MENU, digits="2")
        await desk.rings()
        await _shoot(desk, folder / "pop.png")
        await _shoot(desk, folder / "pop-narrow.png", size=NARROW)
        await desk.answer()
        await desk.part("note").fill("Router does not start after the storm; asks for a technician on Tuesday.")
        await desk.click("disposition-call_back")
        await _shoot(desk, folder / "talk.png")
        await desk.click("hold")
        await desk.in_hand("held")
        await _shoot(desk, folder / "hold-dark.png", dark=True)
        await desk.click("language-ru")
        await desk.part("queue-support").filter(has_text="Поддержка").wait_for()
        await _shoot(desk, folder / "hold-ru.png")
        await _shoot(desk, folder / "hold-ru-dark-narrow.png", dark=True, size=NARROW)
        await desk.click("language-en")
        await desk.part("queue-support").filter(has_text="Support").wait_for()
        await desk.click("resume")
        await desk.in_hand("active")
        await desk.click("keypad")
        await _shoot(desk, folder / "keypad.png")
        await lines.hang_up(call)
        await desk.in_hand("wrap_up")
        await _shoot(desk, folder / "wrap-up.png")
        await desk.finish("call_back")
        row = desk.page.get_by_test_id("history-row").first
        await row.get_by_text("Call back later").wait_for()
        await row.get_by_role("button").click()
        await _shoot(desk, folder / "history.png")
        await desk.click("not-ready")
        await _shoot(desk, folder / "reasons-narrow.png", size=NARROW)


async def test_the_pages_of_those_who_lead(
    centre: RunningCentre, chromium: Chromium, lines: Lines, folder: Path
) -> None:
    demo, web = centre.endpoints().demo, centre.endpoints().web
    assert demo is not None
    async with (
        chromium.desktop(web, demo.supervisor) as watch,
        chromium.desktop(web, demo.admin) as admin,
        chromium.desktop(web, demo_agent(centre, "104")) as daniel,
        chromium.desktop(web, demo_agent(centre, "101")) as alice,
    ):
        await daniel.be_ready()
        await lines.call("+79165550051", SUPPORT)
        await daniel.answer()
        await alice.be_ready()
        for number in range(3):
            await lines.call(f"+7916555016{number}", CLINIC)
        await watch.page.goto(web)
        await watch.click("language-en")
        await watch.sign_in()
        await watch.part("queue-reception").get_by_test_id("waiting").filter(has_text="3").wait_for()
        await _shoot(watch, folder / "supervisor.png")
        await _shoot(watch, folder / "supervisor-dark-narrow.png", size=NARROW, dark=True)
        await watch.click("language-ru")
        await watch.part("queue-reception").filter(has_text="Регистратура").wait_for()
        await _shoot(watch, folder / "supervisor-ru-dark.png", dark=True)
        await _explain(watch, folder)

        await admin.sign_in()
        await admin.page.goto(f"{web}/#/admin")
        await admin.page.locator("tr", has_text="agent101").wait_for()
        await _shoot(admin, folder / "admin.png")
        await _shoot(admin, folder / "admin-narrow.png", size=NARROW)
        await admin.click("person-add")
        await _shoot(admin, folder / "admin-person.png")
        await admin.page.get_by_role("button", name="Cancel").click()
        await admin.click("admin-codes")
        await admin.shows("dispositions-row-resolved")
        await _shoot(admin, folder / "admin-codes.png")
        await admin.click("admin-audit")
        await admin.page.locator("table").wait_for()
        await _shoot(admin, folder / "admin-audit.png")


async def _explain(watch: Desktop, folder: Path) -> None:
    """From the list of contacts, by keyboard, to why the oldest of them went to whom it did, and the newest waits."""
    rows = watch.page.get_by_test_id("contact-row")
    await rows.filter(has_text="Daniel").first.get_by_role("link").focus()
    await watch.page.keyboard.press("Enter")
    await watch.shows("why-offer", within_s=30)
    await watch.page.locator("tr[aria-current]").filter(has_text="Daniel").wait_for()
    await _shoot(watch, folder / "why-ru-dark.png", dark=True)
    await watch.click("language-en")
    await watch.part("why-title").filter(has_text="queue").wait_for()
    await _shoot(watch, folder / "why.png")
    await _shoot(watch, folder / "why-narrow.png", size=NARROW)
    await watch.click("why-back")
    await rows.filter(has_text="Waiting").first.get_by_role("link").click()
    await watch.shows("why-waits", within_s=30)
    await _shoot(watch, folder / "why-waits.png")
    await watch.click("why-back")


async def test_the_page_of_a_one_time_link(centre: RunningCentre, chromium: Chromium, folder: Path) -> None:
    web = centre.endpoints().web
    nobody = DemoPerson(login="agent108", password="")
    made = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "cti", "user", "link", nobody.login, "--home", str(centre.path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    link = next(word for word in made.stdout.split() if word.startswith("http"))
    async with chromium.desktop(web, nobody) as desk:
        await desk.page.goto(link)
        await desk.click("language-en")
        await _shoot(desk, folder / "link.png")
        await desk.click("link-use")
        await desk.shows("new-password")
        await _shoot(desk, folder / "link-password.png")
