"""Centre files to test with: the demo's own, and that with one thing changed."""

from pathlib import Path

import pytest

from cti import config
from cti.config import Centre
from cti.errors import ConfigError

DEMO = Path(__file__).parents[2] / "asterisk-conf" / "centre.yaml"


def demo_with(old: str, new: str) -> str:
    """The demo centre's text with the first `old` replaced."""
    text = DEMO.read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new, 1)


def refused(text: str) -> list[tuple[int, str, str]]:
    """Line, key and problem of every finding; fails when the text is accepted."""
    with pytest.raises(ConfigError) as caught:
        config.parse(text, file="centre.yaml")
    return [(finding.line, finding.key, finding.problem) for finding in caught.value.findings]


def line_of(text: str, part: str) -> int:
    """The line (from 1) where `part` first stands."""
    return text[: text.index(part)].count("\n") + 1


def demo() -> Centre:
    """The demo centre as it ships."""
    return config.load(DEMO)
