"""The page goes, sleeps, loses the network or the microphone; the agent and his caller lose as little as can be."""

import asyncio
import re

import pytest

from cti.demo.carrier import Call
from cti.domain.facts import AgentLegLost, ReadinessChanged
from tests.browser.desktop import Chromium, Desktop, demo_agent
from tests.browser.relay import relay
from tests.browser.telephony import SUPPORT, Lines
from tests.running import RunningCentre, soon

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(400),
]


async def _talk(desk: Desktop, lines: Lines, caller: str) -> Call:
    await desk.be_ready()
    call = await lines.call(caller, SUPPORT)
    await desk.answer()
    await lines.hears_agent(call)
    await desk.hears()
    return call


async def test_a_page_refreshed_in_a_call_is_rung_and_joined_again(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    async with chromium.desktop(centre.endpoints().web, demo_agent(centre, "104")) as desk:
        call = await _talk(desk, lines, "+79165550031")
        assignment = await desk.in_hand("active")
        lost = centre.count(AgentLegLost)
        reload = asyncio.create_task(desk.page.reload())
        await soon(lambda: centre.count(AgentLegLost) == lost + 1, what="his leg is lost")
        await lines.hears_something(call)
        await reload
        await desk.in_hand("active")
        assert await desk.in_hand("active") == assignment
        await lines.hears_agent(call)
        await desk.hears()
        assert centre.count(AgentLegLost) == lost + 1
        assert not call.ended.done()
        await desk.click("hangup")
        await desk.finish("resolved")


async def test_a_hidden_tab_stays_ready_and_gets_the_next_card(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    async with chromium.desktop(centre.endpoints().web, demo_agent(centre, "104")) as desk:
        await desk.be_ready()
        await desk.hide()
        changes = centre.count(ReadinessChanged)
        await desk.until("() => document.visibilityState === 'hidden'")
        # Longer than the grace for a lost desktop, the server's ping and its answer.
        await desk.until("from => performance.now() > from + 16_000", given=await desk.now())
        assert centre.count(ReadinessChanged) == changes
        call = await lines.call("+79165550032")
        await desk.rings()
        assert re.search("☎|Incoming", await desk.page.title())
        await desk.show()
        await desk.answer()
        await lines.hears_agent(call)
        await desk.hears()


async def test_a_network_blink_is_told_and_costs_no_talk(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    async with (
        relay() as (network, proxy),
        chromium.desktop(centre.endpoints().web, demo_agent(centre, "104"), proxy={"server": proxy}) as desk,
    ):
        call = await _talk(desk, lines, "+79165550033")
        assignment = await desk.in_hand("active")
        network.cut()
        await desk.shows("connection-banner")
        await lines.hears_agent(call)
        await desk.hears()
        network.mend()
        await desk.has_no("connection-banner")
        assert await desk.in_hand("active") == assignment
        await desk.can_ring()
        await desk.click("hold")
        await desk.in_hand("held")
        await desk.click("resume")
        await desk.in_hand("active")
        await lines.hears_agent(call)
        await desk.hears()


async def test_a_refused_microphone_is_told_plainly_and_allowing_it_mends_the_call(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    async with chromium.desktop(centre.endpoints().web, demo_agent(centre, "104"), permissions=()) as desk:
        await desk.deny_microphone()
        await desk.be_ready()
        told = await desk.shows("mic-problem")
        assert "microphone" in await told.inner_text()
        call = await lines.call("+79165550034")
        await desk.rings()
        await desk.click("answer")
        await desk.shows("mic-problem")
        assert await desk.in_hand("offered", "ringing")
        await desk.page.context.grant_permissions(["microphone"], origin=desk.base)
        await desk.part("mic-problem").get_by_role("button", name="Try again").click()
        await desk.in_hand("active")
        await desk.has_no("mic-problem")
        await lines.hears_agent(call)
