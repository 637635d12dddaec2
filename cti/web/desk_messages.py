"""What the pages and the IVR say about desk phones."""

from typing import Annotated

from pydantic import Field

from cti.web.record import Message

Digits = Annotated[str, Field(max_length=12, pattern=r"^[0-9]+$")]
Endpoint = Annotated[str, Field(max_length=80, pattern=r"^[a-z0-9_-]+$")]


class DeskView(Message):
    """A desk phone, and who has logged in there."""

    desk: str
    name: str
    reached: bool
    """Is the phone switched on?"""
    agent_id: str | None = None
    person: str | None = None
    """Name of whoever sits there."""
    since_ms: int | None = None


class DeskWish(Message):
    """At which desk phone he wants to be rung."""

    desk: str = Field(max_length=80, pattern=r"^[a-z0-9_]+$")


class PinWish(Message):
    """What somebody presses at a desk phone from now on; never logged."""

    pin: str = Field(min_length=4, max_length=12, pattern=r"^[0-9]+$")


class PhoneLogin(Message):
    """What somebody pressed at a desk phone; never logged."""

    extension: Digits
    pin: Digits
    endpoint: Endpoint
    """As which the switch knows the phone."""


class PhoneLogout(Message):
    """Somebody leaves by dialling."""

    endpoint: Endpoint


class PhoneAnswer(Message):
    """What became of it: `ok`, `wrong`, `locked`, `unknown`."""

    result: str
