"""What a contact asks of an agent: a boolean expression over skills, sites, projects and the customer's tier.

    technical >= 5 and (billing or sales >= 3) and not site moscow and (tier < 3 or vip)

A bare name is a skill at level 1 or more. `site NAME` and `project NAME` are the agent's, `tier` is the customer's.
`not` binds closer than `and`, `and` closer than `or`. Requirements are interned: equal texts are one object.

The tree is evaluated in two ways: for one agent (`Requirement.fit`), and for all at once as sets of bits, by look-ups
in the index of `cti.domain.routing` (`Requirement.mask`). Relaxing changes the tree, never the agents.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final, Protocol

from cti.domain.ids import ProjectId, SiteId, SkillId
from cti.errors import RuleError

LONGEST: Final = 1000
"""Characters of an expression."""
DEEPEST: Final = 40
"""Parentheses and `not` within each other."""

_TOKEN: Final = re.compile(r"\s*(?:(>=|<=|==|!=|>|<|\(|\))|([A-Za-z_][A-Za-z0-9_-]*)|([0-9]{1,3}))")
_WORDS: Final = frozenset({"and", "or", "not", "site", "project", "tier", "skill"})
_NEVER_TEXT: Final = "tier > 10"
_COMPARISONS: Final = frozenset({">=", "<=", "==", "!=", ">", "<"})


class Levels(Protocol):
    """A skill's id and the level asked for or had; `cti.domain.events.SkillLevel`."""

    @property
    def skill_id(self) -> SkillId:
        """The skill."""

    @property
    def level(self) -> int:
        """1–10."""


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


class Requirement:
    """An expression ready for use; made by `parse`, `asked` and the functions below, never directly."""

    __slots__ = ("skills", "text", "tree", "uses_tier")

    def __init__(self, tree: Node) -> None:
        self.tree = tree
        self.text = _text(tree)
        self.skills = tuple(dict.fromkeys(_skills(tree)))
        """Those it speaks of, in order."""
        self.uses_tier = _speaks_of(tree, Tier)

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
        if not _holds(self.tree, skills, site_id, project_ids, tier):
            return None
        return sum(skills.get(skill_id, 0) for skill_id in self.skills)

    def mask(self, masks: Masks, *, tier: int) -> int:
        """The bits of all who meet it."""
        return _mask(self.tree, masks, tier)


@lru_cache(maxsize=4096)
def parse(text: str) -> Requirement:
    """The expression's requirement; "" asks for nothing.

    Raises RuleError with the place of the mistake. Names are not checked: the centre file's reader knows them.
    """
    if len(text) > LONGEST:
        raise RuleError(f"The expression is longer than {LONGEST} characters: name a skill for part of it.")
    found = _interned(_Parser(text).whole())
    if found.text != text:
        parse(found.text)  # what is kept is the text in full: it must not be too long, nor too deep
    return found


@lru_cache(maxsize=4096)
def asked(levels: tuple[Levels, ...], condition: str = "") -> Requirement:
    """All these skills at their levels at least, and the condition."""
    highest: dict[SkillId, int] = {}
    for wanted in levels:
        highest[wanted.skill_id] = max(wanted.level, highest.get(wanted.skill_id, 0))
    levelled = (_floor(partial(Skill, skill_id), level) for skill_id, level in sorted(highest.items()))
    return both(_interned(_all(levelled)), parse(condition))


@lru_cache(maxsize=4096)
def both(first: Requirement, second: Requirement) -> Requirement:
    """What meets the one and the other; a skill named plainly by both is asked for at its higher level."""
    plain: dict[SkillId, int] = {}
    rest: list[Node] = []
    for part in (*_conjuncts(first.tree), *_conjuncts(second.tree)):
        if isinstance(part, Skill):
            plain[part.skill_id] = max(part.level, plain.get(part.skill_id, 0))
        elif part not in rest:
            rest.append(part)
    return _interned(_all((*(Skill(*wanted) for wanted in sorted(plain.items())), *rest)))


@lru_cache(maxsize=4096)
def relaxed(requirement: Requirement, levels: tuple[Levels, ...]) -> Requirement:
    """Asks for these skills at these levels at most, wherever it speaks of them; at level 0 no more at all."""
    limits = {wanted.skill_id: wanted.level for wanted in levels}
    return _interned(_relax(requirement.tree, limits))


