"""From a waiting contact to an answered offer: pop first, ring next, and every way in which an offer comes to nothing.

What follows once both sides are together is `cti.domain.talks`. Called by `acd`, `talks`, `presence` and `deadlines`.
"""

from typing import Final

from cti.domain import callbacks, legs, waiting
from cti.domain.agent import Agent, to_pause_for
from cti.domain.assignment import Assignment, awaits_word
from cti.domain.commands import ClosePop, RingAgent, ShowPop
from cti.domain.contact import Contact, is_call
from cti.domain.events import OfferAccepted, OfferRejected, PopShown, RingFailed
from cti.domain.facts import (
    AgentRung,
    AssignmentOffered,
    AssignmentPaused,
    AssignmentStarted,
    ContactClosed,
    OfferEnded,
    PopConfirmed,
    RingEnded,
    Why,
)
from cti.domain.ids import (
    REASON_NO_ANSWER,
    REASON_PHONE_LOST,
    REASON_REJECTED,
    SYSTEM_CANCELLED,
    AssignmentId,
    LegCause,
    LegId,
    Milliseconds,
    NodeId,
    OfferOutcome,
    ReasonId,
    TimerKind,
)
from cti.domain.readiness import check_reach, let_go, make_not_ready, phones_are_missed, reason_for, skip
from cti.domain.routing import Pair
from cti.domain.states import AssignmentState
from cti.domain.turn import Turn
from cti.errors import RuleError
from cti.variables import LEG_PREFIX

LEASE_MARGIN_MS: Final[Milliseconds] = 5_000
"""How much longer than pop and ring an offer of a call is held."""
BUSY_AT_ONCE_MS: Final[Milliseconds] = 1_500
"""A phone that is busy so soon is in another call; later, its owner pressed a key: many phones decline with busy."""


def offer_all(turn: Turn) -> None:
    """Make an offer of every idle pair, the contact with the highest score first."""
    waiting.rest(turn)
    index = turn.state.index
    while (pair := index.next_pair(turn.now)) is not None:
        offer(turn, pair)


def offer(turn: Turn, pair: Pair) -> None:
    """Reserve the agent and show him the card; ring at once if no desktop of his can confirm it.

    A campaign's callee has picked up, and waits for no card.
    """
    contact, agent = pair.contact, pair.agent
    rules = turn.state.queues[contact.queue_id].rules
    rings = is_call(contact)
    waits_for_pop = rings and agent.desktop and rules.pop_limit_ms > 0 and contact.campaign_id is None
    pop_until = turn.now + rules.pop_limit_ms if waits_for_pop else None
    lease_until = turn.now + rules.ring_limit_ms + (rules.pop_limit_ms + LEASE_MARGIN_MS if rings else 0)
    assignment_id = _reserve(turn, contact, agent, pop_until_ms=pop_until, lease_until_ms=lease_until, why=pair.why)
    if not rings:
        turn.start(TimerKind.LEASE, assignment_id, at_ms=lease_until)
    elif pop_until is not None:
        turn.start(TimerKind.POP, assignment_id, at_ms=pop_until)
    else:
        ring(turn, turn.state.assignment(assignment_id))


def offer_out_of_order(
    turn: Turn,
    contact: Contact,
    agent: Agent,
    *,
    lease_until_ms: Milliseconds,
    why: Why,
    preview: bool = False,
    aside: tuple[AssignmentId, ...] = (),
) -> None:
    """Give a call to an agent who is to have it and nobody else: his card and the ring together.

    `preview`: he looks at it first, and the ring waits for his word. `aside`: work that he lays aside for it, whatever
    his profile lets it interrupt.
    """
    assignment_id = _reserve(
        turn, contact, agent, pop_until_ms=None, lease_until_ms=lease_until_ms, why=why, preview=preview, aside=aside
    )
    if preview:
        turn.start(TimerKind.LEASE, assignment_id, at_ms=lease_until_ms)
    else:
        ring(turn, turn.state.assignment(assignment_id))


def _reserve(
    turn: Turn,
    contact: Contact,
    agent: Agent,
    *,
    pop_until_ms: Milliseconds | None,
    lease_until_ms: Milliseconds,
    why: Why,
    preview: bool = False,
    aside: tuple[AssignmentId, ...] = (),
) -> AssignmentId:
    """The contact is his, and he the contact's; what it interrupts is paused, and the card shown."""
    assignment_id = turn.new_assignment_id()
    for held in aside or to_pause_for(agent, contact.medium):
        turn.record(AssignmentPaused(assignment_id=held, by=assignment_id, at_ms=turn.now))
    turn.record(
        AssignmentOffered(
            assignment_id=assignment_id,
            contact_id=contact.id,
            agent_id=agent.id,
            at_ms=turn.now,
            pop_until_ms=pop_until_ms,
            lease_until_ms=lease_until_ms,
            why=why,
            preview=preview,
        )
    )
    if agent.desktop:
        turn.do(ShowPop(assignment_id=assignment_id, agent_id=agent.id, contact_id=contact.id))
    return assignment_id


