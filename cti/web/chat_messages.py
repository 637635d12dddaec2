"""The records of web chat: what goes over a visitor's WebSocket, and what agents' pages get of it.

Visitor's side, `/chat/v1/{key}`: his page says `Hello` first and gets `Welcome`, with all that was said before; then
both speak as they like. A message counts as kept when it comes back with its `id`; `client_id` tells the page which of
its own it is. Told twice it is once, so a page that is not sure says it again. Texts are plain: a page must never read
them as HTML.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from cti.ports.chat import Phase, Presence, Side
from cti.web.record import NO_NUL, Message

TEXT_LIMIT: Final = 4_000
"""Most characters of one message."""
CLIENT_ID: Final = r"^[A-Za-z0-9_-]{1,40}$"

Text = Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT, pattern=NO_NUL)]
ClientId = Annotated[str, Field(pattern=CLIENT_ID)]


class Lenient(BaseModel):
    """What a visitor's page says: fields that are not known are passed over, since the page may be newer."""

    model_config = ConfigDict(frozen=True, extra="ignore")


# -- what a visitor's page says ----------------------------------------------------------------------------------------


class Hello(Lenient):
    """The first word of each connection."""

    type: Literal["hello"]
    token: str | None = Field(default=None, max_length=400)
    """Of the session that goes on; None or one that does not count: a new one."""
    language: str = Field(default="", max_length=35)


class Say(Lenient):
    """Something is said; the particulars are read with the first only."""

    type: Literal["say"]
    client_id: ClientId
    text: Text
    name: str = Field(default="", max_length=100, pattern=NO_NUL)
    email: str = Field(default="", max_length=200, pattern=NO_NUL)
    page: str = Field(default="", max_length=500, pattern=NO_NUL)


class LeaveMessage(Lenient):
    """For later, since nobody can answer now."""

    type: Literal["leave_message"]
    client_id: ClientId
    text: Text
    email: str = Field(min_length=3, max_length=200, pattern=r"^[^\s\x00@]+@[^\s\x00@]+$")
    name: str = Field(default="", max_length=100, pattern=NO_NUL)
    page: str = Field(default="", max_length=500, pattern=NO_NUL)


class Types(Lenient):
    """Somebody types just now."""

    type: Literal["typing"]


class Got(Lenient):
    """The page has everything up to this message."""

    type: Literal["got"]
    id: int = Field(ge=0, le=2**53)


class Leave(Lenient):
    """The visitor is done."""

    type: Literal["leave"]


class Rate(Lenient):
    """How it was."""

    type: Literal["rate"]
    rating: int = Field(ge=1, le=5)


Heard = Annotated[Say | LeaveMessage | Types | Got | Leave | Rate, Field(discriminator="type")]


# -- what a visitor's page is told -------------------------------------------------------------------------------------


class SiteView(Message):
    """What the widget shows before anybody speaks."""

    title: str
    greeting: str
    consent: str
    language: Literal["en", "ru"]
    colour: str
    open: bool
    """Whether a chat can begin now."""
    takes_messages: bool
    """Whether a message may be left when none can."""
    ask_name: Literal["never", "optional", "required"]
    ask_email: Literal["never", "optional", "required"]
    rating: bool
    text_limit: int = TEXT_LIMIT


class Line(Message):
    """One message as the visitor sees it."""

    id: int
    """Grows within a chat."""
    at_ms: int
    side: Literal["visitor", "agent", "note"]
    text: str
    """Of a note: its code (`cti.ports.chat.Note`)."""
    who: str | None
    """The agent's name."""
    client_id: str | None
    """The page's own id of a message of the visitor's."""


class StandingView(Message):
    """How the chat stands."""

    phase: Phase | Literal["new"]
    """`new`: nobody has written yet."""
    position: int | None
    expected_wait_ms: int | None
    agent: str | None
    rating: int | None


class Welcome(Message):
    """The answer to `Hello`."""

    type: Literal["welcome"] = "welcome"
    now_ms: int
    token: str
    site: SiteView
    standing: StandingView
    lines: list[Line]


class LineSaid(Message):
    """Something was said and is kept; or is told again."""

    type: Literal["line"] = "line"
    line: Line


class StandingTold(Message):
    """How the chat stands has changed."""

    type: Literal["standing"] = "standing"
    standing: StandingView


class TypingTold(Message):
    """The agent types just now."""

    type: Literal["typing"] = "typing"


class MessageTaken(Message):
    """A message for later is kept."""

    type: Literal["message_taken"] = "message_taken"
    client_id: str


class Refused(Message):
    """What was said is not kept."""

    type: Literal["refused"] = "refused"
    client_id: str | None
    code: str
    sentence: str
    again: bool
    """Whether it may be said again a little later, as it is."""


class Beat(Message):
    """Nothing happens: so that a page that hears nothing for long knows that its network is gone."""

    type: Literal["beat"] = "beat"


Told = Welcome | LineSaid | StandingTold | TypingTold | MessageTaken | Refused | Beat


# -- the agents' side --------------------------------------------------------------------------------------------------


class ChatLine(Message):
    """One message as agents see it."""

    id: int
    at_ms: int
    side: Literal["visitor", "agent", "note"]
    text: str
    agent: str | None
    """The agent's name, of his words and of notes about him."""
    client_id: str | None
    """The page's own id of one that the asker wrote."""
    delivered: bool
    """The visitor's page has it; of agents' words."""


class ChatAnswer(Message):
    """A ready answer of the project, filled in for this visitor and agent."""

    id: str
    title: str
    text: str


class ChatView(Message):
    """A chat whole."""

    contact_id: str
    phase: Phase
    presence: Presence
    lines: list[ChatLine]
    """The newest 500, oldest first."""
    page: str
    """Address of the visitor's page; untrusted."""
    first_response_ms: int | None
    rating: int | None
    may_write: bool
    """The asker has it in his hands."""
    answers: list[ChatAnswer]
    """In the visitor's language; none for who only reads."""


class AgentSays(Message):
    """What an agent says; told again with the same `client_id` it is once."""

    client_id: ClientId
    text: Text


class ChatLineSaid(Message):
    """Something was said in a chat that this page follows; or is told again."""

    kind: Literal["chat_line"] = "chat_line"
    contact_id: str
    line: ChatLine


class ChatStands(Message):
    """How a chat stands has changed."""

    kind: Literal["chat_stands"] = "chat_stands"
    contact_id: str
    phase: Phase
    presence: Presence
    first_response_ms: int | None
    rating: int | None


class ChatTyping(Message):
    """Somebody types just now."""

    kind: Literal["chat_typing"] = "chat_typing"
    contact_id: str
    side: Side


class ChatTypes(Message):
    """A page says that its agent types in a chat of his."""

    type: Literal["chat_typing"]
    contact_id: str = Field(max_length=60)


class ChatWatch(Message):
    """A page shows this chat, and wants to be told of it; a supervisor's, say. None: no more."""

    type: Literal["chat_watch"]
    contact_id: str | None = Field(max_length=60)
