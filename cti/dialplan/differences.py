"""What a draft would change: file by file as a unified diff, and what of it a running centre cannot take up.

Pure but for reading texts already in memory. Secrets never show. Called by `cti.dialplan.releases`.
"""

import difflib
from collections.abc import Iterator, Mapping
from typing import Final

from cti.config import located
from cti.dialplan.render import DIALPLAN, Files
from cti.home import Home
from cti.ports.templates import Difference, Later, Restart

LIVE_FILES: Final = (DIALPLAN, "queues.conf")
"""What Asterisk is made to read anew; all other files count from its next start."""
LIVE_SECTIONS: Final = frozenset(
    {
        "name", "projects", "sites", "skills", "tiers", "numbers", "menus", "account", "hours", "queues",
        "destinations", "capacities", "default_capacity", "prompts", "goodbye", "limits",
        "voicemail", "desks",
    }
)  # fmt: skip
"""Sections of the centre file that a running engine takes up; the others it reads at its start."""
_MASK: Final = "••••••"


def between(before: Files, after: Files, home: Home) -> tuple[Difference, ...]:
    """The files that differ, in order of name; one that is new or gone differs from nothing."""
    hidden = _secrets(home)
    found = []
    for name in sorted({*before, *after}):
        old, new = before.get(name, ""), after.get(name, "")
        if old == new:
            continue
        lines = difflib.unified_diff(
            _masked(old, hidden).splitlines(keepends=True),
            _masked(new, hidden).splitlines(keepends=True),
            fromfile=f"in force/{name}",
            tofile=f"draft/{name}",
        )
        text = "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
        found.append(Difference(name=name, text=text))
    return tuple(found)


def later(before: Files, after: Files, *, centre_before: str, centre_after: str) -> tuple[Later, ...]:
    """What of a change has to wait for a restart."""
    files = [
        Later(needs=Restart.ASTERISK, name=name)
        for name in sorted({*before, *after})
        if name not in LIVE_FILES and before.get(name) != after.get(name)
    ]
    sections = [Later(needs=Restart.ENGINE, name=name) for name in _sections(centre_before, centre_after)]
    return (*files, *sections)


def changed_queues(before: Files, after: Files) -> tuple[str, ...]:
    """The static queues that are new or say something else; a queue that is gone stays until the next start."""
    old, new = _divided(before.get("queues.conf", "")), _divided(after.get("queues.conf", ""))
    return tuple(sorted(name for name, text in new.items() if name != "general" and old.get(name) != text))


def _divided(text: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("["):
            name = line[1 : line.find("]")]
        found[name] = f"{found.get(name, '')}{line.strip()}\n" if line.strip() else found.get(name, "")
    found.pop("", None)
    return found


def _sections(before: str, after: str) -> Iterator[str]:
    old, new = _values(before), _values(after)
    for name in sorted({*old, *new}):
        if name not in LIVE_SECTIONS and old.get(name) != new.get(name):
            yield name


def _values(text: str) -> Mapping[str, object]:
    found = located.read(text, file="centre.yaml").values
    return found if isinstance(found, dict) else {}


def _secrets(home: Home) -> tuple[str, ...]:
    """Every secret word of the home."""

    def words(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            for name, inner in value.items():
                if isinstance(inner, str) and ("password" in name or "token" in name or "key" in name):
                    yield inner
                else:
                    yield from words(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from words(inner)

    return tuple(words(home.secrets.model_dump(mode="json")))


def _masked(text: str, hidden: tuple[str, ...]) -> str:
    for word in hidden:
        text = text.replace(word, _MASK)
    return text
