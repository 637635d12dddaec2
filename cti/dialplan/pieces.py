"""Cutting an application's arguments apart without losing where each piece stood.

Pure. Asterisk splits arguments at commas that are outside of brackets and quotes; so does this. `cti.dialplan.targets`
and the rules use it.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

_OPENING: Final = {"(": ")", "[": "]", "{": "}"}
_CLOSING: Final = frozenset(_OPENING.values())
_CALL: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*\(")


class Piece(Struct, frozen=True, gc=False):
    """A part of a text, and where in the text it begins."""

    text: str
    at: int = 0

    def strip(self) -> "Piece":
        """Without the space around it."""
        left = len(self.text) - len(self.text.lstrip())
        return Piece(self.text.strip(), self.at + left)

    def cut(self, begin: int, end: int | None = None) -> "Piece":
        """As a slice of the text."""
        return Piece(self.text[begin:end], self.at + begin)

    @property
    def span(self) -> tuple[int, int]:
        """Where it stands in the whole text."""
        return self.at, self.at + len(self.text)


def outside(text: str) -> Iterator[tuple[int, str]]:
    """Every character that stands in no bracket and no quotes, with its place."""
    depth = 0
    quoted = escaped = False
    for index, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"' and depth == 0:
            quoted = not quoted
        elif char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth = max(0, depth - 1)
        elif depth == 0 and not quoted:
            yield index, char


def split(piece: Piece, separator: str, *, most: int = -1) -> list[Piece]:
    """The parts between separators that stand outside; at most `most` cuts when that is not negative."""
    found: list[Piece] = []
    begin = 0
    for index, char in outside(piece.text):
        if char == separator and (most < 0 or len(found) < most):
            found.append(piece.cut(begin, index))
            begin = index + 1
    found.append(piece.cut(begin))
    return found


def first(piece: Piece, separator: str) -> tuple[Piece, Piece | None]:
    """What stands before the first separator outside, and what stands behind it; None when there is none."""
    parts = split(piece, separator, most=1)
    return parts[0], parts[1] if len(parts) > 1 else None


def call(piece: Piece) -> tuple[str, Piece] | None:
    """`Name(arguments)` taken apart; None when it is none."""
    found = _CALL.match(piece.text)
    if found is None:
        return None
    end = piece.text.rstrip()
    inner_end = len(end) - 1 if end.endswith(")") else len(end)
    return found[1], piece.cut(found.end(), inner_end)


def calls_of(text: str, name: str) -> Iterator[Piece]:
    """The arguments of every `name(…)` within a text, wherever it stands; `name` in any case."""
    for found in re.finditer(rf"(?<![A-Za-z0-9_]){re.escape(name)}\(", text, re.IGNORECASE):
        depth, index = 1, found.end()
        while index < len(text) and depth:
            depth += {"(": 1, ")": -1}.get(text[index], 0)
            index += 1
        yield Piece(text[found.end() : index - 1 if depth == 0 else index], found.end())


def balanced(text: str) -> str:
    """The first bracket that has no partner, or that closes another kind; "" when all is well."""
    stack: list[str] = []
    escaped = False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char in _OPENING:
            stack.append(char)
        elif char in _CLOSING:
            if not stack or _OPENING[stack[-1]] != char:
                return char
            stack.pop()
    return stack[-1] if stack else ""


_VARIABLE: Final = re.compile(r"\$\{")


def variables(text: str) -> Iterator[str]:
    """What stands in each `${…}`, the inner ones of nested ones too."""
    for found in _VARIABLE.finditer(text):
        depth, index = 1, found.end()
        while index < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[index], 0)
            index += 1
        yield text[found.end() : index - 1 if depth == 0 else index]


def is_fixed(text: str) -> bool:
    """Whether it is the same in every call."""
    return "${" not in text and "$[" not in text
