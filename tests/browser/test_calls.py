"""Calls that an agent asks for from his page: reached and not reached, refused, and his own phone left ringing."""

import os
import time
from pathlib import Path

import pytest

from cti import config, shipped
from cti.database import open_database
from cti.demo.carrier import Seen, SipPhone, Step, Who
from cti.domain.facts import ContactClosed, CustomerMissed
from cti.domain.ids import SYSTEM_CANCELLED, LegCause, ProjectId
from cti.home import DemoAgent
from cti.places import Places
from cti.store.do_not_call import StoredDoNotCall
from tests.browser.desktop import Chromium, Desktop, demo_agent
from tests.browser.telephony import Lines
from tests.browser.test_screenshots import NARROW, _shoot
from tests.e2e.floor import hire
from tests.running import RunningCentre, soon

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(400),
]

REACHED, BUSY, NEVER, NO_SUCH = "+79165558001", "+79165558000", "+79165558005", "+79165558008"
WANTS_NO_CALLS = "+79165558011"
KNOWN = "+79165550001"
"""A customer of the demo; a human who answers at once."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    given = os.environ.get("TRIUNE_SCREENSHOTS")
    made = Path(given).resolve() if given else tmp_path
    made.mkdir(parents=True, exist_ok=True)
    return made


async def at_work(desk: Desktop) -> None:
    """Signed in with a phone on the page, and not ready: nobody else's call comes in between."""
    await desk.sign_in()
    await desk.choose_device("web")
    await desk.can_ring()


async def seller(centre: RunningCentre) -> DemoAgent:
    """An agent of one project."""
    (found,) = await hire(centre, ["181"])
    return found


async def type_in(desk: Desktop, number: str) -> None:
    await desk.part("dial-number").fill("")
    await desk.part("dial-number").press_sequentially(number)


async def dial(desk: Desktop, number: str) -> None:
    await type_in(desk, number)
    await desk.until("() => !document.querySelector('[data-testid=dial-call]').disabled")
    await desk.part("dial-number").press("Enter")


async def refused(desk: Desktop, number: str, words: str) -> None:
    """The box says why before anything is done, and lets nobody call."""
    await type_in(desk, number)
    await desk.until(
        "words => document.querySelector('[data-testid=dial-says]').textContent.includes(words)", given=words
    )
    assert await desk.part("dial-call").is_disabled()


async def test_one_is_called_talked_to_and_coded(
    centre: RunningCentre, chromium: Chromium, lines: Lines, folder: Path
) -> None:
    seen: list[Seen] = []
    lines.carrier.listen(seen.append)
    async with chromium.desktop(centre.endpoints().web, await seller(centre)) as desk:
        await at_work(desk)
        await desk.part("dial-number").click()
        await type_in(desk, "8916555800")
        await desk.until("() => document.querySelector('[data-testid=dial-number]').value === '8 916 555-80-0'")
        await _shoot(desk, folder / "dial-typing.png")
        await desk.page.keyboard.press("KeyD")
        await type_in(desk, "112")
        await desk.part("dial-number").press("Enter")
        await desk.until(
            "() => document.querySelector('[data-testid=dial-says]').textContent.includes('no telephone number')"
        )
        await type_in(desk, KNOWN)
        await desk.part("dial-number").press("Enter")  # not judged yet: it waits for that
        await desk.in_hand("active")
        await desk.hears()
        heard = [one.step for one in seen if one.who is Who.CALLED and one.label.endswith(KNOWN[1:])]
        await soon(lambda: _heard(seen, KNOWN), what=f"the customer hears the agent: {heard}")
        await _shoot(desk, folder / "dial-talk.png")
        assert "+7 916 555-00-01" in await desk.part("pop-number").inner_text()
        await desk.click("hangup")
        await desk.finish("resolved")
        row = desk.part("history-row").first
        await row.wait_for()
        await desk.until(
            "() => document.querySelector('[data-testid=history-row]')?.textContent.includes('Outgoing call')"
        )
        await row.locator("button").first.click()
        await _shoot(desk, folder / "dial-history.png")
        await row.get_by_test_id("dial").click()
        await desk.in_hand("ringing", "dialling", "active")
        await desk.click("hangup")
        await desk.finish("call_back")


