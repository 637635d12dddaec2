"""What the engine asks of the outside, as Protocols with their full contracts, and the records that cross them.

Adapters (`cti.asterisk`, `cti.store`, `cti.crm`, `cti.web`) implement these; the engine is given them by `cti.app`.
Every method that waits has a deadline of its own and says so by its error; none blocks the loop.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cti.domain.acd import Decision
from cti.domain.commands import SwitchCommand
from cti.domain.events import ContactArrived, Event, LegAnswered, LegEnded, RingFailed, SkillLevel
from cti.domain.facts import Fact
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    BridgeId,
    ContactId,
    DispositionId,
    LegId,
    Medium,
    Milliseconds,
    NodeId,
    ProjectId,
    QueueId,
)
from cti.domain.state import State
from cti.errors import RuleError

# -- the switch ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerEntered:
    """A caller's leg came into our hands. Holds what only tables and memory may hold, never the journal."""

    leg_id: LegId
    node: NodeId
    arrived_ms: Milliseconds
    number: str
    """The caller's number in E.164 with +, or "" when withheld or not a number."""
    name: str
    """As the network sent it: any characters, at most 80; never trusted."""
    dialled: str
    queue_id: QueueId
    language: str
    path: str
    """What he did in the IVR (`cti.variables.PATH`)."""
    account: str
    returned: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointReached:
    """A PJSIP endpoint gained or lost its last live contact; the engine knows whose it is."""

    endpoint: str
    reachable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchConnected:
    """The node answers (again). Whatever happened before is to be learnt by listing, not guessed."""

    node: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchDisconnected:
    """The node does not answer any more."""

    node: NodeId