def pop_shown(turn: Turn, event: PopShown) -> None:
    """The card is drawn: let the ring go. Said twice, or of an offer that is over, it is nothing."""
    assignment = turn.state.assignments.get(event.assignment_id)
    if assignment is None or assignment.pop_shown_ms is not None:
        return
    waits = assignment.pop_until_ms is not None
    turn.record(PopConfirmed(assignment_id=assignment.id, at_ms=turn.now, late=not waits and assignment.rings > 0))
    if waits:
        turn.stop(TimerKind.POP, assignment.id)
        ring(turn, turn.state.assignment(assignment.id))


def pop_expired(turn: Turn, assignment: Assignment) -> None:
    """No page confirmed the card in time: the caller waits no longer for it."""
    ring(turn, assignment)


def ring(turn: Turn, assignment: Assignment) -> None:
    """Ring the agent's chosen phone for an offered call, or for a talk that he is to rejoin."""
    contact = turn.state.contact(assignment.contact_id)
    agent = turn.state.agent(assignment.agent_id)
    assert contact.node is not None, "only calls ring"
    if _has_free_line(turn, agent, contact.node):
        assert agent.line_leg is not None
        put_through(turn, assignment, agent.line_leg)
        return
    if assignment.rejoin_until_ms is None:
        until = turn.now + turn.state.queues[contact.queue_id].rules.ring_limit_ms
        turn.start(TimerKind.RING, assignment.id, at_ms=until)
    else:
        until = assignment.rejoin_until_ms
    leg_id = LegId(f"{LEG_PREFIX}{assignment.id}-{assignment.rings + 1}")
    turn.record(
        AgentRung(assignment_id=assignment.id, leg_id=leg_id, device=agent.device, at_ms=turn.now, until_ms=until)
    )
    turn.do(
        RingAgent(
            assignment_id=assignment.id,
            agent_id=agent.id,
            contact_id=contact.id,
            leg_id=leg_id,
            node=contact.node,
            device=agent.device,
            limit_ms=max(until - turn.now, 0),
        )
    )


def _has_free_line(turn: Turn, agent: Agent, node: NodeId) -> bool:
    """Whether he stays connected on that node, and nobody talks to him there."""
    return agent.line_up and agent.line_node == node and agent.line_leg not in turn.state.assignment_by_leg


def put_through(turn: Turn, assignment: Assignment, leg_id: LegId) -> None:
    """The agent is there on this leg: join him with the customer, or have the customer dialled."""
    turn.record(AssignmentStarted(assignment_id=assignment.id, leg_id=leg_id, at_ms=turn.now))
    contact = turn.state.contact(assignment.contact_id)
    if contact.leg_id is None:
        callbacks.dial(turn, turn.state.assignment(assignment.id), contact)
    else:
        legs.join(turn, turn.state.assignment(assignment.id))


def ring_failed(turn: Turn, event: RingFailed) -> None:
    """The phone was not answered or not reached; a leg that is no longer rung is nothing."""
    assignment = turn.state.assignments.get(event.assignment_id)
    if assignment is not None and assignment.leg_id == event.leg_id:
        ring_ended(turn, assignment, event.cause)


def ring_ended(turn: Turn, assignment: Assignment, cause: LegCause) -> None:
    """The leg being rung is gone: the offer fails, or the rejoin goes on waiting."""
    if assignment.state is AssignmentState.OFFERED:
        _first_ring_ended(turn, assignment, cause)
    elif assignment.state is AssignmentState.REJOINING and assignment.leg_id is not None:
        turn.record(RingEnded(assignment_id=assignment.id, leg_id=assignment.leg_id, cause=cause, at_ms=turn.now))


def _first_ring_ended(turn: Turn, assignment: Assignment, cause: LegCause) -> None:
    """The agent is not ready, unless it was no fault of his.

    A phone that is busy at once is in a call that the state does not know: of the fallback queue, or a private one.
    Just after a node's return its phones are not registered yet. Then he stays ready and is skipped for a while: nobody
    is rung in a loop, and nobody is left not ready who could take the next call.
    """
    reason = reason_for(cause)
    blameless = reason == REASON_PHONE_LOST and not phones_are_missed(turn)
    his_own = is_own(turn.state.contact(assignment.contact_id))  # nobody else's, so he need not be skipped
    if cause is LegCause.BUSY:
        blameless = assignment.rung_ms is None or turn.now - assignment.rung_ms < BUSY_AT_ONCE_MS
        reason = REASON_REJECTED
    if blameless and not his_own and not _was_cut(turn, assignment):
        end_offer(turn, assignment, outcome=OfferOutcome.FAILED, cause=cause)
        skip(turn, assignment.agent_id)
    else:
        outcome = _OUTCOMES.get(cause, OfferOutcome.FAILED)
        fail_offer(turn, assignment, outcome=outcome, cause=cause, reason=reason)


