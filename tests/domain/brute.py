"""The router by the book: DESIGN's order and choice, by looking at every contact and every agent. Slow, and plain."""

from cti.domain.agent import Agent, open_media
from cti.domain.contact import Contact
from cti.domain.ids import AgentId, ContactId
from cti.domain.queue import ring_of, rings
from cti.domain.state import State
from cti.domain.states import ContactState
from cti.testing import can_take

MINUTE = 60_000


def score(state: State, contact: Contact, now: int) -> int:
    """In hundredths of a millisecond, so that nothing is rounded."""
    rules = state.queues[contact.queue_id].rules
    weight = next((w.percent for w in rules.weights if w.medium is contact.medium), rules.weight_percent)
    found = 0 if rules.strict else (now - contact.arrived_ms) * weight
    found += 100 * MINUTE * (rules.priority + contact.priority) + 100 * rules.tier_credit_ms * contact.tier
    return found + (100 * rules.urgency_ms if contact.urged else 0) + (10**17 if rules.strict else 0)


def choice(state: State, contact: Contact, agent: Agent) -> tuple[int, int, int, int, str]:
    """The smallest is the one to choose: ring, best fit, least load, longest idle, id."""
    asked = rings(state.queues[contact.queue_id].rules, contact)
    ring = ring_of(asked, agent.skills, site_id=agent.site_id, project_ids=agent.project_ids, tier=contact.tier)
    assert ring is not None
    wanted = {skill for stage in asked for skill in stage.requirement.skills}
    fit = sum(skill.level for skill in agent.skills if skill.skill_id in wanted)
    return ring, -fit, load(agent), agent.idle_since_ms, agent.id


def load(agent: Agent) -> int:
    """Σ of the costs of what counts."""
    held = [m for key, m in zip(agent.assignment_ids, agent.active, strict=True) if key not in agent.paused]
    shares = {share.medium: share.cost or 100 // share.limit for share in agent.capacity.shares}
    return sum(shares[medium] for medium in held)


def next_pair(state: State, now: int) -> tuple[ContactId, AgentId] | None:
    """What must be offered next, and to whom; None when no idle pair is left."""
    free = [agent for agent in state.agents.values() if open_media(agent)]
    pairs = []
    for contact in state.contacts.values():
        node = state.nodes.get(contact.node) if contact.node is not None else None
        if not free or contact.state is not ContactState.WAITING or contact.asleep_until_ms is not None:
            continue
        able = [agent for agent in free if can_take(state, agent, contact)]
        if able and not (node is not None and node.lost):
            pairs.append((-score(state, contact, now), contact.arrived_ms, contact.number, contact, able))
    if not pairs:
        return None
    *_, contact, able = min(pairs, key=lambda pair: pair[:3])
    liked = [agent_id for agent_id in contact.preferred if agent_id in {agent.id for agent in able}]
    best = min(able, key=lambda agent: choice(state, contact, agent))
    return contact.id, liked[0] if liked else best.id
