"""Customers of every kind, who count themselves: callers, writers of mail, visitors in a chat, askers for a callback.

Each kind has its own way in, as the outside world has, and nothing here asks the engine. What each saw stands in its
count; who is right is asked by `tests.soak.books`.
"""

import asyncio
import random
import smtplib
from dataclasses import dataclass, field
from typing import Final

import httpx

from cti.demo.carrier import RING_LIMIT_S, Call, Carrier, Order, Seen, Step, Who
from cti.demo.ledger import CarrierLedger, digits
from cti.demo.writing import GREETING
from cti.errors import OutsideError
from tests.e2e.floor import SUPPORT as SUPPORT_NUMBER
from tests.media.mail_centre import SUPPORT as SUPPORT_ADDRESS
from tests.media.servers import MailServers
from tests.running import PATIENCE_S, soon
from tests.web.visitor import visiting

WRITERS: Final = 8
"""Different people who write mail."""
_IMPATIENT: Final = 0.15
"""Share of callers and visitors who do not wait for anybody."""
_SHORT_STAY_S: Final = 2.0
_LONG_STAY_S: Final = 240.0


class Customer:
    """One kind of customer. `come` brings one, who is gone when it returns."""

    name: str

    async def come(self) -> None:
        raise NotImplementedError


@dataclass
class Callers(Customer):
    """They call in from the emulated carrier, which counts them."""

    carrier: Carrier
    ledger: CarrierLedger = field(default_factory=CarrierLedger)
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    pattern: str = "+7926{:07}"
    """How the numbers look from which they call; one that ends in 1 can be called back."""
    name: str = "calls"
    _number: int = 0

    def __post_init__(self) -> None:
        self.carrier.listen(self.ledger.take)

    async def come(self) -> None:
        self._number += 1
        stay_s = _SHORT_STAY_S if self.dice.random() < _IMPATIENT else _LONG_STAY_S
        caller = self.pattern.format(self._number)
        order = Order(label=self.carrier.label(), caller=caller, to=SUPPORT_NUMBER, stay_s=stay_s)
        self.ledger.sent(order, at_s=asyncio.get_running_loop().time())
        try:
            call: Call = await self.carrier.place(order)
        except OutsideError:
            await self._without_an_answer(order.label)
        else:
            await call.ended

    async def _without_an_answer(self, label: str) -> None:
        """The carrier is too busy to say so, but perhaps it calls: what it sees of the call tells."""
        entry = self.ledger.entries[label]
        try:
            await soon(lambda: entry.taken_s or entry.ended_s, what="the call is taken", within_s=RING_LIMIT_S + 30)
        except AssertionError:
            del self.ledger.entries[label]
            return
        await soon(lambda: entry.ended_s, what="the call ends", within_s=_LONG_STAY_S + 30)


@dataclass
class Writers(Customer):
    """They write to the centre's address; their mail server counts."""

    servers: MailServers
    sent: int = 0
    name: str = "mails"

    async def come(self) -> None:
        self.sent += 1
        await asyncio.to_thread(self._send, self.sent)

    def _send(self, number: int) -> None:
        sender = address(number % WRITERS)
        content = (
            f"From: Customer {number} <{sender}>\r\nTo: {SUPPORT_ADDRESS}\r\nSubject: Request {number}\r\n"
            f"Message-ID: <mixed{number}@customer.test>\r\n\r\nPlease help, number {number}.\r\n"
        )
        with smtplib.SMTP("127.0.0.1", self.servers.smtp_port, timeout=PATIENCE_S) as session:
            session.sendmail(sender, [SUPPORT_ADDRESS], content.encode())

    def taken(self) -> int:
        """Mails that the centre has moved out of the way, as the mailbox counts them."""
        return self.servers.count(SUPPORT_ADDRESS, "Triune")

    def left(self) -> int:
        """Mails that lie there still."""
        return self.servers.count(SUPPORT_ADDRESS)

    def answers(self) -> int:
        """Answers that the writers have got."""
        return sum(self.servers.count(address(number)) for number in range(WRITERS))


