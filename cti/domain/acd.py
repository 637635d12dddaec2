"""The ACD: takes one event, decides, and returns facts and commands. The one entrance to the domain's rules.

Theory of operation. `Acd.handle` counts the event, finds its rule, and lets the rule record facts; each is folded
into the state at once, so that whatever is decided next sees it. When the rule is done, every idle pair the event
brought about is offered. Facts are what happened, to be journalled; commands are what is to be done outside, and
whatever comes of them comes back as an event. A rule that raises, be it `RuleError` or a bug, leaves the state as it
was; the event keeps its number.

Recovery never decides: it folds the journalled facts (`Acd.fold`), then an `EngineStarted` sets up timers and pops.
Called by the engine's loop, by replay and by the simulator. No clock, no I/O, no randomness here or below.
"""

from typing import assert_never

from msgspec import Struct

from cti.domain import arrivals, callbacks, deadlines, offers, presence, talks, waiting
from cti.domain.commands import Command
from cti.domain.events import (
    AgentBecameNotReady,
    AgentBecameReady,
    AgentEnrolled,
    AgentRemoved,
    AgentSignedIn,
    AgentSignedOut,
    CallbackRequested,
    ClockStepped,
    ContactArrived,
    ContactCancelled,
    ContactTakenBack,
    DesktopConnected,
    DesktopLost,
    DeviceChosen,
    EngineStarted,
    Event,
    HangUpRequested,
    HoldRequested,
    HoursSet,
    JoinFailed,
    LegAnswered,
    LegEnded,
    OfferAccepted,
    OfferRejected,
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
    SwitchLost,
    SwitchReturned,
    TimerFired,
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
            _decide(turn, event)
            for agent_id in turn.departed:
                waiting.release_kept(turn, agent_id)
            offers.offer_all(turn)
            waiting.settle(turn)
        except BaseException:
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


def _decide(turn: Turn, event: Event) -> None:  # noqa: C901 - one case an event, the frequent ones first
    match event:
        case ContactArrived():
            arrivals.contact_arrived(turn, event)
        case PopShown():
            offers.pop_shown(turn, event)
        case LegAnswered():
            talks.leg_answered(turn, event)
        case LegEnded():
            talks.leg_ended(turn, event)
        case WrapUpFinished():
            talks.wrap_up_finished(turn, event)
        case TimerFired():
            deadlines.timer_fired(turn, event)
        case RingFailed():
            if not callbacks.ring_failed(turn, event):
                offers.ring_failed(turn, event)
        case HangUpRequested():
            talks.hang_up_requested(turn, event)
        case OfferAccepted():
            offers.offer_accepted(turn, event)
        case OfferRejected():
            offers.offer_rejected(turn, event)
        case HoldRequested():
            talks.hold_requested(turn, event)
        case ResumeRequested():
            talks.resume_requested(turn, event)
        case RejoinRequested():
            talks.rejoin_requested(turn, event)
        case JoinFailed():
            talks.join_failed(turn, event)
        case ContactCancelled():
            arrivals.contact_cancelled(turn, event)
        case ContactTakenBack():
            arrivals.contact_taken_back(turn, event)
        case AgentBecameReady():
            presence.agent_became_ready(turn, event)
        case AgentBecameNotReady():
            presence.agent_became_not_ready(turn, event)
        case PhoneReachable():
            presence.phone_reachable(turn, event)
        case PhoneUnreachable():
            presence.phone_unreachable(turn, event)
        case DesktopConnected():
            presence.desktop_connected(turn, event)
        case DesktopLost():
            presence.desktop_lost(turn, event)
        case AgentSignedIn():
            presence.agent_signed_in(turn, event)
        case AgentSignedOut():
            presence.agent_signed_out(turn, event)
        case DeviceChosen():
            presence.device_chosen(turn, event)
        case SkillsChanged():
            presence.skills_changed(turn, event)
        case AgentEnrolled():
            presence.agent_enrolled(turn, event)
        case AgentRemoved():
            presence.agent_removed(turn, event)
        case QueueOpened():
            presence.queue_opened(turn, event)
        case QueueClosed():
            presence.queue_closed(turn, event)
        case ClockStepped():
            deadlines.clock_stepped(turn, event)
        case EngineStarted():
            turn.commands.extend(resume(turn.state, turn.now))
            turn.state.index.everything_is_fresh()
        case SwitchLost():
            presence.switch_lost(turn, event)
        case HoursSet():
            presence.hours_set(turn, event)
        case CallbackRequested():
            callbacks.requested(turn, event)
        case PriorityChanged():
            waiting.priority_changed(turn, event)
        case SwitchReturned():
            presence.switch_returned(turn, event)
        case _:
            assert_never(event)
