"""What happened: everything that can reach the `Acd`, in the past tense.

Made by the shell (`cti.asterisk.translate`, the web API, timers, the directory) and journalled as they stand; so they
hold ids and numbers of the system, never a caller's number, name, digits or words. A new field needs a default or a
new `VERSION` and a lift in `cti.engine.journal`.
"""

from typing import Final

from cti.domain.events.acts import (
    HangUpRequested,
    HoldRequested,
    OfferAccepted,
    OfferRejected,
    PopShown,
    RejoinRequested,
    ResumeRequested,
    WrapUpFinished,
)
from cti.domain.events.agents import (
    AgentBecameNotReady,
    AgentBecameReady,
    AgentSignedIn,
    AgentSignedOut,
    DesktopConnected,
    DesktopLost,
    DeviceChosen,
    LineAnswered,
    LineFailed,
    LineWanted,
    PhoneReachable,
    PhoneUnreachable,
)
from cti.domain.events.campaigns import (
    CampaignClosed,
    CampaignOpened,
    CampaignPaused,
    CampaignStarted,
    Lead,
    LeadsGiven,
    LeadsTakenBack,
    Retry,
)
from cti.domain.events.contacts import (
    CallbackMoved,
    CallbackRequested,
    ContactArrived,
    ContactCancelled,
    ContactTakenBack,
    MoveRequested,
    OutboundRequested,
    PriorityChanged,
)
from cti.domain.events.engine import ClockStepped, EngineStarted, SwitchLost, SwitchReturned, TimerFired
from cti.domain.events.legs import CalleeAnswered, CalleeFailed, JoinFailed, LegAnswered, LegEnded, RingFailed
from cti.domain.events.monitors import MonitorLeft, MonitorRequested
from cti.domain.events.parking import FetchRequested, ParkRequested
from cti.domain.events.setup import (
    AgentEnrolled,
    AgentRemoved,
    CallbackRule,
    HoursSet,
    OpenSpan,
    QueueClosed,
    QueueOpened,
    ServiceLevel,
    SkillLevel,
    SkillsChanged,
    Step,
    Weight,
)
from cti.domain.events.transfers import (
    ConferenceRequested,
    HandOverRequested,
    InviteRequested,
    PartyAnswered,
    PartyDropped,
    PartyFailed,
    SwapRequested,
    Target,
    TransferRequested,
)

__all__ = [
    "VERSION",
    "AgentBecameNotReady",
    "AgentBecameReady",
    "AgentEnrolled",
    "AgentRemoved",
    "AgentSignedIn",
    "AgentSignedOut",
    "CallbackMoved",
    "CallbackRequested",
    "CallbackRule",
    "CalleeAnswered",
    "CalleeFailed",
    "CampaignClosed",
    "CampaignOpened",
    "CampaignPaused",
    "CampaignStarted",
    "ClockStepped",
    "ConferenceRequested",
    "ContactArrived",
    "ContactCancelled",
    "ContactTakenBack",
    "DesktopConnected",
    "DesktopLost",
    "DeviceChosen",
    "EngineStarted",
    "Event",
    "FetchRequested",
    "HandOverRequested",
    "HangUpRequested",
    "HoldRequested",
    "HoursSet",
    "InviteRequested",
    "JoinFailed",
    "Lead",
    "LeadsGiven",
    "LeadsTakenBack",
    "LegAnswered",
    "LegEnded",
    "LineAnswered",
    "LineFailed",
    "LineWanted",
    "MonitorLeft",
    "MonitorRequested",
    "MoveRequested",
    "OfferAccepted",
    "OfferRejected",
    "OpenSpan",
    "OutboundRequested",
    "ParkRequested",
    "PartyAnswered",
    "PartyDropped",
    "PartyFailed",
    "PhoneReachable",
    "PhoneUnreachable",
    "PopShown",
    "PriorityChanged",
    "QueueClosed",
    "QueueOpened",
    "RejoinRequested",
    "ResumeRequested",
    "Retry",
    "RingFailed",
    "ServiceLevel",
    "SkillLevel",
    "SkillsChanged",
    "Step",
    "SwapRequested",
    "SwitchLost",
    "SwitchReturned",
    "Target",
    "TimerFired",
    "TransferRequested",
    "Weight",
    "WrapUpFinished",
]

VERSION: Final = 1

Event = (
    QueueOpened
    | QueueClosed
    | CampaignOpened
    | CampaignClosed
    | CampaignStarted
    | CampaignPaused
    | LeadsGiven
    | LeadsTakenBack
    | HoursSet
    | AgentEnrolled
    | AgentRemoved
    | SkillsChanged
    | AgentSignedIn
    | AgentSignedOut
    | DeviceChosen
    | AgentBecameReady
    | AgentBecameNotReady
    | LineWanted
    | LineAnswered
    | LineFailed
    | DesktopConnected
    | DesktopLost
    | PhoneReachable
    | PhoneUnreachable
    | ContactArrived
    | OutboundRequested
    | CallbackRequested
    | PriorityChanged
    | ContactCancelled
    | TransferRequested
    | ParkRequested
    | FetchRequested
    | InviteRequested
    | SwapRequested
    | ConferenceRequested
    | HandOverRequested
    | PartyDropped
    | PartyAnswered
    | PartyFailed
    | MonitorLeft
    | MonitorRequested
    | CallbackMoved
    | MoveRequested
    | ContactTakenBack
    | LegAnswered
    | LegEnded
    | RingFailed
    | CalleeAnswered
    | CalleeFailed
    | JoinFailed
    | PopShown
    | OfferAccepted
    | OfferRejected
    | HoldRequested
    | ResumeRequested
    | RejoinRequested
    | HangUpRequested
    | WrapUpFinished
    | TimerFired
    | ClockStepped
    | EngineStarted
    | SwitchLost
    | SwitchReturned
)
