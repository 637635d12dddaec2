"""Recorded talks: what is kept of each, where that stands, and what the switch is asked for. See `cti.recordings`."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cti.domain.ids import AgentId, ContactId, LegId, Milliseconds, ProjectId, QueueId


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One recording as the tables have it. The sound stands in a file of its own, sealed with a key of its own."""

    recording_id: str
    contact_id: ContactId
    project_id: ProjectId
    queue_id: QueueId
    agents: tuple[AgentId, ...]
    """Who had the talk, in that order."""
    began_ms: Milliseconds
    length_ms: Milliseconds
    """Of the sound."""
    pauses: tuple[tuple[Milliseconds, Milliseconds], ...]
    """From and until, for card data: silence on both sides."""
    keep_until_ms: Milliseconds
    size: int
    """Bytes of the sound as a WAV file."""
    sha256: str
    """Of that WAV file, in hexadecimal."""
    key_id: str
    """The home's key that `wrapped_key` is wrapped with; "" once erased."""
    wrapped_key: str
    """"" once erased: nobody can open the file any more."""
    erased_ms: Milliseconds | None = None


class Shelf(Protocol):
    """The table of recordings. Every call raises DatabaseDown."""

    async def put(self, kept: Kept) -> None:
        """Enter it, durably; twice is once."""

    async def get(self, recording_id: str) -> Kept | None:
        """One; None when there is none."""

    async def of_contacts(self, contact_ids: Collection[ContactId]) -> Sequence[Kept]:
        """Those of these contacts, the oldest first, erased ones included."""

    async def listed(self, *, limit: int, after: Kept | None = None) -> Sequence[Kept]:
        """The newest, newest first; those that follow on this one where it is given. Of one instant, by their ids."""

    async def expired(self, now_ms: Milliseconds, *, limit: int) -> Sequence[Kept]:
        """Those not erased yet whose time is over."""

    async def erase(self, recording_ids: Collection[str], *, actor: str, why: str) -> int:
        """Forget their keys, and write so into the audit; how many had one."""

    async def erased_among(self, recording_ids: Collection[str]) -> frozenset[str]:
        """Which of these are erased: their files are of no use. One without a row is not."""

    async def keys_in_use(self) -> frozenset[str]:
        """`key_id` of all that are not erased."""

    async def rewrap(self, recording_id: str, *, before: str, key_id: str, wrapped_key: str) -> bool:
        """Its key is wrapped anew; whether it still was as `before`."""


class Monitor(Protocol):
    """What a node of the switch can do for recordings. All raise AsteriskDown, AsteriskSilent, ChannelGone."""

    async def begin(self, leg_id: LegId, file: str) -> None:
        """Write what comes from the leg (left) and goes to it (right) to the end of this file of the spool.

        Raw 16-bit samples at 8 kHz, both sides interleaved. It ends with the leg. Asked for twice it is written twice.
        """

    async def silence(self, leg_id: LegId) -> None:
        """From now on silence is written for both sides."""

    async def end(self, leg_id: LegId) -> None:
        """Write no more; not writing is success."""

    async def was_told(self, leg_id: LegId) -> bool:
        """Whether the caller was told that talks are recorded."""


class Recorded(StrEnum):
    """How it stands with the recording of a live talk."""

    OFF = "off"
    ON = "on"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingState:
    """Of one contact, now."""

    state: Recorded
    resumes_ms: Milliseconds | None = None
    """When a pause ends by itself."""


class Playable(Protocol):
    """The sound of one recording, as a WAV file. Blocks on the disk; one thread at a time."""

    @property
    def length(self) -> int:
        """Bytes."""

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """From byte `start` up to, not with, `stop`, in pieces of at most 64 KiB. Raises OutsideError when damaged."""

    def close(self) -> None:
        """Read no more."""


class Recordings(Protocol):
    """What the web asks of recordings."""

    @property
    def shelf(self) -> Shelf:
        """The table."""

    @property
    def is_full(self) -> bool:
        """Whether new talks are not recorded for want of space."""

    def state(self, contact_id: ContactId) -> RecordingState:
        """How it stands with the recording of this contact now."""

    async def pause(self, contact_id: ContactId) -> RecordingState:
        """Have silence recorded, for at most so long; again: it counts anew.

        Raises RuleError when nothing is recorded, OutsideError when it could not be done: then the talk is recorded
        still.
        """

    async def resume(self, contact_id: ContactId) -> RecordingState:
        """Have it recorded again; not paused is success. Raises as `pause`."""

    async def open(self, kept: Kept) -> Playable:
        """Its sound. Raises OutsideError when file or key are missing or damaged."""
