"""Who waits and who is where: the tables behind the queue list and the supervisor's view, kept up fact by fact.

Each change costs what it touches, whatever the number of agents and contacts: `note` marks what a fact concerns,
`take_changes` builds the marked ones. Not here: when they are sent and to whom (`cti.web.hub`).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from sortedcontainers import SortedList

from cti.domain import queue
from cti.domain.agent import Agent, is_available, is_engaged, open_media
from cti.domain.ids import AgentId, ContactId, Medium, Milliseconds, QueueId, Readiness
from cti.domain.state import State
from cti.domain.states import AssignmentState, ContactState
from cti.ports import Person
from cti.web import waits
from cti.web.messages import AgentView, QueueView
from cti.web.monitors import listeners, talk_of
from cti.web.roster import Roster
from cti.web.screens import Screens, line_of
from cti.web.transfer_messages import Colleague, Standing

Activity = Literal["idle", "offered", "talking", "held", "rejoining", "wrap_up"]

_ACTIVITIES: Final[dict[AssignmentState, Activity]] = {
    AssignmentState.OFFERED: "offered",
    AssignmentState.ACTIVE: "talking",
    AssignmentState.HELD: "held",
    AssignmentState.PAUSED: "held",
    AssignmentState.REJOINING: "rejoining",
    AssignmentState.WRAP_UP: "wrap_up",
}

_Waiting = tuple[QueueId, Medium, Milliseconds]
"""Where a contact waits, on which medium, and since when."""
_MOST_KINDS: Final = 10_000
"""Kinds of agents of whom it is remembered which queues they serve."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed since it was last asked."""

    queue_ids: frozenset[QueueId]
    agent_ids: frozenset[AgentId]

    def __bool__(self) -> bool:
        return bool(self.queue_ids or self.agent_ids)


