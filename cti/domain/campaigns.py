"""Campaigns: whom to dial and when, who is kept free for the answers, and what becomes of each attempt.

Theory of operation. Leads are given by the shell and stand in line here. After every event `pace` looks at each
campaign: it keeps free agents who stay connected for its callees, asks the pacer (`cti.domain.pacing`) how many numbers
to dial now, and dials them. A callee who answers has an agent in the same decision, if one is reserved; else he waits,
before everybody else, for as long as the campaign allows, and is then told sorry. Every attempt ends in one
`AttemptEnded`, from which books, estimates and the lists of leads are kept.

Whoever waits in a queue comes first: an agent for whom anything waits is reserved for no campaign, and is given back as
soon as the cap's promise to those already dialled allows it (`pacing.cap`): after one ring at the latest. In preview an
agent is shown a lead instead, and has it called himself. Called by `acd`, `talks` and `deadlines`.
"""

from collections.abc import Iterator
from typing import Final

from cti.domain import capacity, offers, pacing
from cti.domain.agent import Agent, counted, is_available, load, takes, would_take
from cti.domain.campaign import Campaign, Dial, attempts_after, next_ms, number_of, result_of
from cti.domain.capacity import accepts
from cti.domain.commands import Apologise, DetectMachine, DialLead, EndLeg
from cti.domain.contact import Contact
from cti.domain.events import (
    CalleeAnswered,
    CalleeFailed,
    CampaignClosed,
    CampaignOpened,
    CampaignPaused,
    CampaignStarted,
    Lead,
    LeadsGiven,
    LeadsTakenBack,
)
from cti.domain.facts import (
    RESERVED,
    AgentReserved,
    AssignmentStarted,
    AttemptEnded,
    CalleeQueued,
    CampaignConfigured,
    CampaignSwitched,
    ContactClosed,
    ContactQueued,
    CustomerMissed,
    CustomerReached,
    DialAnswered,
    DialGivenUp,
    LeadDialled,
    LeadsDropped,
    LeadShown,
    LeadsQueued,
    NodeLost,
    NodeReturned,
    QueueConfigured,
    Why,
    WindowBegun,
)
from cti.domain.ids import (
    SYSTEM_NO_AGENT,
    AgentId,
    CampaignId,
    CampaignMode,
    ContactId,
    DialId,
    DialResult,
    LegCause,
    LegId,
    Medium,
    Milliseconds,
    NodeId,
    OfferOutcome,
    TimerKind,
)
from cti.domain.pacing import Floor, Mode, Rules
from cti.domain.queue import MOST_POINTS, serves
from cti.domain.readiness import let_go
from cti.domain.states import AssignmentState
from cti.domain.turn import Turn
from cti.errors import RuleError
from cti.variables import DIAL_PREFIX

MOST_LEADS: Final = 1_000
"""May stand in line in one campaign."""
LISTEN_MS: Final[Milliseconds] = 6_000
"""How long it may take to tell a machine from a human; then he counts as one."""
MARGIN_MS: Final[Milliseconds] = 2_000
"""How much later than the ring limit a dial of which nothing was heard is given up."""
_VOICE: Final = capacity.BIT[Medium.VOICE]
_WIDE: Final = (CampaignConfigured, CampaignSwitched, LeadsQueued, QueueConfigured, NodeLost, NodeReturned)
"""Facts after which every agent is looked at anew."""


# -- configuration -----------------------------------------------------------------------------------------------------


def opened(turn: Turn, event: CampaignOpened) -> None:
    """New rules, effective at the next dial; the same again is nothing."""
    turn.state.queue(event.queue_id)
    known = turn.state.campaigns.get(event.campaign_id)
    if known is None or known.rules != event or not known.open:
        turn.record(CampaignConfigured(rules=event, open=True, at_ms=turn.now))


def closed(turn: Turn, event: CampaignClosed) -> None:
    """It dials nobody any more; closed already is nothing."""
    known = turn.state.campaign(event.campaign_id)
    if known.open:
        turn.record(CampaignConfigured(rules=known.rules, open=False, at_ms=turn.now))


