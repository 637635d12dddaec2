"""Command → ARI requests: how each thing the engine wants done is done on the switch. Called by `cti.asterisk.switch`.

Requests of one command leave together and are served in order, so each command costs one round trip. Every one may be
repeated: the ids are ours, and what is there, or gone, already counts as done.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from cti import variables
from cti.asterisk import ari, endpoints, lines, sayings
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
    PlayMusic,
    PromiseCallback,
    QuietLine,
    RingAgent,
    RingLine,
    RingParty,
    SendAway,
)
from cti.domain.ids import LegId, QueueId
from cti.errors import ChannelGone

BRIDGE_TYPE: Final = "mixing,proxy_media"
"""`proxy_media` keeps Asterisk from handing packets straight from one leg to the other. That would let the SSRC and the
sequence numbers that a caller receives jump at every answer, hold and resume, and receivers that transcode (another
Asterisk, for one) then drop what follows whenever the new numbers are lower."""

_ANSWER_ITSELF: Final = {
    "PJSIP_HEADER(add,Call-Info)": "<sip:127.0.0.1>;answer-after=0",
    "PJSIP_HEADER(add,Alert-Info)": "<http://127.0.0.1>;info=alert-autoanswer;delay=0",
}
"""Headers by which phones that are set up to do so pick up by themselves, each maker's by one of the two. The addresses
mean nothing; the grammar (RFC 3261, 20.4 and 20.9) wants some."""
_LINE: Final = '"Triune" <>'
"""What a phone shows when it is rung for a line."""
_DIALLED: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_UNSAFE_IN_CALLER_ID: Final = re.compile(r"[^\w .+-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """What the agent's phone shows while it rings. Both are made safe before they go out."""

    name: str = ""
    number: str = ""

    def caller_id(self) -> str:
        """In Asterisk's form, `"name" <number>`; "" when there is nothing to show."""
        name = _UNSAFE_IN_CALLER_ID.sub("", self.name)[:40]
        number = re.sub(r"[^0-9+]", "", self.number)[:20]
        return f'"{name}" <{number}>' if name or number else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who is told something, or called back."""

    number: str = ""
    """As it is known; see `may_be_dialled`."""
    language: str = "en"
    sees: str = ""
    """The number that he sees when he is called; "" for the trunk's."""

    @property
    def may_be_dialled(self) -> bool:
        """Is it a number in E.164, and nothing else? What goes to the carrier is digits."""
        return _DIALLED.fullmatch(self.number) is not None


def said(leg_id: LegId) -> str:
    """The playback of what this leg is told; by its name it can be stopped by whoever did not start it."""
    return variables.SAID_PREFIX + leg_id


async def ring_agent(client: ari.Client, command: RingAgent, *, extension: str, display: Display) -> None:
    """Originate the agent's leg into the application. Raises ChannelGone when his device has no contact."""
    await client.channels.originate(
        endpoint=f"PJSIP/{endpoints.name_of(extension, command.device)}",
        app=variables.APPLICATION,
        appArgs=f"{variables.STASIS_AGENT},{command.assignment_id}",
        channelId=command.leg_id,
        timeout=ceil(command.limit_ms / 1000),
        callerId=display.caller_id(),
    )


async def ring_party(
    client: ari.Client,
    command: RingParty,
    *,
    endpoint: str,
    caller_id: str,
    language: str = "",
    silent: bool = False,
) -> None:
    """Originate a leg to whom an agent asks; the agent's leaves its bridge and hears ringing.

    `silent`: silence is sent to the agent's. Raises ChannelGone when the phone has no contact, or for the trunk.
    """
    before = []
    if command.heard_by is not None:
        before = [
            client.bridges.removeChannel(bridgeId=command.bridge_id, channel=command.heard_by),
            *([client.channels.stopSilence(channelId=command.heard_by)] if silent else ()),
            client.playbacks.stop(playbackId=said(command.heard_by)),
            client.channels.play(channelId=command.heard_by, playbackId=said(command.heard_by), media=sayings.RINGING),
        ]
    ringing = client.channels.originate(
        endpoint=endpoint,
        app=variables.APPLICATION,
        appArgs=f"{variables.STASIS_PARTY},{command.leg_id}",
        channelId=command.leg_id,
        timeout=ceil(command.limit_ms / 1000),
        callerId=caller_id,
        variables={"CHANNEL(language)": language} if language else None,
    )
    await asyncio.gather(*before, return_exceptions=True)  # an agent who has gone is told by his leg's end
    await ringing


