"""Supervisors and admins at work in the page, both languages, and callers who name themselves with malice."""

import asyncio
import secrets
from pathlib import Path

import pytest

from cti.home import DemoPerson
from tests.browser import sipp
from tests.browser.desktop import Chromium, demo_agent
from tests.browser.telephony import SALES, SUPPORT, Lines
from tests.running import PATIENCE_S, RunningCentre

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(400),
]


async def test_the_supervisor_sees_who_waits_and_who_talks_as_it_changes(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    demo = centre.endpoints().demo
    assert demo is not None
    web = centre.endpoints().web
    alice = demo_agent(centre, "101")
    async with chromium.desktop(web, demo.supervisor) as watch, chromium.desktop(web, alice) as desk:
        await watch.sign_in()
        sales = (await watch.shows("queue-sales")).get_by_test_id("waiting")
        await sales.filter(has_text="0").wait_for()
        row = watch.page.locator("tr[data-testid^=agent-row]", has_text="Alice Morgan")
        call = await lines.call("+79165550041", SALES)
        await sales.filter(has_text="1").wait_for()
        await desk.be_ready()
        await desk.answer()
        await sales.filter(has_text="0").wait_for()
        await watch.page.locator("tr[data-state=talking]", has_text="Alice Morgan").wait_for()
        await lines.hang_up(call)
        await watch.page.locator("tr[data-state=wrap_up]", has_text="Alice Morgan").wait_for()
        assert "101" in await row.inner_text()


async def test_the_supervisor_has_a_caller_served_before_one_who_came_earlier(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    demo = centre.endpoints().demo
    assert demo is not None
    web = centre.endpoints().web
    async with (
        chromium.desktop(web, demo.supervisor) as watch,
        chromium.desktop(web, demo_agent(centre, "101")) as desk,
    ):
        await watch.sign_in()
        early = await lines.call("+79169990043", SALES)
        late = await lines.call("+79169990044", SALES)
        row = watch.page.locator("tr[data-testid=contact-row]", has_text="999-00-44").first
        await row.get_by_test_id("sooner").click()
        await row.get_by_test_id("points").filter(has_text="+1").wait_for()
        await desk.be_ready()
        await desk.answer()
        await desk.page.get_by_text("999-00-44").first.wait_for()
        await lines.hang_up(late)
        await lines.hang_up(early)


async def test_a_person_and_a_result_that_the_admin_enters_are_at_work_at_once(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    demo = centre.endpoints().demo
    assert demo is not None
    web, mark = centre.endpoints().web, secrets.randbelow(90_000) + 10_000
    fresh = DemoPerson(login=f"fresh{mark}", password=f"long-enough-{mark}")
    async with chromium.desktop(web, demo.admin) as admin, chromium.desktop(web, fresh) as desk:
        await admin.sign_in()
        await admin.page.goto(f"{web}/#/admin")
        await admin.click("person-add")
        await admin.part("person-name").fill(f"Fresh {mark}")
        await admin.part("person-login").fill(fresh.login)
        await admin.part("person-extension").fill(str(mark))
        await admin.part("person-password").fill(fresh.password)
        await admin.page.get_by_role("dialog").get_by_label("Severny Telecom").check()
        await admin.part("skill-technical").select_option("10")
        await admin.part("person-site").select_option("moscow")
        await admin.part("person-capacity").select_option("blended")
        await admin.click("person-save")
        await admin.page.locator("tr", has_text=fresh.login).get_by_role("button", name="Edit").click()
        assert await admin.part("person-site").input_value() == "moscow"
        assert await admin.part("person-capacity").input_value() == "blended"
        await admin.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()

        await desk.be_ready()
        call = await lines.call("+79165550042", SUPPORT)
        await desk.answer()
        await lines.hears_agent(call)

        await admin.click("admin-codes")
        await admin.click("dispositions-add")
        await admin.part("code-id").fill(f"tried_{mark}")
        await admin.part("code-title-en").fill(f"Tried {mark}")
        await admin.part("code-title-ru").fill(f"Испытано {mark}")
        await admin.click("code-save")
        await admin.shows(f"dispositions-row-tried_{mark}")

        await desk.click("hangup")
        await desk.finish(f"tried_{mark}")
        await desk.page.get_by_test_id("history-row").filter(has_text=f"Tried {mark}").wait_for()

        retire = admin.part(f"dispositions-row-tried_{mark}").get_by_role("button", name="Retire")
        await retire.click()
        await admin.part(f"dispositions-row-tried_{mark}").get_by_text("Retired").wait_for()
        await admin.click("admin-people")
        await admin.page.locator("tr", has_text=fresh.login).get_by_role("button", name="Deactivate").click()
        await desk.shows("sign-in-login")


async def test_the_page_speaks_russian_at_a_click_all_through(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    async with chromium.desktop(centre.endpoints().web, demo_agent(centre, "104")) as desk:
        await desk.be_ready()
        await desk.click("language-ru")
        await desk.part("ready").filter(has_text="Готов").wait_for()
        assert await desk.page.locator("html").get_attribute("lang") == "ru"
        await lines.call("+79169990043")
        await desk.rings()
        await desk.pop.get_by_text("Поддержка").first.wait_for()
        await desk.answer()
        await desk.click("hangup")
        await desk.in_hand("wrap_up")
        await desk.part("disposition-resolved").filter(has_text="Решено").wait_for()
        await desk.finish("resolved")
        await desk.click("language-en")
        await desk.part("ready").filter(has_text="Ready").wait_for()
        await desk.part("queue-support").filter(has_text="Support").wait_for()


async def test_what_a_caller_names_himself_is_text_and_nothing_else(
    centre: RunningCentre, chromium: Chromium, tmp_path: Path
) -> None:
    done = tmp_path / "done"
    names = (
        r"\"; DROP TABLE people; --",
        f"${{SHELL(touch {done})}}",
        "<img src=x onerror=alert(1)>",
        "Ёлка \N{CHRISTMAS TREE} \N{FAMILY}",
        "long " * 2_000,
    )
    async with chromium.desktop(centre.endpoints().web, demo_agent(centre, "104")) as desk:
        asked: list[str] = []
        desk.page.on("dialog", lambda dialog: asked.append(dialog.message))
        await desk.be_ready()
        for number, name in enumerate(names):
            await _call_as(centre, name, number=f"+7495000{number:04d}", folder=tmp_path)
            await desk.nothing_in_hand()
            said = (await desk.popped())[-1].customer
            meant = name.strip()
            assert said.rstrip("…").replace('\\"', '"') in meant.replace('\\"', '"')
            assert len(said) >= min(len(meant), 60), said
            wide = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            assert await desk.page.evaluate(wide), "the page stays in its width"
        await desk.is_now("ready")
        assert asked == []
        assert not await desk.page.locator("img[src=x]").count()
        assert len(await desk.get("/history?limit=1")) <= 1, "the tables stand"
    assert not done.exists()


async def _call_as(centre: RunningCentre, name: str, *, number: str, folder: Path) -> None:
    """A call to support by someone of this name, who gives up after a second of ringing."""
    template = (sipp.SCENARIOS / "caller.xml").read_text(encoding="utf-8")
    own = folder / "named.xml"
    own.write_text(template.replace("DISPLAY", name).replace("NUMBER", number), encoding="utf-8")
    centre_sip = centre.endpoints().sip
    process = await sipp.start_sipp(str(own), centre_sip, "-s", SUPPORT, "-m", "1", folder=folder, address="127.0.0.2")
    try:
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 0, "the call was taken and ended"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