def started(turn: Turn, event: CampaignStarted) -> None:
    """It dials from now on."""
    campaign = turn.state.campaign(event.campaign_id)
    if not campaign.open:
        raise RuleError("This campaign is no longer in the centre file.", code="campaign_closed")
    if not campaign.running:
        turn.record(CampaignSwitched(campaign_id=campaign.id, running=True, at_ms=turn.now))


def paused(turn: Turn, event: CampaignPaused) -> None:
    """It dials no more for now."""
    campaign = turn.state.campaign(event.campaign_id)
    if campaign.running:
        turn.record(CampaignSwitched(campaign_id=campaign.id, running=False, at_ms=turn.now))


def leads_given(turn: Turn, event: LeadsGiven) -> None:
    """They stand in line; those that do already, or are being tried, are left out."""
    campaign = turn.state.campaign(event.campaign_id)
    if not campaign.open:
        raise RuleError("This campaign is no longer in the centre file.", code="campaign_closed")
    known = {lead.lead_id for lead in campaign.leads}
    known.update(dial.lead.lead_id for dial in _dials_of(turn, campaign.id))
    fresh: dict[str, Lead] = {}
    for lead in event.leads:
        if lead.lead_id not in known:
            fresh.setdefault(lead.lead_id, lead)
    if len(campaign.leads) + len(fresh) > MOST_LEADS:
        raise RuleError(f"More than {MOST_LEADS} leads cannot stand in line.", code="too_many_leads")
    if fresh:
        turn.record(LeadsQueued(campaign_id=campaign.id, leads=tuple(fresh.values())))


def leads_taken_back(turn: Turn, event: LeadsTakenBack) -> None:
    """They are not dialled; one that rings already rings on."""
    campaign = turn.state.campaign(event.campaign_id)
    named = frozenset(event.lead_ids)
    gone = tuple(lead.lead_id for lead in campaign.leads if lead.lead_id in named)
    if gone:
        turn.record(LeadsDropped(campaign_id=campaign.id, lead_ids=gone))


# -- what becomes of a dial --------------------------------------------------------------------------------------------


def callee_answered(turn: Turn, event: CalleeAnswered) -> None:
    """A human gets an agent at once, or waits for one; a machine is hung up. Too late, he is hung up too."""
    dial = turn.state.dials.get(event.dial_id)
    if dial is None or dial.leg_id != event.leg_id or dial.node is None:
        node = event.node or turn.state.node
        if node is not None and event.leg_id not in turn.state.contact_by_leg:
            turn.do(EndLeg(leg_id=event.leg_id, node=node))
        return
    if dial.contact_id is not None:
        return
    rules = turn.state.campaign(dial.campaign_id).rules
    if event.machine is None and rules.detects_machines:
        if dial.answered_ms is None:
            _await(turn, dial, turn.now + LISTEN_MS)
            turn.do(DetectMachine(dial_id=dial.id, leg_id=event.leg_id, node=dial.node))
    elif event.machine:
        _end_dial(turn, dial, DialResult.MACHINE)
    else:
        _await(turn, dial, turn.now + rules.connect_limit_ms)
        _let_in(turn, turn.state.dials[dial.id])


def callee_failed(turn: Turn, event: CalleeFailed) -> None:
    """He was not reached; a dial that is over is nothing.

    Who picked up while there was no engine is a live answer without an agent, though agents were free: each may cost
    one abandoned call above the cap, as an agent who vanishes does (`pacing.cap`). Nothing beyond: n - F does not grow.
    """
    dial = turn.state.dials.get(event.dial_id)
    if dial is None or dial.leg_id != event.leg_id or dial.contact_id is not None:
        return
    if event.alone:
        _attempt_ended(turn, dial, DialResult.ABANDONED)
    else:
        _attempt_ended(turn, dial, DialResult.GIVEN_UP if dial.given_up else result_of(event.cause))


