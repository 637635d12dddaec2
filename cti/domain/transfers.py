"""Transfers: a talk handed over unseen, or after a word aside; and talks of more than two.

Theory of operation. The customer's leg is in the talk's bridge, or hears music; everybody whom his agent asks is a
*party* with a leg and a state of its own (`states.PARTY`), at most one of them outside the talk at a time: being rung,
or in a bridge aside. Each act moves one party, and at most the agent besides; where everybody is to be follows from the
states, so the comparison with the switch can put it right again.

Nobody is left alone. An agent's leg ends in the same decision as the customer is with somebody else, or in a queue; one
who is asked for a customer without an agent, and does not come, or whose leg is lost, leaves a customer who goes to the
head of his queue, with all that is known of him. One who takes over and is an agent on duty gets the talk as an
assignment of his own, with wrap-up and result; anybody else just has it. Called by `acd`, `talks` and `deadlines`.
"""

from collections.abc import Iterator
from typing import Final, assert_never

from cti.domain import legs, offers
from cti.domain.agent import Agent, is_available, is_engaged, load
from cti.domain.assignment import Assignment
from cti.domain.callbacks import is_dialling
from cti.domain.commands import DropBridge, EndLeg, HoldLeg, JoinParty, RingParty, SendAway, ShowPop
from cti.domain.contact import Contact
from cti.domain.events import (
    ConferenceRequested,
    HandOverRequested,
    InviteRequested,
    PartyAnswered,
    PartyDropped,
    PartyFailed,
    SwapRequested,
    Target,
    TransferRequested,
)
from cti.domain.facts import (
    TRANSFERRED,
    AssignmentHeld,
    AssignmentOffered,
    AssignmentResumed,
    AssignmentStarted,
    ContactClosed,
    ContactMoved,
    ContactRequeued,
    HandedOver,
    PartyEnded,
    PartyInvited,
    PartyMoved,
    PriorityGiven,
    Why,
)
from cti.domain.ids import (
    SYSTEM_TRANSFERRED,
    AgentId,
    AssignmentId,
    LegCause,
    LegId,
    Milliseconds,
    PartyEnd,
    QueueId,
    Readiness,
    TargetKind,
    TimerKind,
)
from cti.domain.party import IN_TALK, RINGING, Party
from cti.domain.queue import MOST_POINTS
from cti.domain.readiness import let_go
from cti.domain.states import AssignmentState, PartyState, Trigger
from cti.domain.turn import Turn
from cti.errors import RuleError
from cti.variables import PARTY_PREFIX

MOST_PARTIES: Final = 8
"""In one talk, besides the customer and his agent."""
RING_MS: Final[Milliseconds] = 30_000
"""How long somebody who is asked is rung."""
GREETED_MS: Final[Milliseconds] = 3_000
"""Whoever had the customer for less has not said goodbye to him: his leg ended as he got him, or before."""
_TALKING: Final = (AssignmentState.ACTIVE, AssignmentState.HELD)
LOST: Final = (LegCause.LOST, LegCause.UNREACHABLE, LegCause.CONGESTION)
"""How a leg ends that nobody hung up."""
_AWAY: Final = (AssignmentState.HELD, AssignmentState.REJOINING)
_FIRST_TO_LEAD: Final = (
    PartyState.ASIDE,
    PartyState.LEFT,
    PartyState.TOGETHER,
    PartyState.RINGING,
)


# -- unseen ------------------------------------------------------------------------------------------------------------


def transfer_requested(turn: Turn, event: TransferRequested) -> None:
    """The agent is free for his wrap-up at once; whoever is to have the customer is found while he hears music."""
    assignment, contact = talk_of(turn, event.assignment_id)
    if contact.parties:
        raise RuleError("Somebody is with you: hand the call over to him, or part from him first.", code="party_there")
    target = event.target
    match target.kind:
        case TargetKind.QUEUE:
            assert target.queue_id is not None
            _to_queue(turn, assignment, contact, target.queue_id)
        case TargetKind.DESTINATION:
            _send_away(turn, assignment, contact, target)
        case TargetKind.AGENT:
            assert target.agent_id is not None
            _to_agent(turn, assignment, contact, target.agent_id)
        case TargetKind.NUMBER:
            leave(turn, assignment, contact)
            ring_for(turn, contact, None, by=assignment.id, alone=True)
        case _:
            assert_never(target.kind)


