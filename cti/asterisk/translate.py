"""Wire → domain: what ARI's messages mean to the engine. Pure; called by `cti.asterisk.switch` for every message.

Theory of operation. Only five kinds of message get through the filter, and in these orders (recorded streams of each
are in tests/asterisk/wire):

    caller   StasisStart(in) … [ChannelHangupRequest] StasisEnd                           → CallerEntered, LegEnded
    caller   ChannelDtmfReceived                  (the one key that means something)      → CallbackRequested
    agent    StasisStart(agent,<assignment>) … [ChannelHangupRequest] StasisEnd ChannelDestroyed → LegAnswered, LegEnded
    agent    [ChannelHangupRequest] ChannelDestroyed           (busy, refused, unanswered, withdrawn) → RingFailed
    callee   StasisStart(callee,<dial>,) StasisEnd StasisStart(callee,<dial>,<AMDSTATUS>) …  → CalleeAnswered, twice
    callee   StasisStart(callee,<dial>,) StasisEnd [ChannelHangupRequest] ChannelDestroyed → CalleeAnswered, LegEnded

A customer whom we dial is told as an agent is: his leg names its assignment, too. Which of the two it is, the engine
knows by its id. Agents' lines, campaigns' callees and those who are asked into talks go the same ways as LineAnswered,
LineFailed, CalleeAnswered, CalleeFailed, PartyAnswered and PartyFailed; but a callee who is listened to (`listens`)
leaves the application and comes back, or hangs up out there. Every other digit ends here, unheard: a caller may spell
out a card's number in a talk.

A caller's leg is followed only while it is in the application, so StasisEnd is the last that is heard of it, and it
does not say why: the ChannelHangupRequest before it does, if there was one. A leg that we originated is followed to its
ChannelDestroyed, which comes for every end of it: after StasisEnd it says nothing new, without it the ring has failed.
A supervisor's ear is told by its StasisEnd alone: nobody rings it.
StasisEnd without a hang-up (redirected by AMI) is also an end: the leg is in our hands no more.

State kept between messages: why a leg is about to end, and how far the legs that we made have come; both are let go at
the leg's last message. After a gap in the stream `begin_anew` forgets what the gap may have overtaken, and `adopt`
learns from the first listing; a later listing is older than the stream and teaches nothing.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import Enum, auto
from functools import lru_cache
from typing import Final

import phonenumbers
from panoramisk.message import Message

from cti import variables
from cti.asterisk import causes, wire
from cti.domain.events import (
    CallbackRequested,
    CalleeAnswered,
    CalleeFailed,
    LegAnswered,
    LegEnded,
    LineAnswered,
    LineFailed,
    PartyAnswered,
    PartyFailed,
    RingFailed,
)
from cti.domain.ids import AgentId, AssignmentId, BridgeId, DialId, LegCause, LegId, Milliseconds, NodeId, QueueId
from cti.ports import CallerEntered, CallerLost, ListedBridge, ListedLeg, Listing, SwitchEvent

NAME_LIMIT: Final = 80

_UNKNOWN: Final = "<unknown>"
"""What AMI says for no name."""
_E164: Final = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)
_MADE: Final = (
    variables.LEG_PREFIX,
    variables.CUSTOMER_LEG_PREFIX,
    variables.LINE_PREFIX,
    variables.DIAL_PREFIX,
    variables.PARTY_PREFIX,
    variables.SNOOP_PREFIX,
)
_MACHINE: Final = "MACHINE"
"""AMD's word; it has others for a human, for a doubt, and for one who has hung up."""
_VERSION: Final = re.compile(r"-v[0-9]+\Z")
"""The dialplan puts its version behind the names of its contexts."""
_ELSEWHERE: Final = (variables.CONTEXT_SORRY, variables.CONTEXT_DESTINATION, variables.CONTEXT_PROMISED)
"""Where legs are that we have let go."""


class _Stage(Enum):
    """How far an answered leg that we made has come."""

    HERE = auto()
    LISTENING = auto()
    """Out of the application, to come back."""
    GONE = auto()
    """Its end was told."""


