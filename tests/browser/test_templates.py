"""An admin changes a template on the page: the mistake is shown in its line, the change is called, and taken back."""

import pytest

from tests.browser.desktop import Chromium, Desktop
from tests.browser.telephony import Lines
from tests.running import RunningCentre, soon

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(400),
]

DIALPLAN = "extensions.conf.j2"
ECHO_NUMBER = "+78005550199"
ECHO = " same => n,Answer()\n same => n,Echo()"
TONE = " same => n,Answer()\n same => n,PlayTones(1150)\n same => n,Wait(120)"
"""What a caller of the emulated carrier listens for."""


async def test_a_template_is_changed_checked_applied_called_and_gone_back_from(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    demo = centre.endpoints().demo
    assert demo is not None
    async with chromium.desktop(centre.endpoints().web, demo.admin, size=(1440, 900)) as desk:
        await desk.sign_in()
        before = next(one["version"] for one in await desk.get("/conf/history") if one["in_force"])
        await desk.click("nav-templates")
        await desk.shows("findings-none")
        draft = desk.part("template-text")
        in_force = await draft.input_value()
        await draft.fill(in_force + "\n# tried\n")
        await desk.click("template-save")
        await desk.click("template-reset")
        await desk.until("text => document.querySelector('[data-testid=template-text]').value === text", given=in_force)
        await desk.click(f"template-{DIALPLAN}")
        text = desk.part("template-text")
        shipped = await text.input_value()

        await text.fill(shipped.replace(ECHO, " same => n,Answer()\n same => n,Goto(nowhere,s,1)", 1))
        await desk.click("template-apply")
        await desk.part("apply-reason").fill("by mistake")
        await desk.click("apply-go")
        await desk.shows("apply-failed")
        assert await desk.part("stage-linted").get_attribute("data-failed") == "true"
        assert await desk.part("stage-loaded").get_attribute("data-failed") == "false"
        await desk.click("apply-lines")
        finding = desk.page.locator("[data-testid=finding][data-rule=missing-target]")
        await finding.wait_for()
        line = shipped[: shipped.index(ECHO)].count("\n") + 2
        assert f"{DIALPLAN}:{line}" in await finding.inner_text()
        assert "1 error" in await (await desk.shows("apply-not")).inner_text()
        assert await desk.part("template-apply").is_disabled()
        await desk.click("templates-changes")
        await desk.shows("changes-errors")
        await desk.click("templates-edit")
        assert await _in_force(desk) == before

        await text.fill(shipped.replace(ECHO, TONE, 1))
        await desk.click("templates-changes")
        assert "PlayTones(1150)" in await (await desk.shows("diff-extensions.conf")).inner_text()
        await desk.click("template-apply")
        await desk.part("apply-reason").fill("A tone in place of the echo")
        await desk.click("apply-go")
        await desk.shows("apply-kept")
        for stage in ("rendered", "linted", "loaded", "reloaded", "probed", "kept"):
            assert await desk.part(f"stage-{stage}").get_attribute("data-done") == "true"
        await desk.click("apply-close")
        changed = await lines.call("+79165559001", ECHO_NUMBER)
        await lines.hears_agent(changed)

        await desk.click("templates-history")
        row = desk.page.locator("tr[data-in-force=true]")
        await row.filter(has_text="A tone in place of the echo").wait_for()
        await desk.part(f"rollback-{before}").click()
        await desk.part("apply-reason").fill("the echo was better")
        await desk.click("apply-go")
        await desk.shows("apply-kept")
        await desk.click("apply-close")
        assert await _in_force(desk) == before
        await lines.hears_agent(changed)
        call = await lines.call("+79165559002", ECHO_NUMBER)
        await soon(
            lambda: f"from-trunk-v{before}!" in centre.console("core show channels concise"), what="the echo is back"
        )
        for one in (call, changed):
            await lines.hang_up(one)
        deeds = [one["action"] for one in await desk.get("/audit")]
        assert {"conf_applied", "conf_rolled_back"} <= set(deeds)


async def _in_force(desk: Desktop) -> int:
    return next(int(one["version"]) for one in await desk.get("/conf/history") if one["in_force"])
