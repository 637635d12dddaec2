"""All that the ACD knows, as tables of frozen records, and the fold of facts into them.

`apply` is the only way a record changes: `Acd.handle` folds each fact as it decides it, recovery folds the facts of
the journal, and both do the very same. Every change is noted in an undo list, so that an event on which a rule raises
leaves nothing behind. Closed contacts and ended assignments leave the tables; history keeps them. No rule lives here.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, assert_never

from msgspec import Struct
from msgspec.structs import replace

from cti.domain.agent import Agent, without
from cti.domain.assignment import Assignment
from cti.domain.capacity import ONE_AT_A_TIME
from cti.domain.contact import Contact, number_of
from cti.domain.events import HoursSet
from cti.domain.expected import Pace, PaceKey, key_of, measured, new_pace, pace_key
from cti.domain.facts import (
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
    CustomerReached,
    CustomerRung,
    DeviceSet,
    Fact,
    HoursConfigured,
    NodeLost,
    NodeReturned,
    OfferEnded,
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
    AgentId,
    AssignmentId,
    ContactId,
    HoursId,
    LegId,
    Medium,
    Milliseconds,
    NodeId,
    OfferOutcome,
    QueueId,
    Readiness,
)
from cti.domain.node import Node
from cti.domain.queue import Queue
from cti.domain.routing import Index
from cti.domain.states import AssignmentState, ContactState, Trigger, next_assignment, next_contact, next_readiness
from cti.errors import NotFound

OUTCOMES: Final = {
    OfferOutcome.TIMED_OUT: Trigger.TIMED_OUT,
    OfferOutcome.REJECTED: Trigger.REJECTED,
    OfferOutcome.RESCINDED: Trigger.RESCINDED,
    OfferOutcome.FAILED: Trigger.FAILED,
}
"""What the end of an offer does to the machines."""


class Snapshot(Struct, frozen=True, kw_only=True, gc=False):
    """A state as plain records: shallow, so taking it costs the loop only a copy of references."""

    number: int
    node: NodeId | None
    queues: tuple[Queue, ...]
    agents: tuple[Agent, ...]
    contacts: tuple[Contact, ...]
    assignments: tuple[Assignment, ...]
    nodes: tuple[Node, ...] = ()
    hours: tuple[HoursSet, ...] = ()
    paces: tuple[Pace, ...] = ()


class State:
    """The tables, by id. Callers read; only `apply` writes."""

    def __init__(self) -> None:
        self.number = 0
        """Of the last event handled, refused ones included."""
        self.node: NodeId | None = None
        """Where the newest caller's leg stands."""
        self.nodes: dict[NodeId, Node] = {}
        """Those that were lost at least once."""
        self.hours: dict[HoursId, HoursSet] = {}
        self.paces: dict[PaceKey, Pace] = {}
        """How fast each line of waiting contacts moves."""
        self.queues: dict[QueueId, Queue] = {}
        self.agents: dict[AgentId, Agent] = {}
        self.contacts: dict[ContactId, Contact] = {}
        self.assignments: dict[AssignmentId, Assignment] = {}
        self.callbacks: dict[str, ContactId] = {}
        """The live callback of each customer, by his address key."""
        self.contact_by_leg: dict[LegId, ContactId] = {}
        self.assignment_by_leg: dict[LegId, AssignmentId] = {}
        self.index = Index(contacts=self.contacts, agents=self.agents, queues=self.queues, nodes=self.nodes)
        self._undo: list[Callable[[], None]] = []

    # -- look-ups ----------------------------------------------------------------------------------------------------

    def queue(self, queue_id: QueueId) -> Queue:
        """The queue; raises `NotFound`."""
        try:
            return self.queues[queue_id]
        except KeyError:
            raise NotFound(f"There is no queue {queue_id}.") from None

    def agent(self, agent_id: AgentId) -> Agent:
        """The agent; raises `NotFound`."""
        try:
            return self.agents[agent_id]
        except KeyError:
            raise NotFound(f"There is no agent {agent_id}.") from None

    def contact(self, contact_id: ContactId) -> Contact:
        """The live contact; raises `NotFound`."""
        try:
            return self.contacts[contact_id]
        except KeyError:
            raise NotFound(f"There is no contact {contact_id} (any more).", code="contact_gone") from None

    def assignment(self, assignment_id: AssignmentId) -> Assignment:
        """The live assignment; raises `NotFound`."""
        try:
            return self.assignments[assignment_id]
        except KeyError:
            raise NotFound(f"There is no assignment {assignment_id} (any more).", code="contact_gone") from None

    def waiting(self, queue_id: QueueId) -> int:
        """How many contacts wait in the queue."""
        return self.index.waiting_count(queue_id)

    # -- undo --------------------------------------------------------------------------------------------------------

    def commit(self) -> None:
        """What was folded stands."""
        self._undo.clear()
        self.index.nothing_is_fresh()

    def rollback(self) -> None:
        """Undo all that was folded since the last commit, the index included."""
        for restore in reversed(self._undo):
            restore()
        self._undo.clear()
        self.index.nothing_is_fresh()

    # -- the fold ----------------------------------------------------------------------------------------------------

    def apply(self, fact: Fact) -> None:  # noqa: C901 - one case a fact
        """Fold one fact; raises `IllegalTransition` where the tables have no cell."""
        match fact:
            case AssignmentOffered():
                self._offered(fact)
            case AgentRung():
                assignment, state = self._move(fact.assignment_id, Trigger.RUNG)
                self._put_assignment(
                    replace(
                        assignment,
                        state=state,
                        leg_id=fact.leg_id,
                        device=fact.device,
                        rings=assignment.rings + 1,
                        rung_ms=fact.at_ms,
                        ring_until_ms=fact.until_ms,
                        pop_until_ms=None,
                        lease_until_ms=max(assignment.lease_until_ms, fact.until_ms + 1),
                    )
                )
            case PopConfirmed():
                self._put_assignment(replace(self.assignment(fact.assignment_id), pop_shown_ms=fact.at_ms))
            case AssignmentStarted():
                self._started(fact)
            case WrapUpStarted():
                self._wrap_up_started(fact)
            case AssignmentClosed():
                self._assignment_closed(fact)
            case ContactClosed():
                contact = self.contact(fact.contact_id)
                next_contact(contact.id, contact.state, Trigger.CLOSED)
                self._set_contact(contact.id, None)
            case ContactQueued():
                self._contact_queued(fact)
            case OfferEnded():
                self._offer_ended(fact)
            case AssignmentHeld():
                assignment, state = self._move(fact.assignment_id, Trigger.HELD)
                self._put_assignment(replace(assignment, state=state, held_ms=fact.at_ms))
            case AssignmentResumed():
                assignment, state = self._move(fact.assignment_id, Trigger.RESUMED)
                self._put_assignment(replace(assignment, state=state, held_ms=None))
            case AgentLegLost():
                assignment, state = self._move(fact.assignment_id, Trigger.LEG_LOST)
                self._put_assignment(
                    replace(
                        assignment,
                        state=state,
                        leg_id=None,
                        held_ms=None,
                        rejoin_until_ms=fact.until_ms,
                        rings_before=assignment.rings if fact.stood else assignment.rings_before,
                    )
                )
            case RingEnded():
                assignment, state = self._move(fact.assignment_id, Trigger.RING_ENDED)
                self._put_assignment(replace(assignment, state=state, leg_id=None, ring_until_ms=None))
            case ContactRequeued():
                contact = self.contact(fact.contact_id)
                self._put_contact(
                    replace(
                        contact,
                        state=next_contact(contact.id, contact.state, Trigger.REQUEUED),
                        assignment_id=None,
                    )
                )
            case ReadinessChanged():
                self._readiness_changed(fact)
            case DeviceSet():
                self._put_agent(replace(self.agent(fact.agent_id), device=fact.device))
            case ReachChanged():
                self._reach_changed(fact)
            case AgentSkipped():
                self._put_agent(replace(self.agent(fact.agent_id), skipped_until_ms=fact.until_ms))
            case SignOutDeferred():
                self._put_agent(replace(self.agent(fact.agent_id), leaving=True, grace_until_ms=None))
            case QueueConfigured():
                self._set_queue(fact.rules.queue_id, Queue(rules=fact.rules, open=fact.open))
            case AgentConfigured():
                agent = self.agents.get(fact.agent_id) or Agent(id=fact.agent_id)
                self._put_agent(
                    replace(
                        agent,
                        project_ids=fact.project_ids,
                        skills=fact.skills,
                        removed=fact.removed,
                        site_id=fact.site_id,
                        capacity=ONE_AT_A_TIME if fact.capacity is None else fact.capacity,
                    )
                )
            case HoursConfigured():
                hours_id = fact.hours.hours_id
                self._undo.append(partial(self._replace_hours, hours_id, self.hours.get(hours_id)))
                self._replace_hours(hours_id, fact.hours)
            case WaitPlanned():
                self._wait_planned(fact)
            case StepTaken():
                contact = self.contact(fact.contact_id)
                self._put_contact(
                    replace(contact, steps_taken=contact.steps_taken | 1 << fact.step, priority=fact.priority)
                )
            case ContactUrged():
                self._put_contact(replace(self.contact(fact.contact_id), urged=True))
            case ContactMoved():
                self._contact_moved(fact)
            case PriorityGiven():
                self._put_contact(replace(self.contact(fact.contact_id), priority=fact.priority))
            case CallbackOffered():
                self._put_contact(replace(self.contact(fact.contact_id), callback_offered=True))
            case CallbackAccepted():
                contact = self.contact(fact.contact_id)
                self._put_contact(replace(contact, medium=Medium.CALLBACK, leg_id=None, callback_offered=False))
            case CustomerRung():
                assignment = self.assignment(fact.assignment_id)
                contact = self.contact(assignment.contact_id)
                self._put_contact(replace(contact, leg_id=fact.leg_id, node=fact.node, attempts=contact.attempts + 1))
                self._put_assignment(replace(assignment, ring_until_ms=fact.until_ms))
            case CustomerReached():
                self._put_assignment(replace(self.assignment(fact.assignment_id), ring_until_ms=None))
            case CallbackPostponed():
                self._callback_postponed(fact)
            case AssignmentPaused():
                self._paused(fact)
            case AssignmentUnpaused():
                assignment, state = self._move(fact.assignment_id, Trigger.UNPAUSED)
                self._put_assignment(replace(assignment, state=state, held_ms=None))
                agent = self.agent(assignment.agent_id)
                self._put_agent(
                    replace(
                        agent,
                        paused=without(agent.paused, assignment.id),
                        pausable=_pausable(agent, assignment.id, assignment.medium),
                    )
                )
            case NodeLost():
                self._set_node(
                    fact.node, replace(self.nodes.get(fact.node) or Node(id=fact.node, lost=True), lost=True)
                )
            case NodeReturned():
                node = Node(id=fact.node, lost=False, returned_ms=fact.at_ms, settled_ms=fact.settled_ms)
                self._set_node(fact.node, node)
            case ClockShifted():
                self._clock_shifted(fact.by_ms)
            case _:
                assert_never(fact)

    def _contact_queued(self, fact: ContactQueued) -> None:
        self._put_contact(
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
            )
        )
        if fact.node is not None and fact.node != self.node:
            self._undo.append(partial(self._set_newest_node, self.node))
            self._set_newest_node(fact.node)

    def _wait_planned(self, fact: WaitPlanned) -> None:
        contact = self.contact(fact.contact_id)
        self._put_contact(
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

    def _contact_moved(self, fact: ContactMoved) -> None:
        contact = self.contact(fact.contact_id)
        self._put_contact(
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

    def _callback_postponed(self, fact: CallbackPostponed) -> None:
        contact = self.contact(fact.contact_id)
        self._put_contact(replace(contact, leg_id=None, attempts=fact.attempts, asleep_until_ms=fact.until_ms))

    def _paused(self, fact: AssignmentPaused) -> None:
        assignment, state = self._move(fact.assignment_id, Trigger.PAUSED)
        self._put_assignment(replace(assignment, state=state, held_ms=fact.at_ms))
        agent = self.agent(assignment.agent_id)
        self._put_agent(
            replace(
                agent,
                paused=(*agent.paused, assignment.id),
                pausable=without(agent.pausable, assignment.id),
            )
        )

    def _offered(self, fact: AssignmentOffered) -> None:
        contact = self.contact(fact.contact_id)
        agent = self.agent(fact.agent_id)
        self._measure(contact, fact.at_ms)
        state = next_contact(contact.id, contact.state, Trigger.OFFERED)
        self._put_contact(replace(contact, state=state, assignment_id=fact.assignment_id))
        self._put_agent(
            replace(
                agent,
                assignment_ids=(*agent.assignment_ids, fact.assignment_id),
                active=(*agent.active, contact.medium),
            )
        )
        self._put_assignment(
            Assignment(
                id=fact.assignment_id,
                contact_id=contact.id,
                agent_id=agent.id,
                medium=contact.medium,
                state=AssignmentState.OFFERED,
                offered_ms=fact.at_ms,
                lease_until_ms=fact.lease_until_ms,
                pop_until_ms=fact.pop_until_ms,
            )
        )

    def _started(self, fact: AssignmentStarted) -> None:
        assignment, state = self._move(fact.assignment_id, Trigger.STARTED)
        contact = self.contact(assignment.contact_id)
        contact_state = next_contact(contact.id, contact.state, Trigger.STARTED)
        if contact_state is not contact.state:
            self._put_contact(replace(contact, state=contact_state))
        self._put_assignment(
            replace(
                assignment,
                state=state,
                leg_id=fact.leg_id,
                pop_until_ms=None,
                ring_until_ms=None,
                rejoin_until_ms=None,
                answered_ms=fact.at_ms,
                started_ms=fact.at_ms if assignment.started_ms is None else assignment.started_ms,
            )
        )
        agent = self.agent(assignment.agent_id)
        if agent.capacity.interrupts and assignment.id not in agent.pausable:
            self._put_agent(replace(agent, pausable=_pausable(agent, assignment.id, assignment.medium)))

    def _measure(self, contact: Contact, now: Milliseconds) -> None:
        """A contact leaves the line to be served: note how fast the line moves, and how good the guess was."""
        key = pace_key(contact)
        before = self.paces.get(key)
        after = measured(before or new_pace(key), contact, now, behind=self.index.waiting_count(contact.queue_id) - 1)
        self._undo.append(partial(self._replace_pace, key, before))
        self._replace_pace(key, after)

    def _offer_ended(self, fact: OfferEnded) -> None:
        trigger = OUTCOMES[fact.outcome]
        assignment, _ = self._move(fact.assignment_id, trigger)
        contact = self.contact(assignment.contact_id)
        state = next_contact(contact.id, contact.state, trigger)
        self._set_assignment(assignment.id, None)
        self._put_agent(_released(self.agent(assignment.agent_id), assignment.id))
        self._put_contact(replace(contact, state=state, assignment_id=None))

    def _wrap_up_started(self, fact: WrapUpStarted) -> None:
        assignment, state = self._move(fact.assignment_id, Trigger.WRAPPED_UP)
        contact = self.contact(assignment.contact_id)
        self._put_contact(replace(contact, state=next_contact(contact.id, contact.state, Trigger.WRAPPED_UP)))
        agent = self.agent(assignment.agent_id)
        if assignment.id in agent.pausable:
            self._put_agent(replace(agent, pausable=without(agent.pausable, assignment.id)))
        self._put_assignment(
            replace(
                assignment,
                state=state,
                held_ms=None,
                ring_until_ms=None,
                rejoin_until_ms=None,
                wrap_up_ms=fact.at_ms,
                wrap_up_until_ms=fact.until_ms,
            )
        )

    def _assignment_closed(self, fact: AssignmentClosed) -> None:
        assignment, _ = self._move(fact.assignment_id, Trigger.CLOSED)
        self._set_assignment(assignment.id, None)
        agent = _released(self.agent(assignment.agent_id), assignment.id)
        self._put_agent(replace(agent, idle_since_ms=fact.at_ms))

    def _readiness_changed(self, fact: ReadinessChanged) -> None:
        agent = self.agent(fact.agent_id)
        readiness = next_readiness(agent.id, agent.readiness, _readiness_trigger(fact))
        becomes_ready = readiness is Readiness.READY and agent.readiness is not Readiness.READY
        offline = readiness is Readiness.OFFLINE
        signed_in = fact.reason == REASON_SIGNED_IN
        self._put_agent(
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

    def _reach_changed(self, fact: ReachChanged) -> None:
        agent = self.agent(fact.agent_id)
        signed_in = agent.readiness is not Readiness.OFFLINE
        self._put_agent(
            replace(
                agent,
                desktop=fact.desktop,
                desktop_bound=agent.desktop_bound or (fact.desktop and signed_in),
                phones=fact.phones,
                grace_until_ms=fact.grace_until_ms,
                desk_until_ms=fact.desk_until_ms,
            )
        )

    def _clock_shifted(self, by_ms: Milliseconds) -> None:
        for contact in list(self.contacts.values()):
            self._put_contact(
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
        for assignment in list(self.assignments.values()):
            self._put_assignment(
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
        for agent in list(self.agents.values()):
            self._put_agent(
                replace(
                    agent,
                    since_ms=agent.since_ms + by_ms,
                    idle_since_ms=agent.idle_since_ms + by_ms,
                    grace_until_ms=_shifted(agent.grace_until_ms, by_ms),
                    desk_until_ms=_shifted(agent.desk_until_ms, by_ms),
                    skipped_until_ms=_shifted(agent.skipped_until_ms, by_ms),
                )
            )
        for node in list(self.nodes.values()):
            self._set_node(
                node.id,
                replace(
                    node,
                    returned_ms=_shifted(node.returned_ms, by_ms),
                    settled_ms=_shifted(node.settled_ms, by_ms),
                ),
            )

    # -- the tables --------------------------------------------------------------------------------------------------

    def _move(self, assignment_id: AssignmentId, trigger: Trigger) -> tuple[Assignment, AssignmentState]:
        assignment = self.assignment(assignment_id)
        return assignment, next_assignment(assignment_id, assignment.state, trigger)

    def _put_contact(self, contact: Contact) -> None:
        self._set_contact(contact.id, contact)

    def _put_assignment(self, assignment: Assignment) -> None:
        self._set_assignment(assignment.id, assignment)

    def _put_agent(self, agent: Agent) -> None:
        old = self.agents.get(agent.id)
        self._undo.append(partial(self._replace_agent, agent.id, old))
        self._replace_agent(agent.id, agent)

    def _set_contact(self, contact_id: ContactId, contact: Contact | None) -> None:
        self._undo.append(partial(self._replace_contact, contact_id, self.contacts.get(contact_id)))
        self._replace_contact(contact_id, contact)

    def _set_assignment(self, assignment_id: AssignmentId, assignment: Assignment | None) -> None:
        self._undo.append(partial(self._replace_assignment, assignment_id, self.assignments.get(assignment_id)))
        self._replace_assignment(assignment_id, assignment)

    def _set_queue(self, queue_id: QueueId, queue: Queue) -> None:
        self._undo.append(partial(self._replace_queue, queue_id, self.queues.get(queue_id)))
        self._replace_queue(queue_id, queue)

    def _replace_hours(self, hours_id: HoursId, hours: HoursSet | None) -> None:
        if hours is None:
            self.hours.pop(hours_id, None)
        else:
            self.hours[hours_id] = hours

    def _replace_pace(self, key: PaceKey, pace: Pace | None) -> None:
        if pace is None:
            self.paces.pop(key, None)
        else:
            self.paces[key] = pace

    def _set_newest_node(self, node: NodeId | None) -> None:
        self.node = node

    def _set_node(self, node_id: NodeId, node: Node) -> None:
        self._undo.append(partial(self._replace_node, node_id, self.nodes.get(node_id)))
        self._replace_node(node_id, node)

    def _replace_node(self, node_id: NodeId, node: Node | None) -> None:
        if node is None:
            self.nodes.pop(node_id, None)
        else:
            self.nodes[node_id] = node
        self.index.node_changed(node_id)

    def _replace_contact(self, contact_id: ContactId, contact: Contact | None) -> None:
        old = self.contacts.pop(contact_id, None) if contact is None else self.contacts.get(contact_id)
        if contact is not None:
            self.contacts[contact_id] = contact
        if old is not None and old.leg_id is not None:
            self.contact_by_leg.pop(old.leg_id, None)
        if contact is not None and contact.leg_id is not None:
            self.contact_by_leg[contact.leg_id] = contact_id
        if old is not None and old.medium is Medium.CALLBACK and old.address_key:
            self.callbacks.pop(old.address_key, None)
        if contact is not None and contact.medium is Medium.CALLBACK and contact.address_key:
            self.callbacks[contact.address_key] = contact_id
        self.index.contact_changed(old, contact)

    def _replace_assignment(self, assignment_id: AssignmentId, assignment: Assignment | None) -> None:
        old = self.assignments.pop(assignment_id, None) if assignment is None else self.assignments.get(assignment_id)
        if assignment is not None:
            self.assignments[assignment_id] = assignment
        if old is not None and old.leg_id is not None:
            self.assignment_by_leg.pop(old.leg_id, None)
        if assignment is not None and assignment.leg_id is not None:
            self.assignment_by_leg[assignment.leg_id] = assignment_id

    def _replace_agent(self, agent_id: AgentId, agent: Agent | None) -> None:
        old = self.agents.pop(agent_id, None) if agent is None else self.agents.get(agent_id)
        if agent is not None:
            self.agents[agent_id] = agent
        self.index.agent_changed(old, agent)

    def _replace_queue(self, queue_id: QueueId, queue: Queue | None) -> None:
        old = self.queues.pop(queue_id, None) if queue is None else self.queues.get(queue_id)
        if queue is not None:
            self.queues[queue_id] = queue
        self.index.queue_changed(old, queue)


def snapshot(state: State) -> Snapshot:
    """The state as records; they are immutable, so the copy stays true while the loop goes on."""
    return Snapshot(
        number=state.number,
        node=state.node,
        queues=tuple(state.queues.values()),
        agents=tuple(state.agents.values()),
        contacts=tuple(state.contacts.values()),
        assignments=tuple(state.assignments.values()),
        nodes=tuple(state.nodes.values()),
        hours=tuple(state.hours.values()),
        paces=tuple(state.paces.values()),
    )


def restore(records: Snapshot) -> State:
    """A state from its records, the indexes built anew."""
    state = State()
    state.number = records.number
    state.node = records.node
    for node in records.nodes:
        state._replace_node(node.id, node)
    for hours in records.hours:
        state._replace_hours(hours.hours_id, hours)
    for pace in records.paces:
        state._replace_pace(key_of(pace), pace)
    for queue in records.queues:
        state._replace_queue(queue.id, queue)
    for agent in records.agents:
        state._replace_agent(agent.id, agent)
    for contact in records.contacts:
        state._replace_contact(contact.id, contact)
    for assignment in records.assignments:
        state._replace_assignment(assignment.id, assignment)
    state.commit()
    return state


def _released(agent: Agent, assignment_id: AssignmentId) -> Agent:
    """The agent without that assignment."""
    at = agent.assignment_ids.index(assignment_id)
    return replace(
        agent,
        assignment_ids=agent.assignment_ids[:at] + agent.assignment_ids[at + 1 :],
        active=agent.active[:at] + agent.active[at + 1 :],
        paused=without(agent.paused, assignment_id),
        pausable=without(agent.pausable, assignment_id),
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