def _to_queue(turn: Turn, assignment: Assignment, contact: Contact, queue_id: QueueId) -> None:
    queue = turn.state.queue(queue_id)
    if not queue.open or queue.rules.project_id != contact.project_id:
        raise RuleError("The call cannot go to that queue: choose one of its project.", code="not_its_queue")
    leave(turn, assignment, contact)
    turn.record(ContactRequeued(contact_id=contact.id, at_ms=turn.now))
    if queue_id != contact.queue_id:
        turn.record(
            ContactMoved(contact_id=contact.id, queue_id=queue_id, project_id=queue.rules.project_id, at_ms=turn.now)
        )
    turn.waiting.append(contact.id)


def _send_away(turn: Turn, assignment: Assignment, contact: Contact, target: Target) -> None:
    assert target.destination is not None
    assert contact.leg_id is not None
    assert contact.node is not None
    leave(turn, assignment, contact)
    turn.record(ContactClosed(contact_id=contact.id, disposition=SYSTEM_TRANSFERRED, at_ms=turn.now))
    turn.do(SendAway(contact_id=contact.id, leg_id=contact.leg_id, node=contact.node, destination=target.destination))


def _to_agent(turn: Turn, assignment: Assignment, contact: Contact, agent_id: AgentId) -> None:
    agent = _asked(turn, assignment, contact, agent_id)
    if not _is_on_duty(agent):
        leave(turn, assignment, contact)
        ring_for(turn, contact, agent, by=assignment.id, alone=True)
        return
    if not is_available(agent):
        raise RuleError("He is not ready: ask him first, or choose a queue.", code="party_not_ready")
    leave(turn, assignment, contact)
    turn.record(ContactRequeued(contact_id=contact.id, at_ms=turn.now))
    rules = turn.state.queues[contact.queue_id].rules
    offers.offer_out_of_order(
        turn,
        turn.state.contact(contact.id),
        agent,
        lease_until_ms=turn.now + rules.ring_limit_ms + offers.LEASE_MARGIN_MS,
        why=_why(agent),
    )


# -- after a word aside ------------------------------------------------------------------------------------------------


def invite_requested(turn: Turn, event: InviteRequested) -> None:
    """Ring him; the customer hears music, unless others in the talk are with him."""
    assignment, contact = talk_of(turn, event.assignment_id)
    if outside(turn, contact) is not None:
        raise RuleError("Somebody is with you already: let him in, or part from him first.", code="party_there")
    if len(contact.parties) >= MOST_PARTIES:
        raise RuleError("No more than ten can talk together.", code="party_full")
    agent = None
    if event.target.kind is TargetKind.AGENT:
        assert event.target.agent_id is not None
        agent = _asked(turn, assignment, contact, event.target.agent_id)
    elif event.target.kind is not TargetKind.NUMBER:
        raise RuleError("Only a person or a number can be asked into a talk.", code="party_nobody")
    _step_aside(turn, assignment, contact)
    ring_for(turn, contact, agent, by=assignment.id, alone=False)


def swap_requested(turn: Turn, event: SwapRequested) -> None:
    """Whoever was talked to hears music, and the other is talked to."""
    assignment, contact = talk_of(turn, event.assignment_id)
    party = outside(turn, contact)
    if party is None or party.state in RINGING:
        raise RuleError("There is nobody else on the line yet.", code="party_absent")
    if party.state is PartyState.ASIDE:
        back_to_customer(turn, assignment, contact)
    else:
        _step_aside(turn, assignment, contact)
        _move(turn, party, Trigger.TAKEN_UP)
        _join_aside(turn, assignment, contact, party)


def conference_requested(turn: Turn, event: ConferenceRequested) -> None:
    """He comes in, and the agent is back in the talk."""
    assignment, contact = talk_of(turn, event.assignment_id)
    party = outside(turn, contact)
    if party is None or party.state in RINGING:
        raise RuleError("There is nobody else on the line yet.", code="party_absent")
    _move(turn, party, Trigger.MERGED)
    if assignment.state is AssignmentState.HELD:
        turn.record(AssignmentResumed(assignment_id=assignment.id, at_ms=turn.now))
    _join_talk(turn, contact)
    _drop_side(turn, contact)