def leg_ended(turn: Turn, dial_id: DialId, cause: LegCause) -> None:
    """A callee who was listened to has hung up, or was lost: nobody knows whether he was a machine."""
    result = DialResult.LOST if cause is LegCause.LOST else DialResult.NO_ANSWER
    _attempt_ended(turn, turn.state.dials[dial_id], result)


def time_is_up(turn: Turn, dial: Dial) -> None:
    """Nobody answered; or it was not to be told whether he is a machine; or no agent had him in time."""
    if dial.answered_ms is None:
        _end_dial(turn, dial, DialResult.GIVEN_UP if dial.given_up else DialResult.NO_ANSWER)
    elif dial.contact_id is None:
        _await(turn, dial, turn.now + turn.state.campaign(dial.campaign_id).rules.connect_limit_ms)
        _let_in(turn, turn.state.dials[dial.id])
    else:
        _abandon(turn, dial, turn.state.contact(dial.contact_id))


def abandon_late(turn: Turn) -> None:
    """A new engine: who has waited longer than he may is not put through; the dialplan has told him sorry by now."""
    for dial_id in sorted(turn.state.dial_by_contact.values()):
        dial = turn.state.dials[dial_id]
        if dial.contact_id is not None and dial.until_ms is not None and dial.until_ms <= turn.now:
            _abandon(turn, dial, turn.state.contact(dial.contact_id))


def _await(turn: Turn, dial: Dial, until_ms: Milliseconds) -> None:
    turn.record(DialAnswered(dial_id=dial.id, at_ms=turn.now, until_ms=until_ms))
    turn.start(TimerKind.DIAL, dial.id, at_ms=until_ms)


def _let_in(turn: Turn, dial: Dial) -> None:
    """He is a human: his contact exists, with the agent who was reserved longest, or before everybody who waits."""
    campaign = turn.state.campaign(dial.campaign_id)
    contact_id = _queue(turn, campaign, dial.lead, leg_id=dial.leg_id, node=dial.node)
    turn.record(CalleeQueued(dial_id=dial.id, contact_id=contact_id, at_ms=turn.now))
    agent = _agent_for(turn, campaign, dial)
    if agent is None:
        turn.waiting.append(contact_id)
        return
    turn.record(AgentReserved(agent_id=agent.id, campaign_id=None, at_ms=turn.now))
    _offer(turn, contact_id, agent, preview=False)


def _agent_for(turn: Turn, campaign: Campaign, dial: Dial) -> Agent | None:
    """Who is to have him; None when nobody is there, or all are owed to those dialled in an earlier window."""
    if dial.window == campaign.window and _count(turn, campaign)[1] == 0:
        return None
    able = (agent for agent in _reserved(turn, campaign) if _can_take(turn, campaign, agent))
    return next((agent for agent in able if agent.line_node == dial.node), None)


def _queue(turn: Turn, campaign: Campaign, lead: Lead, *, leg_id: LegId | None, node: NodeId | None) -> ContactId:
    queue = turn.state.queue(campaign.rules.queue_id)
    contact_id = ContactId(f"c{turn.number}{_suffix(turn)}")
    turn.record(
        ContactQueued(
            contact_id=contact_id,
            medium=Medium.VOICE,
            project_id=queue.rules.project_id,
            queue_id=queue.id,
            arrived_ms=turn.now,
            queued_ms=turn.now,
            leg_id=leg_id,
            node=node,
            requirements=(),
            preferred=(),
            tier=lead.tier,
            priority=MOST_POINTS,
            address_key=lead.address_key,
            outbound=True,
            campaign_id=campaign.id,
            lead_id=lead.lead_id,
        )
    )
    return contact_id


def _suffix(turn: Turn) -> str:
    """One event may show leads to several agents."""
    made = sum(isinstance(fact, ContactQueued) for fact in turn.facts)
    return f"-{made}" if made else ""


