"""Chats on the whole centre: many visitors at once, and the engine killed while they write."""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from cti.domain.facts import ContactClosed, ContactQueued
from cti.domain.ids import SYSTEM_ABANDONED, ContactId, DispositionId, Medium
from tests.running import PATIENCE_S, RunningCentre, soon
from tests.web.visitor import Visitor, visiting

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]

VISITORS = 30
MESSAGES = 8
UNHEARD_S = 5.0


@dataclass
class Stubborn:
    """A visitor as the widget is: what is not confirmed he says again, on a new connection if need be."""

    base: str
    number: int
    token: str | None = None
    kept: list[str] = field(default_factory=list)
    """Texts that were confirmed."""

    @property
    def wanted(self) -> list[str]:
        return [f"{self.number}: message {each}" for each in range(MESSAGES)]

    async def write(self, *, until: int) -> None:
        """Say everything up to this message, each once confirmed before the next."""
        while len(self.kept) < until:
            with contextlib.suppress(OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
                async with visiting(self.base, self.token) as page:
                    self.token = page.token
                    while len(self.kept) < until:
                        await self._say_next(page)

    async def _say_next(self, page: Visitor) -> None:
        text = self.wanted[len(self.kept)]
        async with asyncio.timeout(UNHEARD_S):
            await page.say(text, client_id=f"m{len(self.kept)}", name=f"Visitor {self.number}")
        self.kept.append(text)

    async def transcript(self) -> list[str]:
        async with visiting(self.base, self.token) as page:
            return page.texts

    async def leave(self) -> None:
        async with visiting(self.base, self.token) as page:
            await page.say_raw({"type": "leave"})
            await page.stands("ended")


def chats_since(centre: RunningCentre, before: int) -> list[ContactId]:
    return [
        fact.contact_id
        for number, fact in centre.facts()
        if number > before and isinstance(fact, ContactQueued) and fact.medium is Medium.CHAT
    ]


def closed_since(centre: RunningCentre, before: int) -> list[tuple[ContactId, DispositionId]]:
    return sorted(
        (fact.contact_id, fact.disposition)
        for number, fact in centre.facts()
        if number > before and isinstance(fact, ContactClosed)
    )


async def test_no_word_is_lost_or_doubled_by_the_engines_death(centre: RunningCentre) -> None:
    before = max((number for number, _ in centre.facts()), default=0)
    visitors = [Stubborn(centre.endpoints().web, number) for number in range(VISITORS)]
    await asyncio.gather(*(visitor.write(until=2) for visitor in visitors))
    writing = asyncio.gather(*(visitor.write(until=MESSAGES) for visitor in visitors))
    await soon(lambda: sum(len(visitor.kept) for visitor in visitors) > 4 * VISITORS, what="they write")
    killed = centre.kill("engine")
    await soon(lambda: centre.is_back("engine", after=killed), what="a new engine")
    await writing
    for visitor in visitors:
        assert await visitor.transcript() == visitor.wanted
    contacts = chats_since(centre, before)
    assert len(contacts) == len(set(contacts)) == VISITORS
    await asyncio.gather(*(visitor.leave() for visitor in visitors))
    wanted = sorted((contact_id, SYSTEM_ABANDONED) for contact_id in contacts)
    await soon(lambda: closed_since(centre, before) == wanted, what="each is closed once")  # told before it is on disk


async def test_the_journal_knows_no_word_and_no_address_of_a_visitor(centre: RunningCentre) -> None:
    secret, address = "the colour of my house is ultramarine", "ultra.marine@example.com"
    async with visiting(centre.endpoints().web) as visitor:
        await visitor.say(secret, name="Ultra Marine", email=address)
        await visitor.say_raw({"type": "leave"})
        await visitor.stands("ended")
    journal = b"".join(path.read_bytes() for path in centre.path.glob("journal.sqlite*"))
    log = centre.log("engine")
    for word in (secret, address, "Ultra Marine", "ultramarine"):
        assert word.encode() not in journal
        assert word not in log


async def test_the_demo_shop_and_its_widget_are_served(centre: RunningCentre) -> None:
    async with httpx.AsyncClient(base_url=centre.endpoints().web, trust_env=False, timeout=PATIENCE_S) as client:
        assert 'data-triune="shop"' in (await client.get("/demo/shop", follow_redirects=True)).text
        assert "triune-chat" in (await client.get("/widget.js")).text
        site: dict[str, Any] = json.loads((await client.get("/chat/v1/shop")).text)
    assert site["open"] is True