async def join_party(
    client: ari.Client, command: JoinParty, *, told: Iterable[LegId] = (), silent: Iterable[LegId] = ()
) -> None:
    """Raises ChannelGone when a leg is not there; see `join_legs` for what is stopped before, and why."""
    before = [client.playbacks.stop(playbackId=said(leg_id)) for leg_id in told]
    before += [client.channels.stopMoh(channelId=leg_id) for leg_id in command.legs]
    before += [
        client.channels.stopSilence(channelId=leg_id)
        for leg_id in command.legs
        if leg_id.startswith(variables.LINE_PREFIX) or leg_id in silent
    ]
    made = client.bridges.createWithId(bridgeId=command.bridge_id, type=BRIDGE_TYPE)
    added = client.bridges.addChannel(bridgeId=command.bridge_id, channel=",".join(command.legs))
    await asyncio.gather(*before, made, added)


async def ring_line(client: ari.Client, command: RingLine, *, extension: str) -> None:
    """Originate the agent's line into the application. Raises ChannelGone when his device has no contact."""
    await client.channels.originate(
        endpoint=f"PJSIP/{endpoints.name_of(extension, command.device)}",
        app=variables.APPLICATION,
        appArgs=f"{variables.STASIS_LINE},{command.agent_id}",
        channelId=command.leg_id,
        timeout=ceil(command.limit_ms / 1000),
        callerId=_LINE,
        variables=_ANSWER_ITSELF,
    )


async def quiet_line(client: ari.Client, command: QuietLine, *, told: bool) -> None:
    """Out of the bridge, and silence: without a packet now and then phones, and firewalls, take a line for dead.

    `told`: it may be hearing a tone of ours. Raises ChannelGone when the line is not there; a bridge may be gone.
    """
    before = [client.playbacks.stop(playbackId=said(command.leg_id))] if told else []
    if command.bridge_id is not None:
        before.append(client.bridges.removeChannel(bridgeId=command.bridge_id, channel=command.leg_id))
    silence = client.channels.startSilence(channelId=command.leg_id)
    for answer in await asyncio.gather(*before, return_exceptions=True):
        if isinstance(answer, BaseException) and not isinstance(answer, ChannelGone):
            raise answer
    await silence


async def join_legs(
    client: ari.Client, command: JoinLegs, *, answer: bool, told: Iterable[LegId] = (), silent: bool = False
) -> None:
    """Raises ChannelGone when a leg is not there; then none was added.

    `answer`: the caller's leg still rings. `told`: those of the two who may be hearing an announcement or a tone: it is
    stopped first, since a bridge gets a channel only when that is over. Music is always stopped, the dialplan's or
    ARI's: in a bridge that keeps the media to itself either goes on and drowns the agent, and whether it plays cannot
    be known here for sure. So is the silence on a line that was kept up, or
    sent to an agent who was alone (`silent`): it would go on, and be all that he hears.
    """
    before = [client.playbacks.stop(playbackId=said(leg_id)) for leg_id in told]
    before += [client.channels.answer(channelId=command.caller_leg)] if answer else []
    before.append(client.channels.stopMoh(channelId=command.caller_leg))
    on_line = command.agent_leg.startswith(variables.LINE_PREFIX)
    if on_line or silent:
        before.append(client.channels.stopSilence(channelId=command.agent_leg))
    made = client.bridges.createWithId(bridgeId=command.bridge_id, type=BRIDGE_TYPE)
    legs = f"{command.caller_leg},{command.agent_leg}"
    added = client.bridges.addChannel(bridgeId=command.bridge_id, channel=legs)
    after = [lines.limit(client.channels, command.agent_leg, limit_s=0)] if on_line else []
    if command.caller_leg.startswith(variables.DIAL_PREFIX):  # he waits no longer for an agent
        after.append(lines.limit(client.channels, command.caller_leg, limit_s=lines.LONGEST_TALK_S))
    try:
        await asyncio.gather(*before, made, added, *after)
    except ChannelGone:
        if (await made).status_code == ari.CREATED:  # made just now, and for nothing
            await client.bridges.destroy(bridgeId=command.bridge_id)
        raise


