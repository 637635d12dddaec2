"""The engine: joins the loop with the switches, the desks, the journal and the people; implements `ports.Engine`.

Here: putting the parts together, starting and stopping in stages, and to whom each call goes. Not here: any decision
about a contact (`cti.domain`), what follows from one (`cti.engine.consequences`), how a command is done
(`cti.asterisk`), what a page shows (`cti.web`). Made by `cti.app`.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from types import MappingProxyType
from typing import Final

from cti.clock import Clock, SystemClock
from cti.domain import deadlines, surveys
from cti.domain.acd import Decision
from cti.domain.commands import SwitchCommand
from cti.domain.events import (
    AgentEnrolled,
    CallbackRequested,
    ContactArrived,
    DesktopLost,
    EngineStarted,
    Event,
    InviteRequested,
    LegEnded,
    OutboundRequested,
    TimerFired,
    TransferRequested,
)
from cti.domain.ids import AgentId, CampaignId, ContactId, LegId, Milliseconds, NodeId, ProjectId, QueueId, TimerId
from cti.domain.state import State
from cti.engine import recovery, staff
from cti.engine.callers import Callers
from cti.engine.consequences import Consequences
from cti.engine.dispatch import Dispatch
from cti.engine.in_hand import Farewell
from cti.engine.known import Known
from cti.engine.loop import Loop
from cti.engine.lost import LostCallers
from cti.engine.node import Watch
from cti.engine.plan import Plan, Rule
from cti.engine.recall import Recall
from cti.engine.reception import Reception
from cti.engine.requests import Requests
from cti.engine.staff import Staff
from cti.engine.tasks import Supervised
from cti.engine.timers import Timers
from cti.errors import NotFound
from cti.ports import (
    Arrival,
    CallerEntered,
    CallerLost,
    Customers,
    Desktops,
    Journal,
    Leadership,
    Listing,
    Particular,
    Particulars,
    Person,
    Phone,
    Switch,
)
from cti.ports.campaigns import Callees
from cti.regard import Regard

DESKTOP_RETURN_S: Final = 10.0
"""How long after the engine's start a desktop may take to be back before it counts as lost."""


