"""Who calls: the customer's card, what belongs to a person in a contact, and the accounts of the self-service.

Implemented by `cti.crm` and `cti.store`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from cti.domain.ids import AgentId, ContactId, DispositionId, Medium, Milliseconds, ProjectId, QueueId

LAST_AGENT_DAYS: Final = 30
"""How long ago a contact may be for its agent to count as a customer's last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """What belongs to a person in a contact: erasable, so kept out of the journal."""

    contact_id: ContactId
    project_id: ProjectId
    medium: Medium
    address: str
    """The customer's number (E.164) or other address; "" if unknown."""
    name: str
    dialled: str
    language: str
    path: str
    account: str
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One contract of a customer."""

    number: str
    kind: str
    status: str
    balance_minor: int
    """In minor units of the currency."""
    currency: str
    ends_on: str | None
    """ISO date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastContact:
    """One earlier contact of a customer."""

    contact_id: ContactId
    medium: Medium
    queue_id: QueueId
    arrived_ms: Milliseconds
    agent_name: str | None
    disposition: DispositionId | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One more line of a card, as a source outside tells it."""

    en: str
    ru: str
    """Its name, in each language."""
    value: str
    link: str = ""
    """http(s), or "": none."""
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What an agent of this project may see about a customer."""

    customer_id: int
    """0: only a source outside knows him."""
    name: str
    tier: str
    language: str
    phones: tuple[str, ...]
    emails: tuple[str, ...]
    contracts: tuple[Contract, ...]
    past: tuple[PastContact, ...]
    """The newest first, at most ten."""
    source: str
    details: tuple[Detail, ...] = ()
    origins: tuple[tuple[str, str], ...] = ()
    """Of a card that several sources made: what did not come from `source`, as (`name`, `phones.0`, …; its source)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What of a customer decides how he is routed."""

    tier: str
    """As it stands in his record; "" for somebody who is no customer."""
    manager: AgentId | None = None
    """His relationship manager, if he is still active."""
    last_agent: AgentId | None = None
    """Who answered his last contact with the project, within `LAST_AGENT_DAYS`."""
    last_ms: Milliseconds | None = None
    """When that contact arrived."""


class Customers(Protocol):
    """Who is it? Asked beside the call; only a queue that routes by standing lets a caller wait for it a moment."""

    async def find(self, address: str, *, project_id: ProjectId) -> Card | None:
        """The customer with this address in this project; None when there is none. Raises DatabaseDown after 300 ms."""

    async def standing(self, address: str, *, project_id: ProjectId) -> Standing | None:
        """How the customer with this address stands with this project: one indexed query.

        Somebody who is no customer stands by his last contact from this very address alone; None when there is neither.
        Raises DatabaseDown after 150 ms.
        """


class Source(Protocol):
    """A place outside, such as a client company's CRM, that is asked beside the centre's own base."""

    @property
    def name(self) -> str:
        """Its key in the centre file."""

    async def find(self, address: str, *, project_id: ProjectId) -> Card | None:
        """As `Customers.find`. Raises OutsideError, within its own deadline; what is told is stored nowhere."""


class Particular(Protocol):
    """Keeps contacts' particulars."""

    def keep(self, particulars: Sequence[Particulars]) -> None:
        """Take them into the next write (within 0.1 s while the database is there); returns at once."""

    async def durable(self) -> None:
        """Return when all that was taken until now is durable; hurries the write, waits while the database is away."""

    async def recall(self, contact_ids: Sequence[ContactId]) -> dict[ContactId, Particulars]:
        """What is kept of these; missing ones are absent. Raises DatabaseDown."""


class AccountAnswer(StrEnum):
    """What came of an account's number and PIN."""

    OK = "ok"
    WRONG = "wrong"
    LOCKED = "locked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """What a caller may hear about an account; the fields after `tries_left` only with `OK`."""

    answer: AccountAnswer
    tries_left: int
    balance_minor: int | None = None
    currency: str | None = None
    status: str | None = None
    ends_on: str | None = None
    """ISO date."""
    tariff: str | None = None
    """What kind of contract it is, in the centre's words."""
    language: str | None = None


class Accounts(Protocol):
    """The self-service of the IVR."""

    async def check(self, account: str, pin: str) -> AccountState:
        """Compare the PIN with the hash kept, counting wrong tries per account. Raises DatabaseDown within 1 s."""