async def hold_leg(client: ari.Client, command: HoldLeg, *, music: Callable[[QueueId], str]) -> None:
    """Raises ChannelGone when the leg or the bridge is not there."""
    await asyncio.gather(
        client.bridges.removeChannel(bridgeId=command.bridge_id, channel=command.leg_id),
        client.channels.startMoh(channelId=command.leg_id, mohClass=music(command.queue_id)),
    )


async def play_music(client: ari.Client, command: PlayMusic, *, answer: bool, music: Callable[[QueueId], str]) -> None:
    """`answer`: the leg still rings, and would hear nothing. Raises ChannelGone when it is not there."""
    answers = [client.channels.answer(channelId=command.leg_id)] if answer else []
    start = client.channels.startMoh(channelId=command.leg_id, mohClass=music(command.queue_id))
    await asyncio.gather(*answers, start)


async def announce(
    client: ari.Client, command: Announce, *, answer: bool, media: Sequence[str], music: Callable[[QueueId], str]
) -> None:
    """Say these, then let the music go on; what it was told before is broken off. Raises ChannelGone.

    `answer`: the leg still rings, and would hear nothing. The request for music waits behind the playback's end.
    """
    answers = [client.channels.answer(channelId=command.leg_id)] if answer else []
    await asyncio.gather(
        *answers,
        client.playbacks.stop(playbackId=said(command.leg_id)),
        client.channels.play(channelId=command.leg_id, playbackId=said(command.leg_id), media=media),
        client.channels.startMoh(channelId=command.leg_id, mohClass=music(command.queue_id)),
    )


async def promise_callback(client: ari.Client, command: PromiseCallback, *, sound: str) -> None:
    """Let the dialplan say it and hang up, so that neither depends on us any more. Raises ChannelGone."""
    await _leave(client, command.leg_id, variables.CONTEXT_PROMISED, "s", sound=sound)


async def send_away(client: ari.Client, command: SendAway, *, sound: str) -> None:
    """Let the leg go on in the dialplan at its destination; `sound` greets there. Raises ChannelGone."""
    knowing = client.channels.setChannelVar(
        channelId=command.leg_id, variable=variables.CONTACT, value=command.contact_id
    )
    leaving = _leave(client, command.leg_id, variables.CONTEXT_DESTINATION, command.destination, sound=sound)
    await asyncio.gather(knowing, leaving)


async def ask_caller(client: ari.Client, command: AskCaller, *, told: bool) -> None:
    """Let the dialplan ask him: out of the bridge first, so that his agent's hang-up ends nothing of his.

    `told`: he may be hearing something of ours. Raises ChannelGone.
    """
    before = [client.playbacks.stop(playbackId=said(command.leg_id))] if told else []
    before.append(client.bridges.removeChannel(bridgeId=command.bridge_id, channel=command.leg_id))
    known = ((variables.CONTACT, command.contact_id), (variables.AGENT, command.agent_id))
    telling = [
        client.channels.setChannelVar(channelId=command.leg_id, variable=name, value=value) for name, value in known
    ]
    leaving = client.channels.continueInDialplan(
        channelId=command.leg_id, context=variables.CONTEXT_SURVEY, extension=command.queue_id
    )
    await asyncio.gather(*before, return_exceptions=True)  # on hold he is in no bridge
    await asyncio.gather(*telling, leaving)


