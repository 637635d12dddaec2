"""The one mailbox and its one consumer: every event is decided here, in order, and nowhere else.

An event is stamped, given to the `Acd`, appended to the journal with its facts, and its commands go out in the same
turn. Whoever cannot take his act back waits for the flush. Nothing here knows what an event means.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cti.clock import Clock
from cti.domain.acd import Acd, Decision
from cti.domain.events import ClockStepped, Event
from cti.domain.ids import Milliseconds
from cti.errors import Busy, OutsideError, RuleError
from cti.ports import Entry, Journal

log = logging.getLogger(__name__)

ORDINARY_LIMIT: Final = 10_000
"""Events of the ordinary inlet (mail, API) that may wait; one more is refused with `Busy`."""
TURN_S: Final = 0.005
"""How long one turn may keep the event loop before others get theirs."""


@dataclass(frozen=True, slots=True)
class _Letter:
    event: Event
    answer: asyncio.Future[Decision] | None
    before: Callable[[Decision], None] | None
    posted_s: float
    """By the monotonic clock."""


class Loop:
    """Decides one event at a time.

    `decided(decision, now)` is called after each accepted event in the turn that decided it; it must not raise.
    Switch events, timers and agents' acts go in by the urgent inlet, which is bounded by what the switch and the desks
    can do at once; everything else by the ordinary one.
    """

    def __init__(
        self,
        *,
        acd: Acd,
        clock: Clock,
        journal: Journal,
        decided: Callable[[Decision, Milliseconds], None],
    ) -> None:
        self._acd = acd
        self._clock = clock
        self._journal = journal
        self._decided = decided
        self._urgent: deque[_Letter] = deque()
        self._ordinary: deque[_Letter] = deque()
        self._scheduled = False
        self._longest_wait_s = 0.0
        self.strained = False
        """Whether what is not urgent is to come back later."""
        self.refused = 0
        self.crashed = 0
        self.handled = 0

    def post(self, event: Event, *, before: Callable[[Decision], None] | None = None) -> None:
        """Have the event decided soon; a refusal is journalled and logged, nobody waits.

        `before` is called with the decision ahead of everyone else, for what must be known when a pop is drawn; like
        `decided` it must not raise.
        """
        self._urgent.append(_Letter(event, None, before, time.monotonic()))
        self._schedule()

    async def ask(
        self, event: Event, *, urgent: bool = True, before: Callable[[Decision], None] | None = None
    ) -> Decision:
        """Have the event decided, and return when it is on disk.

        Raises RuleError when the core refuses it; for what is not urgent Busy when too many wait, or the engine is
        strained, or the journal cannot write, nothing decided then. An urgent act is done all the same: voice goes on.
        """
        inlet = self._urgent if urgent else self._ordinary
        if not urgent and len(inlet) >= ORDINARY_LIMIT:
            raise Busy("The centre is busy. Try again in a second.", retry_after_s=1.0)
        if not urgent and self.strained:
            raise Busy("The centre has more to do than it can. Try again in a few seconds.", retry_after_s=5.0)
        if not urgent and self._journal.failing:
            raise Busy("The centre cannot write its journal now. Try again later.", retry_after_s=30.0)
        answer: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        inlet.append(_Letter(event, answer, before, time.monotonic()))
        self._schedule()
        decision = await answer
        try:
            await self._journal.flushed(decision.number)
        except OutsideError:
            if not urgent:
                raise
        return decision

    @property
    def waiting(self) -> int:
        """Events that wait to be decided."""
        return len(self._urgent) + len(self._ordinary)

    def longest_wait_s(self) -> float:
        """How long an event had waited at most since this was asked last, one that waits still included."""
        now = time.monotonic()
        longest, self._longest_wait_s = max(self._longest_wait_s, now - self._oldest_s(now)), 0.0
        return longest

    def _oldest_s(self, now: float) -> float:
        """When the first of the urgent, else of the ordinary, came."""
        first = self._urgent or self._ordinary
        return first[0].posted_s if first else now

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        stepped = self._clock.step()
        if stepped:
            log.warning("the wall clock was set forward", extra={"action": "clock_stepped", "by_ms": stepped})
            self._decide(_Letter(ClockStepped(by_ms=stepped), None, None, time.monotonic()))
        begun = time.monotonic()
        self._longest_wait_s = max(self._longest_wait_s, begun - self._oldest_s(begun))
        until = begun + TURN_S
        while self._urgent or self._ordinary:
            self._decide(self._urgent.popleft() if self._urgent else self._ordinary.popleft())
            if time.monotonic() >= until:
                break
        if self._urgent or self._ordinary:
            self._schedule()

    def _decide(self, letter: _Letter) -> None:
        now = self._clock.now()
        number = self._acd.state.number + 1
        try:
            decision = self._acd.handle(letter.event, now)
        except Exception as error:  # noqa: BLE001  # refused, or a bug: the state is as before and the day goes on
            self._refuse(letter, error, number=number, now=now)
            return
        self.handled += 1
        self._journal.append(
            Entry(number=decision.number, at_ms=now, event=letter.event, facts=decision.facts, refused=None)
        )
        if letter.before is not None:
            letter.before(decision)
        self._decided(decision, now)
        if letter.answer is not None and not letter.answer.done():
            letter.answer.set_result(decision)

    def _refuse(self, letter: _Letter, error: Exception, *, number: int, now: Milliseconds) -> None:
        kind = type(letter.event).__name__
        if isinstance(error, RuleError):
            self.refused += 1
            log.info("refused %s: %s", kind, error, extra={"action": "event_refused", "number": number})
            sentence = str(error)
        else:
            self.crashed += 1
            log.error("the core failed on %s", kind, exc_info=error, extra={"action": "core_failed", "number": number})
            sentence = f"internal: {type(error).__name__}"
        self._journal.append(Entry(number=number, at_ms=now, event=letter.event, facts=(), refused=sentence))
        if letter.answer is not None and not letter.answer.done():
            known = isinstance(error, RuleError)
            letter.answer.set_exception(error if known else RuleError("This cannot be done now."))
