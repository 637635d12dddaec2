"""Supervisors at others' talks: listen, coach, come in, take over.

Theory of operation. A supervisor's phone is rung as a party's is, and what he hears is made of the leg of the agent to
whom he listens: an *ear* that takes both directions, in a bridge of their own, and while he coaches speaks into that
agent's ear alone. So the talk's bridge knows nothing of him, and the customer cannot hear him. Who comes in is one of
the talk's parties from then on (`cti.domain.transfers`); who takes over comes in, and is left in charge at once.

A talk never ends by its monitor. He goes when it does, when its agent is out of it or loses his leg, and when he is
removed himself: `settle` looks after each event, so that no other rule needs to think of him. Called by `acd`, `talks`,
`deadlines`.
"""

from typing import Final

from cti.domain import transfers
from cti.domain.agent import Agent, is_engaged
from cti.domain.assignment import Assignment
from cti.domain.callbacks import is_dialling
from cti.domain.commands import DropBridge, EndLeg, KeepSound, Overhear, RingParty
from cti.domain.contact import Contact
from cti.domain.events import MonitorLeft, MonitorRequested, PartyAnswered, PartyFailed
from cti.domain.facts import (
    AssignmentHeld,
    AssignmentResumed,
    MonitorCameIn,
    MonitorEnded,
    MonitorMoved,
    MonitorRung,
    MonitorWished,
    PartyEnded,
    PartyMoved,
)
from cti.domain.ids import LegCause, LegId, MonitorEnd, MonitorMode, TimerKind
from cti.domain.monitor import HEARING, Monitor, ear_of, of_supervisor, of_talk
from cti.domain.party import Party
from cti.domain.readiness import let_go
from cti.domain.states import AssignmentState, MonitorState, PartyState, Trigger
from cti.domain.turn import Turn
from cti.errors import RuleError
from cti.variables import PARTY_PREFIX, SNOOP_PREFIX

MOST_MONITORS: Final = 3
"""At one talk."""
_TALKING: Final = (AssignmentState.ACTIVE, AssignmentState.HELD)
_MAY_LEAVE: Final = (AssignmentHeld, MonitorMoved, PartyMoved, PartyEnded)
_COMES_IN: Final = (MonitorMode.BARGE, MonitorMode.TAKE_OVER)


def requested(turn: Turn, event: MonitorRequested) -> None:
    """His phone rings, or he is there already and changes how. Refused, nothing changes."""
    contact = turn.state.contact(event.contact_id)
    supervisor = turn.state.agents.get(event.agent_id)
    if supervisor is None or supervisor.removed:
        raise RuleError("You have no phone: ask an admin for an extension.", code="monitor_no_phone")
    party = _came_in(turn, supervisor)
    if party is not None and party.contact_id == contact.id:
        _in_talk_already(turn, party, contact, event.mode)
        return
    assignment = _talk(turn, contact)
    monitor = of_supervisor(turn.state.monitors.values(), supervisor.id)
    if monitor is None:
        _begin(turn, assignment, contact, supervisor, event.mode)
    elif monitor.contact_id != contact.id:
        raise RuleError("You are at another talk: leave it first.", code="monitor_elsewhere")
    else:
        _change(turn, monitor, assignment, contact, event.mode)


def left(turn: Turn, event: MonitorLeft) -> None:
    """He goes; a talk that he came into goes on, or is over, as if he had hung up."""
    monitor = of_supervisor(turn.state.monitors.values(), event.agent_id)
    if monitor is not None:
        _end(turn, monitor, MonitorEnd.LEFT)
        return
    agent = turn.state.agents.get(event.agent_id)
    party = _came_in(turn, agent) if agent is not None else None
    if party is not None:
        turn.do(EndLeg(leg_id=party.leg_id, node=party.node))
        transfers.leg_ended(turn, party.leg_id, LegCause.NORMAL)


def answered(turn: Turn, event: PartyAnswered) -> None:
    """He is there, and hears the talk as he wanted. Said again it is nothing: the comparison puts him to it again."""
    monitor = turn.state.monitor(event.leg_id)
    if monitor.state is not MonitorState.RINGING:
        return
    turn.stop(TimerKind.PARTY, monitor.leg_id)
    contact = turn.state.contact(monitor.contact_id)
    assignment = turn.state.assignment(monitor.assignment_id)
    monitor = _move(turn, monitor, Trigger.ANSWERED)
    if monitor.mode in _COMES_IN and not _obstacle(turn, contact, monitor.mode):
        _come_in(turn, monitor, assignment, contact, monitor.mode)
        return
    if monitor.mode is MonitorMode.COACH:
        monitor = _move(turn, monitor, Trigger.COACHED)
    turn.do(overhearing(monitor))


def failed(turn: Turn, event: PartyFailed) -> None:
    """His phone was not answered, or could not be rung; a leg that is no longer rung is nothing."""
    monitor = turn.state.monitor(event.leg_id)
    if monitor.state is MonitorState.RINGING:
        _record_end(turn, monitor, MonitorEnd.MISSED, event.cause)


