"""Changes of an agent's readiness and reach, and what follows from them: the grace timer and the fallback queues.

The lower half of the agents' rules: `offers` and `talks` make an agent not ready or let him go, `presence` holds his
own acts.
"""

from typing import Final

from cti.domain.agent import Agent, is_available, lacks_desktop, lacks_phone, wants_voice
from cti.domain.commands import SetFallback
from cti.domain.facts import ReachChanged, ReadinessChanged, SignOutDeferred
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
from cti.domain.queue import fit
from cti.domain.state import State
from cti.domain.turn import Turn

GRACE_MS: Final[Milliseconds] = 10_000
"""How long a ready agent may lack his phone or desktop: a refresh of the page, a network blink."""

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
    if is_available(before) != is_available(after):
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
    if agent.grace_until_ms is not None:
        turn.stop(TimerKind.GRACE, agent.id)
    if is_available(agent):
        set_fallback(turn, turn.state.agent(agent.id))


def let_go(turn: Turn, agent_id: AgentId) -> None:
    """An assignment of his is over: he who asked to leave goes offline with his last."""
    agent = turn.state.agent(agent_id)
    if agent.leaving and not agent.assignment_ids:
        set_readiness(turn, agent_id, Readiness.OFFLINE)


def set_reach(turn: Turn, agent: Agent, *, desktop: bool, phones: tuple[Device, ...]) -> None:
    """Note which desktop and phones are there; the grace runs while a ready agent lacks one."""
    lacks = is_available(agent) and (
        (agent.desktop_bound and not desktop) or (wants_voice(agent) and agent.device not in phones)
    )
    until = None
    if lacks:
        until = agent.grace_until_ms if agent.grace_until_ms is not None else turn.now + GRACE_MS
    if desktop == agent.desktop and phones == agent.phones and until == agent.grace_until_ms:
        return
    turn.record(ReachChanged(agent_id=agent.id, desktop=desktop, phones=phones, grace_until_ms=until))
    if until is not None and agent.grace_until_ms is None:
        turn.start(TimerKind.GRACE, agent.id, at_ms=until)
    elif until is None and agent.grace_until_ms is not None:
        turn.stop(TimerKind.GRACE, agent.id)


def grace_expired(turn: Turn, agent: Agent) -> None:
    """What he lacks did not come back."""
    if lacks_phone(agent):
        make_not_ready(turn, agent.id, REASON_PHONE_LOST)
    elif lacks_desktop(agent):
        make_not_ready(turn, agent.id, REASON_DESKTOP_LOST)


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
        if queue.rules.project_id in agent.project_ids and fit(queue.rules.requirements, agent.skills) is not None
    )