class Board:
    """The tables."""

    def __init__(self, *, state: State, roster: Roster, screens: Screens) -> None:
        self._state = state
        self._roster = roster
        self._screens = screens
        self._waiting: dict[ContactId, _Waiting] = {}
        self._by_medium: dict[QueueId, Counter[Medium]] = {}
        self._arrivals: dict[QueueId, SortedList[Milliseconds]] = {}
        self._serving: dict[tuple[object, ...], frozenset[QueueId]] = {}
        """The queues that agents of some skills, site and projects serve."""
        self._free: dict[AgentId, frozenset[QueueId]] = {}
        self._free_in: Counter[QueueId] = Counter()
        self._changed_queues: set[QueueId] = set()
        self._changed_agents: set[AgentId] = set()
        self._uncounted: set[AgentId] = set()
        for contact_id in state.contacts:
            self.note_contact(contact_id)
        self.note_queues()

    def note_contact(self, contact_id: ContactId) -> None:
        """The contact may have begun or ceased to wait."""
        contact = self._state.contacts.get(contact_id)
        # Who asked to be called at another time, or was not reached, waits for nobody until then.
        waits_in = contact is not None and contact.state is ContactState.WAITING and contact.asleep_until_ms is None
        now = (contact.queue_id, contact.medium, contact.arrived_ms) if contact is not None and waits_in else None
        before = self._waiting.pop(contact_id, None)
        if now is not None:
            self._waiting[contact_id] = now
        if now == before:
            return
        for found, by in ((before, -1), (now, 1)):
            if found is not None:
                self._count(found, by)

    def _count(self, waiting: _Waiting, by: int) -> None:
        queue_id, medium, arrived_ms = waiting
        self._changed_queues.add(queue_id)
        counts = self._by_medium.setdefault(queue_id, Counter())
        counts[medium] += by
        if not counts[medium]:
            del counts[medium]
        arrivals = self._arrivals.setdefault(queue_id, SortedList())
        if by > 0:
            arrivals.add(arrived_ms)
        else:
            arrivals.remove(arrived_ms)

    def note_agent(self, agent_id: AgentId) -> None:
        """The agent may have changed in any way."""
        self._changed_agents.add(agent_id)
        self._uncounted.add(agent_id)

    def note_queues(self, *, arrivals_moved: bool = False) -> None:
        """Queues' rules have changed: every agent may serve others now. Or all arrivals moved with the clock."""
        if arrivals_moved:
            for contact_id in self._state.contacts:
                self.note_contact(contact_id)
        self._serving.clear()
        self._changed_queues.update(self._state.queues)
        self._changed_agents.update(self._state.agents)
        self._uncounted.update(self._state.agents)

    def settle(self) -> None:
        """Bring the counts of free agents up to date; before any view of a queue."""
        for agent_id in self._uncounted:
            self._count_free(agent_id)
        self._uncounted.clear()

    def take_changes(self) -> Changes:
        """What was noted since the last call."""
        self.settle()
        changes = Changes(frozenset(self._changed_queues), frozenset(self._changed_agents))
        self._changed_queues.clear()
        self._changed_agents.clear()
        return changes

    def _count_free(self, agent_id: AgentId) -> None:
        agent = self._state.agents.get(agent_id)
        before, now = self._free.get(agent_id, frozenset()), self._serves_now(agent)
        if before == now:
            return
        self._free_in.subtract(before - now)
        self._free_in.update(now - before)
        self._changed_queues |= before ^ now
        self._free[agent_id] = now

    def _serves_now(self, agent: Agent | None) -> frozenset[QueueId]:
        if agent is None or not open_media(agent):
            return frozenset()
        key = (agent.skills, agent.site_id, agent.project_ids)
        known = self._serving.get(key)
        if known is None:
            if len(self._serving) >= _MOST_KINDS:
                self._serving.clear()
            known = self._serving[key] = frozenset(
                queue_id
                for queue_id, found in self._state.queues.items()
                if queue.serves(found.rules, agent.skills, site_id=agent.site_id, project_ids=agent.project_ids)
            )
        return known

    @property
    def waiting_count(self) -> int:
        """How many contacts wait, in all queues."""
        return len(self._waiting)

    # -- views -------------------------------------------------------------------------------------------------------

    def queues(self, person: Person, among: Iterable[QueueId] | None = None) -> list[QueueView]:
        """The queues that he may see, in the order of the centre file; only those of `among` when given."""
        projects = self._roster.projects(person)
        wanted = None if among is None else frozenset(among)
        return [
            self._queue_view(queue_id, person.language)
            for queue_id, found in self._state.queues.items()
            if found.rules.project_id in projects and (wanted is None or queue_id in wanted)
        ]

    def _queue_view(self, queue_id: QueueId, language: str) -> QueueView:
        rules = self._state.queues[queue_id].rules
        by_medium, arrivals = self._by_medium.get(queue_id, Counter()), self._arrivals.get(queue_id)
        return QueueView(
            queue_id=queue_id,
            queue=self._screens.queue_name(queue_id, language),
            project_id=rules.project_id,
            waiting=len(arrivals or ()),
            waiting_by_medium=dict(by_medium),
            oldest_arrived_ms=arrivals[0] if arrivals else None,
            ready=self._free_in[queue_id],
            service_level_ms=rules.service_level_ms,
            expected_wait_ms=waits.newcomer_ms(
                self._state, queue_id, waiting=self._state.index.in_line(queue_id), free=self._free_in[queue_id]
            ),
        )

    def agents(self, person: Person, among: Iterable[AgentId] | None = None) -> list[AgentView]:
        """The agents who share a project with this supervisor or admin, by name; only those of `among` when given."""
        projects = self._roster.projects(person)
        wanted = self._state.agents if among is None else among
        found = [self._state.agents[agent_id] for agent_id in wanted if agent_id in self._state.agents]
        views = [
            self._agent_view(agent, person.language)
            for agent in found
            if not agent.removed and not projects.isdisjoint(agent.project_ids)
        ]
        return sorted(views, key=lambda view: (view.name, view.agent_id))

    def colleagues(self, person: Person, among: Iterable[AgentId] | None = None) -> list[Colleague]:
        """Everybody with a phone in one of his projects, he too, by name; only those of `among` when given."""
        projects = self._roster.projects(person)
        wanted = self._state.agents if among is None else among
        found = [self._state.agents[agent_id] for agent_id in wanted if agent_id in self._state.agents]
        views = [
            self._colleague(agent)
            for agent in found
            if not agent.removed and not projects.isdisjoint(agent.project_ids)
        ]
        return sorted(views, key=lambda view: (view.name, view.agent_id))

    def _colleague(self, agent: Agent) -> Colleague:
        person = self._roster.persons.get(agent.id)
        return Colleague(
            agent_id=agent.id,
            name=person.name if person else agent.id,
            extension=(person.extension if person else None) or "",
            standing=_standing(agent),
            reason=agent.reason,
            since_ms=agent.since_ms,
        )

    def _agent_view(self, agent: Agent, language: str) -> AgentView:
        person = self._roster.persons.get(agent.id)
        held = self._state.assignments.get(agent.assignment_ids[0]) if agent.assignment_ids else None
        contact = self._state.contact_of(held) if held else None
        since_ms = None
        if held is not None:
            since_ms = {
                AssignmentState.ACTIVE: held.started_ms,
                AssignmentState.HELD: held.held_ms,
                AssignmentState.WRAP_UP: held.wrap_up_ms,
            }.get(held.state, held.offered_ms)
        return AgentView(
            agent_id=agent.id,
            name=person.name if person else agent.id,
            extension=person.extension if person else None,
            project_ids=list(agent.project_ids),
            readiness=agent.readiness,
            reason=agent.reason,
            since_ms=agent.since_ms,
            activity=_ACTIVITIES.get(held.state) if held else "idle",
            queue=self._screens.queue_name(contact.queue_id, language) if contact else None,
            activity_since_ms=since_ms,
            device=agent.device,
            line=line_of(agent),
            talk=talk_of(self._state, held),
            listeners=listeners(self._state, self._roster, held) if held is not None else [],
        )


def _standing(agent: Agent) -> Standing:
    """Whether he can be asked into a talk now, and if not, why."""
    if agent.device not in agent.phones:
        return "unreachable"
    if is_engaged(agent):
        return "busy"
    if agent.readiness is Readiness.OFFLINE:
        return "off_duty"
    return "ready" if is_available(agent) else "not_ready"