SwitchEvent = (
    CallerEntered | LegAnswered | LegEnded | RingFailed | EndpointReached | SwitchConnected | SwitchDisconnected
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLeg:
    """One channel that is in our application now."""

    leg_id: LegId
    answered: bool
    caller: CallerEntered | None
    """For a caller's leg all that its StasisStart would have said; None for an agent's leg."""
    assignment_id: AssignmentId | None
    """For an agent's leg."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBridge:
    """One bridge and who is in it."""

    bridge_id: BridgeId
    legs: frozenset[LegId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The node's legs and bridges at one moment, asked for after subscribing, so nothing falls between."""

    node: NodeId
    legs: tuple[ListedLeg, ...]
    bridges: tuple[ListedBridge, ...]
    other_channels: frozenset[LegId]
    """Every other channel alive on the node (in the dialplan, or in the fallback queue): not ours, but not gone."""


class Switch(Protocol):
    """One Asterisk node."""

    @property
    def node(self) -> NodeId: ...

    async def execute(self, command: SwitchCommand) -> None:
        """Have the command done; twice is as good as once.

        Raises ChannelGone when a leg or bridge named in it is not there (for EndLeg and DropBridge that is success),
        AsteriskDown when the node did not answer within 3 s: then nothing is known.
        """

    async def list_legs(self) -> Listing:
        """Everything alive now. Raises AsteriskDown; an empty listing really means that nothing is there."""

    async def mute(self, leg_id: LegId, *, muted: bool) -> None:
        """Let the others hear this leg no longer, or again. Raises ChannelGone, AsteriskDown."""

    async def send_digits(self, leg_id: LegId, digits: str) -> None:
        """Play DTMF towards this leg. `digits` is [0-9*#A-D]+, never logged. Raises ChannelGone, AsteriskDown."""

    async def provision(self, phone: "Phone") -> None:
        """Create or replace the agent's SIP and web endpoints without a reload. Raises AsteriskDown."""

    async def reclaim(self) -> int:
        """Bring callers who wait in the fallback queues back into the application; how many. Raises AsteriskDown."""

    def events(self) -> AsyncIterator[SwitchEvent]:
        """What happens, in order, for as long as the adapter lives; re-connects by itself with back-off.

        After each (re-)connect SwitchConnected comes first, then an EndpointReached for every endpoint provisioned.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """An agent's line: both endpoints of one extension."""

    agent_id: AgentId
    extension: str
    secret: str
    """The SIP password, for both devices."""


# -- the journal -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One handled event. `refused` is the sentence when the core refused it; then there are no facts."""

    number: int
    at_ms: Milliseconds
    event: Event
    facts: tuple[Fact, ...]
    refused: str | None


class Journal(Protocol):
    """Append-only and durable; owned by one engine at a time."""

    def append(self, entry: Entry) -> None:
        """Take the entry into the next flush; returns at once. Entries come in order of number, without holes."""

    async def flushed(self, number: int) -> None:
        """Return when this entry is on disk. Raises OutsideError when the journal refused to write (disk full)."""

    def entries(self, *, after: int) -> AsyncIterator[Entry]:
        """Every durable entry with a greater number, in order, then end."""

    @property
    def last_number(self) -> int:
        """Number of the last entry appended."""

    async def save_snapshot(self, number: int, state: bytes) -> None:
        """Keep the state as it was after this entry. Raises OutsideError."""

    async def latest_snapshot(self) -> tuple[int, bytes] | None:
        """The newest snapshot that the journal reaches: number of its last entry, and the state."""


# -- people and configuration ----------------------------------------------------------------------------------------


class Role(StrEnum):
    """What a person may do; each includes the ones before."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user of the desktop. `agent_id` is `u<row>` for everyone; only those with an extension get contacts."""

    agent_id: AgentId
    login: str
    name: str
    role: Role
    project_ids: tuple[ProjectId, ...]
    extension: str | None
    language: str
    skills: tuple[SkillLevel, ...]
    active: bool


# -- customers -------------------------------------------------------------------------------------------------------


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
class Card:
    """What an agent of this project may see about a customer."""

    customer_id: int
    name: str
    tier: str
    language: str
    phones: tuple[str, ...]
    emails: tuple[str, ...]
    contracts: tuple[Contract, ...]
    past: tuple[PastContact, ...]
    """The newest first, at most ten."""
    source: str


class Customers(Protocol):
    """Who is it? Asked beside the call, never in its way."""

    async def find(self, address: str, *, project_id: ProjectId) -> Card | None:
        """The customer with this address in this project; None when there is none. Raises DatabaseDown after 300 ms."""


class Particular(Protocol):
    """Keeps contacts' particulars."""

    def keep(self, particulars: Sequence[Particulars]) -> None:
        """Take them into the next write (within 10 ms while the database is there); returns at once."""

    async def recall(self, contact_ids: Sequence[ContactId]) -> dict[ContactId, Particulars]:
        """What is kept of these; missing ones are absent. Raises DatabaseDown."""


# -- engine and web --------------------------------------------------------------------------------------------------


class Engine(Protocol):
    """What the web may ask of the engine; all of it on the engine's own loop."""

    @property
    def state(self) -> State:
        """The ACD's tables, to read and not to keep."""

    @property
    def switch_up(self) -> bool: ...

    def now(self) -> Milliseconds: ...

    async def handle(self, event: Event) -> Decision:
        """Have the event decided and wait until it is on disk.

        Raises RuleError when the core refuses it (nothing has changed), OutsideError when the journal cannot write.
        """

    async def arrive(self, event: ContactArrived, particulars: "Arrival") -> ContactId:
        """A contact without a channel: kept, decided, flushed. Raises as `handle`."""

    def particulars(self, contact_id: ContactId) -> Particulars | None:
        """What is known of the person, from memory; None once the contact has been closed for a while."""

    def switch(self, node: NodeId) -> Switch:
        """For mute and digits only. Raises NotFound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The particulars of a contact that has no id yet."""

    address: str = ""
    name: str = ""
    language: str = "en"
    subject: str = ""


class Desktops(Protocol):
    """The pages that are open; implemented by `cti.web`, told by the engine. No call may block or raise."""

    def decided(self, decision: Decision, now: Milliseconds) -> None:
        """After every event, at once and in order: facts to push, ShowPop and ClosePop among the commands."""

    def is_connected(self, agent_id: AgentId) -> bool:
        """Does a page of his answer pings?"""

    def switch_changed(self, *, up: bool) -> None:
        """Asterisk went away or came back."""


# -- what the web asks of the directory and the history --------------------------------------------------------------


class TooManyTries(RuleError):
    """Wrong passwords (or PINs) came too fast; nothing was checked."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("Too many wrong tries.")
        self.retry_after_s = retry_after_s


class CodeKind(StrEnum):
    """What a project's code says."""

    DISPOSITION = "disposition"
    REASON = "reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A project's own disposition, or a reason not to be ready. Retired ones stay for the history's sake."""

    project_id: ProjectId
    kind: CodeKind
    id: str
    title_en: str
    title_ru: str
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One line of the audit: who changed what."""

    at_ms: Milliseconds
    actor: str
    """His login; `system` for what no person did."""
    action: str
    subject: str
    detail: str


class People(Protocol):
    """The directory: who may sign in, who handles contacts, and the projects' codes. Every call raises DatabaseDown."""

    async def everyone(self) -> Sequence[Person]:
        """All persons, also those not active, by name."""

    async def codes(self) -> Sequence[Code]:
        """The codes of all projects, retired ones too, in the order they are shown."""

    async def phones(self) -> Sequence[Phone]:
        """The line of everyone with an extension."""

    async def sign_in(self, login: str, password: str, *, source: str) -> Person | None:
        """The active person with this login and password, else None; takes as long for an unknown login.

        `source` is the caller's address: after five failures of (login, source) raises TooManyTries.
        """

    async def redeem(self, token: str) -> Person | None:
        """The person whom this one-time link lets in, else None; a link works once."""

    async def set_password(self, agent_id: AgentId, password: str, *, actor: str) -> None:
        """Replace his password. Raises NotFound; RuleError when it is too short."""

    async def add(self, person: Person, password: str, *, actor: str) -> Person:
        """Enter a person; `person.agent_id` is "" and comes back filled.

        Raises RuleError when the login or extension is taken.
        """

    async def change(self, person: Person, *, actor: str) -> Person:
        """Write the person as given, found by `agent_id`. Raises NotFound, RuleError as `add`."""

    async def put_code(self, code: Code, *, actor: str) -> None:
        """Enter the code, or replace the one with its project, kind and id. Raises NotFound for an unknown project."""

    async def audit(self, *, limit: int, before_ms: Milliseconds | None) -> Sequence[Deed]:
        """The newest deeds before that instant, newest first."""

    async def note_deed(self, *, actor: str, action: str, subject: str, detail: str = "") -> None:
        """Enter a deed that changed nothing in the directory itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One contact as the history tells it; spans are None until known."""

    contact_id: ContactId
    medium: Medium
    project_id: ProjectId
    queue_id: QueueId
    arrived_ms: Milliseconds
    answered_ms: Milliseconds | None
    ended_ms: Milliseconds | None
    closed_ms: Milliseconds | None
    wait_ms: Milliseconds | None
    talk_ms: Milliseconds | None
    hold_ms: Milliseconds | None
    wrap_up_ms: Milliseconds | None
    agent_id: AgentId | None
    """The last who had it."""
    customer: str | None
    address: str
    disposition: str | None
    note: str


class History(Protocol):
    """Contacts that were, and those that still are; a projection of the journal, at most a second behind it."""

    async def of_agent(self, agent_id: AgentId, *, limit: int, before_ms: Milliseconds | None) -> Sequence[Told]:
        """Contacts he took up, by arrival before that instant, newest first. Raises DatabaseDown."""

    async def contact(self, contact_id: ContactId) -> Told | None:
        """One contact; None when there is none. Raises DatabaseDown."""

    async def took(self, agent_id: AgentId, contact_id: ContactId) -> bool:
        """Whether he ever took this contact up. Raises DatabaseDown."""

    def keep_note(self, assignment_id: AssignmentId, contact_id: ContactId, agent_id: AgentId, note: str) -> None:
        """Take the agent's note into the next write; returns at once. Twice replaces."""


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


class Enrolment(Protocol):
    """How a change of the directory reaches the engine and the switch."""

    async def changed(self, person: Person) -> None:
        """Enrol or remove him as an agent by what the record says now, and provision his phones. Twice is once."""
