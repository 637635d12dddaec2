"""Who gets what: the indexes over waiting contacts and free agents, and the one decision "this contact to this agent".

Theory of operation. Waiting contacts of one queue that ask for the same, on the same medium and node, form one
*demand*. Within a demand the score of every contact grows at the same pace, so their order never changes by itself and
is kept sorted. Demands of several queues that can be served by the same agents, and age alike, share a *pool*: the
agents' side of them, and the head of their heads. Across pools the heads are compared; nothing of a pool is offered
while its node is lost. A contact that is kept for its preferred agents stands in a pool that only they can serve; one
that sleeps stands in none. Who can serve a pool is a set of bits (`cti.domain.roster`), found by look-ups from its
expression; who of them has room right now is one more bit operation. While those are few they are compared one by one;
when they are many, the pool keeps a heap of them, as long as it is used: an entry of the heap is never searched for,
but dropped when it comes to the top and is no longer true. How many pools there are is a matter of configuration, so an
event costs O(log n) in contacts and agents.

Because no idle pair existed before an event, a new pair must contain something the event touched: the index notes
agents who can take something and pools that got a contact, and `next_pair` looks only at those.

The index holds no truth. It is fed by `cti.domain.state` with each record that changes, also when a change is undone,
and can be rebuilt from the records alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Final

from cti.domain import agent as agents_
from cti.domain.agent import Agent
from cti.domain.contact import Contact
from cti.domain.facts import Why
from cti.domain.ids import AgentId, ContactId, Milliseconds, NodeId, QueueId
from cti.domain.node import Node
from cti.domain.pools import AgentEntry, ContactEntry, Demand, Line, Pool, PoolKey, Standing
from cti.domain.queue import Queue, credit_ms, rings, score_ms, terms
from cti.domain.roster import Roster, places
from cti.domain.states import ContactState

_FEW: Final = 32
"""Up to so many free agents are compared one by one."""
_SLACK: Final = 64
"""A heap that is longer than twice what is true in it, and this, is given up; its next use builds it anew."""
_MOST_DEMANDS: Final = 5_000
"""Beyond so many, those in which nothing waits are forgotten."""

_Order = tuple[int, Milliseconds, int, ContactId]
"""(-score in hundredths of a millisecond, arrival, number, id): the smallest is offered next."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A contact and the agent it is to be offered to."""

    contact: Contact
    agent: Agent
    why: Why


