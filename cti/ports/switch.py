"""What the engine asks of an Asterisk node, and what a node tells it. Implemented by `cti.asterisk`."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Protocol

from cti.domain.commands import SwitchCommand
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
from cti.domain.ids import AgentId, AssignmentId, BridgeId, DialId, LegId, Milliseconds, NodeId, QueueId
from cti.variables import Lost


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerEntered:
    """A caller's leg came into our hands. Holds what only tables and memory may hold, never the journal."""

    leg_id: LegId
    node: NodeId
    arrived_ms: Milliseconds
    number: str
    """The caller's number in E.164 with +, or "" when withheld or not a number."""
    name: str
    """As the network sent it: any characters, at most 80; never trusted."""
    dialled: str
    queue_id: QueueId
    language: str
    path: str
    """What he did in the IVR (`cti.variables.PATH`)."""
    account: str
    returned: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointReached:
    """A PJSIP endpoint gained or lost its last live contact; the engine knows whose it is."""

    endpoint: str
    reachable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchConnected:
    """The node answers (again). Whatever happened before is to be learnt by listing, not guessed."""

    node: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchDisconnected:
    """The node does not answer any more."""

    node: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerLost:
    """A caller reached nobody: no line was free, it was after hours, he left in the menus, or was cut off in them.

    Never journalled.
    """

    queue_id: QueueId
    """The operator's queue of the number's project, whose rule says what becomes of it."""
    number: str
    """As in `CallerEntered`."""
    name: str
    dialled: str
    language: str
    path: str
    """What he did in the IVR (`cti.variables.PATH`)."""
    why: Lost
    at_ms: Milliseconds


SwitchEvent = (
    CallerEntered
    | CallbackRequested
    | CallerLost
    | LegAnswered
    | LegEnded
    | RingFailed
    | LineAnswered
    | LineFailed
    | CalleeAnswered
    | CalleeFailed
    | PartyAnswered
    | PartyFailed
    | EndpointReached
    | SwitchConnected
    | SwitchDisconnected
)
"""CallbackRequested: a caller pressed the key for it, offered to him or not; the engine knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLeg:
    """One channel that is in our application now, or that we made for it. At most one of the ids says for what."""

    leg_id: LegId
    answered: bool
    """Picked up; a leg that we made besides in the application, so that it can be joined."""
    caller: CallerEntered | None
    """For a caller's leg all that its StasisStart would have said; None for a leg that we made."""
    assignment_id: AssignmentId | None
    """For a leg that we made: an agent's, or that of a customer who is called back."""
    agent_id: AgentId | None = None
    """For an agent's line that is kept up, or rung for it."""
    dial_id: DialId | None = None
    """For a campaign's callee."""
    party: bool = False
    """For somebody who is asked into a talk, or a supervisor who is to listen to one."""
    ear: bool = False
    """By which a supervisor hears an agent's leg."""
    listening: bool = False
    """This callee was picked up, and is out of the application while it is heard whether he is a machine."""
    machine: bool | None = None
    """What was found, once he is back; see `CalleeAnswered`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBridge:
    """One bridge and who is in it."""

    bridge_id: BridgeId
    legs: frozenset[LegId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The node's legs and bridges at one moment, asked for after subscribing, so nothing falls between."""

    node: NodeId
    legs: tuple[ListedLeg, ...]
    bridges: tuple[ListedBridge, ...]
    other_channels: frozenset[LegId]
    """Every other channel alive on the node (in the dialplan, or in the fallback queue): not ours, but not gone."""
    started_ms: Milliseconds = 0
    """When the node's process began, by the node's wall clock: no older leg is alive. 0: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """An agent's line: both endpoints of one extension."""

    agent_id: AgentId
    extension: str
    secret: str
    """The SIP password, for both devices."""


class Switch(Protocol):
    """One Asterisk node."""

    @property
    def node(self) -> NodeId: ...

    async def execute(self, command: SwitchCommand) -> None:
        """Have the command done; twice is as good as once.

        Raises ChannelGone when a leg or bridge named in it is not there (for EndLeg and DropBridge that is success),
        AsteriskDown without a connection or when it ends meanwhile: the comparison after the next one tells; and
        AsteriskSilent when the connection stands but there was no answer within 3 s, or an internal error for one: it
        may be done or not, and nothing but another comparison will tell. Every other refusal is a plain OutsideError.

        What `Announce` says ends with `JoinLegs`, `SendAway` and `PromiseCallback`: nobody hears it in a talk. A leg
        that was sent away or promised a callback is ours no more: its LegEnded follows at once, and no listing has it.
        `DialCustomer` without a number that may be dialled is told as RingFailed (NO_SUCH_NUMBER), not raised; so are
        `DialLead`, as CalleeFailed, and `RingParty`, as PartyFailed. While `DetectMachine` listens, the leg is not
        ours, but no LegEnded says so: he comes back as CalleeAnswered, or hangs up, which is his LegEnded. After
        `Apologise` the leg is ours no more.
        """

    async def list_legs(self) -> Listing:
        """Everything alive now; an empty listing really means that nothing is there.

        Raises AsteriskDown, AsteriskSilent.
        """

    async def left_alone(self, legs: Iterable[LegId]) -> frozenset[LegId]:
        """Which of these campaign's callees picked up while no engine was there, and were told sorry or hung up.

        Raises AsteriskDown, AsteriskSilent.
        """

    async def mute(self, leg_id: LegId, *, muted: bool) -> None:
        """Let the others hear this leg no longer, or again. Raises ChannelGone, AsteriskDown, AsteriskSilent."""

    async def send_digits(self, leg_id: LegId, digits: str) -> None:
        """Play DTMF towards this leg. `digits` is [0-9*#A-D]+, never logged.

        Raises ChannelGone, AsteriskDown, AsteriskSilent.
        """

    def know(self, phones: Iterable[Phone]) -> None:
        """All the lines there are, before the node is asked to make them: their agents can be rung from now on.

        At each connect the node's other lines are deleted; none known at all: every line is left as it is.
        """

    async def provision(self, phone: Phone) -> None:
        """Create or replace the agent's SIP and web endpoints without a reload.

        Raises AsteriskDown, AsteriskSilent, OutsideError when the node refuses a value.
        """

    async def withdraw(self, phone: Phone) -> None:
        """Take both endpoints of a line away, their registrations and their places in the fallback queues.

        Not there is success; a talk under way goes on. Raises AsteriskDown, AsteriskSilent.
        """

    async def reclaim(self) -> int:
        """Bring callers who wait in the fallback queues back into the application; how many.

        Raises AsteriskDown, AsteriskSilent.
        """

    def events(self) -> AsyncIterator[SwitchEvent]:
        """What happens, in order, for as long as the adapter lives; re-connects by itself with back-off.

        After each (re-)connect SwitchConnected comes first, then an EndpointReached for every endpoint provisioned.
        """
