"""The public API's records for campaigns, their lists and attempts, and for agents who stay connected.

Beside `cti.web.messages`, whose rules hold here too. Rates are shares, 0-1.
"""

from typing import Annotated, Literal

from pydantic import Field

from cti.domain.ids import CampaignMode, DialResult
from cti.ports.campaigns import Idle, ImportState, LeadState
from cti.web.record import Message

LineState = Literal["off", "ringing", "up"]
"""Of an agent's phone that is kept up between calls."""
CampaignKey = Annotated[str, Field(max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]


class ColumnView(Message):
    """One further column of a lead's line in the list; untrusted text."""

    title: str
    value: str


class CampaignContact(Message):
    """Of a contact that a campaign began."""

    campaign_id: str
    campaign: str
    lead_id: str
    attempts: int
    """Made before this one."""
    columns: list[ColumnView]


class FiguresView(Message):
    """How a campaign stands now."""

    ringing: int
    waiting: int
    """Callees who answered and have no agent yet."""
    looked_at: int
    """Leads that agents look at (preview)."""
    in_line: int
    agents: int
    """Agents who serve it and take calls."""
    connected: int
    """Those whose line stands."""
    reserved: int
    talking: int
    wrapping_up: int
    idle_ms: int
    """How long the reserved have been free, on average."""
    live: int
    """Live answers in this window."""
    abandoned: int
    rate: float
    """Abandoned of them."""
    window_from_ms: int
    dials_a_minute: float
    answer_rate: float | None
    ends_ms: int | None
    """When the list would be through at this pace."""


class RollingView(Message):
    """Of the last 30 days; reported, not proven."""

    answered: int
    abandoned: int
    rate: float | None
    """Abandoned of live answers; None without any."""
    machines: int
    humans: int
    human_rate: float | None
    """Abandoned of those and the callees with whom an agent really talked."""


class ProgressView(Message):
    """How far the list has come."""

    total: int
    new: int
    trying: int
    retry: int
    withdrawn: int
    barred: int
    outside_hours: int
    done: dict[DialResult, int]
    next_ms: int | None


class RowErrorView(Message):
    """A line that is not entered."""

    line: int
    code: str
    sentence: str


class ImportView(Message):
    """An import, or what one would do."""

    import_id: str
    dry_run: bool
    state: ImportState
    rows: int
    total: int
    added: int
    known: int
    errors: int
    barred: int
    encoding: str
    columns: list[str]
    first_errors: list[RowErrorView]
    problem: str


class CampaignView(Message):
    """A campaign as supervisors see it."""

    campaign_id: str
    name: str
    project_id: str
    project: str
    queue: str
    mode: CampaignMode
    law: str | None
    caller_id: str
    """Formatted."""
    cap: float
    """Abandoned of live answers, at most."""
    window: Literal["day", "all"]
    lines: int
    running: bool
    idle: Idle | None
    """Why it dials nobody; None: it does, or is about to."""
    idle_sentence: str
    figures: FiguresView
    rolling: RollingView
    progress: ProgressView
    reading: ImportView | None
    """The newest import since the start."""


class CampaignsChanged(Message):
    """The changed ones, whole; at most once a second; supervisors and admins only."""

    kind: Literal["campaigns"] = "campaigns"
    campaigns: list[CampaignView]


class LeadView(Message):
    """An entry of a list."""

    lead_id: str
    row: int
    """For the next page: `after`."""
    number: str
    """Formatted; "" once the person was erased."""
    name: str
    language: str
    tier: int
    zones: list[str]
    columns: list[ColumnView]
    state: LeadState
    withdrawn: bool
    attempts: int
    result: DialResult | None
    disposition: str | None
    disposition_title: str | None
    next_ms: int | None
    tried_ms: int | None


class AttemptView(Message):
    """One try to reach a lead."""

    dial_id: str
    dialled_ms: int
    answered_ms: int | None
    ended_ms: int | None
    result: DialResult | None
    contact_id: str | None
    agent: str | None
    talk_ms: int | None
    disposition_title: str | None
    next_ms: int | None


class LeadStory(Message):
    """A lead with its attempts, the newest first."""

    lead: LeadView
    attempts: list[AttemptView]


class Withdrawn(Message):
    """How many leads will not be tried again."""

    count: int


class LineWish(Message):
    """Whether the asker's phone is to be kept up between calls."""

    wanted: bool