class Translator:
    """Turns one node's messages, in order, into what they mean."""

    def __init__(self, *, node: NodeId, region: str) -> None:
        """`region`: ISO 3166 code of the country in which a number without + is to be read, as "RU"."""
        self._node = node
        self._region = region
        self._causes: dict[LegId, LegCause] = {}
        self._stages: dict[LegId, _Stage] = {}
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
            case "ChannelDtmfReceived" if message.digit == variables.CALLBACK_KEY and not is_made(channel.id):
                return CallbackRequested(leg_id=LegId(channel.id))
        return None

    def begin_anew(self) -> None:
        """The stream begins, perhaps after a gap: legs about to end before it have ended in it."""
        self._causes.clear()

    def adopt(self, legs: Iterable[ListedLeg]) -> None:
        """Learn from the first listing after `begin_anew` how far the legs that we made have come."""
        self._stages = {
            leg.leg_id: _Stage.LISTENING if leg.listening else _Stage.HERE
            for leg in legs
            if leg.caller is None and not leg.ear and (leg.answered or leg.listening)
        }

    def listens(self, leg_id: LegId) -> None:
        """This callee is about to leave the application for a while; one who has left already stays so."""
        if self._stages.get(leg_id) is _Stage.HERE:
            self._stages[leg_id] = _Stage.LISTENING

    @property
    def followed(self) -> int:
        """How many legs something is kept about: none once all have ended."""
        return len(self._causes.keys() | self._stages.keys())

    def _started(self, channel: wire.Channel, message: wire.Message) -> SwitchEvent | None:
        leg_id = LegId(channel.id)
        self._causes.pop(leg_id, None)
        match message.args:
            case [variables.STASIS_INBOUND, *_]:
                return entered(
                    channel, node=self._node, region=self._region, at=lambda: milliseconds(message.timestamp)
                )
            case [variables.STASIS_AGENT | variables.STASIS_CUSTOMER, assignment, *_]:
                self._stages[leg_id] = _Stage.HERE
                return LegAnswered(assignment_id=AssignmentId(assignment), leg_id=leg_id, node=self._node)
            case [variables.STASIS_LINE, agent, *_]:
                self._stages[leg_id] = _Stage.HERE
                return LineAnswered(agent_id=AgentId(agent), leg_id=leg_id, node=self._node)
            case [variables.STASIS_CALLEE, dial, *status]:
                self._stages[leg_id] = _Stage.HERE
                return CalleeAnswered(dial_id=DialId(dial), leg_id=leg_id, node=self._node, machine=_is_machine(status))
            case [variables.STASIS_PARTY, *_]:
                self._stages[leg_id] = _Stage.HERE
                return PartyAnswered(leg_id=leg_id, node=self._node)
        return None

    def _ended(self, leg_id: LegId) -> SwitchEvent | None:
        if not is_made(leg_id) or is_ear(leg_id):
            return LegEnded(leg_id=leg_id, cause=self._causes.pop(leg_id, LegCause.NORMAL))
        if self._stages.get(leg_id) is _Stage.LISTENING:
            return None
        self._stages[leg_id] = _Stage.GONE  # also if answered before this connection: there is no failed ring to come
        return LegEnded(leg_id=leg_id, cause=self._causes.get(leg_id, LegCause.NORMAL))

    def _destroyed(self, leg_id: LegId, q850: int) -> SwitchEvent | None:
        told = self._causes.pop(leg_id, None)
        match self._stages.pop(leg_id, None):
            case None:
                return _failed(leg_id, causes.from_q850(q850))
            case _Stage.LISTENING:
                return LegEnded(leg_id=leg_id, cause=told or causes.from_q850(q850))
            case _:
                return None


def _is_machine(status: Sequence[str]) -> bool | None:
    """By what AMD said, if he was listened to; whatever else it may say, a doubt is a human."""
    return status[0] == _MACHINE if any(status) else None


def _failed(leg_id: LegId, cause: LegCause) -> SwitchEvent | None:
    """Nobody answered on this leg; None for one that we did not make."""
    if (assignment_id := assignment_of(leg_id)) is not None:
        return RingFailed(assignment_id=assignment_id, leg_id=leg_id, cause=cause)
    if (agent_id := agent_of(leg_id)) is not None:
        return LineFailed(agent_id=agent_id, leg_id=leg_id, cause=cause)
    if (dial_id := dial_of(leg_id)) is not None:
        return CalleeFailed(dial_id=dial_id, leg_id=leg_id, cause=cause)
    if is_party(leg_id):
        return PartyFailed(leg_id=leg_id, cause=cause)
    return None


