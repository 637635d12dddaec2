"""What each fact changes in the tables: one function a fact, and no rule.

Called by `cti.domain.state.State.apply`, in deciding and in recovery alike. A function raises `IllegalTransition` where
the machines have no such move, before anything has changed.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from cti.domain.agent import Agent, without
from cti.domain.assignment import Assignment
from cti.domain.campaign_folds import CAMPAIGN_FOLDS, learn_talk, learn_wrap_up, shift
from cti.domain.capacity import ONE_AT_A_TIME, interned
from cti.domain.contact import Contact, number_of
from cti.domain.events import Step
from cti.domain.expected import measured, new_pace, pace_key
from cti.domain.facts import (
    TRANSFERRED,
    AgentConfigured,
    AgentLegLost,
    AgentRung,
    AgentSkipped,
    AssignmentClosed,
    AssignmentHeld,
    AssignmentOffered,
    AssignmentPaused,
    AssignmentResumed,
    AssignmentStarted,
    AssignmentUnpaused,
    CallbackAccepted,
    CallbackOffered,
    CallbackPostponed,
    ClockShifted,
    ContactClosed,
    ContactMoved,
    ContactQueued,
    ContactRequeued,
    ContactUrged,
    CustomerMissed,
    CustomerReached,
    CustomerRung,
    DeviceSet,
    Fact,
    HandedOver,
    HoursConfigured,
    NodeLost,
    NodeReturned,
    OfferEnded,
    PartyEnded,
    PartyInvited,
    PartyMoved,
    PopConfirmed,
    PriorityGiven,
    QueueConfigured,
    ReachChanged,
    ReadinessChanged,
    RingEnded,
    SignOutDeferred,
    StepTaken,
    WaitPlanned,
    WrapUpStarted,
)
from cti.domain.ids import (
    REASON_SIGNED_IN,
    AssignmentId,
    Device,
    Medium,
    Milliseconds,
    OfferOutcome,
    Readiness,
)
from cti.domain.node import Node
from cti.domain.party import Party
from cti.domain.queue import Queue
from cti.domain.states import (
    AssignmentState,
    ContactState,
    PartyState,
    Trigger,
    next_contact,
    next_party,
    next_readiness,
)

if TYPE_CHECKING:
    from cti.domain.state import State

OUTCOMES: Final = {
    OfferOutcome.TIMED_OUT: Trigger.TIMED_OUT,
    OfferOutcome.REJECTED: Trigger.REJECTED,
    OfferOutcome.RESCINDED: Trigger.RESCINDED,
    OfferOutcome.FAILED: Trigger.FAILED,
}
"""What the end of an offer does to the machines."""


def _assignment_offered(state: "State", fact: AssignmentOffered) -> None:
    contact = state.contact(fact.contact_id)
    agent = state.agent(fact.agent_id)
    if not contact.outbound and fact.why.rule != TRANSFERRED:
        _measure(state, contact, fact.at_ms)
    after = next_contact(contact.id, contact.state, Trigger.OFFERED)
    state.put_contact(replace(contact, state=after, assignment_id=fact.assignment_id))
    state.put_agent(
        replace(
            agent,
            assignment_ids=(*agent.assignment_ids, fact.assignment_id),
            active=(*agent.active, contact.medium),
        )
    )
    state.put_assignment(
        Assignment(
            id=fact.assignment_id,
            contact_id=contact.id,
            agent_id=agent.id,
            medium=contact.medium,
            state=AssignmentState.OFFERED,
            offered_ms=fact.at_ms,
            lease_until_ms=fact.lease_until_ms,
            pop_until_ms=fact.pop_until_ms,
            preview=fact.preview,
        )
    )


def _agent_rung(state: "State", fact: AgentRung) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.RUNG)
    state.put_assignment(
        replace(
            assignment,
            state=after,
            leg_id=fact.leg_id,
            device=fact.device,
            rings=assignment.rings + 1,
            rung_ms=fact.at_ms,
            ring_until_ms=fact.until_ms,
            pop_until_ms=None,
            lease_until_ms=max(assignment.lease_until_ms, fact.until_ms + 1),
        )
    )


def _pop_confirmed(state: "State", fact: PopConfirmed) -> None:
    state.put_assignment(replace(state.assignment(fact.assignment_id), pop_shown_ms=fact.at_ms))


def _assignment_started(state: "State", fact: AssignmentStarted) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.STARTED)
    contact = state.contact(assignment.contact_id)
    contact_state = next_contact(contact.id, contact.state, Trigger.STARTED)
    if contact_state is not contact.state:
        state.put_contact(replace(contact, state=contact_state))
    state.put_assignment(
        replace(
            assignment,
            state=after,
            leg_id=fact.leg_id,
            rings=assignment.rings + (fact.leg_id is not None and fact.leg_id in state.line_by_leg),
            pop_until_ms=None,
            ring_until_ms=None,
            rejoin_until_ms=None,
            answered_ms=fact.at_ms,
            device=assignment.device if fact.leg_id is None or assignment.device else _device(state, assignment),
            started_ms=fact.at_ms if assignment.started_ms is None else assignment.started_ms,
        )
    )
    agent = state.agent(assignment.agent_id)
    if agent.capacity.interrupts and assignment.id not in agent.pausable:
        state.put_agent(replace(agent, pausable=_pausable(agent, assignment.id, assignment.medium)))


def _device(state: "State", assignment: Assignment) -> Device:
    """Of a call that was put through without a ring: that of the agent's line, which is the one he chose."""
    return state.agent(assignment.agent_id).device


