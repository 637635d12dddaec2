"""Reading the centre file: text → `Centre`, or `ConfigError` with every mistake at once.

Here: the order of the passes: YAML with lines (`located`), records with names checked (`findings`), checks across
sections (`checks`). Called through `cti.config`.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from cti import shipped
from cti.config import checks, located
from cti.config.centre import Centre
from cti.config.findings import findings
from cti.config.located import Located
from cti.errors import ConfigError, Finding

_KEYED: Final = (
    "projects",
    "sites",
    "tiers",
    "trunks",
    "numbers",
    "menus",
    "hours",
    "queues",
    "destinations",
    "desks",
    "capacities",
    "prompts",
    "crm",
    "callback_pages",
    "chats",
    "mail",
    "answers",
    "campaigns",
)
_NAMED: Final = (*_KEYED, "skills")


def load(path: Path) -> Centre:
    """Read and check the centre file. Raises ConfigError with every finding; blocks on the disk."""
    return load_located(path)[0]


def load_located(path: Path) -> tuple[Centre, Located]:
    """As `load`, with the lines of what was read."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"There is no centre file {path}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The centre file {path} cannot be read: {error}.") from error
    return parse_located(text, file=str(path))


def parse(text: str, *, file: str) -> Centre:
    """Check the text of a centre file; `file` is the name shown in findings. Raises ConfigError with every finding."""
    return parse_located(text, file=file)[0]


def parse_located(text: str, *, file: str) -> tuple[Centre, Located]:
    """As `parse`, with the lines of what was read: for those who have more to say of it."""
    source = located.read(text, file=file)
    found = list(source.findings)
    values = _with_ready(source.values) if isinstance(source.values, dict) else {}
    names = {section: frozenset(_section(values, section)) for section in _NAMED}
    centre: Centre | None = None
    try:
        centre = Centre.model_validate(_with_keys(values), context=names)
    except ValidationError as error:
        found += findings(error, source, file=file)
    if centre is not None:
        for path, problem in checks.across(centre):
            found.append(Finding(file=file, line=source.line(path), key=located.dotted(path), problem=problem))
    if centre is None or found:
        ordered = tuple(sorted(found, key=lambda finding: (finding.line, finding.key)))
        count = "one mistake" if len(ordered) == 1 else f"{len(ordered)} mistakes"
        raise ConfigError(f"The centre file has {count}.", findings=ordered)
    return centre, source


@lru_cache(maxsize=1)
def ready_capacities() -> Mapping[str, Any]:
    """The capacity profiles that ship with Triune, as written. Raises ConfigError; blocks on the disk, once."""
    path = shipped.asterisk_conf() / "capacities.yaml"
    values = located.read(path.read_text(encoding="utf-8"), file=str(path)).values
    assert isinstance(values, dict)
    return values


def _with_ready(values: dict[str, Any]) -> dict[str, Any]:
    """The values with the ready profiles behind the file's own; one of the same name replaces the ready one."""
    own = values.get("capacities", {})
    if not isinstance(own, dict):
        return values
    ready = {key: profile for key, profile in ready_capacities().items() if key not in own}
    return {**values, "capacities": {**own, **ready}}


def _section(values: dict[str, Any], section: str) -> dict[str, Any]:
    found = values.get(section)
    return found if isinstance(found, dict) else {}


def _with_keys(values: dict[str, Any]) -> dict[str, Any]:
    """Give each record of a keyed section its own key."""
    given = dict(values)
    for section in _KEYED:
        if isinstance(values.get(section), dict):
            given[section] = {key: _with_key(record, key) for key, record in values[section].items()}
    return given


def _with_key(record: Any, key: str) -> Any:
    """A `key` that the admin wrote himself is renamed, so that it is refused as unknown."""
    if not isinstance(record, dict):
        return record
    return {("key (the name above)" if name == "key" else name): value for name, value in record.items()} | {"key": key}
