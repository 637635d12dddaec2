"""Time: every deadline that stands in the state, what happens when one passes, and what a new engine must set up
again.

A timer outside is only a reminder: the deadline in the state decides, so timers may be lost, doubled or late, and a
restart sets them all again from the state.
"""

from collections.abc import Iterator
from typing import Final

from cti.domain import (
    callbacks,
    campaigns,
    legs,
    lines,
    monitors,
    offers,
    parking,
    surveys,
    talks,
    transfers,
    waiting,
)
from cti.domain.agent import Agent
from cti.domain.assignment import Assignment, awaits_word
from cti.domain.commands import Command, DropBridge, EndLeg, RingAgent, ShowPop, StartTimer
from cti.domain.contact import is_call, plan_ms
from cti.domain.events import ClockStepped, TimerFired
from cti.domain.facts import ClockShifted
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    ContactId,
    DialId,
    LegCause,
    LegId,
    Medium,
    Milliseconds,
    Readiness,
    TimerId,
    TimerKind,
)
from cti.domain.readiness import fallback, grace_expired, skip_expired
from cti.domain.state import State
from cti.domain.states import AssignmentState, ContactState
from cti.domain.turn import Turn, timer_id

ADOPTION_MS: Final[Milliseconds] = 3_000
"""After a restart no deadline passes earlier: what happened meanwhile is learnt from the switch first."""

_KINDS: Final = {kind.value: kind for kind in TimerKind}
_AGENTS: Final = (TimerKind.GRACE, TimerKind.DESK, TimerKind.SKIP, TimerKind.LINE)
"""Those of an agent; the others are an assignment's."""


def timer_fired(turn: Turn, event: TimerFired) -> None:
    """A deadline passed. One that no longer counts is nothing; one not due yet is set again."""
    name, _, owner = event.timer_id.partition(":")
    kind = _KINDS.get(name)
    if kind is None:
        return
    if kind in _AGENTS:
        agent = turn.state.agents.get(AgentId(owner))
        if agent is not None and _is_due(turn, kind, owner, agent_deadline(agent, kind)):
            _agents_time_is_up(turn, agent, kind)
    elif kind is TimerKind.STEP:
        contact = turn.state.contacts.get(ContactId(owner))
        waits = contact is not None and contact.state is ContactState.WAITING
        if contact is not None and waits and _is_due(turn, kind, owner, plan_ms(contact)):
            waiting.time_is_up(turn, contact)
    elif kind is TimerKind.DIAL:
        dial = turn.state.dials.get(DialId(owner))
        if dial is not None and _is_due(turn, kind, owner, dial.until_ms):
            campaigns.time_is_up(turn, dial)
    elif kind is TimerKind.PARK:
        contact = turn.state.contacts.get(ContactId(owner))
        if contact is not None and _is_due(turn, kind, owner, contact.parked_until_ms):
            parking.expired(turn, contact)
    elif kind is TimerKind.PARTY:
        _ring_time_is_up(turn, LegId(owner))
    else:
        assignment = turn.state.assignments.get(AssignmentId(owner))
        if assignment is not None and _is_due(turn, kind, owner, deadline(turn.state, assignment, kind)):
            _assignments_time_is_up(turn, assignment, kind)


def _ring_time_is_up(turn: Turn, leg_id: LegId) -> None:
    """Of somebody who is asked into a talk, or is to listen to one."""
    party, monitor = turn.state.parties.get(leg_id), turn.state.monitors.get(leg_id)
    if party is not None and _is_due(turn, TimerKind.PARTY, leg_id, party.until_ms):
        transfers.ring_expired(turn, party)
    elif monitor is not None and _is_due(turn, TimerKind.PARTY, leg_id, monitor.until_ms):
        monitors.ring_expired(turn, monitor)