@lru_cache(maxsize=8192)
def _interned(tree: Node) -> Requirement:
    return Requirement(tree)


# -- evaluation --------------------------------------------------------------------------------------------------------


def _holds(
    node: Node,
    skills: Mapping[SkillId, int],
    site_id: SiteId | None,
    project_ids: tuple[ProjectId, ...],
    tier: int,
) -> bool:
    match node:
        case Skill(skill_id, level):
            return skills.get(skill_id, 0) >= level
        case All(parts):
            return all(_holds(part, skills, site_id, project_ids, tier) for part in parts)
        case AnyOf(parts):
            return any(_holds(part, skills, site_id, project_ids, tier) for part in parts)
        case Not(part):
            return not _holds(part, skills, site_id, project_ids, tier)
        case AtSite(wanted):
            return site_id == wanted
        case InProject(wanted):
            return wanted in project_ids
        case Tier(level):
            return tier >= level


def _mask(node: Node, masks: Masks, tier: int) -> int:
    match node:
        case Skill(skill_id, level):
            return masks.skilled(skill_id, level)
        case All(parts):
            found = masks.everyone()
            for part in parts:
                found &= _mask(part, masks, tier)
            return found
        case AnyOf(parts):
            found = 0
            for part in parts:
                found |= _mask(part, masks, tier)
            return found
        case Not(part):
            return masks.everyone() & ~_mask(part, masks, tier)
        case AtSite(site_id):
            return masks.at_site(site_id)
        case InProject(project_id):
            return masks.in_project(project_id)
        case Tier(level):
            return masks.everyone() if tier >= level else 0


# -- shape -------------------------------------------------------------------------------------------------------------


def _all(parts: Iterable[Node]) -> Node:
    found: list[Node] = []
    for part in parts:
        found += part.parts if isinstance(part, All) else [part]
    unique = tuple(dict.fromkeys(found))
    if NEVER in unique:
        return NEVER
    return unique[0] if len(unique) == 1 else All(unique)


def _any(parts: Iterable[Node]) -> Node:
    found: list[Node] = []
    for part in parts:
        found += part.parts if isinstance(part, AnyOf) else [part]
    unique = tuple(dict.fromkeys(found))
    if ALWAYS in unique:
        return ALWAYS
    return unique[0] if len(unique) == 1 else AnyOf(unique)


def _conjuncts(node: Node) -> tuple[Node, ...]:
    return node.parts if isinstance(node, All) else (node,)


def _relax(node: Node, limits: Mapping[SkillId, int]) -> Node:
    match node:
        case Skill(skill_id, level) if skill_id in limits:
            level = min(level, limits[skill_id])
            return Skill(skill_id, level) if level > 0 else ALWAYS
        case All(parts):
            return _all(_relax(part, limits) for part in parts)
        case AnyOf(parts):
            return _any(_relax(part, limits) for part in parts)
        case _:
            return node  # what stands under `not` keeps people out: relaxing a skill must not let in fewer


def _skills(node: Node) -> Iterable[SkillId]:
    match node:
        case Skill(skill_id, _):
            yield skill_id
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from _skills(part)
        case _:
            return


def names(requirement: Requirement) -> Iterable[tuple[str, str]]:
    """Every name it uses with its kind: `skill`, `site` or `project`; also those under `not`."""
    return _names(requirement.tree)


def _names(node: Node) -> Iterable[tuple[str, str]]:
    match node:
        case Skill(skill_id, _):
            yield "skill", skill_id
        case AtSite(site_id):
            yield "site", site_id
        case InProject(project_id):
            yield "project", project_id
        case Not(part):
            yield from _names(part)
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from _names(part)
        case Tier():
            return


def _speaks_of(node: Node, kind: type) -> bool:
    match node:
        case Not(part):
            return _speaks_of(part, kind)
        case All(parts) | AnyOf(parts):
            return any(_speaks_of(part, kind) for part in parts)
        case _:
            return isinstance(node, kind)


