"""One Asterisk node as `cti.ports.Switch`: ARI and AMI behind one face. Made by `cti.wiring`, used by `cti.engine`."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from time import time
from typing import Final, assert_never

from panoramisk.message import Message

from cti import variables
from cti.asterisk import ami, ari, calls, endpoints, sayings, translate, wire
from cti.asterisk.calls import Customer
from cti.asterisk.contacts import Contacts
from cti.asterisk.dialplan import Dialplan
from cti.asterisk.ears import Ears
from cti.asterisk.endpoints import Media
from cti.asterisk.entrance import Entrance
from cti.asterisk.fallback import Fallback, Member
from cti.asterisk.lines import LIMIT_S, Lines
from cti.asterisk.lookups import NOTHING_KNOWN, Lookups
from cti.asterisk.monitor import Monitor
from cti.asterisk.occupation import Occupation
from cti.asterisk.seats import Seats
from cti.domain.commands import (
    Announce,
    Apologise,
    AskCaller,
    DetectMachine,
    DialCustomer,
    DialLead,
    DropBridge,
    EndLeg,
    HoldLeg,
    JoinLegs,
    JoinParty,
    KeepSound,
    Overhear,
    PlayMusic,
    PromiseCallback,
    QuietLine,
    RingAgent,
    RingLine,
    RingParty,
    SendAway,
    SetFallback,
    SwitchCommand,
)
from cti.domain.events import CalleeFailed, LegEnded, PartyFailed, RingFailed
from cti.domain.ids import AgentId, ContactId, LegCause, LegId, NodeId
from cti.errors import AsteriskDown, AsteriskSilent, ChannelGone, OutsideError
from cti.ports import CallerEntered, EndpointReached, Listing, Phone, SwitchConnected, SwitchDisconnected, SwitchEvent

log = logging.getLogger(__name__)

BUFFER_HIGH: Final = 10_000
"""Events not yet taken at which reading from Asterisk stops until they are. None is dropped: Asterisk then
closes the connection, and what was missed is learnt by listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where ARI and AMI of the node answer, and how to log in."""

    host: str
    ari_port: int
    ari_username: str
    ari_password: str
    ami_port: int
    ami_username: str
    ami_password: str


async def _unless_refused(change: Awaitable[None]) -> None:
    """Have a line changed; one that Asterisk will not have must not keep it from all others."""
    try:
        await change
    except (AsteriskDown, AsteriskSilent):
        raise
    except OutsideError as error:
        log.warning("A line could not be changed: %s", error, extra={"action": "line_refused"})


class AsteriskSwitch:
    """See `cti.ports.Switch` for the contract of each method.

    Connected only while `events()` is being iterated; until then every command raises AsteriskDown.
    """

    def __init__(
        self,
        *,
        node: NodeId,
        address: Address,
        media: Media,
        region: str,
        lookups: Lookups = NOTHING_KNOWN,
        line_limit_s: int = LIMIT_S,
        may_send: Callable[[], bool] = lambda: True,
        replaced: Callable[[], None] = lambda: None,
    ) -> None:
        """`region`: see `Translator`. `line_limit_s`: how long agents' lines outlive us.

        `may_send` is asked before anything is sent to the node; `replaced` hears that another engine took our
        application over.
        """
        self._node = node
        self._media = media
        self._region = region
        self._ask = lookups
        self._phones: dict[AgentId, Phone] = {}
        self._endpoints: dict[str, bool] = {}
        """Every provisioned endpoint, and whether the engine was told last that it is reachable."""
        self._contacts = Contacts()
        self._contacts_known = False
        self._connected = False
        self._ringing: set[LegId] = set()
        """Callers whom nobody has picked up. One too many in here costs a request, one too few his voice."""
        self._told: set[LegId] = set()
        """Legs that may be hearing an announcement or a tone of ours; as above."""
        self._silent: set[LegId] = set()
        """Agents' legs to which silence may be sent (`KeepSound`); as above."""
        self._gap = False
        """Whether no listing was had since the stream of events began (again)."""
        self._translator = translate.Translator(node=node, region=region)
        self._events: deque[SwitchEvent] = deque()
        self._arrived = asyncio.Event()
        self._paused = False
        self._probes: set[asyncio.Task[None]] = set()
        self._ari = ari.Client(
            host=address.host,
            port=address.ari_port,
            username=address.ari_username,
            password=address.ari_password,
            application=variables.APPLICATION,
            on_event=self._take_message,
            prepare=self._restore_lines,
            on_connected=self._take_connected,
            on_disconnected=self._take_disconnected,
            may_send=may_send,
            on_replaced=replaced,
        )
        self._lines = Lines(self._ari.channels, limit_s=line_limit_s)
        self._ears = Ears(self._ari)
        self._ami = ami.Client(
            host=address.host,
            port=address.ami_port,
            username=address.ami_username,
            password=address.ami_password,
            on_login=self._take_login,
            on_contact=self._take_contact,
            on_lost=self._take_lost,
            may_send=may_send,
        )
        self._fallback = Fallback(self._ami)
        self.monitor = Monitor(self._ami)
        self.dialplan = Dialplan(self._ami, self._ari.channels)
        self.entrance = Entrance(self._ari.asterisk)
        self.seats = Seats(self._ari.asterisk, contacts=self._contacts, media=media, told=self._take_seat)
        self.occupation = Occupation(self._ari.deviceStates, extension=self.extension_of)

    @property
    def node(self) -> NodeId:
        """The node this is."""
        return self._node

    def extension_of(self, agent_id: AgentId) -> str | None:
        """The agent's extension; None when he has no line here."""
        phone = self._phones.get(agent_id)
        return phone.extension if phone is not None else None

    # -- what is done -------------------------------------------------------------------------------------------------

    async def execute(self, command: SwitchCommand) -> None:  # noqa: C901 - one case per command
        """Have the command done. Raises ChannelGone, AsteriskSilent, AsteriskDown."""
        match command:
            case RingAgent():
                display = self._ask.display(command.contact_id)
                extension = self._phone_of(command.agent_id).extension
                await calls.ring_agent(self._ari, command, extension=extension, display=display)
            case RingLine():
                extension = self._phone_of(command.agent_id).extension
                await calls.ring_line(self._ari, command, extension=extension)
            case QuietLine():
                await calls.quiet_line(self._ari, command, told=command.leg_id in self._told)
                await self._lines.wait(command.leg_id)
                self._told.discard(command.leg_id)
            case JoinLegs():
                self._lines.leave(command.agent_leg)
                told = self._told & {command.caller_leg, command.agent_leg}
                await calls.join_legs(
                    self._ari,
                    command,
                    answer=command.caller_leg in self._ringing,
                    told=told,
                    silent=command.agent_leg in self._silent,
                )
                self._silent.discard(command.agent_leg)
                self._ringing.discard(command.caller_leg)
                self._told -= told
            case HoldLeg():
                await calls.hold_leg(self._ari, command, music=self._ask.music)
            case PlayMusic():
                answer = command.leg_id in self._ringing
                await calls.play_music(self._ari, command, answer=answer, music=self._ask.music)
                self._ringing.discard(command.leg_id)
            case Announce() | DialCustomer() | PromiseCallback() | SendAway():
                await self._turn_to_customer(command, self._ask.customer(command.contact_id))
            case DialLead() | DetectMachine() | Apologise():
                await self._turn_to_callee(command)
            case AskCaller():
                await calls.ask_caller(self._ari, command, told=command.leg_id in self._told)
            case RingParty() | JoinParty():
                await self._turn_to_party(command)
            case Overhear():
                await self._ears.overhear(command)
            case KeepSound():
                self._silent.add(command.leg_id)
                await self._ari.channels.startSilence(channelId=command.leg_id)
            case EndLeg():
                await calls.end_leg(self._ari, command)
            case DropBridge():
                await calls.drop_bridge(self._ari, command)
            case SetFallback():
                await self._set_fallback(command)
            case _:
                assert_never(command)

    async def _turn_to_party(self, command: RingParty | JoinParty) -> None:
        if isinstance(command, RingParty):
            await self._ring_party(command)
            return
        for leg_id in command.legs:
            self._lines.leave(leg_id)
        told = self._told & set(command.legs)
        silent = self._silent & set(command.legs)
        await calls.join_party(self._ari, command, told=told, silent=silent)
        self._told -= told
        self._silent -= silent

    async def _ring_party(self, command: RingParty) -> None:
        if command.heard_by is not None:
            self._told.add(command.heard_by)
        if command.agent_id is not None and command.device is not None:
            endpoint = endpoints.name_of(self._phone_of(command.agent_id).extension, command.device)
            caller_id = self._ask.display(command.contact_id).caller_id()
            silent = command.heard_by in self._silent
            await calls.ring_party(self._ari, command, endpoint=f"PJSIP/{endpoint}", caller_id=caller_id, silent=silent)
            return
        outside = self._ask.customer(ContactId(command.leg_id))
        if not outside.may_be_dialled:
            self._push(PartyFailed(leg_id=command.leg_id, cause=LegCause.NO_SUCH_NUMBER))
            return
        sees = self._ask.customer(command.contact_id).sees or self._ask.caller_id
        await calls.ring_party(
            self._ari,
            command,
            endpoint=f"PJSIP/{outside.number}@{variables.TRUNK_ENDPOINT}",
            caller_id=f"<{sees}>" if sees else "",
            language=outside.language,
            silent=command.heard_by in self._silent,
        )

    async def _turn_to_callee(self, command: DialLead | DetectMachine | Apologise) -> None:
        match command:
            case DialLead():
                await self._dial_lead(command, self._ask.lead(command.campaign_id, command.lead_id))
            case DetectMachine():
                self._translator.listens(command.leg_id)
                await calls.detect_machine(self._ari, command)
            case Apologise():
                await calls.apologise(self._ari, command, told=command.leg_id in self._told)
            case _:
                assert_never(command)

    async def _turn_to_customer(
        self, command: Announce | DialCustomer | PromiseCallback | SendAway, customer: Customer
    ) -> None:
        match command:
            case Announce():
                await self._announce(command, customer)
            case DialCustomer():
                await self._dial(command, customer)
            case PromiseCallback():
                sound = sayings.promise(language=customer.language, sounds=self._ask.sounds)
                await calls.promise_callback(self._ari, command, sound=sound)
            case SendAway():
                prompt = self._ask.greeting(command.destination)
                sound = sayings.greeting(prompt, language=customer.language, sounds=self._ask.sounds)
                await calls.send_away(self._ari, command, sound=sound)
            case _:
                assert_never(command)

    async def _announce(self, command: Announce, customer: Customer) -> None:
        media = sayings.announcement(
            command, language=customer.language, sounds=self._ask.sounds, may_offer=customer.may_be_dialled
        )
        if not media:
            return
        self._told.add(command.leg_id)
        answer = command.leg_id in self._ringing
        await calls.announce(self._ari, command, answer=answer, media=media, music=self._ask.music)
        self._ringing.discard(command.leg_id)

    async def _dial(self, command: DialCustomer, customer: Customer) -> None:
        if not customer.may_be_dialled:
            failed = RingFailed(
                assignment_id=command.assignment_id, leg_id=command.leg_id, cause=LegCause.NO_SUCH_NUMBER
            )
            self._push(failed)
            return
        self._told.add(command.agent_leg)
        await calls.dial_customer(self._ari, command, customer=customer, caller_id=customer.sees or self._ask.caller_id)

    async def _dial_lead(self, command: DialLead, customer: Customer) -> None:
        if not customer.may_be_dialled:
            cause = LegCause.NO_SUCH_NUMBER
            self._push(CalleeFailed(dial_id=command.dial_id, leg_id=command.leg_id, cause=cause))
            return
        prompt = self._ask.apology(command.campaign_id)
        apology = sayings.apology(prompt, language=customer.language, sounds=self._ask.sounds)
        caller_id = customer.sees or self._ask.caller_id
        await calls.dial_lead(self._ari, command, customer=customer, caller_id=caller_id, apology=apology)

    def _phone_of(self, agent_id: AgentId) -> Phone:
        phone = self._phones.get(agent_id)
        if phone is None:
            raise ChannelGone(f"Agent {agent_id} has no line on this node.")
        return phone

    async def list_legs(self) -> Listing:
        """Everything alive now. Raises AsteriskSilent, AsteriskDown."""
        before = frozenset(self._ringing)
        channels, bridges, application, started = await asyncio.gather(
            self._ari.channels.list(),
            self._ari.bridges.list(),
            self._ari.applications.get(variables.APPLICATION),
            self._ari.asterisk.startupTime(),
        )
        listing = translate.listing(
            node=self._node,
            region=self._region,
            channels=channels,
            bridges=bridges,
            followed=application.channel_ids,
            now_ms=int(time() * 1000),
            started_ms=translate.milliseconds(started),
        )
        self._learn_from(listing, before)
        return listing

    def _learn_from(self, listing: Listing, before: frozenset[LegId]) -> None:
        """A listing is older than the events and commands since it was asked for: it is news only after a gap in them.

        `before`: the callers nobody had picked up when it was asked for.
        """
        callers = [leg for leg in listing.legs if leg.caller is not None]
        if self._gap:
            self._gap = False
            self._translator.adopt(listing.legs)
            self._lines.learn(listing)
            self._ringing -= before.difference(leg.leg_id for leg in callers)
            self._ringing.update(leg.leg_id for leg in callers if not leg.answered)
            self._told = {leg.leg_id for leg in listing.legs if leg.answered}
            self._silent = {leg.leg_id for leg in listing.legs if leg.answered and leg.caller is None and not leg.ear}
        self._ringing.difference_update(leg.leg_id for leg in callers if leg.answered)

    async def left_alone(self, legs: Iterable[LegId]) -> frozenset[LegId]:
        """Which of these callees picked up while there was no engine, and got nobody. Raises AsteriskSilent, …Down."""
        asked = list(legs)
        told = await asyncio.gather(
            *(self._ari.asterisk.getGlobalVar(variable=variables.ALONE_PREFIX + leg_id) for leg_id in asked)
        )
        return frozenset(leg_id for leg_id, value in zip(asked, told, strict=True) if value)

    async def set_global(self, variable: str, value: str) -> None:
        """Tell the dialplan something that holds for all calls. Raises AsteriskSilent, AsteriskDown."""
        await self._ari.asterisk.setGlobalVar(variable=variable, value=value)

    async def mute(self, leg_id: LegId, *, muted: bool) -> None:
        """Let the others hear this leg no longer, or again. Raises ChannelGone, AsteriskSilent, AsteriskDown."""
        change = self._ari.channels.mute if muted else self._ari.channels.unmute
        await change(channelId=leg_id, direction="in")

    async def send_digits(self, leg_id: LegId, digits: str) -> None:
        """Play DTMF towards this leg. Raises ChannelGone, AsteriskSilent, AsteriskDown."""
        await self._ari.channels.sendDTMF(channelId=leg_id, dtmf=digits)

    def know(self, phones: Iterable[Phone]) -> None:
        """Whose lines these are; every other line is nobody's from now on."""
        self._phones = {phone.agent_id: phone for phone in phones}

    async def provision(self, phone: Phone) -> None:
        """Create or replace the agent's endpoints.

        Raises AsteriskSilent, AsteriskDown, OutsideError when a value is not valid.
        """
        self._phones[phone.agent_id] = phone
        await self._push_line(phone)
        for endpoint in endpoints.names_of(phone):
            if endpoint not in self._endpoints:
                self._endpoints[endpoint] = False
                self._tell_endpoint(endpoint)

    async def _push_line(self, phone: Phone) -> None:
        await asyncio.gather(
            *(
                self._ari.asterisk.updateObject(
                    configClass="res_pjsip", objectType=made.kind, id=made.name, fields=made.fields
                )
                for made in endpoints.objects_of(phone, media=self._media)
            )
        )

    async def _restore_lines(self) -> None:
        """Make the lines that are missing, since Asterisk keeps them in memory only, and delete those of nobody.

        A line that Asterisk will not have is left to `provision`, which says so to the engine.
        """
        standing = {endpoint.resource for endpoint in await self._ari.endpoints.listByTech("PJSIP")}
        self.seats.restore(standing)
        if not self._phones:
            return
        agents = {
            name
            for name in standing
            if name.startswith(variables.AGENT_ENDPOINT_PREFIX) and not name.endswith(variables.SEAT_ENDPOINT_SUFFIX)
        }
        phones = list(self._phones.values())
        for phone in phones:
            if not agents.issuperset(endpoints.names_of(phone)):
                await _unless_refused(self._push_line(phone))
        for name in sorted(agents.difference(*map(endpoints.names_of, phones))):
            await _unless_refused(self._delete_endpoint(name))

    async def withdraw(self, phone: Phone) -> None:
        """Take both endpoints of a line away, and their registrations. Raises AsteriskSilent, AsteriskDown."""
        known = self._phones.get(phone.agent_id)
        if known is not None and known.extension == phone.extension:
            del self._phones[phone.agent_id]
        for name in endpoints.names_of(phone):
            self._endpoints.pop(name, None)
            await self._delete_endpoint(name)
        for name in endpoints.names_of(phone):
            await self._fallback.drop(f"PJSIP/{name}")

    async def _delete_endpoint(self, name: str) -> None:
        """Without its registration too: the next owner of the extension must not ring the last one's phone."""
        contacts = (("contact", endpoints.contact_id(name, uri)) for uri in self._contacts.uris(name))
        await asyncio.gather(
            *(
                self._ari.asterisk.deleteObject(configClass="res_pjsip", objectType=kind, id=id_)
                for kind, id_ in (("endpoint", name), *contacts, ("aor", name), ("auth", name))
            )
        )

    async def reclaim(self) -> int:
        """Bring callers back from the fallback queues. Raises AsteriskSilent, AsteriskDown."""
        return await self._fallback.reclaim()

    async def _set_fallback(self, command: SetFallback) -> None:
        phone = self._phone_of(command.agent_id)
        interface = f"PJSIP/{endpoints.name_of(phone.extension, command.device)}"
        members = {
            Member(queue=variables.fallback_queue(queue_id), interface=interface) for queue_id in command.queue_ids
        }
        await self._fallback.want(members, name=command.agent_id, available=command.available)

    # -- what happened ------------------------------------------------------------------------------------------------

    async def events(self) -> AsyncIterator[SwitchEvent]:
        """What happens, in order. One iteration at a time; close the iterator (`aclosing`) to disconnect.

        At 10 000 events not taken the connection is read no further until they are.
        """
        works = (self._ari.run(), self._ami.run(), self._lines.run(), self.seats.run())
        tasks = [asyncio.create_task(work) for work in works]
        for task in tasks:
            task.add_done_callback(lambda _: self._arrived.set())  # none ends by itself: if one does, at once
        try:
            while True:
                while self._events:
                    yield self._events.popleft()
                if self._paused:
                    self._paused = False
                    self._ari.resume()
                for task in tasks:
                    if task.done():
                        task.result()
                self._arrived.clear()
                await self._arrived.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._events.clear()

    def _push(self, event: SwitchEvent) -> None:
        self._events.append(event)
        self._arrived.set()
        if len(self._events) >= BUFFER_HIGH and not self._paused:
            self._paused = True
            self._ari.pause()

    def _take_message(self, message: wire.Message) -> None:
        if translate.is_probe(message):
            assert message.channel is not None
            self.dialplan.probed(message.args)
            task = asyncio.get_running_loop().create_task(self._end_probe(message.channel.id))
            self._probes.add(task)
            task.add_done_callback(self._probes.discard)
            return
        if (ear := translate.ear_there(message)) is not None:
            self._ears.is_there(ear)
            return
        event = self._translator.translate(message)
        match event:
            case None:
                return
            case CallerEntered():
                if message.channel is not None and message.channel.state != "Up":
                    self._ringing.add(event.leg_id)
            case LegEnded():
                self._ringing.discard(event.leg_id)
                self._told.discard(event.leg_id)
                self._silent.discard(event.leg_id)
                self._lines.leave(event.leg_id)
        self._push(event)

    async def _end_probe(self, channel_id: str) -> None:
        with suppress(OutsideError):
            await asyncio.gather(
                self._ari.channels.answer(channelId=channel_id), self._ari.channels.hangup(channelId=channel_id)
            )

    def _take_connected(self) -> None:
        self._connected = True
        self.occupation.reconnected()
        self._gap = True
        self._translator.begin_anew()
        self._push(SwitchConnected(node=self._node))
        if self._contacts_known and self._ami.is_up:
            self._tell_all_endpoints()

    def _take_disconnected(self) -> None:
        self._connected = False
        self._push(SwitchDisconnected(node=self._node))

    async def _take_login(self) -> None:
        self._contacts_known = False
        listed = await self._ami.listing("PJSIPShowContacts")
        self._contacts.replace((one.endpoint, one.uri, one.status) for one in listed if one.event == "ContactList")
        self._contacts_known = True
        if self._connected:
            self._tell_all_endpoints()
        await self._fallback.restore()

    def _take_contact(self, endpoint: str, uri: str, status: str) -> None:
        if self._contacts.report(endpoint, uri=uri, status=status) and self._contacts_known:
            self._tell_endpoint(endpoint)
            self.seats.reported(endpoint)

    def _take_seat(self, endpoint: str) -> None:
        """An agent is rung at a desk phone by this endpoint from now on, or no more."""
        self._endpoints.setdefault(endpoint, False)
        self._tell_endpoint(endpoint)
        if endpoint not in self.seats.endpoints:
            del self._endpoints[endpoint]

    def _take_lost(self, told: Message) -> None:
        self.entrance.note(told.reason)
        self._push(translate.lost(told, region=self._region))

    def _tell_all_endpoints(self) -> None:
        for endpoint in self._endpoints:
            self._tell_endpoint(endpoint)

    def _tell_endpoint(self, endpoint: str) -> None:
        if self._connected and endpoint in self._endpoints:
            is_seat = endpoint.endswith(variables.SEAT_ENDPOINT_SUFFIX)
            self._endpoints[endpoint] = (self.seats if is_seat else self._contacts).reachable(endpoint)
            self._push(EndpointReached(endpoint=endpoint, reachable=self._endpoints[endpoint]))
