"""A recorded talk in the page: it says so, it is paused by a key, and it is played, with seeking, when it is over."""

import pytest

from tests.browser.desktop import Chromium, demo_agent
from tests.browser.telephony import SALES, Lines
from tests.running import RunningCentre

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300),
]

STATE = "([state]) => document.querySelector('[data-testid=recording]')?.dataset.state === state"
PLAYER = "document.querySelector('[data-testid=recording-player]')"


async def test_a_talk_is_paused_by_a_key_and_played_with_seeking_and_each_play_is_in_the_audit(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    web = centre.endpoints().web
    async with chromium.desktop(web, demo_agent(centre, "101")) as desk:
        await desk.be_ready()
        call = await lines.call("+79165550031", SALES)
        await desk.answer()
        await lines.hears_agent(call)
        await desk.until(STATE, given=["on"])
        await desk.page.keyboard.press("c")
        await desk.until(STATE, given=["paused"])
        await desk.hears()
        await desk.page.keyboard.press("c")
        await desk.until(STATE, given=["on"])
        await desk.hears()
        contact_id = await desk.page.evaluate(
            "async () => (await (await fetch('/api/v1/history?limit=1')).json())[0].contact_id"
        )
        await lines.hang_up(call)
        await desk.in_hand("wrap_up")
        await desk.finish("resolved")
        await desk.nothing_in_hand()

        await desk.until(
            "async ([id]) => (await (await fetch(`/api/v1/contacts/${id}/recordings`)).json()).length === 1",
            given=[contact_id],
        )
        row = desk.page.locator(f"[data-testid=history-row][data-contact={contact_id}]")
        await row.locator("button.line").click()
        await row.get_by_text("Paused:").wait_for()
        await row.get_by_test_id("recording-play").press("Enter")
        await desk.until(f"() => {PLAYER}?.duration > 1 && {PLAYER}.currentTime > 0")
        await desk.until(f"() => document.activeElement === {PLAYER}")
        await desk.page.evaluate(
            f"() => {{ const player = {PLAYER}; player.pause(); player.currentTime = player.duration - 0.5; }}"
        )
        await desk.until(f"() => !{PLAYER}.seeking && {PLAYER}.duration - {PLAYER}.currentTime < 0.6")
        assert await desk.page.evaluate(f"() => {PLAYER}.error") is None
        recording_id = await row.get_by_test_id("recording-row").get_attribute("data-recording")

    secrets = centre.home().secrets.demo.admin
    async with chromium.desktop(web, secrets) as admin:
        await admin.sign_in()
        deeds = await admin.get("/audit")
        assert any(deed["action"] == "recording_played" and recording_id in deed["detail"] for deed in deeds)
