"""A campaign and its dials: the records, and what can be said of them alone. The rules stand in `campaigns`."""

from typing import Final

from msgspec import Struct

from cti.domain.events import CampaignOpened, Lead
from cti.domain.ids import (
    AgentId,
    CampaignId,
    ContactId,
    DialId,
    DialResult,
    LeadId,
    LegCause,
    LegId,
    Milliseconds,
    NodeId,
)
from cti.domain.pacing import Book, Estimates

AGAIN_MS: Final[Milliseconds] = 60_000
"""When a lead is tried again whose attempt came to nothing by no doing of his."""
UNCOUNTED: Final = (DialResult.LOST, DialResult.GIVEN_UP, DialResult.SKIPPED)
"""Results of attempts that were none."""

_BY_CAUSE: Final = {
    LegCause.BUSY: DialResult.BUSY,
    LegCause.NO_ANSWER: DialResult.NO_ANSWER,
    LegCause.NORMAL: DialResult.NO_ANSWER,
    LegCause.REJECTED: DialResult.REJECTED,
    LegCause.NO_SUCH_NUMBER: DialResult.NO_SUCH_NUMBER,
    LegCause.UNREACHABLE: DialResult.CONGESTION,
    LegCause.CONGESTION: DialResult.CONGESTION,
    LegCause.LOST: DialResult.LOST,
}


class Campaign(Struct, frozen=True, kw_only=True, gc=False):
    """A campaign as it stands now."""

    rules: CampaignOpened
    estimates: Estimates
    open: bool = True
    running: bool = False
    leads: tuple[Lead, ...] = ()
    """May be dialled now, the next first."""
    book: Book = Book()
    last_book: Book = Book()
    """Of the window before: those dialled in it still count there."""
    window: int = 1
    window_from_ms: Milliseconds = 0
    reserved: tuple[AgentId, ...] = ()
    """Kept free for its callees, the longest first."""

    @property
    def id(self) -> CampaignId:
        """The key in the centre file."""
        return self.rules.campaign_id


class Dial(Struct, frozen=True, kw_only=True, gc=False):
    """One attempt under way: until an agent has the callee, or it is over; or a lead that an agent looks at."""

    id: DialId
    campaign_id: CampaignId
    lead: Lead
    leg_id: LegId | None
    """None: an agent looks at the lead, and dials it himself."""
    node: NodeId | None
    dialled_ms: Milliseconds
    until_ms: Milliseconds | None
    """How long he is rung, or waits for an agent; None for a lead that is looked at."""
    window: int
    given_up: bool = False
    """It is being hung up."""
    answered_ms: Milliseconds | None = None
    contact_id: ContactId | None = None
    """Of a callee who is a human, or of the agent who looks at the lead."""


def result_of(cause: LegCause) -> DialResult:
    """What came of an attempt that ended so without an answer."""
    return _BY_CAUSE[cause]


def attempts_after(lead: Lead, result: DialResult) -> int:
    """How many attempts were made, this one included if it was one."""
    return lead.attempts + (result not in UNCOUNTED)


def next_ms(rules: CampaignOpened, result: DialResult, *, attempts: int, now: Milliseconds) -> Milliseconds | None:
    """When a lead is tried next; None: never again."""
    if result in (DialResult.LOST, DialResult.GIVEN_UP):
        return now + AGAIN_MS
    for retry in rules.retries:
        if retry.result is result and attempts < retry.attempts:
            return now + retry.after_ms
    return None


def number_of(dial_id: DialId) -> tuple[int, int]:
    """The number of the event that dialled, and the dial's place among those of that event."""
    number, _, place = dial_id[1:].partition("-")
    return int(number), int(place or 0)


def without_leads(leads: tuple[Lead, ...], gone: tuple[LeadId, ...]) -> tuple[Lead, ...]:
    """Those that stay in line."""
    dropped = frozenset(gone)
    return tuple(lead for lead in leads if lead.lead_id not in dropped)
