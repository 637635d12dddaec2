"""From the answer to the close: talk, hold, a lost agent's leg, wrap-up. A virtual call goes the same way without legs.

Nobody is left alone: whenever one side goes, the other is told to end, hears music while the agent is rung again, or
goes back to the queue. How an offer comes about is `cti.domain.offers`.
"""

from typing import Final

from cti.domain import callbacks, campaigns, cut, legs, lines, lost, monitors, offers, surveys, transfers
from cti.domain.assignment import Assignment, is_desk_work
from cti.domain.commands import ClosePop, EndLeg
from cti.domain.contact import Contact, is_call
from cti.domain.events import (
    HangUpRequested,
    HoldRequested,
    JoinFailed,
    LegAnswered,
    LegEnded,
    RejoinRequested,
    ResumeRequested,
    WrapUpFinished,
)
from cti.domain.facts import (
    AgentLegLost,
    AssignmentClosed,
    AssignmentHeld,
    ContactClosed,
    ContactRequeued,
    WrapUpStarted,
)
from cti.domain.ids import (
    REASON_PHONE_LOST,
    SYSTEM_ABANDONED,
    SYSTEM_AGENT_LOST,
    SYSTEM_SWITCH_LOST,
    SYSTEM_TRANSFERRED,
    SYSTEM_WRAP_UP_EXPIRED,
    AgentId,
    Device,
    DispositionId,
    EndedBy,
    LegCause,
    Milliseconds,
    OfferOutcome,
    TimerKind,
)
from cti.domain.readiness import check_reach, let_go, make_not_ready, phones_are_missed
from cti.domain.states import AssignmentState, ContactState, Trigger, illegal
from cti.domain.turn import Turn
from cti.errors import RuleError

RINGS_IN_A_ROW: Final = 3
"""After so many legs a lost one is rung again only when a phone reports in: no ring loop with a broken phone."""
STOOD_MS: Final[Milliseconds] = 10_000
"""A leg that served so long was no broken phone's: the rings in a row count anew."""

_LOST: Final = (LegCause.LOST, LegCause.UNREACHABLE, LegCause.CONGESTION, LegCause.NO_SUCH_NUMBER)
_TALKING: Final = (AssignmentState.ACTIVE, AssignmentState.HELD)
_TOGETHER: Final = (AssignmentState.ACTIVE, AssignmentState.HELD, AssignmentState.REJOINING)


def leg_answered(turn: Turn, event: LegAnswered) -> None:
    """The agent is there: join him with the caller, or end a leg that came too late."""
    assignment = turn.state.assignments.get(event.assignment_id)
    contact = turn.state.contacts.get(assignment.contact_id) if assignment is not None else None
    ours = assignment is not None and contact is not None and event.leg_id in (assignment.leg_id, contact.leg_id)
    if assignment is None or contact is None or not ours or assignment.state is AssignmentState.WRAP_UP:
        node = event.node or turn.state.node
        if node is not None:
            turn.do(EndLeg(leg_id=event.leg_id, node=node))
        return
    if assignment.state is AssignmentState.HELD:
        return
    dialling = callbacks.is_dialling(assignment, contact)
    if event.leg_id == contact.leg_id:
        if assignment.state is not AssignmentState.ACTIVE:
            return
        if dialling:
            callbacks.reached(turn, assignment)
        legs.join(turn, turn.state.assignment(assignment.id))
        return
    if dialling:
        return
    if assignment.state is not AssignmentState.ACTIVE:
        rejoined = assignment.state is AssignmentState.REJOINING
        turn.stop(TimerKind.REJOIN if rejoined else TimerKind.RING, assignment.id)
        offers.put_through(turn, assignment, event.leg_id)
        return
    legs.join(turn, assignment)


def leg_ended(turn: Turn, event: LegEnded) -> None:
    """A leg of anyone's is gone; unknown legs are nothing."""
    agent_id = turn.state.line_by_leg.get(event.leg_id)
    if agent_id is not None:
        lines.ended(turn, agent_id, event.cause)
    contact_id = turn.state.contact_by_leg.get(event.leg_id)
    if contact_id is not None:
        _caller_left(turn, turn.state.contact(contact_id), event)
        return
    assignment_id = turn.state.assignment_by_leg.get(event.leg_id)
    if assignment_id is not None:
        _agent_leg_ended(turn, turn.state.assignment(assignment_id), event.cause)
        return
    if event.leg_id in turn.state.parties:
        transfers.leg_ended(turn, event.leg_id, event.cause)
        return
    if monitors.leg_ended(turn, event.leg_id, event.cause):
        return
    dial_id = turn.state.dial_by_leg.get(event.leg_id)
    if dial_id is not None:
        campaigns.leg_ended(turn, dial_id, event.cause)