def _wrap_up_started(state: "State", fact: WrapUpStarted) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.WRAPPED_UP)
    contact = state.contact(assignment.contact_id)
    state.put_contact(replace(contact, state=next_contact(contact.id, contact.state, Trigger.WRAPPED_UP)))
    learn_talk(state, contact, assignment, fact.at_ms)
    agent = state.agent(assignment.agent_id)
    if assignment.id in agent.pausable:
        state.put_agent(replace(agent, pausable=without(agent.pausable, assignment.id)))
    state.put_assignment(
        replace(
            assignment,
            state=after,
            held_ms=None,
            ring_until_ms=None,
            rejoin_until_ms=None,
            wrap_up_ms=fact.at_ms,
            wrap_up_until_ms=fact.until_ms,
        )
    )


def _handed_over(state: "State", fact: HandedOver) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.HANDED_OVER)
    contact = state.contact(assignment.contact_id)
    state.put_contact(
        replace(contact, state=next_contact(contact.id, contact.state, Trigger.HANDED_OVER), assignment_id=None)
    )
    learn_talk(state, contact, assignment, fact.at_ms)
    agent = state.agent(assignment.agent_id)
    if assignment.id in agent.pausable:
        state.put_agent(replace(agent, pausable=without(agent.pausable, assignment.id)))
    state.put_assignment(
        replace(
            assignment,
            state=after,
            held_ms=None,
            ring_until_ms=None,
            rejoin_until_ms=None,
            handed_over=contact,
            wrap_up_ms=fact.at_ms,
            wrap_up_until_ms=fact.until_ms,
        )
    )


def _party_invited(state: "State", fact: PartyInvited) -> None:
    contact = state.contact(fact.contact_id)
    state.put_contact(replace(contact, parties=(*contact.parties, fact.leg_id)))
    state.set_party(
        fact.leg_id,
        Party(
            leg_id=fact.leg_id,
            contact_id=fact.contact_id,
            node=fact.node,
            agent_id=fact.agent_id,
            device=fact.device,
            by=fact.by,
            state=PartyState.CALLED if fact.alone else PartyState.RINGING,
            invited_ms=fact.at_ms,
            since_ms=fact.at_ms,
            until_ms=fact.until_ms,
        ),
    )
    if fact.agent_id is not None:
        state.put_agent(replace(state.agent(fact.agent_id), party_leg=fact.leg_id))


def _party_moved(state: "State", fact: PartyMoved) -> None:
    party = state.party(fact.leg_id)
    after = next_party(party.leg_id, party.state, fact.trigger)
    answers = fact.trigger is Trigger.ANSWERED
    state.set_party(
        party.leg_id,
        replace(
            party,
            state=after,
            since_ms=fact.at_ms,
            until_ms=None if answers else party.until_ms,
            answered_ms=fact.at_ms if answers else party.answered_ms,
        ),
    )


def _party_ended(state: "State", fact: PartyEnded) -> None:
    party = state.party(fact.leg_id)
    next_party(party.leg_id, party.state, Trigger.ENDED)
    contact = state.contact(party.contact_id)
    state.put_contact(replace(contact, parties=tuple(leg for leg in contact.parties if leg != party.leg_id)))
    state.set_party(party.leg_id, None)
    if party.agent_id is not None:
        state.put_agent(replace(state.agent(party.agent_id), party_leg=None))


