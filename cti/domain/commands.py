"""What is to be done outside: the `Acd` decides them, `cti.engine.dispatch` has them done.

Each can be compared with or repeated on the switch, so each goes out at once; the ids in them make a second execution
harmless. What somebody outside hears of is `Irrevocable` and waits for the journal's flush. What else cannot be taken
back (acknowledging a mail, answering an API call) is no command: its caller waits. A command that fails comes back as
an event.
"""

from msgspec import Struct

from cti.domain.ids import (
    AgentId,
    AssignmentId,
    BridgeId,
    CampaignId,
    ContactId,
    DestinationId,
    Device,
    DialId,
    LeadId,
    LegId,
    Milliseconds,
    NodeId,
    QueueId,
    TimerId,
)


class ShowPop(Struct, frozen=True, kw_only=True, gc=False):
    """Show the card of this contact with the offer."""

    assignment_id: AssignmentId
    agent_id: AgentId
    contact_id: ContactId


class ClosePop(Struct, frozen=True, kw_only=True, gc=False):
    """The offer is over; the card goes away."""

    assignment_id: AssignmentId
    agent_id: AgentId


class RingAgent(Struct, frozen=True, kw_only=True, gc=False):
    """Make a leg with this id to the agent's device and hand it to us when answered."""

    assignment_id: AssignmentId
    agent_id: AgentId
    contact_id: ContactId
    leg_id: LegId
    node: NodeId
    device: Device
    limit_ms: Milliseconds


class EndLeg(Struct, frozen=True, kw_only=True, gc=False):
    """Hang this leg up, ringing or answered; gone already is success."""

    leg_id: LegId
    node: NodeId


class JoinLegs(Struct, frozen=True, kw_only=True, gc=False):
    """Put both legs into the talk's bridge, made if absent; music on either stops."""

    contact_id: ContactId
    assignment_id: AssignmentId
    bridge_id: BridgeId
    node: NodeId
    caller_leg: LegId
    agent_leg: LegId


class HoldLeg(Struct, frozen=True, kw_only=True, gc=False):
    """Take the caller's leg out of the talk's bridge and play it the queue's music."""

    leg_id: LegId
    bridge_id: BridgeId
    node: NodeId
    queue_id: QueueId


class PlayMusic(Struct, frozen=True, kw_only=True, gc=False):
    """The caller waits (again): music of this queue. Already playing is success."""

    leg_id: LegId
    node: NodeId
    queue_id: QueueId


class Announce(Struct, frozen=True, kw_only=True, gc=False):
    """Tell a waiting caller where he stands, then let the music go on. What is None is not said."""

    contact_id: ContactId
    leg_id: LegId
    node: NodeId
    queue_id: QueueId
    position: int | None
    """From 1."""
    expected_ms: Milliseconds | None
    offer_callback: bool = False
    """Say by which key he is called back instead of waiting."""


class SendAway(Struct, frozen=True, kw_only=True, gc=False):
    """The call leaves the ACD: hand the leg to the dialplan at this destination of the centre file."""

    contact_id: ContactId
    leg_id: LegId
    node: NodeId
    destination: DestinationId


class AskCaller(Struct, frozen=True, kw_only=True, gc=False):
    """The talk is over for the agent, and the caller is still there: hand the leg to the dialplan, which asks him."""

    contact_id: ContactId
    agent_id: AgentId
    queue_id: QueueId
    leg_id: LegId
    node: NodeId
    bridge_id: BridgeId
    """In which he talked."""


class PromiseCallback(Struct, frozen=True, kw_only=True, gc=False):
    """Tell the caller that he will be called back, and end his leg."""

    contact_id: ContactId
    leg_id: LegId
    node: NodeId


class DialCustomer(Struct, frozen=True, kw_only=True, gc=False):
    """Dial the contact's customer on the trunk with this leg, and hand it to us when answered.

    Meanwhile the agent's leg hears ringing. Told as LegAnswered or RingFailed with this assignment and this leg.
    """

    assignment_id: AssignmentId
    contact_id: ContactId
    leg_id: LegId
    agent_leg: LegId
    node: NodeId
    limit_ms: Milliseconds


class RingLine(Struct, frozen=True, kw_only=True, gc=False):
    """Make a leg with this id to the agent's device for a line that is kept up, and hand it to us when answered.

    Told as LineAnswered or LineFailed.
    """

    agent_id: AgentId
    leg_id: LegId
    node: NodeId
    device: Device
    limit_ms: Milliseconds


