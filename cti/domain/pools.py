"""What the index is made of: a queue's line, its demands, the pools they share, and an agent's standing in them.

They keep their own order and know nothing of each other's truth; `cti.domain.routing` alone makes and changes them.
"""

from typing import Final

from sortedcontainers import SortedList

from cti.domain.capacity import BIT
from cti.domain.contact import Contact
from cti.domain.events import QueueOpened, SkillLevel
from cti.domain.ids import AgentId, ContactId, Medium, Milliseconds, NodeId, ProjectId, SkillId
from cti.domain.queue import Ring, changes_demand, credit_ms, weight_percent
from cti.domain.requirement import parse
from cti.domain.roster import MEDIA

DemandKey = tuple[Medium, tuple[SkillLevel, ...], str, int, int, NodeId | None, tuple[AgentId, ...]]
"""Medium, requirements, condition, steps that change who is asked, tier, node, whom the contact is kept for."""
PoolKey = tuple[ProjectId, tuple[Ring, ...], Medium, int, int, NodeId | None, tuple[AgentId, ...]]
AgentEntry = tuple[int, int, int, Milliseconds, AgentId, int]
"""(ring, -fit, load, idle since, id, stamp): the smallest is the one to choose."""
ContactEntry = tuple[int, Milliseconds, int, ContactId]
"""(weight × arrival - 100 × credit, arrival, number, id): the smallest has the highest score."""

_PLACE: Final = {medium: place for place, medium in enumerate(MEDIA)}


class Line:
    """One queue as the index sees it: its rules, and its demands."""

    __slots__ = ("demands", "rules", "staging", "uses_tier", "waiting", "weights")

    def __init__(self, rules: QueueOpened) -> None:
        self.rules = rules
        self.weights = {medium: weight_percent(rules, medium) for medium in Medium}
        self.staging = sum(1 << at for at, step in enumerate(rules.steps) if changes_demand(step))
        """The bits of the steps that change who is asked."""
        self.uses_tier = any(parse(text).uses_tier for text in (rules.condition, *(step.add for step in rules.steps)))
        self.demands: dict[DemandKey, Demand] = {}
        self.waiting = 0


class Demand:
    """The contacts of one queue that ask for the same."""

    __slots__ = ("contacts", "head", "key", "line", "pool")

    def __init__(self, line: Line, key: DemandKey, pool: "Pool") -> None:
        self.line = line
        self.key = key
        self.pool = pool
        self.contacts: SortedList[ContactEntry] = SortedList()
        self.head: ContactEntry | None = None
        """The first of them."""

    def entry(self, contact: Contact) -> ContactEntry:
        """The contact's place in the order."""
        key = self.pool.weight * contact.arrived_ms - 100 * credit_ms(self.line.rules, contact)
        return key, contact.arrived_ms, contact.number, contact.id

    def add(self, entry: ContactEntry) -> None:
        """One more waits."""
        self.contacts.add(entry)
        if self.head is None or entry < self.head:
            self.head = entry
            pool = self.pool
            if pool.head is None or entry < pool.head:
                pool.head = entry

    def remove(self, entry: ContactEntry) -> None:
        """It waits no longer."""
        contacts = self.contacts
        contacts.remove(entry)
        if entry is self.head:
            self.head = contacts[0] if contacts else None
            if entry is self.pool.head:
                self.pool.find_head()


class Pool:
    """What can be served by the same agents and ages alike, and those agents."""

    __slots__ = (
        "asked",
        "bit",
        "capable",
        "demands",
        "fits",
        "head",
        "heap",
        "key",
        "lacking",
        "node",
        "only",
        "place",
        "project_id",
        "skills",
        "tier",
        "weight",
    )

    def __init__(self, key: PoolKey) -> None:
        self.key = key
        self.project_id, self.asked, medium, self.weight, self.tier, self.node, self.only = key
        """`node`: where its callers' legs stand, None: they have none. `only`: whom its contacts are kept for."""
        self.place = _PLACE[medium]
        self.bit = BIT[medium]
        self.skills: tuple[SkillId, ...] = tuple(
            dict.fromkeys(skill for ring in self.asked for skill in ring.requirement.skills)
        )
        self.demands: list[Demand] = []
        self.head: ContactEntry | None = None
        """The first of all their contacts."""
        self.capable = 0
        """The bits of all who have what is asked."""
        self.lacking = (0, 0, 0)
        """How many lack the project; the site; the skills."""
        self.fits: dict[AgentId, tuple[int, int]] = {}
        """(ring, -fit) of those looked at so far."""
        self.heap: list[AgentEntry] | None = None
        """Of free agents, while there are many; None: not kept now."""

    def find_head(self) -> None:
        """The head of its demands' heads."""
        demands = self.demands
        if len(demands) == 1:
            self.head = demands[0].head
        else:
            self.head = min((demand.head for demand in demands if demand.head is not None), default=None)

    def second(self) -> ContactEntry | None:
        """The contact behind the head."""
        found = None
        for demand in self.demands:
            entry = demand.head
            if entry is self.head and entry is not None:
                entry = demand.contacts[1] if len(demand.contacts) > 1 else None
            if entry is not None and (found is None or entry < found):
                found = entry
        return found


class Standing:
    """What the index last saw of one agent; entries of heaps with another stamp are stale."""

    __slots__ = ("idle_since", "levels", "load", "mask", "media", "pools", "ready", "stamp")

    def __init__(self, place: int) -> None:
        self.mask = 1 << place
        self.pools: dict[tuple[int, int], list[Pool]] = {}
        """Those that he can serve, by place of the medium and weight: such heads compare as they are."""
        self.levels: dict[SkillId, int] = {}
        self.ready = False
        self.media = 0
        self.load = 0
        self.idle_since: Milliseconds = 0
        self.stamp = 0

    def serve(self, pool: Pool) -> None:
        """He can serve this pool too."""
        self.pools.setdefault((pool.place, pool.weight), []).append(pool)