_OUTCOMES: Final = {
    LegCause.REJECTED: OfferOutcome.REJECTED,
    LegCause.BUSY: OfferOutcome.REJECTED,
    LegCause.NO_ANSWER: OfferOutcome.TIMED_OUT,
}


def ring_expired(turn: Turn, assignment: Assignment) -> None:
    """Nobody took it in time."""
    fail_offer(turn, assignment, outcome=OfferOutcome.TIMED_OUT, cause=LegCause.NO_ANSWER, reason=REASON_NO_ANSWER)


def _was_cut(turn: Turn, assignment: Assignment) -> bool:
    """Whether the caller's node has been away since the offer was made, so that nobody knows what rang."""
    node_id = turn.state.contact(assignment.contact_id).node
    node = turn.state.nodes.get(node_id) if node_id is not None else None
    if node is None:
        return False
    return node.lost or (node.returned_ms is not None and assignment.offered_ms < node.returned_ms)


def offer_accepted(turn: Turn, event: OfferAccepted) -> None:
    """Work on a virtual call begins, or a lead that was looked at is to be called. Twice is once."""
    assignment = turn.state.assignment(event.assignment_id)
    if awaits_word(assignment):
        turn.stop(TimerKind.LEASE, assignment.id)
        ring(turn, assignment)
        return
    if is_call(turn.state.contact(assignment.contact_id)):
        raise RuleError("A call is taken by answering the phone that rings.", code="answer_the_phone")
    if assignment.state in (AssignmentState.ACTIVE, AssignmentState.PAUSED):
        return
    turn.record(AssignmentStarted(assignment_id=assignment.id, leg_id=None, at_ms=turn.now))
    turn.stop(TimerKind.LEASE, assignment.id)
    check_reach(turn, assignment.agent_id)


def offer_rejected(turn: Turn, event: OfferRejected) -> None:
    """He refuses: he is not ready, and the contact goes back to its place."""
    reject(turn, turn.state.assignment(event.assignment_id))


def reject(turn: Turn, assignment: Assignment) -> None:
    """End the offer as refused; raises `IllegalTransition` if it has been taken up."""
    his_own = is_own(turn.state.contact(assignment.contact_id))
    end_offer(turn, assignment, outcome=OfferOutcome.REJECTED)
    if not his_own:
        make_not_ready(turn, assignment.agent_id, REASON_REJECTED)


def fail_offer(turn: Turn, assignment: Assignment, *, outcome: OfferOutcome, cause: LegCause, reason: ReasonId) -> None:
    """The phone was not taken up: its agent is not ready, the contact waits in its old place.

    If the caller's node was away meanwhile and he did not refuse, the offer merely failed: he is as ready as he was. So
    is he when the call was one that he asked for.
    """
    if reason != REASON_REJECTED and _was_cut(turn, assignment):
        end_offer(turn, assignment, outcome=OfferOutcome.FAILED, cause=cause)
        return
    his_own = is_own(turn.state.contact(assignment.contact_id)) and not assignment.preview
    end_offer(turn, assignment, outcome=outcome, cause=cause)
    if not his_own:
        make_not_ready(turn, assignment.agent_id, reason)


def end_offer(turn: Turn, assignment: Assignment, *, outcome: OfferOutcome, cause: LegCause | None = None) -> None:
    """Take the offer back: pop closed, leg ended, timers forgotten, agent free."""
    contact = turn.state.contact(assignment.contact_id)
    turn.record(OfferEnded(assignment_id=assignment.id, outcome=outcome, cause=cause, at_ms=turn.now))
    if is_own(contact):
        turn.record(ContactClosed(contact_id=contact.id, disposition=SYSTEM_CANCELLED, at_ms=turn.now))
    else:
        turn.waiting.append(assignment.contact_id)
    if turn.state.agent(assignment.agent_id).desktop:
        turn.do(ClosePop(assignment_id=assignment.id, agent_id=assignment.agent_id))
    legs.end_agents(turn, assignment, contact)
    if assignment.pop_until_ms is not None:
        turn.stop(TimerKind.POP, assignment.id)
    if assignment.ring_until_ms is not None:
        turn.stop(TimerKind.RING, assignment.id)
    if not is_call(contact) or awaits_word(assignment):
        turn.stop(TimerKind.LEASE, assignment.id)
    let_go(turn, assignment.agent_id)


def is_own(contact: Contact) -> bool:
    """Whether it is a call that an agent asked for and whose customer is not dialled yet: it is nobody else's."""
    return contact.outbound and contact.leg_id is None
