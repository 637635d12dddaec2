"""Commands of the ACD done at one node: which requests each needs, given who hears what and whose line is where.

The requests themselves are `cti.asterisk.calls`'; what is said in them `cti.asterisk.sayings`'. What cannot be done for
a reason of ours, a number that may not be dialled, is told as an event, as if the switch had. Made by
`cti.asterisk.switch`.
"""

from collections.abc import Callable
from typing import assert_never

from cti import variables
from cti.asterisk import calls, endpoints, sayings
from cti.asterisk.ari import Client
from cti.asterisk.calls import Customer
from cti.asterisk.ears import Ears
from cti.asterisk.fallback import Fallback, Member
from cti.asterisk.heard import Heard
from cti.asterisk.lines import Lines
from cti.asterisk.lookups import Lookups
from cti.asterisk.phones import Phones
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
from cti.domain.events import CalleeFailed, PartyFailed, RingFailed
from cti.domain.ids import ContactId, LegCause, LegId
from cti.ports import SwitchEvent


class Performer:
    """One node's. Connected or not is `ari.Client`'s affair."""

    def __init__(
        self,
        client: Client,
        *,
        lookups: Lookups,
        phones: Phones,
        lines: Lines,
        fallback: Fallback,
        ears: Ears,
        heard: Heard,
        listens: Callable[[LegId], None],
        push: Callable[[SwitchEvent], None],
    ) -> None:
        """`listens` is told whose leg is listened to for a machine; `push` is told what cannot be done at all."""
        self._ari = client
        self._ask = lookups
        self._phones = phones
        self._lines = lines
        self._fallback = fallback
        self._ears = ears
        self._heard = heard
        self._listens = listens
        self._push = push

    async def execute(self, command: SwitchCommand) -> None:  # noqa: C901 - one case per command
        """Have the command done. Raises ChannelGone, AsteriskSilent, AsteriskDown."""
        match command:
            case RingAgent():
                display = self._ask.display(command.contact_id)
                extension = self._phones.of(command.agent_id).extension
                await calls.ring_agent(self._ari, command, extension=extension, display=display)
            case RingLine():
                extension = self._phones.of(command.agent_id).extension
                await calls.ring_line(self._ari, command, extension=extension)
            case QuietLine():
                await calls.quiet_line(self._ari, command, told=command.leg_id in self._heard.told)
                await self._lines.wait(command.leg_id)
                self._heard.told.discard(command.leg_id)
            case JoinLegs():
                self._lines.leave(command.agent_leg)
                told = self._heard.told & {command.caller_leg, command.agent_leg}
                await calls.join_legs(
                    self._ari,
                    command,
                    answer=command.caller_leg in self._heard.ringing,
                    told=told,
                    silent=command.agent_leg in self._heard.silent,
                )
                self._heard.joined(told=told, silent={command.agent_leg})
                self._heard.ringing.discard(command.caller_leg)
            case HoldLeg():
                await calls.hold_leg(self._ari, command, music=self._ask.music)
            case PlayMusic():
                answer = command.leg_id in self._heard.ringing
                await calls.play_music(self._ari, command, answer=answer, music=self._ask.music)
                self._heard.ringing.discard(command.leg_id)
            case Announce() | DialCustomer() | PromiseCallback() | SendAway():
                await self._turn_to_customer(command, self._ask.customer(command.contact_id))
            case DialLead() | DetectMachine() | Apologise():
                await self._turn_to_callee(command)
            case AskCaller():
                await calls.ask_caller(self._ari, command, told=command.leg_id in self._heard.told)
            case RingParty() | JoinParty():
                await self._turn_to_party(command)
            case Overhear():
                await self._ears.overhear(command)
            case KeepSound():
                self._heard.silent.add(command.leg_id)
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
        told = self._heard.told & set(command.legs)
        silent = self._heard.silent & set(command.legs)
        await calls.join_party(self._ari, command, told=told, silent=silent)
        self._heard.joined(told=told, silent=silent)

    async def _ring_party(self, command: RingParty) -> None:
        if command.heard_by is not None:
            self._heard.told.add(command.heard_by)
        if command.agent_id is not None and command.device is not None:
            endpoint = endpoints.name_of(self._phones.of(command.agent_id).extension, command.device)
            caller_id = self._ask.display(command.contact_id).caller_id()
            silent = command.heard_by in self._heard.silent
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
            silent=command.heard_by in self._heard.silent,
        )

    async def _turn_to_callee(self, command: DialLead | DetectMachine | Apologise) -> None:
        match command:
            case DialLead():
                await self._dial_lead(command, self._ask.lead(command.campaign_id, command.lead_id))
            case DetectMachine():
                self._listens(command.leg_id)
                await calls.detect_machine(self._ari, command)
            case Apologise():
                await calls.apologise(self._ari, command, told=command.leg_id in self._heard.told)
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
        self._heard.told.add(command.leg_id)
        answer = command.leg_id in self._heard.ringing
        await calls.announce(self._ari, command, answer=answer, media=media, music=self._ask.music)
        self._heard.ringing.discard(command.leg_id)

    async def _dial(self, command: DialCustomer, customer: Customer) -> None:
        if not customer.may_be_dialled:
            failed = RingFailed(
                assignment_id=command.assignment_id, leg_id=command.leg_id, cause=LegCause.NO_SUCH_NUMBER
            )
            self._push(failed)
            return
        self._heard.told.add(command.agent_leg)
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

    async def _set_fallback(self, command: SetFallback) -> None:
        phone = self._phones.of(command.agent_id)
        interface = f"PJSIP/{endpoints.name_of(phone.extension, command.device)}"
        members = {
            Member(queue=variables.fallback_queue(queue_id), interface=interface) for queue_id in command.queue_ids
        }
        await self._fallback.want(members, name=command.agent_id, available=command.available)
