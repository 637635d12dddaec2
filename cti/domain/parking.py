"""Parked callers: put aside by their agent at a numbered place, with music, until somebody fetches them.

Theory of operation. The agent leaves the talk as he does when he hands it over unseen: his leg ends when the caller
hears music. The caller is then nobody's, but has a place, whoever parked him, and a deadline. Whoever fetches him is
rung as one who is asked into a talk, and has it when he answers (`transfers`); nobody else can fetch him meanwhile. One
who does not answer leaves him at the head of his queue; a deadline that passes brings him to whoever parked him, if he
is ready, else there. Called by `acd` and `deadlines`.
"""

from typing import Final

from cti.domain import offers, transfers
from cti.domain.agent import Agent, is_available, is_engaged, load
from cti.domain.commands import Command, PlayMusic
from cti.domain.contact import Contact
from cti.domain.events import FetchRequested, ParkRequested
from cti.domain.facts import TRANSFERRED, ContactFetched, ContactParked, ContactRequeued, PriorityGiven, Why
from cti.domain.ids import TimerKind
from cti.domain.queue import MOST_POINTS
from cti.domain.state import State
from cti.domain.states import ContactState
from cti.domain.turn import Turn
from cti.errors import RuleError

FIRST_SLOT: Final = 701
SLOTS: Final = 20
"""Places of the whole centre."""


def requested(turn: Turn, event: ParkRequested) -> None:
    """At the first free place; the agent goes to wrap-up."""
    assignment, contact = transfers.talk_of(turn, event.assignment_id)
    if contact.parties:
        raise RuleError("Somebody is with you: hand the call over to him, or part from him first.", code="party_there")
    slot = _free_slot(turn.state)
    if slot is None:
        raise RuleError("All places for parked calls are taken: put the call on hold instead.", code="park_full")
    until = turn.now + turn.state.queues[contact.queue_id].rules.park_limit_ms
    transfers.leave(turn, assignment, contact)
    turn.record(
        ContactParked(
            contact_id=contact.id,
            slot=slot,
            assignment_id=assignment.id,
            agent_id=assignment.agent_id,
            at_ms=turn.now,
            until_ms=until,
        )
    )
    turn.start(TimerKind.PARK, contact.id, at_ms=until)


def fetch_requested(turn: Turn, event: FetchRequested) -> None:
    """His phone rings, and the caller hears music until he answers."""
    contact = turn.state.contacts.get(event.contact_id)
    if contact is None or contact.state is not ContactState.PARKED or contact.parked_from is None:
        raise RuleError("He is not parked any more: somebody has fetched him, or he hung up.", code="park_gone")
    agent = turn.state.agent(event.agent_id)
    if contact.project_id not in agent.project_ids or agent.removed:
        raise RuleError("You do not work for this project.", code="not_your_project")
    if agent.device not in agent.phones:
        raise RuleError("Your phone is not registered: switch it on.", code="phone_unreachable")
    if is_engaged(agent):
        raise RuleError("Finish what you have in hand before you fetch a call.", code="park_busy")
    turn.record(ContactFetched(contact_id=contact.id, agent_id=agent.id, at_ms=turn.now))
    turn.stop(TimerKind.PARK, contact.id)
    transfers.ring_for(turn, contact, agent, by=contact.parked_from, alone=True)


def expired(turn: Turn, contact: Contact) -> None:
    """Nobody fetched him: whoever parked him has him again if he is ready, else he is first in his queue."""
    agent = turn.state.agents.get(contact.parked_by) if contact.parked_by is not None else None
    if agent is None or not _has_room(agent, contact):
        transfers.bring_back(turn, contact)
        return
    turn.record(ContactRequeued(contact_id=contact.id, at_ms=turn.now))
    turn.record(PriorityGiven(contact_id=contact.id, priority=MOST_POINTS, at_ms=turn.now))
    rules = turn.state.queues[contact.queue_id].rules
    offers.offer_out_of_order(
        turn,
        turn.state.contact(contact.id),
        agent,
        lease_until_ms=turn.now + rules.ring_limit_ms + offers.LEASE_MARGIN_MS,
        why=_why(agent),
    )


def _has_room(agent: Agent, contact: Contact) -> bool:
    """Whether whoever parked him can have him back: his project may have changed meanwhile."""
    is_his = contact.project_id in agent.project_ids and is_available(agent)
    return is_his and not is_engaged(agent) and agent.device in agent.phones


def resume(state: State) -> list[Command]:
    """What a new engine asks of the switch: that those who are parked hear music, as they most likely do."""
    return [
        PlayMusic(leg_id=contact.leg_id, node=contact.node, queue_id=contact.queue_id)
        for contact in parked(state)
        if contact.leg_id is not None and contact.node is not None
    ]


def parked(state: State) -> list[Contact]:
    """All who are parked, by their places."""
    return [state.contacts[state.parked[slot]] for slot in sorted(state.parked)]


def _free_slot(state: State) -> int | None:
    return next((slot for slot in range(FIRST_SLOT, FIRST_SLOT + SLOTS) if slot not in state.parked), None)


def _why(agent: Agent) -> Why:
    return Why(
        rule=TRANSFERRED, fit=0, load=load(agent), idle_ms=0, score_ms=0, runner_up=None, capable=1, ready=1, free=1
    )
