"""E-mail from end to end: a real mail server on either side of a real centre, and agents in Chromium.

The pictures go to `TRIUNE_SCREENSHOTS`, or are thrown away.
"""

import asyncio
import email.message
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

import pytest
import pytest_asyncio

from tests.browser.desktop import Chromium, Desktop, demo_agent
from tests.media import mail_centre
from tests.media.mail_centre import SUPPORT
from tests.media.servers import MailServers
from tests.running import RunningCentre, free_port_base, soon

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300),
]

WEB_FORM = """<html><head><style>body {display: none}</style><script>document.title = "owned"</script></head>
<body onload="document.title='owned'"><p>Good day,</p><p>my router <b>does not start</b> after the storm.
<img src="http://tracker.test/pixel.gif" onerror="document.title='owned'">
<a href="javascript:document.title='owned'">click</a> <a href="https://example.com/photo">photo</a></p>
<form action="http://evil.test"><button>Free money</button></form><iframe src="http://evil.test"></iframe></body></html>"""


@pytest.fixture(scope="module")
def servers() -> Iterator[MailServers]:
    running = MailServers()
    yield running
    running.remove()


@pytest.fixture(scope="module")
def own(servers: MailServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    home = tmp_path_factory.mktemp("m") / "h"
    mail_centre.prepare(home, servers)
    running = RunningCentre(home, port_base=free_port_base())
    try:
        yield running.start()
    finally:
        running.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def desks(own: RunningCentre, chromium: Chromium) -> AsyncIterator[list[Desktop]]:
    """Two agents of support, ready."""
    async with AsyncExitStack() as stack:
        found = []
        for extension in ("104", "106"):
            desk = await stack.enter_async_context(
                chromium.desktop(own.endpoints().web, demo_agent(own, extension), accept_downloads=True)
            )
            await desk.be_ready()
            found.append(desk)
        yield found


def mail(
    customer: str, subject: str, text: str, *, html: str = "", answering: str = "", file: bytes = b""
) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = f"Ольга Петрова <{customer}>", SUPPORT, subject
    made["Message-ID"] = make_msgid(domain="customer.test")
    if answering:
        made["In-Reply-To"] = made["References"] = answering
    made.set_content(text)
    if html:
        made.add_alternative(html, subtype="html")
    if file:
        made.add_attachment(file, maintype="image", subtype="png", filename="../../фото.png")
    return made


async def holder(desks: list[Desktop]) -> Desktop:
    """Whoever has been offered something."""
    found: list[Desktop] = []

    async def look(desk: Desktop) -> None:
        await desk.in_hand("offered")
        found.append(desk)

    looking = [asyncio.ensure_future(look(desk)) for desk in desks]
    try:
        await asyncio.wait(looking, return_when=asyncio.FIRST_COMPLETED)
        return found[0]
    finally:
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)


async def got(servers: MailServers, customer: str, count: int) -> list[email.message.Message]:
    await soon(lambda: servers.count(customer) >= count, what=f"{customer} has {count} mails")
    return await asyncio.to_thread(servers.mails, customer)


def words(header: object) -> str:
    return str(make_header(decode_header(str(header))))


def body(message: email.message.Message) -> str:
    part = next(part for part in message.walk() if part.get_content_type() == "text/plain")
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


async def shoot(desk: Desktop, name: str) -> None:
    folder = os.environ.get("TRIUNE_SCREENSHOTS")
    if folder:
        await desk.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True, animations="disabled")


