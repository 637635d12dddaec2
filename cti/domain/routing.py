"""Who gets what: the indexes over waiting contacts and free agents, and the one decision "this contact to this agent".

Theory of operation. Waiting contacts that ask for the same (queue, medium, requirements) on the same node form one
*demand*; nothing of it is offered while that node is lost. Within a demand the order by arrival is also the order by
score, so its contacts are a heap; across demands the heads are compared. Each demand also has a heap of the agents who
could take from it, by best fit, least load, longest idle, id. An entry of either heap is never searched for: it is
dropped when it comes to the top and is no longer true, and a heap that is mostly stale is built anew. How many demands
there are is a matter of configuration, so an event costs O(log n) in contacts and agents. Demands are discovered when
their first contact arrives.

Because no idle pair existed before an event, a new pair must contain something the event touched: the index notes
agents who can take something and demands that got a contact, and `next_pair` looks only at those.

The index holds no truth. It is fed by `cti.domain.state` with each record that changes, also when a change is undone,
and can be rebuilt from the records alone; the records decide whether an entry is true.
"""

from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush

from msgspec import Struct

from cti.domain import agent as agents_
from cti.domain.agent import Agent
from cti.domain.capacity import BIT
from cti.domain.contact import Contact
from cti.domain.events import SkillLevel
from cti.domain.facts import Why
from cti.domain.ids import AgentId, ContactId, Medium, Milliseconds, NodeId, QueueId
from cti.domain.node import Node
from cti.domain.queue import Queue, fit, merge, score_ms
from cti.domain.states import ContactState

_SLACK = 64
"""A heap is built anew when it is twice as long as what is true in it, and this."""

DemandKey = tuple[Medium, tuple[SkillLevel, ...], NodeId | None]
_AgentEntry = tuple[int, int, Milliseconds, AgentId, int]
"""(-fit, load, idle since, id, stamp): the smallest is the one to choose."""
_ContactEntry = tuple[Milliseconds, int, ContactId]


class Demand:
    """The contacts that ask for the same, and the agents who can give it."""

    __slots__ = ("agents", "bit", "contacts", "fits", "free", "medium", "node", "queue", "ready", "waiting", "wanted")

    def __init__(self, queue: Queue, medium: Medium, wanted: tuple[SkillLevel, ...], node: NodeId | None) -> None:
        self.queue = queue
        self.medium = medium
        self.node = node
        """Where its callers' legs stand; None: they have none."""
        self.wanted = wanted
        """What its contacts ask for besides what the queue asks."""
        self.bit = BIT[medium]
        self.contacts: list[_ContactEntry] = []
        self.waiting = 0
        self.agents: list[_AgentEntry] = []
        self.fits: dict[AgentId, int] = {}
        """Of all who have the project and the skills."""
        self.ready = 0
        self.free = 0


class Standing:
    """What the index last saw of one agent; entries of heaps with another stamp are stale."""

    __slots__ = ("demands", "idle_since", "load", "media", "ready", "stamp")

    def __init__(self) -> None:
        self.demands: list[Demand] = []
        self.ready = False
        self.media = 0
        self.load = 0
        self.idle_since = 0
        self.stamp = 0


class Pair(Struct, frozen=True, gc=False):
    """A contact and the agent it is to be offered to."""

    contact: Contact
    agent: Agent
    why: Why


