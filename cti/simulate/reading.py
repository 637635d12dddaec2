"""Reading scenario files: text → records, or `ConfigError` with every mistake by line and key.

Called by `cti.simulate.commands`, benchmarks and tests. What may be written is `cti.simulate.scenario`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from pydantic import BaseModel, ValidationError

from cti import config, rules
from cti.config import located
from cti.config.names import did_you_mean
from cti.config.reading import ready_capacities
from cti.domain.events import QueueOpened
from cti.errors import ConfigError, Finding
from cti.simulate.scenario import Agents, Arrivals, Changed, Overrides, Scenario, problems

Read = TypeVar("Read", bound=BaseModel)
Problems = list[tuple[located.KeyPath, str]]

_PARTS: Final[Mapping[str, type[BaseModel]]] = {"agents": Agents, "arrivals": Arrivals}


def load(path: Path) -> Scenario:
    """The scenario of a file, the queues of its centre file in it. Raises ConfigError; blocks on the disk."""
    return parse(_text(path), file=str(path), beside=path.parent)


def load_overrides(path: Path) -> Overrides:
    """What a file changes of a remembered day. Raises ConfigError; blocks on the disk."""
    return _parse(Overrides, _text(path), file=str(path), across=lambda _: [])


def parse(text: str, *, file: str, beside: Path) -> Scenario:
    """The scenario in a text; `beside` is where its `centre` is looked for. Raises ConfigError."""

    def complete(values: dict[str, Any]) -> None:
        centre = config.load(beside / values["centre"]) if isinstance(values.get("centre"), str) else None
        if centre is not None:
            _take_over(centre, values)
        _name_capacities(centre, values)

    return _parse(Scenario, text, file=file, across=problems, complete=complete)


def _take_over(centre: config.Centre, values: dict[str, Any]) -> None:
    """Hours and queues of the centre file, under what the scenario says of the same queues."""
    written = values.get("queues", {})
    queues: dict[str, Any] = {}
    hours: list[Any] = []
    for event in rules.events(centre):
        fields = msgspec.to_builtins(event)
        if isinstance(event, QueueOpened):
            queues[fields.pop("queue_id")] = fields
        else:
            hours.append({type(event).__name__: fields})
    if isinstance(written, dict):
        for key, said in written.items():
            queues[key] = {**queues.get(key, {}), **said} if isinstance(said, dict) else said
    values["queues"] = queues
    events = values.get("events", [])
    values["events"] = [*hours, *events] if isinstance(events, list) else events


def _name_capacities(centre: config.Centre | None, values: dict[str, Any]) -> None:
    """Agents' capacity profiles, those of the centre file or the ready ones, by name."""
    profiles: Mapping[str, config.Capacity] = centre.capacities if centre is not None else _ready()
    default = centre.default_capacity if centre is not None else None
    agents = values.get("agents", [])
    for group in agents if isinstance(agents, list) else []:
        if not isinstance(group, dict):
            continue
        name = group.get("capacity", default)
        if isinstance(name, str):
            if name not in profiles:
                raise ConfigError(f"There is no capacity profile {name!r}{did_you_mean(name, profiles)}.")
            group["capacity"] = msgspec.to_builtins(rules.capacity(profiles[name]))


def _ready() -> Mapping[str, config.Capacity]:
    return {key: config.Capacity.model_validate({**profile, "key": key}) for key, profile in ready_capacities().items()}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"There is no scenario file {path}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The scenario file {path} cannot be read: {error}.") from error


def _parse(
    kind: type[Read],
    text: str,
    *,
    file: str,
    across: Callable[[Read], Problems],
    complete: Callable[[dict[str, Any]], None] = lambda _: None,
) -> Read:
    source = located.read(text, file=file)
    found = list(source.findings)
    values: dict[str, Any] = source.values if isinstance(source.values, dict) else {}
    complete(values)

    def find(path: located.KeyPath, problem: str) -> None:
        found.append(Finding(file=file, line=source.line(path), key=located.dotted(path) or "-", problem=problem))

    made: Read | None = None
    try:
        made = kind.model_validate(values)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_context=True):
            path = tuple(part for part in detail["loc"] if part != "[key]")
            find(path, _sentence(detail["type"], detail["msg"], path, kind))
    if made is not None:
        for path, problem in across(made):
            find(path, problem)
    if made is None or found:
        ordered = tuple(sorted(found, key=lambda finding: (finding.line, finding.key)))
        count = "one mistake" if len(ordered) == 1 else f"{len(ordered)} mistakes"
        raise ConfigError(f"The scenario has {count}.", findings=ordered)
    return made


def _sentence(kind: str, message: str, path: located.KeyPath, root: type[BaseModel]) -> str:
    match kind:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            holder = Changed if root is Overrides and "arrivals" in path else root
            fields = (_PARTS.get(str(path[0]), holder) if len(path) > 1 else root).model_fields
            return f"is not known here{did_you_mean(str(path[-1]), fields)}"
        case _:
            return message.removeprefix("Value error, ")
