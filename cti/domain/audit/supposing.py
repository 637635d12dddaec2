"""What would have changed a decision: suppositions about agents and contacts, each decided again before it is told.

Pure functions of records, by `policy`. Called by `why`.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from cti.domain.agent import Agent
from cti.domain.audit import policy
from cti.domain.audit.policy import Obstacle, Place
from cti.domain.contact import Contact
from cti.domain.events import QueueOpened, SkillLevel
from cti.domain.ids import AgentId, Milliseconds, Readiness, SkillId
from cti.domain.queue import MOST_POINTS, PRIORITY_POINT_MS, rings, weight_percent

HIGHEST_LEVEL: Final = 10
NEAREST: Final = 2
"""Of those who could have had it, so many are looked at."""


class Supposed(StrEnum):
    """What is supposed otherwise of an agent: then he would have had the contact."""

    LEVELS = "levels"
    """So many levels more in a skill."""
    SKILL = "skill"
    """The skill at that level, which he lacked."""
    LOAD = "load"
    """So many percent less of him taken."""
    IDLE = "idle"
    """Idle for so many ms longer."""
    READY = "ready"
    FREE = "free"
    """Nothing in hand, phone and page there."""
    SITE = "site"
    """His site among those asked."""


class Change(Struct, frozen=True, kw_only=True):
    """Had this been so, this agent would have had the contact."""

    supposed: Supposed
    agent_id: AgentId
    skill_id: SkillId | None = None
    amount: int = 0
    """Levels, a level, percent or ms, by what is supposed."""


_Nearness = tuple[int, policy.Rank, Change]
"""How many levels were lacking, the place he would have had, and the change: the smallest is told."""


def changes(
    rules: QueueOpened, contact: Contact, *, able: Sequence[Agent], others: Iterable[Agent]
) -> tuple[Change, ...]:
    """What would have given the contact to somebody else than `able[0]`; the nearest of each kind.

    `able` in order, as `policy.able` gives them; `others` are agents of the project who could not have it.
    """
    if not able:
        return ()
    best = policy.rank(rules, contact, able[0])
    found: list[Change] = []
    for agent in able[1 : 1 + NEAREST]:
        found += _nearly(rules, contact, agent, best)
    away: dict[Supposed, _Nearness] = {}
    for agent in others:
        for nearness in _otherwise(rules, contact, agent, best):
            kind = nearness[2].supposed
            away[kind] = min(away.get(kind, nearness), nearness, key=lambda each: each[:2])
    return (*found, *(away[kind][2] for kind in Supposed if kind in away))


def turned(
    rules: QueueOpened, contact: Contact, before: Place, now: Milliseconds
) -> tuple[int | None, Milliseconds | None]:
    """How many points more, and how much earlier an arrival, would have put the contact before that place.

    Each for itself; None when a contact cannot have that, or its waiting does not count.
    """
    gap = policy.place(rules, contact, now)[0] - before[0]
    points: int | None = max(0, gap) // (100 * PRIORITY_POINT_MS) + 1
    if contact.priority + (points or 0) > MOST_POINTS:
        points = None
    weight = weight_percent(rules, contact.medium)
    return points, max(0, gap) // weight + 1 if weight > 0 else None


def _nearly(rules: QueueOpened, contact: Contact, agent: Agent, best: policy.Rank) -> Iterator[Change]:
    """One who could have had it: the least that would have put him first, by the term that he lost by."""
    own = policy.rank(rules, contact, agent)
    if (own.preference, own.ring) != (best.preference, best.ring):
        return
    if own.lacking_fit != best.lacking_fit:
        yield from _better(rules, contact, agent, best)
    elif own.load != best.load:
        less = own.load - best.load
        less += own._replace(load=best.load) > best
        if own.load >= less:
            yield Change(supposed=Supposed.LOAD, agent_id=agent.id, amount=less)
    elif own.idle_since_ms != best.idle_since_ms:
        longer = own.idle_since_ms - best.idle_since_ms
        longer += own.agent_id > best.agent_id
        yield Change(supposed=Supposed.IDLE, agent_id=agent.id, amount=longer)


def _better(rules: QueueOpened, contact: Contact, agent: Agent, best: policy.Rank) -> Iterator[Change]:
    """The fewest levels more in one skill that put him first."""
    for more in range(1, HIGHEST_LEVEL):
        for skill_id in _skills(rules, contact):
            level = _level(agent, skill_id)
            if (
                level
                and level + more <= HIGHEST_LEVEL
                and _wins(rules, contact, _with(agent, skill_id, level + more), best)
            ):
                yield Change(supposed=Supposed.LEVELS, agent_id=agent.id, skill_id=skill_id, amount=more)
                return


def _otherwise(rules: QueueOpened, contact: Contact, agent: Agent, best: policy.Rank) -> Iterator[_Nearness]:
    """One who could not have had it: what alone would have given it to him."""
    match policy.obstacle(rules, contact, agent):
        case Obstacle.NOT_READY:
            if _wins(rules, contact, _ready(agent), best):
                yield 0, policy.rank(rules, contact, _ready(agent)), Change(supposed=Supposed.READY, agent_id=agent.id)
        case Obstacle.NO_ROOM:
            if _wins(rules, contact, _free(agent), best):
                yield 0, policy.rank(rules, contact, _free(agent)), Change(supposed=Supposed.FREE, agent_id=agent.id)
        case Obstacle.SITE:
            widened = replace(rules, sites=(), steps=tuple(replace(step, sites=()) for step in rules.steps))
            if _wins(widened, contact, agent, best):
                yield 0, policy.rank(widened, contact, agent), Change(supposed=Supposed.SITE, agent_id=agent.id)
        case Obstacle.SKILL:
            yield from _skilled(rules, contact, agent, best)
        case _:
            return


def _skilled(rules: QueueOpened, contact: Contact, agent: Agent, best: policy.Rank) -> Iterator[_Nearness]:
    """The lowest level of one skill that puts him first."""
    found: list[_Nearness] = []
    for skill_id in _skills(rules, contact):
        level = _level(agent, skill_id)
        for wanted in range(level + 1, HIGHEST_LEVEL + 1):
            skilled = _with(agent, skill_id, wanted)
            if _wins(rules, contact, skilled, best):
                change = Change(supposed=Supposed.SKILL, agent_id=agent.id, skill_id=skill_id, amount=wanted)
                found.append((wanted - level, policy.rank(rules, contact, skilled), change))
                break
    yield from sorted(found, key=lambda each: each[:2])[:1]


def _wins(rules: QueueOpened, contact: Contact, agent: Agent, best: policy.Rank) -> bool:
    """Decide again with the agent as supposed."""
    return policy.obstacle(rules, contact, agent) is None and policy.rank(rules, contact, agent) < best


def _skills(rules: QueueOpened, contact: Contact) -> tuple[SkillId, ...]:
    return tuple(dict.fromkeys(skill for stage in rings(rules, contact) for skill in stage.requirement.skills))


def _level(agent: Agent, skill_id: SkillId) -> int:
    return next((skill.level for skill in agent.skills if skill.skill_id == skill_id), 0)


def _with(agent: Agent, skill_id: SkillId, level: int) -> Agent:
    others = tuple(skill for skill in agent.skills if skill.skill_id != skill_id)
    return replace(agent, skills=(*others, SkillLevel(skill_id=skill_id, level=level)))


def _ready(agent: Agent) -> Agent:
    """The same, at his phone and desktop and ready for everything."""
    return replace(
        agent,
        readiness=Readiness.READY,
        leaving=False,
        skipped_until_ms=None,
        media=(),
        phones=(agent.device,),
        desktop=True,
    )


def _free(agent: Agent) -> Agent:
    """The same, with nothing in hand besides."""
    return replace(_ready(agent), assignment_ids=(), active=(), paused=(), pausable=())