def address(number: int) -> str:
    """Of one of the writers."""
    return f"writer{number}@customer.test"


@dataclass
class Visitors(Customer):
    """They open the widget's connection, ask, read the answer and leave."""

    web: str
    begun: int = 0
    answered: int = 0
    gave_up: int = 0
    dice: random.Random = field(default_factory=lambda: random.Random(2))
    name: str = "chats"

    async def come(self) -> None:
        impatient = self.dice.random() < _IMPATIENT
        async with visiting(self.web) as page:
            self.begun += 1
            await page.say("Where is my parcel?", name=f"Visitor {self.begun}")
            if impatient:
                self.gave_up += 1
            else:
                await page.hear(GREETING)
                self.answered += 1
                await page.say("Thank you", client_id="m2")
            await page.say_raw({"type": "leave"})
            await page.stands("ended")


@dataclass
class Askers(Customer):
    """They leave their number on a page, and pick up when they are called."""

    web: str
    carrier: Carrier
    promised: list[str] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    put_off: int = 0
    """How often one was told to try again later, which he did: the centre had more to do than it can."""
    name: str = "callbacks"
    _over: dict[str, asyncio.Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.carrier.listen(self._take)

    async def come(self) -> None:
        number = f"+7985{len(self._over):06}1"
        over = self._over[digits(number)] = asyncio.Event()
        async with httpx.AsyncClient(base_url=self.web, timeout=PATIENCE_S, trust_env=False) as client:
            form = (await client.get("/callback/v1/telecom/form?lang=en")).raise_for_status().json()
            await asyncio.sleep(form["least_s"])  # nobody fills it in faster, says the centre
            wish = {"form": form["form"], "number": number, "name": "Asker", "language": "en"}
            asked = await client.post("/callback/v1/telecom", json=wish, headers={"Origin": self.web})
            while asked.is_error and asked.json()["code"] == "strained":
                self.put_off += 1
                await asyncio.sleep(float(asked.headers["Retry-After"]))
                asked = await client.post("/callback/v1/telecom", json=wish, headers={"Origin": self.web})
            assert asked.status_code == 201, asked.text
        self.promised.append(digits(number))
        await over.wait()

    def _take(self, seen: Seen) -> None:
        number = digits(seen.label)
        if seen.who is not Who.CALLED or number not in self._over:
            return
        if seen.step is Step.ANSWERED:
            self.reached.add(number)
        elif seen.step is Step.ENDED:
            self._over[number].set()


@dataclass(frozen=True)
class Stream:
    """How often customers of one kind come: on average so many a second, and in each rush so many at once."""

    customer: Customer
    per_s: float
    rush: int


async def come_and_go(streams: list[Stream], *, for_s: float, rush_every_s: float, limit_s: float) -> None:
    """Let them come for so long, and wait until the last has gone."""
    loop = asyncio.get_running_loop()
    begun = loop.time()

    async def bring(stream: Stream, dice: random.Random, group: asyncio.TaskGroup) -> None:
        due_s = dice.expovariate(stream.per_s)
        while due_s < for_s:
            await asyncio.sleep(max(0.0, begun + due_s - loop.time()))
            group.create_task(stream.customer.come())
            due_s += dice.expovariate(stream.per_s)

    async def rush(group: asyncio.TaskGroup) -> None:
        due_s = rush_every_s / 2
        while due_s < for_s:
            await asyncio.sleep(max(0.0, begun + due_s - loop.time()))
            for stream in streams:
                for _ in range(stream.rush):
                    group.create_task(stream.customer.come())
            due_s += rush_every_s

    async with asyncio.timeout(for_s + limit_s), asyncio.TaskGroup() as group:
        for place, stream in enumerate(streams):
            group.create_task(bring(stream, random.Random(place + 10), group))
        group.create_task(rush(group))
