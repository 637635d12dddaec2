"""CRMs outside that are asked who a customer is, beside the centre's own base.

Here: what an admin may write, and that its templates can be read. Not here: asking (`cti.crm.http`).
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from cti import sandbox
from cti.config.names import ProjectName
from cti.config.record import Record
from cti.config.words import Words
from cti.errors import RuleError


def _template(text: str) -> str:
    try:
        sandbox.Template(text, lenient=True)
    except RuleError as error:
        raise ValueError(str(error)) from error
    return text


def _url(text: str) -> str:
    _template(text)
    host = text.partition("//")[2].partition("/")[0]
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or "{" in host or "@" in host:
        raise ValueError("an address is written as https://host/path; only behind the host may it have {{ }}")
    return text


def _expression(text: str) -> str:
    try:
        sandbox.Expression(text)
    except RuleError as error:
        raise ValueError(str(error)) from error
    return text


Template = Annotated[str, AfterValidator(_template)]
"""Text with `{{ }}`, rendered in the box of `cti.sandbox`."""
Expression = Annotated[str, AfterValidator(_expression)]
Url = Annotated[str, AfterValidator(_url)]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,60}$")]
SecretName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
"""A file HOME/secrets/NAME."""
Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.:-]{1,253}$")]


class CrmKey(Record):
    """A key that every request shows."""

    header: HeaderName = "Authorization"
    prefix: str = Field(default="Bearer ", max_length=40, pattern=r"^[\x20-\x7e]*$")
    secret: SecretName


class CrmOAuth2(Record):
    """A token by OAuth2's client credentials (RFC 6749, 4.4)."""

    token_url: Url
    client_id: str = Field(min_length=1, max_length=200)
    secret: SecretName
    scope: str = Field(default="", max_length=500)


class CrmContracts(Record):
    """Which contracts the answer names; the templates know each as `item`."""

    each: Expression
    number: Template
    kind: Template = ""
    status: Template = ""
    balance: Template = ""
    """In whole units, such as -12.50."""
    currency: Template = ""
    ends_on: Template = ""
    """ISO date."""


class CrmDetail(Record):
    """One more line of the card."""

    name: Words
    value: Template
    link: Url | None = None
    """Where a click on it leads."""


class CrmBreaker(Record):
    """When a CRM that fails is left alone."""

    failures: int = Field(default=5, ge=1, le=100)
    """So many in a row."""
    pause_s: int = Field(default=30, ge=1, le=3600)
    """Then one look-up tries it."""


class Crm(Record):
    """One CRM outside, of one project."""

    key: str
    name: Words
    """Shown beside what came from it."""
    project: ProjectName
    asks_for: tuple[Literal["phone", "email", "handle"], ...] = Field(default=("phone",), min_length=1)
    url: Url
    method: Literal["GET", "POST"] = "GET"
    body: Mapping[str, Template] = Field(default_factory=dict)
    """Sent as JSON with POST."""
    headers: Mapping[HeaderName, Annotated[str, StringConstraints(max_length=500, pattern=r"^[\x20-\x7e]*$")]] = Field(
        default_factory=dict
    )
    auth: CrmKey | None = None
    oauth2: CrmOAuth2 | None = None
    trusted_hosts: tuple[Host, ...] = ()
    """Hosts that may be on a private network, or be spoken to without TLS."""
    deadline_ms: int = Field(default=300, ge=20, le=3000)
    breaker: CrmBreaker = CrmBreaker()
    found: Expression = "data"
    """Whether the answer tells of a customer: anything but empty, 0 and false."""
    fields: Mapping[Literal["name", "tier", "language", "phones", "emails"], Template] = Field(min_length=1)
    """Several phones and e-mails are divided by commas."""
    contracts: CrmContracts | None = None
    details: tuple[CrmDetail, ...] = Field(default=(), max_length=12)

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if "name" not in self.fields:
            raise ValueError("'fields' must have 'name'")
        if self.auth is not None and self.oauth2 is not None:
            raise ValueError("write either 'auth' or 'oauth2'")
        if self.body and self.method != "POST":
            raise ValueError("'body' needs 'method: POST'")
        for url in (self.url, *([self.oauth2.token_url] if self.oauth2 is not None else [])):
            parts = urlsplit(url)
            if parts.scheme == "http" and parts.hostname not in self.trusted_hosts:
                raise ValueError(
                    f"without TLS anyone on the way reads along: write https://, or list {parts.hostname!r} under "
                    "'trusted_hosts'"
                )
        return self
