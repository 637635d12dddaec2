"""Command → ARI requests: how each thing the engine wants done is done on the switch. Called by `cti.asterisk.switch`.

Requests of one command leave together and are served in order, so each command costs one round trip. Every one may be
repeated: the ids are ours, and what is there, or gone, already counts as done.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final

from cti import variables
from cti.asterisk import ari, endpoints
from cti.domain.commands import DropBridge, EndLeg, HoldLeg, JoinLegs, PlayMusic, RingAgent
from cti.domain.ids import QueueId
from cti.errors import ChannelGone

BRIDGE_TYPE: Final = "mixing,proxy_media"
"""`proxy_media` keeps Asterisk from handing packets straight from one leg to the other. That would let the SSRC and the
sequence numbers that a caller receives jump at every answer, hold and resume, and receivers that transcode (another
Asterisk, for one) then drop what follows whenever the new numbers are lower."""

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


async def join_legs(client: ari.Client, command: JoinLegs, *, answer: bool) -> None:
    """Raises ChannelGone when a leg is not there; then none was added.

    `answer`: the caller's leg still rings. Music is always stopped, the dialplan's or ARI's: in a bridge that keeps the
    media to itself either goes on and drowns the agent, and whether it plays cannot be known here for sure.
    """
    before = [client.channels.answer(channelId=command.caller_leg)] if answer else []
    before.append(client.channels.stopMoh(channelId=command.caller_leg))
    made = client.bridges.createWithId(bridgeId=command.bridge_id, type=BRIDGE_TYPE)
    legs = f"{command.caller_leg},{command.agent_leg}"
    try:
        await asyncio.gather(*before, made, client.bridges.addChannel(bridgeId=command.bridge_id, channel=legs))
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


async def end_leg(client: ari.Client, command: EndLeg) -> None:
    """Hang up; gone already is success."""
    await client.channels.hangup(channelId=command.leg_id)


async def drop_bridge(client: ari.Client, command: DropBridge) -> None:
    """Drop it; gone already is success."""
    await client.bridges.destroy(bridgeId=command.bridge_id)
