"""The records of mail on agents' pages: what was said on a contact, what may be answered, and that something is new."""

from typing import Annotated, Literal

from pydantic import Field

from cti.web.record import NO_NUL, Message

TEXT_LIMIT = 50_000


class FileView(Message):
    """A file of a message, or of an answer that is being written."""

    file_id: int
    name: str
    size: int
    """Bytes."""


class MessageView(Message):
    """One message of a contact's thread."""

    message_id: int
    contact_id: str
    direction: Literal["in", "out", "system"]
    at_ms: int
    agent: str | None
    """Who wrote it, of ours; None: the customer, or the centre itself."""
    address: str
    """Who wrote it, or to whom it went."""
    subject: str
    text: str
    html: str
    """Safe to show as it is; "": there is only text."""
    sending: Literal["queued", "sent", "failed"] | None
    problem: str
    files: list[FileView]


class ReadyAnswer(Message):
    """A ready answer with this contact's names in it."""

    id: str
    title: str
    text: dict[str, str]
    """By language."""


class AnswerDesk(Message):
    """What an agent needs to answer a mail."""

    account: str
    """Address that the answer goes out from; "": there is none, and it cannot be answered here."""
    recipients: list[str]
    """Who wrote in this thread, the newest first: to one of these the answer goes."""
    subject: str
    language: str
    """Of the customer, as far as it is known."""
    answers: list[ReadyAnswer]
    signature: dict[str, str]
    """What is put under the answer, by language."""
    files: list[FileView]
    """Put to the answer so far."""


class NewAnswer(Message):
    """An answer to be sent, with the files put to it."""

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
    """Made by the page for this answer: told twice, it is sent once."""
    to: Annotated[str, Field(max_length=254, pattern=NO_NUL)]
    subject: Annotated[str, Field(max_length=250, pattern=NO_NUL)]
    text: Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT, pattern=NO_NUL)]
    language: Literal["en", "ru"]
    """Of the signature."""
    quote: bool = True
    """Whether what is answered stands under it."""


class MailChanged(Message):
    """Something was said on a contact that he has in his hands, or an answer of his was sent or failed."""

    kind: Literal["mail"] = "mail"
    contact_id: str