def _text(node: Node, *, within: str = "") -> str:
    match node:
        case Skill(skill_id, level):
            name = f"skill {skill_id}" if skill_id in _WORDS else str(skill_id)
            return name if level == 1 else f"{name} >= {level}"
        case AtSite(site_id):
            return f"site {site_id}"
        case InProject(project_id):
            return f"project {project_id}"
        case Tier(level):
            return f"tier >= {level}"
        case Not(part):
            return f"not {_text(part, within='not')}"
        case All(parts):
            text = " and ".join(_text(part, within="and") for part in parts)
            return f"({text})" if within == "not" else text
        case AnyOf(parts):
            text = " or ".join(_text(part, within="or") for part in parts) or _NEVER_TEXT
            return f"({text})" if within in ("and", "not") else text


# -- reading -----------------------------------------------------------------------------------------------------------


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._read(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        if not self._tokens:
            return ALWAYS
        found = self._either()
        if self._at < len(self._tokens):
            raise self._wrong("'and' or 'or' is missing before")
        return found

    def _read(self, text: str) -> list[tuple[str, int]]:
        found, at = [], 0
        stripped = text.rstrip()
        while at < len(stripped):
            match = _TOKEN.match(stripped, at)
            if match is None:
                raise RuleError(f"{stripped[at:].strip()[:20]!r} at character {at + 1} is not understood.")
            found.append((match[0].strip(), match.end() - len(match[0].strip())))
            at = match.end()
        return found

    def _peek(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        word = self._peek()
        self._at += 1
        return word

    def _wrong(self, words: str) -> RuleError:
        if self._at < len(self._tokens):
            token, at = self._tokens[self._at]
            return RuleError(f"{words} {token!r} at character {at + 1}.")
        return RuleError(f"{words} the end.")

    def _either(self) -> Node:
        parts = [self._every()]
        while self._peek() == "or":
            self._take()
            parts.append(self._every())
        return _any(parts)

    def _every(self) -> Node:
        parts = [self._one()]
        while self._peek() == "and":
            self._take()
            parts.append(self._one())
        return _all(parts)

    def _one(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise RuleError("The expression is nested too deeply: name a skill for part of it.")
        try:
            word = self._peek()
            if word == "not":
                self._take()
                part = self._one()
                return _negated(part)
            if word == "(":
                self._take()
                found = self._either()
                if self._peek() != ")":
                    raise self._wrong("')' is missing before")
                self._take()
                return found
            return self._atom()
        finally:
            self._depth -= 1

    def _atom(self) -> Node:
        word = self._peek()
        if word == "tier":
            self._take()
            return self._compared(Tier, lowest=0)
        if word in ("site", "project", "skill"):
            self._take()
            name = self._name()
            if word == "site":
                return AtSite(SiteId(name))
            if word == "project":
                return InProject(ProjectId(name))
            return self._compared(lambda level: Skill(SkillId(name), level), lowest=1)
        name = self._name()
        return self._compared(lambda level: Skill(SkillId(name), level), lowest=1)

    def _name(self) -> str:
        word = self._peek()
        if not (word[:1].isalpha() or word[:1] == "_") or word in ("and", "or", "not"):
            raise self._wrong("a name is expected, not")
        return self._take()

    def _compared(self, at_least: "_AtLeast", *, lowest: int) -> Node:
        """`>= n` and its kin, from "at least" alone; without a comparison: at least 1."""
        comparison = self._peek()
        if comparison not in _COMPARISONS:
            return at_least(1)
        self._take()
        number = self._peek()
        if not number.isdigit() or not lowest <= int(number) <= 10:
            raise self._wrong(f"a level from {lowest} to 10 is expected, not")
        level = int(self._take())
        match comparison:
            case ">=":
                return _floor(at_least, level)
            case ">":
                return _floor(at_least, level + 1)
            case "<":
                return _negated(_floor(at_least, level))
            case "<=":
                return _negated(_floor(at_least, level + 1))
            case "==":
                return _all((_floor(at_least, level), _negated(_floor(at_least, level + 1))))
            case _:
                return _any((_negated(_floor(at_least, level)), _floor(at_least, level + 1)))


class _AtLeast(Protocol):
    def __call__(self, level: int, /) -> Node: ...


def _floor(at_least: _AtLeast, level: int) -> Node:
    """At least 0 is always so, at least 11 never."""
    if level <= 0:
        return ALWAYS
    return at_least(level) if level <= 10 else NEVER


def _negated(node: Node) -> Node:
    """Its contrary, in the shortest form."""
    if node == ALWAYS:
        return NEVER
    if node == NEVER:
        return ALWAYS
    return node.part if isinstance(node, Not) else Not(node)
