"""The public API's records for calls that agents ask for, and for who is not to be called.

Beside `cti.web.messages`, whose rules hold here too.
"""

from typing import Annotated, Literal

from pydantic import Field

from cti.domain.ids import LegCause
from cti.web.record import NO_NUL, Message

ContactKey = Annotated[str, Field(max_length=60, pattern=r"^c[0-9]{1,18}(-[0-9]{1,4})?$")]
Telephone = Annotated[str, Field(min_length=1, max_length=40, pattern=NO_NUL)]
"""A number as people write it."""


class NewCall(Message):
    """Whom to call: a number, or a customer with one of his."""

    number: Telephone
    customer_id: int | None = Field(default=None, ge=1, le=2**53)
    """When given, the number must be his."""
    project_id: str | None = Field(default=None, max_length=40)
    """For which project; may be left out where there is one only, or `origin` tells."""
    queue_id: str | None = Field(default=None, max_length=60)
    """By whose rules it is wrapped up; None: the project's queue for calls."""
    origin: ContactKey | None = None
    """The contact that it is about."""


class CallStarted(Message):
    """The asker's phone is being rung."""

    contact_id: str
    assignment_id: str
    number: str
    """E.164."""


class NumberTyped(Message):
    """What stands in the dial box so far."""

    number: str = Field(max_length=40, pattern=NO_NUL)
    project_id: str | None = Field(default=None, max_length=40)
    whole: bool = False
    """Nothing more is typed: what is no number by now is said to be none."""


class NumberRead(Message):
    """How it is to be written, and whether it may be called. Nothing is done."""

    number: str
    """E.164; "" while it is none."""
    full: str
    """The same as it is written abroad; "" while it is none."""
    shown: str
    """What was typed, put in groups: digits are neither added nor taken away."""
    may_be_called: bool
    code: str
    """Why not; "" when it may, or when more is still to be typed."""
    sentence: str


class CallProgress(Message):
    """How far a call has come."""

    contact_id: str
    state: Literal["ringing", "dialling", "talking", "wrap_up", "over"]
    """`ringing`: the agent's own phone."""
    missed: LegCause | None
    """Why the customer was not reached."""
    sentence: str
    """The state, and why the customer was not reached, in the asker's language."""
    disposition: str | None


class CallFigures(Message):
    """What came of the calls that agents asked for since midnight at the centre's first site."""

    asked: int
    dialled: int
    reached: int
    to_dial_p50_ms: int | None
    """From the click until the customer is dialled; between lies how long the agent takes to pick up his phone."""
    click_to_ring_p50_ms: int | None
    """From the click until the switch rings the agent's phone, of the last thousand."""
    click_to_ring_p99_ms: int | None
    saved_ms: int
    """Against two minutes each by hand."""


class BarredView(Message):
    """A number that is not to be called."""

    number: str
    shown: str
    project_id: str | None
    """None: for nobody."""
    added_ms: int
    actor: str
    reason: str


class Bar(Message):
    """Do not call this number any more."""

    number: Telephone
    project_id: str | None = Field(default=None, max_length=40)
    """None: for no project; admins only."""
    reason: str = Field(default="", max_length=200, pattern=NO_NUL)


class Unbar(Message):
    """This number may be called again."""

    number: Telephone
    project_id: str | None = Field(default=None, max_length=40)
