"""What bounds every call, and from when on new ones are refused."""

from enum import StrEnum

from pydantic import Field

from cti.config.names import Country
from cti.config.record import Record


class Refusal(StrEnum):
    """How a call is refused for which there is no room."""

    ANNOUNCE = "announce"
    """He hears that all lines are busy; when too many hear it already, as `reject`."""
    REJECT = "reject"
    """SIP 503 before anything is answered: the carrier may lead him elsewhere."""


class Overload(Record):
    """From when on the engine counts as overloaded; each is the worst of a second, in ms."""

    loop_ms: int = Field(default=1000, ge=20, le=60_000)
    """How late its loop is."""
    mailbox_ms: int = Field(default=1000, ge=20, le=60_000)
    """How long an event waits to be decided."""
    journal_ms: int = Field(default=5000, ge=20, le=60_000)
    """How long a decision takes to be on disk."""
    switch_ms: int = Field(default=1500, ge=20, le=60_000)
    """How long Asterisk takes to answer a request."""
    after_s: int = Field(default=3, ge=1, le=60)
    """For so long without a pause before new calls are refused."""
    calm_s: int = Field(default=5, ge=1, le=600)
    """For so long below half of all bounds before they are taken again."""


class Limits(Record):
    """What bounds every call."""

    max_calls: int = Field(default=500, ge=1, le=10_000)
    """Calls from the carrier at once; one more is refused."""
    calls_per_s: int = Field(default=100, ge=1, le=10_000)
    """New calls from the carrier in a second; one more is refused."""
    refusal: Refusal = Refusal.ANNOUNCE
    overload: Overload = Overload()
    max_call_s: int = Field(default=14_400, ge=60, le=86_400)
    max_ivr_s: int = Field(default=300, ge=10, le=3600)
    """Longest stay in the IVR; then the operator's queue."""
    rtp_timeout_s: int = Field(default=60, ge=5, le=3600)
    """A call whose other side has sent no audio for so long is ended."""
    callback_countries: tuple[Country, ...] = ()
    """Countries besides the centre's own whose numbers are called back."""
    recording_free_mb: int = Field(default=1024, ge=1, le=10_000_000)
    """With less free space than this where recordings stand, no talk begins to be recorded."""

    @property
    def most_announced(self) -> int:
        """Callers who may hear at the same time that all lines are busy: they cost lines, too."""
        return max(5, self.max_calls // 10)