async def test_a_mail_is_answered_in_the_page_and_the_reply_comes_back_to_the_same_agent(
    own: RunningCentre, servers: MailServers, desks: list[Desktop], tmp_path: Path
) -> None:
    customer = "olga@customer.test"
    photo = b"\x89PNG" + bytes(range(200))
    first = mail(customer, "Роутер не работает", "Добрый день, мой роутер не включается.", html=WEB_FORM, file=photo)
    servers.send(first, sender=customer, to=SUPPORT)

    desk = await holder(desks)
    await desk.shows("mail-html")
    await shoot(desk, "mail-offered")
    (acknowledged,) = await got(servers, customer, 1)
    assert "Получили письмо" in body(acknowledged)
    assert acknowledged["Auto-Submitted"] == "auto-replied"
    assert acknowledged["In-Reply-To"] == first["Message-ID"]

    await desk.click("answer")
    await desk.in_hand("active")
    shown = desk.part("mail-html")
    assert "does not start" in await shown.inner_text()
    assert await shown.locator("img, script, style, form, iframe, button, [onload], [onerror], [style]").count() == 0
    links = await shown.locator("a[href]").evaluate_all("links => links.map((a) => [a.href, a.rel, a.target])")
    assert links == [["https://example.com/photo", "noopener noreferrer nofollow", "_blank"]]
    assert await desk.page.title() != "owned"
    async with desk.page.expect_download() as downloading:
        await desk.click("mail-file")
    download = await downloading.value
    assert download.suggested_filename == "фото.png"
    await download.save_as(tmp_path / "photo")
    assert (tmp_path / "photo").read_bytes() == photo

    await desk.click("chat-answers")
    await desk.click("chat-answer-restart")
    written = desk.part("mail-write")
    assert "Ольга Петрова" in await written.input_value()
    await written.press("End")
    await written.type(" Попробуйте сегодня.")
    await desk.part("mail-attach").set_input_files(
        {"name": "инструкция.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1"}
    )
    await desk.shows("mail-upload")
    await desk.page.reload()
    await desk.in_hand("active")
    await desk.shows("mail-upload")
    assert "Попробуйте сегодня" in await desk.part("mail-write").input_value()
    await shoot(desk, "mail-answer")
    await desk.click("mail-send-finish")
    await desk.in_hand("wrap_up")
    sent = "[data-testid=mail-message][data-direction=out][data-sending=sent]"
    await desk.until(f"() => document.querySelectorAll('{sent}').length === 2")
    await shoot(desk, "mail-wrap-up")
    await desk.finish("resolved", "Router")

    answered = (await got(servers, customer, 2))[-1]
    assert words(answered["Subject"]) == "Re: Роутер не работает"
    assert answered["In-Reply-To"] == first["Message-ID"]
    assert first["Message-ID"] in str(answered["References"]).split()
    text = body(answered)
    assert "Попробуйте сегодня" in text
    assert "-- \n" in text
    assert "> Добрый день" in text
    assert [part.get_filename() for part in answered.walk() if part.get_filename()] == ["инструкция.pdf"]

    reply = mail(
        customer, "Re: Роутер не работает", "Не помогло.\n\n> Попробуйте", answering=str(answered["Message-ID"])
    )
    servers.send(reply, sender=customer, to=SUPPORT)
    again = await holder(desks)
    assert again is desk, "who answered last is asked first"
    await desk.click("answer")
    await desk.in_hand("active")
    messages = desk.part("mail-message")
    await desk.until("() => document.querySelectorAll('[data-testid=mail-message]').length === 4")
    assert [await one.get_attribute("data-direction") for one in await messages.all()] == ["in", "out", "out", "in"]
    await shoot(desk, "mail-thread")

    more = mail(
        customer, "Re: Роутер не работает", "И ещё: мигает красная лампа.", answering=str(answered["Message-ID"])
    )
    servers.send(more, sender=customer, to=SUPPORT)
    await desk.until("() => document.querySelectorAll('[data-testid=mail-message]').length === 5")
    await soon(lambda: servers.count(SUPPORT) == 0, what="every mail is moved")
    assert servers.count(SUPPORT, "Triune") == 3
    await desk.click("theme-toggle")
    await desk.click("language-ru") if await desk.part("language-ru").count() else None
    await shoot(desk, "mail-thread-dark-ru")
    await desk.click("hangup")
    await desk.finish("resolved")
