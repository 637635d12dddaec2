"""What was decided: the only things that change state. `cti.domain.state` folds them; nothing else may.

A fact holds all that folding needs, so recovery never decides again. Facts are journalled beside their event and are
what history, wallboards and reports are built from.
"""

from cti.domain.facts.agents import (
    AgentSkipped,
    DeviceSet,
    LineDown,
    LineRung,
    LineUp,
    LineWish,
    ReachChanged,
    ReadinessChanged,
    SignOutDeferred,
)
from cti.domain.facts.assignments import (
    ASKED,
    OUT_OF_ORDER,
    RESERVED,
    TRANSFERRED,
    AgentLegLost,
    AgentRung,
    AssignmentClosed,
    AssignmentHeld,
    AssignmentOffered,
    AssignmentPaused,
    AssignmentResumed,
    AssignmentStarted,
    AssignmentUnpaused,
    OfferEnded,
    PopConfirmed,
    RingEnded,
    Terms,
    Why,
    WrapUpStarted,
)
from cti.domain.facts.callbacks import (
    CallbackAccepted,
    CallbackOffered,
    CallbackPostponed,
    CustomerMissed,
    CustomerReached,
    CustomerRung,
)
from cti.domain.facts.campaigns import (
    AgentReserved,
    AttemptEnded,
    CalleeQueued,
    CampaignConfigured,
    CampaignSwitched,
    DialAnswered,
    DialGivenUp,
    LeadDialled,
    LeadsDropped,
    LeadShown,
    LeadsQueued,
    WindowBegun,
)
from cti.domain.facts.contacts import (
    ContactClosed,
    ContactMoved,
    ContactQueued,
    ContactRequeued,
    ContactUrged,
    PriorityGiven,
    StepTaken,
    WaitPlanned,
)
from cti.domain.facts.engine import ClockShifted, NodeLost, NodeReturned
from cti.domain.facts.monitors import MonitorCameIn, MonitorEnded, MonitorMoved, MonitorRung, MonitorWished
from cti.domain.facts.parking import ContactFetched, ContactParked
from cti.domain.facts.parties import HandedOver, PartyEnded, PartyInvited, PartyMoved
from cti.domain.facts.setup import AgentConfigured, HoursConfigured, QueueConfigured

__all__ = [
    "ASKED",
    "OUT_OF_ORDER",
    "RESERVED",
    "TRANSFERRED",
    "AgentConfigured",
    "AgentLegLost",
    "AgentReserved",
    "AgentRung",
    "AgentSkipped",
    "AssignmentClosed",
    "AssignmentHeld",
    "AssignmentOffered",
    "AssignmentPaused",
    "AssignmentResumed",
    "AssignmentStarted",
    "AssignmentUnpaused",
    "AttemptEnded",
    "CallbackAccepted",
    "CallbackOffered",
    "CallbackPostponed",
    "CalleeQueued",
    "CampaignConfigured",
    "CampaignSwitched",
    "ClockShifted",
    "ContactClosed",
    "ContactFetched",
    "ContactMoved",
    "ContactParked",
    "ContactQueued",
    "ContactRequeued",
    "ContactUrged",
    "CustomerMissed",
    "CustomerReached",
    "CustomerRung",
    "DeviceSet",
    "DialAnswered",
    "DialGivenUp",
    "Fact",
    "HandedOver",
    "HoursConfigured",
    "LeadDialled",
    "LeadShown",
    "LeadsDropped",
    "LeadsQueued",
    "LineDown",
    "LineRung",
    "LineUp",
    "LineWish",
    "MonitorCameIn",
    "MonitorEnded",
    "MonitorMoved",
    "MonitorRung",
    "MonitorWished",
    "NodeLost",
    "NodeReturned",
    "OfferEnded",
    "PartyEnded",
    "PartyInvited",
    "PartyMoved",
    "PopConfirmed",
    "PriorityGiven",
    "QueueConfigured",
    "ReachChanged",
    "ReadinessChanged",
    "RingEnded",
    "SignOutDeferred",
    "StepTaken",
    "Terms",
    "WaitPlanned",
    "Why",
    "WindowBegun",
    "WrapUpStarted",
]

Fact = (
    QueueConfigured
    | AgentConfigured
    | HoursConfigured
    | ReadinessChanged
    | DeviceSet
    | ReachChanged
    | AgentSkipped
    | SignOutDeferred
    | ContactQueued
    | WaitPlanned
    | StepTaken
    | ContactUrged
    | ContactMoved
    | PriorityGiven
    | CallbackOffered
    | CallbackAccepted
    | CustomerRung
    | CustomerReached
    | CustomerMissed
    | CallbackPostponed
    | AssignmentOffered
    | PopConfirmed
    | AgentRung
    | AssignmentStarted
    | AssignmentHeld
    | AssignmentResumed
    | AssignmentPaused
    | AssignmentUnpaused
    | AgentLegLost
    | RingEnded
    | OfferEnded
    | ContactRequeued
    | WrapUpStarted
    | PartyInvited
    | PartyMoved
    | PartyEnded
    | MonitorCameIn
    | MonitorEnded
    | MonitorMoved
    | MonitorRung
    | MonitorWished
    | HandedOver
    | ContactParked
    | ContactFetched
    | AssignmentClosed
    | ContactClosed
    | LineWish
    | LineRung
    | LineUp
    | LineDown
    | CampaignConfigured
    | CampaignSwitched
    | WindowBegun
    | LeadsQueued
    | LeadsDropped
    | AgentReserved
    | LeadDialled
    | LeadShown
    | DialAnswered
    | DialGivenUp
    | CalleeQueued
    | AttemptEnded
    | NodeLost
    | NodeReturned
    | ClockShifted
)