def hand_over_requested(turn: Turn, event: HandOverRequested) -> None:
    """He is alone with the customer from now on, or with the others in the talk."""
    assignment, contact = talk_of(turn, event.assignment_id)
    if not contact.parties:
        raise RuleError("There is nobody to hand the call to.", code="party_absent")
    hand_over(turn, assignment, contact)


def party_dropped(turn: Turn, event: PartyDropped) -> None:
    """His leg ends. Twice is once."""
    _, contact = talk_of(turn, event.assignment_id)
    party = turn.state.parties.get(event.leg_id)
    if party is None:
        return
    if party.contact_id != contact.id:
        raise RuleError("He is not in your talk.", code="party_absent")
    if party.uninvited:
        raise RuleError("Your supervisor leaves by himself.", code="party_supervisor")
    _end(turn, party, PartyEnd.DROPPED)


def party_answered(turn: Turn, event: PartyAnswered) -> None:
    """He is there: aside with the agent, or with the customer, whose agent has left. Said again, he is joined again."""
    party = turn.state.parties.get(event.leg_id)
    if party is None:
        node = event.node or turn.state.node
        if node is not None:
            turn.do(EndLeg(leg_id=event.leg_id, node=node))
        return
    contact = turn.state.contact(party.contact_id)
    if party.state not in RINGING:
        place(turn, contact)
        return
    turn.stop(TimerKind.PARTY, party.leg_id)
    _move(turn, party, Trigger.ANSWERED)
    party = turn.state.parties[party.leg_id]
    if party.state is PartyState.LEADING:
        _lead(turn, contact, party)
        return
    assignment = turn.state.assignment(party.by)
    if assignment.state is AssignmentState.HELD:
        _join_aside(turn, assignment, contact, party)
    else:
        _move(turn, party, Trigger.PARTED)
        _hold_party(turn, contact, party)


def party_failed(turn: Turn, event: PartyFailed) -> None:
    """He was not reached; a leg that is no longer rung is nothing."""
    party = turn.state.parties.get(event.leg_id)
    if party is not None and party.state in RINGING:
        _gone(turn, party, PartyEnd.MISSED, event.cause)


def ring_expired(turn: Turn, party: Party) -> None:
    """He did not answer in time."""
    turn.do(EndLeg(leg_id=party.leg_id, node=party.node))
    _gone(turn, party, PartyEnd.MISSED, LegCause.NO_ANSWER)


def leg_ended(turn: Turn, leg_id: LegId, cause: LegCause) -> None:
    """A party's leg is gone."""
    party = turn.state.parties[leg_id]
    how = PartyEnd.MISSED if party.state in RINGING else PartyEnd.LOST if cause in LOST else PartyEnd.LEFT
    _gone(turn, party, how, cause)


# -- what `talks` asks -------------------------------------------------------------------------------------------------


def outside(turn: Turn, contact: Contact) -> Party | None:
    """Whoever was asked and is not in the talk (yet); there is one at most."""
    return next((party for party in _parties(turn, contact) if party.state not in IN_TALK), None)


def is_conference(turn: Turn, contact: Contact) -> bool:
    """Whether the customer is with others, be his agent there or not."""
    return any(party.state in IN_TALK for party in _parties(turn, contact))


def hand_over(turn: Turn, assignment: Assignment, contact: Contact, *, heir: Party | None = None) -> None:
    """The agent is gone from the talk: the one aside has it, else the first of those in it, else who is being rung.

    Unless it is said who, somebody in the talk.

    Whoever is still rung while others are with the customer is let go: there is nobody left who asked for him.
    """
    heir = heir or min(_parties(turn, contact), key=lambda party: _FIRST_TO_LEAD.index(party.state))
    rung = outside(turn, contact)
    if rung is not None and rung is not heir:
        _end(turn, rung, PartyEnd.DROPPED)
    is_ringing = heir.state is PartyState.RINGING
    _move(turn, heir, Trigger.LEFT_IN_CHARGE)
    if not is_ringing:
        _hand_over(turn, assignment)
        _lead(turn, turn.state.contact(contact.id), turn.state.parties[heir.leg_id])
        legs.end_agents(turn, assignment, contact)
        _drop_side(turn, contact)
        return
    leave(turn, assignment, contact)


