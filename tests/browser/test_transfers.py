"""Asking a colleague and handing over, by keyboard, both on the page's own phone.

Who hears whom aside is `tests/e2e/test_transfers.py`: two pages with one tone take each other's for an echo.
"""

import pytest

from tests.browser.desktop import CALLER_HZ, Chromium, demo_agent
from tests.browser.telephony import MENU, Lines
from tests.running import RunningCentre

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300),
]


async def test_a_colleague_is_asked_let_in_and_left_the_call_by_keyboard_alone(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    web, colleague = centre.endpoints().web, demo_agent(centre, "106")
    async with (
        chromium.desktop(web, demo_agent(centre, "104")) as ann,
        chromium.desktop(web, colleague) as bob,
    ):
        await ann.be_ready()
        call = await lines.call("+79165550007", MENU, digits="2")
        await ann.rings()
        await ann.answer()
        await lines.hears_agent(call)
        await bob.be_ready()

        await ann.page.keyboard.press("t")
        await ann.shows("transfer-panel")
        await ann.page.keyboard.type(colleague.extension)
        await ann.page.locator("[data-testid=ask-first]:enabled").first.wait_for()
        await ann.page.keyboard.press("Enter")
        await bob.shows("asked")
        await bob.click("asked-answer")
        await ann.page.locator("[data-testid=party][data-state=aside]").wait_for()

        await ann.page.keyboard.press("s")
        await ann.page.locator("[data-testid=party][data-state=left]").wait_for()
        await ann.hears(CALLER_HZ)
        await ann.page.keyboard.press("j")
        await ann.page.locator("[data-testid=party][data-state=together]").wait_for()

        await ann.click("hand-over")
        await ann.in_hand("wrap_up")
        await bob.in_hand("active")
        await bob.hears(CALLER_HZ)
        await lines.hears_agent(call)
        await ann.finish("passed_on", "")
        await bob.click("hangup")
        await bob.finish("resolved", "")