def _heard(seen: list[Seen], number: str) -> bool:
    return any(one.who is Who.CALLED and one.step is Step.HEARD and number[1:] in one.label for one in seen)


async def test_one_who_is_not_reached_is_told_with_the_reason_and_tried_again(
    centre: RunningCentre, chromium: Chromium, folder: Path
) -> None:
    async with chromium.desktop(centre.endpoints().web, await seller(centre)) as desk:
        await at_work(desk)
        await dial(desk, BUSY)
        await desk.in_hand("wrap_up")
        missed = await desk.shows("missed")
        assert "The line is busy." in await missed.inner_text()
        assert await desk.part("disposition-call_back").get_attribute("aria-checked") == "true"
        await _shoot(desk, folder / "dial-busy.png")
        await desk.click("language-ru")
        await desk.until("() => document.querySelector('[data-testid=missed]').textContent.includes('Линия занята')")
        await _shoot(desk, folder / "dial-busy-ru-dark.png", dark=True)
        await _shoot(desk, folder / "dial-busy-narrow.png", size=NARROW)
        await desk.click("language-en")
        first = await desk.pop.get_attribute("data-assignment")
        await desk.click("call-again")
        await desk.until(
            "first => { const pop = document.querySelector('[data-testid=pop]');"
            " return pop && pop.dataset.assignment !== first && pop.dataset.state === 'wrap_up'; }",
            given=first,
        )
        await desk.finish("call_back")

        await dial(desk, NO_SUCH)
        await desk.in_hand("wrap_up")
        assert "There is no such number." in await (await desk.shows("missed")).inner_text()
        assert await desk.part("disposition-wrong_number").get_attribute("aria-checked") == "true"
        await desk.finish("wrong_number")

        before = centre.count(CustomerMissed)
        await dial(desk, NEVER)
        await desk.in_hand("dialling")
        assert NEVER[-2:] in await (await desk.shows("dialling")).inner_text()
        await _shoot(desk, folder / "dial-dialling.png")
        await desk.in_hand("wrap_up")
        await soon(lambda: centre.count(CustomerMissed) > before, what="the ring ran out")
        assert "Nobody answered." in await (await desk.shows("missed")).inner_text()
        await desk.finish("call_back")
    causes = [fact.cause for _, fact in centre.facts() if isinstance(fact, CustomerMissed)]
    assert set(causes) >= {LegCause.BUSY, LegCause.NO_SUCH_NUMBER, LegCause.NO_ANSWER}


async def test_what_may_not_be_called_is_refused_with_a_sentence_before_anything_rings(
    centre: RunningCentre, chromium: Chromium, folder: Path
) -> None:
    database = open_database(centre.home().database_url)
    registry = StoredDoNotCall(database)
    await registry.add([WANTS_NO_CALLS], project_id=ProjectId("telecom"), reason="asked", actor="test")
    await database.close()
    async with chromium.desktop(centre.endpoints().web, await seller(centre)) as desk:
        await at_work(desk)
        await refused(desk, "+442079460000", "may not call this country (GB)")
        await _shoot(desk, folder / "dial-refused.png")
        await refused(desk, "88091234567", "cost extra")
        await refused(desk, WANTS_NO_CALLS, "do-not-call list")
        await refused(desk, "1234567890123456", "no telephone number")
        await desk.click("language-ru")
        await refused(desk, "+442079460000", "в эту страну (GB)")
        await _shoot(desk, folder / "dial-refused-ru.png", dark=True)
        await desk.click("language-en")
        assert await desk.pop.count() == 0
    (receptionist,) = await hire(centre, ["182"], project="clinic", skill="reception")
    async with chromium.desktop(centre.endpoints().web, receptionist) as desk:
        await at_work(desk)
        await refused(desk, at_night(), "not the time to call")
        await _shoot(desk, folder / "dial-hours.png")


def at_night() -> str:
    """A telephone in Russia where it is no time now to be called by the clinic: there is one at any hour."""
    centre = config.load(shipped.asterisk_conf() / "centre.yaml")
    places, now = Places(centre), time.time_ns() // 1_000_000
    cities = ("+74012300000", "+74952300000", "+73432300000", "+73832300000", "+74232300000", "+74152230000")
    return next(one for one in cities if places.closed(one, centre.calling_hours("clinic"), now) is not None)


