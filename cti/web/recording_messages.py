"""The records of recorded talks on the pages."""

from typing import Annotated, Literal

from pydantic import Field

from cti.ports.recordings import Recorded
from cti.web.record import Message


class Pause(Message):
    """A span in which silence stands for both sides."""

    from_ms: int
    """From the beginning of the recording, by the clock of the talk."""
    until_ms: int


class RecordingView(Message):
    """One recording, as whoever may listen to it sees it."""

    recording_id: str
    contact_id: str
    began_ms: int
    length_ms: int
    agents: list[str]
    """Names, in the order in which they had the talk."""
    pauses: list[Pause]
    sha256: str
    """Of the WAV file, in hexadecimal."""
    keep_until_ms: int
    erased_ms: int | None
    """There is nothing to play any more."""


class Play(Message):
    """Where the sound is: a WAV file with two sides, the customer's left. Each play is asked for anew."""

    url: str
    until_ms: int
    """The address is of no use after that."""


class PlayWish(Message):
    """What is to be done with it."""

    download: bool = False
    """Saved as a file, and not only played."""


class RecordingStateView(Message):
    """How it stands with the recording of a live talk."""

    state: Recorded
    resumes_ms: int | None
    """When a pause ends by itself."""


class RecordingChanged(RecordingStateView):
    """The talk that he has in his hands is recorded from now on, or not, or silence is."""

    kind: Annotated[Literal["recording"], Field(default="recording")] = "recording"
    contact_id: str


class RecordingsStanding(Message):
    """Whether talks can be recorded at all."""

    full: bool
    """There is too little space: no talk begins to be recorded."""