class Index:
    """The orders over one state's tables, which it reads and never writes."""

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
        self._roster = Roster()
        self._lines: dict[QueueId, Line] = {}
        self._pools: dict[PoolKey, Pool] = {}
        self._where: dict[ContactId, tuple[Demand, ContactEntry]] = {}
        self._standings: dict[AgentId, Standing] = {}
        self._lost: dict[NodeId, None] = {}
        self._media = 0
        """The bits of the media that any demand has had: room for others need not be kept."""
        self._demand_count = 0
        self._stamp = 0
        self._fresh_agents: dict[AgentId, None] = {}
        self._fresh_pools: dict[Pool, None] = {}

    # -- what changed ------------------------------------------------------------------------------------------------

    def contact_changed(self, old: Contact | None, new: Contact | None) -> None:
        """Take notice of a contact's record; either side is None when it came or went."""
        if old is not None and new is not None and _stays(old, new):
            return
        if old is not None and old.state is ContactState.WAITING:
            self._leave(old)
        if new is not None and new.state is ContactState.WAITING:
            self._enter(new)

    def agent_changed(self, old: Agent | None, new: Agent | None) -> None:
        """Take notice of an agent's record; either side is None when he came or went."""
        if new is None:
            assert old is not None
            self._forget_abilities(old)
            self._set_standing(None, self._standings.pop(old.id))
            return
        standing = self._standings.get(new.id)
        if standing is None:
            standing = self._standings[new.id] = Standing(self._roster.place(new.id))
        if old is None or _abilities_differ(old, new):
            if old is not None:
                self._forget_abilities(old)
            self._learn_abilities(new, standing)
        self._set_standing(new, standing)

    def queue_changed(self, old: Queue | None, new: Queue | None) -> None:
        """Take notice of a queue's rules: who can serve it is found anew; what waits keeps its seniority."""
        if new is None:
            assert old is not None
            del self._lines[old.id]
            return
        line = self._lines.get(new.id)
        if line is None:
            self._lines[new.id] = Line(new.rules)
        elif line.rules != new.rules:
            waiting = [self._contacts[entry[3]] for demand in line.demands.values() for entry in demand.contacts]
            for demand in list(line.demands.values()):
                self._drop_demand(demand)
            fresh = self._lines[new.id] = Line(new.rules)
            fresh.waiting = line.waiting - len(waiting)
            for contact in waiting:
                self._enter(contact)

    def node_changed(self, node_id: NodeId) -> None:
        """Take notice of a node that was lost or is back: what waits there may be offered, or not."""
        node = self._nodes.get(node_id)
        if node is not None and node.lost:
            self._lost[node_id] = None
        else:
            self._lost.pop(node_id, None)
        self._fresh_pools.update((pool, None) for pool in self._pools.values() if pool.node == node_id)

    def everything_is_fresh(self) -> None:
        """Let the next look go over all that waits (a new engine may have new rules)."""
        self._fresh_pools.update(dict.fromkeys(self._pools.values()))

    def nothing_is_fresh(self) -> None:
        """Forget what was noted: the event is over, or undone."""
        if self._fresh_agents:
            self._settle()
            self._fresh_agents.clear()
        self._fresh_pools.clear()

    # -- the decision ------------------------------------------------------------------------------------------------

    def next_pair(self, now: Milliseconds) -> Pair | None:
        """The next contact to offer, highest score first, and its agent; None when no idle pair is left."""
        best, rival = self._best_for_agents(now) if self._fresh_agents else (None, None)
        by_agent = True
        if self._fresh_pools and (found := self._best_of_pools(now)) is not None and (best is None or found < best):
            best, rival, by_agent = found, None, False
        if best is None:
            self.nothing_is_fresh()
            return None
        return self._choose(best, rival, by_agent=by_agent, now=now)

    def _best_for_agents(self, now: Milliseconds) -> tuple[_Order | None, _Order | None]:
        """The best of what those who became free can serve, and the next best."""
        orders: list[_Order] = []
        for agent_id in self._fresh_agents:
            standing = self._standings.get(agent_id)
            if standing is None or not standing.media:
                continue
            for (place, weight), pools in standing.pools.items():
                if not standing.media >> place & 1:
                    continue
                if self._lost:
                    heads = [pool.head for pool in pools if pool.head is not None and pool.node not in self._lost]
                else:
                    heads = [head for pool in pools if (head := pool.head) is not None]
                if heads:
                    first = min(heads)
                    orders.append(_order(first, weight, now))
                    if len(heads) > 1:
                        heads.remove(first)
                        orders.append(_order(min(heads), weight, now))
        if not orders:
            return None, None
        best = min(orders)
        return best, min((order for order in orders if order[2] != best[2]), default=None)

    def _best_of_pools(
        self, now: Milliseconds, *, besides: Pool | None = None, agent_id: AgentId | None = None
    ) -> _Order | None:
        """The best head of the (other) pools that got a contact and have somebody, or this agent, free."""
        free, lost = self._roster.open, self._lost
        whom = self._standings[agent_id].mask if agent_id is not None else -1
        orders = [
            _order(pool.head, pool.weight, now)
            for pool in self._fresh_pools
            if pool.head is not None
            and pool is not besides
            and pool.capable & free[pool.place] & whom
            and not (lost and pool.node in lost)
        ]
        return min(orders, default=None)

    def waiting_count(self, queue_id: QueueId) -> int:
        """How many contacts wait in the queue, those that sleep included."""
        line = self._lines.get(queue_id)
        return 0 if line is None else line.waiting

    def in_line(self, queue_id: QueueId) -> int:
        """How many stand before somebody who came to the queue now: not those that sleep, or are kept for others."""
        line = self._lines.get(queue_id)
        demands = () if line is None else line.demands.values()
        return sum(len(demand.contacts) for demand in demands if not demand.pool.only)

    def position(self, contact: Contact, now: Milliseconds) -> int:
        """The waiting contact's place in its queue, from 1; those kept for others and those asleep do not count."""
        line = self._lines[contact.queue_id]
        weight = line.weights[contact.medium]
        own = (weight * contact.arrived_ms - 100 * credit_ms(line.rules, contact), contact.arrived_ms, contact.number)
        score = weight * now - own[0]
        ahead = 0
        for demand in line.demands.values():
            if demand.head is not None and not demand.pool.only:
                key = demand.pool.weight * now - score
                ahead += demand.contacts.bisect_left((key, own[1], own[2], contact.id))
        return ahead + 1

    def ordered(self, queue_id: QueueId, now: Milliseconds) -> list[ContactId]:
        """All that waits in the queue, highest score first; walks the whole queue."""
        line = self._lines.get(queue_id)
        if line is None:
            return []
        found = [
            (entry[0] - demand.pool.weight * now, entry[1], entry[2], entry[3])
            for demand in line.demands.values()
            for entry in demand.contacts
        ]
        return [entry[3] for entry in sorted(found)]

    def eligible(self, contact: Contact) -> int:
        """How many ready agents have what the waiting contact asks for, busy ones included, kept for some or not."""
        where = self._where.get(contact.id)
        if where is None:
            return 0
        demand = where[0]
        if demand.pool.only:
            demand = self._demand_of(demand.line, contact, only=())
        return (demand.pool.capable & self._roster.ready).bit_count()

    def kept_for(self, agent_id: AgentId) -> list[ContactId]:
        """The contacts that are kept for this agent (and perhaps others), the first that arrived first."""
        standing = self._standings.get(agent_id)
        if standing is None:
            return []
        kept = [pool for pools in standing.pools.values() for pool in pools if pool.only]
        entries = [entry[1:] for pool in kept for demand in pool.demands for entry in demand.contacts]
        return [contact_id for _, _, contact_id in sorted(entries)]  # the order of pools depends on what came before

    def anything_waits(self) -> bool:
        """Whether anything waits that could be offered, were somebody free."""
        return any(pool.head is not None and pool.node not in self._lost for pool in self._pools.values())

    def somebody_waits_for(self, agent_id: AgentId, media: int) -> bool:
        """Whether anything waits that this agent could be offered if he took these media (bits of `capacity.BIT`)."""
        standing = self._standings.get(agent_id)
        if standing is None:
            return False
        return any(
            media >> place & 1 and any(pool.head is not None and pool.node not in self._lost for pool in pools)
            for (place, _), pools in standing.pools.items()
        )

    def can_serve(self, contact: Contact, agent_id: AgentId) -> bool:
        """Whether the agent has what the contact asks for now, be he busy or away."""
        line = self._lines[contact.queue_id]
        standing = self._standings.get(agent_id)
        if standing is None:
            return False
        demand = self._demand_of(line, contact, only=())
        return bool(demand.pool.capable & standing.mask)

    def entries(self) -> int:
        """How long all orders are together, stale entries included: a measure of memory."""
        waiting = sum(len(demand.contacts) for line in self._lines.values() for demand in line.demands.values())
        return waiting + sum(len(pool.heap or ()) for pool in self._pools.values())

    def is_idle_pair_left(self) -> bool:
        """Whether any waiting contact could be offered to anyone: never, between events."""
        return any(
            pool.head is not None and pool.node not in self._lost and pool.capable & self._roster.open[pool.place]
            for pool in self._pools.values()
        )

    # -- choosing the agent --------------------------------------------------------------------------------------------

    def _choose(self, best: _Order, rival: _Order | None, *, by_agent: bool, now: Milliseconds) -> Pair:
        contact = self._contacts[best[3]]
        pool = self._where[contact.id][0].pool
        free = pool.capable & self._roster.open[pool.place]
        first, second = self._first_two(pool, free)
        rule = "oldest" if by_agent else _rule(first, second)
        for agent_id in contact.preferred:
            standing = self._standings.get(agent_id)
            if standing is not None and standing.mask & free:
                if agent_id != first[4]:
                    first, second = self._entry(pool, agent_id, standing), first
                rule = "preferred"
                break
        rules = self._queues[contact.queue_id].rules
        found = terms(rules, contact, now)
        if not by_agent:
            rival = self._best_of_pools(now, besides=pool, agent_id=first[4])
        other = self._rival(pool, rival, now)
        return Pair(
            contact,
            self._agents[first[4]],
            Why(
                rule=rule,
                ring=first[0],
                fit=-first[1],
                load=first[2],
                idle_ms=now - first[3],
                score_ms=score_ms(rules, contact, now),
                terms=found,
                runner_up=second[4] if second is not None else None,
                capable=pool.capable.bit_count(),
                ready=(pool.capable & self._roster.ready).bit_count(),
                free=free.bit_count(),
                other_project=pool.lacking[0],
                other_site=pool.lacking[1],
                lacks_skill=pool.lacking[2],
                rival=other.id if other is not None else None,
                rival_score_ms=0 if other is None else score_ms(self._queues[other.queue_id].rules, other, now),
            ),
        )

    def _rival(self, pool: Pool, rival: _Order | None, now: Milliseconds) -> Contact | None:
        """The contact that comes next: the second of the same pool, or the best head besides."""
        entry = pool.second()
        if entry is not None and (rival is None or _order(entry, pool.weight, now) < rival):
            return self._contacts[entry[3]]
        return self._contacts[rival[3]] if rival is not None else None

    def _first_two(self, pool: Pool, free: int) -> tuple[AgentEntry, AgentEntry | None]:
        """The best free agent and the next."""
        if free.bit_count() <= _FEW:
            ids, standings = self._roster.ids, self._standings
            entries = sorted(self._entry(pool, ids[at], standings[ids[at]]) for at in places(free))
            return entries[0], entries[1] if len(entries) > 1 else None
        heap = self._heap_of(pool, free)
        first = self._best_agent(pool, heap)
        assert first is not None, "a pool has free agents that its heap does not hold"
        heappop(heap)
        second = self._best_agent(pool, heap)
        while second is not None and second[4] == first[4]:  # an undone change leaves an agent's entry twice
            heappop(heap)
            second = self._best_agent(pool, heap)
        heappush(heap, first)
        return first, second

    def _heap_of(self, pool: Pool, free: int) -> list[AgentEntry]:
        if pool.heap is None:
            ids, standings = self._roster.ids, self._standings
            pool.heap = [self._entry(pool, ids[at], standings[ids[at]]) for at in places(free)]
            heapify(pool.heap)
        elif self._fresh_agents:
            self._settle()
        return pool.heap

    def _best_agent(self, pool: Pool, heap: list[AgentEntry]) -> AgentEntry | None:
        while heap:
            entry = heap[0]
            standing = self._standings.get(entry[4])
            if standing is not None and standing.stamp == entry[5] and standing.media & pool.bit:
                return entry
            heappop(heap)
        return None

    def _entry(self, pool: Pool, agent_id: AgentId, standing: Standing) -> AgentEntry:
        fit = pool.fits.get(agent_id)
        if fit is None:
            fit = pool.fits[agent_id] = self._fit(pool, agent_id, standing)
        return (*fit, standing.load, standing.idle_since, agent_id, standing.stamp)

    def _fit(self, pool: Pool, agent_id: AgentId, standing: Standing) -> tuple[int, int]:
        agent = self._agents[agent_id]
        levels = standing.levels
        ring = 0
        if len(pool.asked) > 1:
            ring = next(
                at
                for at, (asked, sites) in enumerate(pool.asked)
                if (not sites or agent.site_id in sites)
                and asked.fit(levels, site_id=agent.site_id, project_ids=agent.project_ids, tier=pool.tier) is not None
            )
        return ring, -sum(levels.get(skill, 0) for skill in pool.skills)

    def _settle(self) -> None:
        """Enter who became free into the heaps that are kept."""
        for agent_id in self._fresh_agents:
            standing = self._standings.get(agent_id)
            if standing is None or not standing.media:
                continue
            for (place, _), pools in standing.pools.items():
                if not standing.media >> place & 1:
                    continue
                for pool in pools:
                    heap = pool.heap
                    if heap is None:
                        continue
                    if len(heap) > 2 * (pool.capable & self._roster.open[place]).bit_count() + _SLACK:
                        pool.heap = None
                    else:
                        heappush(heap, self._entry(pool, agent_id, standing))

    # -- contacts ------------------------------------------------------------------------------------------------------

    def _enter(self, contact: Contact) -> None:
        line = self._lines[contact.queue_id]
        line.waiting += 1
        if contact.asleep_until_ms is not None:
            return
        only = contact.preferred if contact.held_until_ms is not None else ()
        demand = self._demand_of(line, contact, only=only)
        entry = demand.entry(contact)
        demand.add(entry)
        self._where[contact.id] = demand, entry
        self._fresh_pools[demand.pool] = None

    def _leave(self, contact: Contact) -> None:
        self._lines[contact.queue_id].waiting -= 1
        where = self._where.pop(contact.id, None)
        if where is None:
            return
        demand, entry = where
        demand.remove(entry)
        if demand.pool.only and demand.head is None:
            self._drop_demand(demand)

    def _demand_of(self, line: Line, contact: Contact, *, only: tuple[AgentId, ...]) -> Demand:
        taken = contact.steps_taken & line.staging
        tier = contact.tier if line.uses_tier or contact.condition else 0
        key = (contact.medium, contact.requirements, contact.condition, taken, tier, contact.node, only)
        demand = line.demands.get(key)
        if demand is None:
            if self._demand_count >= _MOST_DEMANDS:
                self._forget_empty_demands()
            pool = self._pool_of(line, contact, tier=tier, only=only)
            demand = line.demands[key] = Demand(line, key, pool)
            pool.demands.append(demand)
            self._demand_count += 1
        return demand

    def _pool_of(self, line: Line, contact: Contact, *, tier: int, only: tuple[AgentId, ...]) -> Pool:
        rules, medium = line.rules, contact.medium
        key = (rules.project_id, rings(rules, contact), medium, line.weights[medium], tier, contact.node, only)
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = Pool(key)
            if not self._media & pool.bit:
                self._media |= pool.bit
                self._know_medium(pool)
            self._find_agents(pool)
            for agent_id in self._roster.members(pool.capable):
                self._standings[agent_id].serve(pool)
        return pool

    def _know_medium(self, pool: Pool) -> None:
        """Nothing has waited on this medium before: note who has room for it."""
        self._roster.open[pool.place] = sum(
            standing.mask for standing in self._standings.values() if standing.media & pool.bit
        )

    def _drop_demand(self, demand: Demand) -> None:
        for entry in demand.contacts:
            del self._where[entry[3]]
        del demand.line.demands[demand.key]
        self._demand_count -= 1
        pool = demand.pool
        pool.demands.remove(demand)
        if pool.demands:
            pool.find_head()
            return
        pool.head = None
        for agent_id in self._roster.members(pool.capable):
            self._standings[agent_id].pools[pool.place, pool.weight].remove(pool)
        del self._pools[pool.key]
        self._fresh_pools.pop(pool, None)

    def _forget_empty_demands(self) -> None:
        every = [demand for line in self._lines.values() for demand in line.demands.values()]
        for demand in every:
            if demand.head is None:
                self._drop_demand(demand)

    # -- agents --------------------------------------------------------------------------------------------------------

    def _find_agents(self, pool: Pool) -> None:
        """Set who can serve it; their lists of pools are the caller's."""
        roster = self._roster
        members = roster.in_project(pool.project_id)
        asked, sites = pool.asked[-1]
        here = members
        if sites:
            here = 0
            for site_id in sites:
                here |= roster.at_site(site_id)
            here &= members
        able = here & asked.mask(roster, tier=pool.tier)
        everyone = roster.everyone()
        pool.lacking = (
            (everyone & ~members).bit_count(),
            (members & ~here).bit_count(),
            (here & ~able).bit_count(),
        )
        if pool.only:
            kept = 0
            for agent_id in pool.only:
                kept |= 1 << roster.place(agent_id)
            able &= kept
        pool.capable = able
        pool.heap = None
        pool.fits.clear()

    def _learn_abilities(self, agent: Agent, standing: Standing) -> None:
        standing.levels = {skill.skill_id: skill.level for skill in agent.skills}
        if not agent.removed:
            self._roster.enter(agent)
        for pool in self._pools.values():
            self._find_agents(pool)
            if pool.capable & standing.mask:
                standing.serve(pool)
        if standing.media:
            self._fresh_agents[agent.id] = None

    def _forget_abilities(self, agent: Agent) -> None:
        """Clear what he was; the caller has every pool's agents found anew, unless there is no such agent now."""
        standing = self._standings[agent.id]
        self._roster.strike(agent)
        for pools in standing.pools.values():
            for pool in pools:
                pool.capable &= ~standing.mask
                pool.fits.pop(agent.id, None)
        standing.pools = {}
        self._stamp += 1
        standing.stamp = self._stamp

    def _set_standing(self, agent: Agent | None, standing: Standing) -> None:
        if agent is None:
            ready, media, load, idle_since = False, 0, 0, 0
        else:
            ready, media, load = agents_.room(agent)
            idle_since = agent.idle_since_ms
        if ready != standing.ready:
            standing.ready = ready
            self._roster.ready ^= standing.mask
        changed = (media ^ standing.media) & self._media
        if changed:
            free = self._roster.open
            while changed:
                place = changed.bit_length() - 1
                changed ^= 1 << place
                free[place] ^= standing.mask
        elif load == standing.load and idle_since == standing.idle_since and media == standing.media:
            return
        self._stamp += 1
        standing.media, standing.load, standing.idle_since, standing.stamp = media, load, idle_since, self._stamp
        if media and agent is not None:
            self._fresh_agents[agent.id] = None