def _assignment_closed(state: "State", fact: AssignmentClosed) -> None:
    assignment, _ = state.move(fact.assignment_id, Trigger.CLOSED)
    learn_wrap_up(state, state.contacts.get(assignment.contact_id), assignment, fact.at_ms)
    state.set_assignment(assignment.id, None)
    state.put_agent(_released(state.agent(assignment.agent_id), assignment.id, idle_since_ms=fact.at_ms))


def _contact_closed(state: "State", fact: ContactClosed) -> None:
    contact = state.contact(fact.contact_id)
    next_contact(contact.id, contact.state, Trigger.CLOSED)
    state.set_contact(contact.id, None)


def _contact_queued(state: "State", fact: ContactQueued) -> None:
    state.put_contact(
        Contact(
            id=fact.contact_id,
            number=number_of(fact.contact_id),
            medium=fact.medium,
            project_id=fact.project_id,
            queue_id=fact.queue_id,
            arrived_ms=fact.arrived_ms,
            queued_ms=fact.queued_ms,
            leg_id=fact.leg_id,
            node=fact.node,
            requirements=fact.requirements,
            preferred=fact.preferred,
            state=ContactState.WAITING,
            hold_for_ms=fact.hold_for_ms,
            condition=fact.condition,
            tier=fact.tier,
            priority=fact.priority,
            origin=fact.origin,
            address_key=fact.address_key,
            outbound=fact.outbound,
            campaign_id=fact.campaign_id,
            lead_id=fact.lead_id,
        )
    )
    if fact.source_key:
        state.set_source(fact.source_key, fact.contact_id)
    if fact.node is not None and fact.node != state.node:
        state.set_newest_node(fact.node)


def _offer_ended(state: "State", fact: OfferEnded) -> None:
    trigger = OUTCOMES[fact.outcome]
    assignment, _ = state.move(fact.assignment_id, trigger)
    contact = state.contact(assignment.contact_id)
    after = next_contact(contact.id, contact.state, trigger)
    state.set_assignment(assignment.id, None)
    agent = state.agent(assignment.agent_id)
    state.put_agent(_released(agent, assignment.id, idle_since_ms=agent.idle_since_ms))
    state.put_contact(replace(contact, state=after, assignment_id=None))


def _assignment_held(state: "State", fact: AssignmentHeld) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.HELD)
    state.put_assignment(replace(assignment, state=after, held_ms=fact.at_ms))


def _assignment_resumed(state: "State", fact: AssignmentResumed) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.RESUMED)
    state.put_assignment(replace(assignment, state=after, held_ms=None))


def _agent_leg_lost(state: "State", fact: AgentLegLost) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.LEG_LOST)
    state.put_assignment(
        replace(
            assignment,
            state=after,
            leg_id=None,
            held_ms=None,
            rejoin_until_ms=fact.until_ms,
            rings_before=assignment.rings if fact.stood else assignment.rings_before,
        )
    )


def _ring_ended(state: "State", fact: RingEnded) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.RING_ENDED)
    state.put_assignment(replace(assignment, state=after, leg_id=None, ring_until_ms=None))


def _contact_requeued(state: "State", fact: ContactRequeued) -> None:
    contact = state.contact(fact.contact_id)
    state.put_contact(
        replace(
            contact,
            state=next_contact(contact.id, contact.state, Trigger.REQUEUED),
            assignment_id=None,
        )
    )


def _readiness_changed(state: "State", fact: ReadinessChanged) -> None:
    agent = state.agent(fact.agent_id)
    readiness = next_readiness(agent.id, agent.readiness, _readiness_trigger(fact))
    becomes_ready = readiness is Readiness.READY and agent.readiness is not Readiness.READY
    offline = readiness is Readiness.OFFLINE
    signed_in = fact.reason == REASON_SIGNED_IN
    state.put_agent(
        replace(
            agent,
            readiness=readiness,
            reason=fact.reason,
            media=fact.media,
            since_ms=fact.at_ms,
            idle_since_ms=fact.at_ms if becomes_ready else agent.idle_since_ms,
            leaving=agent.leaving and not offline and not signed_in,
            desktop_bound=agent.desktop if signed_in else agent.desktop_bound and not offline,
            grace_until_ms=agent.grace_until_ms if readiness is Readiness.READY else None,
            skipped_until_ms=None,
        )
    )


def _device_set(state: "State", fact: DeviceSet) -> None:
    state.put_agent(replace(state.agent(fact.agent_id), device=fact.device))


