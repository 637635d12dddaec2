"""One Asterisk node as `cti.ports.Switch`: ARI and AMI behind one face. Made by `cti.wiring`, used by `cti.engine`."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from time import time
from typing import Final

from panoramisk.message import Message

from cti import variables
from cti.asterisk import ami, ari, endpoints, translate, wire
from cti.asterisk.dialplan import Dialplan
from cti.asterisk.ears import Ears
from cti.asterisk.endpoints import Media
from cti.asterisk.entrance import Entrance
from cti.asterisk.fallback import Fallback
from cti.asterisk.heard import Heard
from cti.asterisk.lines import LIMIT_S, Lines
from cti.asterisk.lookups import NOTHING_KNOWN, Lookups
from cti.asterisk.monitor import Monitor
from cti.asterisk.occupation import Occupation
from cti.asterisk.performing import Performer
from cti.asterisk.phones import Phones
from cti.domain.commands import SwitchCommand
from cti.domain.events import LegEnded
from cti.domain.ids import AgentId, LegId, NodeId
from cti.errors import OutsideError
from cti.ports import CallerEntered, Listing, Phone, SwitchConnected, SwitchDisconnected, SwitchEvent

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
        self._region = region
        self._heard = Heard()
        self._gap = False
        """Whether no listing was had since the stream of events began (again)."""
        self._translator = translate.Translator(node=node, region=region)
        self._events: deque[SwitchEvent] = deque()
        self._arrived = asyncio.Event()
        self._paused = False
        self._probes: set[asyncio.Task[None]] = set()
        self._ari = self._ari_of(address, may_send=may_send, replaced=replaced)
        self._phones = Phones(self._ari, media=media, tell=self._push)
        self._ami = self._ami_of(address, may_send=may_send)
        self._lines = Lines(self._ari.channels, limit_s=line_limit_s)
        self._ears = Ears(self._ari)
        self._fallback = Fallback(self._ami)
        self._performer = Performer(
            self._ari,
            lookups=lookups,
            phones=self._phones,
            lines=self._lines,
            fallback=self._fallback,
            ears=self._ears,
            heard=self._heard,
            listens=self._translator.listens,
            push=self._push,
        )
        self.monitor = Monitor(self._ami)
        self.dialplan = Dialplan(self._ami, self._ari.channels)
        self.entrance = Entrance(self._ari.asterisk)
        self.seats = self._phones.seats
        self.occupation = Occupation(self._ari.deviceStates, extension=self._phones.extension_of)

    def _ari_of(self, address: Address, *, may_send: Callable[[], bool], replaced: Callable[[], None]) -> ari.Client:
        return ari.Client(
            host=address.host,
            port=address.ari_port,
            username=address.ari_username,
            password=address.ari_password,
            application=variables.APPLICATION,
            on_event=self._take_message,
            prepare=lambda: self._phones.restore(),  # noqa: PLW0108 - they are made below
            on_connected=self._take_connected,
            on_disconnected=self._take_disconnected,
            may_send=may_send,
            on_replaced=replaced,
        )

    def _ami_of(self, address: Address, *, may_send: Callable[[], bool]) -> ami.Client:
        return ami.Client(
            host=address.host,
            port=address.ami_port,
            username=address.ami_username,
            password=address.ami_password,
            on_login=self._take_login,
            on_contact=self._phones.reported,
            on_lost=self._take_lost,
            may_send=may_send,
        )

    @property
    def node(self) -> NodeId:
        """The node this is."""
        return self._node

    def extension_of(self, agent_id: AgentId) -> str | None:
        """The agent's extension; None when he has no line here."""
        return self._phones.extension_of(agent_id)

    # -- what is done -------------------------------------------------------------------------------------------------

    async def execute(self, command: SwitchCommand) -> None:
        """Have the command done. Raises ChannelGone, AsteriskSilent, AsteriskDown."""
        await self._performer.execute(command)

    async def list_legs(self) -> Listing:
        """Everything alive now. Raises AsteriskSilent, AsteriskDown."""
        before = frozenset(self._heard.ringing)
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
        if self._gap:
            self._gap = False
            self._translator.adopt(listing.legs)
            self._lines.learn(listing)
            self._heard.learn(listing, before)
        self._heard.picked_up(listing)

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
        self._phones.know(phones)

    async def provision(self, phone: Phone) -> None:
        """Create or replace the agent's endpoints.

        Raises AsteriskSilent, AsteriskDown, OutsideError when a value is not valid.
        """
        await self._phones.provision(phone)

    async def withdraw(self, phone: Phone) -> None:
        """Take both endpoints of a line away, and their registrations. Raises AsteriskSilent, AsteriskDown."""
        await self._phones.withdraw(phone)
        for name in endpoints.names_of(phone):
            await self._fallback.drop(f"PJSIP/{name}")

    async def reclaim(self) -> int:
        """Bring callers back from the fallback queues. Raises AsteriskSilent, AsteriskDown."""
        return await self._fallback.reclaim()

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
                    self._heard.ringing.add(event.leg_id)
            case LegEnded():
                self._heard.ended(event.leg_id)
                self._lines.leave(event.leg_id)
        self._push(event)

    async def _end_probe(self, channel_id: str) -> None:
        with suppress(OutsideError):
            await asyncio.gather(
                self._ari.channels.answer(channelId=channel_id), self._ari.channels.hangup(channelId=channel_id)
            )

    def _take_connected(self) -> None:
        self.occupation.reconnected()
        self._gap = True
        self._translator.begin_anew()
        self._push(SwitchConnected(node=self._node))
        self._phones.connected(told=self._ami.is_up)

    def _take_disconnected(self) -> None:
        self._phones.disconnected()
        self._push(SwitchDisconnected(node=self._node))

    async def _take_login(self) -> None:
        self._phones.unlisted()
        listed = await self._ami.listing("PJSIPShowContacts")
        self._phones.listed((one.endpoint, one.uri, one.status) for one in listed if one.event == "ContactList")
        await self._fallback.restore()

    def _take_lost(self, told: Message) -> None:
        self.entrance.note(told.reason)
        self._push(translate.lost(told, region=self._region))
