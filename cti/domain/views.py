"""What a wallboard or a desktop shows of the state: who waits, who is where. Read models only; nothing is decided here.

They walk whole tables, so they are for screens, which are refreshed some times a second, and not for the call path.
"""

from dataclasses import dataclass

from cti.domain.agent import Agent, is_available, open_media
from cti.domain.contact import Contact
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    ContactId,
    Device,
    Medium,
    Milliseconds,
    ProjectId,
    QueueId,
    Readiness,
    ReasonId,
)
from cti.domain.state import State
from cti.domain.states import AssignmentState, ContactState


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingContact:
    """One contact that waits, and its place."""

    contact_id: ContactId
    medium: Medium
    position: int
    """From 1, in the order of its queue; contacts being offered do not count."""
    waited_ms: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """One queue at a glance."""

    queue_id: QueueId
    project_id: ProjectId
    open: bool
    waiting: int
    offered: int
    active: int
    longest_ms: Milliseconds
    """Of those that wait or are being offered; 0 when there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One contact that an agent holds."""

    assignment_id: AssignmentId
    contact_id: ContactId
    medium: Medium
    state: AssignmentState
    since_ms: Milliseconds
    """When it was offered, taken up, held or wrapped up: whichever is the present state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """One agent at a glance."""

    agent_id: AgentId
    readiness: Readiness
    reason: ReasonId | None
    since_ms: Milliseconds
    leaving: bool
    device: Device
    phone: bool
    """Whether the chosen device has a registration."""
    desktop: bool
    free: bool
    """Whether a contact of some medium can be offered to him right now."""
    work: tuple[Work, ...]


def waiting(state: State, queue_id: QueueId, now: Milliseconds) -> tuple[WaitingContact, ...]:
    """What waits in the queue, first in order first; empty for an unknown queue."""
    return tuple(
        WaitingContact(contact_id=contact.id, medium=contact.medium, position=place, waited_ms=now - contact.arrived_ms)
        for place, contact in enumerate(_in_order(state, queue_id), start=1)
    )


def position(state: State, contact_id: ContactId) -> int | None:
    """The contact's place in its queue, from 1; None when it does not wait (any more)."""
    contact = state.contacts.get(contact_id)
    if contact is None or contact.state is not ContactState.WAITING:
        return None
    return _in_order(state, contact.queue_id).index(contact) + 1


def queues(state: State, now: Milliseconds) -> tuple[QueueView, ...]:
    """Every queue, by id."""
    contacts: dict[QueueId, list[Contact]] = {queue_id: [] for queue_id in sorted(state.queues)}
    for contact in state.contacts.values():
        contacts[contact.queue_id].append(contact)
    return tuple(_queue(state, queue_id, held, now) for queue_id, held in contacts.items())


def agents(state: State) -> tuple[AgentView, ...]:
    """Every enrolled agent, by id."""
    return tuple(
        AgentView(
            agent_id=agent.id,
            readiness=agent.readiness,
            reason=agent.reason,
            since_ms=agent.since_ms,
            leaving=agent.leaving,
            device=agent.device,
            phone=agent.device in agent.phones,
            desktop=agent.desktop,
            free=is_available(agent) and open_media(agent) != 0,
            work=_work(state, agent),
        )
        for agent in sorted(state.agents.values(), key=lambda agent: agent.id)
        if not agent.removed or agent.assignment_ids
    )


def _in_order(state: State, queue_id: QueueId) -> list[Contact]:
    waits = [
        contact
        for contact in state.contacts.values()
        if contact.queue_id == queue_id and contact.state is ContactState.WAITING
    ]
    return sorted(waits, key=lambda contact: (contact.arrived_ms, contact.number))


def _queue(state: State, queue_id: QueueId, held: list[Contact], now: Milliseconds) -> QueueView:
    queue = state.queues[queue_id]
    unserved = [contact for contact in held if contact.state in (ContactState.WAITING, ContactState.OFFERED)]
    return QueueView(
        queue_id=queue_id,
        project_id=queue.rules.project_id,
        open=queue.open,
        waiting=state.waiting(queue_id),
        offered=len(unserved) - state.waiting(queue_id),
        active=sum(contact.state is ContactState.ACTIVE for contact in held),
        longest_ms=max((now - contact.arrived_ms for contact in unserved), default=0),
    )


def _work(state: State, agent: Agent) -> tuple[Work, ...]:
    work = []
    for assignment_id in agent.assignment_ids:
        assignment = state.assignments[assignment_id]
        since = assignment.wrap_up_ms or assignment.held_ms or assignment.started_ms or assignment.offered_ms
        work.append(
            Work(
                assignment_id=assignment_id,
                contact_id=assignment.contact_id,
                medium=assignment.medium,
                state=assignment.state,
                since_ms=since,
            )
        )
    return tuple(work)
