"""YAML read with the line of every key, so that a mistake can be named by file, line and key.

Here: parsing into plain values, keys always as written (`+78005550100`, `0`, `on` stay text), and the map from a path
to its line. Not here: what the values mean (the records beside this module). Dates, octal numbers, `09:00` and `yes`
are not turned into something else: only `true`, `false`, `null` and plain decimal numbers are.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import yaml

from cti.errors import ConfigError, Finding

KeyPath = tuple[str | int, ...]

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A file's values, the line (from 1) of every path in it, and what is wrong with its writing."""

    values: object
    lines: Mapping[KeyPath, int]
    findings: tuple[Finding, ...]

    def line(self, path: KeyPath) -> int:
        """The line of the nearest existing part of `path`; 1 when there is none."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str, *, file: str) -> Located:
    """Parse `text`; duplicate keys come back as findings. Raises ConfigError when it is not YAML, or uses aliases."""
    try:
        return _read(text, file=file)
    except RecursionError as error:
        raise _unreadable(file, 1, "so many things in each other are no centre file") from error


def _read(text: str, *, file: str) -> Located:
    try:
        aliases, node = _composed(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        what = error.problem or "it cannot be read"
        raise _unreadable(file, line, f"This is not valid YAML: {what}, line {line}") from error
    except yaml.YAMLError as error:
        what = str(error).replace("\n", " ")
        raise _unreadable(file, 1, f"This is not valid YAML: {what}") from error
    if aliases:
        mark = aliases[0].start_mark
        raise _unreadable(file, mark.line + 1 if mark else 1, "aliases (*name) are not used here: write the value out")
    walk = _Walk(file=file, lines={(): 1}, findings=[])
    values = walk.value(node, ()) if node is not None else {}
    return Located(values=values, lines=walk.lines, findings=tuple(walk.findings))


def _composed(text: str) -> tuple[list[yaml.AliasEvent], yaml.Node | None]:
    """Its aliases and its tree, by libyaml where that is there, which parses ten times as fast.

    What libyaml refuses, PyYAML's own puts into words, or reads; and where libyaml takes more than that, it alone
    counts: what one machine takes the next has to take.
    """
    if yaml.__with_libyaml__ and "\t" not in text:
        with suppress(yaml.YAMLError):
            aliases, node = _composed_by(yaml.CSafeLoader, text)
            if not any("?" in scalar for scalar in _plain_scalars(node)):
                return aliases, node
    return _composed_by(yaml.SafeLoader, text)


def _plain_scalars(node: yaml.Node | None) -> Iterator[str]:
    """All that stands in the tree without quotes."""
    match node:
        case yaml.ScalarNode() if not node.style:
            yield node.value
        case yaml.SequenceNode():
            for each in node.value:
                yield from _plain_scalars(each)
        case yaml.MappingNode():
            for pair in node.value:
                for each in pair:
                    yield from _plain_scalars(each)


def _composed_by(
    loader: type[yaml.SafeLoader | yaml.CSafeLoader], text: str
) -> tuple[list[yaml.AliasEvent], yaml.Node | None]:
    aliases = [event for event in yaml.parse(text, Loader=loader) if isinstance(event, yaml.AliasEvent)]
    return aliases, yaml.compose(text, Loader=loader)


def _unreadable(file: str, line: int, problem: str) -> ConfigError:
    finding = Finding(file=file, line=line, key="", problem=problem)
    return ConfigError(f"{file} cannot be read.", findings=(finding,))


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One pass over the node tree, collecting lines and findings."""

    file: str
    lines: dict[KeyPath, int]
    findings: list[Finding]

    def value(self, node: yaml.Node, path: KeyPath) -> object:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            here = (*path, key)
            line = key_node.start_mark.line + 1
            if key in found:
                problem = f"stands twice, first in line {self.lines[here]}: keep one"
                self.findings.append(Finding(file=self.file, line=line, key=dotted(here), problem=problem))
                continue
            self.lines[here] = line
            found[key] = self.value(value_node, here)
        return found


def _scalar(node: yaml.Node) -> object:
    text = str(node.value)
    if isinstance(node, yaml.ScalarNode) and node.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def dotted(path: KeyPath) -> str:
    """`queues.sales.ring_limit_s`, as findings name a key."""
    return ".".join(map(str, path))