def join_failed(turn: Turn, event: JoinFailed) -> None:
    """Which leg is gone will be told; until then the caller hears music, and the agent is rung anew."""
    assignment = turn.state.assignments.get(event.assignment_id)
    if assignment is None or assignment.state not in _TALKING or assignment.leg_id is None:
        return
    if callbacks.is_dialling(assignment, turn.state.contact(assignment.contact_id)):
        return
    legs.end_agents(turn, assignment, turn.state.contact(assignment.contact_id))
    _lose_agent_leg(turn, assignment, ring_now=_can_ring_again(turn, assignment))


def rejoin_requested(turn: Turn, event: RejoinRequested) -> None:
    """The leg that the switch still has is no use to him: it ends, the customer hears music, he is rung at once."""
    assignment = turn.state.assignment(event.assignment_id)
    if assignment.state is AssignmentState.REJOINING:
        ring_lost_agent(turn, assignment.agent_id, anew=False)
        return
    if assignment.state not in _TALKING or assignment.leg_id is None:
        raise illegal("Assignment", assignment.id, state=assignment.state, trigger=Trigger.LEG_LOST)
    if callbacks.is_dialling(assignment, turn.state.contact(assignment.contact_id)):
        callbacks.not_reached(turn, assignment, LegCause.LOST)
        return
    agent = turn.state.agent(assignment.agent_id)
    legs.end_agents(turn, assignment, turn.state.contact(assignment.contact_id))
    _lose_agent_leg(turn, assignment, ring_now=agent.device in agent.phones)


def hold_requested(turn: Turn, event: HoldRequested) -> None:
    """The customer hears music."""
    assignment = turn.state.assignment(event.assignment_id)
    contact = turn.state.contact(assignment.contact_id)
    if contact.leg_id is None or contact.node is None:
        raise RuleError("Only a call can be put on hold.", code="only_calls_hold")
    if callbacks.is_dialling(assignment, contact):
        raise RuleError("The customer has not answered yet.", code="not_answered_yet")
    if transfers.is_conference(turn, contact):
        raise RuleError("Several talk together: nobody can be put on hold.", code="conference_not_held")
    turn.record(AssignmentHeld(assignment_id=assignment.id, at_ms=turn.now))
    legs.hold(turn, contact)


def resume_requested(turn: Turn, event: ResumeRequested) -> None:
    """The customer is back in the talk; somebody whom the agent had aside hears music."""
    assignment = turn.state.assignment(event.assignment_id)
    transfers.back_to_customer(turn, assignment, turn.state.contact(assignment.contact_id))


def hang_up_requested(turn: Turn, event: HangUpRequested) -> None:
    """The agent ends the talk or the work; while a call is still offered, it is his refusal.

    Whom he has asked into the talk has it from now on: a customer is not hung up on by an agent who leaves. While a
    customer is being called back, the attempt is over: he is tried again as his queue's rule says.
    """
    assignment = turn.state.assignment(event.assignment_id)
    if assignment.handed_over:
        raise illegal("Assignment", assignment.id, state=assignment.state, trigger=Trigger.WRAPPED_UP)
    contact = turn.state.contact(assignment.contact_id)
    if assignment.state is AssignmentState.OFFERED and is_call(contact):
        offers.reject(turn, assignment)
    elif callbacks.is_dialling(assignment, contact):
        callbacks.not_reached(turn, assignment, LegCause.NORMAL)
    elif contact.parties:
        transfers.hand_over(turn, assignment, contact)
    else:
        wrap_up(turn, assignment, ended_by=EndedBy.AGENT)


def wrap_up_finished(turn: Turn, event: WrapUpFinished) -> None:
    """Coded: the contact is closed, the agent free."""
    assignment = turn.state.assignment(event.assignment_id)
    if assignment.state is not AssignmentState.WRAP_UP:
        raise illegal("Assignment", assignment.id, state=assignment.state, trigger=Trigger.CLOSED)
    _close(turn, assignment, event.disposition)
    turn.stop(TimerKind.WRAP_UP, assignment.id)


