"""Every event, met in every state of a call, of a mail that a call may interrupt, and of a call back to a customer."""

from collections.abc import Callable

import pytest

from cti.domain.acd import snapshot
from cti.domain.capacity import Capacity, Interrupt, Share
from cti.domain.events import (
    CallbackMoved,
    CallbackRequested,
    CallbackRule,
    ContactCancelled,
    ContactTakenBack,
    Event,
    FetchRequested,
    HangUpRequested,
    HoldRequested,
    JoinFailed,
    LegAnswered,
    LegEnded,
    MonitorLeft,
    MonitorRequested,
    MoveRequested,
    OfferAccepted,
    OfferRejected,
    ParkRequested,
    PopShown,
    PriorityChanged,
    RejoinRequested,
    ResumeRequested,
    RingFailed,
    Step,
    TimerFired,
    WrapUpFinished,
)
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    ContactId,
    Device,
    DispositionId,
    LegCause,
    LegId,
    Medium,
    MonitorMode,
    QueueId,
    TimerId,
    TimerKind,
)
from cti.errors import RuleError
from cti.testing import NODE, Scenario, caller_leg
from cti.variables import CUSTOMER_LEG_PREFIX

MAILS_GIVE_WAY = Capacity(
    shares=tuple(Share(medium=medium, limit=1, cost=100) for medium in Medium),
    interrupts=(Interrupt(by=Medium.VOICE, pauses=Medium.EMAIL),),
)

SUE = AgentId("sue")
"""A supervisor on a break."""

Situations = dict[str, Callable[[Scenario], None]]


def _steps(*acts: Callable[[Scenario], None]) -> Callable[[Scenario], None]:
    def told(day: Scenario) -> None:
        for act in acts:
            act(day)

    return told


_CALL: list[Callable[[Scenario], None]] = [
    lambda day: day.call("c1"),
    lambda day: day.pop_shown("ann"),
    lambda day: day.answers("ann"),
]
_MAIL: list[Callable[[Scenario], None]] = [
    lambda day: day.task("c1", medium=Medium.EMAIL),
    lambda day: day.accepts("ann"),
    lambda day: day.hangs_up("ann"),
]
_CALLBACK: list[Callable[[Scenario], None]] = [
    lambda day: day.task("c1", medium=Medium.CALLBACK),
    lambda day: day.picks_up("ann"),
    lambda day: day.customer_answers("ann"),
]
SITUATIONS: dict[str, Situations] = {
    "call": {
        "offered": _steps(*_CALL[:1]),
        "ringing": _steps(*_CALL[:2]),
        "active": _steps(*_CALL),
        "held": _steps(*_CALL, lambda day: day.holds("ann")),
        "rejoining": _steps(*_CALL, lambda day: day.agent_leg_ends("ann")),
        "wrap_up": _steps(*_CALL, lambda day: day.caller_hangs_up("c1")),
        "closed": _steps(*_CALL, lambda day: day.caller_hangs_up("c1"), lambda day: day.wraps_up("ann")),
        "parked": _steps(*_CALL, lambda day: day.parks("ann")),
    },
    "mail": {
        "offered": _steps(*_MAIL[:1]),
        "active": _steps(*_MAIL[:2]),
        "paused": _steps(*_MAIL[:2], lambda day: day.call("c2")),
        "wrap_up": _steps(*_MAIL),
        "closed": _steps(*_MAIL, lambda day: day.wraps_up("ann")),
    },
    "callback": {
        "offered": _steps(*_CALLBACK[:1]),
        "ringing": _steps(*_CALLBACK[:1], lambda day: day.pop_shown("ann")),
        "dialling": _steps(*_CALLBACK[:2]),
        "talking": _steps(*_CALLBACK),
        "held": _steps(*_CALLBACK, lambda day: day.holds("ann")),
        "rejoining": _steps(*_CALLBACK, lambda day: day.agent_leg_ends("ann")),
        "wrap_up": _steps(*_CALLBACK, lambda day: day.customer_hangs_up("ann")),
        "asleep": _steps(*_CALLBACK[:2], lambda day: day.customer_fails("ann")),
    },
}


class Names:
    """The ids by which an event may speak of the contact."""

    def __init__(self, number: int, kind: str) -> None:
        self.held = AssignmentId(f"a{number}")
        self.contact = ContactId(f"c{number}")
        self.leg = LegId(f"leg-{self.held}-1")
        self.customer = caller_leg("c1") if kind == "call" else LegId(f"{CUSTOMER_LEG_PREFIX}{self.held}")


def _timer(kind: TimerKind) -> Callable[[Names], Event]:
    return lambda of: TimerFired(
        timer_id=TimerId(f"{kind}:{of.contact if kind in (TimerKind.STEP, TimerKind.PARK) else of.held}")
    )


