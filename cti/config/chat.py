"""Chats: the pages of customers on which a visitor may write, and how it looks and goes there.

One record a page (or family of pages) that carries the widget's tag. Not here: the talk itself (`cti.media.chat`), the
widget (`cti/web/widget`).
"""

from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from cti.config.names import HoursName, QueueName
from cti.config.record import Record
from cti.config.words import Language, Words

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]


def _origin(text: str) -> str:
    parts = urlsplit(text)
    plain = not (parts.path or parts.query or parts.fragment or parts.username) and "*" not in text
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise ValueError(f"{text!r} is not an origin such as 'https://shop.example.com': scheme, host, port if any")
    return text.lower()


Origin = Annotated[str, AfterValidator(_origin)]


class Asking(StrEnum):
    """Whether a visitor is asked for something of himself before he writes."""

    NEVER = "never"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Chat(Record):
    """A page with the widget. Its key is public: it stands in the page's tag."""

    key: str
    name: Words
    """What stands above the chat."""
    queue: QueueName
    origins: tuple[Origin, ...] = ()
    """Where the page may stand; besides, the centre's own address."""
    languages: tuple[Language, ...] = (Language.EN, Language.RU)
    """The first is spoken where the page's own is none of them."""
    greeting: Words | None = None
    """What a visitor reads before he writes."""
    consent: Words | None = None
    """What he agrees to by writing: shown above the field."""
    hours: HoursName | None = None
    """When somebody answers; left out: at any time."""
    messages_to: QueueName | None = None
    """Where a message waits that was left outside the hours, or when there are too many chats; None: none is taken."""
    ask_name: Asking = Asking.OPTIONAL
    ask_email: Asking = Asking.OPTIONAL
    colour: Colour = "#0b6478"
    away_s: int = Field(default=90, ge=5, le=3600)
    """How long a visitor may be gone before he counts as having left: the page closed, the network cut."""
    most: int = Field(default=200, ge=1, le=10_000)
    """Chats at once; the next visitor may leave a message."""
    rating: bool = True
    """Whether a visitor is asked at the end how it was, from 1 to 5."""

    @model_validator(mode="after")
    def _speaks_something(self) -> Self:
        if not self.languages or len(set(self.languages)) < len(self.languages):
            raise ValueError("'languages' names at least one, each once, such as [en, ru]")
        return self

    def spoken(self, wished: str) -> Language:
        """The language for a page in `wished` (a `lang` attribute, such as `ru-RU`)."""
        code = wished.strip().lower().replace("_", "-").partition("-")[0]
        return Language(code) if code in self.languages else self.languages[0]
