"""Web chat as the web sees it, and what chats must remember beyond their messages.

A *visitor* is whoever writes on a customer's page; his *session* is one chat at most. What is said stands in
`ports.media.Messages`, what becomes of the contact in the engine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cti.domain.ids import AgentId, ContactId, Milliseconds, ProjectId
from cti.ports.media import Message


class Phase(StrEnum):
    """How far a chat has come, as both sides see it."""

    WAITING = "waiting"
    """Nobody has taken it (any more)."""
    ACTIVE = "active"
    ENDED = "ended"


class Presence(StrEnum):
    """Whether the visitor is there."""

    HERE = "here"
    AWAY = "away"
    """His page is closed or cut off; he may come back."""
    LEFT = "left"
    """He has been away too long, or said that he is done."""


class Note(StrEnum):
    """What the centre notes in a chat: the text of its `Direction.SYSTEM` messages, for the pages to put into words."""

    AGENT_JOINED = "agent_joined"
    AGENT_LEFT = "agent_left"
    """The agent was lost; the visitor waits again."""
    AGENT_ENDED = "agent_ended"
    VISITOR_ENDED = "visitor_ended"
    VISITOR_LEFT = "visitor_left"
    VISITOR_BACK = "visitor_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who writes, as his page says. Untrusted but for the session and the site."""

    session_id: str
    site: str
    """Key of the centre file's `chats`."""
    language: str
    name: str = ""
    email: str = ""
    page: str = ""
    """Address of the page on which he writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRecord:
    """A chat for good: which session it is, and how it went."""

    contact_id: ContactId
    session_id: str
    project_id: ProjectId
    site: str
    began_ms: Milliseconds
    page: str = ""
    first_response_ms: Milliseconds | None = None
    """From the arrival to the agent's first words."""
    rating: int | None = None
    """1 to 5, the visitor's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a chat stands now."""

    phase: Phase
    presence: Presence
    position: int | None = None
    """Place in the queue from 1, while it waits."""
    expected_wait_ms: Milliseconds | None = None
    """None: not known well enough to be told."""
    agent_id: AgentId | None = None
    """Who has it."""
    first_response_ms: Milliseconds | None = None
    rating: int | None = None


class Side(StrEnum):
    """Who does something in a chat."""

    VISITOR = "visitor"
    AGENT = "agent"


class ChatListener(Protocol):
    """Somebody who follows chats. Called on the loop, in order; may neither block nor raise."""

    def said(self, message: Message) -> None:
        """A message is kept for good; told again when it is told twice."""

    def stands(self, contact_id: ContactId, standing: Standing) -> None:
        """How the chat stands has changed."""

    def typing(self, contact_id: ContactId, side: Side) -> None:
        """Somebody types just now."""


class Chats(Protocol):
    """Every live chat. Raises DatabaseDown and RuleError throughout; a RuleError has changed nothing."""

    async def find(self, session_id: str) -> ChatRecord | None:
        """The chat that this session began."""

    async def record(self, contact_id: ContactId) -> ChatRecord | None:
        """What is known of a contact's chat; None: it is no chat of ours."""

    async def transcript(self, contact_id: ContactId) -> Sequence[Message]:
        """What was said, oldest first; the newest 500."""

    def standing(self, contact_id: ContactId) -> Standing:
        """How it stands; a contact that is no more has ended."""

    def refusal(self, site: str) -> str | None:
        """Why no chat can begin there now: `closed` (out of hours), `busy` (too many); None: one can."""

    async def visitor_says(self, visit: Visit, *, client_id: str, text: str) -> Message:
        """Keep a visitor's words, on disk when this returns; the first begin the chat.

        The same `client_id` again is the same message. Raises RuleError, code `chat_closed`, `chat_busy` or
        `chat_ended`.
        """

    async def agent_says(self, contact_id: ContactId, agent_id: AgentId, *, client_id: str, text: str) -> Message:
        """Keep an agent's words, on disk when this returns, and tell the visitor. Once for each `client_id`."""

    async def leave_message(self, visit: Visit, *, client_id: str, text: str) -> None:
        """Take a message for later: a contact of its own, on disk when this returns. Once for each `client_id`.

        Raises RuleError, code `chat_no_messages`, when the site takes none.
        """

    def types(self, contact_id: ContactId, side: Side) -> None:
        """Tell the other side that somebody types."""

    async def leave(self, contact_id: ContactId) -> None:
        """The visitor is done: whoever waits is closed as abandoned, who talks goes on to wrap-up. Twice is once."""

    async def rate(self, contact_id: ContactId, rating: int) -> None:
        """How the visitor found it, 1 to 5; the last word counts."""

    async def delivered(self, contact_id: ContactId, message_id: int) -> None:
        """The visitor's page has everything up to this message."""

    def follow(self, contact_id: ContactId, listener: ChatListener) -> Callable[[], None]:
        """A visitor's page is open on this chat, until what is returned is called."""

    def watch(self, listener: ChatListener) -> None:
        """Tell of every chat from now on: the agents' side."""


class ChatBook(Protocol):
    """Where chats are kept. Every call raises DatabaseDown."""

    async def open(self, record: ChatRecord) -> ChatRecord:
        """Keep a new chat; durable when it returns. A session's second is its first, which comes back."""

    async def of_session(self, session_id: str) -> ChatRecord | None:
        """The session's chat."""

    async def of_contacts(self, contact_ids: Sequence[ContactId]) -> Sequence[ChatRecord]:
        """Those that are chats."""

    async def responded(self, contact_id: ContactId, first_response_ms: Milliseconds) -> None:
        """Note the first response; a later one changes nothing."""

    async def rate(self, contact_id: ContactId, rating: int) -> None:
        """Note the visitor's rating; the last counts."""
