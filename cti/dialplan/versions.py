"""Versions of a dialplan side by side in one file: contexts that carry their version, and constant names to enter by.

Theory of operation. A channel that returns from an application goes on at the next priority of the dialplan as it is
*then* (Asterisk keeps names, not lines). So the contexts of version N are named `NAME-vN`, whatever is written in them
names contexts of the same version, and they stay in the file until no channel is in them. What carriers, phones and the
engine know are the constant names (`cti.variables.CONTEXT_…`): each is a context that only jumps into the newest
version. So nobody ever leaves the version he entered by, but by way of the engine.

Pure. Admins write plain names; `versioned` puts the versions in, by what `cti.dialplan.targets` understands. Called by
`cti.dialplan.render` and `cti.dialplan.releases`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from cti import variables
from cti.dialplan import hints
from cti.dialplan.model import Dialplan, Extension
from cti.dialplan.parse import parse

ENTRIES: Final = tuple(
    value for name, value in sorted(vars(variables).items()) if name.startswith("CONTEXT_") and isinstance(value, str)
)
"""Names of contexts that are known outside the dialplan."""
_VERSION: Final = re.compile(r"-v([0-9]{1,9})\Z")
_SECTION: Final = re.compile(r"\[([^\]]+)\]")
_PLAIN: Final = "+*#0-9A-Za-z_"
"""What an extension may hold when it is handed on to the version in force."""


def named(context: str, version: int) -> str:
    """The name of a context of a version."""
    return f"{context}-v{version}"


def version_of(context: str) -> int | None:
    """The version that a context's name carries; None for a name that carries none."""
    found = _VERSION.search(context)
    return int(found[1]) if found else None


def compose(newest: int, texts: Mapping[int, str]) -> str:
    """One extensions.conf of the plain texts of several versions; the settings and globals are the newest's."""
    plain = texts[newest]
    plan = parse(plain)
    head, _ = _divided(plain)
    parts = [head, f"; -- by these names version {newest} is entered\n", *_doors(plan, newest)]
    for version in sorted(texts, reverse=True):
        _, body = _divided(versioned(texts[version], version))
        words = "in force" if version == newest else "until its last call has ended"
        parts.append(f"\n; -- version {version}, {words}\n{body}")
    return "".join((*parts, hints.TEXT))


def versioned(text: str, version: int) -> str:
    """The text with the version in the name of every context of it, where it is defined and where it is named."""
    plan = parse(text)
    lines = text.split("\n")
    for _, step in plan.steps():
        spans = sorted({target.span for target in step.targets if target.span and target.context in plan.contexts})
        for _, end in reversed(spans):
            line = lines[step.line - 1]
            at = step.data_at
            lines[step.line - 1] = f"{line[: at + end]}-v{version}{line[at + end :]}"
    for context in plan.contexts.values():
        lines[context.line - 1] = lines[context.line - 1].replace(
            f"[{context.name}]", f"[{named(context.name, version)}]", 1
        )
        for include in context.includes:
            if include.context in plan.contexts:
                line = lines[include.line - 1]
                end = include.at + len(include.context)
                lines[include.line - 1] = f"{line[:end]}-v{version}{line[end:]}"
    return "\n".join(lines)


def versions_in(text: str) -> frozenset[int]:
    """The versions whose contexts a composed text holds."""
    found = (version_of(name) for name in _SECTION.findall(text))
    return frozenset(version for version in found if version is not None)


def _doors(plan: Dialplan, version: int) -> Iterator[str]:
    for name in ENTRIES:
        if name not in plan.contexts:
            continue
        yield f"[{name}]\n"
        seen: set[str] = set()
        for extension in plan.reach(name):
            if extension.name not in seen:
                seen.add(extension.name)
                yield f"exten => {extension.name},1,Goto({named(name, version)},{_handed_on(extension)},1)\n"


def _handed_on(extension: Extension) -> str:
    """How the extension is named beyond the door: no character of a caller's that means something in a Goto."""
    if not extension.is_pattern:
        return extension.name
    return f"${{FILTER({_PLAIN},${{EXTEN}})}}" if extension.is_open else "${EXTEN}"


def _divided(text: str) -> tuple[str, str]:
    """`[general]` and `[globals]` with all that stands before the first context, and the contexts."""
    at = 0
    for line in text.splitlines(keepends=True):
        found = _SECTION.match(line)
        if found and found[1] not in ("general", "globals"):
            return text[:at], text[at:]
        at += len(line)
    return text, ""
