"""How an expression is written: its text read into the tree, every mistake with its place. Called by
`cti.domain.requirement`.
"""

import re
from typing import Final

from cti.domain.expression import (
    ALWAYS,
    AtLeast,
    AtSite,
    InProject,
    Node,
    Skill,
    Tier,
    all_of,
    any_of,
    floor,
    negated,
)
from cti.domain.ids import ProjectId, SiteId, SkillId
from cti.errors import RuleError

DEEPEST: Final = 40
"""Parentheses and `not` within each other."""

_TOKEN: Final = re.compile(r"\s*(?:(>=|<=|==|!=|>|<|\(|\))|([A-Za-z_][A-Za-z0-9_-]*)|([0-9]{1,3}))")
_COMPARISONS: Final = frozenset({">=", "<=", "==", "!=", ">", "<"})


def read(text: str) -> Node:
    """The tree of this text; `ALWAYS` for none. Raises RuleError with the place of the mistake."""
    return _Parser(text).whole()


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
        return any_of(parts)

    def _every(self) -> Node:
        parts = [self._one()]
        while self._peek() == "and":
            self._take()
            parts.append(self._one())
        return all_of(parts)

    def _one(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise RuleError("The expression is nested too deeply: name a skill for part of it.")
        try:
            word = self._peek()
            if word == "not":
                self._take()
                part = self._one()
                return negated(part)
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

    def _compared(self, at_least: AtLeast, *, lowest: int) -> Node:
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
                return floor(at_least, level)
            case ">":
                return floor(at_least, level + 1)
            case "<":
                return negated(floor(at_least, level))
            case "<=":
                return negated(floor(at_least, level + 1))
            case "==":
                return all_of((floor(at_least, level), negated(floor(at_least, level + 1))))
            case _:
                return any_of((negated(floor(at_least, level)), floor(at_least, level + 1)))
