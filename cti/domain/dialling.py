"""Whom campaigns dial, and when; and who is kept free for those who answer.

Theory of operation. After every event `pace` looks at each campaign: it keeps free agents who stay connected for its
callees, asks the pacer (`cti.domain.pacing`) how many numbers to dial now, and dials them. Whoever waits in a queue
comes first: an agent for whom anything waits is reserved for no campaign, and is given back as soon as the cap's
promise to those already dialled allows it (`pacing.cap`): after one ring at the latest. In preview an agent is shown a
lead instead, and has it called himself. What becomes of a dial is `cti.domain.campaigns`. Called by `acd`.
"""

from typing import Final

from cti.domain import campaigns, capacity, offers, pacing
from cti.domain.agent import Agent, is_available, takes, would_take
from cti.domain.campaign import Campaign, number_of
from cti.domain.commands import DialLead, EndLeg
from cti.domain.events import Lead
from cti.domain.facts import (
    AgentReserved,
    CampaignConfigured,
    CampaignSwitched,
    DialGivenUp,
    LeadDialled,
    LeadShown,
    LeadsQueued,
    NodeLost,
    NodeReturned,
    QueueConfigured,
    WindowBegun,
)
from cti.domain.ids import AgentId, CampaignMode, DialId, LegId, Medium, Milliseconds, NodeId, TimerKind
from cti.domain.pacing import Floor, Mode, Rules
from cti.domain.readiness import let_go
from cti.domain.turn import Turn
from cti.variables import DIAL_PREFIX

MARGIN_MS: Final[Milliseconds] = 2_000
"""How much later than the ring limit a dial of which nothing was heard is given up."""
_VOICE: Final = capacity.BIT[Medium.VOICE]
_WIDE: Final = (CampaignConfigured, CampaignSwitched, LeadsQueued, QueueConfigured, NodeLost, NodeReturned)
"""Facts after which every agent is looked at anew."""


def pace(turn: Turn) -> None:
    """Give back and keep agents, and dial: each campaign by its mode, the one with the fewest agents first."""
    if not turn.state.campaigns or not turn.facts:
        return
    campaigns.settle_attempts(turn)
    if _release_all(turn):
        offers.offer_all(turn)
        campaigns.settle_attempts(turn)
    order = sorted(turn.state.campaigns.values(), key=lambda campaign: (len(campaign.reserved), campaign.id))
    for campaign in order:
        if not campaign.running:
            continue
        if campaign.rules.mode is CampaignMode.PREVIEW:
            _show_leads(turn, campaign)
        else:
            _reserve(turn, campaign)
            _dial(turn, turn.state.campaign(campaign.id))


def _release_all(turn: Turn) -> bool:
    """Whether any agent was given back: what waits may be his now."""
    released = False
    for campaign_id in sorted(turn.state.campaigns):
        for agent_id in _doubtful(turn, turn.state.campaign(campaign_id)):
            campaign, agent = turn.state.campaign(campaign_id), turn.state.agents[agent_id]
            gone = not campaigns.can_take(turn, campaign, agent)
            if not gone and (_is_wanted(turn, campaign, agent) or not _may_release(turn, campaign)):
                continue
            turn.record(AgentReserved(agent_id=agent.id, campaign_id=None, at_ms=turn.now))
            let_go(turn, agent.id)
            released = True
            if gone:
                _give_up_surplus(turn, turn.state.campaign(campaign_id))
    return released


def _doubtful(turn: Turn, campaign: Campaign) -> tuple[AgentId, ...]:
    """The reserved agents of whom it may no longer be so: all when anything else waits.

    Else those just touched, and those who wait to be released: for a break, or to leave.
    """
    if not _is_dialling(turn, campaign) or _concerns_everybody(turn) or turn.state.index.anything_waits():
        return campaign.reserved
    agents, touched = turn.state.agents, turn.state.touched
    return tuple(one for one in campaign.reserved if one in touched or not is_available(agents[one]))


def _concerns_everybody(turn: Turn) -> bool:
    """Whether this event changed more than single agents, contacts and dials."""
    return any(isinstance(fact, _WIDE) for fact in turn.facts)


