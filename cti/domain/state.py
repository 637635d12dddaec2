"""All that the ACD knows, as tables of frozen records, and the fold of facts into them.

`apply` is the only way a record changes: `Acd.handle` folds each fact as it decides it, recovery folds the facts of
the journal, and both do the very same. Every change is noted in an undo list, so that an event on which a rule raises
leaves nothing behind. Closed contacts and ended assignments leave the tables; history keeps them. No rule lives here.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from cti.domain.agent import Agent
from cti.domain.assignment import Assignment
from cti.domain.campaign import Campaign, Dial
from cti.domain.capacity import interned
from cti.domain.contact import Contact
from cti.domain.events import HoursSet
from cti.domain.expected import Pace, PaceKey, key_of
from cti.domain.facts import (
    Fact,
)
from cti.domain.folds import FOLDS
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    CampaignId,
    ContactId,
    DialId,
    HoursId,
    LegId,
    Medium,
    NodeId,
    QueueId,
)
from cti.domain.monitor import Monitor
from cti.domain.node import Node
from cti.domain.party import Party
from cti.domain.queue import Queue
from cti.domain.routing import Index
from cti.domain.states import AssignmentState, ContactState, Trigger, next_assignment
from cti.errors import NotFound


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
    sources: tuple[tuple[str, ContactId], ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    dials: tuple[Dial, ...] = ()
    parties: tuple[Party, ...] = ()
    monitors: tuple[Monitor, ...] = ()


KEPT_SOURCES: Final = 20_000
"""How many requests are known by their sources' keys: far more than a source may have told and not heard of again."""


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
        """The callback of each customer that is not over, by his address key."""
        self.parked: dict[int, ContactId] = {}
        """Who is parked at each place that is taken."""
        self.sources: dict[str, ContactId] = {}
        """The newest requests by their sources' keys, closed ones too: told again after a crash, they are no news."""
        self.campaigns: dict[CampaignId, Campaign] = {}
        self.dials: dict[DialId, Dial] = {}
        self.dial_by_leg: dict[LegId, DialId] = {}
        """Until the callee has a contact, and after."""
        self.dial_by_contact: dict[ContactId, DialId] = {}
        """Of contacts whose attempt is not over."""
        self.parties: dict[LegId, Party] = {}
        """Who was asked into a talk."""
        self.monitors: dict[LegId, Monitor] = {}
        """Supervisors who are at others' talks, by their legs."""
        self.line_by_leg: dict[LegId, AgentId] = {}
        """Lines that are kept up, or rung."""
        self.line_wishes: dict[AgentId, None] = {}
        """Who wants to stay connected."""
        self.contact_by_leg: dict[LegId, ContactId] = {}
        self.assignment_by_leg: dict[LegId, AssignmentId] = {}
        self.index = Index(contacts=self.contacts, agents=self.agents, queues=self.queues, nodes=self.nodes)
        self.touched: dict[AgentId, None] = {}
        """Whose records the event at hand has changed."""
        self.able: dict[tuple[QueueId, AgentId], tuple[object, object, object, object, bool]] = {}
        """What was found out about who can serve a queue, with what it was found out of: a memory, and no state."""
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

    def contact_of(self, assignment: Assignment) -> Contact:
        """Its contact; of one that was handed over, as it was then."""
        return assignment.handed_over or self.contacts[assignment.contact_id]

    def campaign(self, campaign_id: CampaignId) -> Campaign:
        """The campaign, closed ones too; raises `NotFound`."""
        try:
            return self.campaigns[campaign_id]
        except KeyError:
            raise NotFound(f"There is no campaign {campaign_id}.") from None

    def party(self, leg_id: LegId) -> Party:
        """Who was asked into a talk with this leg; raises `NotFound`."""
        try:
            return self.parties[leg_id]
        except KeyError:
            raise NotFound("He is not in the talk (any more).", code="party_absent") from None

    def monitor(self, leg_id: LegId) -> Monitor:
        """The supervisor who is at a talk with this leg; raises `NotFound`."""
        try:
            return self.monitors[leg_id]
        except KeyError:
            raise NotFound("Nobody listens (any more).", code="monitor_gone") from None

    def waiting(self, queue_id: QueueId) -> int:
        """How many contacts wait in the queue."""
        return self.index.waiting_count(queue_id)

    # -- undo --------------------------------------------------------------------------------------------------------

    def commit(self) -> None:
        """What was folded stands."""
        self._undo.clear()
        self.touched.clear()
        while len(self.sources) > KEPT_SOURCES:
            del self.sources[next(iter(self.sources))]
        self.index.nothing_is_fresh()

    def rollback(self) -> None:
        """Undo all that was folded since the last commit, the index included."""
        for restore in reversed(self._undo):
            restore()
        self._undo.clear()
        self.touched.clear()
        self.index.nothing_is_fresh()

    # -- the fold ----------------------------------------------------------------------------------------------------

    def apply(self, fact: Fact) -> None:
        """Fold one fact; raises `IllegalTransition` where the tables have no cell."""
        FOLDS[type(fact)](self, fact)

    # -- the tables --------------------------------------------------------------------------------------------------

    def move(self, assignment_id: AssignmentId, trigger: Trigger) -> tuple[Assignment, AssignmentState]:
        """The assignment and its next state; raises `NotFound`, `IllegalTransition`."""
        assignment = self.assignment(assignment_id)
        return assignment, next_assignment(assignment_id, assignment.state, trigger)

    def put_contact(self, contact: Contact) -> None:
        """Keep this record of it from now on."""
        self.set_contact(contact.id, contact)

    def put_assignment(self, assignment: Assignment) -> None:
        """Keep this record of it from now on."""
        self.set_assignment(assignment.id, assignment)

    def put_agent(self, agent: Agent) -> None:
        """Keep this record of him from now on."""
        old = self.agents.get(agent.id)
        self.touched[agent.id] = None
        self._undo.append(partial(self._replace_agent, agent.id, old))
        self._replace_agent(agent.id, agent)

    def set_contact(self, contact_id: ContactId, contact: Contact | None) -> None:
        """Keep this record, or none."""
        self._undo.append(partial(self._replace_contact, contact_id, self.contacts.get(contact_id)))
        self._replace_contact(contact_id, contact)

    def set_assignment(self, assignment_id: AssignmentId, assignment: Assignment | None) -> None:
        """Keep this record, or none."""
        self._undo.append(partial(self._replace_assignment, assignment_id, self.assignments.get(assignment_id)))
        self._replace_assignment(assignment_id, assignment)

    def set_queue(self, queue_id: QueueId, queue: Queue) -> None:
        """Keep these rules."""
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

    def set_newest_node(self, node: NodeId) -> None:
        """The newest caller's leg stands there."""
        self._undo.append(partial(self._replace_newest_node, self.node))
        self.node = node

    def set_hours(self, hours: HoursSet) -> None:
        """Keep these hours."""
        self._undo.append(partial(self._replace_hours, hours.hours_id, self.hours.get(hours.hours_id)))
        self._replace_hours(hours.hours_id, hours)

    def put_campaign(self, campaign: Campaign) -> None:
        """Keep this record of it from now on."""
        self._undo.append(partial(self._replace_campaign, campaign.id, self.campaigns.get(campaign.id)))
        self._replace_campaign(campaign.id, campaign)

    def _replace_campaign(self, campaign_id: CampaignId, campaign: Campaign | None) -> None:
        if campaign is None:
            self.campaigns.pop(campaign_id, None)
        else:
            self.campaigns[campaign_id] = campaign

    def set_dial(self, dial_id: DialId, dial: Dial | None) -> None:
        """Keep this record, or none."""
        self._undo.append(partial(self._replace_dial, dial_id, self.dials.get(dial_id)))
        self._replace_dial(dial_id, dial)

    def _replace_dial(self, dial_id: DialId, dial: Dial | None) -> None:
        old = self.dials.pop(dial_id, None) if dial is None else self.dials.get(dial_id)
        if old is not None:
            if old.leg_id is not None:
                self.dial_by_leg.pop(old.leg_id, None)
            if old.contact_id is not None:
                self.dial_by_contact.pop(old.contact_id, None)
        if dial is None:
            return
        self.dials[dial_id] = dial
        if dial.leg_id is not None:
            self.dial_by_leg[dial.leg_id] = dial_id
        if dial.contact_id is not None:
            self.dial_by_contact[dial.contact_id] = dial_id

    def set_party(self, leg_id: LegId, party: Party | None) -> None:
        """Keep this record, or none."""
        self._undo.append(partial(self._replace_party, leg_id, self.parties.get(leg_id)))
        self._replace_party(leg_id, party)

    def _replace_party(self, leg_id: LegId, party: Party | None) -> None:
        if party is None:
            self.parties.pop(leg_id, None)
        else:
            self.parties[leg_id] = party

    def set_monitor(self, leg_id: LegId, monitor: Monitor | None) -> None:
        """Keep this record, or none."""
        self._undo.append(partial(self._replace_monitor, leg_id, self.monitors.get(leg_id)))
        self._replace_monitor(leg_id, monitor)

    def _replace_monitor(self, leg_id: LegId, monitor: Monitor | None) -> None:
        if monitor is None:
            self.monitors.pop(leg_id, None)
        else:
            self.monitors[leg_id] = monitor

    def set_source(self, key: str, contact_id: ContactId) -> None:
        """Know that contact by the key that its source has for it."""
        self._undo.append(partial(self._forget_source, key))
        self.sources[key] = contact_id

    def _forget_source(self, key: str) -> None:
        del self.sources[key]

    def set_pace(self, key: PaceKey, pace: Pace) -> None:
        """Keep this measure of a line."""
        self._undo.append(partial(self._replace_pace, key, self.paces.get(key)))
        self._replace_pace(key, pace)

    def _replace_newest_node(self, node: NodeId | None) -> None:
        self.node = node

    def set_node(self, node_id: NodeId, node: Node) -> None:
        """Keep this record of the node."""
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
        if old is not None and _is_pending(old):
            self.callbacks.pop(old.address_key, None)
        if contact is not None and _is_pending(contact):
            self.callbacks[contact.address_key] = contact_id
        if old is not None and old.slot is not None:
            self.parked.pop(old.slot, None)
        if contact is not None and contact.slot is not None:
            self.parked[contact.slot] = contact_id
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
        if old is not None and old.line_leg is not None:
            self.line_by_leg.pop(old.line_leg, None)
        if agent is not None and agent.line_leg is not None:
            self.line_by_leg[agent.line_leg] = agent_id
        if agent is not None and agent.wants_line:
            self.line_wishes[agent_id] = None
        elif old is not None and old.wants_line:
            self.line_wishes.pop(agent_id, None)
        self.index.agent_changed(old, agent)

    def _replace_queue(self, queue_id: QueueId, queue: Queue | None) -> None:
        old = self.queues.pop(queue_id, None) if queue is None else self.queues.get(queue_id)
        if queue is not None:
            self.queues[queue_id] = queue
        self.index.queue_changed(old, queue)


