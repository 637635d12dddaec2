"""Recording: which talks of a project or a queue are recorded, what is said of it, and how long it is kept.

Not here: recording (`cti.recordings`), and saying so to callers, which is the dialplan's (`asterisk-conf`).
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from cti.config.record import Record


class Recording(Record):
    """How talks are recorded. A queue's own counts instead of its project's, whole."""

    percent: int = Field(default=100, ge=1, le=100)
    """Of the talks, chosen by the contact's id."""
    announce: bool = True
    """Callers are told before they wait, and only who was told is recorded; False: nothing is said."""
    outgoing: bool = False
    """Calls that the centre makes are recorded too. Nothing is played on them: the agent says it."""
    keep_days: int = Field(default=90, ge=1, le=3650)
    """Then a recording is erased; counts for what is recorded from now on."""
    pause_limit_s: int = Field(default=120, ge=10, le=900)
    """After so long a pause ends by itself."""
    agents_may_listen: bool = False
    """Whoever had the talk may play it; supervisors and admins of the project always may."""


def _recording(value: object) -> object:
    """`recording: true` is short for every default."""
    return {} if value is True else value


OfProject = Annotated[Recording | Literal[False], BeforeValidator(_recording)]
"""False: nothing is recorded."""
OfQueue = Annotated[Recording | Literal[False] | None, BeforeValidator(_recording)]
"""None: as its project has it."""
