"""Customers who do not mind a broken connection: they try again, as people and their pages do."""

import asyncio
from dataclasses import dataclass, field

import httpx
from websockets.exceptions import WebSocketException

from cti.demo.carrier import Seen, Step, Who
from cti.demo.ledger import digits
from cti.demo.writing import GREETING
from tests.running import PATIENCE_S
from tests.soak.customers import Askers, Visitors
from tests.web.visitor import Visitor, visiting

_BROKEN = (OSError, TimeoutError, WebSocketException, httpx.TransportError)
_AGAIN_S = 0.5


@dataclass
class StubbornVisitors(Visitors):
    """A page that lost the centre comes back with its token, says what was not taken, and goes on."""

    greeted_twice: int = 0

    async def come(self) -> None:
        self.begun += 1
        name, token, greeted = f"Visitor {self.begun}", None, False
        ended = False
        while not ended:
            try:
                async with visiting(self.web, token) as page:
                    token = page.token
                    greeted = await self._converse(page, name)
                    ended = True
            except _BROKEN:
                await asyncio.sleep(_AGAIN_S)
        self.answered += greeted

    async def _converse(self, page: Visitor, name: str) -> bool:
        """Whether he was greeted before it ended."""
        if page.standing["phase"] != "ended":
            if "Where is my parcel?" not in page.texts:
                await page.say("Where is my parcel?", name=name)
            while GREETING not in page.texts:
                await page.next("line")
            await page.say_raw({"type": "leave"})
            await page.stands("ended")
        self.greeted_twice += page.texts.count(GREETING) > 1
        return GREETING in page.texts


@dataclass
class StubbornAskers(Askers):
    """Who gets no answer asks again; that it is pending already is an answer, too."""

    answers: dict[str, int] = field(default_factory=dict)
    """How often each was called and picked up."""

    async def come(self) -> None:
        number = f"+7985{len(self._over):06}1"
        over = self._over[digits(number)] = asyncio.Event()
        promised = False
        while not promised:
            promised = await self._ask(number) or await asyncio.sleep(_AGAIN_S, result=False)
        self.promised.append(digits(number))
        await over.wait()

    async def _ask(self, number: str) -> bool:
        """Whether it is promised now."""
        try:
            async with httpx.AsyncClient(base_url=self.web, timeout=PATIENCE_S, trust_env=False) as client:
                form = (await client.get("/callback/v1/telecom/form?lang=en")).raise_for_status().json()
                await asyncio.sleep(form["least_s"])  # nobody fills it in faster, says the centre
                wish = {"form": form["form"], "number": number, "name": "Asker", "language": "en"}
                asked = await client.post("/callback/v1/telecom", json=wish, headers={"Origin": self.web})
        except (*_BROKEN, httpx.HTTPStatusError):
            return False
        if asked.status_code in (201, 409):
            return True
        assert asked.status_code in (429, 502, 503), asked.text
        return False

    def _take(self, seen: Seen) -> None:
        number = digits(seen.label)
        if seen.who is Who.CALLED and seen.step is Step.ANSWERED and number in self._over:
            self.answers[number] = self.answers.get(number, 0) + 1
        super()._take(seen)
