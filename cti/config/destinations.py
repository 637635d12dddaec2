"""Places outside the ACD where a step may send a waiting caller: another number, or a voicemail box.

Not here: how the call gets there (`cti.dialplan`), when it does (`cti.config.steps`). The journal knows a destination
by its key alone, never the number.
"""

from typing import Self

from pydantic import Field, model_validator

from cti.config.names import Number164, PromptName, QueueName
from cti.config.record import Record
from cti.config.words import Words


class Voicemail(Record):
    """A box that records one message, which waits in a queue as a contact."""

    prompt: PromptName
    """Said before the tone."""
    limit_s: int = Field(default=120, ge=5, le=1800)
    """Longest message."""
    queue: QueueName | None = None
    """Where the message waits; None: in the queue that its caller was in. Another project's is never it."""


class VoicemailKeeping(Record):
    """How many messages are kept, and for how long."""

    most: int = Field(default=2000, ge=1, le=100_000)
    most_mb: int = Field(default=500, ge=1, le=100_000)
    keep_days: int = Field(default=90, ge=1, le=3650)
    """Then the sound is deleted; the contact is not."""
    shortest_s: float = Field(default=1.5, ge=0, le=10)
    """What is shorter is no message."""


class Destination(Record):
    """A place outside the ACD: either a number that is called, or a voicemail box."""

    key: str
    name: Words
    number: Number164 | None = None
    voicemail: Voicemail | None = None

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if (self.number is None) == (self.voicemail is None):
            raise ValueError("write either 'number' or 'voicemail'")
        return self