def _is_dialling(turn: Turn, campaign: Campaign) -> bool:
    """Whether somebody is, or is to be, dialled."""
    return campaign.running and (bool(campaign.leads) or any(True for _ in campaigns.dials_of(turn, campaign.id)))


def _is_wanted(turn: Turn, campaign: Campaign, agent: Agent) -> bool:
    """Whether he is to be kept: somebody is, or is to be, dialled, he takes calls, and nothing else waits for him."""
    return _is_dialling(turn, campaign) and _serves(turn, campaign, agent) and not _is_awaited(turn, agent)


def _is_awaited(turn: Turn, agent: Agent) -> bool:
    return turn.state.index.somebody_waits_for(agent.id, would_take(agent))


def _serves(turn: Turn, campaign: Campaign, agent: Agent) -> bool:
    """Whether callees of this campaign are for him, whatever he does right now."""
    return is_available(agent) and takes(agent, Medium.VOICE) and campaigns.is_able(turn, campaign, agent)


def _may_release(turn: Turn, campaign: Campaign) -> bool:
    in_flight, free = campaigns.count(turn, campaign)
    return pacing.may_release(campaign.book, in_flight=in_flight, free=free, cap_permyriad=campaign.rules.cap_permyriad)


def _give_up_surplus(turn: Turn, campaign: Campaign) -> None:
    """An agent vanished: hang up on those who are least likely to answer soon, so that the cap is safe again."""
    in_flight, free = campaigns.count(turn, campaign)
    surplus = pacing.surplus(campaign.book, in_flight=in_flight, free=free, cap_permyriad=campaign.rules.cap_permyriad)
    ringing = [
        dial
        for dial in campaigns.dials_of(turn, campaign.id)
        if dial.leg_id is not None and dial.answered_ms is None and dial.window == campaign.window
    ]
    left = [dial for dial in ringing if not dial.given_up]
    left.sort(key=lambda dial: (dial.dialled_ms, number_of(dial.id)), reverse=True)
    for dial in left[: max(0, surplus - (len(ringing) - len(left)))]:
        turn.record(DialGivenUp(dial_id=dial.id, at_ms=turn.now))
        if dial.leg_id is not None and dial.node is not None:
            turn.do(EndLeg(leg_id=dial.leg_id, node=dial.node))


def _reserve(turn: Turn, campaign: Campaign) -> None:
    """Keep every free agent who stays connected and for whom nothing waits.

    One who was free before this event is kept already, unless it concerned everybody.
    """
    if not _is_dialling(turn, campaign):
        return
    everybody = _concerns_everybody(turn) or bool(turn.waiting)
    for agent_id in sorted(turn.state.line_by_leg.values() if everybody else tuple(turn.state.touched)):
        agent = turn.state.agents[agent_id]
        if agent.reserved_for is None and _is_free(agent) and _is_wanted(turn, campaign, agent):
            turn.record(AgentReserved(agent_id=agent_id, campaign_id=campaign.id, at_ms=turn.now))


def _is_free(agent: Agent) -> bool:
    return agent.line_up and bool(would_take(agent) & _VOICE) and not agent.pausable


def _dial(turn: Turn, campaign: Campaign) -> None:
    if not campaign.leads:
        return
    node = _node(turn, campaign)
    if node is None:
        return
    campaign = _with_its_window(turn, campaign)
    rules = campaign.rules
    count = pacing.dials(
        campaign.estimates,
        _floor(turn, campaign),
        campaign.book,
        Rules(
            mode=Mode.PREDICTIVE if rules.mode is CampaignMode.PREDICTIVE else Mode.PROGRESSIVE,
            cap_permyriad=rules.cap_permyriad,
            spare=rules.spare,
            lines=rules.lines,
        ),
        turn.now,
    )
    for lead in campaign.leads[:count]:
        _dial_lead(turn, campaign, lead, node)


def _with_its_window(turn: Turn, campaign: Campaign) -> Campaign:
    """The campaign, its book begun anew if the window is over."""
    length = campaign.rules.window_ms
    if length > 0 and turn.now >= campaign.window_from_ms + length:
        passed = (turn.now - campaign.window_from_ms) // length
        begun = campaign.window_from_ms + passed * length
        turn.record(WindowBegun(campaign_id=campaign.id, window=campaign.window + 1, at_ms=begun))
    return turn.state.campaign(campaign.id)


