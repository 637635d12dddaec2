"""Campaigns, their leads and dials, and the callees who are put through."""

from msgspec import Struct

from cti.domain.events import CampaignOpened, Lead
from cti.domain.ids import AgentId, CampaignId, ContactId, DialId, DialResult, LeadId, LegId, Milliseconds, NodeId


class CampaignConfigured(Struct, frozen=True, kw_only=True, gc=False):
    """The campaign has these rules; closed, it dials nobody and forgets the leads that it was given."""

    rules: CampaignOpened
    open: bool
    at_ms: Milliseconds


class CampaignSwitched(Struct, frozen=True, kw_only=True, gc=False):
    """The campaign dials, or does not, from now on."""

    campaign_id: CampaignId
    running: bool
    at_ms: Milliseconds


class WindowBegun(Struct, frozen=True, kw_only=True, gc=False):
    """The campaign's book is begun anew. Dials of earlier windows still count there."""

    campaign_id: CampaignId
    window: int
    """From 1."""
    at_ms: Milliseconds


class LeadsQueued(Struct, frozen=True, kw_only=True, gc=False):
    """These stand in line to be dialled."""

    campaign_id: CampaignId
    leads: tuple[Lead, ...]


class LeadsDropped(Struct, frozen=True, kw_only=True, gc=False):
    """These do not (any more): nothing was tried."""

    campaign_id: CampaignId
    lead_ids: tuple[LeadId, ...]


class AgentReserved(Struct, frozen=True, kw_only=True, gc=False):
    """The agent is kept free for the callees of this campaign; None: for nobody any more."""

    agent_id: AgentId
    campaign_id: CampaignId | None
    at_ms: Milliseconds


class LeadDialled(Struct, frozen=True, kw_only=True, gc=False):
    """The lead is being dialled with this leg. It stands in line no more."""

    dial_id: DialId
    campaign_id: CampaignId
    lead: Lead
    leg_id: LegId
    node: NodeId
    at_ms: Milliseconds
    until_ms: Milliseconds
    window: int
    """Its outcome goes to that window's book."""


class LeadShown(Struct, frozen=True, kw_only=True, gc=False):
    """An agent is shown the lead, with this contact, before it is called. It stands in line no more."""

    dial_id: DialId
    campaign_id: CampaignId
    lead: Lead
    contact_id: ContactId
    at_ms: Milliseconds


class DialAnswered(Struct, frozen=True, kw_only=True, gc=False):
    """The callee picked up; whether he is a machine may be listened for."""

    dial_id: DialId
    at_ms: Milliseconds
    until_ms: Milliseconds
    """An agent must have him by then."""


class DialGivenUp(Struct, frozen=True, kw_only=True, gc=False):
    """The dial is being hung up before an answer; until its end is known it counts as one that may be answered."""

    dial_id: DialId
    at_ms: Milliseconds


class CalleeQueued(Struct, frozen=True, kw_only=True, gc=False):
    """The callee is a human: this contact, which is queued by the same event, is his."""

    dial_id: DialId
    contact_id: ContactId
    at_ms: Milliseconds


class AttemptEnded(Struct, frozen=True, kw_only=True, gc=False):
    """What came of an attempt to reach a lead, and when he is tried next."""

    campaign_id: CampaignId
    lead_id: LeadId
    dial_id: DialId
    result: DialResult
    attempts: int
    """Made so far, this one included if it counts."""
    at_ms: Milliseconds
    next_ms: Milliseconds | None
    """Not before then; None: never again."""
    contact_id: ContactId | None = None
