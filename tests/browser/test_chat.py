"""A chat from a customer's own site to an agent's page, both in a real Chromium.

The site stands on another origin, with the strictest policy under which the widget is to work.
"""

import gzip
import http.server
import re
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from playwright.async_api import Locator, Page, ProxySettings, expect

from cti import shipped
from cti.domain.facts import ContactQueued
from cti.domain.ids import Medium
from cti.home import DemoPerson
from cti.setup import node
from cti.web import widget
from tests.browser.desktop import Chromium, Desktop, demo_agent
from tests.browser.relay import relay
from tests.running import PATIENCE_S, RunningCentre, free_port_base, soon

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(400),
]

MOST_BYTES = 30 * 1024
HOSTILE = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\"> https://a.example/x"
PATIENCE_MS = PATIENCE_S * 1000


class Site(http.server.BaseHTTPRequestHandler):
    """A customer's page: nothing may run on it, load or connect but the centre's widget."""

    centre = ""
    key = "shop"

    def do_GET(self) -> None:
        socket = self.centre.replace("http", "ws", 1)
        policy = f"default-src 'none'; script-src {self.centre}; connect-src {self.centre} {socket}"
        page = (
            f'<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Shop</title>'
            f'<h1>Shop</h1><script src="{self.centre}/widget.js" data-triune="{self.key}" async></script></html>'
        ).encode()
        self.send_response(200)
        for name, value in {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy,
            "Content-Length": str(len(page)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """Say nothing."""


@dataclass(frozen=True)
class Sites:
    """A centre, a site that may chat there, and one that may not."""

    centre: RunningCentre
    shop: str
    foreign: str


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """A demo centre of its own whose chat may stand on one more origin."""
    base = free_port_base()
    handler = type("Handler", (Site,), {"centre": f"http://127.0.0.1:{base}"})
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
    shop, foreign = (f"http://127.0.0.1:{server.server_address[1]}" for server in servers)
    home = tmp_path_factory.mktemp("c") / "h"
    home.mkdir()
    text = (shipped.asterisk_conf() / "centre.yaml").read_text(encoding="utf-8")
    assert text.count("    origins: [] ") == 1
    (home / "centre.yaml").write_text(text.replace("    origins: [] ", f'    origins: ["{shop}"] '), encoding="utf-8")
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    centre = RunningCentre(home, port_base=base)
    try:
        yield Sites(centre=centre.start(), shop=shop, foreign=foreign)
    finally:
        centre.stop()
        for server in servers:
            server.shutdown()
            server.server_close()


class Widget:
    """The widget on a visitor's page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.locator("triune-chat")

    def part(self, selector: str) -> Locator:
        return self.root.locator(selector)

    async def open(self) -> None:
        await self.part(".launcher").click()
        await self.part("textarea").wait_for()

    async def say(self, text: str) -> None:
        """Write and send; it stands there at once, confirmed or not."""
        await self.part("textarea").fill(text)
        await self.part("textarea").press("Enter")

    async def kept(self, text: str) -> None:
        """Wait until it is confirmed."""
        await (
            self.part(
                ".visitor[data-id]",
            )
            .filter(has_text=text)
            .wait_for()
        )

    async def hears(self, text: str) -> None:
        await self.part(".agent[data-id]").filter(has_text=text).wait_for()

    async def texts(self) -> list[str]:
        """All that was said and is confirmed, in order."""
        return await self.part("[data-id] .bubble").all_inner_texts()


@asynccontextmanager
async def visitor(
    chromium: Chromium, address: str, *, size: tuple[int, int] = (1000, 700), proxy: ProxySettings | None = None
) -> AsyncIterator[Widget]:
    """A visitor's browser on this page."""
    context = await chromium.browser.new_context(viewport={"width": size[0], "height": size[1]}, proxy=proxy)
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None)
    await page.goto(address)
    try:
        yield Widget(page)
    finally:
        await context.close()
    assert troubles == []


@asynccontextmanager
async def agent(chromium: Chromium, sites: Sites) -> AsyncIterator[Desktop]:
    async with chromium.desktop(sites.centre.endpoints().web, demo_agent(sites.centre, "101")) as desk:
        await desk.be_ready()
        yield desk


def supervisor(sites: Sites) -> DemoPerson:
    demo = sites.centre.endpoints().demo
    assert demo is not None
    return demo.supervisor


async def answer(desk: Desktop, text: str) -> None:
    await desk.part("chat-text").fill(text)
    await desk.part("chat-text").press("Enter")


async def said(desk: Desktop) -> list[str]:
    """What stands in the chat before the agent, notes left out."""
    return await desk.page.locator("[data-testid=chat-line] .bubble").all_inner_texts()


async def reads(desk: Desktop, texts: Sequence[str]) -> None:
    """Wait until exactly this stands in the chat before the agent."""
    await expect(desk.page.locator("[data-testid=chat-line] .bubble")).to_have_text(list(texts), timeout=PATIENCE_MS)


async def finish(desk: Desktop) -> None:
    """End the chat before the agent."""
    shown = await desk.pop.get_attribute("data-assignment")
    await desk.click("hangup")
    await desk.in_hand("wrap_up")
    await desk.click("disposition-resolved")
    await desk.click("finish")
    await desk.page.locator(f"[data-assignment='{shown}']").first.wait_for(state="detached")


async def test_one_agent_holds_three_chats_of_another_site(sites: Sites, chromium: Chromium) -> None:
    async with (
        visitor(chromium, sites.shop) as one,
        visitor(chromium, sites.shop) as two,
        visitor(chromium, sites.shop, size=(390, 780)) as three,
    ):
        for number, each in enumerate((one, two, three), start=1):
            await each.open()
            if number == 1:
                await each.part("input[name=name]").fill("Mary")
            await each.say(f"Hello from {number}")
            await each.kept(f"Hello from {number}")
        await expect(three.part(".notice")).to_contain_text("number 3", timeout=PATIENCE_MS)
        async with agent(chromium, sites) as desk:
            await desk.click("answer")
            for _ in range(2):
                await desk.click("accept-beside")
            tabs = desk.page.get_by_test_id("in-hand")
            await expect(tabs).to_have_count(3, timeout=PATIENCE_MS)
            await desk.page.keyboard.press("Alt+1")
            await reads(desk, ["Hello from 1"])
            await answer(desk, "Good day, Mary")
            await one.hears("Good day, Mary")
            await expect(one.part("header p")).to_contain_text("Alice Morgan")
            await desk.page.locator("[data-testid=chat-tick][data-delivered=true]").wait_for()

            # What the second writes meanwhile is counted, and looked at with a key.
            await two.say("Are you there?")
            await expect(tabs.nth(1).get_by_test_id("unread")).to_have_text(re.compile("^1"), timeout=PATIENCE_MS)
            await one.part("textarea").press_sequentially("I wr")
            await desk.part("chat-typing").filter(has_text="Mary").wait_for()
            await desk.part("chat-text").fill("half an answer")
            await desk.page.keyboard.press("Alt+2")
            await reads(desk, ["Hello from 2", "Are you there?"])
            await expect(tabs.nth(1).get_by_test_id("unread")).to_have_count(0)
            await desk.part("chat-text").press_sequentially("Yes")
            await two.part(".typing").filter(has_text="Alice Morgan").wait_for()
            await desk.page.keyboard.press("Alt+1")
            await expect(desk.part("chat-text")).to_have_value("half an answer")
            await desk.page.keyboard.press("Alt+2")
            await expect(desk.part("chat-text")).to_have_value("Yes")
            await desk.part("chat-text").press("Enter")
            await two.hears("Yes")

            # Nothing that is said is read as a page.
            await two.say(HOSTILE)
            await reads(desk, ["Hello from 2", "Are you there?", "Yes", HOSTILE])
            await answer(desk, HOSTILE)
            await two.hears("document.title")
            assert await two.page.title() == "Shop"
            assert "taken" not in await desk.page.title()
            assert await two.part(".bubble a").last.get_attribute("href") == "https://a.example/x"

            # The supervisor reads along.
            async with chromium.desktop(sites.centre.endpoints().web, supervisor(sites)) as lead:
                await lead.sign_in()
                contacts = [
                    each["contact_id"] for each in await lead.get("/contacts?limit=20") if each["medium"] == "chat"
                ]
                second = sorted(contacts, key=lambda contact_id: int(contact_id[1:]))[1]
                await lead.page.goto(f"{lead.base}/#/why/{second}")
                await lead.part("chat-transcript").get_by_text("Are you there?").wait_for()
                await two.say("For all to read")
                await lead.part("chat-transcript").get_by_text("For all to read").wait_for()
                assert await lead.part("chat-text").count() == 0

            # The third ends it himself, the second is ended and says how it was.
            await desk.page.keyboard.press("Alt+3")
            await three.part("header button[aria-label='End chat']").click()
            await (
                three.part(
                    "button",
                )
                .filter(has_text="End it")
                .click()
            )
            await desk.in_hand("wrap_up")
            await desk.click("disposition-resolved")
            await desk.click("finish")
            await desk.page.keyboard.press("Alt+2")
            await finish(desk)
            await two.part(".stars label").nth(4).click()
            await two.part("[role=status]").filter(has_text="Thank you").wait_for()
            await finish(desk)
            await desk.nothing_in_hand()


async def test_cut_reload_and_a_dead_engine_lose_and_double_no_word(sites: Sites, chromium: Chromium) -> None:
    before = chats(sites.centre)
    async with (
        relay() as (network, proxy),
        visitor(chromium, sites.shop, proxy={"server": proxy, "bypass": "<-loopback>"}) as page,
        agent(chromium, sites) as desk,
    ):
        spoken = ["One"]
        await page.open()
        await page.say("One")
        await desk.click("answer")
        await reads(desk, spoken)

        network.cut()
        await page.say("Two, while the network is cut")
        await page.part(".notice").filter(has_text="No connection").wait_for()
        await answer(desk, "Three, meanwhile")
        await desk.part("chat-presence").filter(has_text="closed for now").wait_for()
        network.mend()
        await page.kept("Two, while")
        await page.hears("Three, meanwhile")
        spoken += ["Three, meanwhile", "Two, while the network is cut"]
        await reads(desk, spoken)

        await page.page.reload()
        await page.part("textarea").wait_for()
        await expect(page.part("[data-id] .bubble")).to_have_text(spoken, timeout=PATIENCE_MS)
        await page.say("Four, after a reload")
        await page.kept("Four, after")
        await desk.page.reload()
        await desk.in_hand("active")
        spoken.append("Four, after a reload")
        await reads(desk, spoken)

        killed = sites.centre.kill("engine")
        await page.say("Five, to a dead engine")
        await answer(desk, "Six, from the agent of a dead engine")
        await soon(lambda: sites.centre.is_back("engine", after=killed), what="a new engine")
        await page.kept("Five, to")
        await page.hears("Six, from")
        texts = await page.texts()
        assert sorted(texts) == sorted([*spoken, "Five, to a dead engine", "Six, from the agent of a dead engine"])
        await reads(desk, texts)
        await desk.in_hand("active")
        await finish(desk)
        await page.part(".stars").wait_for()
    assert chats(sites.centre) == before + 1


def chats(centre: RunningCentre) -> int:
    return sum(isinstance(fact, ContactQueued) and fact.medium is Medium.CHAT for _, fact in centre.facts())


async def test_a_site_that_is_not_the_centres_customer_gets_no_chat(sites: Sites, chromium: Chromium) -> None:
    async with visitor(chromium, sites.foreign) as page:
        told = await page.page.wait_for_event("console", lambda said: "Triune chat" in said.text)
        assert "403" in told.text or "not available" in told.text
        assert await page.root.count() == 0


async def test_the_widget_can_be_used_by_keyboard_alone(sites: Sites, chromium: Chromium) -> None:
    async with visitor(chromium, sites.shop) as page:
        await page.part(".launcher").focus()
        await page.page.keyboard.press("Enter")
        await expect(page.part("input[name=name]")).to_be_focused()
        for text in ("Mary", "mary@example.com", "Hello!"):
            await page.page.keyboard.type(text)
            await page.page.keyboard.press("Tab")
        await page.page.keyboard.press("Enter")
        await page.kept("Hello!")
        await page.page.keyboard.press("Escape")
        await expect(page.part(".launcher")).to_be_focused()
        await expect(page.part(".panel")).to_be_hidden()
        await page.page.keyboard.press("Enter")
        await page.part("header button[aria-label='End chat']").press("Enter")
        await page.page.keyboard.press("Enter")
        await page.part(".stars").wait_for()


async def test_the_widget_is_small(capsys: pytest.CaptureFixture[str]) -> None:
    node.build_widget()
    script = widget.BUILT.read_bytes()
    size = len(gzip.compress(script, 9))
    with capsys.disabled():
        print(f"\nwidget.js: {len(script)} bytes, {size} with gzip")
    assert size <= MOST_BYTES
