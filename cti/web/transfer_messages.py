"""The public API's records for transfers: who can be asked, and who was. Beside `cti.web.messages`; its rules hold."""

from typing import Annotated, Literal

from pydantic import Field

from cti.domain.ids import LegCause
from cti.web.record import NO_NUL, Message

Standing = Literal["ready", "not_ready", "busy", "off_duty", "unreachable"]
PartyState = Literal["ringing", "called", "aside", "left", "together", "leading"]


class Colleague(Message):
    """Somebody with a phone of ours, on duty or not, and whether he can be asked now."""

    agent_id: str
    name: str
    extension: str
    standing: Standing
    """`off_duty`: his phone is there, and he has not signed in; `unreachable`: it is not."""
    reason: str | None
    """Why he is not ready."""
    since_ms: int


class PartyView(Message):
    """Somebody who was asked into a talk."""

    leg_id: str
    agent_id: str | None
    """None: an outside number."""
    name: str
    """Or the number, as it is written."""
    state: PartyState
    since_ms: int
    until_ms: int | None
    """While he is rung."""
    supervisor: bool
    """He came in of his own accord: the agent does not part from him."""


class AskedView(Message):
    """A colleague asks this agent into a talk, or he is in it; the contact is not his."""

    leg_id: str
    state: PartyState
    by: str
    """The colleague's name; "" once he is done with it."""
    queue: str
    name: str
    address: str
    since_ms: int


class ToAgent(Message):
    """A person with a phone of ours."""

    kind: Literal["agent"]
    agent_id: str = Field(max_length=20, pattern=r"^u[0-9]+$")


class ToNumber(Message):
    """A number outside, as anybody writes it."""

    kind: Literal["number"]
    number: str = Field(min_length=1, max_length=60, pattern=NO_NUL)


class ToQueue(Message):
    """A queue of the contact's project."""

    kind: Literal["queue"]
    queue_id: str = Field(max_length=80, pattern=NO_NUL)


class ToDestination(Message):
    """A place of the centre file: a menu, a voicemail box, a number that stands there."""

    kind: Literal["destination"]
    destination: str = Field(max_length=80, pattern=NO_NUL)


Asked = Annotated[ToAgent | ToNumber, Field(discriminator="kind")]
Whither = Annotated[ToAgent | ToNumber | ToQueue | ToDestination, Field(discriminator="kind")]


class Invite(Message):
    """Ask him first: the customer hears music meanwhile."""

    to: Asked


class Transfer(Message):
    """Hand the talk over unseen."""

    to: Whither


class Places(Message):
    """Where the talk can go besides people: keys and words, in the asker's language."""

    queues: list["Place"]
    destinations: list["Place"]


class Place(Message):
    """One of them."""

    id: str
    title: str


class ColleaguesChanged(Message):
    """The changed ones, whole; within a second."""

    kind: Literal["colleagues"] = "colleagues"
    colleagues: list[Colleague]


class PartyMissed(Message):
    """Whoever this agent asked was not reached, or left."""

    kind: Literal["party_ended"] = "party_ended"
    assignment_id: str
    name: str
    cause: LegCause | None
    """None: he hung up, or was parted from."""
    sentence: str
