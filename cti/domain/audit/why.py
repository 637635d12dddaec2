"""Why a contact was offered as it was, or waits as it does: rebuilt from the journal up to that moment.

The fact of an offer holds its reasons in constant size (`Why`). What does not fit there is rebuilt here: the state just
before the offer is folded anew, every agent is looked at by `policy`, and so is what would have changed the
outcome: each supposition that is reported has been decided again under it. Words for people are `telling`.
Pure; called by `cti.review`, in a process of its own when the engine runs.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from cti.domain.agent import Agent
from cti.domain.audit import policy, supposing
from cti.domain.audit.hitch import Wait, waiting_for
from cti.domain.audit.policy import Obstacle
from cti.domain.audit.supposing import Change
from cti.domain.audit.unindexed import unindexed
from cti.domain.contact import Contact
from cti.domain.facts import (
    OUT_OF_ORDER,
    AssignmentOffered,
    AssignmentPaused,
    AssignmentStarted,
    ContactClosed,
    Fact,
    OfferEnded,
    Terms,
    Why,
)
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    ContactId,
    DispositionId,
    Medium,
    Milliseconds,
    OfferOutcome,
    ProjectId,
    QueueId,
    SiteId,
)
from cti.domain.queue import rings, score_ms, terms
from cti.domain.state import State
from cti.domain.states import ContactState

MOST_CANDIDATES: Final = 200
MOST_RIVALS: Final = 5
MOST_MISSED: Final = 3


class Decided(Protocol):
    """An entry of the journal; `cti.ports.Entry`."""

    @property
    def number(self) -> int:
        """The event's."""

    @property
    def at_ms(self) -> Milliseconds:
        """When it was decided."""

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What was decided."""


class Candidate(Struct, frozen=True, kw_only=True):
    """An agent, as he stood for the contact at that moment."""

    agent_id: AgentId
    obstacle: Obstacle | None
    """What kept him from it; None: he could have it."""
    preferred: bool
    ring: int | None
    """The first stage that he meets; None when he does not meet what is asked."""
    fit: int
    load: int
    idle_ms: Milliseconds


class Rival(Struct, frozen=True, kw_only=True):
    """Another contact that the agent could have had."""

    contact_id: ContactId
    queue_id: QueueId
    score_ms: int
    terms: Terms


class Offer(Struct, frozen=True, kw_only=True):
    """One offer, explained."""

    number: int
    """The event's on which it was decided."""
    at_ms: Milliseconds
    assignment_id: AssignmentId
    agent_id: AgentId
    queue_id: QueueId
    medium: Medium
    waited_ms: Milliseconds
    why: Why
    terms: Terms
    asked: str
    """The requirement at the contact's stage, as an expression."""
    sites: tuple[SiteId, ...]
    candidates: tuple[Candidate, ...]
    """Those who could have it, the one to choose first; then the others of the project. The first 200."""
    members: int
    """How many agents the project has."""
    rivals: tuple[Rival, ...]
    """Other contacts that the agent could have had, the next one first; not more than five."""
    changes: tuple[Change, ...]
    agrees: bool
    """Whether deciding again by the plain definition comes to the same contact and agent."""
    outcome: OfferOutcome | None = None
    """How it came to nothing; None: it was taken up, or is still open."""
    answered: bool = False
    ended_ms: Milliseconds | None = None


class Missed(Struct, frozen=True, kw_only=True):
    """An offer that went to another contact while this one waited, by an agent who could have had this one."""

    number: int
    at_ms: Milliseconds
    agent_id: AgentId
    contact_id: ContactId
    queue_id: QueueId
    points: int | None
    """So many more points of priority would have turned it; None: more than a contact can have."""
    earlier_ms: Milliseconds | None
    """So much earlier an arrival would have; None: its waiting does not count."""


class Story(Struct, frozen=True, kw_only=True):
    """Everything that was decided on one contact, and why."""

    contact_id: ContactId
    project_id: ProjectId
    queue_id: QueueId
    medium: Medium
    arrived_ms: Milliseconds
    offers: tuple[Offer, ...]
    missed: tuple[Missed, ...]
    """The nearest misses, the nearest first; not more than three."""
    passed_by: int
    """How many offers went by it."""
    wait: Wait | None
    """None: it does not wait."""
    closed: DispositionId | None
    closed_ms: Milliseconds | None


