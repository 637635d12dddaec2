"""One agent's desktop in a real Chromium: what he does in the page, and what the page shows and hears.

Acts and looks only; what must be true stands in the tests. Waiting is always for something of the page, with a
deadline. `probe.js` records instants and tones in the page.
"""

import json
import wave
from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import pi, sin
from pathlib import Path
from typing import Any, Final, cast

from playwright.async_api import Browser, BrowserContext, Locator, Page, ViewportSize, async_playwright
from websockets.asyncio.client import connect

from cti.home import DemoAgent, DemoPerson
from cti.setup.tools import find_program
from tests.running import PATIENCE_S, RunningCentre

AGENT_HZ: Final = 1150
"""What the agent's microphone sounds; the carrier's callers listen for it."""
CALLER_HZ: Final = 1750
"""What the carrier's callers sound."""
PROBE: Final = Path(__file__).with_name("probe.js")
READY_OR_TOLD: Final = """() => document.querySelector('[data-testid=my-state]')?.dataset.state === 'ready'
  || document.querySelector('[data-testid=notice].bad') !== null"""
FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-background-networking",
    "--disable-quic",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Popped:
    """What the card said from an instant on."""

    assignment: str
    state: str
    customer: str
    path: str
    at_ms: float


class Desktop:
    """A page of one person. `base` is the centre's web address, as the browser sees it."""

    def __init__(self, page: Page, base: str, person: DemoPerson) -> None:
        self.page = page
        self.base = base
        self.person = person

    def part(self, test_id: str) -> Locator:
        return self.page.get_by_test_id(test_id)

    @property
    def pop(self) -> Locator:
        return self.part("pop")

    async def click(self, test_id: str) -> None:
        await self.part(test_id).click(timeout=PATIENCE_S * 1000)

    async def shows(self, test_id: str, *, within_s: float = PATIENCE_S) -> Locator:
        """The part, once it is to be seen."""
        found = self.part(test_id).first
        await found.wait_for(state="visible", timeout=within_s * 1000)
        return found

    async def has_no(self, test_id: str, *, within_s: float = PATIENCE_S) -> None:
        await self.part(test_id).first.wait_for(state="hidden", timeout=within_s * 1000)

    async def until(self, script: str, *, within_s: float = PATIENCE_S, given: object = None) -> None:
        """Wait until this function of the page is true."""
        await self.page.wait_for_function(script, arg=given, timeout=within_s * 1000, polling=50)

    # -- what people do to their pages ---------------------------------------------------------------------------------

    async def hide(self) -> None:
        """As if another tab stood before this one for long: no frames, and timers once a minute.

        Emulated, since a headless browser hides nothing.
        """
        await self.page.evaluate("() => __hide()")

    async def show(self) -> None:
        await self.page.evaluate("() => __show()")

    async def deny_microphone(self) -> None:
        """As if he had answered the browser's question with no."""
        session = await self.page.context.new_cdp_session(self.page)
        denied = {"permission": {"name": "microphone"}, "setting": "denied", "origin": self.base}
        await session.send("Browser.setPermission", denied)

    async def now(self) -> float:
        """The page's own clock in milliseconds."""
        return float(await self.page.evaluate("() => performance.now()"))

    # -- signing in, being ready ---------------------------------------------------------------------------------------

    async def sign_in(self) -> None:
        await self.page.goto(self.base)
        await self.part("sign-in-login").fill(self.person.login)
        await self.part("sign-in-password").fill(self.person.password)
        await self.click("sign-in-submit")
        await self.shows("sign-out")

    async def can_ring(self, *, within_s: float = PATIENCE_S) -> None:
        """Wait until the page says that its phone is registered."""
        await self.until(
            "() => document.querySelector('[data-testid=phone-state]')?.dataset.state === 'registered'",
            within_s=within_s,
        )

    async def be_ready(self) -> None:
        """Sign in and be ready on the browser's phone."""
        await self.sign_in()
        await self.choose_device("web")
        await self.can_ring()
        await self.click("ready")
        await self.until(READY_OR_TOLD)
        if await self.part("my-state").get_attribute("data-state") != "ready":
            # He was told that his phone is gone: that of his page before was, and this one's has come since.
            await self.can_ring()
            await self.click("ready")
        await self.is_now("ready")

    async def choose_device(self, device: str) -> None:
        chosen = self.part(f"device-{device}")
        await chosen.wait_for(timeout=PATIENCE_S * 1000)
        if await chosen.get_attribute("aria-checked") != "true":
            await chosen.click()
            await self.until(
                "id => document.querySelector(`[data-testid=${id}]`)?.getAttribute('aria-checked') === 'true'",
                given=f"device-{device}",
            )

    async def is_now(self, state: str, *, within_s: float = PATIENCE_S) -> None:
        """Wait until the page says that he is `ready`, `not_ready` or `offline`."""
        await self.until(
            "state => document.querySelector('[data-testid=my-state]')?.dataset.state === state",
            within_s=within_s,
            given=state,
        )

    # -- the contact in hand -------------------------------------------------------------------------------------------

    async def in_hand(self, *states: str, within_s: float = PATIENCE_S) -> str:
        """Wait until the card is in one of these states; the assignment's id."""
        await self.until(
            "states => states.includes(document.querySelector('[data-testid=pop]')?.dataset.state)",
            within_s=within_s,
            given=list(states),
        )
        return str(await self.pop.get_attribute("data-assignment"))

    async def nothing_in_hand(self, *, within_s: float = PATIENCE_S) -> None:
        await self.pop.wait_for(state="detached", timeout=within_s * 1000)

    async def rings(self, *, within_s: float = PATIENCE_S) -> str:
        """Wait until the page's own phone rings; the assignment's id."""
        await self.until(
            "() => document.querySelector('[data-testid=phone-state]')?.dataset.call === 'ringing'",
            within_s=within_s,
        )
        return await self.in_hand("offered", "ringing")

    async def answer(self) -> None:
        await self.rings()
        await self.click("answer")
        await self.in_hand("active")

    async def finish(self, disposition: str, note: str = "") -> None:
        await self.in_hand("wrap_up")
        await self.click(f"disposition-{disposition}")
        if note:
            await self.part("note").fill(note)
        await self.click("finish")
        await self.nothing_in_hand()

    # -- what the page saw and heard -----------------------------------------------------------------------------------

    async def popped(self) -> list[Popped]:
        """What the card said, in order."""
        return [
            Popped(
                assignment=str(each["assignment"]),
                state=str(each["state"]),
                customer=str(each["customer"]),
                path=str(each["path"]),
                at_ms=float(each["at"]),
            )
            for each in cast(list[dict[str, Any]], await self.page.evaluate("() => __seen.pops"))
        ]

    async def invited_ms(self) -> list[float]:
        """When INVITEs reached the page's phone."""
        return cast(list[float], await self.page.evaluate("() => __seen.invites"))

    async def hears(self, hz: int = CALLER_HZ, *, within_s: float = PATIENCE_S) -> None:
        """Wait until the caller's voice, as it comes from now on, is this tone for half a second."""
        await self._hears(
            "tones.filter((each) => each.at > from).slice(-6)", "each.loud > 0.01 && each[hz] > 0.8", hz, within_s
        )

    async def hears_silence(self, *, within_s: float = PATIENCE_S) -> None:
        """Wait until no tone came for half a second."""
        await self._hears("tones.filter((each) => each.at > from).slice(-6)", "each.loud < 0.001", CALLER_HZ, within_s)

    async def _hears(self, which: str, such: str, hz: int, within_s: float) -> None:
        now = await self.page.evaluate("() => performance.timeOrigin + performance.now()")
        await self.until(
            f"""([from, hz]) => {{
                const tones = __seen.tones;
                const last = {which};
                return last.length === 6 && last.every((each) => {such});
            }}""",
            within_s=within_s,
            given=[now, hz],
        )

    # -- the API, as this page's session -------------------------------------------------------------------------------

    async def get(self, path: str) -> Any:
        answer = await self.page.context.request.get(f"{self.base}/api/v1{path}")
        assert answer.ok, await answer.text()
        return await answer.json()

    async def post(self, path: str, body: object) -> Any:
        answer = await self.page.context.request.post(
            f"{self.base}/api/v1{path}", data=body, headers={"Origin": self.base}
        )
        assert answer.ok, await answer.text()
        return await answer.json()


