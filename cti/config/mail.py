"""Mail: the accounts that customers write to, and the ready answers of each project.

Here: what an admin may write, and that its templates can be rendered. Not here: reading and sending mail
(`cti.media`). Passwords are never in the file: `secret` names one that `cti secret set` has put beside it.
"""

import ipaddress
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from cti import sandbox
from cti.config.names import ProjectName, QueueName
from cti.config.record import Record
from cti.config.words import Language, Words
from cti.errors import RuleError

PLACEHOLDERS: Final = ("customer", "agent", "company", "subject", "number")
"""What `{{ }}` may name in the text of an answer."""

Address = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-zA-Z0-9.!#$%&'*/=?^_`{|}~-]{1,64}@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*$", max_length=254
    ),
]
"""An e-mail address of ours; a + in it is left to the mail server."""
SecretName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Folder = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,99}$")]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:-]{1,253}$")]


def _template(text: str) -> str:
    try:
        sandbox.Template(text).render(**dict.fromkeys(PLACEHOLDERS, "x"))
    except RuleError as error:
        raise ValueError(f"{error} There are: {', '.join(PLACEHOLDERS)}.") from error
    return text


Template = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(_template)]
"""Text with `{{ }}`, rendered in the box of `cti.sandbox`."""


class Text(Record):
    """What customers read, in every language."""

    en: Template
    ru: Template

    def in_language(self, language: Language) -> str:
        """The text in that language."""
        return self.ru if language is Language.RU else self.en


class Tls(StrEnum):
    """How a server is spoken to."""

    IMPLICIT = "implicit"
    """From the first byte."""
    STARTTLS = "starttls"
    NONE = "none"
    """In the clear; on this machine only."""


class MailServer(Record):
    """A server and our way in."""

    host: Host
    port: int = Field(ge=1, le=65_535)
    tls: Tls = Tls.IMPLICIT
    ca: str | None = None
    """File with the authority that signed the server's certificate; None: those that the machine trusts."""
    user: Annotated[str, StringConstraints(min_length=1, max_length=254, pattern=r"^[^\x00-\x1f]+$")] | None = None
    secret: SecretName | None = None

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.tls is Tls.NONE and not _is_loopback(self.host):
            raise ValueError(f"passwords and mail would go in the clear to {self.host}: write 'tls: starttls'")
        if (self.user is None) != (self.secret is None):
            raise ValueError("'user' and 'secret' belong together: write both or none")
        return self


class Imap(MailServer):
    """Where mail is read."""

    port: int = Field(default=993, ge=1, le=65_535)
    folder: Folder = "INBOX"
    done: Folder = "Triune"
    """Where a mail is moved once it is a contact; made when it is not there."""
    ignored: Folder = "Triune-ignored"
    """Where a mail is moved that becomes no contact: automatic answers and bounces of nothing of ours."""

    @model_validator(mode="after")
    def _can_sign_in(self) -> Self:
        if self.user is None:
            raise ValueError("reading mail needs 'user' and 'secret'")
        if len({self.folder, self.done, self.ignored}) < 3:
            raise ValueError("'folder', 'done' and 'ignored' must be three")
        return self


class Smtp(MailServer):
    """Where mail is sent."""

    port: int = Field(default=465, ge=1, le=65_535)


class MailAccount(Record):
    """An address that customers write to."""

    key: str
    name: Words
    """Shown to customers as the sender."""
    address: Address
    aliases: tuple[Address, ...] = ()
    """Other addresses that reach it: mail from one of ours is never answered by itself."""
    queue: QueueName
    language: Language = Language.EN
    """Of customers whose own is not known."""
    imap: Imap
    smtp: Smtp
    signature: Text | None = None
    """Put under every answer."""
    acknowledge: Text | None = None
    """Sent at once to who begins a contact; None: nothing is."""
    hold_for_s: int = Field(default=900, ge=0, le=86_400)
    """How long who answered last is waited for, when his customer writes again."""
    largest_mb: int = Field(default=25, ge=1, le=100)
    """Mail that is larger stays in its folder: the contact says so."""


class Answer(Record):
    """A ready answer that agents choose and change."""

    key: str
    project: ProjectName
    name: Words
    text: Text


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
