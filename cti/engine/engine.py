"""The engine: joins the loop with the switches, the desks, the journal and the people; implements `ports.Engine`.

Here: starting and stopping in stages, bringing callers in, comparing with the switch. Not here: any decision about a
contact (`cti.domain`), how a command is done (`cti.asterisk`), what a page shows (`cti.web`). Made by `cti.app`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import partial
from types import MappingProxyType
from typing import Final

from msgspec import structs

from cti.clock import Clock, SystemClock
from cti.domain import deadlines, surveys
from cti.domain.acd import Decision
from cti.domain.commands import DialLead, Irrevocable, RingAgent, RingParty, StartTimer, StopTimer, SwitchCommand
from cti.domain.contact import Contact
from cti.domain.events import (
    AgentEnrolled,
    AgentRemoved,
    CallbackMoved,
    CallbackRequested,
    CampaignClosed,
    CampaignOpened,
    ContactArrived,
    ContactCancelled,
    DesktopLost,
    EngineStarted,
    Event,
    HoursSet,
    InviteRequested,
    LegEnded,
    OutboundRequested,
    QueueClosed,
    QueueOpened,
    TimerFired,
    TransferRequested,
)
from cti.domain.facts import CallbackAccepted, ContactClosed, ContactQueued, Fact, PartyEnded, PartyInvited
from cti.domain.ids import (
    AgentId,
    CampaignId,
    ContactId,
    LegCause,
    LegId,
    Medium,
    Milliseconds,
    NodeId,
    ProjectId,
    QueueId,
    TimerId,
)
from cti.domain.state import State
from cti.domain.states import ContactState
from cti.engine import people, recovery
from cti.engine.dispatch import Dispatch
from cti.engine.loop import Loop
from cti.engine.lost import LostCallers
from cti.engine.node import Watch
from cti.engine.people import Farewell, InHand, Lines
from cti.engine.reception import Reception
from cti.engine.tasks import Supervised
from cti.engine.timers import Timers
from cti.errors import DatabaseDown, NotFound, RuleError
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

log = logging.getLogger(__name__)

Rule = HoursSet | QueueOpened | CampaignOpened
"""What the centre file says to the ACD."""
_BEFORE_TALK: Final = (ContactState.WAITING, ContactState.OFFERED)
RECALL_AGAIN_S: Final = 3.0
"""How soon the particulars of live contacts are asked for again, when the database was away at the start."""
KEPT_LIMIT_S: Final = 1.0
"""How long a request is not acknowledged because its particulars are not written; the database has them later."""
UNKNOWN_SLEEP_MS: Final[Milliseconds] = 15 * 60_000
"""How long a callback sleeps of which nobody knows whom to call."""
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
        enrolled: Callable[[Person], AgentEnrolled] = people.enrolled,
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
        self._leadership = leadership
        self._callees = callees
        self._campaign_number = campaign_number
        self._rung = rung
        self._untold: tuple[Decision, Milliseconds] | None = None
        self._address_key = address_key
        self._callable_back = callable_back
        self._hours = [rule for rule in rules if isinstance(rule, HoursSet)]
        self._queues = {rule.queue_id: rule for rule in rules if isinstance(rule, QueueOpened)}
        self._campaigns = {rule.campaign_id: rule for rule in rules if isinstance(rule, CampaignOpened)}
        self._missing: dict[QueueId, QueueOpened] = {}
        """Queues that only older versions of the dialplan know."""
        self._enrolled = enrolled
        self._switches = dict(switches)
        self._journal = journal
        self._desktops = desktops
        self._keeper = keeper
        self._people: tuple[Person, ...] = ()
        self._phones: dict[str, Phone] = {}
        self._in_hand = InHand()
        self._hearing: dict[tuple[QueueId, str], asyncio.Future[None]] = {}
        """Lost callers who are told of and not decided about."""
        self._lost = LostCallers(
            queues=self._queues, in_hand=self._in_hand, address_key=address_key, callable_back=callable_back
        )
        self._lines = Lines()
        self._tasks = Supervised()
        self._reception = Reception(customers=customers, regards=regards, tasks=self._tasks)
        self._watches = {
            node: Watch(switch, floor=self, lines=self._lines, phones=self._phones.values)
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
        self._acd = recovered.acd
        self._clock = clock or SystemClock(not_before=recovered.last_ms)
        self._recovered_ms = recovered.last_ms
        for leg_id in recovered.ended_legs:
            self._in_hand.ended(leg_id)
        for apology in recovered.apologies:
            self._in_hand.said_farewell(apology)
        for contact in self.state.contacts.values():
            self._in_hand.opened(contact.id, contact.leg_id)
        self._timers = Timers(now=self._clock.now, fire=self._timer_fired)
        self._dispatch = Dispatch(
            switches=self._switches,
            post=self.post,
            doubt=self._doubt,
            rung=self._rung,
            leadership=self._leadership,
        )
        self._loop = Loop(acd=self._acd, clock=self._clock, journal=self._journal, decided=self._decided)
        await self._recall_callees()
        self._configure(persons, phones)
        await self._recall()
        for node, watch in self._watches.items():
            self.post(EngineStarted(node=node))
            self._tasks.start(f"node {node}", watch.listen)
            self._tasks.start(f"compare {node}", watch.compare_for_ever)
        self._tasks.start("snapshots", lambda: recovery.keep_snapshots(self._acd, self._journal))
        self._tasks.start("desktops", self._miss_desktops)

    async def stop(self) -> None:
        """Take nothing new, have what was decided sent and flushed. Calls go on without us."""
        self._timers.close()
        await self._tasks.stop()
        await self._dispatch.drain()
        await self._journal.flushed(self._journal.last_number)

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
        self._hours = [rule for rule in rules if isinstance(rule, HoursSet)]
        self._campaigns = {rule.campaign_id: rule for rule in rules if isinstance(rule, CampaignOpened)}
        opened = {rule.queue_id: rule for rule in rules if isinstance(rule, QueueOpened)}
        self._missing = {queue_id: rule for queue_id, rule in self._queues.items() if queue_id not in opened}
        self._queues.clear()
        self._queues.update({**opened, **self._missing})
        self._reception.change_regards(regards)
        self._enrolled = enrolled
        self._apply_rules()
        self._set_people(self._people, tuple(self._phones.values()))

    def close_missing_queues(self) -> None:
        """Close the queues that the centre file in force has no more."""
        if not self._missing:
            return
        for queue_id in self._missing:
            self._queues.pop(queue_id, None)
        self._missing = {}
        self._apply_rules()

    def _configure(self, persons: Sequence[Person], phones: Sequence[Phone]) -> None:
        self._apply_rules()
        self._set_people(persons, phones)

    def _apply_rules(self) -> None:
        for hours in self._hours:
            if self.state.hours.get(hours.hours_id) != hours:
                self.post(hours)
        for queue in self._queues.values():
            known = self.state.queues.get(queue.queue_id)
            if known is None or not known.open or known.rules != queue:
                self.post(queue)
        for queue_id, known in self.state.queues.items():
            if queue_id not in self._queues and known.open:
                self.post(QueueClosed(queue_id=queue_id))
        self._apply_campaigns()

    def _apply_campaigns(self) -> None:
        for campaign in self._campaigns.values():
            known = self.state.campaigns.get(campaign.campaign_id)
            if known is None or not known.open or known.rules != campaign:
                self.post(campaign)
        for campaign_id, running in self.state.campaigns.items():
            if campaign_id not in self._campaigns and running.open:
                self.post(CampaignClosed(campaign_id=campaign_id))

    def _set_people(self, persons: Sequence[Person], phones: Sequence[Phone]) -> None:
        self._people = tuple(persons)
        self._phones.clear()
        self._phones.update({phone.extension: phone for phone in phones})
        self._lines.assign(persons)
        for switch in self._switches.values():
            switch.know(phones)
        enrolled = {person.agent_id: self._enrolled(person) for person in persons if person.extension and person.active}
        for event in enrolled.values():
            if not people.is_enrolled_so(self.state.agents.get(event.agent_id), event):
                self.post(event)
        for agent_id, agent in self.state.agents.items():
            if agent_id not in enrolled and not agent.removed:
                self.post(AgentRemoved(agent_id=agent_id))

    def change_person(self, person: Person) -> None:
        """Who is enrolled already has other skills, projects, site or capacity: in force at the next decision.

        `change_people` is to follow, with everyone: it knows of lines and of those who come and go.
        """
        known = self.state.agents.get(person.agent_id)
        if known is None or known.removed or not (person.active and person.extension):
            return
        event = self._enrolled(person)
        if not people.is_enrolled_so(known, event):
            self.post(event)

    async def change_people(self, persons: Sequence[Person], phones: Sequence[Phone]) -> None:
        """The directory changed: enrol, remove, make new lines and take away those that are nobody's any more."""
        before = dict(self._phones)
        self._set_people(persons, phones)
        changed = [phone for phone in phones if before.get(phone.extension) != phone]
        gone = [phone for extension, phone in before.items() if self._phones.get(extension) != phone]
        for watch in self._watches.values():
            await watch.withdraw(gone)
            await watch.provision(changed)

    # -- ports.Engine ------------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """The ACD's tables, to read and not to keep."""
        return self._acd.state

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

    @property
    def recovered_ms(self) -> Milliseconds:
        """See `node.Floor`."""
        return self._recovered_ms

    def ahead_ms(self) -> Milliseconds:
        """How far the engine's clock is ahead of the wall clock."""
        return self._clock.ahead_ms()

    def post(self, event: Event) -> None:
        """Have the event decided soon; nobody waits."""
        if isinstance(event, LegEnded) and self._reception.left(event.leg_id):
            self._in_hand.ended(event.leg_id)
        self._loop.post(event)

    async def handle(self, event: Event) -> Decision:
        """See `ports.Engine`."""
        return await self._loop.ask(event)

    async def arrive(self, event: ContactArrived, particulars: Arrival) -> ContactId:
        """See `ports.Engine`."""
        queue = self._queues.get(event.queue_id)
        if queue is not None:
            event = structs.replace(
                event,
                address_key=self._address_key(queue.project_id, particulars.address),
                source_key=self._address_key(queue.project_id, particulars.source and f"source\0{particulars.source}"),
            )
            event = await self._reception.told(event, particulars.address, project_id=queue.project_id)
        if event.medium is Medium.CALLBACK and event.node is None:
            event = structs.replace(event, node=next(iter(self._switches), None))
        return await self._acknowledged(event, partial(people.of_arrival, particulars))

    async def _acknowledged(
        self, event: ContactArrived, of: Callable[[ContactQueued | Contact], Particulars]
    ) -> ContactId:
        """Decide about a request, and return its contact when it is known for good whose that is.

        Told again it is the contact that it was before, whose particulars may have died with the engine that let it in.
        Raises RuleError when it is refused.
        """
        kept: list[asyncio.Future[None]] = []

        def keep(known: Iterable[ContactQueued | Contact]) -> None:
            self._keep(map(of, known))
            kept.append(asyncio.ensure_future(self._keeper.durable()))  # beside the journal's flush

        try:
            decision = await self._loop.ask(event, urgent=False, before=lambda decision: keep(_queued(decision)))
        except RuleError as error:
            contact_id = self.state.callbacks.get(event.address_key)
            if error.code != "callback_pending" or contact_id is None or contact_id in self._in_hand:
                raise
        else:
            queued = next(_queued(decision), None)
            contact_id = self.state.sources[event.source_key] if queued is None else queued.contact_id
        live = self.state.contacts.get(contact_id)
        if live is not None and contact_id not in self._in_hand:
            keep([live])
            if live.medium is Medium.CALLBACK:
                self.post(CallbackMoved(contact_id=contact_id, not_before_ms=event.not_before_ms))
        await self._kept(kept)
        return contact_id

    async def _kept(self, kept: Sequence[Awaitable[None]]) -> None:
        """Whoever acknowledges a request must be sure that it is known whose it is; but not wait long for that."""
        try:
            async with asyncio.timeout(KEPT_LIMIT_S):
                await asyncio.gather(*kept)
        except TimeoutError:
            log.warning("particulars are not written yet", extra={"action": "particulars_late"})

    async def call(self, event: OutboundRequested, particulars: Arrival) -> ContactId:
        """See `ports.Engine`."""
        queue = self._queues.get(event.queue_id)
        if queue is not None:
            event = structs.replace(event, address_key=self._address_key(queue.project_id, particulars.address))
        event = structs.replace(event, node=event.node or next(iter(self._switches), None))
        decision = await self._loop.ask(
            event,
            before=lambda decision: self._keep(people.of_arrival(particulars, queued) for queued in _queued(decision)),
        )
        return next(_queued(decision)).contact_id

    async def transfer(self, event: TransferRequested | InviteRequested, number: str) -> Decision:
        """See `ports.Engine`."""
        return await self._loop.ask(event, before=lambda decision: self._keep(self._asked(decision, number)))

    def _asked(self, decision: Decision, number: str) -> Iterator[Particulars]:
        """Of whoever outside is rung by this decision."""
        for fact in decision.facts:
            if isinstance(fact, PartyInvited) and fact.agent_id is None:
                known, contact = self._in_hand.get(fact.contact_id), self.state.contacts[fact.contact_id]
                yield people.of_party(number, fact, known=known, project_id=contact.project_id)

    def particulars(self, contact_id: ContactId) -> Particulars | None:
        """See `ports.Engine`."""
        return self._in_hand.get(contact_id)

    def switch(self, node: NodeId) -> Switch:
        """See `ports.Engine`."""
        try:
            return self._switches[node]
        except KeyError:
            raise NotFound(f"There is no node {node}.") from None

    # -- after each decision -----------------------------------------------------------------------------------------

    def _decided(self, decision: Decision, now: Milliseconds) -> None:
        self._tell_desks()
        self._keep(self._lost.inherited(decision))
        self._keep(self._called(decision))
        rings = any(isinstance(command, RingAgent) for command in decision.commands)
        dials = any(isinstance(command, Irrevocable) for command in decision.commands)
        if not rings and not dials:
            self._desktops.decided(decision, now)
        switch_commands: list[SwitchCommand] = []
        for command in decision.commands:
            if isinstance(command, StartTimer):
                self._timers.start(command.timer_id, command.at_ms)
            elif isinstance(command, StopTimer):
                self._timers.stop(command.timer_id)
            elif isinstance(command, SwitchCommand):
                switch_commands.append(command)
                if isinstance(command, Farewell):
                    self._in_hand.said_farewell(command)
        self._dispatch.send(command for command in switch_commands if not isinstance(command, Irrevocable))
        if rings or dials:  # the request leaves before the pages are drawn, which takes longer
            self._untold = (decision, now)
        if rings:
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._tell_desks)  # a socket is written to when all is done that was due
        irrevocable = [command for command in switch_commands if isinstance(command, Irrevocable)]
        if irrevocable:
            self._dispatch.send_after(
                self._journal.flushed(decision.number), irrevocable, wanted=self._is_wanted, then=self._tell_desks
            )
        self._remember(decision.facts, now)

    def _remember(self, facts: Iterable[Fact], now: Milliseconds) -> None:
        """Whose particulars are at hand follows the contacts."""
        for fact in facts:
            if isinstance(fact, ContactQueued):
                self._in_hand.opened(fact.contact_id, fact.leg_id)
                if fact.origin is not None and not fact.outbound:
                    self._only_once(fact.contact_id)
            elif isinstance(fact, CallbackAccepted):
                self._in_hand.parted(fact.contact_id)
            elif isinstance(fact, ContactClosed):
                self._in_hand.close(fact.contact_id, now)
            elif isinstance(fact, PartyEnded):
                self._in_hand.close(ContactId(fact.leg_id), now)

    def _tell_desks(self) -> None:
        """The pages hear of each decision in order: of one that rings or dials right after its request has left."""
        if self._untold is not None:
            (decision, now), self._untold = self._untold, None
            self._desktops.decided(decision, now)

    def _is_wanted(self, command: Irrevocable) -> bool:
        if isinstance(command, DialLead):
            dial = self.state.dials.get(command.dial_id)
            may = self._callees is None or self._callees.may_be_dialled(
                command.campaign_id, command.lead_id, self.now()
            )
            return may and dial is not None and not dial.given_up
        if isinstance(command, RingParty):
            return command.leg_id in self.state.parties or command.leg_id in self.state.monitors
        contact = self.state.contacts.get(command.contact_id)
        return contact is not None and contact.leg_id == command.leg_id and contact.state is ContactState.ACTIVE

    def _only_once(self, contact_id: ContactId) -> None:
        """Who is to be called is so once."""
        if self._lost.is_second(self.state, contact_id):
            log.info("asked for already", extra={"action": "request_dropped", "contact": contact_id})
            self.post(ContactCancelled(contact_id=contact_id))

    def _called(self, decision: Decision) -> Iterator[Particulars]:
        """Of the contacts with callees of campaigns that this event began."""
        for queued in _queued(decision):
            if self._callees is None or queued.campaign_id is None or queued.lead_id is None:
                continue
            callee = self._callees.callee(queued.campaign_id, queued.lead_id)
            if callee is not None:
                yield people.of_callee(callee, queued, sees=self._campaign_number(queued.campaign_id))

    def _timer_fired(self, timer_id: TimerId) -> None:
        """Most who wait are served before their next step: of those the journal is not to hear."""
        if not deadlines.is_moot(self.state, timer_id):
            self.post(TimerFired(timer_id=timer_id))

    # -- callers -----------------------------------------------------------------------------------------------------

    def enter(self, caller: CallerEntered) -> None:
        """A caller's leg is ours: a new contact, unless it is known (back from the fallback queue)."""
        if caller.leg_id in self.state.contact_by_leg or self._reception.is_asking(caller.leg_id):
            return
        queue_id = self._queue_of(caller)
        project_id = self._queues[queue_id].project_id
        self._desktops.expect(caller.number, project_id=project_id)
        event = ContactArrived(
            medium=Medium.VOICE,
            queue_id=queue_id,
            arrived_ms=min(caller.arrived_ms + self._clock.ahead_ms(), self.now()),
            leg_id=caller.leg_id,
            node=caller.node,
            address_key=self._address_key(project_id, caller.number),
        )
        if self._reception.asks(queue_id, caller.number):
            self._reception.receive(
                event,
                caller.leg_id,
                caller.number,
                project_id=project_id,
                then=lambda told: self._let_in(caller, told),
            )
        else:
            self._let_in(caller, event)

    def _let_in(self, caller: CallerEntered, event: ContactArrived) -> None:
        self._loop.post(
            event, before=lambda decision: self._keep(people.of_caller(caller, queued) for queued in _queued(decision))
        )

    def cut_off(self, legs: Set[LegId]) -> None:
        """See `node.Floor`."""
        for leg_id in sorted(legs):
            contact_id = self.state.contact_by_leg.get(leg_id)
            if contact_id is None:
                continue
            contact = self.state.contacts[contact_id]
            again = self._lost.may_be_called_back(self.state, contact, cut=legs)
            log.warning("a caller was cut off", extra={"action": "caller_cut_off", "contact": contact_id})
            self.post(LegEnded(leg_id=leg_id, cause=LegCause.LOST, cut=True, call_back=again))

    def call_back(self, event: CallbackRequested) -> None:
        """A waiting caller pressed the key for it. One not asked of him is nobody's business: not journalled."""
        contact_id = self.state.contact_by_leg.get(event.leg_id)
        contact = self.state.contacts[contact_id] if contact_id is not None else None
        if contact is None or not contact.callback_offered or contact.state not in _BEFORE_TALK:
            return
        particulars = self._in_hand.get(contact.id)
        if particulars is None or not self._callable_back(particulars.address):
            log.info("no number to call back", extra={"action": "callback_impossible", "contact": contact.id})
            return
        self.post(event)

    async def hear_of_lost(self, caller: CallerLost) -> None:
        """See `ports.Engine`."""
        key = caller.queue_id, caller.number
        while (heard := self._hearing.get(key)) is not None:
            await asyncio.wait((heard,))  # told again before it is done
        event = self._of_lost(caller)
        if event is None:
            return
        self._hearing[key] = done = asyncio.get_running_loop().create_future()
        try:
            await self._acknowledged(event, partial(people.of_lost, caller))
        finally:
            del self._hearing[key]
            done.set_result(None)

    def lose(self, caller: CallerLost) -> None:
        """See `node.Floor`: what the switch tells is told once, and not waited for."""
        event = self._of_lost(caller)
        if event is not None:
            self._loop.post(
                event,
                before=lambda decision: self._keep(people.of_lost(caller, queued) for queued in _queued(decision)),
            )

    def _of_lost(self, caller: CallerLost) -> ContactArrived | None:
        at_ms = caller.at_ms + self._clock.ahead_ms() if caller.at_ms else self.now()
        node = next(iter(self._switches), None)
        event = self._lost.contact_of(self.state, caller, at_ms=min(at_ms, self.now()), node=node)
        made = event.medium if event is not None else "nothing"
        log.info("a caller was lost", extra={"action": "caller_lost", "why": caller.why, "made": made})
        return event

    def _queue_of(self, caller: CallerEntered) -> QueueId:
        """The queue that the dialplan named; should it not exist, the first that does: never dead air."""
        if caller.queue_id in self._queues:
            return caller.queue_id
        fallback = next(iter(self._queues))
        log.error("no queue %r, %r takes the caller", caller.queue_id, fallback, extra={"action": "queue_unknown"})
        return fallback

    def _keep(self, known: Iterable[Particulars]) -> None:
        for particulars in known:
            self._in_hand.put(particulars)
            self._keeper.keep((particulars,))

    async def _recall(self) -> None:
        """Particulars of the contacts that were live when the engine died; asked for until the database tells."""
        wanted = (*self.state.contacts, *map(ContactId, self.state.parties))
        if not await self._recalled(wanted):
            self._tasks.start("recall", lambda: self._recall_later(wanted))

    async def _recall_later(self, wanted: Sequence[ContactId]) -> None:
        recalled = False
        while not recalled:
            await asyncio.sleep(RECALL_AGAIN_S)
            recalled = await self._recalled(wanted)

    async def _recalled(self, wanted: Sequence[ContactId]) -> bool:
        try:
            known = await self._keeper.recall(wanted)
        except DatabaseDown as error:
            log.warning("particulars not recalled: %s", error, extra={"action": "recall_failed"})
            return False
        for contact_id, particulars in known.items():
            lives = contact_id in self.state.contacts or LegId(contact_id) in self.state.parties
            if lives and contact_id not in self._in_hand:
                self._in_hand.put(particulars)
        self._let_unknown_sleep()
        return True

    def _let_unknown_sleep(self) -> None:
        """No phone rings for one who is to be called, and whose number died with an engine: he may tell it again."""
        until_ms = self.now() + UNKNOWN_SLEEP_MS
        for contact in self.state.contacts.values():
            unknown = contact.medium is Medium.CALLBACK and contact.id not in self._in_hand
            if unknown and contact.state in _BEFORE_TALK and (contact.asleep_until_ms or 0) < until_ms:
                log.warning("nobody knows whom to call", extra={"action": "callback_unknown", "contact": contact.id})
                self.post(CallbackMoved(contact_id=contact.id, not_before_ms=until_ms))

    # -- node.Floor ---------------------------------------------------------------------------------------------------

    @property
    def ended_legs(self) -> frozenset[LegId]:
        """Callers' legs of contacts closed not long ago, or that go on without them."""
        return self._in_hand.ended_legs

    def farewell(self, leg_id: LegId) -> Farewell | None:
        """By what this caller's leg was sent out of the ACD; None for one that was to be hung up."""
        return self._in_hand.farewell(leg_id) or surveys.of_leg(self.state, leg_id)

    async def _recall_callees(self) -> None:
        """Before anything is decided: a lead in line may be dialled by the first event."""
        if self._callees is None:
            return
        known = False
        while not known:
            try:
                await self._callees.recall(self.state)
                known = True
            except DatabaseDown as error:
                log.warning("%s", error, extra={"action": "callees_awaited"})
                await asyncio.sleep(RECALL_AGAIN_S)

    def send(self, commands: Iterable[SwitchCommand]) -> None:
        """Have commands done that mend a difference."""
        self._dispatch.send(commands)

    def listed(self, listing: Listing) -> None:
        """Particulars that died with the engine are still on the channel."""
        for leg in listing.legs:
            contact_id = self.state.contact_by_leg.get(leg.leg_id)
            if leg.caller is not None and contact_id is not None and contact_id not in self._in_hand:
                self._keep((people.of_caller(leg.caller, self.state.contacts[contact_id]),))

    def connection_changed(self) -> None:
        """A node was connected or lost: the desks say so."""
        self._desktops.switch_changed(up=self.switch_up)

    def _doubt(self, node: NodeId) -> None:
        self._watches[node].doubt()

    # -- desks -------------------------------------------------------------------------------------------------------

    async def _miss_desktops(self) -> None:
        """After a start no page is connected; those that are not back in time are lost."""
        before = [agent.id for agent in self.state.agents.values() if agent.desktop]
        await asyncio.sleep(DESKTOP_RETURN_S)
        for agent_id in before:
            if not self._desktops.is_connected(agent_id):
                self.post(DesktopLost(agent_id=agent_id))


def _queued(decision: Decision) -> Iterator[ContactQueued]:
    """The contact that the decision let in; none for a leg that was known already."""
    return (fact for fact in decision.facts if isinstance(fact, ContactQueued))