EVENTS: dict[str, Callable[[Names], Event]] = {
    "PopShown": lambda of: PopShown(assignment_id=of.held),
    "OfferAccepted": lambda of: OfferAccepted(assignment_id=of.held),
    "OfferRejected": lambda of: OfferRejected(assignment_id=of.held),
    "agent's LegAnswered": lambda of: LegAnswered(assignment_id=of.held, leg_id=of.leg, node=NODE),
    "customer's LegAnswered": lambda of: LegAnswered(assignment_id=of.held, leg_id=of.customer, node=NODE),
    "agent's RingFailed": lambda of: RingFailed(assignment_id=of.held, leg_id=of.leg, cause=LegCause.NO_ANSWER),
    "customer's RingFailed": lambda of: RingFailed(assignment_id=of.held, leg_id=of.customer, cause=LegCause.BUSY),
    "JoinFailed": lambda of: JoinFailed(contact_id=of.contact, assignment_id=of.held),
    "HoldRequested": lambda of: HoldRequested(assignment_id=of.held),
    "ResumeRequested": lambda of: ResumeRequested(assignment_id=of.held),
    "RejoinRequested": lambda of: RejoinRequested(assignment_id=of.held),
    "HangUpRequested": lambda of: HangUpRequested(assignment_id=of.held),
    "WrapUpFinished": lambda of: WrapUpFinished(assignment_id=of.held, disposition=DispositionId("solved")),
    "ContactCancelled": lambda of: ContactCancelled(contact_id=of.contact),
    "CallbackMoved": lambda of: CallbackMoved(contact_id=of.contact, not_before_ms=9_999_999),
    "MoveRequested": lambda of: MoveRequested(contact_id=of.contact, queue_id=QueueId("sales")),
    "ContactTakenBack": lambda of: ContactTakenBack(contact_id=of.contact),
    "PriorityChanged": lambda of: PriorityChanged(contact_id=of.contact, priority=3),
    "CallbackRequested": lambda of: CallbackRequested(leg_id=of.customer),
    "ParkRequested": lambda of: ParkRequested(assignment_id=of.held),
    "FetchRequested": lambda of: FetchRequested(contact_id=of.contact, agent_id=SUE),
    "MonitorRequested": lambda of: MonitorRequested(contact_id=of.contact, agent_id=SUE, mode=MonitorMode.LISTEN),
    "MonitorLeft": lambda of: MonitorLeft(agent_id=SUE),
    "customer's LegEnded": lambda of: LegEnded(leg_id=of.customer, cause=LegCause.NORMAL),
    "agent's LegEnded": lambda of: LegEnded(leg_id=of.leg, cause=LegCause.NORMAL),
    **{f"an early {kind} timer": _timer(kind) for kind in TimerKind},
}
ANSWERS: dict[str, dict[str, str]] = {
    # offered ringing active held rejoining wrap_up closed parked
    "call": {
        "PopShown": "fnnnnnnn",
        "OfferAccepted": "rrrrrrrr",
        "OfferRejected": "ffrrrrrr",
        "agent's LegAnswered": "cfcncccc",
        "customer's LegAnswered": "nncnnccc",
        "agent's RingFailed": "nfnnnnnn",
        "customer's RingFailed": "nnnnnnnn",
        "JoinFailed": "nnffnnnn",
        "HoldRequested": "rrfrrrrr",
        "ResumeRequested": "rrrfrrrr",
        "RejoinRequested": "rrfffrrr",
        "HangUpRequested": "fffffrrr",
        "WrapUpFinished": "rrrrrfrf",
        "ContactCancelled": "fffffrrf",
        "CallbackMoved": "rrrrrrrr",
        "MoveRequested": "ffrrrrrr",
        "ContactTakenBack": "rrrrrrrr",
        "PriorityChanged": "ffffffrf",
        "CallbackRequested": "nnnnnnnn",
        "ParkRequested": "rrffrrrr",
        "FetchRequested": "rrrrrrrf",
        "MonitorRequested": "rrffrrrr",
        "MonitorLeft": "nnnnnnnn",
        "customer's LegEnded": "fffffnnf",
        "agent's LegEnded": "nfffnnnn",
        "an early pop timer": "cnnnnnnn",
        "an early ring timer": "ncnnnnnn",
        "an early lease timer": "nnnnnnnn",
        "an early rejoin timer": "nnnncnnn",
        "an early wrap_up timer": "nnnnncnc",
        "an early grace timer": "nnnnnnnn",
        "an early desk timer": "nnnnnnnn",
        "an early step timer": "nnnnnnnn",
        "an early skip timer": "nnnnnnnn",
        "an early line timer": "nnnnnnnn",
        "an early dial timer": "nnnnnnnn",
        "an early party timer": "nnnnnnnn",
        "an early park timer": "nnnnnnnc",
    },
    # offered active paused wrap_up closed
    "mail": {
        "PopShown": "ffffn",
        "OfferAccepted": "fnnrr",
        "OfferRejected": "frrrr",
        "agent's LegAnswered": "ccccc",
        "customer's LegAnswered": "ccccc",
        "agent's RingFailed": "nnnnn",
        "customer's RingFailed": "nnnnn",
        "JoinFailed": "nnnnn",
        "HoldRequested": "rrrrr",
        "ResumeRequested": "rrrrr",
        "RejoinRequested": "rrrrr",
        "HangUpRequested": "rffrr",
        "WrapUpFinished": "rrrfr",
        "ContactCancelled": "fffrr",
        "CallbackMoved": "rrrrr",
        "MoveRequested": "frrrr",
        "ContactTakenBack": "fffrr",
        "PriorityChanged": "ffffr",
        "CallbackRequested": "nnnnn",
        "ParkRequested": "rrrrr",
        "FetchRequested": "rrrrr",
        "MonitorRequested": "rrrrr",
        "MonitorLeft": "nnnnn",
        "customer's LegEnded": "nnnnn",
        "agent's LegEnded": "nnnnn",
        "an early pop timer": "nnnnn",
        "an early ring timer": "nnnnn",
        "an early lease timer": "cnnnn",
        "an early rejoin timer": "nnnnn",
        "an early wrap_up timer": "nnncn",
        "an early grace timer": "nnnnn",
        "an early desk timer": "nnnnn",
        "an early step timer": "nnnnn",
        "an early skip timer": "nnnnn",
        "an early line timer": "nnnnn",
        "an early dial timer": "nnnnn",
        "an early party timer": "nnnnn",
        "an early park timer": "nnnnn",
    },
    # offered ringing dialling talking held rejoining wrap_up asleep
    "callback": {
        "PopShown": "fnnnnnnn",
        "OfferAccepted": "rrrrrrrr",
        "OfferRejected": "ffrrrrrr",
        "agent's LegAnswered": "cfncnccc",
        "customer's LegAnswered": "ccfcnncc",
        "agent's RingFailed": "nfnnnnnn",
        "customer's RingFailed": "nnfnnnnn",
        "JoinFailed": "nnnffnnn",
        "HoldRequested": "rrrfrrrr",
        "ResumeRequested": "rrrrfrrr",
        "RejoinRequested": "rrffffrr",
        "HangUpRequested": "ffffffrr",
        "WrapUpFinished": "rrrrrrfr",
        "ContactCancelled": "ffffffrf",
        "CallbackMoved": "ffrrrrrf",
        "MoveRequested": "ffrrrrrf",
        "ContactTakenBack": "ffrrrrrr",
        "PriorityChanged": "ffffffff",
        "CallbackRequested": "nnnnnnnn",
        "ParkRequested": "rrrffrrr",
        "FetchRequested": "rrrrrrrr",
        "MonitorRequested": "rrrffrrr",
        "MonitorLeft": "nnnnnnnn",
        "customer's LegEnded": "nnffffnn",
        "agent's LegEnded": "nffffnnn",
        "an early pop timer": "cnnnnnnn",
        "an early ring timer": "nccnnnnn",
        "an early lease timer": "nnnnnnnn",
        "an early rejoin timer": "nnnnncnn",
        "an early wrap_up timer": "nnnnnncn",
        "an early grace timer": "nnnnnnnn",
        "an early desk timer": "nnnnnnnn",
        "an early step timer": "nnnnnnnc",
        "an early skip timer": "nnnnnnnn",
        "an early line timer": "nnnnnnnn",
        "an early dial timer": "nnnnnnnn",
        "an early party timer": "nnnnnnnn",
        "an early park timer": "nnnnnnnn",
    },
}
"""Of each event in each situation: refused, nothing, commands only, facts; by first letter."""
PAIRS = [
    (kind, event, situation, letter)
    for kind, rows in ANSWERS.items()
    for event, letters in rows.items()
    for situation, letter in zip(SITUATIONS[kind], letters, strict=True)
]


def test_the_matrix_of_answers_is_complete() -> None:
    assert all(ANSWERS[kind].keys() == EVENTS.keys() for kind in SITUATIONS)


@pytest.mark.parametrize(("kind", "event", "situation", "letter"), PAIRS)
def test_every_event_in_every_state_acts_or_changes_nothing(kind: str, event: str, situation: str, letter: str) -> None:
    day = Scenario()
    day.queue("support", callback=CallbackRule(), steps=[Step(after_ms=3_600_000, offer_callback=True)])
    day.queue("sales")
    day.agent("sue", ready=False)
    day.agent("ann", device=Device.WEB, capacity=MAILS_GIVE_WAY)
    day.call("c0")
    day.caller_hangs_up("c0")
    names = Names(day.state.number + 1, kind)
    SITUATIONS[kind][situation](day)
    before = snapshot(day.state)
    try:
        decision = day.send(EVENTS[event](names))
    except RuleError:
        outcome = "r"
    else:
        outcome = "f" if decision.facts else "c" if decision.commands else "n"
    assert outcome == letter
    if outcome != "f":
        after = snapshot(day.state)
        assert (after.contacts, after.assignments, after.agents) == (before.contacts, before.assignments, before.agents)
