"""The API's description."""

import subprocess
import sys
from typing import Any

import pytest

from cti.web.app import bare_app


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return bare_app().openapi()


def test_every_route_has_a_tag_a_sentence_and_its_errors(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            assert route["tags"], (method, path)
            assert route["description"], (method, path)
            if path.startswith("/api/"):
                problem = route["responses"]["422"]["content"]["application/json"]["schema"]
                assert problem == {"$ref": "#/components/schemas/Problem"}, (method, path)


def test_what_goes_over_the_websocket_is_described_with_every_field_required(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in ("Snapshot", "Delta", "Shown", "AssignmentChanged", "SwitchChanged", "Me", "CardView"):
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"]), name
    assert schemas["Delta"]["properties"]["change"]["discriminator"]["propertyName"] == "kind"


def test_no_reference_leads_nowhere(document: dict[str, Any]) -> None:
    def references(part: object) -> set[str]:
        if isinstance(part, dict):
            own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            return own.union(*map(references, part.values()))
        return set().union(*map(references, part)) if isinstance(part, list) else set()

    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= known


def test_the_description_is_printed_by_a_command() -> None:
    printed = subprocess.run([sys.executable, "-m", "cti.web.openapi"], capture_output=True, check=True, text=True)
    assert printed.stdout.startswith('{\n  "components"')
    assert printed.stderr == ""
