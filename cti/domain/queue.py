"""A queue: its rules, whether it takes new contacts, the order it gives to what waits, and what it asks of agents.

The waiting contacts themselves are records of `cti.domain.contact`, kept in order by `cti.domain.routing`.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from msgspec import Struct

from cti.domain import requirement
from cti.domain.contact import Contact
from cti.domain.events import QueueOpened, SkillLevel, Step
from cti.domain.facts import Terms
from cti.domain.ids import Medium, Milliseconds, ProjectId, QueueId, SiteId
from cti.domain.requirement import Requirement

PRIORITY_POINT_MS: Final = 60_000
"""What one point of priority is worth in waiting time."""
STRICT_MS: Final = 10**15
"""What a strict queue has before every other: more than any wait."""
MOST_POINTS: Final = 10
"""Of a contact's own priority, either way: so that steps and overflows cannot heap them up."""


class Queue(Struct, frozen=True, kw_only=True, gc=False):
    """Where contacts wait."""

    rules: QueueOpened
    open: bool = True

    @property
    def id(self) -> QueueId:
        """The key in the centre file."""
        return self.rules.queue_id


class Ring(NamedTuple):
    """Whom a contact asks for at one stage of relaxation."""

    requirement: Requirement
    sites: tuple[SiteId, ...]
    """Whose agents; empty: those of every site."""


# -- order -------------------------------------------------------------------------------------------------------------


def weight_percent(rules: QueueOpened, medium: Medium) -> int:
    """How fast waiting on this medium counts; 0 in a strict queue, whose order is by priority and arrival alone."""
    if rules.strict:
        return 0
    for weight in rules.weights:
        if weight.medium is medium:
            return weight.percent
    return rules.weight_percent


def service_level_ms(rules: QueueOpened, medium: Medium) -> Milliseconds:
    """How soon a contact of this medium should be answered here."""
    for level in rules.service_levels:
        if level.medium is medium:
            return level.within_ms
    return rules.service_level_ms


def credit_ms(rules: QueueOpened, contact: Contact) -> Milliseconds:
    """What the contact has besides its waiting: priority, tier, urgency, strictness."""
    return (
        PRIORITY_POINT_MS * (rules.priority + contact.priority)
        + rules.tier_credit_ms * contact.tier
        + (rules.urgency_ms if contact.urged else 0)
        + (STRICT_MS if rules.strict else 0)
    )


def terms(rules: QueueOpened, contact: Contact, now: Milliseconds) -> Terms:
    """The parts of its score at this instant."""
    return Terms(
        seniority_ms=(now - contact.arrived_ms) * weight_percent(rules, contact.medium) // 100,
        priority_ms=PRIORITY_POINT_MS * (rules.priority + contact.priority),
        tier_ms=rules.tier_credit_ms * contact.tier,
        urgency_ms=rules.urgency_ms if contact.urged else 0,
        strict=rules.strict,
    )


def score_ms(rules: QueueOpened, contact: Contact, now: Milliseconds) -> Milliseconds:
    """The order across queues, highest first, in whole milliseconds."""
    seniority = (now - contact.arrived_ms) * weight_percent(rules, contact.medium) // 100
    return seniority + credit_ms(rules, contact)


# -- what is asked -----------------------------------------------------------------------------------------------------


def changes_demand(step: Step) -> bool:
    """Whether the step changes who is asked."""
    return bool(step.relax or step.add or step.sites)


def rings(rules: QueueOpened, contact: Contact) -> tuple[Ring, ...]:
    """Whom it asks for, the first stage first; the last counts, the others keep precedence within it."""
    taken = tuple(step for at, step in enumerate(rules.steps) if contact.steps_taken >> at & 1 and changes_demand(step))
    return _rings(rules.requirements, rules.condition, rules.sites, taken, contact.requirements, contact.condition)


@lru_cache(maxsize=4096)
def _rings(
    requirements: tuple[SkillLevel, ...],
    condition: str,
    sites: tuple[SiteId, ...],
    taken: tuple[Step, ...],
    own: tuple[SkillLevel, ...],
    own_condition: str,
) -> tuple[Ring, ...]:
    asked = requirement.both(requirement.asked(requirements, condition), requirement.asked(own, own_condition))
    found = [Ring(asked, sites)]
    for step in taken:
        if step.relax:
            asked = requirement.relaxed(asked, step.relax)
        if step.add:
            asked = requirement.both(asked, requirement.parse(step.add))
        if step.sites and sites:
            sites = tuple(dict.fromkeys((*sites, *step.sites)))
        if (ring := Ring(asked, sites)) != found[-1]:
            found.append(ring)
    return tuple(found)


def ring_of(
    asked: tuple[Ring, ...],
    skills: tuple[SkillLevel, ...],
    *,
    site_id: SiteId | None,
    project_ids: tuple[ProjectId, ...],
    tier: int,
) -> int | None:
    """The first stage that an agent meets, if he meets the last; None when he does not.

    The queue's own project is not looked at.
    """
    levels = {skill.skill_id: skill.level for skill in skills}

    def meets(ring: Ring) -> bool:
        if ring.sites and site_id not in ring.sites:
            return False
        return ring.requirement.fit(levels, site_id=site_id, project_ids=project_ids, tier=tier) is not None

    if not meets(asked[-1]):
        return None
    return next(at for at, ring in enumerate(asked) if meets(ring))


def serves(
    rules: QueueOpened, skills: tuple[SkillLevel, ...], *, site_id: SiteId | None, project_ids: tuple[ProjectId, ...]
) -> bool:
    """Whether such an agent can take what asks for nothing besides what the queue asks."""
    if rules.project_id not in project_ids:
        return False
    base = (Ring(requirement.asked(rules.requirements, rules.condition), rules.sites),)
    return ring_of(base, skills, site_id=site_id, project_ids=project_ids, tier=0) is not None