def _is_pending(contact: Contact) -> bool:
    """Whether a customer is to be called back, or is in that talk: in its wrap-up he may ask for another."""
    is_callback = contact.medium is Medium.CALLBACK and bool(contact.address_key)
    return is_callback and contact.state is not ContactState.WRAP_UP


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
        sources=tuple(state.sources.items()),
        campaigns=tuple(state.campaigns.values()),
        dials=tuple(state.dials.values()),
        parties=tuple(state.parties.values()),
        monitors=tuple(state.monitors.values()),
    )


def restore(records: Snapshot) -> State:
    """A state from its records, the indexes built anew."""
    state = State()
    state.number = records.number
    state.node = records.node
    state.sources = dict(records.sources)
    for node in records.nodes:
        state._replace_node(node.id, node)
    for hours in records.hours:
        state._replace_hours(hours.hours_id, hours)
    for pace in records.paces:
        state._replace_pace(key_of(pace), pace)
    for queue in records.queues:
        state._replace_queue(queue.id, queue)
    for agent in records.agents:
        state._replace_agent(agent.id, replace(agent, capacity=interned(agent.capacity)))
    for contact in records.contacts:
        state._replace_contact(contact.id, contact)
    for assignment in records.assignments:
        state._replace_assignment(assignment.id, assignment)
    for campaign in records.campaigns:
        state._replace_campaign(campaign.id, campaign)
    for dial in records.dials:
        state._replace_dial(dial.id, dial)
    for party in records.parties:
        state._replace_party(party.leg_id, party)
    for monitor in records.monitors:
        state._replace_monitor(monitor.leg_id, monitor)
    state.commit()
    return state