def _reach_changed(state: "State", fact: ReachChanged) -> None:
    agent = state.agent(fact.agent_id)
    signed_in = agent.readiness is not Readiness.OFFLINE
    state.put_agent(
        replace(
            agent,
            desktop=fact.desktop,
            desktop_bound=agent.desktop_bound or (fact.desktop and signed_in),
            phones=fact.phones,
            grace_until_ms=fact.grace_until_ms,
            desk_until_ms=fact.desk_until_ms,
        )
    )


def _agent_skipped(state: "State", fact: AgentSkipped) -> None:
    state.put_agent(replace(state.agent(fact.agent_id), skipped_until_ms=fact.until_ms))


def _sign_out_deferred(state: "State", fact: SignOutDeferred) -> None:
    state.put_agent(replace(state.agent(fact.agent_id), leaving=True, grace_until_ms=None))


def _queue_configured(state: "State", fact: QueueConfigured) -> None:
    known = state.queues.get(fact.rules.queue_id)
    state.set_queue(fact.rules.queue_id, Queue(rules=fact.rules, open=fact.open))
    if known is None or known.rules.steps == fact.rules.steps:
        return
    for contact in list(state.contacts.values()):
        if contact.queue_id == fact.rules.queue_id and contact.steps_taken:
            taken = _carried_over(contact.steps_taken, known.rules.steps, fact.rules.steps)
            state.put_contact(replace(contact, steps_taken=taken))


def _carried_over(taken: int, before: tuple[Step, ...], after: tuple[Step, ...]) -> int:
    """The steps taken, wherever they stand now; one that is gone has no effect any more."""
    left = [step for at, step in enumerate(before) if taken >> at & 1]
    found = 0
    for at, step in enumerate(after):
        if step in left:
            left.remove(step)
            found |= 1 << at
    return found


def _agent_configured(state: "State", fact: AgentConfigured) -> None:
    agent = state.agents.get(fact.agent_id) or Agent(id=fact.agent_id)
    state.put_agent(
        replace(
            agent,
            project_ids=fact.project_ids,
            skills=fact.skills,
            removed=fact.removed,
            site_id=fact.site_id,
            capacity=ONE_AT_A_TIME if fact.capacity is None else interned(fact.capacity),
        )
    )


def _hours_configured(state: "State", fact: HoursConfigured) -> None:
    state.set_hours(fact.hours)


def _wait_planned(state: "State", fact: WaitPlanned) -> None:
    contact = state.contact(fact.contact_id)
    state.put_contact(
        replace(
            contact,
            stepped_ms=fact.stepped_ms,
            next_step_ms=fact.next_step_ms,
            held_until_ms=fact.held_until_ms,
            urgent_ms=fact.urgent_ms,
            asleep_until_ms=fact.asleep_until_ms,
            expected_ms=fact.expected_ms,
        )
    )


def _step_taken(state: "State", fact: StepTaken) -> None:
    contact = state.contact(fact.contact_id)
    state.put_contact(replace(contact, steps_taken=contact.steps_taken | 1 << fact.step, priority=fact.priority))


def _contact_urged(state: "State", fact: ContactUrged) -> None:
    state.put_contact(replace(state.contact(fact.contact_id), urged=True))


def _contact_moved(state: "State", fact: ContactMoved) -> None:
    contact = state.contact(fact.contact_id)
    state.put_contact(
        replace(
            contact,
            queue_id=fact.queue_id,
            project_id=fact.project_id,
            queued_ms=fact.at_ms,
            steps_taken=0,
            stepped_ms=0,
            next_step_ms=None,
            held_until_ms=None,
            urgent_ms=None,
            urged=False,
            expected_ms=None,
            callback_offered=False,
        )
    )


def _priority_given(state: "State", fact: PriorityGiven) -> None:
    state.put_contact(replace(state.contact(fact.contact_id), priority=fact.priority))


def _callback_offered(state: "State", fact: CallbackOffered) -> None:
    state.put_contact(replace(state.contact(fact.contact_id), callback_offered=True))


def _callback_accepted(state: "State", fact: CallbackAccepted) -> None:
    contact = state.contact(fact.contact_id)
    state.put_contact(replace(contact, medium=Medium.CALLBACK, leg_id=None, outbound=False, callback_offered=False))


