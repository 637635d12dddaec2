"""Requests that come without a call: what brings them in, what is said on them, and where that is kept.

A *connector* (`cti.media`) is the one way in and out of a medium; `cti.media.intake` brings what it receives to the
engine; the messages of a contact stand in `Messages` (`cti.store`), never in the journal.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cti.domain.ids import AgentId, ContactId, Medium, Milliseconds, ProjectId, QueueId


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came, or goes, with a message."""

    name: str
    """As the sender called it, without a path; never a file name of ours."""
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One message that a connector received."""

    key: str
    """The source's own: the same message told again has the same key. Unique over all connectors."""
    medium: Medium
    project_id: ProjectId
    queue_id: QueueId
    """Where a contact waits that it begins."""
    received_ms: Milliseconds
    """When it reached the mailbox or the server: seniority and the service level count from here."""
    address: str
    """Who wrote: an e-mail address, a visitor's id; "" when nobody knows. Untrusted."""
    name: str = ""
    subject: str = ""
    language: str = "en"
    text: str = ""
    html: str = ""
    """Cleaned: safe to show in a page; "" when there is only text."""
    continues: ContactId | None = None
    """The contact that it answers, as a reference proves that we signed; None: it begins a new one."""
    automatic: bool = False
    """No person wrote it (an automatic answer, a delivery report): it is added to what it continues, and begins no
    contact."""
    reference: str = ""
    """What an answer must refer to (a Message-ID); "" where the medium has no such thing."""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Referred:
    """A message of ours that somebody's message refers to."""

    key: str
    contact_id: ContactId
    project_id: ProjectId
    address: str
    """To whom it went."""


class Direction(StrEnum):
    """Who speaks to whom."""

    IN = "in"
    OUT = "out"
    SYSTEM = "system"
    """Nobody: what the centre itself has to say, such as that an agent joined."""


class Sending(StrEnum):
    """How far a message to the customer has come."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a contact, as it is kept and shown."""

    message_id: int
    contact_id: ContactId
    direction: Direction
    at_ms: Milliseconds
    key: str
    """`Incoming.key`, or the idempotency key of one that we send; unique."""
    agent_id: AgentId | None
    """Who wrote it, of ours."""
    subject: str
    text: str
    html: str
    reference: str
    sending: Sending | None
    """None: it is not for sending."""
    problem: str = ""
    """Why it could not be sent, in words for the agent."""
    address: str = ""
    """Who wrote it, or to whom it goes; untrusted."""
    attachments: tuple[tuple[int, str, str, int], ...] = ()
    """Attachment id, name, media type and size in bytes of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What an agent, or the centre, says to a customer."""

    key: str
    """Idempotency key: sent twice with the same key, it goes out once as far as the medium lets us know."""
    medium: Medium
    contact_id: ContactId
    project_id: ProjectId
    address: str
    subject: str
    text: str
    queued_ms: Milliseconds = 0
    """Since when it has been waiting to be sent, by the engine's clock; 0: not known."""
    in_reply_to: str = ""
    """`Incoming.reference` of what it answers."""
    references: tuple[str, ...] = ()
    """The whole thread's, the oldest first."""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the centre itself notes on a contact: it is shown and goes to nobody."""

    key: str
    medium: Medium
    contact_id: ContactId
    project_id: ProjectId
    at_ms: Milliseconds
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How a message stands that is kept as a file."""

    erased: bool
    """Its person was erased: the file is to go too."""
    closed: bool
    """Its contact is closed: somebody has heard it."""


class Connector(Protocol):
    """One medium's way in and out for one account. `tests/media/contract.py` is its contract as tests."""

    @property
    def medium(self) -> Medium: ...

    @property
    def name(self) -> str:
        """The account's key in the centre file, for logs and metrics."""

    def receive(self) -> AsyncIterator[Incoming]:
        """What comes in, each message at least once until it is acknowledged; for as long as the connector lives.

        Connects again by itself, with back-off. At most a bounded number is handed out unacknowledged.
        """

    async def acknowledge(self, key: str) -> None:
        """The message stands in the journal and in `Messages`: the source may forget it. Twice is once.

        Raises OutsideError; the message is then told again, and is no second contact.
        """

    async def send(self, outgoing: Outgoing) -> str:
        """Send it; returns the reference that answers to it will carry, "" when the medium has none.

        Raises OutsideError: transient, try again later with the same key; else it can never be sent, and says why in
        words for the agent.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file put to an answer that is not sent yet."""

    upload_id: int
    name: str
    media_type: str
    size: int
    """Bytes."""


class Uploads(Protocol):
    """Files of answers that agents are writing, for a day. Every call raises DatabaseDown."""

    async def put(
        self, contact_id: ContactId, agent_id: AgentId, file: Attachment, *, at_ms: Milliseconds
    ) -> Upload | None:
        """Keep a file; None when those of this answer would become too many or too large."""

    async def listed(self, contact_id: ContactId, agent_id: AgentId) -> Sequence[Upload]:
        """His files for an answer on this contact, oldest first."""

    async def read(self, contact_id: ContactId, agent_id: AgentId) -> Sequence[Attachment]:
        """Those with their content."""

    async def drop(self, contact_id: ContactId, agent_id: AgentId, upload_id: int | None = None) -> None:
        """Forget one of them, or all; one that is not there is forgotten already."""


class Messages(Protocol):
    """Where what was said on contacts without a call is kept. Every call raises DatabaseDown."""

    async def keep(self, contact_id: ContactId, incoming: Incoming) -> Message:
        """Keep a message that came in; durable when it returns. One with a known key is kept once."""

    async def queue(self, outgoing: Outgoing, *, agent_id: AgentId | None, at_ms: Milliseconds) -> Message:
        """Keep a message that is to be sent; durable when it returns. One with a known key is kept once."""

    async def note(self, said: Said) -> Message:
        """Keep what the centre itself has to say on a contact (`Direction.SYSTEM`). One with a known key, once."""

    async def settle(self, key: str, sending: Sending, *, reference: str = "", problem: str = "") -> None:
        """Note how far a message of ours has come."""

    async def unsent(self, medium: Medium, *, beginning: str = "") -> Sequence[Outgoing]:
        """What was queued and neither sent nor failed: never tried ones first, then those that were, the oldest first.

        `beginning`: only those whose key begins so.
        """

    async def of_contact(self, contact_id: ContactId) -> Sequence[Message]:
        """The messages of a contact and of those that it continues, oldest first."""

    async def going_on_from(self, contact_id: ContactId) -> Sequence[ContactId]:
        """The contacts that continue this one, directly or by others, the newest first."""

    async def contact_of(self, key: str) -> ContactId | None:
        """The contact of the message with this key; None when there is none."""

    async def referred(self, reference: str) -> Referred | None:
        """The newest message that we sent under this reference; None when there is none."""

    async def attachment(self, attachment_id: int) -> tuple[ContactId, Attachment] | None:
        """One attachment and whose it is."""
