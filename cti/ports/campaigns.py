"""Campaigns beyond the ACD: their lists, what came of each attempt, and what may be asked of them.

`Leads` is the list in the database (`cti.store`); `Campaigns` is what the web asks (`cti.campaigns`). Numbers, names
and what else a list says of people are erasable and never leave these for the journal.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from cti.domain.events import Lead
from cti.domain.ids import (
    AgentId,
    CampaignId,
    ContactId,
    DialId,
    DialResult,
    DispositionId,
    LeadId,
    Milliseconds,
    ProjectId,
)
from cti.domain.state import State

HUMAN_TALK_MS: Final = 5_000


class LeadState(StrEnum):
    """How far a lead has come."""

    NEW = "new"
    """Never tried."""
    TRYING = "trying"
    """Being dialled, or looked at by an agent."""
    RETRY = "retry"
    """To be tried again."""
    DONE = "done"
    """Not tried again, unless its disposition says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callee:
    """Whom a lead stands for: what the switch dials and the agent sees."""

    lead_id: LeadId
    campaign_id: CampaignId
    number: str
    """E.164; "" once the person was erased."""
    name: str
    language: str
    """"" when the list does not say."""
    columns: Mapping[str, str]
    """Whatever else the list says, in its order."""
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLead:
    """A lead to be entered."""

    line: int
    """Of the file, from 1."""
    number: str
    """E.164."""
    zones: tuple[str, ...]
    """Time zones where the callee may be, at least one."""
    name: str = ""
    language: str = ""
    tier: int = 0
    not_before_ms: Milliseconds | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What entering some leads did; lines of the file."""

    added: int
    known: tuple[int, ...]
    """Numbers that the campaign has already."""
    barred: tuple[int, ...]
    """Numbers that are not to be called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A disposition after which a lead is tried again."""

    disposition: DispositionId
    after_ms: Milliseconds
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which leads the feeder wants: those of a campaign that may be dialled at this instant."""

    campaign_id: CampaignId
    project_id: ProjectId
    now: Milliseconds
    open_zones: Collection[str]
    """`DueLead.zones` as they are kept, of places where it is calling time."""
    again: Sequence[Again]
    without: Collection[LeadId]
    """In line or being tried already."""
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DueLead:
    """A lead that may be dialled: what the ACD hears of it, and whom it stands for."""

    lead: Lead
    callee: Callee
    zones: str
    """Where he is, as it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a campaign's list has come."""

    total: int = 0
    new: int = 0
    trying: int = 0
    retry: int = 0
    withdrawn: int = 0
    barred: int = 0
    """Not done, and entered in do-not-call since."""
    done: Mapping[DialResult, int] = field(default_factory=dict)
    """By the last result."""
    next_ms: Milliseconds | None = None
    """When the next retry is due; None when there is none."""
    due: int = 0
    """May be tried now."""
    outside_hours: int = 0
    """To be tried now, and it is not calling time at their place."""

    @property
    def open(self) -> int:
        """Still to be tried."""
        return self.new + self.retry

    @property
    def finished(self) -> int:
        """Not to be tried again."""
        return sum(self.done.values()) + self.withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolling:
    """Live answers of the last 30 days; reported, not proven."""

    answered: int = 0
    """Live answers, abandoned ones included."""
    abandoned: int = 0
    machines: int = 0
    humans: int = 0
    """Of the connected, those with whom an agent talked for `HUMAN_TALK_MS`: no machine that was taken for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadRow:
    """A lead in a list of them."""

    callee: Callee
    state: LeadState
    withdrawn: bool
    result: DialResult | None
    disposition: DispositionId | None
    next_ms: Milliseconds | None
    tried_ms: Milliseconds | None
    tier: int
    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to reach a lead."""

    dial_id: DialId
    lead_id: LeadId
    dialled_ms: Milliseconds
    answered_ms: Milliseconds | None
    ended_ms: Milliseconds | None
    result: DialResult | None
    """None: under way."""
    contact_id: ContactId | None
    agent_id: AgentId | None
    talk_ms: Milliseconds | None
    disposition: DispositionId | None
    next_ms: Milliseconds | None


class Leads(Protocol):
    """The lists. All may raise DatabaseDown."""

    async def enter(self, campaign_id: CampaignId, leads: Sequence[NewLead], *, project_id: ProjectId) -> Entered:
        """Enter these, all or none; what is known or not to be called is left out and told. At most 2000 at once."""

    async def examine(self, campaign_id: CampaignId, leads: Sequence[NewLead], *, project_id: ProjectId) -> Entered:
        """What `enter` would do; nothing is changed."""

    async def zones(self, campaign_id: CampaignId) -> Sequence[str]:
        """The places of leads to be tried, each as it is kept (`Asked.open_zones`)."""

    async def due(self, asked: Asked) -> Sequence[DueLead]:
        """Those that may be dialled now, in the order in which they should be: due retries, then by tier and list."""

    async def barred(self, lead_ids: Sequence[LeadId], *, project_id: ProjectId) -> Collection[LeadId]:
        """Those of them that must not be dialled any more: withdrawn, erased or entered in do-not-call."""

    async def recall(self, lead_ids: Sequence[LeadId]) -> Sequence[Callee]:
        """Whom they stand for."""

    async def zones_of(self, lead_ids: Sequence[LeadId]) -> Mapping[LeadId, str]:
        """Where they are, as in `zones`."""

    async def progress(self, asked: Asked) -> Progress:
        """How far the list has come at that instant; `limit` and `without` do not matter."""

    async def rolling(self, campaign_id: CampaignId, *, since_ms: Milliseconds) -> Rolling:
        """Live answers of dials since then."""

    async def search(
        self, campaign_id: CampaignId, *, text: str, state: LeadState | None, limit: int, after: int
    ) -> Sequence[LeadRow]:
        """Leads whose number or name contains the text, in the order of the list, those after that row."""

    async def lead(self, campaign_id: CampaignId, lead_id: LeadId) -> LeadRow | None:
        """One lead; None when the campaign has none such."""

    async def attempts(self, lead_id: LeadId) -> Sequence[Attempt]:
        """The tries to reach it, the newest first; at most 200."""

    async def withdraw(
        self,
        campaign_id: CampaignId,
        lead_ids: Sequence[LeadId] | None,
        *,
        now: Milliseconds,
        again: Sequence[Again] = (),
    ) -> int:
        """Never try these again, or None: all that are still to be tried, by `again` too; how many."""

    def results(self, campaign_id: CampaignId) -> AsyncIterator[Sequence[tuple[LeadRow, Sequence[Attempt]]]]:
        """The whole list with its attempts, in order, piece by piece."""