def _customer_rung(state: "State", fact: CustomerRung) -> None:
    assignment = state.assignment(fact.assignment_id)
    contact = state.contact(assignment.contact_id)
    state.put_contact(replace(contact, leg_id=fact.leg_id, node=fact.node, attempts=contact.attempts + 1))
    state.put_assignment(replace(assignment, ring_until_ms=fact.until_ms))


def _customer_reached(state: "State", fact: CustomerReached) -> None:
    state.put_assignment(replace(state.assignment(fact.assignment_id), ring_until_ms=None))


def _customer_missed(state: "State", fact: CustomerMissed) -> None:
    state.put_assignment(replace(state.assignment(fact.assignment_id), ring_until_ms=None, missed=fact.cause))


def _callback_postponed(state: "State", fact: CallbackPostponed) -> None:
    contact = state.contact(fact.contact_id)
    state.put_contact(replace(contact, leg_id=None, attempts=fact.attempts, asleep_until_ms=fact.until_ms))


def _assignment_paused(state: "State", fact: AssignmentPaused) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.PAUSED)
    state.put_assignment(replace(assignment, state=after, held_ms=fact.at_ms))
    agent = state.agent(assignment.agent_id)
    state.put_agent(
        replace(
            agent,
            paused=(*agent.paused, assignment.id),
            pausable=without(agent.pausable, assignment.id),
        )
    )


def _assignment_unpaused(state: "State", fact: AssignmentUnpaused) -> None:
    assignment, after = state.move(fact.assignment_id, Trigger.UNPAUSED)
    state.put_assignment(replace(assignment, state=after, held_ms=None))
    agent = state.agent(assignment.agent_id)
    state.put_agent(
        replace(
            agent,
            paused=without(agent.paused, assignment.id),
            pausable=_pausable(agent, assignment.id, assignment.medium),
        )
    )


def _node_lost(state: "State", fact: NodeLost) -> None:
    state.set_node(fact.node, replace(state.nodes.get(fact.node) or Node(id=fact.node, lost=True), lost=True))


def _node_returned(state: "State", fact: NodeReturned) -> None:
    node = Node(id=fact.node, lost=False, returned_ms=fact.at_ms, settled_ms=fact.settled_ms)
    state.set_node(fact.node, node)
    if state.node is None:
        state.set_newest_node(fact.node)


def _clock_shifted(state: "State", fact: ClockShifted) -> None:
    by_ms = fact.by_ms
    for contact in list(state.contacts.values()):
        state.put_contact(
            replace(
                contact,
                arrived_ms=contact.arrived_ms + by_ms,
                queued_ms=contact.queued_ms + by_ms,
                next_step_ms=_shifted(contact.next_step_ms, by_ms),
                held_until_ms=_shifted(contact.held_until_ms, by_ms),
                urgent_ms=_shifted(contact.urgent_ms, by_ms),
                asleep_until_ms=_shifted(contact.asleep_until_ms, by_ms),
            )
        )
    for assignment in list(state.assignments.values()):
        state.put_assignment(
            replace(
                assignment,
                offered_ms=assignment.offered_ms + by_ms,
                lease_until_ms=assignment.lease_until_ms + by_ms,
                pop_until_ms=_shifted(assignment.pop_until_ms, by_ms),
                pop_shown_ms=_shifted(assignment.pop_shown_ms, by_ms),
                rung_ms=_shifted(assignment.rung_ms, by_ms),
                answered_ms=_shifted(assignment.answered_ms, by_ms),
                ring_until_ms=_shifted(assignment.ring_until_ms, by_ms),
                started_ms=_shifted(assignment.started_ms, by_ms),
                held_ms=_shifted(assignment.held_ms, by_ms),
                rejoin_until_ms=_shifted(assignment.rejoin_until_ms, by_ms),
                wrap_up_ms=_shifted(assignment.wrap_up_ms, by_ms),
                wrap_up_until_ms=_shifted(assignment.wrap_up_until_ms, by_ms),
            )
        )
    for party in list(state.parties.values()):
        state.set_party(
            party.leg_id,
            replace(
                party,
                invited_ms=party.invited_ms + by_ms,
                since_ms=party.since_ms + by_ms,
                until_ms=_shifted(party.until_ms, by_ms),
                answered_ms=_shifted(party.answered_ms, by_ms),
            ),
        )
    for agent in list(state.agents.values()):
        state.put_agent(
            replace(
                agent,
                since_ms=agent.since_ms + by_ms,
                idle_since_ms=agent.idle_since_ms + by_ms,
                grace_until_ms=_shifted(agent.grace_until_ms, by_ms),
                desk_until_ms=_shifted(agent.desk_until_ms, by_ms),
                skipped_until_ms=_shifted(agent.skipped_until_ms, by_ms),
                line_until_ms=_shifted(agent.line_until_ms, by_ms),
            )
        )
    for node in list(state.nodes.values()):
        state.set_node(
            node.id,
            replace(
                node,
                returned_ms=_shifted(node.returned_ms, by_ms),
                settled_ms=_shifted(node.settled_ms, by_ms),
            ),
        )
    shift(state, by_ms)
    for key, pace in list(state.paces.items()):
        state.set_pace(key, replace(pace, last_ms=_shifted(pace.last_ms, by_ms)))


