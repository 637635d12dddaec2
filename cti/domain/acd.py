"""The ACD: takes one event, decides, and returns facts and commands. The one entrance to the domain's rules.

Theory of operation. `Acd.handle` counts the event, finds its rule, and lets the rule record facts; each is folded
into the state at once, so that whatever is decided next sees it. When the rule is done, every idle pair the event
brought about is offered. Facts are what happened, to be journalled; commands are what is to be done outside, and
whatever comes of them comes back as an event. A rule that raises, be it `RuleError` or a bug, leaves the state as it
was; the event keeps its number.

Recovery never decides: it folds the journalled facts (`Acd.fold`), then an `EngineStarted` sets up timers and pops.
Called by the engine's loop, by replay and by the simulator. No clock, no I/O, no randomness here or below.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from cti.domain import (
    arrivals,
    callbacks,
    campaigns,
    deadlines,
    dialling,
    lines,
    monitors,
    offers,
    outbound,
    parking,
    presence,
    talks,
    transfers,
    waiting,
)
from cti.domain.commands import Command
from cti.domain.events import (
    AgentBecameNotReady,
    AgentBecameReady,
    AgentEnrolled,
    AgentRemoved,
    AgentSignedIn,
    AgentSignedOut,
    CallbackMoved,
    CallbackRequested,
    CalleeAnswered,
    CalleeFailed,
    CampaignClosed,
    CampaignOpened,
    CampaignPaused,
    CampaignStarted,
    ClockStepped,
    ConferenceRequested,
    ContactArrived,
    ContactCancelled,
    ContactTakenBack,
    DesktopConnected,
    DesktopLost,
    DeviceChosen,
    EngineStarted,
    Event,
    FetchRequested,
    HandOverRequested,
    HangUpRequested,
    HoldRequested,
    HoursSet,
    InviteRequested,
    JoinFailed,
    LeadsGiven,
    LeadsTakenBack,
    LegAnswered,
    LegEnded,
    LineAnswered,
    LineFailed,
    LineWanted,
    MonitorLeft,
    MonitorRequested,
    MoveRequested,
    OfferAccepted,
    OfferRejected,
    OutboundRequested,
    ParkRequested,
    PartyAnswered,
    PartyDropped,
    PartyFailed,
    PhoneReachable,
    PhoneUnreachable,
    PopShown,
    PriorityChanged,
    QueueClosed,
    QueueOpened,
    RejoinRequested,
    ResumeRequested,
    RingFailed,
    SkillsChanged,
    SwapRequested,
    SwitchLost,
    SwitchReturned,
    TimerFired,
    TransferRequested,
    WrapUpFinished,
)
from cti.domain.facts import Fact
from cti.domain.ids import Milliseconds
from cti.domain.state import Snapshot, State, restore, snapshot
from cti.domain.turn import Turn

__all__ = ["Acd", "Decision", "Snapshot", "State", "restore", "resume", "snapshot"]

resume = deadlines.resume


class Decision(Struct, frozen=True, kw_only=True, gc=False):
    """What was decided on one event."""

    number: int
    """The event's number, from 1; refused events count too."""
    facts: tuple[Fact, ...]
    commands: tuple[Command, ...]