@dataclass(slots=True)
class Chromium:
    """The one browser of a session; each desktop gets a profile of its own."""

    browser: Browser

    @asynccontextmanager
    async def desktop(
        self,
        base: str,
        person: DemoPerson,
        *,
        permissions: Sequence[str] = ("microphone",),
        size: tuple[int, int] = (1280, 720),
        **options: Any,
    ) -> AsyncIterator[Desktop]:
        """A page for this person, not signed in yet; he is signed out at the end, whatever he left unfinished."""
        context = await self.browser.new_context(
            permissions=list(permissions), viewport=ViewportSize(width=size[0], height=size[1]), **options
        )
        await context.add_init_script(path=PROBE)
        context.set_default_timeout(PATIENCE_S * 1000)
        page = await context.new_page()
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        made = Desktop(page, base, person)
        try:
            yield made
        except BaseException as error:
            if not page.is_closed():
                error.add_note(f"The page of {person.login} says:\n{await page.inner_text('body')}")
            raise
        finally:
            await leave(context, base)
            await context.close()
        assert troubles == [], "the page raised nothing"


async def leave(context: BrowserContext, base: str) -> None:
    """End what this session's agent still holds, and sign him out."""
    ask, own = context.request, {"Origin": base}
    me = await ask.get(f"{base}/api/v1/session")
    if not me.ok:
        return
    cookie = "; ".join(f"{each.get('name')}={each.get('value')}" for each in await context.cookies(base))
    async with connect(
        f"{base.replace('http', 'ws', 1)}/api/v1/events", additional_headers={"Cookie": cookie, **own}
    ) as socket:
        snapshot = json.loads(await socket.recv())
    codes = (await me.json())["dispositions"]
    for held in snapshot["assignments"]:
        which = f"{base}/api/v1/assignments/{held['assignment_id']}"
        for act in ("reject", "hangup"):
            await ask.post(f"{which}/{act}", headers=own)
        body = {"disposition": codes[held["contact"]["project_id"]][0]["id"], "note": ""}
        await ask.post(f"{which}/finish", data=body, headers=own)
    await ask.delete(f"{base}/api/v1/session", headers=own)


