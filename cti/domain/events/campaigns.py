"""Campaigns opened and closed, started and paused, and the leads that they are given."""

from msgspec import Struct

from cti.domain.ids import CampaignId, CampaignMode, DialResult, LeadId, Milliseconds, QueueId


class Retry(Struct, frozen=True, kw_only=True, gc=False):
    """When a lead is tried again after a result; results without one end it."""

    result: DialResult
    after_ms: Milliseconds
    attempts: int = 3
    """At most so many attempts with any result."""


class CampaignOpened(Struct, frozen=True, kw_only=True, gc=False):
    """The campaign has these rules from now on; sent again, it replaces them. It dials once it is started."""

    campaign_id: CampaignId
    queue_id: QueueId
    """Whose agents serve it, and by whose rules its contacts are wrapped up."""
    mode: CampaignMode
    cap_permyriad: int = 300
    """Abandoned of live answers, at most, in hundredths of a per cent."""
    spare: int = 0
    """Agents whom the pacer does not count on."""
    lines: int = 100
    """Numbers dialled at once, at most."""
    ring_limit_ms: Milliseconds = 25_000
    connect_limit_ms: Milliseconds = 2_000
    """How long a callee may wait for an agent before he is told sorry and counts as abandoned."""
    detects_machines: bool = False
    window_ms: Milliseconds = 86_400_000
    """The book of answers and abandoned is begun anew so often; 0: never."""
    preview_limit_ms: Milliseconds = 120_000
    """How long an agent may look at a lead."""
    retries: tuple[Retry, ...] = ()


class CampaignClosed(Struct, frozen=True, kw_only=True, gc=False):
    """The campaign is no more: it dials nobody, what rings or talks goes on."""

    campaign_id: CampaignId


class CampaignStarted(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody wants it to dial. Twice is once."""

    campaign_id: CampaignId


class CampaignPaused(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody wants it to dial no more for now; what rings goes on. Twice is once."""

    campaign_id: CampaignId


class Lead(Struct, frozen=True, kw_only=True, gc=False):
    """An entry of a campaign's list, to be dialled soon."""

    lead_id: LeadId
    attempts: int = 0
    """Made so far."""
    address_key: str = ""
    """As in `ContactArrived`."""
    tier: int = 0


class LeadsGiven(Struct, frozen=True, kw_only=True, gc=False):
    """These may be dialled now, in this order, after those given before. One that is known already is nothing new."""

    campaign_id: CampaignId
    leads: tuple[Lead, ...]


class LeadsTakenBack(Struct, frozen=True, kw_only=True, gc=False):
    """These must not be dialled now: calling hours ended, or they asked not to be called. Unknown ones are nothing."""

    campaign_id: CampaignId
    lead_ids: tuple[LeadId, ...]