def _order(entry: ContactEntry, weight: int, now: Milliseconds) -> _Order:
    return entry[0] - weight * now, entry[1], entry[2], entry[3]


def _stays(old: Contact, new: Contact) -> bool:
    """Whether it waited and waits in the very same place: only its plan has changed, say."""
    return (
        old.state is ContactState.WAITING
        and new.state is ContactState.WAITING
        and old.queue_id == new.queue_id
        and old.arrived_ms == new.arrived_ms
        and old.priority == new.priority
        and old.urged == new.urged
        and old.steps_taken == new.steps_taken
        and old.held_until_ms == new.held_until_ms
        and old.asleep_until_ms == new.asleep_until_ms
        and old.medium is new.medium
        and old.node == new.node
        and (old.preferred, old.tier) == (new.preferred, new.tier)
        and (old.requirements, old.condition) == (new.requirements, new.condition)
    )


def _abilities_differ(old: Agent, new: Agent) -> bool:
    return (
        (old.skills is not new.skills or old.project_ids is not new.project_ids or old.site_id is not new.site_id)
        and (old.skills, old.project_ids, old.site_id) != (new.skills, new.project_ids, new.site_id)
    ) or (old.removed != new.removed)


def _rule(winner: AgentEntry, second: AgentEntry | None) -> str:
    """Which term of the order set the winner apart."""
    if second is None:
        return "only_one"
    for term, rule in enumerate(("inner_ring", "best_fit", "least_load", "longest_idle")):
        if winner[term] != second[term]:
            return rule
    return "lowest_id"