def back_to_customer(turn: Turn, assignment: Assignment, contact: Contact) -> None:
    """The agent is with the customer again; the one aside hears music."""
    party = outside(turn, contact)
    if party is not None and party.state is PartyState.ASIDE:
        _move(turn, party, Trigger.PARTED)
        _hold_party(turn, contact, party)
    turn.record(AssignmentResumed(assignment_id=assignment.id, at_ms=turn.now))
    place(turn, contact)


def agent_lost(turn: Turn, contact: Contact) -> None:
    """His leg is lost: who is rung for him is told no; who was aside with him hears music until he is back."""
    party = outside(turn, contact)
    if party is None:
        return
    if party.state is PartyState.RINGING:
        _end(turn, party, PartyEnd.DROPPED)
    elif party.state is PartyState.ASIDE:
        _move(turn, party, Trigger.PARTED)
        _hold_party(turn, contact, party)


def end_all(turn: Turn, contact: Contact) -> None:
    """The customer is gone, or the contact is over: so is the talk for everybody."""
    for party in tuple(_parties(turn, contact)):
        turn.do(EndLeg(leg_id=party.leg_id, node=party.node))
        _record_end(turn, party, PartyEnd.OVER, None)
    if contact.parties:
        _drop_side(turn, contact)


def end_with_customer(turn: Turn, contact: Contact) -> None:
    """A customer without an agent is gone: so is who had him, or was rung for him."""
    end_all(turn, contact)
    legs.drop_bridge(turn, contact)


def place(turn: Turn, contact: Contact) -> None:
    """Have everybody be where he is to be; said of a talk where all are, it changes nothing."""
    contact = turn.state.contact(contact.id)
    assignment = turn.state.assignments.get(contact.assignment_id) if contact.assignment_id is not None else None
    if is_conference(turn, contact):
        _join_talk(turn, contact)
    elif assignment is not None and assignment.state is AssignmentState.ACTIVE:
        legs.join(turn, assignment)
    party = outside(turn, contact)
    if party is not None and party.state is PartyState.ASIDE and assignment is not None:
        _join_aside(turn, assignment, contact, party)


# -- how ---------------------------------------------------------------------------------------------------------------


def talk_of(turn: Turn, assignment_id: AssignmentId) -> tuple[Assignment, Contact]:
    """A call whose customer is there, and its agent too. Raises RuleError."""
    assignment = turn.state.assignment(assignment_id)
    if assignment.state not in _TALKING:
        raise RuleError("You are not in this talk (any more).", code="not_in_talk")
    contact = turn.state.contact(assignment.contact_id)
    if contact.leg_id is None or contact.node is None:
        raise RuleError("Only a call can be transferred.", code="only_calls_transfer")
    if assignment.leg_id is None:
        raise RuleError("You are not in this talk (any more).", code="not_in_talk")
    if is_dialling(assignment, contact):
        raise RuleError("The customer has not answered yet.", code="not_answered_yet")
    return assignment, contact


def _asked(turn: Turn, assignment: Assignment, contact: Contact, agent_id: AgentId) -> Agent:
    """The person, if he can be rung for this talk now. Raises RuleError."""
    agent = turn.state.agent(agent_id)
    if agent.id == assignment.agent_id:
        raise RuleError("You cannot ask yourself.", code="party_yourself")
    if agent.removed or contact.project_id not in agent.project_ids:
        raise RuleError("He does not work for this project.", code="not_his_project")
    if agent.device not in agent.phones:
        raise RuleError("His phone is not registered.", code="party_unreachable")
    if is_engaged(agent):
        raise RuleError("He is busy.", code="party_busy")
    return agent


def _is_on_duty(agent: Agent) -> bool:
    """Whether contacts are his to have: he has signed in, and is not about to leave."""
    return agent.readiness is not Readiness.OFFLINE and not agent.leaving and not agent.removed


def _why(agent: Agent) -> Why:
    return Why(
        rule=TRANSFERRED, fit=0, load=load(agent), idle_ms=0, score_ms=0, runner_up=None, capable=1, ready=1, free=1
    )


def _parties(turn: Turn, contact: Contact) -> Iterator[Party]:
    """In the order in which they were asked."""
    known = turn.state.contacts.get(contact.id, contact)
    return (turn.state.parties[leg_id] for leg_id in known.parties)