def _assignments_time_is_up(turn: Turn, assignment: Assignment, kind: TimerKind) -> None:
    match kind:
        case TimerKind.POP:
            offers.pop_expired(turn, assignment)
        case TimerKind.RING if assignment.state is not AssignmentState.OFFERED:
            callbacks.not_reached(turn, assignment, LegCause.NO_ANSWER)
        case TimerKind.RING | TimerKind.LEASE:
            offers.ring_expired(turn, assignment)
        case TimerKind.REJOIN:
            talks.rejoin_expired(turn, assignment)
        case TimerKind.WRAP_UP:
            talks.wrap_up_expired(turn, assignment)


def _agents_time_is_up(turn: Turn, agent: Agent, kind: TimerKind) -> None:
    match kind:
        case TimerKind.GRACE:
            grace_expired(turn, agent)
        case TimerKind.DESK:
            talks.requeue_all_work(turn, agent.id)
        case TimerKind.SKIP:
            skip_expired(turn, agent)
        case TimerKind.LINE:
            lines.ring_expired(turn, agent)


def _is_due(turn: Turn, kind: TimerKind, owner: str, at_ms: Milliseconds | None) -> bool:
    if at_ms is None:
        return False
    if turn.now < at_ms:
        turn.start(kind, owner, at_ms=at_ms)
        return False
    return True


def is_moot(state: State, reminder: TimerId) -> bool:
    """Whether it reminds of a contact that waits no longer: whoever makes it wait again plans it anew."""
    kind, _, owner = reminder.partition(":")
    if kind != TimerKind.STEP:
        return False
    contact = state.contacts.get(ContactId(owner))
    return contact is None or contact.state is not ContactState.WAITING


def deadline(state: State, assignment: Assignment, kind: TimerKind) -> Milliseconds | None:
    """When that timer of the assignment is due; None when it does not count (any more)."""
    offered = assignment.state is AssignmentState.OFFERED
    match kind:
        case TimerKind.POP:
            return assignment.pop_until_ms if offered else None
        case TimerKind.RING:
            return assignment.ring_until_ms if offered or is_dialling(state, assignment) else None
        case TimerKind.LEASE:
            if not offered:
                return None
            rings = is_call(state.contacts[assignment.contact_id]) and not awaits_word(assignment)
            return None if rings else assignment.lease_until_ms
        case TimerKind.REJOIN:
            return assignment.rejoin_until_ms if assignment.state is AssignmentState.REJOINING else None
        case TimerKind.WRAP_UP:
            return assignment.wrap_up_until_ms if assignment.state is AssignmentState.WRAP_UP else None
        case _:
            return None


def is_dialling(state: State, assignment: Assignment) -> bool:
    """Whether its customer is being dialled."""
    return assignment.state is AssignmentState.ACTIVE and callbacks.is_dialling(
        assignment, state.contacts[assignment.contact_id]
    )


def agent_deadline(agent: Agent, kind: TimerKind) -> Milliseconds | None:
    """When that timer of the agent is due; None when it does not run."""
    match kind:
        case TimerKind.GRACE:
            return agent.grace_until_ms
        case TimerKind.DESK:
            return agent.desk_until_ms
        case TimerKind.SKIP:
            return agent.skipped_until_ms
        case TimerKind.LINE:
            return agent.line_until_ms
        case _:
            return None


def clock_stepped(turn: Turn, event: ClockStepped) -> None:
    """Everything that counts moves with the clock, so a jump forward expires nobody; only calling hours do not."""
    if event.by_ms == 0:
        return
    turn.record(ClockShifted(by_ms=event.by_ms))
    turn.waiting += [
        contact.id
        for contact in sorted(turn.state.contacts.values(), key=lambda contact: contact.number)
        if contact.medium is Medium.CALLBACK and not contact.leg_id
    ]
    turn.commands.extend(timers(turn.state))


def timers(state: State, *, not_before: Milliseconds = 0) -> list[StartTimer]:
    """Every timer that must run, from the deadlines in the state, by owner."""
    return [
        # nothing on the switch can have made a pop's moot
        StartTimer(timer_id=timer_id(kind, owner), at_ms=at_ms if kind is TimerKind.POP else max(at_ms, not_before))
        for kind, owner, at_ms in _deadlines(state)
        if at_ms is not None
    ]


