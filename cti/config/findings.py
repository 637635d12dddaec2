"""A record's mistakes as findings: the library's words turned into sentences, with file, line and key.

Here: pydantic's `ValidationError` → `cti.errors.Finding`. Not here: mistakes across sections (`cti.config.checks`).
Only `cti.config.reading` calls it.
"""

from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from cti.config.centre import Centre
from cti.config.located import KeyPath, Located, dotted
from cti.config.names import SENTENCES_BY_PATTERN, did_you_mean
from cti.errors import Finding


def findings(error: ValidationError, source: Located, *, file: str) -> list[Finding]:
    """The mistakes in `error`, at most one for a line and key: the first that was found."""
    found: dict[tuple[int, str], Finding] = {}
    for detail in error.errors(include_url=False, include_context=True):
        path = tuple(part for part in detail["loc"] if part != "[key]")
        key = dotted(path)
        problem = _problem(detail["type"], detail["msg"], path)
        if detail["type"] == "string_pattern_mismatch":
            problem = SENTENCES_BY_PATTERN.get(str(detail["ctx"]["pattern"]), problem)
        found.setdefault((source.line(path), key), Finding(file=file, line=source.line(path), key=key, problem=problem))
    return list(found.values())


def _problem(kind: str, message: str, path: KeyPath) -> str:
    match kind:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return f"is not known here{did_you_mean(str(path[-1]), _fields_at(path[:-1]))}"
        case _:
            return message.removeprefix("Value error, ")


def _fields_at(path: KeyPath) -> frozenset[str]:
    """Names of the fields that a record at `path` may have."""
    kind: Any = Centre
    for part in path:
        kind = _record_in(_fields(kind)[str(part)].annotation) if part in _fields(kind) else kind
    return frozenset(_fields(kind)) - {"key"}


def _fields(kind: Any) -> dict[str, FieldInfo]:
    """A record's fields by the names that the admin writes."""
    if not _is_record(kind):
        return {}
    return {field.alias or name: field for name, field in kind.model_fields.items()}


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _record_in(annotation: Any) -> Any:
    """The record within `Mapping[Key, X]`, `tuple[X, ...]`, `X | None`."""
    if _is_record(annotation) or get_origin(annotation) is None:
        return annotation
    return next((inner for part in get_args(annotation) if _is_record(inner := _record_in(part))), annotation)