def ring_for(turn: Turn, contact: Contact, agent: Agent | None, *, by: AssignmentId, alone: bool) -> None:
    """Ring this colleague, or the number outside; `alone`: for the customer, with whom nobody is."""
    assert contact.node is not None
    leg_id = LegId(f"{PARTY_PREFIX}{contact.id}-{turn.number}")
    until = turn.now + RING_MS
    asking = turn.state.assignments.get(by)
    turn.record(
        PartyInvited(
            leg_id=leg_id,
            contact_id=contact.id,
            node=contact.node,
            agent_id=agent.id if agent is not None else None,
            device=agent.device if agent is not None else None,
            by=by,
            at_ms=turn.now,
            until_ms=until,
            alone=alone,
        )
    )
    turn.start(TimerKind.PARTY, leg_id, at_ms=until)
    turn.do(
        RingParty(
            leg_id=leg_id,
            contact_id=contact.id,
            agent_id=agent.id if agent is not None else None,
            device=agent.device if agent is not None else None,
            heard_by=None if alone or asking is None else asking.leg_id,
            bridge_id=legs.bridge_of(contact),
            node=contact.node,
            limit_ms=RING_MS,
        )
    )


def _step_aside(turn: Turn, assignment: Assignment, contact: Contact) -> None:
    """The agent is out of the talk: the customer hears music, unless others are with him."""
    if assignment.state is AssignmentState.HELD:
        return
    turn.record(AssignmentHeld(assignment_id=assignment.id, at_ms=turn.now))
    if not is_conference(turn, contact):
        legs.hold(turn, contact)


def _hand_over(turn: Turn, assignment: Assignment) -> None:
    """His part is over, and he codes it."""
    contact = turn.state.contact(assignment.contact_id)
    until = turn.now + turn.state.queues[contact.queue_id].rules.wrap_up_limit_ms
    turn.record(HandedOver(assignment_id=assignment.id, at_ms=turn.now, until_ms=until))
    if assignment.rejoin_until_ms is not None:
        turn.stop(TimerKind.REJOIN, assignment.id)
    turn.start(TimerKind.WRAP_UP, assignment.id, at_ms=until)


def leave(turn: Turn, assignment: Assignment, contact: Contact) -> None:
    """He goes, and the customer hears music: nobody is with him yet."""
    _hand_over(turn, assignment)
    legs.hold(turn, contact)
    legs.end_agents(turn, assignment, contact)
    legs.drop_bridge(turn, contact)


def _lead(turn: Turn, contact: Contact, party: Party) -> None:
    """The talk is his: as an assignment, if contacts are his to have."""
    agent = turn.state.agents.get(party.agent_id) if party.agent_id is not None else None
    if agent is None or not _is_on_duty(agent) or contact.project_id not in agent.project_ids:
        _join_talk(turn, contact)
        return
    _record_end(turn, party, PartyEnd.TOOK_OVER, None)
    turn.record(ContactRequeued(contact_id=contact.id, at_ms=turn.now))
    assignment_id = turn.new_assignment_id()
    turn.record(
        AssignmentOffered(
            assignment_id=assignment_id,
            contact_id=contact.id,
            agent_id=agent.id,
            at_ms=turn.now,
            pop_until_ms=None,
            lease_until_ms=turn.now,
            why=_why(agent),
        )
    )
    turn.record(AssignmentStarted(assignment_id=assignment_id, leg_id=party.leg_id, at_ms=turn.now))
    if agent.desktop:
        turn.do(ShowPop(assignment_id=assignment_id, agent_id=agent.id, contact_id=contact.id))
    place(turn, contact)


def _gone(turn: Turn, party: Party, how: PartyEnd, cause: LegCause) -> None:
    """What is left of the talk goes on; a customer who is alone returns to the head of his queue."""
    contact = turn.state.contact(party.contact_id)
    _record_end(turn, party, how, cause)
    _leave_side(turn, contact, party)
    if contact.assignment_id is not None:
        if party.state in IN_TALK:  # a join that named him has failed for all
            place(turn, contact)
            _music_if_alone(turn, contact)
        return
    left_early = how is PartyEnd.LOST or turn.now - party.since_ms < GREETED_MS
    next_one = next((other for other in _parties(turn, contact) if other.state is PartyState.TOGETHER), None)
    if next_one is not None and party.state is PartyState.LEADING:
        _move(turn, next_one, Trigger.LEFT_IN_CHARGE)
        _lead(turn, contact, turn.state.parties[next_one.leg_id])
    elif party.state is PartyState.CALLED or (party.state is PartyState.LEADING and left_early):
        bring_back(turn, contact)
    elif party.state is PartyState.LEADING:
        turn.record(ContactClosed(contact_id=contact.id, disposition=SYSTEM_TRANSFERRED, at_ms=turn.now))
        legs.end_customers(turn, contact)
        legs.drop_bridge(turn, contact)


