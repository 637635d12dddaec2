"""What callers answered: on its way from the IVR to the engine, one small file a contact in the home; and its results.

The IVR writes it anew after each key, whole or not at all, whether the engine runs or not; the engine takes it into
the tables (`cti.store.surveys`) and removes it once nothing more will come. Only ids and keys stand in it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from cti.domain.ids import AgentId, ContactId, Milliseconds, QueueId
from cti.home import write_private
from cti.ports.surveys import Answered, Asked

_NAME: Final = re.compile(r"c[0-9]+(-[0-9]+)?", re.ASCII)
_AGENT: Final = re.compile(r"(u[0-9]+)?", re.ASCII)
_LONGEST: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Of one caller, so far."""

    contact_id: ContactId
    agent_id: AgentId
    """With whom he talked; "" when nobody knows."""
    queue_id: QueueId
    at_ms: Milliseconds
    """When he was asked."""
    given: dict[str, int]
    """By the question's key."""
    over: bool = False
    """Nothing more will come."""


def is_named(contact_id: str, agent_id: str) -> bool:
    """Are these ids of a contact and an agent, so that answers can be kept under them?"""
    return _NAME.fullmatch(contact_id) is not None and _AGENT.fullmatch(agent_id) is not None


def write(folder: Path, answers: Answers) -> None:
    """Keep them; durable on return. Raises OSError."""
    folder.mkdir(mode=0o700, exist_ok=True)
    write_private(folder / f"{answers.contact_id}.json", msgspec.json.encode(answers).decode())


def left(folder: Path) -> Iterator[tuple[Path, Answers]]:
    """What the IVR has written; what cannot be read is left out."""
    for path in sorted(folder.glob("*.json")):
        answers = _read(path)
        if answers is not None:
            yield path, answers


def _read(path: Path) -> Answers | None:
    try:
        with path.open("rb") as file:
            answers = msgspec.json.decode(file.read(_LONGEST), type=Answers)
    except (OSError, msgspec.DecodeError):
        return None
    return answers if is_named(answers.contact_id, answers.agent_id) and path.stem == answers.contact_id else None


def counted(asked: Iterable[Asked], *, key: Callable[[Asked], str]) -> Sequence[Answered]:
    """Per key and question: how many answered, and the mean. Those who answered nothing count as asked only."""
    contacts: dict[str, set[ContactId]] = {}
    sums: dict[tuple[str, str], list[int]] = {}
    for one in asked:
        contacts.setdefault(key(one), set()).add(one.contact_id)
        if one.given is not None:
            sums.setdefault((key(one), one.given.question), []).append(one.given.value)
    found = [
        Answered(key=name, question=question, asked=len(contacts[name]), count=len(given), mean=sum(given) / len(given))
        for (name, question), given in sums.items()
    ]
    silent = (name for name in contacts if not any(name == other for other, _ in sums))
    found += [Answered(key=name, question="", asked=len(contacts[name]), count=0, mean=None) for name in silent]
    return sorted(found, key=lambda one: (one.key, one.question))
