"""Wire → domain: what ARI's messages mean to the engine. Pure; called by `cti.asterisk.switch` for every message.

Theory of operation. Only five kinds of message get through the filter, and in these orders (recorded streams of each
are in tests/asterisk/wire):

    caller   StasisStart(in) … [ChannelHangupRequest] StasisEnd                           → CallerEntered, LegEnded
    caller   ChannelDtmfReceived                  (the one key that means something)      → CallbackRequested
    agent    StasisStart(agent,<assignment>) … [ChannelHangupRequest] StasisEnd ChannelDestroyed → LegAnswered, LegEnded
    agent    [ChannelHangupRequest] ChannelDestroyed           (busy, refused, unanswered, withdrawn) → RingFailed

A customer whom we dial is told as an agent is: his leg names its assignment, too. Which of the two it is, the engine
knows by its id. Every other digit ends here, unheard: a caller may spell out a card's number in a talk.

A caller's leg is followed only while it is in the application, so StasisEnd is the last that is heard of it, and it
does not say why: the ChannelHangupRequest before it does, if there was one. A leg that we originated is followed to its
ChannelDestroyed, which comes for every end of it: after StasisEnd it says nothing new, without it the ring has failed.
StasisEnd without a hang-up (redirected by AMI) is also an end: the leg is in our hands no more.

State kept between messages: why a leg is about to end, and which agents' legs were answered; both are let go at the
leg's last message. After a gap in the stream `begin_anew` forgets what the gap may have overtaken, and `adopt` learns
from the first listing; a later listing is older than the stream and teaches nothing.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Final

import phonenumbers
from panoramisk.message import Message

from cti import variables
from cti.asterisk import causes, wire
from cti.domain.events import CallbackRequested, LegAnswered, LegEnded, RingFailed
from cti.domain.ids import AssignmentId, BridgeId, LegCause, LegId, Milliseconds, NodeId, QueueId
from cti.ports import CallerEntered, CallerLost, ListedBridge, ListedLeg, Listing, SwitchEvent

NAME_LIMIT: Final = 80

_UNKNOWN: Final = "<unknown>"
"""What AMI says for no name."""
_E164: Final = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)


class Translator:
    """Turns one node's messages, in order, into what they mean."""

    def __init__(self, *, node: NodeId, region: str) -> None:
        """`region`: ISO 3166 code of the country in which a number without + is to be read, as "RU"."""
        self._node = node
        self._region = region
        self._causes: dict[LegId, LegCause] = {}
        self._answered: set[LegId] = set()
        e164("0", region)  # loads the region's numbering plan now, not at the first call

    def translate(self, message: wire.Message) -> SwitchEvent | None:
        """The event this message stands for; None when it stands for none."""
        channel = message.channel
        if channel is None:
            return None
        match message.type:
            case "StasisStart":
                return self._started(channel, message)
            case "StasisEnd":
                return self._ended(LegId(channel.id))
            case "ChannelHangupRequest":
                self._causes[LegId(channel.id)] = causes.of_hangup_request(message.cause, soft=message.soft)
            case "ChannelDestroyed":
                return self._destroyed(LegId(channel.id), message.cause)
            case "ChannelDtmfReceived" if message.digit == variables.CALLBACK_KEY and assignment_of(channel.id) is None:
                return CallbackRequested(leg_id=LegId(channel.id))
        return None

    def begin_anew(self) -> None:
        """The stream begins, perhaps after a gap: legs about to end before it have ended in it."""
        self._causes.clear()

    def adopt(self, legs: Iterable[ListedLeg]) -> None:
        """Learn from the first listing after `begin_anew` which agents' legs were answered."""
        self._answered = {leg.leg_id for leg in legs if leg.assignment_id is not None and leg.answered}

    @property
    def followed(self) -> int:
        """How many legs something is kept about: none once all have ended."""
        return len(self._causes.keys() | self._answered)

    def _started(self, channel: wire.Channel, message: wire.Message) -> SwitchEvent | None:
        leg_id = LegId(channel.id)
        self._causes.pop(leg_id, None)
        match message.args:
            case [variables.STASIS_INBOUND, *_]:
                return entered(
                    channel, node=self._node, region=self._region, at=lambda: milliseconds(message.timestamp)
                )
            case [variables.STASIS_AGENT | variables.STASIS_CUSTOMER, assignment, *_]:
                self._answered.add(leg_id)
                return LegAnswered(assignment_id=AssignmentId(assignment), leg_id=leg_id, node=self._node)
        return None

    def _ended(self, leg_id: LegId) -> SwitchEvent:
        agents = assignment_of(leg_id) is not None
        cause = self._causes.get(leg_id, LegCause.NORMAL) if agents else self._causes.pop(leg_id, LegCause.NORMAL)
        if agents:
            self._answered.add(leg_id)  # answered before this connection: its ChannelDestroyed is no failed ring
        return LegEnded(leg_id=leg_id, cause=cause)

    def _destroyed(self, leg_id: LegId, cause: int) -> SwitchEvent | None:
        self._causes.pop(leg_id, None)
        assignment_id = assignment_of(leg_id)
        if assignment_id is None:
            return None
        if leg_id in self._answered:
            self._answered.discard(leg_id)
            return None
        return RingFailed(assignment_id=assignment_id, leg_id=leg_id, cause=causes.from_q850(cause))


