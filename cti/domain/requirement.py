"""What a contact asks of an agent: a boolean expression over skills, sites, projects and the customer's tier.

    technical >= 5 and (billing or sales >= 3) and not site moscow and (tier < 3 or vip)

A bare name is a skill at level 1 or more. `site NAME` and `project NAME` are the agent's, `tier` is the customer's.
`not` binds closer than `and`, `and` closer than `or`. Requirements are interned: equal texts are one object.

It is evaluated in two ways: for one agent (`Requirement.fit`), and for all at once as sets of bits, by look-ups in the
index of `cti.domain.routing` (`Requirement.mask`). Relaxing changes the tree, never the agents. The tree is
`cti.domain.expression`'s; how it is written, `cti.domain.grammar`'s.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from typing import Final, Protocol

from cti.domain.expression import (
    Masks,
    Node,
    Skill,
    Tier,
    all_of,
    conjuncts,
    floor,
    holds,
    mask,
    names_of,
    relax,
    skills_of,
    speaks_of,
    text_of,
)
from cti.domain.grammar import read
from cti.domain.ids import ProjectId, SiteId, SkillId
from cti.errors import RuleError

LONGEST: Final = 1000
"""Characters of an expression."""


class Levels(Protocol):
    """A skill's id and the level asked for or had; `cti.domain.events.SkillLevel`."""

    @property
    def skill_id(self) -> SkillId:
        """The skill."""

    @property
    def level(self) -> int:
        """1–10."""


class Requirement:
    """An expression ready for use; made by `parse`, `asked` and the functions below, never directly."""

    __slots__ = ("skills", "text", "tree", "uses_tier")

    def __init__(self, tree: Node) -> None:
        self.tree = tree
        self.text = text_of(tree)
        self.skills = tuple(dict.fromkeys(skills_of(tree)))
        """Those it speaks of, in order."""
        self.uses_tier = speaks_of(tree, Tier)

    def __repr__(self) -> str:
        return f"Requirement({self.text!r})"

    def fit(
        self,
        skills: Mapping[SkillId, int],
        *,
        site_id: SiteId | None = None,
        project_ids: tuple[ProjectId, ...] = (),
        tier: int = 0,
    ) -> int | None:
        """Σ of the agent's levels in the skills it speaks of, or None when he does not meet it."""
        if not holds(self.tree, skills, site_id, project_ids, tier):
            return None
        return sum(skills.get(skill_id, 0) for skill_id in self.skills)

    def mask(self, masks: Masks, *, tier: int) -> int:
        """The bits of all who meet it."""
        return mask(self.tree, masks, tier)


@lru_cache(maxsize=4096)
def parse(text: str) -> Requirement:
    """The expression's requirement; "" asks for nothing.

    Raises RuleError with the place of the mistake. Names are not checked: the centre file's reader knows them.
    """
    if len(text) > LONGEST:
        raise RuleError(f"The expression is longer than {LONGEST} characters: name a skill for part of it.")
    found = _interned(read(text))
    if found.text != text:
        parse(found.text)  # what is kept is the text in full: it must not be too long, nor too deep
    return found


@lru_cache(maxsize=4096)
def asked(levels: tuple[Levels, ...], condition: str = "") -> Requirement:
    """All these skills at their levels at least, and the condition."""
    highest: dict[SkillId, int] = {}
    for wanted in levels:
        highest[wanted.skill_id] = max(wanted.level, highest.get(wanted.skill_id, 0))
    levelled = (floor(partial(Skill, skill_id), level) for skill_id, level in sorted(highest.items()))
    return both(_interned(all_of(levelled)), parse(condition))


@lru_cache(maxsize=4096)
def both(first: Requirement, second: Requirement) -> Requirement:
    """What meets the one and the other; a skill named plainly by both is asked for at its higher level."""
    plain: dict[SkillId, int] = {}
    rest: list[Node] = []
    for part in (*conjuncts(first.tree), *conjuncts(second.tree)):
        if isinstance(part, Skill):
            plain[part.skill_id] = max(part.level, plain.get(part.skill_id, 0))
        elif part not in rest:
            rest.append(part)
    return _interned(all_of((*(Skill(*wanted) for wanted in sorted(plain.items())), *rest)))


@lru_cache(maxsize=4096)
def relaxed(requirement: Requirement, levels: tuple[Levels, ...]) -> Requirement:
    """Asks for these skills at these levels at most, wherever it speaks of them; at level 0 no more at all."""
    limits = {wanted.skill_id: wanted.level for wanted in levels}
    return _interned(relax(requirement.tree, limits))


def names(requirement: Requirement) -> Iterable[tuple[str, str]]:
    """Every name it uses with its kind: `skill`, `site` or `project`; also those under `not`."""
    return names_of(requirement.tree)


@lru_cache(maxsize=8192)
def _interned(tree: Node) -> Requirement:
    return Requirement(tree)