def _node(turn: Turn, campaign: Campaign) -> NodeId | None:
    """Where to dial from: where those stand who are to have the callees; None while nobody is, or it is away."""
    for agent_id in (*campaign.reserved, *sorted(turn.state.line_by_leg.values())):
        agent = turn.state.agents[agent_id]
        node = turn.state.nodes.get(agent.line_node) if agent.line_node is not None else None
        if agent.line_up and _serves(turn, campaign, agent) and (node is None or not node.lost):
            return agent.line_node
    return None


def _floor(turn: Turn, campaign: Campaign) -> Floor:
    state = turn.state
    dials = [dial for dial in campaigns.dials_of(turn, campaign.id) if dial.leg_id is not None]
    current = [dial for dial in dials if dial.window == campaign.window]
    doubtful = state.index.anything_waits()
    kept = sum(
        is_available(agent) and not (doubtful and _is_awaited(turn, agent))
        for agent in campaigns.reserved(turn, campaign)
    )
    talking, wrapping = [], []
    for agent_id in state.line_by_leg.values():
        agent = state.agents[agent_id]
        if not agent.assignment_ids or not _serves(turn, campaign, agent):
            continue
        held = state.assignments[agent.assignment_ids[-1]]
        if held.wrap_up_ms is not None:
            wrapping.append(held.wrap_up_ms)
        elif held.started_ms is not None:
            talking.append(held.started_ms)
    return Floor(
        free=pacing.not_owed(kept, earlier=len(dials) - len(current)),
        waiting=sum(dial.answered_ms is not None for dial in current),
        dialled_ms=[dial.dialled_ms for dial in current if dial.answered_ms is None],
        talking_ms=talking,
        wrapping_ms=wrapping,
    )


def _dial_lead(turn: Turn, campaign: Campaign, lead: Lead, node: NodeId) -> None:
    dial_id = _dial_id(turn)
    leg_id = LegId(f"{DIAL_PREFIX}{dial_id}")
    limit_ms = campaign.rules.ring_limit_ms
    until = turn.now + limit_ms + MARGIN_MS
    turn.record(
        LeadDialled(
            dial_id=dial_id,
            campaign_id=campaign.id,
            lead=lead,
            leg_id=leg_id,
            node=node,
            at_ms=turn.now,
            until_ms=until,
            window=campaign.window,
        )
    )
    turn.start(TimerKind.DIAL, dial_id, at_ms=until)
    turn.do(
        DialLead(
            dial_id=dial_id,
            campaign_id=campaign.id,
            lead_id=lead.lead_id,
            leg_id=leg_id,
            node=node,
            limit_ms=limit_ms,
        )
    )


def _dial_id(turn: Turn) -> DialId:
    """One event may dial several numbers, in several campaigns."""
    made = sum(isinstance(fact, LeadDialled | LeadShown) for fact in turn.facts)
    return DialId(f"d{turn.number}" + (f"-{made}" if made else ""))


# -- preview -----------------------------------------------------------------------------------------------------------


def _show_leads(turn: Turn, campaign: Campaign) -> None:
    """A lead for each free agent with a desktop for whom nothing waits."""
    node = turn.state.node
    if node is None or not campaign.leads:
        return
    for agent_id in sorted(turn.state.agents):
        agent = turn.state.agents[agent_id]
        leads = turn.state.campaign(campaign.id).leads
        if not leads:
            return
        free = agent.desktop and not agent.pausable and bool(would_take(agent) & _VOICE)
        if not free or agent.reserved_for is not None or not _serves(turn, campaign, agent):
            continue
        if _is_awaited(turn, agent):
            continue
        _show_lead(turn, campaign, leads[0], agent, node)


def _show_lead(turn: Turn, campaign: Campaign, lead: Lead, agent: Agent, node: NodeId) -> None:
    dial_id = _dial_id(turn)
    contact_id = campaigns.queue_contact(turn, campaign, lead, leg_id=None, node=node)
    turn.record(LeadShown(dial_id=dial_id, campaign_id=campaign.id, lead=lead, contact_id=contact_id, at_ms=turn.now))
    campaigns.offer_to(turn, contact_id, agent, preview=True)
