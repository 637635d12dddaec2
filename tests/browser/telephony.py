"""Callers of one test on the emulated carrier, what they hear, and which keys reach them.

Sits beside `cti.demo.carrier.Carrier`, with a connection of its own for what only these tests ask: listening anew for a
tone, for any sound, and for keys.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from cti.demo.carrier import Call, Carrier, Order, Seen, Step, Who
from cti.demo.manager import Fields, Manager
from cti.errors import OutsideError
from cti.home import PortPlan
from tests.running import PATIENCE_S, RunningCentre

MENU: Final = "+78005550100"
SALES: Final = "+78005550101"
SUPPORT: Final = "+78005550102"


@dataclass(slots=True)
class Lines:
    """The callers of one test."""

    carrier: Carrier
    manager: Manager
    calls: list[Call] = field(default_factory=list)
    heard: dict[str, int] = field(default_factory=dict)
    """How often the caller of this label heard an agent's tone."""
    spoken: dict[str, int] = field(default_factory=dict)
    """How often the caller of this label began to hear anything."""
    keys: dict[str, str] = field(default_factory=dict)
    """What keys reached the caller of this label."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, caller: str, to: str = SUPPORT, *, digits: str = "", digits_after_s: float = 1.0) -> Call:
        order = Order(
            label=self.carrier.label(), caller=caller, to=to, stay_s=120, digits=digits, digits_after_s=digits_after_s
        )
        call = await self.carrier.place(order)
        self.calls.append(call)
        return call

    async def hang_up(self, call: Call) -> None:
        await self.carrier.hang_up(call.order.label)
        async with asyncio.timeout(PATIENCE_S):
            await call.ended

    async def hears_agent(self, call: Call, *, within_s: float = PATIENCE_S) -> None:
        """Wait until the caller hears an agent's tone for half a second, as it comes from now on."""
        label = call.order.label
        before = await self.listen(call)
        await self._until(lambda: self.heard.get(label, 0) > before, within_s=within_s)

    async def listen(self, call: Call) -> int:
        """Listen anew for an agent's tone; how often the caller has heard one before."""
        label = call.order.label
        async with asyncio.timeout(PATIENCE_S):
            await call.answered.wait()
        with contextlib.suppress(OutsideError):  # the dialplan may not have come to listen yet
            await self._set(label, "TONE_DETECT(0,,x)", "")
        before = self.heard.get(label, 0)
        await self._set(label, "TONE_DETECT(1150,500,rg(heard,caller,1)e)", "")
        return before

    async def hears_something(self, call: Call, *, within_s: float = PATIENCE_S) -> None:
        """Wait until the caller hears a sound that is not an agent's tone: it comes from now on."""
        label = call.order.label
        before, heard = self.spoken.get(label, 0), await self.listen(call)
        with contextlib.suppress(OutsideError):  # it is set the second time only
            await self._set(label, "TALK_DETECT(remove)", "")
        await self._set(label, "TALK_DETECT(set)", "500,256")
        await self._until(lambda: self.spoken.get(label, 0) > before, within_s=within_s)
        assert self.heard.get(label, 0) == heard, "it was the agent"

    async def gets_keys(self, call: Call, keys: str, *, within_s: float = PATIENCE_S) -> None:
        """Wait until exactly these keys have reached the caller."""
        await self._until(lambda: self.keys.get(call.order.label, "") == keys, within_s=within_s)

    async def _set(self, label: str, variable: str, value: str) -> None:
        await self.manager.ask("Setvar", {"Channel": f"call-{label}", "Variable": variable, "Value": value})

    async def _until(self, true: Callable[[], bool], *, within_s: float) -> None:
        async with asyncio.timeout(within_s):
            while not true():
                self._news.clear()
                await self._news.wait()

    def take(self, message: Fields) -> None:
        label = message.get("Uniqueid", "").removeprefix("call-")
        match message["Event"]:
            case "ChannelTalkingStart":
                self.spoken[label] = self.spoken.get(label, 0) + 1
            case "DTMFEnd" if message.get("Direction") == "Received":
                self.keys[label] = self.keys.get(label, "") + message.get("Digit", "")
            case _:
                return
        self._news.set()

    def see(self, seen: Seen) -> None:
        if seen.who is Who.CALLER and seen.step is Step.HEARD:
            self.heard[seen.label] = self.heard.get(seen.label, 0) + 1
        self._news.set()


@asynccontextmanager
async def lines(centre: RunningCentre) -> AsyncIterator[Lines]:
    """Callers who all have hung up at the end."""
    home = centre.home()
    made: list[Lines] = []
    async with Carrier(home) as carrier:
        manager = await Manager.connect(
            PortPlan.CARRIER_ADDRESS,
            home.ports.carrier_ami,
            user="demo",
            secret=home.secrets.carrier_ami_password,
            on_event=lambda message: made[0].take(message) if made else None,
        )
        try:
            for name in ("ChannelTalkingStart", "DTMFEnd"):
                await manager.ask("Filter", {"Operation": "Add", "Filter": f"Event: {name}"})
            made.append(Lines(carrier=carrier, manager=manager))
            carrier.listen(made[0].see)
            yield made[0]
            for call in made[0].calls:
                if not call.ended.done():
                    await made[0].hang_up(call)
        finally:
            await manager.close()