class Callees(Protocol):
    """Who the leads are that the ACD has in line or tries; from memory."""

    async def recall(self, state: State) -> None:
        """Look up everybody whom a recovered state has; before anything is dialled. Raises DatabaseDown."""

    def callee(self, campaign_id: CampaignId, lead_id: LeadId) -> Callee | None:
        """Whom the lead stands for; None when nothing is known."""

    def may_be_dialled(self, campaign_id: CampaignId, lead_id: LeadId, now: Milliseconds) -> bool:
        """Whether it is in calling hours at his place still; whoever stood in line may have stood there too long."""


class Idle(StrEnum):
    """Why a campaign dials nobody now."""

    CLOSED = "closed"
    """It is no longer in the centre file."""
    PAUSED = "paused"
    EMPTY = "empty"
    """Its list has no lead."""
    FINISHED = "finished"
    OUTSIDE_HOURS = "outside_hours"
    NONE_DUE = "none_due"
    """All that is left is to be tried later."""
    BARRED = "barred"
    """All that is left is not to be called."""
    NO_SWITCH = "no_switch"
    NO_DATABASE = "no_database"
    NO_AGENTS = "no_agents"
    """None of the queue's agents is ready, and connected where the mode needs it."""
    AGENTS_BUSY = "agents_busy"
    CAP = "cap"
    """One more dial might break the cap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A campaign as it stands now."""

    ringing: int = 0
    """Numbers that ring."""
    waiting: int = 0
    """Callees who answered and have no agent yet."""
    looked_at: int = 0
    """Leads that agents look at (preview)."""
    in_line: int = 0
    """Leads that may be dialled now."""
    agents: int = 0
    """Agents who serve it and take calls."""
    connected: int = 0
    """Those whose line stands."""
    reserved: int = 0
    """Kept free for its callees."""
    talking: int = 0
    wrapping_up: int = 0
    idle_ms: Milliseconds = 0
    """How long the reserved have been free, on average."""
    live: int = 0
    """Live answers in this window."""
    abandoned: int = 0
    window_from_ms: Milliseconds = 0
    dials_a_minute: float = 0.0
    """Over the last five minutes."""
    answer_rate: float | None = None
    """Humans of all attempts that ended in the last five minutes, 0-1; None when there were none."""
    ends_ms: Milliseconds | None = None
    """When the list would be through at this pace; None while that cannot be told."""


class ImportState(StrEnum):
    """How far an import has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """A line of the list that cannot be entered, and why."""

    line: int
    code: str
    """`RowProblem` of `cti.campaigns.rows`."""
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """An import, or what one would do."""

    import_id: str
    dry_run: bool
    state: ImportState
    rows: int = 0
    """Read so far."""
    total: int = 0
    """Lines of the file, about."""
    added: int = 0
    known: int = 0
    errors: int = 0
    barred: int = 0
    encoding: str = "utf-8"
    columns: tuple[str, ...] = ()
    """Further columns, which agents see."""
    first_errors: tuple[RowError, ...] = ()
    """At most 200."""
    problem: str = ""
    """Why it failed, as a sentence."""


class Campaigns(Protocol):
    """What the web asks of campaigns."""

    def callee(self, campaign_id: CampaignId, lead_id: LeadId) -> Callee | None:
        """Whom a lead that is in line or being tried stands for, from memory."""

    def figures(self, campaign_id: CampaignId) -> Figures:
        """As it stands now."""

    def progress(self, campaign_id: CampaignId) -> Progress:
        """As it was known a few seconds ago; empty right after the start."""

    def rolling(self, campaign_id: CampaignId) -> Rolling:
        """As it was known a minute ago at most."""

    def idle(self, campaign_id: CampaignId) -> Idle | None:
        """Why it dials nobody; None: it does."""

    def touch(self, campaign_id: CampaignId) -> None:
        """Its list changed: look again soon."""

    async def look(self, campaign_id: CampaignId) -> None:
        """Look its progress up now; a database that is away leaves what was known."""

    def take_changed(self) -> Collection[CampaignId]:
        """Those of which anything changed since the last call."""

    async def withdraw_all(self, campaign_id: CampaignId) -> int:
        """Never try again whoever is still to be tried; how many. Raises DatabaseDown."""

    def begin_import(self, campaign_id: CampaignId, content: bytes, *, dry_run: bool, actor: str) -> ImportReport:
        """Read a list in the background. Raises RuleError when one is being read already, or nothing can be read."""

    def report(self, campaign_id: CampaignId) -> ImportReport | None:
        """The newest import; None when there was none since the start."""

    @property
    def leads(self) -> Leads:
        """The lists themselves."""