@asynccontextmanager
async def start_chromium(folder: Path, *, hz: int = AGENT_HZ, program: Path | None = None) -> AsyncIterator[Chromium]:
    """A browser of its own, with this tone as every page's microphone; `program` starts another than the installed."""
    tone = write_tone(folder / "tone.wav", hz=hz)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program or find_program("chromium"),
            args=[*FLAGS, f"--use-file-for-fake-audio-capture={tone}"],
            # Hidden tabs are to sleep as they do for people.
            ignore_default_args=[
                "--disable-background-timer-throttling",
                "--disable-backgrounding-occluded-windows",
                "--disable-renderer-backgrounding",
                "--mute-audio",
            ],
        )
        try:
            yield Chromium(browser)
        finally:
            await browser.close()


def demo_agent(centre: RunningCentre, extension: str) -> DemoAgent:
    """The demo's agent of this extension: 104 and 106 have most of support's skill, 101 and 102 of that of sales."""
    demo = centre.endpoints().demo
    assert demo is not None
    return next(agent for agent in demo.agents if agent.extension == extension)


def write_tone(path: Path, *, hz: int, length_s: int = 10, rate: int = 48_000) -> Path:
    """A tone as a sound file that can be played over and over without a click."""
    samples = array("h", (round(9_000 * sin(2 * pi * hz * index / rate)) for index in range(rate * length_s)))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.tobytes())
    return path
