"""One Asterisk node as the engine keeps company with it: what it tells, what it lists, whose lines it holds.

Theory of operation. What a node tells arrives in order and becomes events at once. What it lists is a picture that is
already old when it arrives, so nothing ends by one picture: a leg is *suspected* when it stood in the state before the
list was asked for, still stands there, and is not on it; it has ended when a list asked for at least `RIPE_MS` later
lacks it too. One that the node was asked for, and has not answered about, is not suspected. One picture is enough of a
customer's leg that is older than the node's process: he was cut off, and is called back; and, after a connect, of a
caller who reached nobody yet: he hung up while we were away, and no phone is to ring for him. One comparison at a time.
They are made twice after each connect, once a minute, and whenever a command on a standing connection found no answer.

Nothing is decided here: differences become events (`cti.engine.reconcile` finds them) and callers are let in by the
engine, which makes one `Watch` per node.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Set
from contextlib import suppress
from dataclasses import replace
from typing import Final, Protocol, assert_never

from cti.domain.commands import RingAgent, SwitchCommand
from cti.domain.deadlines import open_rings
from cti.domain.events import (
    CallbackRequested,
    CalleeAnswered,
    CalleeFailed,
    Event,
    LegAnswered,
    LegEnded,
    LineAnswered,
    LineFailed,
    PartyAnswered,
    PartyFailed,
    PhoneReachable,
    PhoneUnreachable,
    RingFailed,
    SwitchLost,
    SwitchReturned,
)
from cti.domain.ids import LegId, Milliseconds
from cti.domain.state import State
from cti.engine import reconcile
from cti.engine.in_hand import Farewell
from cti.engine.process import ProcessStart
from cti.engine.staff import Lines
from cti.errors import AsteriskDown, OutsideError
from cti.ports import (
    CallerEntered,
    CallerLost,
    EndpointReached,
    Listing,
    Phone,
    Switch,
    SwitchConnected,
    SwitchDisconnected,
    SwitchEvent,
)

log = logging.getLogger(__name__)

COMPARE_EVERY_S: Final = 60.0
SECOND_LIST_S: Final = 1.0
"""How soon after a connect the second listing follows, so that what two lists lack is known early."""
RIPE_MS: Final[Milliseconds] = 500
"""How long a suspicion must have stood before a second list may confirm it."""


class Floor(Protocol):
    """What a watch needs of its engine."""

    @property
    def state(self) -> State: ...

    @property
    def ended_legs(self) -> frozenset[LegId]:
        """Callers' legs of contacts closed not long ago, or that go on without them."""

    def now(self) -> Milliseconds: ...

    def post(self, event: Event) -> None:
        """Have the event decided soon."""

    def enter(self, caller: CallerEntered) -> None:
        """Let a caller in; one who is known already is not let in twice."""

    def call_back(self, event: CallbackRequested) -> None:
        """A caller pressed the key for it, offered to him or not."""

    def lose(self, caller: CallerLost) -> None:
        """A caller reached nobody."""

    @property
    def recovered_ms(self) -> Milliseconds:
        """When the journal that this engine goes on from was last written; 0 for a new one."""

    def awaited_legs(self) -> Set[LegId]:
        """Legs that a node was asked to make, and has not answered."""

    def ahead_ms(self) -> Milliseconds:
        """How far our clock is ahead of the nodes' wall clocks."""

    def cut_off(self, legs: Set[LegId]) -> None:
        """The node died under these customers' legs."""

    def farewell(self, leg_id: LegId) -> Farewell | None:
        """By what this caller's leg, one of `ended_legs`, was sent out of the ACD; None for one to be hung up."""

    def send(self, commands: Iterable[SwitchCommand]) -> None:
        """Have commands done that mend a difference."""

    def listed(self, listing: Listing) -> None:
        """A listing was compared: what is known only by the channels may be learnt from it."""

    def connection_changed(self) -> None:
        """The node was connected or lost."""


