"""Hot desks: people log in at a desk phone, and calls for them ring there.

Last wins: whoever logs in somewhere leaves where he sat, and whoever sat there leaves, too. A talk stays on its phone
to its end. Who signs out leaves his desk. The seats outlive the engine (`ports.DeskBook`); which of his phones rings is
the ACD's (`Device.DESK`). Made by `cti.app`.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from cti import variables
from cti.domain.acd import Decision
from cti.domain.events import DeviceChosen, PhoneUnreachable
from cti.domain.facts import ReadinessChanged
from cti.domain.ids import AgentId, Device, Milliseconds, Readiness
from cti.engine.engine import Engine
from cti.errors import DatabaseDown, NotFound, RuleError, TriuneError
from cti.ports.desks import DeskBook, DeskSwitch, PinAnswer, Seat

log = logging.getLogger(__name__)

TRIES: Final = 10
TRIES_WITHIN_MS: Final = 15 * 60_000
"""So many refusals at one desk phone within this time, and nobody logs in there until the first is as old as this."""
_RETRY_S: Final = 2.0
_DEADLINE_S: Final = 5.0


class HotDesks:
    """See `ports.Desks`."""

    def __init__(
        self,
        *,
        engine: Engine,
        book: DeskBook,
        switch: DeskSwitch,
        extension: Callable[[AgentId], str | None],
        desks: Callable[[], Mapping[str, str]],
    ) -> None:
        """`extension` is an agent's. `desks` are those of the centre file in force: SIP passwords by key."""
        self._engine = engine
        self._book = book
        self._switch = switch
        self._extension = extension
        self._desks = desks
        self._known: Mapping[str, str] = {}
        self._seats: dict[AgentId, Seat] = {}
        self._extensions: dict[AgentId, str] = {}
        """Of those who sit somewhere, as it was when they sat down."""
        self._tries: dict[str, deque[Milliseconds]] = {}
        """When the phone of a desk was refused, by desk; those being weighed, too. Forgotten with the engine."""
        self._turn = asyncio.Lock()
        self._leaving: asyncio.Queue[AgentId] = asyncio.Queue()

    @property
    def seats(self) -> Sequence[Seat]:
        """See `ports.Desks`."""
        return sorted(self._seats.values(), key=lambda seat: seat.desk)

    def of(self, agent_id: AgentId) -> str | None:
        """See `ports.Desks`."""
        seat = self._seats.get(agent_id)
        return seat.desk if seat is not None else None

    def is_reached(self, desk: str) -> bool:
        """See `ports.Desks`."""
        return self._switch.is_reached(desk)

    # -- life ----------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Take up who sits where, then have those leave who sign out or whose desk is gone; for ever."""
        self.look()
        for seat in await self._book.seats():
            self._sit(seat)
            self._see(seat)
        while True:
            self.look()
            try:
                agent_id = await asyncio.wait_for(self._leaving.get(), timeout=_DEADLINE_S)
            except TimeoutError:
                continue
            await self._leave_in_time(agent_id)

    async def _leave_in_time(self, agent_id: AgentId) -> None:
        try:
            async with self._turn:
                if self._has_to_leave(agent_id):
                    await self._leave(agent_id)
        except DatabaseDown:
            self._leaving.put_nowait(agent_id)
            await asyncio.sleep(_RETRY_S)

    def _has_to_leave(self, agent_id: AgentId) -> bool:
        """Still so? He may have signed in again or logged in elsewhere meanwhile."""
        agent, seat = self._engine.state.agents.get(agent_id), self._seats.get(agent_id)
        is_offline = agent is not None and agent.readiness is Readiness.OFFLINE
        return is_offline or (seat is not None and seat.desk not in self._known)

    def look(self) -> None:
        """The centre file may know other desk phones now; whoever sits at one that is gone is rung at none."""
        desks = self._desks()
        if desks == self._known:
            return
        self._known = dict(desks)
        self._switch.know(desks)
        for seat in self._seats.values():
            self._see(seat)

    def _see(self, seat: Seat) -> None:
        if seat.desk not in self._known:
            self._leaving.put_nowait(seat.agent_id)

    def decided(self, decision: Decision, _now: Milliseconds) -> None:
        """A follower of the hub's: whoever signs out leaves his desk."""
        for fact in decision.facts:
            if not isinstance(fact, ReadinessChanged) or fact.readiness is not Readiness.OFFLINE:
                continue
            if fact.agent_id in self._seats:
                self._leaving.put_nowait(fact.agent_id)

    # -- logging in and out --------------------------------------------------------------------------------------------

    async def log_in(self, agent_id: AgentId, desk: str) -> None:
        """See `ports.Desks`."""
        self.look()
        agent = self._engine.state.agents.get(agent_id)
        if desk not in self._known or agent is None or self._extension(agent_id) is None:
            raise NotFound("There is no such desk phone.")
        async with self._turn:
            sits = self._seats.get(agent_id)
            before = sits.before if sits is not None else agent.device
            before = Device.SIP if before is Device.DESK else before
            seat = Seat(desk=desk, agent_id=agent_id, before=before, since_ms=self._engine.now())
            other = next((one for one in self._seats.values() if one.desk == desk and one.agent_id != agent_id), None)
            await self._book.take(seat)
            if other is not None:
                await self._get_up(other)
            self._sit(seat)
            await self._engine.handle(DeviceChosen(agent_id=agent_id, device=Device.DESK))
        log.info("%s sits at %s", agent_id, desk, extra={"action": "desk_taken", "agent": agent_id, "desk": desk})

    async def log_in_by_phone(self, extension: str, pin: str, *, endpoint: str) -> PinAnswer:
        """See `ports.Desks`."""
        desk = self._desk_of(endpoint)
        if desk is None:
            return PinAnswer.UNKNOWN
        now, tries = self._engine.now(), self._tries_at(desk)
        if len(tries) >= TRIES:
            log.warning("Nobody may log in at %s for now", desk, extra={"action": "desk_locked", "desk": desk})
            return PinAnswer.LOCKED
        tries.append(now)  # before it is weighed, so that none slips past the lock
        try:
            answer = await self._weigh(extension, pin, desk=desk)
        except TriuneError:  # nobody was refused: the PIN was right, or could not be looked at
            _take_back(now, tries)
            raise
        if answer is PinAnswer.OK:
            _take_back(now, tries)
        return answer

    async def _weigh(self, extension: str, pin: str, *, desk: str) -> PinAnswer:
        agent_id = next((one for one in self._engine.state.agents if self._extension(one) == extension), None)
        if agent_id is None or self._engine.state.agent(agent_id).removed:
            return PinAnswer.UNKNOWN
        answer = await self._book.check(agent_id, pin)
        if answer is PinAnswer.OK:
            await self.log_in(agent_id, desk)
        else:
            extra = {"action": "desk_refused", "agent": agent_id, "desk": desk, "why": answer.value}
            log.warning("%s may not sit at %s", agent_id, desk, extra=extra)
        return answer

    def _tries_at(self, desk: str) -> deque[Milliseconds]:
        """Those that still count."""
        tries = self._tries.setdefault(desk, deque())
        while tries and tries[0] <= self._engine.now() - TRIES_WITHIN_MS:
            tries.popleft()
        return tries

    async def set_pin(self, agent_id: AgentId, pin: str) -> None:
        """See `ports.Desks`."""
        await self._book.set_pin(agent_id, pin)

    async def log_out(self, agent_id: AgentId) -> None:
        """See `ports.Desks`."""
        async with self._turn:
            await self._leave(agent_id)

    async def log_out_by_phone(self, endpoint: str) -> bool:
        """See `ports.Desks`."""
        desk = self._desk_of(endpoint)
        seat = next((one for one in self._seats.values() if one.desk == desk), None)
        if seat is None:
            return False
        await self.log_out(seat.agent_id)
        return True

    def _desk_of(self, endpoint: str) -> str | None:
        key = endpoint.removeprefix(variables.DESK_ENDPOINT_PREFIX)
        return key if key != endpoint and key in self._known else None

    async def _leave(self, agent_id: AgentId) -> None:
        await self._book.leave(agent_id)
        seat = self._seats.get(agent_id)
        if seat is not None:
            await self._get_up(seat)

    def _sit(self, seat: Seat) -> None:
        extension = self._extension(seat.agent_id)
        if extension is not None:
            self._seats[seat.agent_id] = seat
            self._extensions[seat.agent_id] = extension
            self._switch.seat(seat.desk, extension)

    async def _get_up(self, seat: Seat) -> None:
        """Rung where he was before. A device chosen meanwhile stays."""
        del self._seats[seat.agent_id]
        self._switch.leave(self._extensions.pop(seat.agent_id))
        agent = self._engine.state.agents.get(seat.agent_id)
        if agent is not None:
            self._engine.post(PhoneUnreachable(agent_id=seat.agent_id, device=Device.DESK))
        if agent is not None and agent.device is Device.DESK:
            try:
                await self._engine.handle(DeviceChosen(agent_id=seat.agent_id, device=seat.before))
            except RuleError as error:
                log.info("%s keeps his phone: %s", seat.agent_id, error, extra={"action": "device_kept"})
        log.info("%s has left %s", seat.agent_id, seat.desk, extra={"action": "desk_left", "agent": seat.agent_id})


def _take_back(tried: Milliseconds, tries: deque[Milliseconds]) -> None:
    """This try was none; it may be too old to count meanwhile."""
    if tried in tries:
        tries.remove(tried)