async def detect_machine(client: ari.Client, command: DetectMachine) -> None:
    """Let the dialplan listen, and bring him back. Raises ChannelGone."""
    await client.channels.continueInDialplan(channelId=command.leg_id, context=variables.CONTEXT_LISTEN, extension="s")


async def apologise(client: ari.Client, command: Apologise, *, told: bool) -> None:
    """Let the dialplan say what was set when he was dialled, and hang up. Raises ChannelGone.

    `told`: he may be hearing something of ours.
    """
    before = [client.playbacks.stop(playbackId=said(command.leg_id))] if told else []
    leaving = client.channels.continueInDialplan(
        channelId=command.leg_id, context=variables.CONTEXT_SORRY, extension=command.campaign_id
    )
    await asyncio.gather(*before, leaving)


async def _leave(client: ari.Client, leg_id: LegId, context: str, extension: str, *, sound: str) -> None:
    await asyncio.gather(
        client.playbacks.stop(playbackId=said(leg_id)),
        client.channels.setChannelVar(channelId=leg_id, variable=variables.SOUND, value=sound),
        client.channels.continueInDialplan(channelId=leg_id, context=context, extension=extension),
    )


async def dial_customer(client: ari.Client, command: DialCustomer, *, customer: Customer, caller_id: str) -> None:
    """Originate the customer's leg into the application; the agent's hears ringing. Raises ChannelGone for the trunk.

    `caller_id`: the number that the customer sees.
    """
    dialling = client.channels.originate(
        endpoint=f"PJSIP/{customer.number}@{variables.TRUNK_ENDPOINT}",
        app=variables.APPLICATION,
        appArgs=f"{variables.STASIS_CUSTOMER},{command.assignment_id}",
        channelId=command.leg_id,
        timeout=ceil(command.limit_ms / 1000),
        callerId=f"<{caller_id}>" if caller_id else "",
        variables={"CHANNEL(language)": customer.language},
    )
    tone = said(command.agent_leg)
    ringing = (
        client.playbacks.stop(playbackId=tone),
        client.channels.play(channelId=command.agent_leg, playbackId=tone, media=sayings.RINGING),
    )
    await dialling
    await asyncio.gather(*ringing, return_exceptions=True)  # an agent who has gone is told by his leg's end


async def dial_lead(client: ari.Client, command: DialLead, *, customer: Customer, caller_id: str, apology: str) -> None:
    """Originate the callee's leg through the dialplan into the application. Raises ChannelGone for the trunk.

    `caller_id`: the number that he sees. `apology`: the sound for the case that there is no agent. He brings it with
    him, and the dialplan lets him in: so it is said to him, too, when he picks up while we are not there. His leg is
    followed by a request of its own, which is served before the first word of the carrier's can be back.
    """
    dialling = client.channels.originateToDialplan(
        endpoint=f"PJSIP/{customer.number}@{variables.TRUNK_ENDPOINT}",
        context=variables.CONTEXT_CALLEE,
        channelId=command.leg_id,
        timeout=ceil(command.limit_ms / 1000),
        callerId=f"<{caller_id}>" if caller_id else "",
        variables={"CHANNEL(language)": customer.language, variables.SOUND: apology},
    )
    following = client.applications.subscribe(variables.APPLICATION, eventSource=f"channel:{command.leg_id}")
    await asyncio.gather(dialling, following)


async def end_leg(client: ari.Client, command: EndLeg) -> None:
    """Hang up; gone already is success."""
    await client.channels.hangup(channelId=command.leg_id)


async def drop_bridge(client: ari.Client, command: DropBridge) -> None:
    """Drop it; gone already is success."""
    await client.bridges.destroy(bridgeId=command.bridge_id)