def wrap_up_expired(turn: Turn, assignment: Assignment) -> None:
    """The limit passed: closed by the system, and the agent is as ready as he was."""
    _close(turn, assignment, SYSTEM_WRAP_UP_EXPIRED)


def rejoin_expired(turn: Turn, assignment: Assignment) -> None:
    """The agent did not come back: the caller waits again, with the seniority he has."""
    contact = turn.state.contact(assignment.contact_id)
    if contact.parties:
        transfers.hand_over(turn, assignment, contact)
        return
    turn.record(AssignmentClosed(assignment_id=assignment.id, disposition=SYSTEM_AGENT_LOST, at_ms=turn.now))
    turn.record(ContactRequeued(contact_id=contact.id, at_ms=turn.now))
    legs.end_agents(turn, assignment, contact)
    if turn.state.agent(assignment.agent_id).desktop:
        turn.do(ClosePop(assignment_id=assignment.id, agent_id=assignment.agent_id))
    turn.waiting.append(contact.id)
    if phones_are_missed(turn):
        make_not_ready(turn, assignment.agent_id, REASON_PHONE_LOST)
    let_go(turn, assignment.agent_id)


def requeue_work(turn: Turn, assignment: Assignment, disposition: DispositionId) -> None:
    """Work without legs goes back to its queue, with the seniority it has; the agent is as ready as he was."""
    turn.record(AssignmentClosed(assignment_id=assignment.id, disposition=disposition, at_ms=turn.now))
    turn.record(ContactRequeued(contact_id=assignment.contact_id, at_ms=turn.now))
    turn.waiting.append(assignment.contact_id)
    if turn.state.agent(assignment.agent_id).desktop:
        turn.do(ClosePop(assignment_id=assignment.id, agent_id=assignment.agent_id))
    check_reach(turn, assignment.agent_id)
    let_go(turn, assignment.agent_id)


def requeue_all_work(turn: Turn, agent_id: AgentId) -> None:
    """All that he has taken up without legs goes back: he is lost."""
    for assignment_id in turn.state.agent(agent_id).assignment_ids:
        assignment = turn.state.assignment(assignment_id)
        if is_desk_work(assignment):
            requeue_work(turn, assignment, SYSTEM_AGENT_LOST)


def ring_lost_agent(turn: Turn, agent_id: AgentId, *, anew: bool) -> None:
    """A phone of his may be there again: ring it for the talk he lost.

    At most one ring at a time. `anew`: the phone registered just now, so a ring under way went to an
    address that is no more, and is made again.
    """
    agent = turn.state.agent(agent_id)
    if agent.device not in agent.phones:
        return
    for assignment_id in agent.assignment_ids:
        assignment = turn.state.assignment(assignment_id)
        if assignment.state is not AssignmentState.REJOINING or (assignment.leg_id is not None and not anew):
            continue
        if assignment.leg_id is not None:
            legs.end_agents(turn, assignment, turn.state.contact(assignment.contact_id))
            offers.ring_ended(turn, assignment, LegCause.LOST)
        offers.ring(turn, turn.state.assignment(assignment_id))


def wrap_up(turn: Turn, assignment: Assignment, *, ended_by: EndedBy, caller_gone: bool = False) -> None:
    """The talk or the work is over: both legs end, after-contact work begins. A caller whom something is to be asked is
    led there first.
    """
    contact = turn.state.contact(assignment.contact_id)
    until = turn.now + turn.state.queues[contact.queue_id].rules.wrap_up_limit_ms
    turn.record(WrapUpStarted(assignment_id=assignment.id, at_ms=turn.now, until_ms=until, ended_by=ended_by))
    if callbacks.is_dialling(assignment, contact):
        turn.stop(TimerKind.RING, assignment.id)
    transfers.end_all(turn, contact)
    if is_call(contact) and contact.node is not None:
        survey = surveys.asking(turn.state, contact) if ended_by is EndedBy.AGENT and not caller_gone else None
        if survey is not None:
            turn.do(survey)
        legs.end_agents(turn, assignment, contact)
        if not caller_gone and survey is None:
            legs.end_customers(turn, contact)
        legs.drop_bridge(turn, contact)
    if assignment.rejoin_until_ms is not None:
        turn.stop(TimerKind.REJOIN, assignment.id)
    turn.start(TimerKind.WRAP_UP, assignment.id, at_ms=until)
    if is_desk_work(assignment):
        check_reach(turn, assignment.agent_id)


