"""What a customer's page and the centre say to each other of callbacks."""

from typing import Literal

from pydantic import Field

from cti.web.record import Message

Standing = Literal["waiting", "calling", "over"]


class CallbackForm(Message):
    """All that the form needs."""

    form: str
    """Its ticket; sent back with the request."""
    least_s: int
    work_bits: int
    name: str
    consent: str
    language: str
    colour: str
    """Of the button, such as #0b6478."""


class CallbackWhen(Message):
    """Asks when a number may be called. The number is in no address, so in no log."""

    number: str = Field(default="", max_length=40)
    zone: str = Field(default="", max_length=60, description="the browser's IANA zone")


class CallbackTimes(Message):
    """When a number may be called."""

    zone: str
    """In which the times are shown: where the number is at home."""
    now: bool
    expected_wait_ms: int | None
    """For now; None while it cannot be told."""
    slot_min: int
    times: list[int]
    """Beginnings, Unix ms."""


class CallbackWish(CallbackWhen):
    """A number and when."""

    form: str = Field(max_length=400)
    number: str = Field(min_length=1, max_length=40)
    name: str = Field(default="", max_length=100)
    about: str = Field(default="", max_length=300)
    language: str = Field(default="", max_length=20)
    at_ms: int | None = Field(default=None, ge=0, le=2**53)
    """One of the times offered; null: now."""
    website: str = Field(default="", max_length=200)
    """Nobody sees this field; what fills it in is no person."""
    work: str = Field(default="", max_length=40)


class CallbackPromise(Message):
    """How a callback stands."""

    promise: str
    """The ticket by which it is looked at, moved and cancelled."""
    standing: Standing
    at_ms: int | None
    """When it was promised for; null: as soon as possible."""
    zone: str
    slot_min: int
    position: int | None
    """Of a callback for now: its place, from 1; null once an agent is being called."""
    expected_wait_ms: int | None


class CallbackHeld(Message):
    """Shows the ticket."""

    promise: str = Field(max_length=400)
    zone: str = Field(default="", max_length=60)


class CallbackMove(CallbackHeld):
    """Another time for it."""

    at_ms: int | None = Field(default=None, ge=0, le=2**53)
