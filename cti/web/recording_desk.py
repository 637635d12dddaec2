"""What the routes of recordings stand on: who may listen to what, and leave to play one for a while.

To play or save one is asked for first, which is when the audit is written; the address that comes back is good for that
person, for an hour. So a player may fetch parts as often as it likes, and there is no sound without its line.
"""

from dataclasses import dataclass
from typing import Final

from itsdangerous import BadSignature, URLSafeSerializer

from cti.config import Centre
from cti.domain.ids import AgentId, Milliseconds
from cti.ports import Person, Role
from cti.ports.recordings import Kept, Recordings
from cti.web.roster import Roster

PLAY_LIFE_MS: Final = 3_600_000
_LONGEST: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """To play a recording, or to save it."""

    download: bool


class RecordingDesk:
    """Given to the routes by `cti.app`."""

    def __init__(self, recordings: Recordings, *, centre: Centre, signing_key: str) -> None:
        self.recordings = recordings
        self._centre = centre
        self._leaves = URLSafeSerializer(signing_key, salt="triune.recording.play.1")

    def may_listen(self, person: Person, kept: Kept, roster: Roster) -> bool:
        """A supervisor or admin of its project; whoever had the talk, if its queue says so."""
        if kept.project_id not in roster.projects(person):
            return False
        if person.role is not Role.AGENT:
            return True
        policy = self._centre.recording_of(kept.queue_id)
        return policy is not None and policy.agents_may_listen and person.agent_id in kept.agents

    def leave(self, kept: Kept, agent_id: AgentId, *, download: bool, now: Milliseconds) -> str:
        """For this person and this recording, until `PLAY_LIFE_MS` from now."""
        return str(self._leaves.dumps([kept.recording_id, agent_id, download, now + PLAY_LIFE_MS]))

    def read_leave(self, text: str, recording_id: str, agent_id: AgentId, *, now: Milliseconds) -> Leave | None:
        """What it permits; None when it is not ours, somebody else's, another recording's or too old."""
        try:
            of, whose, download, until_ms = self._leaves.loads(text[:_LONGEST])
        except (BadSignature, ValueError, TypeError):
            return None
        fits = of == recording_id and whose == agent_id and isinstance(until_ms, int) and now < until_ms
        return Leave(download=bool(download)) if fits else None
