"""A talk, as the agent leads it from the page: hold, mute, keys, hanging up, refusing, and all ways out of it."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from cti.demo.carrier import Call
from cti.domain.facts import ContactClosed, ContactRequeued
from tests.browser.desktop import Chromium, Desktop, demo_agent
from tests.browser.telephony import SALES, SUPPORT, Lines
from tests.running import PATIENCE_S, RunningCentre, soon

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(400),
]


async def _talk(desk: Desktop, lines: Lines, caller: str, to: str = SUPPORT) -> Call:
    await desk.be_ready()
    call = await lines.call(caller, to)
    await desk.answer()
    await lines.hears_agent(call)
    await desk.hears()
    return call


async def test_on_hold_the_caller_hears_music_and_after_it_the_agent_again(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    async with chromium.desktop(centre.endpoints().web, demo_agent(centre, "104")) as desk:
        call = await _talk(desk, lines, "+79165550011")
        await desk.click("hold")
        await desk.in_hand("held")
        await lines.hears_something(call)
        await desk.hears_silence()
        await desk.click("resume")
        await desk.in_hand("active")
        await lines.hears_agent(call)
        await desk.hears()


async def test_a_muted_microphone_is_not_heard_and_the_keypad_is(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    async with chromium.desktop(centre.endpoints().web, demo_agent(centre, "104")) as desk:
        call = await _talk(desk, lines, "+79165550012")
        await desk.click("mute")
        await desk.until("() => document.querySelector('[data-testid=mute]')?.getAttribute('aria-pressed') === 'true'")
        heard = await lines.listen(call)
        await desk.click("keypad")
        for key in ("5", "0", "#"):
            await desk.click(f"digit-{key}")
        await lines.gets_keys(call, "50#")
        assert lines.heard.get(call.order.label, 0) == heard, "muted means unheard"
        await desk.hears()
        await desk.click("mute")
        await lines.hears_agent(call)


async def test_hanging_up_in_the_page_ends_the_call_and_begins_wrap_up(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    async with chromium.desktop(centre.endpoints().web, demo_agent(centre, "104")) as desk:
        call = await _talk(desk, lines, "+79165550013")
        await desk.click("hangup")
        async with asyncio.timeout(PATIENCE_S):
            assert (await call.ended).cause == 16
        await desk.in_hand("wrap_up")
        await desk.click("disposition-resolved")
        await desk.page.keyboard.press("Control+Enter")
        await desk.nothing_in_hand()
        await desk.is_now("ready")


async def test_a_caller_who_hangs_up_takes_the_agent_to_wrap_up(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    async with chromium.desktop(centre.endpoints().web, demo_agent(centre, "104")) as desk:
        call = await _talk(desk, lines, "+79165550014")
        await lines.hang_up(call)
        await desk.finish("call_back")


async def test_a_caller_who_gives_up_takes_his_card_with_him(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    async with chromium.desktop(centre.endpoints().web, demo_agent(centre, "104")) as desk:
        await desk.be_ready()
        call = await lines.call("+79165550015")
        await desk.rings()
        await lines.hang_up(call)
        await desk.nothing_in_hand()
        await desk.shows("notice")
        await desk.is_now("ready")


async def test_what_one_agent_refuses_the_next_one_gets(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    web = centre.endpoints().web
    async with (
        chromium.desktop(web, demo_agent(centre, "106")) as first,
        chromium.desktop(web, demo_agent(centre, "104")) as second,
    ):
        await asyncio.gather(first.be_ready(), second.be_ready())
        call = await lines.call("+79165550016")
        await first.rings()
        await first.click("reject")
        await first.nothing_in_hand()
        await first.is_now("not_ready")
        await second.answer()
        await lines.hears_agent(call)


async def test_wrap_up_ends_at_its_limit_and_what_was_chosen_is_kept(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    web = centre.endpoints().web
    async with AsyncExitStack() as stack:
        desks = [
            await stack.enter_async_context(chromium.desktop(web, demo_agent(centre, each))) for each in ("101", "102")
        ]
        for desk, caller in zip(desks, ("+79165550017", "+79165550018"), strict=True):
            call = await _talk(desk, lines, caller, SALES)
            await lines.hang_up(call)
            await desk.in_hand("wrap_up")
        await desks[1].click("disposition-sold")
        await desks[1].part("note").fill("Signed")
        await asyncio.gather(*(desk.nothing_in_hand() for desk in desks))
        await asyncio.gather(*(desk.is_now("ready") for desk in desks))
        rows = [await _newest(desk) for desk in desks]
    assert [row["disposition"] for row in rows] == ["wrap_up_expired", "sold"]
    assert [row["note"] for row in rows] == ["", "Signed"]


async def test_signing_out_in_a_call_takes_effect_after_it(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    async with chromium.desktop(centre.endpoints().web, demo_agent(centre, "104")) as desk:
        call = await _talk(desk, lines, "+79165550019")
        await desk.click("sign-out")
        await desk.page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
        await desk.page.get_by_text("You are signing out.").wait_for()
        await lines.hears_agent(call)
        await desk.click("hangup")
        await desk.in_hand("wrap_up")
        await desk.click("disposition-resolved")
        await desk.click("finish")
        await desk.shows("sign-in-login")


@pytest.mark.lesson(4)
async def test_a_page_closed_in_a_call_sends_the_caller_to_the_head_of_the_queue(
    centre: RunningCentre, chromium: Chromium, lines: Lines
) -> None:
    web = centre.endpoints().web
    async with chromium.desktop(web, demo_agent(centre, "104")) as lost:
        call = await _talk(lost, lines, "+79165550020")
        later = await lines.call("+79165550021")
        before = centre.count(ContactRequeued)
        await lost.page.close()
        await lines.hears_something(call)
        await soon(lambda: centre.count(ContactRequeued) > before, what="he waits again")
        assert not call.ended.done()
        async with chromium.desktop(web, demo_agent(centre, "106")) as desk:
            await desk.be_ready()
            await desk.answer()
            await lines.hears_agent(call)
        assert not later.ended.done()
    assert centre.count(ContactClosed) > 0


async def _newest(desk: Desktop) -> dict[str, object]:
    rows: list[dict[str, object]] = []

    async def read() -> bool:
        rows[:] = await desk.get("/history?limit=1")
        return bool(rows and rows[0]["closed_ms"])

    async with asyncio.timeout(PATIENCE_S):
        while not await read():
            await asyncio.to_thread(lambda: None)
    return rows[0]