def _caller_left(turn: Turn, contact: Contact, event: LegEnded) -> None:
    if contact.state is ContactState.WRAP_UP:
        return
    assignment = turn.state.assignments.get(contact.assignment_id) if contact.assignment_id is not None else None
    if assignment is not None and assignment.state in _TOGETHER:
        if callbacks.is_dialling(assignment, contact):
            callbacks.not_reached(turn, assignment, event.cause)
            return
        ended_by = EndedBy.LOST if event.cause is LegCause.LOST else EndedBy.CUSTOMER
        wrap_up(turn, assignment, ended_by=ended_by, caller_gone=True)
        if event.call_back:
            cut.call_back(turn, contact, talked_to=assignment.agent_id)
        return
    had = transfers.is_conference(turn, contact)
    if contact.parties:
        transfers.end_with_customer(turn, contact)
    if assignment is not None:
        offers.end_offer(turn, assignment, outcome=OfferOutcome.RESCINDED)
    turn.record(ContactClosed(contact_id=contact.id, disposition=_left_as(event, had=had), at_ms=turn.now))
    called_back = event.call_back and cut.call_back(turn, contact, talked_to=None)
    if not had and not called_back:
        lost.make_task(turn, contact)


def _left_as(event: LegEnded, *, had: bool) -> DispositionId:
    """How the contact ends of a caller who has no agent; `had`: somebody else had him."""
    if event.cut:
        return SYSTEM_SWITCH_LOST
    return SYSTEM_TRANSFERRED if had else SYSTEM_ABANDONED


def _agent_leg_ended(turn: Turn, assignment: Assignment, cause: LegCause) -> None:
    if assignment.state not in _TALKING:
        offers.ring_ended(turn, assignment, cause)
        return
    if callbacks.is_dialling(assignment, turn.state.contact(assignment.contact_id)):
        callbacks.not_reached(turn, assignment, LegCause.NORMAL)
        return
    # A page that is refreshed ends its leg as politely as one that hangs up; a deliberate hang-up is told beforehand.
    if assignment.device is not Device.WEB and cause not in _LOST:
        contact = turn.state.contact(assignment.contact_id)
        if contact.parties:
            transfers.hand_over(turn, assignment, contact)
        else:
            wrap_up(turn, assignment, ended_by=EndedBy.AGENT)
        return
    is_phone = assignment.device is not Device.WEB
    _lose_agent_leg(turn, assignment, ring_now=is_phone and _can_ring_again(turn, assignment))


def _can_ring_again(turn: Turn, assignment: Assignment) -> bool:
    """Whether a ring right now may reach him."""
    agent = turn.state.agent(assignment.agent_id)
    in_a_row = 0 if _stood(turn, assignment) else assignment.rings - assignment.rings_before
    return agent.device in agent.phones and in_a_row < RINGS_IN_A_ROW


def _stood(turn: Turn, assignment: Assignment) -> bool:
    """Whether the leg that is lost now served for a while."""
    return assignment.answered_ms is not None and turn.now - assignment.answered_ms >= STOOD_MS


def _lose_agent_leg(turn: Turn, assignment: Assignment, *, ring_now: bool) -> None:
    contact = turn.state.contact(assignment.contact_id)
    until = turn.now + turn.state.queues[contact.queue_id].rules.rejoin_limit_ms
    assert assignment.leg_id is not None, "only a talk with legs loses one"
    turn.record(
        AgentLegLost(
            assignment_id=assignment.id,
            leg_id=assignment.leg_id,
            at_ms=turn.now,
            until_ms=until,
            stood=_stood(turn, assignment),
        )
    )
    transfers.agent_lost(turn, contact)
    if assignment.state is AssignmentState.ACTIVE and not transfers.is_conference(turn, contact):
        legs.hold(turn, contact)
    turn.start(TimerKind.REJOIN, assignment.id, at_ms=until)
    if ring_now:
        offers.ring(turn, turn.state.assignment(assignment.id))


def _close(turn: Turn, assignment: Assignment, disposition: DispositionId) -> None:
    turn.record(AssignmentClosed(assignment_id=assignment.id, disposition=disposition, at_ms=turn.now))
    if not assignment.handed_over:
        turn.record(ContactClosed(contact_id=assignment.contact_id, disposition=disposition, at_ms=turn.now))
    let_go(turn, assignment.agent_id)
