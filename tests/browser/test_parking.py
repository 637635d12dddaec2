"""A call parked by a key, seen by a colleague and the supervisor, and fetched by a click."""

import os
from pathlib import Path

import pytest

from tests.browser.desktop import CALLER_HZ, Chromium, Desktop, demo_agent
from tests.browser.telephony import MENU, Lines
from tests.running import RunningCentre

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300),
]


async def shoot(desk: Desktop, name: str) -> None:
    folder = os.environ.get("TRIUNE_SCREENSHOTS")
    if folder:
        await desk.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True, animations="disabled")


async def test_a_call_is_parked_by_a_key_and_fetched_by_a_click(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    web = centre.endpoints().web
    async with (
        chromium.desktop(web, demo_agent(centre, "104")) as ann,
        chromium.desktop(web, demo_agent(centre, "106")) as bob,
    ):
        await ann.be_ready()
        call = await lines.call("+79165550008", MENU, digits="2")
        await ann.rings()
        await ann.answer()
        await lines.hears_agent(call)
        await bob.be_ready()
        await shoot(ann, "park-talk")

        await ann.page.keyboard.press("p")
        await ann.in_hand("wrap_up")
        await lines.hears_something(call)
        await bob.shows("parked-call")
        assert await bob.part("parked-call").get_attribute("data-slot") == "701"
        await shoot(bob, "park-list")
        await bob.click("fetch")
        await bob.shows("asked")
        await bob.click("asked-answer")
        await bob.in_hand("active")
        await bob.hears(CALLER_HZ)
        await lines.hears_agent(call)
        await ann.has_no("parked-call")
        await ann.finish("passed_on", "")
        await bob.click("hangup")
        await bob.finish("resolved", "")
