"""How a value may enter a template of `asterisk-conf/`.

Here: the Jinja environment, and the filter that refuses what could become configuration. Not here: which values there
are (`cti.dialplan.render`).
"""

import re
from pathlib import Path
from typing import Final

import jinja2

from cti.errors import ConfigError

_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f;"\\,|`]|\$[{\[]|=>')


def value(given: object) -> str:
    """A value as it may stand in a configuration line.

    Raises ConfigError for what could end the value and begin something else: control characters, `;`, quotes, commas,
    backslashes, `${`, `$[` and `=>`; and for leading or trailing space, which Asterisk would drop.
    """
    text = str(given)
    if not text or text != text.strip() or _FORBIDDEN.search(text):
        raise ConfigError(f"The value {text!r} cannot stand in Asterisk's configuration: use plain characters.")
    return text


def environment(source: Path) -> jinja2.Environment:
    """The environment in which templates are rendered: an undefined name is an error, never an empty text."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(source),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=False,
        autoescape=False,  # noqa: S701 - not HTML; `value` guards what comes from outside
    )
    found.filters["value"] = value
    return found
