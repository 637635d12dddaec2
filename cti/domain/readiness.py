"""Changes of an agent's readiness and reach, and what follows from them: grace, desk work, the fallback queues.

While a node of the switch is lost, and for a minute after its return, phones that are not registered are forgiven:
they lost their registration with the node and make it anew within that time.

The lower half of the agents' rules: `offers` and `talks` make an agent not ready or let him go, `presence` holds his
own acts.
"""

from typing import Final

from cti.domain import lines
from cti.domain.agent import Agent, is_available, lacks_desktop, lacks_phone, to_unpause, wants_calls, wants_voice
from cti.domain.assignment import is_desk_work
from cti.domain.commands import SetFallback
from cti.domain.facts import AgentSkipped, AssignmentUnpaused, ReachChanged, ReadinessChanged, SignOutDeferred
from cti.domain.ids import (
    REASON_DESKTOP_LOST,
    REASON_NO_ANSWER,
    REASON_PHONE_LOST,
    REASON_REJECTED,
    AgentId,
    Device,
    LegCause,
    Medium,
    Milliseconds,
    QueueId,
    Readiness,
    ReasonId,
    TimerKind,
)
from cti.domain.queue import serves
from cti.domain.state import State
from cti.domain.states import AssignmentState
from cti.domain.turn import Turn

GRACE_MS: Final[Milliseconds] = 10_000
"""How long a ready agent may lack his phone or desktop: a refresh of the page, a network blink."""
SETTLE_MS: Final[Milliseconds] = 60_000
"""How long after a node's return its phones may take to register anew."""
DESK_MS: Final[Milliseconds] = 300_000
"""How long an agent without desktop keeps what he works on there."""
SKIP_MS: Final[Milliseconds] = 15_000
"""How long an agent whose phone could not be rung, by no fault of his, is offered nothing."""

_PHONE_CAUSES: Final = (LegCause.UNREACHABLE, LegCause.NO_SUCH_NUMBER, LegCause.CONGESTION, LegCause.LOST)


def set_readiness(
    turn: Turn,
    agent_id: AgentId,
    readiness: Readiness,
    *,
    reason: ReasonId | None = None,
    media: tuple[Medium, ...] = (),
) -> None:
    """Record it, stop the grace timer if it no longer counts, and tell the fallback queues when it matters to them."""
    before = turn.state.agent(agent_id)
    turn.record(ReadinessChanged(agent_id=agent_id, readiness=readiness, reason=reason, at_ms=turn.now, media=media))
    after = turn.state.agent(agent_id)
    if before.grace_until_ms is not None and after.grace_until_ms is None:
        turn.stop(TimerKind.GRACE, agent_id)
    if before.skipped_until_ms is not None:
        turn.stop(TimerKind.SKIP, agent_id)
    if readiness is Readiness.OFFLINE:
        lines.leave(turn, agent_id)
    if (is_available(before), before.media) != (is_available(after), after.media):
        turn.departed.append(agent_id)
        set_fallback(turn, after)


def make_not_ready(turn: Turn, agent_id: AgentId, reason: ReasonId) -> None:
    """The system's word: he did not answer, or his phone is gone. Nothing for one who takes no contacts anyway."""
    if is_available(turn.state.agent(agent_id)):
        set_readiness(turn, agent_id, Readiness.NOT_READY, reason=reason)


def reason_for(cause: LegCause) -> ReasonId:
    """Why an agent whose ring failed that way is not ready."""
    if cause is LegCause.REJECTED:
        return REASON_REJECTED
    return REASON_PHONE_LOST if cause in _PHONE_CAUSES else REASON_NO_ANSWER


def defer_sign_out(turn: Turn, agent: Agent) -> None:
    """He leaves when what he holds is closed; until then he gets nothing new."""
    if agent.leaving:
        return
    turn.record(SignOutDeferred(agent_id=agent.id))
    turn.departed.append(agent.id)
    if agent.grace_until_ms is not None:
        turn.stop(TimerKind.GRACE, agent.id)
    if is_available(agent):
        set_fallback(turn, turn.state.agent(agent.id))


def let_go(turn: Turn, agent_id: AgentId) -> None:
    """An assignment of his is over: what it interrupted goes on; he who asked to leave goes offline with his last."""
    go_on(turn, agent_id)
    agent = turn.state.agent(agent_id)
    if agent.leaving and not agent.assignment_ids and agent.party_leg is None:
        set_readiness(turn, agent_id, Readiness.OFFLINE)


def go_on(turn: Turn, agent_id: AgentId) -> None:
    """Take up again what was interrupted and fits."""
    agent = turn.state.agent(agent_id)
    if not agent.paused:
        return
    for assignment_id in to_unpause(agent, lambda held: turn.state.assignment(held).state is AssignmentState.PAUSED):
        turn.record(AssignmentUnpaused(assignment_id=assignment_id, at_ms=turn.now))