def _offer(turn: Turn, contact_id: ContactId, agent: Agent, *, preview: bool) -> None:
    contact = turn.state.contact(contact_id)
    rules = turn.state.queue(contact.queue_id).rules
    assert contact.campaign_id is not None
    limit_ms = turn.state.campaign(contact.campaign_id).rules.preview_limit_ms if preview else rules.ring_limit_ms
    offers.offer_out_of_order(
        turn,
        contact,
        agent,
        lease_until_ms=turn.now + limit_ms + offers.LEASE_MARGIN_MS * (not preview),
        why=Why(
            rule=RESERVED,
            fit=0,
            load=load(agent),
            idle_ms=turn.now - agent.idle_since_ms,
            score_ms=0,
            runner_up=None,
            capable=1,
            ready=1,
            free=1,
        ),
        preview=preview,
    )


def _abandon(turn: Turn, dial: Dial, contact: Contact) -> None:
    """No agent in time: he is told who called, and we are not heard of again on this leg."""
    if contact.assignment_id is not None:
        assignment = turn.state.assignment(contact.assignment_id)
        if assignment.state is not AssignmentState.OFFERED:
            return
        offers.end_offer(turn, assignment, outcome=OfferOutcome.RESCINDED)
    turn.record(ContactClosed(contact_id=contact.id, disposition=SYSTEM_NO_AGENT, at_ms=turn.now))
    if dial.leg_id is not None and dial.node is not None:
        turn.do(Apologise(campaign_id=dial.campaign_id, leg_id=dial.leg_id, node=dial.node))


def _end_dial(turn: Turn, dial: Dial, result: DialResult) -> None:
    if dial.leg_id is not None and dial.node is not None:
        turn.do(EndLeg(leg_id=dial.leg_id, node=dial.node))
    _attempt_ended(turn, dial, result)


def _attempt_ended(turn: Turn, dial: Dial, result: DialResult) -> None:
    rules = turn.state.campaign(dial.campaign_id).rules
    attempts = attempts_after(dial.lead, result)
    turn.record(
        AttemptEnded(
            campaign_id=dial.campaign_id,
            lead_id=dial.lead.lead_id,
            dial_id=dial.id,
            result=result,
            attempts=attempts,
            at_ms=turn.now,
            next_ms=next_ms(rules, result, attempts=attempts, now=turn.now),
            contact_id=dial.contact_id,
        )
    )
    turn.stop(TimerKind.DIAL, dial.id)


def settle_attempts(turn: Turn) -> None:
    """End the attempts whose callee this event gave to an agent, reached, missed or lost."""
    if not turn.state.dial_by_contact:
        return
    for fact in tuple(turn.facts):
        result: DialResult | None = None
        contact_id: ContactId | None = None
        match fact:
            case AssignmentStarted():
                contact_id = turn.contact_of(fact.assignment_id)
                result = DialResult.CONNECTED
            case CustomerReached():
                contact_id = turn.contact_of(fact.assignment_id)
                result = DialResult.CONNECTED
            case CustomerMissed():
                contact_id = turn.contact_of(fact.assignment_id)
                result = result_of(fact.cause)
            case ContactClosed():
                contact_id = fact.contact_id
            case _:
                continue
        dial_id = turn.state.dial_by_contact.get(contact_id) if contact_id is not None else None
        if dial_id is None:
            continue
        dial = turn.state.dials[dial_id]
        if dial.leg_id is None and isinstance(fact, AssignmentStarted):
            continue  # the agent is there, and his lead is only being dialled
        _attempt_ended(turn, dial, result or (DialResult.SKIPPED if dial.leg_id is None else DialResult.ABANDONED))


# -- pacing ------------------------------------------------------------------------------------------------------------


def pace(turn: Turn) -> None:
    """Give back and keep agents, and dial: each campaign by its mode, the one with the fewest agents first."""
    if not turn.state.campaigns or not turn.facts:
        return
    settle_attempts(turn)
    if _release_all(turn):
        offers.offer_all(turn)
        settle_attempts(turn)
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
            gone = not _can_take(turn, campaign, agent)
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
    return campaign.running and (bool(campaign.leads) or any(True for _ in _dials_of(turn, campaign.id)))


