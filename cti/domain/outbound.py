"""Calls that an agent asks for: his own phone first, then the customer, in a contact that is his from the beginning.

Once the agent has answered, the customer is dialled as one who is called back is (`cti.domain.callbacks`), but one who
is not reached is the agent's to code: there is no next attempt but the one he makes. Whether the number may be called
at all is asked before. What he works on already, and calls about, is laid aside for the
call. Called by `acd`.
"""

from cti.domain import capacity, offers
from cti.domain.agent import Agent, counted, load, to_pause_for
from cti.domain.assignment import is_desk_work
from cti.domain.events import OutboundRequested
from cti.domain.facts import ASKED, ContactQueued, Why
from cti.domain.ids import AssignmentId, ContactId, Medium, NodeId, Readiness
from cti.domain.queue import Queue
from cti.domain.states import AssignmentState
from cti.domain.turn import Turn
from cti.errors import RuleError


def requested(turn: Turn, event: OutboundRequested) -> None:
    """Ring the agent for it at once; raises RuleError when he cannot make a call now."""
    queue, agent = turn.state.queue(event.queue_id), turn.state.agent(event.agent_id)
    node = event.node or turn.state.node
    if node is None:
        raise RuleError("No switch has been seen yet to call from: try again in a moment.", code="no_switch")
    aside = _check(turn, queue, agent, node, origin=event.origin)
    contact_id = ContactId(f"c{turn.number}")
    turn.record(
        ContactQueued(
            contact_id=contact_id,
            medium=Medium.VOICE,
            project_id=queue.rules.project_id,
            queue_id=queue.id,
            arrived_ms=turn.now if event.asked_ms is None else min(event.asked_ms, turn.now),
            queued_ms=turn.now,
            leg_id=None,
            node=node,
            requirements=(),
            preferred=(),
            origin=event.origin,
            address_key=event.address_key,
            outbound=True,
        )
    )
    _offer(turn, queue, agent, contact_id, aside=aside)


def _check(
    turn: Turn, queue: Queue, agent: Agent, node: NodeId, *, origin: ContactId | None
) -> tuple[AssignmentId, ...]:
    """What is laid aside for the call besides what his profile lets it interrupt. Raises RuleError."""
    if agent.removed or queue.rules.project_id not in agent.project_ids:
        raise RuleError("You do not work for this project.", code="not_your_project")
    if agent.readiness is Readiness.OFFLINE or agent.leaving:
        raise RuleError("Sign in before you call.", code="offline")
    if agent.device not in agent.phones:
        raise RuleError("Your phone is not registered: switch it on.", code="phone_unreachable")
    if agent.reserved_for is not None:
        raise RuleError("A campaign's customer may be put through to you any moment: try again then.", code="reserved")
    if agent.party_leg is not None:
        raise RuleError("A colleague asks you: end that talk before you call.", code="busy")
    known = turn.state.nodes.get(node)
    if known is not None and known.lost:
        raise RuleError("The switch does not answer: try again in a moment.", code="no_switch")
    if capacity.accepts(agent.capacity, counted(agent), Medium.VOICE) or to_pause_for(agent, Medium.VOICE):
        return ()
    about = _work_on(turn, agent, origin)
    if about is None or not capacity.accepts(agent.capacity, _besides(agent, about), Medium.VOICE):
        raise RuleError("Finish what you have in hand before you call.", code="busy")
    return (about,)


def _work_on(turn: Turn, agent: Agent, origin: ContactId | None) -> AssignmentId | None:
    """His work without legs on the contact that the call is about: he goes on with it by calling."""
    contact = turn.state.contacts.get(origin) if origin is not None else None
    held = turn.state.assignments.get(contact.assignment_id) if contact and contact.assignment_id else None
    is_his = held is not None and held.agent_id == agent.id
    return (
        held.id if held is not None and is_his and held.state is AssignmentState.ACTIVE and is_desk_work(held) else None
    )


def _besides(agent: Agent, assignment_id: AssignmentId) -> tuple[Medium, ...]:
    """What he holds and is not paused, without that."""
    held = zip(agent.assignment_ids, agent.active, strict=True)
    return tuple(medium for key, medium in held if key != assignment_id and key not in agent.paused)


def _offer(turn: Turn, queue: Queue, agent: Agent, contact_id: ContactId, *, aside: tuple[AssignmentId, ...]) -> None:
    """The card is shown and the phone rings together: he knows what is coming."""
    offers.offer_out_of_order(
        turn,
        turn.state.contact(contact_id),
        agent,
        lease_until_ms=turn.now + queue.rules.ring_limit_ms + offers.LEASE_MARGIN_MS,
        aside=aside,
        why=Why(rule=ASKED, fit=0, load=load(agent), idle_ms=0, score_ms=0, runner_up=None, capable=1, ready=1, free=1),
    )
