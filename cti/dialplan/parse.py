"""The text of an extensions.conf read into `cti.dialplan.model`, with every line that cannot be read named.

Pure. Follows Asterisk's own reading (pbx_config, config.c): `;` begins a comment unless a backslash stands before it,
`same =>` goes on with the last extension, `n` is the next priority. What Asterisk would skip with a warning in its log,
or read as something else than was meant, becomes a `Problem`.
"""

import re
from typing import Final

from cti.dialplan import pieces, targets
from cti.dialplan.model import Context, Dialplan, Extension, Include, Problem, Step
from cti.dialplan.pieces import Piece

_SECTION: Final = re.compile(r"\[([^\]]*)\](.*)")
_SETTING: Final = re.compile(r"([A-Za-z_][\w-]*)\s*=>?\s*")
_PRIORITY: Final = re.compile(r"(n|hint|[0-9]+)(?:\+([0-9]+))?(?:\(([^)]*)\))?", re.IGNORECASE)
_APPLICATION: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*")
_RESERVED: Final = frozenset({"general", "globals"})


def parse(text: str) -> Dialplan:
    """Read a whole file; never raises."""
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), start=1):
        reader.read(line, number)
    return reader.dialplan()


class _Reader:
    def __init__(self) -> None:
        self._contexts: dict[str, dict[str, list[Step]]] = {}
        self._lines: dict[str, int] = {}
        self._extension_lines: dict[tuple[str, str], int] = {}
        self._includes: dict[str, list[Include]] = {}
        self._switches: dict[str, list[tuple[str, int]]] = {}
        self._variables: dict[str, tuple[str, int]] = {}
        self._problems: list[Problem] = []
        self._section = ""
        self._exten = ""
        self._in_comment = False

    def dialplan(self) -> Dialplan:
        return Dialplan(
            contexts={
                name: Context(
                    name=name,
                    line=self._lines[name],
                    extensions=tuple(self._extension(name, exten) for exten in extens),
                    includes=tuple(self._includes.get(name, ())),
                    switches=tuple(self._switches.get(name, ())),
                )
                for name, extens in self._contexts.items()
            },
            variables=self._variables,
            problems=tuple(self._problems),
        )

    def _extension(self, context: str, name: str) -> Extension:
        steps = sorted(self._contexts[context][name], key=lambda step: step.priority)
        return Extension(context=context, name=name, line=self._extension_lines[context, name], steps=tuple(steps))

    def read(self, line: str, number: int) -> None:
        text = self._without_comment(line)
        stripped = text.strip()
        if not stripped:
            return
        if stripped.startswith("#"):
            self._problem("file-include", number, f"{stripped.split()[0]} reads another file")
        elif stripped.startswith("["):
            self._open(stripped, number)
        elif (found := _SETTING.match(text, len(text) - len(text.lstrip()))) is None:
            self._problem("syntax", number, f"{stripped[:60]!r} is neither a section nor `name => value`")
        else:
            self._set(found[1].lower(), found[1], Piece(text[found.end() :].rstrip(), found.end()), number)

    def _without_comment(self, line: str) -> str:
        """The line up to its comment; block comments (`;-- … --;`) are left out whole."""
        if self._in_comment:
            if "--;" not in line:
                return ""
            self._in_comment = False
            return self._without_comment(" " * (line.index("--;") + 3) + line[line.index("--;") + 3 :])
        for index, char in enumerate(line):
            if char == ";" and (index == 0 or line[index - 1] != "\\"):
                if line.startswith(";--", index) and not line.startswith(";---", index):
                    self._in_comment = "--;" not in line[index + 3 :]
                return line[:index]
        return line

    def _open(self, text: str, number: int) -> None:
        found = _SECTION.fullmatch(text)
        if found is None:
            self._problem("syntax", number, f"the section {text[:40]!r} has no closing bracket")
            return
        if found[2].strip():
            self._problem(
                "syntax", number, f"{found[2].strip()!r} behind a section: use a template's own means instead"
            )
        self._section = found[1].strip()
        self._exten = ""
        if self._section in self._contexts:
            self._problem("duplicate", number, f"the context {self._section!r} stands twice")
        elif self._section not in _RESERVED:
            self._contexts[self._section] = {}
            self._lines[self._section] = number

    def _set(self, key: str, written: str, value: Piece, number: int) -> None:
        if self._section == "globals":
            self._variables[written] = (value.text, number)
        elif self._section == "general":
            return
        elif not self._section:
            self._problem("syntax", number, "stands before the first section")
        elif key == "exten":
            self._begin(value, number)
        elif key == "same":
            if not self._exten:
                self._problem("syntax", number, "`same` without an extension before it")
            else:
                self._step(value, number)
        elif key == "include":
            name = value.text.partition(",")[0].strip()
            self._includes.setdefault(self._section, []).append(Include(context=name, line=number, at=value.at))
        elif key == "switch":
            self._switches.setdefault(self._section, []).append((value.text, number))
        elif key not in ("ignorepat", "autohints"):
            self._problem("syntax", number, f"{written!r} is no word of a dialplan")

    def _begin(self, value: Piece, number: int) -> None:
        name, rest = pieces.first(value, ",")
        name = name.strip()
        if rest is None or not name.text:
            self._problem("syntax", number, "an extension wants a name, a priority and an application")
            return
        if "${" in name.text:
            self._problem("syntax", number, f"the name {name.text!r} holds a variable: it would be filled in only once")
        self._exten = name.text
        self._extension_lines.setdefault((self._section, name.text), number)
        self._contexts[self._section].setdefault(name.text, [])
        self._step(rest, number)

    def _step(self, value: Piece, number: int) -> None:
        priority, rest = pieces.first(value, ",")
        found = _PRIORITY.fullmatch(priority.text.strip())
        if found is None:
            self._problem("syntax", number, f"{priority.text.strip()!r} is no priority: write 1, n or n(label)")
            return
        if found[1].lower() == "hint":
            return
        if rest is None or not rest.text.strip():
            self._problem("syntax", number, "there is no application behind the priority")
            return
        place = self._place(found, number)
        if place is not None:
            self._add(place, (found[3] or "").strip(), rest, number)

    def _place(self, found: re.Match[str], number: int) -> int | None:
        steps = self._contexts[self._section][self._exten]
        more = int(found[2] or 1)
        if found[1].isdigit():
            return int(found[1]) + int(found[2] or 0)
        if not steps:
            self._problem("syntax", number, f"{self._exten} begins with `n`: its first priority is 1")
            return None
        return steps[-1].priority + more

    def _add(self, priority: int, label: str, rest: Piece, number: int) -> None:
        steps = self._contexts[self._section][self._exten]
        if any(step.priority == priority for step in steps):
            self._problem("duplicate", number, f"{self._exten} has priority {priority} twice; Asterisk keeps the first")
            return
        if label and any(step.label == label for step in steps):
            self._problem("duplicate", number, f"{self._exten} has the label {label!r} twice")
        name = _APPLICATION.match(rest.text)
        if name is None:
            self._problem("syntax", number, f"{rest.text.strip()[:60]!r} does not begin with an application")
            return
        wrong = pieces.balanced(rest.text)
        if wrong:
            self._problem("syntax", number, f"the bracket {wrong!r} has no partner")
        data = _arguments(rest.cut(name.end()))
        if data is None:
            self._problem("syntax", number, f"{name[1]} wants its arguments in brackets")
            data = rest.cut(len(rest.text))
        steps.append(
            Step(
                priority=priority,
                label=label,
                app=name[1],
                data=data.text,
                line=number,
                data_at=data.at,
                targets=targets.of(name[1], data.text),
            )
        )

    def _problem(self, rule: str, line: int, words: str) -> None:
        self._problems.append(Problem(rule=rule, line=line, words=words))


def _arguments(rest: Piece) -> Piece | None:
    """What stands between the brackets; empty without any; None for something else."""
    text = rest.text.rstrip()
    if not text:
        return rest.cut(0, 0)
    if not text.startswith("("):
        return None
    return rest.cut(1, len(text) - 1 if text.endswith(")") else len(text))