def _is_wanted(turn: Turn, campaign: Campaign, agent: Agent) -> bool:
    """Whether he is to be kept: somebody is, or is to be, dialled, he takes calls, and nothing else waits for him."""
    return _is_dialling(turn, campaign) and _serves(turn, campaign, agent) and not _is_awaited(turn, agent)


def _is_awaited(turn: Turn, agent: Agent) -> bool:
    return turn.state.index.somebody_waits_for(agent.id, would_take(agent))


def _serves(turn: Turn, campaign: Campaign, agent: Agent) -> bool:
    """Whether callees of this campaign are for him, whatever he does right now."""
    return is_available(agent) and takes(agent, Medium.VOICE) and _is_able(turn, campaign, agent)


def _is_able(turn: Turn, campaign: Campaign, agent: Agent) -> bool:
    """Whether he has the project, site and skills for its callees; worked out once for each that he has."""
    rules = turn.state.queue(campaign.rules.queue_id).rules
    key = campaign.rules.queue_id, agent.id
    known = turn.state.able.get(key)
    what = (rules, agent.skills, agent.project_ids, agent.site_id)
    if known is None or any(one is not other for one, other in zip(known, what, strict=False)):
        able = serves(rules, agent.skills, site_id=agent.site_id, project_ids=agent.project_ids)
        known = turn.state.able[key] = (*what, able)
    return known[4] and not agent.removed


def _may_release(turn: Turn, campaign: Campaign) -> bool:
    in_flight, free = _count(turn, campaign)
    return pacing.may_release(campaign.book, in_flight=in_flight, free=free, cap_permyriad=campaign.rules.cap_permyriad)


def _count(turn: Turn, campaign: Campaign) -> tuple[int, int]:
    """n and F of the campaign's window."""
    dials = [dial for dial in _dials_of(turn, campaign.id) if dial.leg_id is not None]
    in_flight = sum(dial.window == campaign.window for dial in dials)
    return in_flight, pacing.not_owed(len(campaign.reserved), earlier=len(dials) - in_flight)


def _give_up_surplus(turn: Turn, campaign: Campaign) -> None:
    """An agent vanished: hang up on those who are least likely to answer soon, so that the cap is safe again."""
    in_flight, free = _count(turn, campaign)
    surplus = pacing.surplus(campaign.book, in_flight=in_flight, free=free, cap_permyriad=campaign.rules.cap_permyriad)
    ringing = [
        dial
        for dial in _dials_of(turn, campaign.id)
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
    dials = [dial for dial in _dials_of(turn, campaign.id) if dial.leg_id is not None]
    current = [dial for dial in dials if dial.window == campaign.window]
    doubtful = state.index.anything_waits()
    kept = sum(
        is_available(agent) and not (doubtful and _is_awaited(turn, agent)) for agent in _reserved(turn, campaign)
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
    contact_id = _queue(turn, campaign, lead, leg_id=None, node=node)
    turn.record(LeadShown(dial_id=dial_id, campaign_id=campaign.id, lead=lead, contact_id=contact_id, at_ms=turn.now))
    _offer(turn, contact_id, agent, preview=True)


# -- look-ups ----------------------------------------------------------------------------------------------------------


def _dials_of(turn: Turn, campaign_id: CampaignId) -> Iterator[Dial]:
    return (dial for dial in turn.state.dials.values() if dial.campaign_id == campaign_id)


def _reserved(turn: Turn, campaign: Campaign) -> Iterator[Agent]:
    """Who is kept free for it, the longest first."""
    return (turn.state.agents[agent_id] for agent_id in campaign.reserved)


def _can_take(turn: Turn, campaign: Campaign, agent: Agent) -> bool:
    """Whether a callee can be put through to him this moment, on a break or not."""
    return agent.line_up and _is_able(turn, campaign, agent) and accepts(agent.capacity, counted(agent), Medium.VOICE)