def _measure(state: "State", contact: Contact, now: Milliseconds) -> None:
    """A contact leaves the line to be served: note how fast the line moves, and how good the guess was."""
    key = pace_key(contact)
    before = state.paces.get(key)
    after = measured(before or new_pace(key), contact, now, behind=state.index.waiting_count(contact.queue_id) - 1)
    state.set_pace(key, after)


def _released(agent: Agent, assignment_id: AssignmentId, *, idle_since_ms: Milliseconds) -> Agent:
    """The agent without that assignment."""
    at = agent.assignment_ids.index(assignment_id)
    return replace(
        agent,
        assignment_ids=agent.assignment_ids[:at] + agent.assignment_ids[at + 1 :],
        active=agent.active[:at] + agent.active[at + 1 :],
        paused=without(agent.paused, assignment_id),
        pausable=without(agent.pausable, assignment_id),
        idle_since_ms=idle_since_ms,
    )


def _pausable(agent: Agent, assignment_id: AssignmentId, medium: Medium) -> tuple[AssignmentId, ...]:
    """What of his may be interrupted, with that assignment if anything interrupts its medium."""
    if all(interrupt.pauses is not medium for interrupt in agent.capacity.interrupts):
        return agent.pausable
    return (*agent.pausable, assignment_id)


def _readiness_trigger(fact: ReadinessChanged) -> Trigger:
    if fact.readiness is Readiness.OFFLINE:
        return Trigger.SIGNED_OUT
    if fact.readiness is Readiness.READY:
        return Trigger.BECAME_READY
    return Trigger.SIGNED_IN if fact.reason == REASON_SIGNED_IN else Trigger.BECAME_NOT_READY


def _shifted(instant: Milliseconds | None, by_ms: Milliseconds) -> Milliseconds | None:
    return None if instant is None else instant + by_ms


FOLDS: Final[Mapping[type[Fact], Callable[["State", Any], None]]] = {
    **CAMPAIGN_FOLDS,
    AssignmentOffered: _assignment_offered,
    AgentRung: _agent_rung,
    PopConfirmed: _pop_confirmed,
    AssignmentStarted: _assignment_started,
    WrapUpStarted: _wrap_up_started,
    PartyInvited: _party_invited,
    PartyMoved: _party_moved,
    PartyEnded: _party_ended,
    HandedOver: _handed_over,
    AssignmentClosed: _assignment_closed,
    ContactClosed: _contact_closed,
    ContactQueued: _contact_queued,
    OfferEnded: _offer_ended,
    AssignmentHeld: _assignment_held,
    AssignmentResumed: _assignment_resumed,
    AgentLegLost: _agent_leg_lost,
    RingEnded: _ring_ended,
    ContactRequeued: _contact_requeued,
    ReadinessChanged: _readiness_changed,
    DeviceSet: _device_set,
    ReachChanged: _reach_changed,
    AgentSkipped: _agent_skipped,
    SignOutDeferred: _sign_out_deferred,
    QueueConfigured: _queue_configured,
    AgentConfigured: _agent_configured,
    HoursConfigured: _hours_configured,
    WaitPlanned: _wait_planned,
    StepTaken: _step_taken,
    ContactUrged: _contact_urged,
    ContactMoved: _contact_moved,
    PriorityGiven: _priority_given,
    CallbackOffered: _callback_offered,
    CallbackAccepted: _callback_accepted,
    CustomerRung: _customer_rung,
    CustomerReached: _customer_reached,
    CustomerMissed: _customer_missed,
    CallbackPostponed: _callback_postponed,
    AssignmentPaused: _assignment_paused,
    AssignmentUnpaused: _assignment_unpaused,
    NodeLost: _node_lost,
    NodeReturned: _node_returned,
    ClockShifted: _clock_shifted,
}
