"""Demo agents: a scripted desktop and a real SIP phone each, for as long as the `async with` lasts.

Here: putting both together, and who is doing what now. Not here: the desktop (`cti.demo.desk`) and the phone
(`cti.demo.carrier`, the emulated carrier's Asterisk registers it at the centre and answers it).
"""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from cti.demo.carrier import Carrier, Seen, SipPhone, Step, Who
from cti.demo.desk import Desk
from cti.demo.desks import Desks
from cti.errors import ConfigError
from cti.home import DemoAgent

READY_LIMIT_S: Final = 60.0
TALK_LEAVE_MARGIN_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A range of seconds to draw from."""

    shortest_s: float
    longest_s: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """`2` or `1-3`. Raises ConfigError."""
        shortest, dash, longest = text.partition("-")
        try:
            span = cls(shortest_s=float(shortest), longest_s=float(longest if dash else shortest))
        except ValueError:
            raise ConfigError(f"{text!r} is no span of seconds; write 2 or 1-3.") from None
        if not 0 <= span.shortest_s <= span.longest_s <= 600:
            raise ConfigError(f"{text!r} is no span of seconds between 0 and 600; write 2 or 1-3.")
        return span

    def draw(self, source: random.Random) -> float:
        """One of its values, to a tenth of a second."""
        return round(source.uniform(self.shortest_s, self.longest_s), 1)


@dataclass(slots=True, kw_only=True)
class Line:
    """One phone as the carrier sees it."""

    extension: str
    doing: Step | None = None
    """RINGING, ANSWERED or HEARD; None when idle."""
    caller: str = ""
    answered: int = 0
    since_s: float = 0.0


@dataclass(slots=True, kw_only=True)
class _Habits:
    ring: Span
    talk: Span
    source: random.Random = field(default_factory=random.Random)


class Agents:
    """These agents at work with their phones; `async with`: inside they are ready, outside signed out."""

    def __init__(
        self,
        web: str,
        carrier: Carrier,
        agents: Sequence[DemoAgent],
        *,
        ring: Span,
        talk: Span,
        wrap_s: float,
        writing_s: float | None = None,
        connected: bool = False,
    ) -> None:
        """`talk` 0 means that the phone waits for the caller to hang up; `writing_s` as for `Desk`.

        `connected`: their phones are kept up between calls, and the desks end the talks.
        """
        self.lines = {agent.extension: Line(extension=agent.extension) for agent in agents}
        self._carrier = carrier
        self._agents = agents
        self._habits = _Habits(ring=ring, talk=talk, source=random.Random(0))
        limit_s = (talk.longest_s or 30.0) + wrap_s + TALK_LEAVE_MARGIN_S
        self.desks = Desks(web, agents, wrap_s=wrap_s, leave_limit_s=limit_s, writing_s=writing_s)
        self._connected = connected
        for desk in self.desks.all if connected else ():
            desk.connected_talk_s = self._draw_talk
        self._stack = AsyncExitStack()
        self._behaving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Register the phones and sign in. Raises OutsideError when one of them does not become ready."""
        self._carrier.listen(self._take)
        async with AsyncExitStack() as stack:
            for agent in self._agents:
                await self._behave(agent.extension)
            stack.push_async_callback(self._carrier.unregister, list(self.lines))
            await self._carrier.register(
                SipPhone(extension=agent.extension, secret=agent.sip_password) for agent in self._agents
            )
            await stack.enter_async_context(self.desks)
            await self.desks.ready(limit_s=READY_LIMIT_S)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Sign out, each after the contact in hand; then take the phones away."""
        for task in self._behaving:
            task.cancel()
        await self._stack.aclose()

    def desk(self, extension: str) -> Desk:
        """The desktop of this line."""
        return next(
            desk for agent, desk in zip(self._agents, self.desks.all, strict=True) if agent.extension == extension
        )

    @property
    def projects(self) -> frozenset[str]:
        """For which projects at least one of them works."""
        return frozenset(project for desk in self.desks.all if desk.me for project in desk.me.dispositions)

    def _draw_talk(self) -> float:
        return self._habits.talk.draw(self._habits.source)

    async def _behave(self, extension: str) -> None:
        ring_s, talk_s = self._habits.ring.draw(self._habits.source), self._draw_talk()
        await self._carrier.behave(extension, ring_s=ring_s, talk_s=0 if self._connected else talk_s)

    def _take(self, seen: Seen) -> None:
        line = self.lines.get(seen.label) if seen.who is Who.PHONE else None
        if line is None:
            return
        if seen.step is Step.ENDED:
            line.doing, line.caller = None, ""
            self._draw_again(line.extension)
        else:
            line.doing, line.caller = seen.step, seen.number
            line.answered += seen.step is Step.ANSWERED
        if seen.step is not Step.HEARD:
            line.since_s = seen.at_s

    def _draw_again(self, extension: str) -> None:
        if self._habits.ring.shortest_s == self._habits.ring.longest_s and (
            self._habits.talk.shortest_s == self._habits.talk.longest_s
        ):
            return

        async def behave() -> None:
            with contextlib.suppress(Exception):
                await self._behave(extension)

        task = asyncio.create_task(behave())
        self._behaving.add(task)
        task.add_done_callback(self._behaving.discard)
