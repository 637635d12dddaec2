"""Campaigns: what they are told, and what becomes of each dial.

Theory of operation. Leads are given by the shell and stand in line here; `cti.domain.dialling` dials them, and keeps
agents free for those who answer. A callee who answers has an agent in the same decision, if one is reserved; else he
waits, before everybody else, for as long as the campaign allows, and is then told sorry. Every attempt ends in one
`AttemptEnded`, from which books, estimates and the lists of leads are kept. Called by `acd`, `dialling`, `talks` and
`deadlines`.
"""

from collections.abc import Iterator
from typing import Final

from cti.domain import offers, pacing
from cti.domain.agent import Agent, counted, load
from cti.domain.campaign import Campaign, Dial, attempts_after, next_ms, result_of
from cti.domain.capacity import accepts
from cti.domain.commands import Apologise, DetectMachine, EndLeg
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
    LeadsDropped,
    LeadsQueued,
    Why,
)
from cti.domain.ids import (
    SYSTEM_NO_AGENT,
    CampaignId,
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
from cti.domain.queue import MOST_POINTS, serves
from cti.domain.states import AssignmentState
from cti.domain.turn import Turn
from cti.errors import RuleError

MOST_LEADS: Final = 1_000
"""May stand in line in one campaign."""
LISTEN_MS: Final[Milliseconds] = 6_000
"""How long it may take to tell a machine from a human; then he counts as one."""


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
    known.update(dial.lead.lead_id for dial in dials_of(turn, campaign.id))
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
    contact_id = queue_contact(turn, campaign, dial.lead, leg_id=dial.leg_id, node=dial.node)
    turn.record(CalleeQueued(dial_id=dial.id, contact_id=contact_id, at_ms=turn.now))
    agent = _agent_for(turn, campaign, dial)
    if agent is None:
        turn.waiting.append(contact_id)
        return
    turn.record(AgentReserved(agent_id=agent.id, campaign_id=None, at_ms=turn.now))
    offer_to(turn, contact_id, agent, preview=False)


def _agent_for(turn: Turn, campaign: Campaign, dial: Dial) -> Agent | None:
    """Who is to have him; None when nobody is there, or all are owed to those dialled in an earlier window."""
    if dial.window == campaign.window and count(turn, campaign)[1] == 0:
        return None
    able = (agent for agent in reserved(turn, campaign) if can_take(turn, campaign, agent))
    return next((agent for agent in able if agent.line_node == dial.node), None)


def queue_contact(
    turn: Turn, campaign: Campaign, lead: Lead, *, leg_id: LegId | None, node: NodeId | None
) -> ContactId:
    """A contact for this lead exists: a callee on his leg, or one that an agent is to look at first."""
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


def offer_to(turn: Turn, contact_id: ContactId, agent: Agent, *, preview: bool) -> None:
    """It is this agent's: put through at once, or to be looked at."""
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


# -- look-ups ----------------------------------------------------------------------------------------------------------


def dials_of(turn: Turn, campaign_id: CampaignId) -> Iterator[Dial]:
    """Its attempts under way, leads that are looked at among them; in no order that counts."""
    return (dial for dial in turn.state.dials.values() if dial.campaign_id == campaign_id)


def reserved(turn: Turn, campaign: Campaign) -> Iterator[Agent]:
    """Who is kept free for it, the longest first."""
    return (turn.state.agents[agent_id] for agent_id in campaign.reserved)


def can_take(turn: Turn, campaign: Campaign, agent: Agent) -> bool:
    """Whether a callee can be put through to him this moment, on a break or not."""
    return agent.line_up and is_able(turn, campaign, agent) and accepts(agent.capacity, counted(agent), Medium.VOICE)


def is_able(turn: Turn, campaign: Campaign, agent: Agent) -> bool:
    """Whether he has the project, site and skills for its callees; worked out once for each that he has."""
    rules = turn.state.queue(campaign.rules.queue_id).rules
    key = campaign.rules.queue_id, agent.id
    known = turn.state.able.get(key)
    what = (rules, agent.skills, agent.project_ids, agent.site_id)
    if known is None or any(one is not other for one, other in zip(known, what, strict=False)):
        able = serves(rules, agent.skills, site_id=agent.site_id, project_ids=agent.project_ids)
        known = turn.state.able[key] = (*what, able)
    return known[4] and not agent.removed


def count(turn: Turn, campaign: Campaign) -> tuple[int, int]:
    """n and F of the campaign's window."""
    dials = [dial for dial in dials_of(turn, campaign.id) if dial.leg_id is not None]
    in_flight = sum(dial.window == campaign.window for dial in dials)
    return in_flight, pacing.not_owed(len(campaign.reserved), earlier=len(dials) - in_flight)