def set_reach(turn: Turn, agent: Agent, *, desktop: bool, phones: tuple[Device, ...]) -> None:
    """Note which desktop and phones are there; the grace runs while a ready agent lacks one, desk work waits too."""
    grace = _grace_until(turn, agent, desktop=desktop, phones=phones)
    desk = _desk_until(turn, agent, desktop=desktop)
    if (desktop, phones, grace, desk) == (agent.desktop, agent.phones, agent.grace_until_ms, agent.desk_until_ms):
        return
    turn.record(
        ReachChanged(agent_id=agent.id, desktop=desktop, phones=phones, grace_until_ms=grace, desk_until_ms=desk)
    )
    for kind, before, after in (
        (TimerKind.GRACE, agent.grace_until_ms, grace),
        (TimerKind.DESK, agent.desk_until_ms, desk),
    ):
        if after is not None and after != before:
            turn.start(kind, agent.id, at_ms=after)
        elif after is None and before is not None:
            turn.stop(kind, agent.id)


def check_reach(turn: Turn, agent_id: AgentId) -> None:
    """His device, readiness or work changed, or a node: what he lacked he may lack no more, or the other way round."""
    agent = turn.state.agent(agent_id)
    set_reach(turn, agent, desktop=agent.desktop, phones=agent.phones)


def _grace_until(turn: Turn, agent: Agent, *, desktop: bool, phones: tuple[Device, ...]) -> Milliseconds | None:
    if not is_available(agent):
        return None
    lacks_a_desktop = agent.desktop_bound and not desktop
    lacks_a_phone = wants_calls(agent.media) and agent.device not in phones
    if not lacks_a_desktop:
        if not lacks_a_phone or is_any_node_lost(turn.state):
            return None
        if (settled := settled_ms(turn.state)) > turn.now:
            return settled + GRACE_MS
    return agent.grace_until_ms if agent.grace_until_ms is not None else turn.now + GRACE_MS


def _desk_until(turn: Turn, agent: Agent, *, desktop: bool) -> Milliseconds | None:
    if desktop or not any(is_desk_work(turn.state.assignment(held)) for held in agent.assignment_ids):
        return None
    return agent.desk_until_ms if agent.desk_until_ms is not None else turn.now + DESK_MS


def grace_expired(turn: Turn, agent: Agent) -> None:
    """What he lacks did not come back. A phone may be forgiven by now though it was not when the grace began."""
    if lacks_phone(agent) and phones_are_missed(turn):
        make_not_ready(turn, agent.id, REASON_PHONE_LOST)
    elif lacks_desktop(agent):
        make_not_ready(turn, agent.id, REASON_DESKTOP_LOST)
    else:
        check_reach(turn, agent.id)


def skip(turn: Turn, agent_id: AgentId) -> None:
    """His phone could not be rung, by no fault of his: he stays ready, and others are asked for a while."""
    if not is_available(turn.state.agent(agent_id)):
        return
    until = turn.now + SKIP_MS
    turn.record(AgentSkipped(agent_id=agent_id, until_ms=until))
    turn.start(TimerKind.SKIP, agent_id, at_ms=until)


def skip_expired(turn: Turn, agent: Agent) -> None:
    """He is offered contacts again."""
    turn.record(AgentSkipped(agent_id=agent.id, until_ms=None))


# -- nodes of the switch -----------------------------------------------------------------------------------------------


def is_any_node_lost(state: State) -> bool:
    """Whether phones may be silent because the node they were registered with is away."""
    return any(node.lost for node in state.nodes.values())


def settled_ms(state: State) -> Milliseconds:
    """When the phones of every node that returned should be registered again; 0 when none ever was lost."""
    return max((node.settled_ms or 0 for node in state.nodes.values()), default=0)


def phones_are_missed(turn: Turn) -> bool:
    """Whether an agent without phone is made not ready: not while a node is lost, nor before its phones had time."""
    return not is_any_node_lost(turn.state) and turn.now >= settled_ms(turn.state)


def set_fallback(turn: Turn, agent: Agent) -> None:
    """Tell the static queues whether this agent serves there."""
    turn.do(fallback(turn.state, agent))


def fallback(state: State, agent: Agent) -> SetFallback:
    """The command that makes the static queues agree with this agent."""
    return SetFallback(
        agent_id=agent.id,
        device=agent.device,
        queue_ids=_served_queues(state, agent),
        available=is_available(agent) and wants_voice(agent),
    )


def _served_queues(state: State, agent: Agent) -> tuple[QueueId, ...]:
    """The queues of his projects that he has the skills for."""
    return tuple(
        queue.id
        for queue in sorted(state.queues.values(), key=lambda queue: queue.id)
        if serves(queue.rules, agent.skills, site_id=agent.site_id, project_ids=agent.project_ids)
    )