def explain(
    entries: Iterable[Decided], contact_id: ContactId, *, state: State | None = None, now: Milliseconds = 0
) -> Story | None:
    """The contact's story, from entries in order and the state before the first of them, which is used up.

    No state means an empty one. The entries must begin before the contact came; None when it never does. Reads no
    further than its close. Looks at every agent for each of its offers. `now` is the present instant, if that is later
    than the last entry.
    """
    teller = _Teller(contact_id, unindexed(state))
    at_ms = now
    for entry in entries:
        at_ms = max(entry.at_ms, now)
        if not teller.take(entry):
            break
    return teller.story(at_ms)


def offers(entries: Iterable[Decided], *, state: State | None = None) -> Iterator[Offer]:
    """Every offer explained, as it was made; each looks at every agent. Entries and state as for `explain`."""
    found = unindexed(state)
    for entry in entries:
        before: dict[AgentId, Agent] = {}
        for fact in entry.facts:
            if isinstance(fact, AssignmentPaused):
                _note_before_pause(found, fact, before)
            elif isinstance(fact, AssignmentOffered):
                yield offer(found, {**found.agents, **before}, fact, number=entry.number)
                before.clear()
            found.apply(fact)
        found.number = entry.number
        found.commit()


def _note_before_pause(state: State, fact: AssignmentPaused, before: dict[AgentId, Agent]) -> None:
    """What is paused for an offer made room for that offer alone: its agent is looked at as he was."""
    agent = state.agent(state.assignment(fact.assignment_id).agent_id)
    before.setdefault(agent.id, agent)


class _Teller:
    def __init__(self, contact_id: ContactId, state: State) -> None:
        self._id = contact_id
        self._state = state
        self._contact: Contact | None = state.contacts.get(contact_id)
        self._offers: list[Offer] = []
        self._missed: list[Missed] = []
        self._passed_by = 0
        self._closed: ContactClosed | None = None

    def take(self, entry: Decided) -> bool:
        """Fold the entry; False when nothing further can concern the contact."""
        before: dict[AgentId, Agent] = {}
        for fact in entry.facts:
            match fact:
                case AssignmentPaused():
                    _note_before_pause(self._state, fact, before)
                case AssignmentOffered():
                    self._offered(entry.number, fact, before)
                    before.clear()
                case OfferEnded():
                    self._change_offer(fact.assignment_id, outcome=fact.outcome, ended_ms=fact.at_ms)
                case AssignmentStarted():
                    self._change_offer(fact.assignment_id, answered=True, ended_ms=fact.at_ms)
                case ContactClosed() if fact.contact_id == self._id:
                    self._closed = fact
                case _:
                    pass
            self._state.apply(fact)
            self._contact = self._state.contacts.get(self._id, self._contact)
        self._state.number = entry.number
        self._state.commit()
        return self._closed is None

    def story(self, at_ms: Milliseconds) -> Story | None:
        contact = self._contact
        if contact is None:
            return None
        waits = self._closed is None and contact.state is ContactState.WAITING
        return Story(
            contact_id=contact.id,
            project_id=contact.project_id,
            queue_id=contact.queue_id,
            medium=contact.medium,
            arrived_ms=contact.arrived_ms,
            offers=tuple(self._offers),
            missed=tuple(sorted(self._missed, key=_nearness)[:MOST_MISSED]),
            passed_by=self._passed_by,
            wait=waiting_for(self._state, contact, at_ms) if waits else None,
            closed=self._closed.disposition if self._closed is not None else None,
            closed_ms=self._closed.at_ms if self._closed is not None else None,
        )

    def _offered(self, number: int, fact: AssignmentOffered, before: Mapping[AgentId, Agent]) -> None:
        contact = self._state.contacts.get(self._id)
        if contact is None:
            return
        agents = {**self._state.agents, **before} if before else self._state.agents
        if fact.contact_id == self._id:
            self._offers.append(offer(self._state, agents, fact, number=number))
        elif fact.why.rule not in OUT_OF_ORDER and policy.is_offered(self._state, contact):
            missed = _missed(self._state, contact, agents[fact.agent_id], fact, number=number)
            if missed is not None:
                self._passed_by += 1
                self._missed.append(missed)

    def _change_offer(self, assignment_id: AssignmentId, **fields: object) -> None:
        for at, each in enumerate(self._offers):
            if each.assignment_id == assignment_id and each.ended_ms is None:
                self._offers[at] = replace(each, **fields)


