"""What the rules know besides the dialplan itself: the centre, Asterisk's other files, what is installed.

Data only, and how it is gathered. Made by `cti.dialplan.checks`; the rules read it.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from cti import variables
from cti.config import Centre
from cti.dialplan import catalogue
from cti.dialplan.catalogue import Offer
from cti.setup.asterisk import AsteriskInstall

_SECTION: Final = re.compile(r"^\[([^\]]+)\]", re.MULTILINE)


class Surroundings(Struct, frozen=True, kw_only=True):
    """All that is fixed while rules look."""

    centre: Centre
    offer: Offer
    install: AsteriskInstall
    agi_port: int
    version: int
    queues: frozenset[str]
    """The static queues."""
    music: frozenset[str]
    variables: frozenset[str]
    """Channel variables that the engine and the IVR set."""


def gather(
    centre: Centre, install: AsteriskInstall, texts: Mapping[str, str], *, agi_port: int, version: int
) -> Surroundings:
    """From what was rendered. Blocks on the disk."""
    return Surroundings(
        centre=centre,
        offer=catalogue.offer(install, texts.get("modules.conf", "")),
        install=install,
        agi_port=agi_port,
        version=version,
        queues=_sections(texts.get("queues.conf", "")),
        music=_sections(texts.get("musiconhold.conf", "")),
        variables=frozenset(
            value
            for name, value in vars(variables).items()
            if isinstance(value, str) and value.startswith("TRIUNE_") and not name.startswith("_")
        ),
    )


def _sections(text: str) -> frozenset[str]:
    return frozenset(_SECTION.findall(text)) - {"general"}
