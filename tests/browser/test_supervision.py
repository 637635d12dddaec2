"""A supervisor at an agent's talk by keyboard, both on the page's own phone. Who hears whom: `tests/e2e`."""

import pytest

from cti.ports import Role
from tests.browser.desktop import CALLER_HZ, Chromium, Desktop, demo_agent
from tests.browser.telephony import MENU, Lines
from tests.e2e.floor import hire
from tests.running import RunningCentre

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300),
]


async def test_listen_coach_come_in_and_take_over_by_keyboard_alone(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    web = centre.endpoints().web
    (boss,) = await hire(centre, ["313"], role=Role.SUPERVISOR)
    async with (
        chromium.desktop(web, demo_agent(centre, "104")) as ann,
        chromium.desktop(web, boss) as sue,
    ):
        await ann.be_ready()
        call = await lines.call("+79165550008", MENU, digits="2")
        await ann.rings()
        await ann.answer()
        await lines.hears_agent(call)
        await sue.sign_in()
        await sue.page.get_by_test_id("row-listen").wait_for()
        await sue.page.goto(f"{web}/#/work")
        await sue.choose_device("web")
        await sue.can_ring()
        await sue.page.goto(f"{web}/#/team")

        await sue.page.get_by_test_id("row-listen").press("Enter")
        await at(sue, "listening")
        await ann.page.locator("[data-testid=monitored][data-state=listening]").wait_for()
        await sue.page.keyboard.press("c")
        await at(sue, "coaching")
        await ann.page.locator("[data-testid=monitored][data-state=coaching]").wait_for()
        await sue.page.keyboard.press("l")
        await at(sue, "listening")
        await sue.page.keyboard.press("b")
        await at(sue, "together")
        await ann.page.locator("[data-testid=party][data-state=together]").wait_for()
        await ann.has_no("part")

        await sue.page.keyboard.press("o")
        await sue.shows("monitor-take-over-sure")
        await sue.page.get_by_test_id("monitor-take-over-sure").press("Enter")
        await ann.in_hand("wrap_up")
        await sue.in_hand("active")
        await sue.has_no("monitoring")
        await sue.hears(CALLER_HZ)
        await ann.finish("passed_on", "")
        await sue.page.keyboard.press("e")
        await sue.finish("resolved", "")


async def at(desktop: Desktop, state: str) -> None:
    """Her bar says how she is at the talk."""
    await desktop.page.locator(f"[data-testid=monitoring][data-state={state}]").wait_for()