def is_probe(message: wire.Message) -> bool:
    """Whether a health probe came in: to be answered and hung up by the adapter, and nobody else's business."""
    return message.type == "StasisStart" and message.args[:1] == [variables.STASIS_PROBE]


def ear_there(message: wire.Message) -> LegId | None:
    """The supervisor's ear that came into the application; that is between the adapter and the switch."""
    if message.type != "StasisStart" or message.args[:1] != [variables.STASIS_SNOOP] or message.channel is None:
        return None
    return LegId(message.channel.id)


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
    started_ms: Milliseconds = 0,
) -> Listing:
    """What is alive now. `followed`: the channels that the application is subscribed to.

    A leg that we made counts from its first ring, and as answered once it is in the application: no bridge takes it
    before. Let go into the dialplan, it is another channel: not ours, but alive. A caller's counts while he is in the
    application; one whom the dialplan is carrying back (fallback queue, redirect) is another channel, too.
    """
    ours: list[ListedLeg] = []
    others: set[LegId] = set()
    subscribed = set(followed)
    for channel in channels:
        leg_id = LegId(channel.id)
        inside = channel.dialplan.app_name == "Stasis" and channel.id in subscribed
        context = _VERSION.sub("", channel.dialplan.context)
        if is_made(leg_id) and (inside or context not in _ELSEWHERE):
            ours.append(_listed(channel, leg_id, inside=inside, listening=context == variables.CONTEXT_LISTEN))
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
            if bridge.id.startswith((variables.BRIDGE_PREFIX, variables.SIDE_PREFIX, variables.EAR_PREFIX))
        ),
        other_channels=frozenset(others),
        started_ms=started_ms,
    )


def _listed(channel: wire.Channel, leg_id: LegId, *, inside: bool, listening: bool) -> ListedLeg:
    """A leg that we made."""
    dial_id = dial_of(leg_id)
    status = channel.dialplan.app_data.split(",")[3:] if dial_id is not None and inside else []
    return ListedLeg(
        leg_id=leg_id,
        answered=channel.state == "Up" and inside,
        caller=None,
        assignment_id=assignment_of(leg_id),
        agent_id=agent_of(leg_id),
        dial_id=dial_id,
        party=is_party(leg_id),
        ear=is_ear(leg_id),
        listening=listening and not inside,
        machine=_is_machine(status),
    )


def is_made(leg_id: str) -> bool:
    """Whether we made this leg, whatever for."""
    return leg_id.startswith(_MADE)


def is_party(leg_id: str) -> bool:
    """Whether somebody is asked into a talk on this leg."""
    return leg_id.startswith(variables.PARTY_PREFIX)


def is_ear(leg_id: str) -> bool:
    """Whether a supervisor hears an agent's leg by this one."""
    return leg_id.startswith(variables.SNOOP_PREFIX)


def assignment_of(leg_id: str) -> AssignmentId | None:
    """The assignment in the id of a leg that we made for one, an agent's or a customer's; None for any other leg."""
    if leg_id.startswith(variables.LEG_PREFIX):
        assignment, _, _ = leg_id.removeprefix(variables.LEG_PREFIX).rpartition("-")
    elif leg_id.startswith(variables.CUSTOMER_LEG_PREFIX):
        assignment = leg_id.removeprefix(variables.CUSTOMER_LEG_PREFIX)
    else:
        return None
    return AssignmentId(assignment) if assignment else None


def agent_of(leg_id: str) -> AgentId | None:
    """The agent in the id of his line; None for any other leg."""
    if not leg_id.startswith(variables.LINE_PREFIX):
        return None
    agent, _, _ = leg_id.removeprefix(variables.LINE_PREFIX).rpartition("-")
    return AgentId(agent) if agent else None


def dial_of(leg_id: str) -> DialId | None:
    """The dial in the id of a campaign's callee; None for any other leg."""
    if not leg_id.startswith(variables.DIAL_PREFIX):
        return None
    dial = leg_id.removeprefix(variables.DIAL_PREFIX)
    return DialId(dial) if dial else None


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
