"""What the facts of campaigns change in the tables: `cti.domain.facts.campaigns`.

The pacer's estimates and books are folded here too, so that recovery knows what was learned.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from cti.domain import pacing
from cti.domain.assignment import Assignment
from cti.domain.campaign import Campaign, Dial, without_leads
from cti.domain.contact import Contact
from cti.domain.facts import (
    AgentReserved,
    AttemptEnded,
    CalleeQueued,
    CampaignConfigured,
    CampaignSwitched,
    DialAnswered,
    DialGivenUp,
    Fact,
    LeadDialled,
    LeadsDropped,
    LeadShown,
    LeadsQueued,
    WindowBegun,
)
from cti.domain.ids import CampaignId, DialResult, Milliseconds
from cti.domain.pacing import Book, Estimates

if TYPE_CHECKING:
    from cti.domain.state import State

_UNKNOWN: Final = (DialResult.LOST, DialResult.GIVEN_UP)
"""Results from which nothing is learned."""


def _campaign_configured(state: "State", fact: CampaignConfigured) -> None:
    known = state.campaigns.get(fact.rules.campaign_id)
    if known is None:
        known = Campaign(rules=fact.rules, window_from_ms=fact.at_ms, estimates=pacing.nothing_learned())
    state.put_campaign(
        replace(
            known,
            rules=fact.rules,
            open=fact.open,
            running=known.running and fact.open,
            leads=known.leads if fact.open else (),
        )
    )


def _campaign_switched(state: "State", fact: CampaignSwitched) -> None:
    state.put_campaign(replace(state.campaign(fact.campaign_id), running=fact.running))


def _window_begun(state: "State", fact: WindowBegun) -> None:
    campaign = state.campaign(fact.campaign_id)
    state.put_campaign(
        replace(campaign, window=fact.window, window_from_ms=fact.at_ms, book=Book(), last_book=campaign.book)
    )


def _leads_queued(state: "State", fact: LeadsQueued) -> None:
    campaign = state.campaign(fact.campaign_id)
    state.put_campaign(replace(campaign, leads=(*campaign.leads, *fact.leads)))


def _leads_dropped(state: "State", fact: LeadsDropped) -> None:
    campaign = state.campaign(fact.campaign_id)
    state.put_campaign(replace(campaign, leads=without_leads(campaign.leads, fact.lead_ids)))


def _agent_reserved(state: "State", fact: AgentReserved) -> None:
    agent = state.agent(fact.agent_id)
    if agent.reserved_for is not None:
        campaign = state.campaign(agent.reserved_for)
        left = tuple(other for other in campaign.reserved if other != agent.id)
        state.put_campaign(replace(campaign, reserved=left))
    if fact.campaign_id is not None:
        campaign = state.campaign(fact.campaign_id)
        state.put_campaign(replace(campaign, reserved=(*campaign.reserved, agent.id)))
    state.put_agent(replace(agent, reserved_for=fact.campaign_id))


def _lead_dialled(state: "State", fact: LeadDialled) -> None:
    campaign = state.campaign(fact.campaign_id)
    state.put_campaign(replace(campaign, leads=without_leads(campaign.leads, (fact.lead.lead_id,))))
    state.set_dial(
        fact.dial_id,
        Dial(
            id=fact.dial_id,
            campaign_id=fact.campaign_id,
            lead=fact.lead,
            leg_id=fact.leg_id,
            node=fact.node,
            dialled_ms=fact.at_ms,
            until_ms=fact.until_ms,
            window=fact.window,
        ),
    )


def _lead_shown(state: "State", fact: LeadShown) -> None:
    campaign = state.campaign(fact.campaign_id)
    state.put_campaign(replace(campaign, leads=without_leads(campaign.leads, (fact.lead.lead_id,))))
    state.set_dial(
        fact.dial_id,
        Dial(
            id=fact.dial_id,
            campaign_id=fact.campaign_id,
            lead=fact.lead,
            leg_id=None,
            node=None,
            dialled_ms=fact.at_ms,
            until_ms=None,
            window=campaign.window,
            contact_id=fact.contact_id,
        ),
    )


def _dial_answered(state: "State", fact: DialAnswered) -> None:
    dial = state.dials[fact.dial_id]
    answered = fact.at_ms if dial.answered_ms is None else dial.answered_ms
    state.set_dial(dial.id, replace(dial, answered_ms=answered, until_ms=fact.until_ms))


def _dial_given_up(state: "State", fact: DialGivenUp) -> None:
    state.set_dial(fact.dial_id, replace(state.dials[fact.dial_id], given_up=True))


def _callee_queued(state: "State", fact: CalleeQueued) -> None:
    state.set_dial(fact.dial_id, replace(state.dials[fact.dial_id], contact_id=fact.contact_id))


def _attempt_ended(state: "State", fact: AttemptEnded) -> None:
    dial = state.dials.get(fact.dial_id)
    if dial is None:
        return
    state.set_dial(dial.id, None)
    campaign = state.campaign(fact.campaign_id)
    if dial.leg_id is None:
        return
    state.put_campaign(
        replace(
            campaign,
            book=_entered(campaign.book, fact.result) if dial.window == campaign.window else campaign.book,
            last_book=campaign.last_book
            if dial.window == campaign.window
            else _entered(campaign.last_book, fact.result),
            estimates=_learned(campaign.estimates, dial, fact),
        )
    )


def _entered(book: Book, result: DialResult) -> Book:
    if result is DialResult.CONNECTED:
        return pacing.answered(book)
    return pacing.lost(book) if result is DialResult.ABANDONED else book


def _learned(estimates: Estimates, dial: Dial, fact: AttemptEnded) -> Estimates:
    ended = fact.at_ms if dial.answered_ms is None else dial.answered_ms
    if fact.result in (DialResult.CONNECTED, DialResult.ABANDONED):
        return pacing.learned_answer(estimates, ended - dial.dialled_ms)
    if fact.result in _UNKNOWN:
        return estimates
    return pacing.learned_no_answer(estimates, ended - dial.dialled_ms)


def learn_talk(state: "State", contact: Contact, assignment: Assignment, now: Milliseconds) -> None:
    """A talk of a campaign is over: its length is learned."""
    campaign = _of(state, contact.campaign_id)
    if campaign is not None and assignment.started_ms is not None:
        learned = pacing.learned_talk(campaign.estimates, now - assignment.started_ms)
        state.put_campaign(replace(campaign, estimates=learned))


def learn_wrap_up(state: "State", contact: Contact | None, assignment: Assignment, now: Milliseconds) -> None:
    """A wrap-up of a campaign is over, likewise."""
    campaign = _of(state, contact.campaign_id) if contact is not None else None
    if campaign is not None and assignment.wrap_up_ms is not None:
        learned = pacing.learned_wrap_up(campaign.estimates, now - assignment.wrap_up_ms)
        state.put_campaign(replace(campaign, estimates=learned))


def _of(state: "State", campaign_id: CampaignId | None) -> Campaign | None:
    return None if campaign_id is None else state.campaigns.get(campaign_id)


FOLDS: Final[Mapping[type[Fact], Callable[["State", Any], None]]] = {
    CampaignConfigured: _campaign_configured,
    CampaignSwitched: _campaign_switched,
    WindowBegun: _window_begun,
    LeadsQueued: _leads_queued,
    LeadsDropped: _leads_dropped,
    AgentReserved: _agent_reserved,
    LeadDialled: _lead_dialled,
    LeadShown: _lead_shown,
    DialAnswered: _dial_answered,
    DialGivenUp: _dial_given_up,
    CalleeQueued: _callee_queued,
    AttemptEnded: _attempt_ended,
}
