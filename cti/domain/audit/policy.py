"""Who should get what, in its plainest form: the definition that decisions are held against, with no index at all.

Waiting contacts go in the order of their score; each to the agent who comes first by preference, ring, fit, load,
idleness and id among those for whom every predicate holds. Every function here looks at records alone, so it says the
same of a live state, of one rebuilt from the journal, and of one that is only supposed ("had he been ready").
`cti.domain.routing` decides and must come to the same, quickly; `fairness` and `why` judge and
explain by this module, and tests compare the two.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from cti.domain.agent import Agent, is_available, load, open_media
from cti.domain.capacity import BIT
from cti.domain.contact import Contact
from cti.domain.events import QueueOpened
from cti.domain.ids import AgentId, Medium, Milliseconds
from cti.domain.queue import credit_ms, ring_of, rings, weight_percent
from cti.domain.state import State
from cti.domain.states import ContactState


class Obstacle(StrEnum):
    """The first predicate that fails between a contact and an agent, in this order."""

    PROJECT = "project"
    SITE = "site"
    SKILL = "skill"
    KEPT = "kept"
    """The contact is kept for others for a while."""
    NOT_READY = "not_ready"
    NO_ROOM = "no_room"
    """Busy, or without the phone or the page that this medium needs, or not taking the medium now."""


class Rank(NamedTuple):
    """An agent's place for one contact: the smallest is chosen. The order of the fields is the rule."""

    preference: int
    """His place among the contact's preferred agents; past the last for everyone else."""
    ring: int
    """The first stage of relaxation that he meets."""
    lacking_fit: int
    """The fit, negative: more is better."""
    load: int
    idle_since_ms: Milliseconds
    agent_id: AgentId


Place = tuple[int, Milliseconds, int]
"""(score in hundredths of a ms, negative; arrival; number): the smallest goes first."""


def place(rules: QueueOpened, contact: Contact, now: Milliseconds) -> Place:
    """The contact's place in the order of all that waits at this instant."""
    weighted = (now - contact.arrived_ms) * weight_percent(rules, contact.medium)
    return -weighted - 100 * credit_ms(rules, contact), contact.arrived_ms, contact.number


def is_offered(state: State, contact: Contact) -> bool:
    """Whether it waits and may be offered to somebody now: awake, and its node there."""
    if contact.state is not ContactState.WAITING or contact.asleep_until_ms is not None:
        return False
    node = state.nodes.get(contact.node) if contact.node is not None else None
    return node is None or not node.lost


def inability(rules: QueueOpened, contact: Contact, agent: Agent) -> Obstacle | None:
    """What keeps the agent from contacts like this one whatever he is doing; None: nothing."""
    if agent.removed or rules.project_id not in agent.project_ids:
        return Obstacle.PROJECT
    asked = rings(rules, contact)
    if asked[-1].sites and agent.site_id not in asked[-1].sites:
        return Obstacle.SITE
    if ring(rules, contact, agent) is None:
        return Obstacle.SKILL
    return None


def obstacle(rules: QueueOpened, contact: Contact, agent: Agent) -> Obstacle | None:
    """The first predicate that fails; None: he can be offered it."""
    unable = inability(rules, contact, agent)
    if unable is not None:
        return unable
    if contact.held_until_ms is not None and agent.id not in contact.preferred:
        return Obstacle.KEPT
    if not is_available(agent):
        return Obstacle.NOT_READY
    return None if has_room(agent, contact.medium) else Obstacle.NO_ROOM


def has_room(agent: Agent, medium: Medium) -> bool:
    """Whether he can be offered one more of this medium now, if need be by pausing something."""
    return bool(open_media(agent) & BIT[medium])


def ring(rules: QueueOpened, contact: Contact, agent: Agent) -> int | None:
    """The first stage of relaxation that he meets, if he meets the last; None when he does not."""
    return ring_of(
        rings(rules, contact),
        agent.skills,
        site_id=agent.site_id,
        project_ids=agent.project_ids,
        tier=contact.tier,
    )


def fit(rules: QueueOpened, contact: Contact, agent: Agent) -> int:
    """Σ of his levels in all skills that any stage of the contact's requirement speaks of."""
    levels = {skill.skill_id: skill.level for skill in agent.skills}
    skills = dict.fromkeys(skill for stage in rings(rules, contact) for skill in stage.requirement.skills)
    return sum(levels.get(skill, 0) for skill in skills)


def rank(rules: QueueOpened, contact: Contact, agent: Agent) -> Rank:
    """His place among those who can have the contact; says nothing of whether he can."""
    preferred = contact.preferred
    return Rank(
        preference=preferred.index(agent.id) if agent.id in preferred else len(preferred),
        ring=ring(rules, contact, agent) or 0,
        lacking_fit=-fit(rules, contact, agent),
        load=load(agent),
        idle_since_ms=agent.idle_since_ms,
        agent_id=agent.id,
    )


def able(rules: QueueOpened, contact: Contact, agents: Iterable[Agent]) -> list[Agent]:
    """Those who can be offered the contact now, the one to choose first."""
    found = [agent for agent in agents if obstacle(rules, contact, agent) is None]
    return sorted(found, key=lambda agent: rank(rules, contact, agent))


def decision(state: State, now: Milliseconds) -> tuple[Contact, Agent] | None:
    """What is to be offered to whom next; None when nothing can be. Looks at every contact and every agent."""
    waiting = [contact for contact in state.contacts.values() if is_offered(state, contact)]
    waiting.sort(key=lambda contact: place(state.queues[contact.queue_id].rules, contact, now))
    for contact in waiting:
        if found := able(state.queues[contact.queue_id].rules, contact, state.agents.values()):
            return contact, found[0]
    return None