class Engine:
    """One running engine. `start` first, `stop` last; everything between happens on the loop that started it."""

    def __init__(
        self,
        *,
        rules: Sequence[Rule],
        switches: Mapping[NodeId, Switch],
        journal: Journal,
        desktops: Desktops,
        keeper: Particular,
        enrolled: Callable[[Person], AgentEnrolled] = staff.enrolled,
        address_key: Callable[[ProjectId, str], str] = lambda _, __: "",
        customers: Customers | None = None,
        regards: Mapping[QueueId, Regard] = MappingProxyType({}),
        callable_back: Callable[[str], bool] = bool,
        rung: Callable[[AgentId], None] = lambda _: None,
        callees: Callees | None = None,
        campaign_number: Callable[[CampaignId], str] = lambda _: "",
        leadership: Leadership | None = None,
    ) -> None:
        """`rules` are all that the centre file says, in the order in which the ACD is to hear them; `enrolled` says
        with which skills, site and capacity a person of the directory handles contacts. `address_key` is what stands
        for an address in the journal. `regards` are the queues that must know who a customer is, of `customers`.
        `callable_back` says whether a number may be called back; `rung` is told whom a switch has begun to ring.
        `callees` are those of campaigns, and `campaign_number` is what they see. `leadership` is asked before each
        command; None for one that nobody can succeed.
        """
        self._switches = dict(switches)
        self._journal = journal
        self._desktops = desktops
        self._address_key = address_key
        self._callable_back = callable_back
        self._rung = rung
        self._callees = callees
        self._campaign_number = campaign_number
        self._leadership = leadership
        self._plan = Plan(rules)
        self._staff = Staff(enrolled)
        self._known = Known(keeper)
        self._lost = LostCallers(
            queues=self._plan.queues,
            in_hand=self._known.in_hand,
            address_key=address_key,
            callable_back=callable_back,
        )
        self._tasks = Supervised()
        self._reception = Reception(customers=customers, regards=regards, tasks=self._tasks)
        self._watches = {
            node: Watch(switch, floor=self, lines=self._staff.lines, phones=self._staff.phones)
            for node, switch in self._switches.items()
        }

    # -- life --------------------------------------------------------------------------------------------------------

    async def start(
        self,
        *,
        persons: Sequence[Person],
        phones: Sequence[Phone],
        clock: Clock | None = None,
        follower: recovery.Follower | None = None,
    ) -> None:
        """Recover, configure, and begin to listen. Raises OutsideError when the journal cannot be read.

        `follower` has folded the journal up to a while ago.
        """
        recovered = await recovery.recover(self._journal, follower)
        self._known.adopt(recovered)
        self._set_up(recovered, clock or SystemClock(not_before=recovered.last_ms))
        recall = Recall(state=self.state, now=self.now, known=self._known, callees=self._callees, post=self.post)
        await recall.callees()
        self._tell_rules()
        self._staff.change(persons, phones)
        self._tell_people()
        if not await recall.particulars():
            self._tasks.start("recall", recall.particulars_later)
        for node, watch in self._watches.items():
            self.post(EngineStarted(node=node))
            self._tasks.start(f"node {node}", watch.listen)
            self._tasks.start(f"compare {node}", watch.compare_for_ever)
        self._tasks.start("snapshots", lambda: recovery.keep_snapshots(recovered.acd, self._journal))
        self._tasks.start("desktops", self._miss_desktops)

    def _set_up(self, recovered: recovery.Recovered, clock: Clock) -> None:
        """The parts that need the state and the clock."""
        state = self._state = recovered.acd.state
        self._clock = clock
        self._recovered_ms = recovered.last_ms
        self._timers = Timers(now=clock.now, fire=self._timer_fired)
        self._dispatch = Dispatch(
            switches=self._switches,
            post=self.post,
            doubt=self._doubt,
            rung=self._rung,
            leadership=self._leadership,
        )
        consequences = Consequences(
            state=state,
            clock=clock,
            journal=self._journal,
            desktops=self._desktops,
            dispatch=self._dispatch,
            timers=self._timers,
            known=self._known,
            lost=self._lost,
            post=self.post,
            callees=self._callees,
            campaign_number=self._campaign_number,
        )
        self._loop = Loop(acd=recovered.acd, clock=clock, journal=self._journal, decided=consequences.decided)
        self._callers = Callers(
            state=state,
            loop=self._loop,
            clock=clock,
            post=self.post,
            plan=self._plan,
            known=self._known,
            lost=self._lost,
            reception=self._reception,
            desktops=self._desktops,
            address_key=self._address_key,
            callable_back=self._callable_back,
        )
        self._requests = Requests(
            state=state,
            loop=self._loop,
            clock=clock,
            plan=self._plan,
            known=self._known,
            lost=self._lost,
            reception=self._reception,
            address_key=self._address_key,
            node=next(iter(self._switches), None),
        )

    async def stop(self) -> None:
        """Take nothing new, have what was decided sent and flushed. Calls go on without us."""
        self._timers.close()
        await self._tasks.stop()
        await self._dispatch.drain()
        await self._journal.flushed(self._journal.last_number)

    async def _miss_desktops(self) -> None:
        """After a start no page is connected; those that are not back in time are lost."""
        before = [agent.id for agent in self.state.agents.values() if agent.desktop]
        await asyncio.sleep(DESKTOP_RETURN_S)
        for agent_id in before:
            if not self._desktops.is_connected(agent_id):
                self.post(DesktopLost(agent_id=agent_id))

    # -- rules and people --------------------------------------------------------------------------------------------

    def change_rules(
        self,
        rules: Sequence[Rule],
        *,
        enrolled: Callable[[Person], AgentEnrolled],
        regards: Mapping[QueueId, Regard],
    ) -> None:
        """Another centre file counts from the next decision on. A queue that it lacks goes on for those who come by an
        older version of the dialplan, until `close_missing_queues`.
        """
        self._plan.change(rules)
        self._reception.change_regards(regards)
        self._staff.enrolled = enrolled
        self._tell_rules()
        self._tell_people()

    def close_missing_queues(self) -> None:
        """Close the queues that the centre file in force has no more."""
        if self._plan.drop_missing():
            self._tell_rules()

    def change_person(self, person: Person) -> None:
        """Who is enrolled already has other skills, projects, site or capacity: in force at the next decision.

        `change_people` is to follow, with everyone: it knows of lines and of those who come and go.
        """
        event = self._staff.unheard_of(person, self.state)
        if event is not None:
            self.post(event)

    async def change_people(self, persons: Sequence[Person], phones: Sequence[Phone]) -> None:
        """The directory changed: enrol, remove, make new lines and take away those that are nobody's any more."""
        rewired = self._staff.change(persons, phones)
        self._tell_people()
        for watch in self._watches.values():
            await watch.withdraw(rewired.gone)
            await watch.provision(rewired.changed)

    def _tell_rules(self) -> None:
        for event in self._plan.unheard(self.state):
            self.post(event)

    def _tell_people(self) -> None:
        for switch in self._switches.values():
            switch.know(self._staff.phones())
        for event in self._staff.unheard(self.state):
            self.post(event)

    # -- ports.Engine ------------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """The ACD's tables, to read and not to keep."""
        return self._state

    @property
    def switch_up(self) -> bool:
        """Do all nodes answer?"""
        return all(watch.connected for watch in self._watches.values())

    @property
    def loop(self) -> Loop:
        """For metrics."""
        return self._loop

    @property
    def reception(self) -> Reception:
        """For metrics."""
        return self._reception

    def now(self) -> Milliseconds:
        """The engine's clock."""
        return self._clock.now()

    async def handle(self, event: Event) -> Decision:
        """See `ports.Engine`."""
        return await self._loop.ask(event)

    async def arrive(self, event: ContactArrived, particulars: Arrival) -> ContactId:
        """See `ports.Engine`."""
        return await self._requests.arrive(event, particulars)

    async def call(self, event: OutboundRequested, particulars: Arrival) -> ContactId:
        """See `ports.Engine`."""
        return await self._requests.call(event, particulars)

    async def transfer(self, event: TransferRequested | InviteRequested, number: str) -> Decision:
        """See `ports.Engine`."""
        return await self._requests.transfer(event, number)

    async def hear_of_lost(self, caller: CallerLost) -> None:
        """See `ports.Engine`."""
        await self._requests.hear_of_lost(caller)

    def particulars(self, contact_id: ContactId) -> Particulars | None:
        """See `ports.Engine`."""
        return self._known.in_hand.get(contact_id)

    def switch(self, node: NodeId) -> Switch:
        """See `ports.Engine`."""
        try:
            return self._switches[node]
        except KeyError:
            raise NotFound(f"There is no node {node}.") from None

    # -- node.Floor --------------------------------------------------------------------------------------------------

    @property
    def recovered_ms(self) -> Milliseconds:
        """See `node.Floor`."""
        return self._recovered_ms

    @property
    def ended_legs(self) -> frozenset[LegId]:
        """See `node.Floor`."""
        return self._known.in_hand.ended_legs

    def awaited_legs(self) -> frozenset[LegId]:
        """See `node.Floor`."""
        return self._dispatch.awaited_legs()

    def ahead_ms(self) -> Milliseconds:
        """How far the engine's clock is ahead of the wall clock."""
        return self._clock.ahead_ms()

    def post(self, event: Event) -> None:
        """Have the event decided soon; nobody waits."""
        if isinstance(event, LegEnded) and self._reception.left(event.leg_id):
            self._known.in_hand.ended(event.leg_id)
        self._loop.post(event)

    def send(self, commands: Iterable[SwitchCommand]) -> None:
        """Have commands done that mend a difference."""
        self._dispatch.send(commands)

    def enter(self, caller: CallerEntered) -> None:
        """See `node.Floor`."""
        self._callers.enter(caller)

    def call_back(self, event: CallbackRequested) -> None:
        """See `node.Floor`."""
        self._callers.call_back(event)

    def lose(self, caller: CallerLost) -> None:
        """See `node.Floor`."""
        self._requests.lose(caller)

    def cut_off(self, legs: Set[LegId]) -> None:
        """See `node.Floor`."""
        self._callers.cut_off(legs)

    def farewell(self, leg_id: LegId) -> Farewell | None:
        """See `node.Floor`."""
        return self._known.in_hand.farewell(leg_id) or surveys.of_leg(self.state, leg_id)

    def listed(self, listing: Listing) -> None:
        """See `node.Floor`."""
        self._callers.listed(listing)

    def connection_changed(self) -> None:
        """A node was connected or lost: the desks say so."""
        self._desktops.switch_changed(up=self.switch_up)

    # -- the parts' --------------------------------------------------------------------------------------------------

    def _doubt(self, node: NodeId) -> None:
        self._watches[node].doubt()

    def _timer_fired(self, timer_id: TimerId) -> None:
        """Most who wait are served before their next step: of those the journal is not to hear."""
        if not deadlines.is_moot(self.state, timer_id):
            self.post(TimerFired(timer_id=timer_id))
