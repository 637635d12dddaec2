"""Which line of which template each line of a rendered file comes from.

Theory of operation. A template is rendered twice: plain, and with a mark behind every line break of its text (private
characters of Unicode, that no configuration holds). A rendered line comes from where its first mark says; a line that a
value made, from where the text before it came. If marks change what is rendered (a template measured its own text),
the plain rendering stands and only the template's name is known.

Pure. `cti.dialplan.templates` puts the marks in, `cti.dialplan.render` asks for origins.
"""

import re
from typing import Final

from msgspec import Struct

_BEGIN: Final = "\ue000"
_BETWEEN: Final = "\ue001"
_END: Final = "\ue002"
_MARK: Final = re.compile(f"{_BEGIN}([^{_BETWEEN}]*){_BETWEEN}([0-9]+){_END}")


class Origin(Struct, frozen=True, gc=False):
    """A line of a template, from 1."""

    file: str
    line: int


def marked(text: str, *, file: str, line: int) -> str:
    """The text of a template with marks; it begins in that line."""
    name = file.rpartition("/")[2]
    parts = text.split("\n")
    return "\n".join(f"{_BEGIN}{name}{_BETWEEN}{line + offset}{_END}{part}" for offset, part in enumerate(parts))


def origins(text: str, *, plain: str, file: str) -> tuple[Origin, ...]:
    """Of each line of `plain`, where it comes from; `text` is the same rendering with marks."""
    if _MARK.sub("", text) != plain:
        return tuple(Origin(file, 1) for _ in plain.split("\n"))
    found = []
    last = Origin(file, 1)
    for line in text.split("\n"):
        marks = list(_MARK.finditer(line))
        if marks:
            first = _first(line, marks)
            found.append(Origin(first[1], int(first[2])))
            last = Origin(marks[-1][1], int(marks[-1][2]))
        else:
            found.append(last)
    return tuple(found)


def _first(line: str, marks: list[re.Match[str]]) -> re.Match[str]:
    """The mark of the text that the line begins with: marks before it, of other lines, have added nothing."""
    at = 0
    chosen = marks[0]
    for mark in marks:
        if line[at : mark.start()].strip():
            break
        chosen = mark
        at = mark.end()
    return chosen
