"""What the tests of configurations share."""

from collections.abc import Mapping
from typing import Any

import pytest

from cti import variables
from cti.dialplan import bounded


@pytest.fixture
def unbounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Own templates are rendered here: a process of their own costs a second, and is no matter to a rule."""

    def render(texts: Mapping[str, str], values: Mapping[str, object], **given: Any) -> Any:
        return bounded.in_process(texts, {**values, "v": variables}, **given)

    monkeypatch.setattr(bounded, "render", render)
