"""A dialplan as typed records: contexts, extensions, steps, and where each step may lead.

Pure. Made by `cti.dialplan.parse`; read by the rules, the dry run (`cti.dialplan.paths`) and by the versioning of
contexts (`cti.dialplan.versions`). Lines are those of the rendered file, from 1.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

SPECIAL: Final = frozenset("hitTsoaeRG") | {"fax"}
"""Extensions that Asterisk itself enters; no caller can dial them but `s`."""


class Target(Struct, frozen=True, kw_only=True, gc=False):
    """Where a step may send the channel. Any of the three may hold `${…}`: then it is known only during a call."""

    context: str
    """"" is the step's own."""
    exten: str
    """"" is the step's own."""
    place: str
    """A priority or a label."""
    span: tuple[int, int] | None = None
    """Where the context's name stands in the step's data, when it is written there."""
    returns: bool = False
    """A subroutine: the channel comes back behind the step."""
    always: bool = False
    """The step never goes on to the next one."""


class Step(Struct, frozen=True, kw_only=True, gc=False):
    """One priority of an extension."""

    priority: int
    label: str
    app: str
    data: str
    line: int
    data_at: int
    """Column of `data` in its line, from 0."""
    targets: tuple[Target, ...] = ()

    @property
    def name(self) -> str:
        """The application in lower case: Asterisk does not heed it."""
        return self.app.lower()


class Extension(Struct, frozen=True, kw_only=True, gc=False):
    """A number, a pattern (`_…`) or a special extension, with its steps in the order of their priorities."""

    context: str
    name: str
    line: int
    steps: tuple[Step, ...]

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for many numbers."""
        return self.name.startswith("_")

    @property
    def is_open(self) -> bool:
        """Whether what was dialled may hold any characters: a pattern that ends in `.` or `!`."""
        return self.is_pattern and self.name[-1] in ".!"

    def find(self, place: str) -> Step | None:
        """The step with this priority or label."""
        if place.isdigit():
            return next((step for step in self.steps if step.priority == int(place)), None)
        return next((step for step in self.steps if step.label == place), None)


class Include(Struct, frozen=True, kw_only=True, gc=False):
    """`include => other`: its extensions count here too, after the context's own."""

    context: str
    line: int
    at: int
    """Column of the name."""


class Context(Struct, frozen=True, kw_only=True, gc=False):
    """A section of the dialplan."""

    name: str
    line: int
    extensions: tuple[Extension, ...] = ()
    includes: tuple[Include, ...] = ()
    switches: tuple[tuple[str, int], ...] = ()
    """`switch => …`: what stands behind the arrow, and the line."""


class Problem(Struct, frozen=True, kw_only=True, gc=False):
    """A line that Asterisk would not read as it was meant."""

    rule: str
    line: int
    words: str


class Dialplan(Struct, frozen=True, kw_only=True, gc=False):
    """A whole extensions.conf."""

    contexts: Mapping[str, Context]
    variables: Mapping[str, tuple[str, int]]
    """`[globals]`: value and line by name."""
    problems: tuple[Problem, ...]

    def extensions(self) -> Iterator[Extension]:
        """All of them, in the order of the file."""
        for context in self.contexts.values():
            yield from context.extensions

    def steps(self) -> Iterator[tuple[Extension, Step]]:
        """All of them, in the order of the file."""
        for extension in self.extensions():
            for step in extension.steps:
                yield extension, step

    def reach(self, context: str) -> tuple[Extension, ...]:
        """The extensions that count in a context: its own, then the included ones, each context once."""
        found: list[Extension] = []
        seen: set[str] = set()
        waiting = [context]
        while waiting:
            name = waiting.pop(0)
            if name in seen or name not in self.contexts:
                continue
            seen.add(name)
            found += self.contexts[name].extensions
            waiting += [include.context for include in self.contexts[name].includes]
        return tuple(found)

    def matching(self, context: str, number: str) -> Extension | None:
        """The extension that takes this number there: literally, else by the most particular pattern; else `i`."""
        every = self.reach(context)
        exact = next((one for one in every if one.name == number), None)
        if exact is not None:
            return exact
        fitting = [one for one in every if one.is_pattern and number not in SPECIAL and matches(one.name, number)]
        if fitting:
            return min(fitting, key=lambda one: particular(one.name))
        return next((one for one in every if one.name == "i"), None)


def positions(pattern: str) -> tuple[list[frozenset[str]], str]:
    """The sets of characters that a pattern asks for, one a place, and how it ends: "", "." (one or more), "!"."""
    sets: list[frozenset[str]] = []
    body, index = pattern.removeprefix("_").replace("-", "").replace(" ", ""), 0
    if "[" in pattern:
        body = pattern.removeprefix("_")
    while index < len(body):
        char = body[index]
        if char in ".!":
            return sets, char
        if char == "[":
            end = body.find("]", index)
            end = len(body) if end < 0 else end
            sets.append(_ranged(body[index + 1 : end]))
            index = end + 1
            continue
        if char not in "- ":
            sets.append(_CLASSES.get(char.upper(), frozenset(char)))
        index += 1
    return sets, ""


_CLASSES: Final = {
    "X": frozenset("0123456789"),
    "Z": frozenset("123456789"),
    "N": frozenset("23456789"),
}


def _ranged(text: str) -> frozenset[str]:
    found: set[str] = set()
    index = 0
    while index < len(text):
        if index + 2 < len(text) and text[index + 1] == "-":
            found.update(map(chr, range(ord(text[index]), ord(text[index + 2]) + 1)))
            index += 3
        else:
            found.add(text[index])
            index += 1
    return frozenset(found)


def matches(pattern: str, number: str) -> bool:
    """Whether a pattern (with its `_`) takes a number."""
    sets, end = positions(pattern)
    if len(number) < len(sets) + (end == ".") or (not end and len(number) != len(sets)):
        return False
    return all(char in allowed for char, allowed in zip(number, sets, strict=False))


def particular(pattern: str) -> tuple[tuple[int, ...], int]:
    """Sorts patterns as Asterisk prefers them: fewer characters allowed in the first place that differs goes first."""
    sets, end = positions(pattern)
    return (*(len(allowed) for allowed in sets), 999), {"": 0, ".": 1, "!": 2}[end]


def overlap(one: str, other: str) -> str | None:
    """A number that both patterns take although neither is within the other; None when there is none."""
    first, first_end = positions(one)
    second, second_end = positions(other)
    if (not first_end and not second_end and len(first) != len(second)) or (
        (not first_end and len(first) < len(second)) or (not second_end and len(second) < len(first))
    ):
        return None
    wide = max(len(first), len(second))
    any_char = frozenset("0123456789")
    first += [any_char] * (wide - len(first))
    second += [any_char] * (wide - len(second))
    common = [mine & yours for mine, yours in zip(first, second, strict=True)]
    if not all(common):
        return None
    narrower = any(mine < yours for mine, yours in zip(first, second, strict=True))
    wider = any(mine > yours for mine, yours in zip(first, second, strict=True))
    if not (narrower and wider):
        return None
    return "".join(min(allowed) for allowed in common)
