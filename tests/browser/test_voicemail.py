"""A voice message in Chromium: offered, listened to, called back."""

import os
import wave
from array import array
from math import pi, sin
from pathlib import Path

import pytest

from cti.domain.facts import ContactQueued
from tests.browser.desktop import Chromium, demo_agent
from tests.browser.telephony import Lines
from tests.e2e.test_transfers import facts_since, last_number
from tests.running import RunningCentre, soon

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300),
]


def record(folder: Path, contact_id: str, *, seconds: float) -> None:
    """A tone, as the dialplan leaves a message: it stands there whole at once."""
    folder.mkdir(exist_ok=True)
    path = folder / f"box-20300102T030405Z-n1-1795331753.7-of-{contact_id}.wav"
    made = path.with_suffix(".part")
    with wave.open(str(made), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        sound = array("h", (round(9000 * sin(2 * pi * 440 * at / 8000)) for at in range(round(8000 * seconds))))
        written.writeframes(sound.tobytes())
    made.replace(path)


async def test_a_message_is_played_in_the_page_and_its_caller_called_back(
    centre: RunningCentre, lines: Lines, chromium: Chromium
) -> None:
    before = last_number(centre)
    call = await lines.call("+79165557001")
    await soon(lambda: facts_since(centre, before, ContactQueued), what="the caller waits")
    await lines.hang_up(call)
    [caller] = facts_since(centre, before, ContactQueued)
    record(centre.home().voicemail, caller.contact_id, seconds=4)
    async with chromium.desktop(centre.endpoints().web, demo_agent(centre, "104")) as desk:
        await desk.be_ready()
        await desk.in_hand("offered")
        await desk.click("answer")
        await desk.in_hand("active")
        await desk.shows("voicemail-player")
        player = "document.querySelector('[data-testid=voicemail-player]')"
        await desk.until(f"() => {player}.duration > 3.9 && {player}.duration < 4.1")
        await desk.page.evaluate(f"() => {player}.play()")
        await desk.until(f"() => {player}.currentTime > 0.5")
        await desk.page.evaluate(f"() => {{ {player}.currentTime = 3 }}")
        await desk.until(f"() => {player}.currentTime > 3")
        if folder := os.environ.get("TRIUNE_SCREENSHOTS"):
            await desk.page.screenshot(path=Path(folder) / "voicemail.png", full_page=True, animations="disabled")
        await desk.page.locator("[data-testid=pop] [data-testid=dial]").first.click()
        await soon(
            lambda: any(one.outbound for one in facts_since(centre, before, ContactQueued)), what="he is called back"
        )
