"""How a campaign stands, read from the ACD's state: its figures, and why it dials nobody. Pure.

Called by `cti.campaigns.desk`, at most once a second.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from cti.campaigns.pace import Pace
from cti.domain import queue
from cti.domain.agent import Agent, is_available, takes
from cti.domain.campaign import Campaign
from cti.domain.ids import AgentId, CampaignMode, Medium, Milliseconds
from cti.domain.state import State
from cti.domain.states import AssignmentState
from cti.ports.campaigns import Figures, Idle, Progress

_AT_WORK: Final = (AssignmentState.ACTIVE, AssignmentState.HELD, AssignmentState.PAUSED, AssignmentState.REJOINING)


def figures(state: State, campaign: Campaign, pace: Pace, progress: Progress, *, now: Milliseconds) -> Figures:
    """The campaign as it stands now."""
    dials = [dial for dial in state.dials.values() if dial.campaign_id == campaign.id]
    agents = list(_serving(state, campaign))
    held = [state.assignments[each] for agent in agents for each in agent.assignment_ids if each in state.assignments]
    mine = [each for each in held if state.contacts[each.contact_id].campaign_id == campaign.id]
    return Figures(
        ringing=sum(dial.leg_id is not None and dial.answered_ms is None for dial in dials),
        waiting=sum(dial.leg_id is not None and dial.answered_ms is not None for dial in dials),
        looked_at=sum(dial.leg_id is None for dial in dials),
        in_line=len(campaign.leads),
        agents=sum(map(_takes_calls, agents)),
        connected=sum(agent.line_up for agent in agents),
        reserved=len(campaign.reserved),
        talking=sum(each.state in _AT_WORK for each in mine),
        wrapping_up=sum(each.state is AssignmentState.WRAP_UP for each in mine),
        idle_ms=_idle_ms(state, campaign.reserved, now),
        live=campaign.book.live,
        abandoned=campaign.book.abandoned,
        window_from_ms=campaign.window_from_ms,
        dials_a_minute=pace.dials_a_minute(campaign.id, now),
        answer_rate=pace.answer_rate(campaign.id, now),
        ends_ms=pace.ends_ms(campaign.id, now, left=progress.open) if campaign.running and progress.open else None,
    )


def _serving(state: State, campaign: Campaign) -> Iterator[Agent]:
    """The agents of its queue who are signed in or at work."""
    found = state.queues.get(campaign.rules.queue_id)
    if found is None:
        return
    for agent in state.agents.values():
        here = is_available(agent) or agent.line_up or bool(agent.assignment_ids)
        if here and queue.serves(found.rules, agent.skills, site_id=agent.site_id, project_ids=agent.project_ids):
            yield agent


def _takes_calls(agent: Agent) -> bool:
    return is_available(agent) and takes(agent, Medium.VOICE)


def _idle_ms(state: State, reserved: Iterable[AgentId], now: Milliseconds) -> Milliseconds:
    spans = [max(0, now - state.agents[each].idle_since_ms) for each in reserved if each in state.agents]
    return sum(spans) // len(spans) if spans else 0


def idle(campaign: Campaign, stands: Figures, progress: Progress, *, switch_up: bool, database_up: bool) -> Idle | None:
    """Why it dials nobody; None: it does, or is about to."""
    if not campaign.open:
        return Idle.CLOSED
    if not campaign.running:
        return Idle.PAUSED
    if stands.ringing or stands.waiting or stands.looked_at:
        return None
    if not switch_up:
        return Idle.NO_SWITCH
    if not stands.in_line:
        return _nobody_in_line(progress) if database_up else Idle.NO_DATABASE
    if campaign.rules.mode is CampaignMode.PREVIEW:
        return None if stands.agents > stands.talking + stands.wrapping_up else _lacking(stands, stands.agents)
    if not stands.reserved:
        return _lacking(stands, stands.connected)
    return Idle.CAP


def _lacking(stands: Figures, there: int) -> Idle:
    return Idle.AGENTS_BUSY if there and stands.agents else Idle.NO_AGENTS


def _nobody_in_line(progress: Progress) -> Idle | None:
    if not progress.total:
        return Idle.EMPTY
    if not progress.open:
        return None if progress.trying else Idle.FINISHED
    if progress.due:
        return None
    if progress.open <= progress.barred:
        return Idle.BARRED
    if progress.outside_hours:
        return Idle.OUTSIDE_HOURS
    return Idle.NONE_DUE if progress.next_ms is not None else None