async def test_a_link_fills_the_number_in_and_only_a_click_calls(centre: RunningCentre, chromium: Chromium) -> None:
    async with chromium.desktop(centre.endpoints().web, await seller(centre)) as desk:
        await at_work(desk)
        await desk.page.goto(f"{desk.base}/#/call?number=tel%3A%2B7-916-555-80-01")
        await desk.until("() => document.querySelector('[data-testid=dial-number]').value === '+7 916 555-80-01'")
        assert "call" not in desk.page.url
        await desk.until("() => !document.querySelector('[data-testid=dial-call]').disabled")
        assert await desk.pop.count() == 0
        await desk.click("dial-call")
        await desk.in_hand("active")
        await desk.click("hangup")
        await desk.finish("resolved")


async def test_who_works_for_several_companies_says_for_which_he_calls(
    centre: RunningCentre, chromium: Chromium
) -> None:
    async with chromium.desktop(centre.endpoints().web, demo_agent(centre, "107")) as desk:
        await at_work(desk)
        await type_in(desk, REACHED)
        assert await desk.part("dial-call").is_disabled()
        await desk.part("dial-project").select_option("telecom")
        await desk.until("() => !document.querySelector('[data-testid=dial-call]').disabled")
        await desk.click("dial-call")
        await desk.in_hand("active")
        await desk.click("hangup")
        await desk.finish("resolved")
        await desk.page.reload()
        await desk.until("() => document.querySelector('[data-testid=dial-project]')?.value === 'telecom'")


async def test_who_leaves_his_own_phone_ringing_calls_nobody_and_stays_as_he_was(
    centre: RunningCentre, chromium: Chromium, lines: Lines, folder: Path
) -> None:
    agent = await seller(centre)
    seen: list[Seen] = []
    lines.carrier.listen(seen.append)
    await lines.carrier.register([SipPhone(extension=agent.extension, secret=agent.sip_password)])
    await lines.carrier.behave(agent.extension, ring_s=90, talk_s=0)
    async with chromium.desktop(centre.endpoints().web, agent) as desk:
        await desk.sign_in()
        await desk.choose_device("sip")
        await desk.can_ring()
        await dial(desk, REACHED)
        await desk.in_hand("ringing")
        await desk.shows("own-phone-rings")
        await _shoot(desk, folder / "dial-own-phone.png")
        cancelled = _cancelled(centre)
        await desk.nothing_in_hand()
        await soon(lambda: _cancelled(centre) > cancelled, what="the contact is closed")
        await desk.is_now("not_ready")
    await lines.carrier.unregister([agent.extension])
    assert not [one for one in seen if one.who is Who.CALLED]


def _cancelled(centre: RunningCentre) -> int:
    return sum(isinstance(fact, ContactClosed) and fact.disposition == SYSTEM_CANCELLED for _, fact in centre.facts())


async def test_what_calling_by_click_saved_and_who_is_not_called_have_their_pages(
    centre: RunningCentre, chromium: Chromium, folder: Path
) -> None:
    demo = centre.endpoints().demo
    assert demo is not None
    async with chromium.desktop(centre.endpoints().web, demo.supervisor) as desk:
        await desk.sign_in()
        figures = await desk.shows("call-figures")
        assert "15–25" in await figures.inner_text()
        await figures.scroll_into_view_if_needed()
        await desk.page.screenshot(path=folder / "dial-figures.png", full_page=True)
    async with chromium.desktop(centre.endpoints().web, demo.admin) as desk:
        await desk.sign_in()
        await desk.page.goto(f"{desk.base}/#/admin/do_not_call")
        await desk.part("barred-number").fill("8 916 555-80-12")
        await desk.click("barred-add")
        await desk.until(
            "() => [...document.querySelectorAll('[data-testid=barred-row]')]"
            ".some((row) => row.textContent.includes('+7 916 555-80-12'))"
        )
        await _shoot(desk, folder / "do-not-call.png")
        await desk.click("language-ru")
        await _shoot(desk, folder / "do-not-call-ru-dark.png", dark=True)
        async with desk.page.expect_response("**/api/v1/session/language"):  # kept for the admin's other pages
            await desk.click("language-en")