def offer(state: State, agents: Mapping[AgentId, Agent], fact: AssignmentOffered, *, number: int) -> Offer:
    """The offer explained, from the state just before it; `agents` as they were before anything was paused for it."""
    contact = state.contact(fact.contact_id)
    if fact.why.rule in OUT_OF_ORDER:
        return _out_of_order(state, contact, fact, number=number)
    rules = state.queue(contact.queue_id).rules
    members = [agent for agent in agents.values() if rules.project_id in agent.project_ids and not agent.removed]
    able = policy.able(rules, contact, members)
    can = {agent.id for agent in able}
    others = sorted((agent for agent in members if agent.id not in can), key=lambda agent: agent.id)
    order = {obstacle: at for at, obstacle in enumerate(reversed(Obstacle))}
    standing = {agent.id: policy.obstacle(rules, contact, agent) for agent in members}
    others.sort(key=lambda agent: order[standing[agent.id] or Obstacle.NO_ROOM])
    rivals = list(_rivals(state, contact, agents[fact.agent_id], fact.at_ms))
    first = not rivals or rivals[0][0] > policy.place(rules, contact, fact.at_ms)
    asked = rings(rules, contact)[-1]
    return Offer(
        number=number,
        at_ms=fact.at_ms,
        assignment_id=fact.assignment_id,
        agent_id=fact.agent_id,
        queue_id=contact.queue_id,
        medium=contact.medium,
        waited_ms=fact.at_ms - contact.arrived_ms,
        why=fact.why,
        terms=terms(rules, contact, fact.at_ms),
        asked=asked.requirement.text,
        sites=asked.sites,
        candidates=tuple(
            Candidate(
                agent_id=agent.id,
                obstacle=standing[agent.id],
                preferred=agent.id in contact.preferred,
                ring=policy.ring(rules, contact, agent),
                fit=policy.fit(rules, contact, agent),
                load=policy.rank(rules, contact, agent).load,
                idle_ms=fact.at_ms - agent.idle_since_ms,
            )
            for agent in (*able, *others)[:MOST_CANDIDATES]
        ),
        members=len(members),
        rivals=tuple(_as_rival(state, rival, fact.at_ms) for _, rival in rivals[:MOST_RIVALS]),
        changes=supposing.changes(rules, contact, able=able, others=others),
        agrees=bool(able) and able[0].id == fact.agent_id and first and policy.is_offered(state, contact),
    )


def _out_of_order(state: State, contact: Contact, fact: AssignmentOffered, *, number: int) -> Offer:
    """Nobody else was thought of, and no other contact."""
    return Offer(
        number=number,
        at_ms=fact.at_ms,
        assignment_id=fact.assignment_id,
        agent_id=fact.agent_id,
        queue_id=contact.queue_id,
        medium=contact.medium,
        waited_ms=fact.at_ms - contact.arrived_ms,
        why=fact.why,
        terms=terms(state.queue(contact.queue_id).rules, contact, fact.at_ms),
        asked="",
        sites=(),
        candidates=(),
        members=1,
        rivals=(),
        changes=(),
        agrees=True,
    )


def _rivals(state: State, contact: Contact, agent: Agent, now: Milliseconds) -> list[tuple[policy.Place, Contact]]:
    """The other contacts that this agent could have had, in order."""
    found = []
    for other in state.contacts.values():
        if other.id == contact.id or not policy.is_offered(state, other):
            continue
        rules = state.queue(other.queue_id).rules
        if policy.obstacle(rules, other, agent) is None:
            found.append((policy.place(rules, other, now), other))
    return sorted(found, key=lambda pair: pair[0])


def _as_rival(state: State, contact: Contact, now: Milliseconds) -> Rival:
    rules = state.queue(contact.queue_id).rules
    return Rival(
        contact_id=contact.id,
        queue_id=contact.queue_id,
        score_ms=score_ms(rules, contact, now),
        terms=terms(rules, contact, now),
    )


def _missed(state: State, contact: Contact, agent: Agent, fact: AssignmentOffered, *, number: int) -> Missed | None:
    """What this contact lacked when the agent was given another; None when he could not have had this one."""
    rules = state.queue(contact.queue_id).rules
    if policy.obstacle(rules, contact, agent) is not None:
        return None
    other = state.contact(fact.contact_id)
    theirs = policy.place(state.queue(other.queue_id).rules, other, fact.at_ms)
    points, earlier_ms = supposing.turned(rules, contact, theirs, fact.at_ms)
    return Missed(
        number=number,
        at_ms=fact.at_ms,
        agent_id=agent.id,
        contact_id=other.id,
        queue_id=other.queue_id,
        points=points,
        earlier_ms=earlier_ms,
    )


def _nearness(missed: Missed) -> tuple[int, Milliseconds, int]:
    unheard = 1 << 60
    return (
        missed.points if missed.points is not None else unheard,
        missed.earlier_ms if missed.earlier_ms is not None else unheard,
        missed.number,
    )
