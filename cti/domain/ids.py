"""Identifiers and the small closed vocabularies that every other module of the domain speaks.

All ids are strings: they travel to Asterisk, the journal and the browser as they are. The `Acd` makes contact,
assignment and timer ids from the number of the event it handles, so a replay makes the same ones.
"""

from enum import StrEnum
from typing import Final, NewType

ContactId = NewType("ContactId", str)
"""`c<event number>`, or `c<event number>-<k>` for the k-th further contact made by one event."""
AssignmentId = NewType("AssignmentId", str)
"""`a<event number>`, or `a<event number>-<k>` for the k-th further offer decided by one event."""
AgentId = NewType("AgentId", str)
"""The directory's id of the person, `u<row>`."""
QueueId = NewType("QueueId", str)
"""The queue's key in the centre file."""
ProjectId = NewType("ProjectId", str)
SkillId = NewType("SkillId", str)
SiteId = NewType("SiteId", str)
HoursId = NewType("HoursId", str)
"""The key of opening hours in the centre file."""
DestinationId = NewType("DestinationId", str)
"""The key of a place outside the ACD in the centre file: a number or a voicemail box. Never the number itself."""
DispositionId = NewType("DispositionId", str)
CampaignId = NewType("CampaignId", str)
"""The campaign's key in the centre file."""
LeadId = NewType("LeadId", str)
"""The database's id of an entry of a campaign's list, `l<row>`."""
DialId = NewType("DialId", str)
"""`d<event number>`, or `d<event number>-<k>` for the k-th further number dialled by one event."""
ReasonId = NewType("ReasonId", str)
"""Why an agent is not ready: a key of the centre file, or one of the system's own (`NO_ANSWER`, `PHONE_LOST`, …)."""
LegId = NewType("LegId", str)
"""The Asterisk channel's id; unique over all nodes, since each node's `systemname` prefixes its own."""
BridgeId = NewType("BridgeId", str)
NodeId = NewType("NodeId", str)
"""The Asterisk node that holds a leg or bridge."""
TimerId = NewType("TimerId", str)
"""`<kind>:<assignment id>`, or `<kind>:<agent id>`; see `TimerKind`."""

Milliseconds = int
"""Instants are Unix time in ms from a clock that never goes back; spans are ms."""

SYSTEM_ABANDONED: Final = DispositionId("abandoned")
SYSTEM_AGENT_LOST: Final = DispositionId("agent_lost")
SYSTEM_ENGINE_LOST: Final = DispositionId("engine_lost")
SYSTEM_WRAP_UP_EXPIRED: Final = DispositionId("wrap_up_expired")
SYSTEM_CANCELLED: Final = DispositionId("cancelled")
SYSTEM_TAKEN_BACK: Final = DispositionId("taken_back")
SYSTEM_OVERFLOWED: Final = DispositionId("overflowed")
"""Its queue sent it to a place outside the ACD."""
SYSTEM_CALLBACK_FAILED: Final = DispositionId("callback_failed")
"""Every attempt to call back came to nothing."""
SYSTEM_NOT_REACHED: Final = DispositionId("not_reached")
"""One attempt to call back came to nothing; the contact waits for the next."""
SYSTEM_DUPLICATE: Final = DispositionId("duplicate")
"""The same customer's request stands already."""
SYSTEM_NO_AGENT: Final = DispositionId("no_agent")
"""A campaign's callee answered, and no agent had him in time."""
SYSTEM_SKIPPED: Final = DispositionId("skipped")
"""The agent looked at a campaign's lead and did not call."""
SYSTEM_TRANSFERRED: Final = DispositionId("transferred")
SYSTEM_SWITCH_LOST: Final = DispositionId("switch_lost")
"""The node died under a caller who had nobody yet."""
"""It went on outside the ACD: with a colleague, at an outside number, in a menu."""
SYSTEM_DISPOSITIONS: Final = (
    SYSTEM_ABANDONED,
    SYSTEM_AGENT_LOST,
    SYSTEM_ENGINE_LOST,
    SYSTEM_WRAP_UP_EXPIRED,
    SYSTEM_CANCELLED,
    SYSTEM_TAKEN_BACK,
    SYSTEM_OVERFLOWED,
    SYSTEM_CALLBACK_FAILED,
    SYSTEM_NOT_REACHED,
    SYSTEM_DUPLICATE,
    SYSTEM_NO_AGENT,
    SYSTEM_SKIPPED,
    SYSTEM_TRANSFERRED,
    SYSTEM_SWITCH_LOST,
)
"""The system's own codes; a person's code comes from the project."""

REASON_NO_ANSWER: Final = ReasonId("no_answer")
REASON_REJECTED: Final = ReasonId("rejected")
REASON_PHONE_LOST: Final = ReasonId("phone_lost")
REASON_DESKTOP_LOST: Final = ReasonId("desktop_lost")
REASON_SIGNED_IN: Final = ReasonId("signed_in")
REASON_REMOVED: Final = ReasonId("removed")
REASON_TAKEN_BACK: Final = ReasonId("taken_back")


class Word(StrEnum):
    """A word of a closed vocabulary; hashed as the string that it equals, since an enumeration's own hash is slow."""

    __hash__ = str.__hash__


