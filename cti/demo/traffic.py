"""A run of traffic: callers by a plan, agents to serve them, both ledgers at the end.

Here: the order of things. Not here: the plan (`arrivals`), calls and phones (`carrier`), desktops (`desk`), the ledgers
(`ledger`, `engine_side`), and what is shown (`live`). `cti demo traffic` and the tests call `run`.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

from cti.demo import arrivals, ledger
from cti.demo.agents import Agents, Span
from cti.demo.carrier import Call, Carrier, Order
from cti.demo.centre import Centre
from cti.demo.engine_side import EngineSide
from cti.demo.ledger import CarrierCount, CarrierLedger, EngineCount
from cti.errors import ConfigError, OutsideError

PATIENCE_S: Final = 180.0
"""How long after the centre's answer a caller stays; before that he lets it ring for `carrier.RING_LIMIT_S`."""
RING_S: Final = 0.4
WRAP_S: Final = 0.1
_LOOK_EVERY_S: Final = 0.5
_AUDIBLE_S: Final = 2.0
"""From this length of a talk on, both must have heard each other's tone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for. Raises ConfigError when it is out of bounds."""

    rate: float
    agents: int
    duration_s: float
    talk_s: float
    seed: int

    def __post_init__(self) -> None:
        for name, value, least, most in (
            ("--rate", self.rate, 0.01, arrivals.HIGHEST_RATE),
            ("--duration", self.duration_s, 1.0, arrivals.LONGEST_S),
            ("--talk", self.talk_s, 0.5, 600.0),
        ):
            if not least <= value <= most:
                raise ConfigError(f"{name} must be between {least:g} and {most:g}, not {value:g}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of it. `findings` is empty when all were served and both ledgers agree."""

    carrier: CarrierCount
    engine: EngineCount
    findings: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Run:
    """A run under way, for who wants to watch."""

    wish: Wish
    agents: Agents
    engine: EngineSide
    planned: int
    began_s: float
    ledger: CarrierLedger = field(default_factory=CarrierLedger)

    @property
    def elapsed_s(self) -> float:
        """Since the first caller could come."""
        return time.monotonic() - self.began_s


async def run(centre: Centre, wish: Wish, *, watch: Callable[[Run], None], stop: asyncio.Event) -> Result:
    """Make the traffic. `watch` is called twice a second; once `stop` is set nobody new calls.

    Raises ConfigError, OutsideError (no agents ready, carrier or centre gone).
    """
    if not 1 <= wish.agents <= len(centre.agents):
        raise ConfigError(f"--agents must be between 1 and {len(centre.agents)}: so many has the demo.")
    async with AsyncExitStack() as stack:
        carrier = await stack.enter_async_context(Carrier(centre.home))
        engine = await stack.enter_async_context(EngineSide(centre))
        talk = Span(shortest_s=wish.talk_s, longest_s=wish.talk_s)
        ring = Span(shortest_s=RING_S, longest_s=RING_S)
        agents = await stack.enter_async_context(
            Agents(centre.web, carrier, centre.agents[: wish.agents], ring=ring, talk=talk, wrap_s=WRAP_S)
        )
        plan = arrivals.plan(rate=wish.rate, duration_s=wish.duration_s, seed=wish.seed, projects=agents.projects)
        current = Run(wish=wish, agents=agents, engine=engine, planned=len(plan), began_s=time.monotonic())
        carrier.listen(current.ledger.take)
        watching = asyncio.create_task(_watch(current, watch))
        try:
            calls = await _call(carrier, current, plan, stop)
            await _wait_for_end(carrier, current.ledger, calls, limit_s=PATIENCE_S)
        finally:
            watching.cancel()
        return await _settle(current)


async def _call(carrier: Carrier, current: Run, plan: list[arrivals.Arrival], stop: asyncio.Event) -> list[Call]:
    calls = []
    for arrival in plan:
        try:
            async with asyncio.timeout(max(0.0, arrival.at_s - current.elapsed_s)):
                await stop.wait()
            break
        except TimeoutError:
            pass
        if carrier.gone.done():
            raise OutsideError("The emulated carrier has gone away; `cti status` tells what runs.")
        order = Order(
            label=carrier.label(),
            caller=arrival.caller,
            to=arrival.to,
            digits=arrival.digits,
            digits_after_s=arrival.digits_after_s,
            stay_s=PATIENCE_S,
        )
        current.ledger.sent(order, at_s=time.monotonic())
        try:
            calls.append(await carrier.place(order))
        except OutsideError as error:
            current.ledger.refused(order.label, at_s=time.monotonic())
            current.ledger.oddities.append(f"The carrier could not send a call: {error}")
            if (unconfirmed := carrier.under_way(order.label)) is not None:
                calls.append(unconfirmed)
    return calls


async def _wait_for_end(carrier: Carrier, told: CarrierLedger, calls: list[Call], *, limit_s: float) -> None:
    """A call of which nothing was ever seen is not waited for: it may never have gone out. Hung up are all."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            while ends := [call.ended for call in calls if not call.ended.done() and _is_seen(told, call)]:
                await asyncio.wait(ends)
    for call in calls:
        if not call.ended.done():
            await carrier.hang_up(call.order.label)


def _is_seen(told: CarrierLedger, call: Call) -> bool:
    return not told.entries[call.order.label].refused


async def _settle(current: Run) -> Result:
    numbers = frozenset(ledger.digits(entry.order.caller) for entry in current.ledger.entries.values())
    carrier = current.ledger.count()
    engine = await current.engine.settle(current.agents.desks.all, numbers=numbers, expected=carrier.served)
    findings = ledger.compare(current.ledger, engine)
    if mute := ledger.silent(current.ledger, shortest_s=_AUDIBLE_S):
        findings.append(f"In {len(mute)} of {carrier.served} talks one side did not hear the other.")
    return Result(carrier=carrier, engine=engine, findings=tuple(findings))


async def _watch(current: Run, watch: Callable[[Run], None]) -> None:
    while True:
        await current.engine.look()
        watch(current)
        await asyncio.sleep(_LOOK_EVERY_S)