class Watch:
    """Follows one node for as long as `run` runs. `phones` is asked anew after each connect."""

    def __init__(self, switch: Switch, *, floor: Floor, lines: Lines, phones: Callable[[], Iterable[Phone]]) -> None:
        self._switch = switch
        self._floor = floor
        self._lines = lines
        self._phones = phones
        self._comparing = asyncio.Lock()
        self._doubt = asyncio.Event()
        self._suspected: dict[LegId, Milliseconds] = {}
        self._start = ProcessStart()
        self.connected = False

    # -- tasks, each supervised by the engine -------------------------------------------------------------------------

    async def listen(self) -> None:
        """Take what the node tells, for ever."""
        welcome: asyncio.Task[None] | None = None
        try:
            async for event in self._switch.events():
                if isinstance(event, SwitchConnected | SwitchDisconnected) and welcome is not None:
                    welcome.cancel()
                    welcome = None
                if isinstance(event, SwitchConnected):
                    self._connection(up=True)
                    welcome = asyncio.get_running_loop().create_task(self._welcome())
                else:
                    self._take(event)
        finally:
            if welcome is not None:
                welcome.cancel()

    async def compare_for_ever(self) -> None:
        """Compare once a minute, and soon after `doubt` was called."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(COMPARE_EVERY_S):
                    await self._doubt.wait()
            self._doubt.clear()
            if self.connected:
                await self._compare()

    def doubt(self) -> None:
        """A command found no answer although the connection stands: look at once what is true."""
        self._doubt.set()

    async def provision(self, phones: Iterable[Phone]) -> None:
        """Make or replace these lines; a node that does not answer makes them when it is connected again."""
        for phone in phones:
            try:
                await self._switch.provision(phone)
            except OutsideError as error:
                log.warning("no line for %s: %s", phone.extension, error, extra={"action": "provision_failed"})

    async def withdraw(self, phones: Iterable[Phone]) -> None:
        """Take these lines away."""
        for phone in phones:
            try:
                await self._switch.withdraw(phone)
            except OutsideError as error:
                log.warning("line %s not removed: %s", phone.extension, error, extra={"action": "withdraw_failed"})

    # -- what the node tells ------------------------------------------------------------------------------------------

    def _take(self, event: SwitchEvent) -> None:
        match event:
            case CallerEntered():
                self._floor.enter(event)
            case LegAnswered() | LegEnded() | RingFailed():
                self._floor.post(event)
            case LineAnswered() | LineFailed() | CalleeAnswered() | CalleeFailed() | PartyAnswered() | PartyFailed():
                self._floor.post(event)
            case CallbackRequested():
                self._floor.call_back(event)
            case CallerLost():
                self._floor.lose(event)
            case EndpointReached():
                self._reached(event)
            case SwitchDisconnected():
                self._connection(up=False)
                self._floor.post(SwitchLost(node=event.node))
            case SwitchConnected():
                pass  # `listen` has dealt with it
            case _:
                assert_never(event)

    def _connection(self, *, up: bool) -> None:
        self.connected = up
        self._suspected.clear()
        self._floor.connection_changed()

    def _reached(self, event: EndpointReached) -> None:
        """Told when it changed; and of every new registration of a busy agent, whose lost leg may be waiting for it."""
        owner = self._lines.owner(event.endpoint)
        agent = self._floor.state.agents.get(owner[0]) if owner is not None else None
        if owner is None or agent is None:
            return
        agent_id, device = owner
        known = device in agent.phones
        if event.reachable and (not known or agent.assignment_ids):
            self._floor.post(PhoneReachable(agent_id=agent_id, device=device))
        elif known and not event.reachable:
            self._floor.post(PhoneUnreachable(agent_id=agent_id, device=device))

    async def _welcome(self) -> None:
        """After a connect: two comparisons soon after each other, everyone's line, and callers out of the fallback."""
        try:
            await self._compare(fresh=True)
            self._floor.post(SwitchReturned(node=self._switch.node))
            await self.provision(self._phones())
            await self._switch.reclaim()
            await asyncio.sleep(SECOND_LIST_S)
            await self._compare()
        except OutsideError as error:
            log.warning("%s", error, extra={"action": "welcome_broken_off"})
            self.doubt()
        except Exception:  # a reconnect: whatever went wrong, the node is there, and its callers must be offered
            log.exception("a connected node could not be compared", extra={"action": "welcome_failed"})
            self._floor.post(SwitchReturned(node=self._switch.node))
            self.doubt()

    # -- comparing ----------------------------------------------------------------------------------------------------

    async def _compare(self, *, fresh: bool = False) -> None:
        """`fresh`: rings decided while the node was away are sent again, those that it lists excepted."""
        async with self._comparing:
            held = reconcile.held_legs(self._floor.state, self._switch.node)
            before = frozenset(held) - self._floor.awaited_legs()
            asked_ms = self._floor.now()
            try:
                listing = self._by_our_clock(await self._switch.list_legs())
                away = before.intersection(reconcile.unlisted_callees(self._floor.state, listing))
                alone = await self._switch.left_alone(away) if away else away
            except OutsideError as error:
                log.info("%s", error, extra={"action": "comparison_skipped"})
                if fresh or not isinstance(error, AsteriskDown):
                    self.doubt_later()
                return
            ripe = frozenset(leg for leg, since in self._suspected.items() if asked_ms - since >= RIPE_MS)
            if fresh:
                ripe |= before.intersection(reconcile.callers_before_talk(self._floor.state, self._switch.node))
            found = reconcile.compare(
                self._floor.state,
                listing,
                before=before,
                ripe=ripe,
                ended=self._floor.ended_legs,
                alone=alone,
                farewell=self._floor.farewell,
            )
            self._suspected = {leg: self._suspected.get(leg, asked_ms) for leg in found.suspected}
            self._carry_out(found, listing, fresh=fresh)

    def _by_our_clock(self, listing: Listing) -> Listing:
        return replace(listing, started_ms=self._start.of(listing.started_ms, ahead_ms=self._floor.ahead_ms()))

    def doubt_later(self) -> None:
        """Compare again in a second."""
        asyncio.get_running_loop().call_later(SECOND_LIST_S, self.doubt)

    def _carry_out(self, found: reconcile.Difference, listing: Listing, *, fresh: bool) -> None:
        if fresh and self._died_unheard(listing):
            self._floor.post(SwitchLost(node=self._switch.node))
        if found.cut:
            self._floor.cut_off(frozenset(found.cut))
        for event in found.events:
            self._floor.post(event)
        for caller in found.callers:
            self._floor.enter(caller)
        self._floor.send(found.commands)
        if fresh:
            listed = {leg.leg_id for leg in listing.legs}
            self._floor.send(
                ring
                for ring in open_rings(self._floor.state, self._floor.now())
                if ring.leg_id not in listed and self._has_customer(ring, listed)
            )
        if found.suspected:
            self.doubt_later()
        self._floor.listed(listing)

    def _died_unheard(self, listing: Listing) -> bool:
        """Did the node begin anew while no engine was there? Then its phones have to register anew, as after a loss."""
        return 0 < self._floor.recovered_ms < listing.started_ms

    def _has_customer(self, ring: RingAgent, listed: set[LegId]) -> bool:
        """Is the caller there for whom the agent is rung? A customer who is to be called back has no leg yet."""
        leg_id = self._floor.state.contacts[ring.contact_id].leg_id
        return leg_id is None or leg_id in listed