class Medium(Word):
    """The means on which a contact came."""

    VOICE = "voice"
    CALLBACK = "callback"
    EMAIL = "email"
    CHAT = "chat"
    SMS = "sms"
    FAX = "fax"
    SOCIAL = "social"
    TASK = "task"
    VOICEMAIL = "voicemail"
    """A message that a caller left in a box."""


class Device(Word):
    """Which of an agent's phones is to ring."""

    SIP = "sip"
    WEB = "web"
    DESK = "desk"
    """A desk phone of the centre's, at which he has logged in."""


class Readiness(Word):
    """Whether an agent takes contacts."""

    OFFLINE = "offline"
    NOT_READY = "not_ready"
    READY = "ready"


class Announcement(Word):
    """What a waiting caller is told."""

    POSITION = "position"
    EXPECTED_WAIT = "expected_wait"
    """Only while the estimate is good enough; else it is left out."""


class LegCause(Word):
    """Why a leg ended or a ring failed; `cti.asterisk.causes` maps Q.850 and SIP onto these."""

    NORMAL = "normal"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    NO_SUCH_NUMBER = "no_such_number"
    CONGESTION = "congestion"
    LOST = "lost"
    """The media, the registration or the node went away; or two listings in a row lacked the leg."""


class OfferOutcome(Word):
    """How an offer came to nothing."""

    TIMED_OUT = "timed_out"
    REJECTED = "rejected"
    RESCINDED = "rescinded"
    """Taken back: the customer or the agent left, or a supervisor said so."""
    FAILED = "failed"
    """The phone could not be rung, or the switch was away."""


class CampaignMode(Word):
    """How a campaign's numbers are dialled."""

    PREVIEW = "preview"
    """An agent sees the lead first, and has it dialled."""
    PROGRESSIVE = "progressive"
    """One number for each reserved agent."""
    PREDICTIVE = "predictive"
    """As many as the pacer says, under the cap on abandoned calls."""


class DialResult(Word):
    """What came of one attempt to reach a lead."""

    CONNECTED = "connected"
    """An agent had him, or the preview's customer answered."""
    ABANDONED = "abandoned"
    """He answered, and no agent had him in time; or he hung up while he waited."""
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    NO_SUCH_NUMBER = "no_such_number"
    CONGESTION = "congestion"
    MACHINE = "machine"
    LOST = "lost"
    """Nobody knows: the switch was away."""
    GIVEN_UP = "given_up"
    """We hung up before he could answer, to keep to the cap."""
    SKIPPED = "skipped"
    """The agent did not want to call."""


class TargetKind(Word):
    """Whither a talk is transferred."""

    AGENT = "agent"
    """A person with a phone of ours, signed in or not."""
    NUMBER = "number"
    """A number outside; which one stands in the tables, never in the journal."""
    QUEUE = "queue"
    DESTINATION = "destination"
    """A place of the dialplan: a menu, a voicemail box."""


class PartyEnd(Word):
    """How somebody who was asked into a talk left it."""

    MISSED = "missed"
    """He did not answer, or could not be rung."""
    DROPPED = "dropped"
    """The agent who asked him took it back, or parted from him."""
    LEFT = "left"
    """He hung up."""
    LOST = "lost"
    """His leg was lost."""
    TOOK_OVER = "took_over"
    """The talk is his now, as an assignment of his own."""
    OVER = "over"
    """The customer is gone."""


class MonitorMode(Word):
    """What a supervisor wants of a talk that is not his."""

    LISTEN = "listen"
    """He hears both; nobody hears him."""
    COACH = "coach"
    """Besides, the agent hears him, and the customer does not."""
    BARGE = "barge"
    """All hear each other."""
    TAKE_OVER = "take_over"
    """The customer is his, and the agent is free for his wrap-up."""


class MonitorEnd(Word):
    """How a supervisor ceased to listen to a talk."""

    MISSED = "missed"
    """His phone was not answered, or could not be rung."""
    LEFT = "left"
    """He went, hung up, or was removed."""
    LOST = "lost"
    """His leg was lost, or what he heard the talk by."""
    OVER = "over"
    """The talk is over, or its agent is in it no more."""


class EndedBy(Word):
    """Who ended a talk or the work on a contact."""

    CUSTOMER = "customer"
    AGENT = "agent"
    LOST = "lost"
    """Nobody: the customer's leg was lost."""
    UNREACHED = "unreached"
    """Nobody: the customer whom we called was not reached."""
    TRANSFERRED = "transferred"
    """Nobody yet: the agent handed the talk over, and it goes on."""


class TimerKind(Word):
    """What a deadline is for; the part of a timer's id before the colon."""

    POP = "pop"
    RING = "ring"
    LEASE = "lease"
    REJOIN = "rejoin"
    WRAP_UP = "wrap_up"
    GRACE = "grace"
    """How long a ready agent without desktop, or without a phone, stays ready."""
    DESK = "desk"
    """How long an agent without desktop keeps what he works on there."""
    STEP = "step"
    """When something is next to be done for a waiting contact: a step, the end of its hold-for or sleep, urgency."""
    LINE = "line"
    """How long an agent's phone is rung for a line that is kept up."""
    DIAL = "dial"
    """How long a lead's phone is rung, and how long he waits once he has answered."""
    PARTY = "party"
    """How long somebody who is asked into a talk, or is to listen to one, is rung."""
    PARK = "park"
    """How long a caller stays parked before somebody must have him."""
    SKIP = "skip"
    """How long an agent is offered nothing, because his phone could not be rung just now."""