class Acd:
    """The distributor of every contact, on one state that nothing else writes."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state if state is not None else State()

    def handle(self, event: Event, now: Milliseconds) -> Decision:
        """Decide on the event at this instant, which must not lie before that of the event before.

        Raises `RuleError` when a rule forbids it (`NotFound`, `IllegalTransition` among them): the state is unchanged,
        but the event has its number, `state.number`. Any other exception is a bug, and changes nothing either.
        """
        state = self.state
        state.number += 1
        turn = Turn(state, number=state.number, now=now)
        try:
            RULES[type(event)](turn, event)
            if state.monitors:
                monitors.settle(turn)
            for agent_id in turn.departed:
                waiting.release_kept(turn, agent_id)
            offers.offer_all(turn)
            lines.settle(turn)
            dialling.pace(turn)
            waiting.settle(turn)
        except BaseException:  # refused, or a bug: all of the event or nothing
            state.rollback()
            raise
        state.commit()
        return Decision(number=turn.number, facts=tuple(turn.facts), commands=tuple(turn.commands))

    def fold(self, number: int, facts: tuple[Fact, ...]) -> None:
        """Recovery: take over what was decided on that event; no facts if it was refused."""
        for fact in facts:
            self.state.apply(fact)
        self.state.number = number
        self.state.commit()


def _ring_failed(turn: Turn, event: RingFailed) -> None:
    if not callbacks.ring_failed(turn, event):
        offers.ring_failed(turn, event)


def _party_answered(turn: Turn, event: PartyAnswered) -> None:
    (monitors.answered if event.leg_id in turn.state.monitors else transfers.party_answered)(turn, event)


def _party_failed(turn: Turn, event: PartyFailed) -> None:
    (monitors.failed if event.leg_id in turn.state.monitors else transfers.party_failed)(turn, event)


def _engine_started(turn: Turn, event: EngineStarted) -> None:
    del event
    campaigns.abandon_late(turn)
    turn.commands.extend(resume(turn.state, turn.now))
    turn.state.index.everything_is_fresh()


RULES: Final[Mapping[type[Event], Callable[[Turn, Any], None]]] = {
    ContactArrived: arrivals.contact_arrived,
    PopShown: offers.pop_shown,
    LegAnswered: talks.leg_answered,
    LegEnded: talks.leg_ended,
    WrapUpFinished: talks.wrap_up_finished,
    TimerFired: deadlines.timer_fired,
    RingFailed: _ring_failed,
    HangUpRequested: talks.hang_up_requested,
    OfferAccepted: offers.offer_accepted,
    OfferRejected: offers.offer_rejected,
    HoldRequested: talks.hold_requested,
    ResumeRequested: talks.resume_requested,
    RejoinRequested: talks.rejoin_requested,
    JoinFailed: talks.join_failed,
    ContactCancelled: arrivals.contact_cancelled,
    ContactTakenBack: arrivals.contact_taken_back,
    AgentBecameReady: presence.agent_became_ready,
    AgentBecameNotReady: presence.agent_became_not_ready,
    PhoneReachable: presence.phone_reachable,
    PhoneUnreachable: presence.phone_unreachable,
    DesktopConnected: presence.desktop_connected,
    DesktopLost: presence.desktop_lost,
    AgentSignedIn: presence.agent_signed_in,
    AgentSignedOut: presence.agent_signed_out,
    DeviceChosen: presence.device_chosen,
    SkillsChanged: presence.skills_changed,
    AgentEnrolled: presence.agent_enrolled,
    AgentRemoved: presence.agent_removed,
    QueueOpened: presence.queue_opened,
    QueueClosed: presence.queue_closed,
    ClockStepped: deadlines.clock_stepped,
    EngineStarted: _engine_started,
    SwitchLost: presence.switch_lost,
    HoursSet: presence.hours_set,
    CallbackRequested: callbacks.requested,
    CallbackMoved: arrivals.callback_moved,
    MoveRequested: arrivals.move_requested,
    OutboundRequested: outbound.requested,
    LineWanted: lines.wanted,
    LineAnswered: lines.answered,
    LineFailed: lines.failed,
    CalleeAnswered: campaigns.callee_answered,
    CalleeFailed: campaigns.callee_failed,
    LeadsGiven: campaigns.leads_given,
    LeadsTakenBack: campaigns.leads_taken_back,
    CampaignOpened: campaigns.opened,
    CampaignClosed: campaigns.closed,
    CampaignStarted: campaigns.started,
    CampaignPaused: campaigns.paused,
    PriorityChanged: waiting.priority_changed,
    TransferRequested: transfers.transfer_requested,
    InviteRequested: transfers.invite_requested,
    SwapRequested: transfers.swap_requested,
    ConferenceRequested: transfers.conference_requested,
    HandOverRequested: transfers.hand_over_requested,
    PartyDropped: transfers.party_dropped,
    PartyAnswered: _party_answered,
    PartyFailed: _party_failed,
    MonitorRequested: monitors.requested,
    MonitorLeft: monitors.left,
    ParkRequested: parking.requested,
    FetchRequested: parking.fetch_requested,
    SwitchReturned: presence.switch_returned,
}
"""What decides on each kind of event; a test keeps it whole."""