def _music_if_alone(turn: Turn, contact: Contact) -> None:
    """The last who was with him has left while his agent is aside, or away."""
    contact = turn.state.contact(contact.id)
    held = turn.state.assignments.get(contact.assignment_id) if contact.assignment_id is not None else None
    if held is not None and held.state in _AWAY and not is_conference(turn, contact):
        legs.hold(turn, contact)


def bring_back(turn: Turn, contact: Contact) -> None:
    """He waits as far to the front as anybody can be brought: before all who have not waited ten minutes longer."""
    turn.record(ContactRequeued(contact_id=contact.id, at_ms=turn.now))
    turn.record(PriorityGiven(contact_id=contact.id, priority=MOST_POINTS, at_ms=turn.now))
    legs.hold(turn, contact)
    legs.drop_bridge(turn, contact)
    turn.waiting.append(contact.id)


def _end(turn: Turn, party: Party, how: PartyEnd) -> None:
    contact = turn.state.contact(party.contact_id)
    turn.do(EndLeg(leg_id=party.leg_id, node=party.node))
    _record_end(turn, party, how, None)
    _leave_side(turn, contact, party)
    if party.state in IN_TALK:
        _music_if_alone(turn, contact)


def _record_end(turn: Turn, party: Party, how: PartyEnd, cause: LegCause | None) -> None:
    turn.record(PartyEnded(leg_id=party.leg_id, how=how, cause=cause, at_ms=turn.now))
    if party.state in RINGING:
        turn.stop(TimerKind.PARTY, party.leg_id)
    if party.agent_id is not None and how is not PartyEnd.TOOK_OVER:
        let_go(turn, party.agent_id)


def _move(turn: Turn, party: Party, trigger: Trigger) -> None:
    turn.record(PartyMoved(leg_id=party.leg_id, trigger=trigger, at_ms=turn.now))


def _hold_party(turn: Turn, contact: Contact, party: Party) -> None:
    turn.do(HoldLeg(leg_id=party.leg_id, bridge_id=legs.side_of(contact), node=party.node, queue_id=contact.queue_id))


def _join_aside(turn: Turn, assignment: Assignment, contact: Contact, party: Party) -> None:
    if assignment.leg_id is None:
        return
    turn.do(
        JoinParty(
            contact_id=contact.id,
            bridge_id=legs.side_of(contact),
            node=party.node,
            legs=(party.leg_id, assignment.leg_id),
        )
    )


def _join_talk(turn: Turn, contact: Contact) -> None:
    """The customer, those in the talk, and his agent, if he is not aside."""
    contact = turn.state.contact(contact.id)
    assert contact.leg_id is not None
    assert contact.node is not None
    held = turn.state.assignments.get(contact.assignment_id) if contact.assignment_id is not None else None
    agents = held.leg_id if held is not None and held.state is AssignmentState.ACTIVE else None
    others = (party.leg_id for party in _parties(turn, contact) if party.state in IN_TALK)
    turn.do(
        JoinParty(
            contact_id=contact.id,
            bridge_id=legs.bridge_of(contact),
            node=contact.node,
            legs=(contact.leg_id, *((agents,) if agents is not None else ()), *others),
        )
    )


def _leave_side(turn: Turn, contact: Contact, party: Party) -> None:
    """He was aside, or rung, and is gone: the agent who asked him hears neither him nor ringing any more."""
    asking = turn.state.assignments.get(party.by)
    if party.state is PartyState.RINGING and asking is not None and asking.leg_id is not None:
        if asking.state is AssignmentState.HELD:
            turn.do(
                JoinParty(
                    contact_id=contact.id, bridge_id=legs.side_of(contact), node=party.node, legs=(asking.leg_id,)
                )
            )
            _drop_side(turn, contact)
    elif party.state is PartyState.ASIDE:
        _drop_side(turn, contact)


def _drop_side(turn: Turn, contact: Contact) -> None:
    if contact.node is not None:
        turn.do(DropBridge(bridge_id=legs.side_of(contact), node=contact.node))