class Index:
    """The heaps over one state's tables, which it reads and never writes."""

    def __init__(
        self,
        *,
        contacts: Mapping[ContactId, Contact],
        agents: Mapping[AgentId, Agent],
        queues: Mapping[QueueId, Queue],
        nodes: Mapping[NodeId, Node],
    ) -> None:
        self._contacts = contacts
        self._agents = agents
        self._queues = queues
        self._nodes = nodes
        self._demands: dict[QueueId, dict[DemandKey, Demand]] = {}
        self._standings: dict[AgentId, Standing] = {}
        self._stamp = 0
        self._fresh_agents: dict[AgentId, None] = {}
        self._fresh_demands: dict[Demand, None] = {}
        self._waiting: dict[QueueId, int] = {}

    # -- what changed ------------------------------------------------------------------------------------------------

    def contact_changed(self, old: Contact | None, new: Contact | None) -> None:
        """Take notice of a contact's record; either side is None when it came or went."""
        waited = old is not None and old.state is ContactState.WAITING
        waits = new is not None and new.state is ContactState.WAITING
        if old is not None and waited:
            demand = self._demand_of(old)
            demand.waiting -= 1
            self._waiting[old.queue_id] -= 1
        if new is not None and waits:
            demand = self._demand_of(new)
            demand.waiting += 1
            self._waiting[new.queue_id] = self._waiting.get(new.queue_id, 0) + 1
            if len(demand.contacts) > 2 * demand.waiting + _SLACK:
                self._drop_stale_contacts(demand)
            heappush(demand.contacts, (new.arrived_ms, new.number, new.id))
            self._fresh_demands[demand] = None

    def agent_changed(self, old: Agent | None, new: Agent | None) -> None:
        """Take notice of an agent's record; either side is None when he came or went."""
        if new is None:
            assert old is not None
            self._withdraw(old.id)
            del self._standings[old.id]
            return
        standing = self._standings.get(new.id)
        if standing is None:
            standing = self._standings[new.id] = Standing()
        if old is None or old.skills != new.skills or old.project_ids != new.project_ids or old.removed != new.removed:
            self._withdraw(new.id)
            for demands in self._demands.values():
                for demand in demands.values():
                    self._consider(demand, new, standing)
        self._set_standing(new, standing)

    def queue_changed(self, old: Queue | None, new: Queue | None) -> None:
        """Take notice of a queue's rules: who can serve it is found anew; what waits keeps its place."""
        key = new.id if new is not None else old.id if old is not None else None
        for demand in list(self._demands.get(key, {}).values()) if key is not None else ():
            if new is None:
                continue
            demand.queue = new
            self._find_agents(demand)
            self._fresh_demands[demand] = None

    def node_changed(self, node_id: NodeId) -> None:
        """Take notice of a node that was lost or is back: what waits there may be offered, or not."""
        for demand in self._every_demand():
            if demand.node == node_id:
                self._fresh_demands[demand] = None

    def everything_is_fresh(self) -> None:
        """Let the next look go over all that waits (a new engine may have new rules)."""
        for demand in self._every_demand():
            self._fresh_demands[demand] = None

    def nothing_is_fresh(self) -> None:
        """Forget what was noted: the event is over, or undone."""
        self._fresh_agents.clear()
        self._fresh_demands.clear()

    # -- the decision ------------------------------------------------------------------------------------------------

    def next_pair(self, now: Milliseconds) -> Pair | None:
        """The next contact to offer, highest score first, and its agent; None when no idle pair is left."""
        best: tuple[int, Milliseconds, int] | None = None
        chosen: tuple[Demand, Contact, bool] | None = None
        for demand, by_agent in self._candidates():
            contact = self._head(demand)
            rules = demand.queue.rules
            order = (-score_ms(rules, arrived_ms=contact.arrived_ms, now=now), contact.arrived_ms, contact.number)
            if best is None or order < best:
                best, chosen = order, (demand, contact, by_agent)
        if chosen is None or best is None:
            self.nothing_is_fresh()
            return None
        demand, contact, by_agent = chosen
        return self._choose(demand, contact, score=-best[0], by_agent=by_agent, now=now)

    def waiting_count(self, queue_id: QueueId) -> int:
        """How many contacts wait in the queue."""
        return self._waiting.get(queue_id, 0)

    def entries(self) -> int:
        """How long all heaps are together, stale entries included: a measure of memory."""
        return sum(len(demand.contacts) + len(demand.agents) for demand in self._every_demand())

    def is_idle_pair_left(self) -> bool:
        """Whether any waiting contact could be offered to anyone: never, between events."""
        return any(demand.free and self._is_served(demand) for demand in self._every_demand())

    def _every_demand(self) -> Iterator[Demand]:
        return (demand for demands in self._demands.values() for demand in demands.values())

    def _is_served(self, demand: Demand) -> bool:
        """Whether something waits in it that may be offered."""
        if not demand.waiting:
            return False
        node = self._nodes.get(demand.node) if demand.node is not None else None
        return node is None or not node.lost

    def _candidates(self) -> list[tuple[Demand, bool]]:
        found = [(demand, False) for demand in self._fresh_demands if demand.free and self._is_served(demand)]
        for agent_id in self._fresh_agents:
            standing = self._standings.get(agent_id)
            if standing is not None and standing.media:
                media = standing.media
                found += [
                    (demand, True) for demand in standing.demands if media & demand.bit and self._is_served(demand)
                ]
        return found

    def _choose(self, demand: Demand, contact: Contact, *, score: int, by_agent: bool, now: Milliseconds) -> Pair:
        first, second = self._first_two(demand)
        winner = first
        rule = ""
        for agent_id in contact.preferred:
            standing = self._standings.get(agent_id)
            if standing is not None and agent_id in demand.fits and standing.media & demand.bit:
                winner = (-demand.fits[agent_id], standing.load, standing.idle_since, agent_id, standing.stamp)
                second = first if agent_id != first[3] else second
                rule = "preferred"
                break
        return Pair(
            contact,
            self._agents[winner[3]],
            Why(
                rule=rule or ("oldest" if by_agent else _rule(winner, second)),
                fit=-winner[0],
                load=winner[1],
                idle_ms=now - winner[2],
                score_ms=score,
                runner_up=second[3] if second is not None else None,
                capable=len(demand.fits),
                ready=demand.ready,
                free=demand.free,
            ),
        )

    def _first_two(self, demand: Demand) -> tuple[_AgentEntry, _AgentEntry | None]:
        """The best free agent and the next; the heap keeps both."""
        first = self._best_agent(demand)
        assert first is not None, "a demand counts free agents that it does not hold"
        if demand.free == 1:
            return first, None
        heap = demand.agents
        heappop(heap)
        second = self._best_agent(demand)
        while second is not None and second[3] == first[3]:  # an undone change leaves an agent's entry twice
            heappop(heap)
            second = self._best_agent(demand)
        heappush(heap, first)
        return first, second

    def _best_agent(self, demand: Demand) -> _AgentEntry | None:
        heap = demand.agents
        while heap:
            entry = heap[0]
            standing = self._standings.get(entry[3])
            if standing is not None and standing.stamp == entry[4] and standing.media & demand.bit:
                return entry
            heappop(heap)
        return None

    def _head(self, demand: Demand) -> Contact:
        heap = demand.contacts
        while True:
            arrived_ms, _, contact_id = heap[0]
            contact = self._contacts.get(contact_id)
            if contact is not None and contact.state is ContactState.WAITING and contact.arrived_ms == arrived_ms:
                return contact
            heappop(heap)

    # -- upkeep ------------------------------------------------------------------------------------------------------

    def _demand_of(self, contact: Contact) -> Demand:
        demands = self._demands.get(contact.queue_id)
        if demands is None:
            demands = self._demands[contact.queue_id] = {}
        key = (contact.medium, contact.requirements, contact.node)
        demand = demands.get(key)
        if demand is None:
            demand = demands[key] = Demand(self._queues[contact.queue_id], *key)
            self._find_agents(demand)
        return demand

    def _find_agents(self, demand: Demand) -> None:
        for agent_id in demand.fits:
            self._standings[agent_id].demands.remove(demand)
        demand.fits.clear()
        demand.agents.clear()
        demand.ready = demand.free = 0
        for agent_id, standing in self._standings.items():
            self._consider(demand, self._agents[agent_id], standing)

    def _consider(self, demand: Demand, agent: Agent, standing: Standing) -> None:
        """Enter the agent in the demand with what is known of him, if he has its project and skills."""
        rules = demand.queue.rules
        if agent.removed or rules.project_id not in agent.project_ids:
            return
        fitting = fit(merge(rules.requirements, demand.wanted), agent.skills)
        if fitting is None:
            return
        demand.fits[agent.id] = fitting
        standing.demands.append(demand)
        demand.ready += standing.ready
        if standing.media & demand.bit:
            demand.free += 1
            self._push_agent(demand, agent.id, standing)

    def _withdraw(self, agent_id: AgentId) -> None:
        """Take the agent out of every demand; his entries become stale."""
        standing = self._standings[agent_id]
        for demand in standing.demands:
            del demand.fits[agent_id]
            demand.ready -= standing.ready
            demand.free -= bool(standing.media & demand.bit)
        standing.demands = []
        self._stamp += 1
        standing.stamp = self._stamp
        standing.media = 0
        standing.ready = False

    def _set_standing(self, agent: Agent, standing: Standing) -> None:
        ready, media, load = agents_.is_available(agent), agents_.open_media(agent), agents_.load(agent)
        if (
            media == standing.media
            and ready == standing.ready
            and load == standing.load
            and agent.idle_since_ms == standing.idle_since
        ):
            return
        self._stamp += 1
        old_media, more_ready = standing.media, ready - standing.ready
        standing.ready, standing.media, standing.load = ready, media, load
        standing.idle_since, standing.stamp = agent.idle_since_ms, self._stamp
        for demand in standing.demands:
            bit = demand.bit
            demand.ready += more_ready
            if old_media & bit:
                demand.free -= 1
            if media & bit:
                demand.free += 1
                self._push_agent(demand, agent.id, standing)
        if media:
            self._fresh_agents[agent.id] = None

    def _push_agent(self, demand: Demand, agent_id: AgentId, standing: Standing) -> None:
        if len(demand.agents) > 2 * demand.free + _SLACK:
            standings = self._standings
            demand.agents = [
                entry
                for entry in demand.agents
                if (known := standings.get(entry[3])) is not None and known.stamp == entry[4]
            ]
            heapify(demand.agents)
        entry = (-demand.fits[agent_id], standing.load, standing.idle_since, agent_id, standing.stamp)
        heappush(demand.agents, entry)

    def _drop_stale_contacts(self, demand: Demand) -> None:
        contacts = self._contacts
        demand.contacts = [
            entry
            for entry in dict.fromkeys(demand.contacts)
            if (contact := contacts.get(entry[2])) is not None
            and contact.state is ContactState.WAITING
            and contact.arrived_ms == entry[0]
        ]
        heapify(demand.contacts)


def _rule(winner: _AgentEntry, second: _AgentEntry | None) -> str:
    """Which term of the order set the winner apart."""
    if second is None:
        return "only_one"
    for term, rule in enumerate(("best_fit", "least_load", "longest_idle")):
        if winner[term] != second[term]:
            return rule
    return "lowest_id"