def is_probe(message: wire.Message) -> bool:
    """Whether a health probe came in: to be answered and hung up by the adapter, and nobody else's business."""
    return message.type == "StasisStart" and message.args[:1] == [variables.STASIS_PROBE]


def entered(channel: wire.Channel, *, node: NodeId, region: str, at: Callable[[], Milliseconds]) -> CallerEntered:
    """A caller as his channel tells him. `at` is asked when he arrived if the dialplan did not say."""
    told = channel.channelvars
    arrived = told.get(variables.ARRIVED_MS, "")
    return CallerEntered(
        leg_id=LegId(channel.id),
        node=node,
        arrived_ms=int(arrived) if arrived.isascii() and arrived.isdigit() else at(),
        number=e164(channel.caller.number, region),
        name=printable(channel.caller.name),
        dialled=told.get(variables.NUMBER, ""),
        queue_id=QueueId(told.get(variables.QUEUE, "")),
        language=told.get(variables.LANGUAGE, ""),
        path=told.get(variables.PATH, ""),
        account=told.get(variables.ACCOUNT, ""),
        returned=told.get(variables.RETURNED, ""),
    )


def lost(told: Message, *, region: str) -> CallerLost:
    """A caller for whom there was no line, as the dialplan's UserEvent tells him."""
    number, name, arrived = told.calleridnum, told.calleridname, told.arrived
    return CallerLost(
        queue_id=QueueId(told.queue),
        number=e164(number, region),
        name="" if name == _UNKNOWN else printable(name),
        dialled=told.dialled,
        language=told.speaks,
        path="",
        why=variables.Lost.LINES_BUSY,
        at_ms=int(arrived) if arrived.isascii() and arrived.isdigit() else 0,
    )


def listing(
    *,
    node: NodeId,
    region: str,
    channels: Iterable[wire.Channel],
    bridges: Iterable[wire.Bridge],
    followed: Iterable[str],
    now_ms: Milliseconds,
) -> Listing:
    """What is alive now. `followed`: the channels that the application is subscribed to.

    A leg that we made, an agent's or a customer's, counts from its first ring, and as answered once it is in the
    application: no bridge takes it before. A caller's counts while he is in the application. A caller that the dialplan
    is carrying back (fallback queue, redirect) is another channel: not ours, but alive.
    """
    ours: list[ListedLeg] = []
    others: set[LegId] = set()
    subscribed = set(followed)
    for channel in channels:
        leg_id = LegId(channel.id)
        assignment_id = assignment_of(leg_id)
        inside = channel.dialplan.app_name == "Stasis" and channel.id in subscribed
        if assignment_id is not None:
            ours.append(
                ListedLeg(
                    leg_id=leg_id,
                    answered=channel.state == "Up" and inside,
                    caller=None,
                    assignment_id=assignment_id,
                )
            )
        elif inside and channel.dialplan.app_data == f"{variables.APPLICATION},{variables.STASIS_INBOUND}":
            caller = entered(channel, node=node, region=region, at=lambda: now_ms)
            ours.append(ListedLeg(leg_id=leg_id, answered=channel.state == "Up", caller=caller, assignment_id=None))
        else:
            others.add(leg_id)
    return Listing(
        node=node,
        legs=tuple(ours),
        bridges=tuple(
            ListedBridge(bridge_id=BridgeId(bridge.id), legs=frozenset(map(LegId, bridge.channels)))
            for bridge in bridges
            if bridge.id.startswith(variables.BRIDGE_PREFIX)
        ),
        other_channels=frozenset(others),
    )


def assignment_of(leg_id: str) -> AssignmentId | None:
    """The assignment in the id of a leg that we made, an agent's or a customer's; None for any other leg."""
    if leg_id.startswith(variables.LEG_PREFIX):
        assignment, _, _ = leg_id.removeprefix(variables.LEG_PREFIX).rpartition("-")
    elif leg_id.startswith(variables.CUSTOMER_LEG_PREFIX):
        assignment = leg_id.removeprefix(variables.CUSTOMER_LEG_PREFIX)
    else:
        return None
    return AssignmentId(assignment) if assignment else None


@lru_cache(maxsize=4096)
def e164(number: str, region: str) -> str:
    """The number in E.164 with +, read as one of `region` when it has no +; "" when it is none (withheld, internal)."""
    if _E164.fullmatch(number):
        return number
    if len(number) > 40:
        return ""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def printable(name: str) -> str:
    """The name without control characters, at most 80 characters; shown as text, trusted for nothing."""
    if not name.isprintable():
        name = "".join(character for character in name if character.isprintable())
    return name[:NAME_LIMIT]


def milliseconds(timestamp: str) -> Milliseconds:
    """Unix time of ARI's timestamp (`2030-01-02T03:04:05.678+0000`); 0 when it is none."""
    try:
        return int(datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp() * 1000)
    except ValueError:
        return 0