def _deadlines(state: State) -> Iterator[tuple[TimerKind, str, Milliseconds | None]]:
    for assignment_id in sorted(state.assignments):
        for kind in TimerKind:
            yield kind, assignment_id, deadline(state, state.assignments[assignment_id], kind)
    for contact_id in sorted(state.contacts):
        contact = state.contacts[contact_id]
        if contact.state is ContactState.WAITING:
            yield TimerKind.STEP, contact_id, plan_ms(contact)
        yield TimerKind.PARK, contact_id, contact.parked_until_ms
    for dial_id in sorted(state.dials):
        yield TimerKind.DIAL, dial_id, state.dials[dial_id].until_ms
    for leg_id in sorted(state.parties):
        yield TimerKind.PARTY, leg_id, state.parties[leg_id].until_ms
    for leg_id in sorted(state.monitors):
        yield TimerKind.PARTY, leg_id, state.monitors[leg_id].until_ms
    for agent_id in sorted(state.agents):
        for kind in _AGENTS:
            yield kind, agent_id, agent_deadline(state.agents[agent_id], kind)


def resume(state: State, now: Milliseconds) -> tuple[Command, ...]:
    """What a new engine must do to carry on: timers, pops of open offers, fallback queues, ends of legs in wrap-up.

    Each is harmless when it had been done before. Rings and joins are not among them: whether those happened is read
    from the switch, see `open_rings`.
    """
    commands: list[Command] = list(timers(state, not_before=now + ADOPTION_MS))
    for assignment_id in sorted(state.assignments):
        assignment = state.assignments[assignment_id]
        if assignment.handed_over:
            continue
        contact = state.contacts[assignment.contact_id]
        if assignment.state is AssignmentState.OFFERED:
            commands.append(ShowPop(assignment_id=assignment_id, agent_id=assignment.agent_id, contact_id=contact.id))
        elif contact.state is ContactState.WRAP_UP and contact.leg_id is not None and contact.node is not None:
            line = state.agents[assignment.agent_id].line_leg
            is_asked = surveys.asking(state, contact) is not None  # he may be in the midst of it
            customers = None if is_asked else contact.leg_id
            over = [leg for leg in (assignment.leg_id, customers) if leg is not None and leg != line]
            commands += [EndLeg(leg_id=leg, node=contact.node) for leg in over]
            commands.append(DropBridge(bridge_id=legs.bridge_of(contact), node=contact.node))
    commands += parking.resume(state)
    commands += [
        fallback(state, agent)
        for agent in sorted(state.agents.values(), key=lambda agent: agent.id)
        if agent.readiness is Readiness.READY
    ]
    return tuple(commands)


def open_rings(state: State, now: Milliseconds) -> tuple[RingAgent, ...]:
    """Every agent's ring neither answered nor over: to be sent again when the switch has no such leg.

    A customer who is being called back is never dialled again by a new engine: a leg that the switch lacks has most
    likely been refused or answered meanwhile, and he is tried again when his queue's rule says so.
    """
    found = []
    for assignment_id in sorted(state.assignments):
        assignment = state.assignments[assignment_id]
        if assignment.handed_over:
            continue
        contact = state.contacts[assignment.contact_id]
        ringing = assignment.state in (AssignmentState.OFFERED, AssignmentState.REJOINING)
        until = assignment.ring_until_ms
        if not ringing or until is None or assignment.leg_id is None or assignment.device is None:
            continue
        if contact.node is not None:
            found.append(
                RingAgent(
                    assignment_id=assignment_id,
                    agent_id=assignment.agent_id,
                    contact_id=contact.id,
                    leg_id=assignment.leg_id,
                    node=contact.node,
                    device=assignment.device,
                    limit_ms=max(until - now, 0),
                )
            )
    return tuple(found)