def ring_expired(turn: Turn, monitor: Monitor) -> None:
    """He did not answer in time."""
    turn.do(EndLeg(leg_id=monitor.leg_id, node=monitor.node))
    _record_end(turn, monitor, MonitorEnd.MISSED, LegCause.NO_ANSWER)


def leg_ended(turn: Turn, leg_id: LegId, cause: LegCause) -> bool:
    """His leg is gone, or what he heard the talk by; whether the leg was one of these."""
    monitor = turn.state.monitors.get(leg_id)
    if monitor is not None:
        rung = monitor.state is MonitorState.RINGING
        lost = cause in transfers.LOST
        how = MonitorEnd.MISSED if rung else MonitorEnd.LOST if lost else MonitorEnd.LEFT
        _record_end(turn, monitor, how, cause)
        _take_away(turn, monitor)
        return True
    if not leg_id.startswith(SNOOP_PREFIX):
        return False
    deaf = next((one for one in turn.state.monitors.values() if one.snoop == leg_id), None)
    if deaf is not None:
        _end(turn, deaf, MonitorEnd.LOST)
    return True


def settle(turn: Turn) -> None:
    """Whoever is removed, or at a talk whose agent is in it no more, goes; an agent alone hears who coaches him."""
    for monitor in tuple(turn.state.monitors.values()):
        assignment = turn.state.assignments.get(monitor.assignment_id)
        if assignment is None or assignment.state not in _TALKING or assignment.leg_id != monitor.spied:
            _end(turn, monitor, MonitorEnd.OVER)
        elif turn.state.agent(monitor.agent_id).removed:
            _end(turn, monitor, MonitorEnd.LEFT)
        elif monitor.state is MonitorState.COACHING and _is_left_alone(turn, assignment, monitor):
            turn.do(KeepSound(leg_id=monitor.spied, node=monitor.node))


# -- how ---------------------------------------------------------------------------------------------------------------


def _is_left_alone(turn: Turn, assignment: Assignment, monitor: Monitor) -> bool:
    """Whether by this event the agent hears nobody in the talk, or the coach began to speak to one who does not."""
    if assignment.state is not AssignmentState.HELD or not any(isinstance(fact, _MAY_LEAVE) for fact in turn.facts):
        return False
    party = transfers.outside(turn, turn.state.contact(monitor.contact_id))
    return party is None or party.state not in (PartyState.RINGING, PartyState.ASIDE)


def _talk(turn: Turn, contact: Contact) -> Assignment:
    """Of its agent, who is in it. Raises RuleError."""
    assignment = turn.state.assignments.get(contact.assignment_id) if contact.assignment_id is not None else None
    if assignment is None or assignment.state not in _TALKING or assignment.leg_id is None or contact.leg_id is None:
        raise RuleError("There is no talk to listen to (any more).", code="monitor_no_talk")
    if is_dialling(assignment, contact):
        raise RuleError("The customer has not answered yet.", code="not_answered_yet")
    return assignment


def _came_in(turn: Turn, agent: Agent) -> Party | None:
    party = turn.state.parties.get(agent.party_leg) if agent.party_leg is not None else None
    return party if party is not None and party.uninvited else None


def _in_talk_already(turn: Turn, party: Party, contact: Contact, mode: MonitorMode) -> None:
    if mode is MonitorMode.BARGE or (mode is MonitorMode.TAKE_OVER and party.state is PartyState.LEADING):
        return
    if mode is not MonitorMode.TAKE_OVER:
        raise RuleError("You are in the talk: leave it, then listen again.", code="monitor_in_talk")
    if contact.assignment_id is None:
        raise RuleError("There is no agent to take it over from.", code="monitor_no_agent")
    transfers.hand_over(turn, turn.state.assignment(contact.assignment_id), contact, heir=party)


def _begin(turn: Turn, assignment: Assignment, contact: Contact, supervisor: Agent, mode: MonitorMode) -> None:
    _check(turn, assignment, contact, supervisor, mode)
    assert contact.node is not None
    assert assignment.leg_id is not None
    leg_id = LegId(f"{PARTY_PREFIX}{contact.id}-{turn.number}")
    until = turn.now + transfers.RING_MS
    turn.record(
        MonitorRung(
            leg_id=leg_id,
            contact_id=contact.id,
            assignment_id=assignment.id,
            spied=assignment.leg_id,
            node=contact.node,
            agent_id=supervisor.id,
            device=supervisor.device,
            mode=mode,
            at_ms=turn.now,
            until_ms=until,
        )
    )
    turn.start(TimerKind.PARTY, leg_id, at_ms=until)
    turn.do(
        RingParty(
            leg_id=leg_id,
            contact_id=contact.id,
            agent_id=supervisor.id,
            device=supervisor.device,
            heard_by=None,
            bridge_id=ear_of(leg_id),
            node=contact.node,
            limit_ms=transfers.RING_MS,
        )
    )


