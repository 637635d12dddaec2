"""The import contracts that import-linter has no words for; the others stand in pyproject.toml."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
IVR_MAY_USE = {"actions", "domain", "ports", "errors", "config", "home", "variables", "prompts", "surveys"}


def _imported(source: str) -> Iterator[str]:
    """Full names of what a module imports; `from a import b` gives `a.b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _strays(source: str) -> set[str]:
    """What of `cti` the source uses beyond what ivr may."""
    names = [name.split(".") for name in _imported(source)]
    used = {parts[1] for parts in names if parts[0] == "cti" and len(parts) > 1}
    return used - IVR_MAY_USE - {"__version__"}


@pytest.mark.parametrize("path", sorted((ROOT / "ivr").rglob("*.py")), ids=lambda path: path.name)
def test_ivr_uses_only_what_is_open_to_it(path: Path) -> None:
    assert _strays(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("source", "strays"),
    [
        ("import cti.web.api", {"web"}),
        ("from cti import app, errors", {"app"}),
        ("def f():\n    from cti.store.journal import Journal", {"store"}),
        ("from cti.domain import acd\nfrom cti.ports import Clock\nimport cti", set()),
    ],
)
def test_a_forbidden_import_would_be_seen(source: str, strays: set[str]) -> None:
    assert _strays(source) == strays
