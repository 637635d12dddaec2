"""The tree of an expression over skills, sites, projects and the customer's tier: its nodes and what they mean.

Small functions of a tree, each one `match` over the nodes. How a tree is written is `cti.domain.grammar`'s; what is
asked with one is `cti.domain.requirement`'s.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from cti.domain.ids import ProjectId, SiteId, SkillId

WORDS: Final = frozenset({"and", "or", "not", "site", "project", "tier", "skill"})
"""A skill of such a name is written `skill NAME`."""
_NEVER_TEXT: Final = "tier > 10"


class Masks(Protocol):
    """Sets of agents, a bit each: what an expression is compiled to look-ups in."""

    def everyone(self) -> int:
        """All who are enrolled."""

    def skilled(self, skill_id: SkillId, level: int) -> int:
        """Those with the skill at this level or more; level 1–10."""

    def at_site(self, site_id: SiteId) -> int:
        """Those of the site."""

    def in_project(self, project_id: ProjectId) -> int:
        """Those of the project."""


@dataclass(frozen=True, slots=True)
class Skill:
    """The agent has the skill at `level` or more."""

    skill_id: SkillId
    level: int


@dataclass(frozen=True, slots=True)
class AtSite:
    """The agent belongs to the site."""

    site_id: SiteId


@dataclass(frozen=True, slots=True)
class InProject:
    """The agent works for the project."""

    project_id: ProjectId


@dataclass(frozen=True, slots=True)
class Tier:
    """The customer's tier is `level` or more."""

    level: int


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class All:
    """Every part; of no part: always."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part; of no part: never."""

    parts: tuple["Node", ...]


Node = Skill | AtSite | InProject | Tier | Not | All | AnyOf

ALWAYS: Final = All(())
NEVER: Final = AnyOf(())


# -- what it means -----------------------------------------------------------------------------------------------------


def holds(
    node: Node,
    skills: Mapping[SkillId, int],
    site_id: SiteId | None,
    project_ids: tuple[ProjectId, ...],
    tier: int,
) -> bool:
    """Whether an agent with these skills, of this site and these projects, meets it for a customer of this tier."""
    match node:
        case Skill(skill_id, level):
            return skills.get(skill_id, 0) >= level
        case All(parts):
            return all(holds(part, skills, site_id, project_ids, tier) for part in parts)
        case AnyOf(parts):
            return any(holds(part, skills, site_id, project_ids, tier) for part in parts)
        case Not(part):
            return not holds(part, skills, site_id, project_ids, tier)
        case AtSite(wanted):
            return site_id == wanted
        case InProject(wanted):
            return wanted in project_ids
        case Tier(level):
            return tier >= level


def mask(node: Node, masks: Masks, tier: int) -> int:
    """The bits of all agents who meet it."""
    match node:
        case Skill(skill_id, level):
            return masks.skilled(skill_id, level)
        case All(parts):
            found = masks.everyone()
            for part in parts:
                found &= mask(part, masks, tier)
            return found
        case AnyOf(parts):
            found = 0
            for part in parts:
                found |= mask(part, masks, tier)
            return found
        case Not(part):
            return masks.everyone() & ~mask(part, masks, tier)
        case AtSite(site_id):
            return masks.at_site(site_id)
        case InProject(project_id):
            return masks.in_project(project_id)
        case Tier(level):
            return masks.everyone() if tier >= level else 0


# -- trees of trees ----------------------------------------------------------------------------------------------------


def all_of(parts: Iterable[Node]) -> Node:
    """Every part, in the shortest form."""
    found: list[Node] = []
    for part in parts:
        found += part.parts if isinstance(part, All) else [part]
    unique = tuple(dict.fromkeys(found))
    if NEVER in unique:
        return NEVER
    return unique[0] if len(unique) == 1 else All(unique)


def any_of(parts: Iterable[Node]) -> Node:
    """At least one part, in the shortest form."""
    found: list[Node] = []
    for part in parts:
        found += part.parts if isinstance(part, AnyOf) else [part]
    unique = tuple(dict.fromkeys(found))
    if ALWAYS in unique:
        return ALWAYS
    return unique[0] if len(unique) == 1 else AnyOf(unique)


def conjuncts(node: Node) -> tuple[Node, ...]:
    """What must all hold."""
    return node.parts if isinstance(node, All) else (node,)


def negated(node: Node) -> Node:
    """Its contrary, in the shortest form."""
    if node == ALWAYS:
        return NEVER
    if node == NEVER:
        return ALWAYS
    return node.part if isinstance(node, Not) else Not(node)


class AtLeast(Protocol):
    """What makes the node for a level."""

    def __call__(self, level: int, /) -> Node: ...


def floor(at_least: AtLeast, level: int) -> Node:
    """At least 0 is always so, at least 11 never."""
    if level <= 0:
        return ALWAYS
    return at_least(level) if level <= 10 else NEVER


def relax(node: Node, limits: Mapping[SkillId, int]) -> Node:
    """The tree with these levels at most; a skill at level 0 is asked for no more."""
    match node:
        case Skill(skill_id, level) if skill_id in limits:
            level = min(level, limits[skill_id])
            return Skill(skill_id, level) if level > 0 else ALWAYS
        case All(parts):
            return all_of(relax(part, limits) for part in parts)
        case AnyOf(parts):
            return any_of(relax(part, limits) for part in parts)
        case _:
            return node  # what stands under `not` keeps people out: relaxing a skill must not let in fewer


# -- what it speaks of -------------------------------------------------------------------------------------------------


def skills_of(node: Node) -> Iterable[SkillId]:
    """Every skill it asks for, as often as it does; none under `not`."""
    match node:
        case Skill(skill_id, _):
            yield skill_id
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from skills_of(part)
        case _:
            return


def names_of(node: Node) -> Iterable[tuple[str, str]]:
    """Every name with its kind: `skill`, `site` or `project`; also those under `not`."""
    match node:
        case Skill(skill_id, _):
            yield "skill", skill_id
        case AtSite(site_id):
            yield "site", site_id
        case InProject(project_id):
            yield "project", project_id
        case Not(part):
            yield from names_of(part)
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from names_of(part)
        case Tier():
            return


def speaks_of(node: Node, kind: type) -> bool:
    """Whether a node of this kind stands in it anywhere."""
    match node:
        case Not(part):
            return speaks_of(part, kind)
        case All(parts) | AnyOf(parts):
            return any(speaks_of(part, kind) for part in parts)
        case _:
            return isinstance(node, kind)


def text_of(node: Node, *, within: str = "") -> str:
    """As it is written in full; `within` is the word that joins it to others."""
    match node:
        case Skill(skill_id, level):
            name = f"skill {skill_id}" if skill_id in WORDS else str(skill_id)
            return name if level == 1 else f"{name} >= {level}"
        case AtSite(site_id):
            return f"site {site_id}"
        case InProject(project_id):
            return f"project {project_id}"
        case Tier(level):
            return f"tier >= {level}"
        case Not(part):
            return f"not {text_of(part, within='not')}"
        case All(parts):
            text = " and ".join(text_of(part, within="and") for part in parts)
            return f"({text})" if within == "not" else text
        case AnyOf(parts):
            text = " or ".join(text_of(part, within="or") for part in parts) or _NEVER_TEXT
            return f"({text})" if within in ("and", "not") else text