def _check(turn: Turn, assignment: Assignment, contact: Contact, supervisor: Agent, mode: MonitorMode) -> None:
    if assignment.agent_id == supervisor.id:
        raise RuleError("That is your own talk.", code="monitor_yourself")
    if supervisor.device not in supervisor.phones:
        raise RuleError("Your phone is not registered: switch it on, then try again.", code="monitor_phone_missing")
    if is_engaged(supervisor):
        raise RuleError("You are busy: finish what you have in hand first.", code="monitor_busy")
    if len(of_talk(turn.state.monitors.values(), assignment.id)) >= MOST_MONITORS:
        raise RuleError("Three are at this talk already.", code="monitor_full")
    _refuse_obstacle(turn, contact, mode)


def _change(turn: Turn, monitor: Monitor, assignment: Assignment, contact: Contact, mode: MonitorMode) -> None:
    _refuse_obstacle(turn, contact, mode)
    if monitor.state is MonitorState.RINGING:
        if monitor.mode is not mode:
            turn.record(MonitorWished(leg_id=monitor.leg_id, mode=mode))
    elif mode in _COMES_IN:
        _come_in(turn, monitor, assignment, contact, mode)
    elif (mode is MonitorMode.COACH) != (monitor.state is MonitorState.COACHING):
        trigger = Trigger.COACHED if mode is MonitorMode.COACH else Trigger.SILENCED
        turn.do(overhearing(_move(turn, monitor, trigger), instead_of=monitor.snoop))


def _refuse_obstacle(turn: Turn, contact: Contact, mode: MonitorMode) -> None:
    code = _obstacle(turn, contact, mode)
    if code == "monitor_agent_aside":
        raise RuleError("The agent is asking somebody aside: wait until he is back in the talk.", code=code)
    if code is not None:
        raise RuleError("No more than ten can talk together.", code=code)


def _obstacle(turn: Turn, contact: Contact, mode: MonitorMode) -> str | None:
    """Why nobody can come in now."""
    if mode in _COMES_IN and len(contact.parties) >= transfers.MOST_PARTIES:
        return "party_full"
    if mode is MonitorMode.BARGE and transfers.outside(turn, contact) is not None:
        return "monitor_agent_aside"
    return None


def _come_in(turn: Turn, monitor: Monitor, assignment: Assignment, contact: Contact, mode: MonitorMode) -> None:
    """The ear goes before he is heard by all; whoever takes over is with the customer before the agent is let go."""
    turn.record(MonitorCameIn(leg_id=monitor.leg_id, at_ms=turn.now))
    _take_away(turn, monitor)
    contact = turn.state.contact(contact.id)
    if mode is MonitorMode.TAKE_OVER:
        transfers.hand_over(turn, assignment, contact, heir=turn.state.parties[monitor.leg_id])
        return
    if assignment.state is AssignmentState.HELD:
        turn.record(AssignmentResumed(assignment_id=assignment.id, at_ms=turn.now))
    transfers.place(turn, contact)


def _move(turn: Turn, monitor: Monitor, trigger: Trigger) -> Monitor:
    snoop = LegId(f"{SNOOP_PREFIX}{monitor.leg_id}-{turn.number}")
    turn.record(MonitorMoved(leg_id=monitor.leg_id, trigger=trigger, snoop=snoop, at_ms=turn.now))
    return turn.state.monitor(monitor.leg_id)


def overhearing(monitor: Monitor, *, instead_of: LegId | None = None) -> Overhear:
    """By which he hears the talk as his state says."""
    assert monitor.snoop is not None
    return Overhear(
        leg_id=monitor.leg_id,
        spied=monitor.spied,
        snoop=monitor.snoop,
        instead_of=instead_of,
        whispering=monitor.state is MonitorState.COACHING,
        bridge_id=ear_of(monitor.leg_id),
        node=monitor.node,
    )


def _take_away(turn: Turn, monitor: Monitor) -> None:
    """His ear, and the bridge that it was in."""
    if monitor.snoop is not None:
        turn.do(EndLeg(leg_id=monitor.snoop, node=monitor.node))
    if monitor.state in HEARING:
        turn.do(DropBridge(bridge_id=ear_of(monitor.leg_id), node=monitor.node))


def _end(turn: Turn, monitor: Monitor, how: MonitorEnd) -> None:
    _record_end(turn, monitor, how, None)
    _take_away(turn, monitor)
    turn.do(EndLeg(leg_id=monitor.leg_id, node=monitor.node))


def _record_end(turn: Turn, monitor: Monitor, how: MonitorEnd, cause: LegCause | None) -> None:
    turn.record(MonitorEnded(leg_id=monitor.leg_id, how=how, cause=cause, at_ms=turn.now))
    if monitor.state is MonitorState.RINGING:
        turn.stop(TimerKind.PARTY, monitor.leg_id)
    let_go(turn, monitor.agent_id)
