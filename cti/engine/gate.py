"""The gate: measures what the centre bears, makes what can wait come back later, and shuts the entry to new calls.

Once a second the worst of four measurements is judged (`cti.domain.overload`). Strained: the loop turns away what is
not urgent. Overloaded: each node's entry is told until when to refuse, a little ahead, again and again; so it opens by
itself if the engine dies. Callers inside, their hang-ups and the agents' acts are never refused. The dialplan's own
bounds on calls at once and per second need no engine; whom they refuse is counted here, for people to see. Made by
`cti.app`.
"""

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cti.domain.ids import Milliseconds
from cti.domain.overload import Bounds, Judgement, Level, Measured, judge
from cti.engine.loop import Loop
from cti.errors import AsteriskSilent, OutsideError
from cti.ports import Entrance, Journal, Refusing
from cti.variables import Refused

log = logging.getLogger(__name__)

EVERY_S: Final = 1.0
TICK_S: Final = 0.1
"""How often the loop is asked whether it is on time."""
SHUT_FOR_S: Final = 15
"""How far ahead the entry is shut: so long at most it stays shut when the engine dies."""
RENEW_S: Final = 5
LINGER_S: Final = 15.0
"""How long after the last caller whom the dialplan refused it is still said that calls are refused."""


@dataclass(slots=True)
class _Asked:
    """Something asked of the outside, and since when its answer is waited for."""

    task: asyncio.Task[None]
    since_s: float


class Gate:
    """One engine's. `run` it once the loop stands."""

    def __init__(
        self,
        *,
        loop: Loop,
        journal: Journal,
        entrances: Sequence[Entrance],
        bounds: Callable[[], Bounds],
        told: Callable[[Refusing | None], None],
        now: Callable[[], Milliseconds],
    ) -> None:
        """`bounds` are read anew each time. `told` hears when new calls begin to be refused, for another reason, and
        when they are taken again.
        """
        self._loop = loop
        self._journal = journal
        self._entrances = entrances
        self._bounds = bounds
        self._told = told
        self._now = now
        self.judgement = Judgement()
        self._asked: dict[str, _Asked] = {}
        self._worst_s: defaultdict[str, float] = defaultdict(float)
        self._shut_until_s: int | None = None
        """What the entries were told last; None: nothing yet, or they may not have heard it."""
        self._seen: Mapping[Refused, int] | None = None
        self._last: tuple[Refused, float] | None = None
        """Why the dialplan refused somebody last, and when."""
        self.refusing: Refusing | None = None

    def refused(self) -> dict[str, float]:
        """Callers refused at the entry since the start, by reason."""
        counted: Counter[Refused] = Counter()
        for entrance in self._entrances:
            counted.update(entrance.refused)
        return {reason.value: counted[reason] for reason in Refused}

    async def run(self) -> None:
        """Measure and judge for ever."""
        try:
            while True:
                measured = await self._measure()
                self._judge(measured)
                await self._tell_entrances()
                self._look()
        finally:
            for asked in self._asked.values():
                asked.task.cancel()

    # -- measuring -----------------------------------------------------------------------------------------------------

    async def _measure(self) -> Measured:
        """Takes `EVERY_S`, and as much longer as the loop is late."""
        until = time.monotonic() + EVERY_S
        late_s = 0.0
        while (due := time.monotonic() + TICK_S) <= until:
            await asyncio.sleep(TICK_S)
            late_s = max(late_s, time.monotonic() - due)
        self._ask("journal", lambda: self._journal.flushed(self._journal.last_number))
        for place, entrance in enumerate(self._entrances):
            self._ask(f"switch {place}", entrance.ping)
        worst, self._worst_s = self._worst_s, defaultdict(float)
        return Measured(
            loop=_ms(late_s),
            mailbox=_ms(self._loop.longest_wait_s()),
            journal=_ms(max(worst["journal"], self._open_s("journal"))),
            switch=_ms(max([max(worst[name], self._open_s(name)) for name in self._switches()], default=0.0)),
        )

    def _switches(self) -> list[str]:
        return [f"switch {place}" for place in range(len(self._entrances))]

    def _open_s(self, name: str) -> float:
        """How long an answer has been waited for by now."""
        asked = self._asked.get(name)
        return time.monotonic() - asked.since_s if asked is not None and not asked.task.done() else 0.0

    def _ask(self, name: str, question: Callable[[], Awaitable[None]]) -> None:
        """Ask, unless the last answer is waited for still."""
        if name not in self._asked or self._asked[name].task.done():
            since_s = time.monotonic()
            self._asked[name] = _Asked(asyncio.ensure_future(self._timed(name, question, since_s)), since_s)

    async def _timed(self, name: str, question: Callable[[], Awaitable[None]], since_s: float) -> None:
        """What is away, or cannot write, is not slow: other rules hold then."""
        try:
            await question()
        except AsteriskSilent:
            pass
        except OutsideError:
            return
        self._worst_s[name] = max(self._worst_s[name], time.monotonic() - since_s)

    # -- judging -------------------------------------------------------------------------------------------------------

    def _judge(self, measured: Measured) -> None:
        before = self.judgement
        self.judgement = judge(before, measured, self._bounds(), now=_ms(time.monotonic()))
        self._loop.strained = self.judgement.level is not Level.CALM
        if self.judgement.level is not before.level:
            log.warning(
                "the centre is %s: loop %d, mailbox %d, journal %d, switch %d ms",
                *(self.judgement.level, measured.loop, measured.mailbox, measured.journal, measured.switch),
                extra={"action": "load_changed", "level": self.judgement.level, "why": self.judgement.strain},
            )

    async def _tell_entrances(self) -> None:
        """Shut the entries, and again before they would open; or open them."""
        now_s = int(time.time())
        is_shut = self.judgement.level is Level.OVERLOADED
        if is_shut and (self._shut_until_s or 0) - now_s > SHUT_FOR_S - RENEW_S:
            return
        if not is_shut and self._shut_until_s == 0:
            return
        until_s = now_s + SHUT_FOR_S if is_shut else 0
        try:
            await asyncio.gather(*(entrance.shut(until_s) for entrance in self._entrances))
        except OutsideError as error:
            self._shut_until_s = None
            log.info("an entry was not told: %s", error, extra={"action": "entry_not_told"})
        else:
            self._shut_until_s = until_s

    def _look(self) -> None:
        """Say it when new calls begin to be refused, or are taken again."""
        reason = self._reason()
        if (self.refusing.reason if self.refusing is not None else None) == reason:
            return
        if reason is None:
            log.warning("new calls are taken again", extra={"action": "calls_taken_again"})
            self.refusing = None
        else:
            since_ms = self._now() if self.refusing is None else self.refusing.since_ms
            self.refusing = Refusing(since_ms=since_ms, reason=reason)
            log.warning("new calls are refused: %s", reason, extra={"action": "calls_refused", "why": reason})
        self._told(self.refusing)

    def _reason(self) -> str | None:
        counted = {reason: sum(one.refused[reason] for one in self._entrances) for reason in Refused}
        before, self._seen = self._seen, counted
        fresh = [reason for reason in Refused if before is not None and counted[reason] > before[reason]]
        if fresh and fresh[0] is not Refused.OVERLOAD:
            self._last = (fresh[0], time.monotonic())
        if self.judgement.level is Level.OVERLOADED and self.judgement.strain is not None:
            return self.judgement.strain.value
        if self._last is not None and time.monotonic() - self._last[1] < LINGER_S:
            return self._last[0].value
        return None


def _ms(seconds: float) -> Milliseconds:
    return round(seconds * 1000)