class QuietLine(Struct, frozen=True, kw_only=True, gc=False):
    """The agent's line waits for the next call: out of the bridge of the last, if it is in it, and silence."""

    leg_id: LegId
    node: NodeId
    bridge_id: BridgeId | None


class DialLead(Struct, frozen=True, kw_only=True, gc=False):
    """Dial this lead on the trunk with this leg, and hand it to us when answered: CalleeAnswered or CalleeFailed."""

    dial_id: DialId
    campaign_id: CampaignId
    lead_id: LeadId
    leg_id: LegId
    node: NodeId
    limit_ms: Milliseconds


class DetectMachine(Struct, frozen=True, kw_only=True, gc=False):
    """Listen whether an answered callee is a machine: CalleeAnswered again with `machine`, or his LegEnded."""

    dial_id: DialId
    leg_id: LegId
    node: NodeId


class Apologise(Struct, frozen=True, kw_only=True, gc=False):
    """No agent for this callee: hand the leg to the dialplan, which says the campaign's message and hangs up."""

    campaign_id: CampaignId
    leg_id: LegId
    node: NodeId


class RingParty(Struct, frozen=True, kw_only=True, gc=False):
    """Make a leg with this id to a person's phone, or to an outside number that the tables have under the leg's id.

    Told as PartyAnswered or PartyFailed.
    """

    leg_id: LegId
    contact_id: ContactId
    agent_id: AgentId | None
    device: Device | None
    heard_by: LegId | None
    """Which leg leaves its talk's bridge, and hears it ring."""
    bridge_id: BridgeId
    """That bridge."""
    node: NodeId
    limit_ms: Milliseconds


class JoinParty(Struct, frozen=True, kw_only=True, gc=False):
    """Put these legs into this bridge, made if absent, out of any other; music on them stops."""

    contact_id: ContactId
    bridge_id: BridgeId
    node: NodeId
    legs: tuple[LegId, ...]


class Overhear(Struct, frozen=True, kw_only=True, gc=False):
    """Have a supervisor's leg hear an agent's, both ways, in a bridge of its own; nobody, or the agent alone, hears it.

    Another ear that he has is taken away first. Made already, he is put to it again.
    """

    leg_id: LegId
    """His."""
    spied: LegId
    snoop: LegId
    """The ear that is made."""
    instead_of: LegId | None
    """The one before."""
    whispering: bool
    """The agent hears him."""
    bridge_id: BridgeId
    node: NodeId


class KeepSound(Struct, frozen=True, kw_only=True, gc=False):
    """Send silence to an agent's leg that hears nothing: who speaks into an ear is heard only in what is sent to it.

    Ends as the leg is joined to somebody. Sent already is success.
    """

    leg_id: LegId
    node: NodeId


class DropBridge(Struct, frozen=True, kw_only=True, gc=False):
    """The talk is over; the bridge goes. Gone already is success."""

    bridge_id: BridgeId
    node: NodeId


class SetFallback(Struct, frozen=True, kw_only=True, gc=False):
    """Keep the agent in, or out of, the static queues that serve while the engine is away."""

    agent_id: AgentId
    device: Device
    queue_ids: tuple[QueueId, ...]
    available: bool


class StartTimer(Struct, frozen=True, kw_only=True, gc=False):
    """Send TimerFired with this id at or after that instant; the same id again replaces it."""

    timer_id: TimerId
    at_ms: Milliseconds


class StopTimer(Struct, frozen=True, kw_only=True, gc=False):
    """Forget it; unknown is success."""

    timer_id: TimerId


SwitchCommand = (
    RingAgent
    | EndLeg
    | JoinLegs
    | HoldLeg
    | PlayMusic
    | Announce
    | SendAway
    | AskCaller
    | PromiseCallback
    | DialCustomer
    | RingLine
    | QuietLine
    | DialLead
    | DetectMachine
    | Apologise
    | DropBridge
    | RingParty
    | JoinParty
    | Overhear
    | KeepSound
    | SetFallback
)
Irrevocable = DialCustomer | DialLead | RingParty
"""What cannot be taken back, as somebody outside hears of it: done only when its decision is on disk."""
DesktopCommand = ShowPop | ClosePop
TimerCommand = StartTimer | StopTimer
Command = SwitchCommand | DesktopCommand | TimerCommand
