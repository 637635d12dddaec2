"""An agent who stays connected: his phone is rung once and kept up, and his calls are put through without a ring.

The line is a leg of its own, silent between calls. It is rung when he asks for it, and again when his phone registers
anew or he becomes ready while he still wants it; never in a loop. It ends when he says so, moves to another device or
goes offline, or by itself. Called by `acd`, `readiness` and `talks`.
"""

from typing import Final

from cti.domain.agent import Agent
from cti.domain.commands import EndLeg, QuietLine, RingLine
from cti.domain.events import LineAnswered, LineFailed, LineWanted
from cti.domain.facts import DeviceSet, LineDown, LineRung, LineUp, LineWish, ReachChanged, ReadinessChanged
from cti.domain.ids import AgentId, LegCause, LegId, Milliseconds, Readiness, TimerKind
from cti.domain.turn import Turn
from cti.errors import RuleError
from cti.variables import LINE_PREFIX

RING_MS: Final[Milliseconds] = 30_000
"""How long his phone is rung for it."""


def wanted(turn: Turn, event: LineWanted) -> None:
    """He wants a line, or no longer. Asked for again while there is none, it is rung again."""
    agent = turn.state.agent(event.agent_id)
    if not event.wanted:
        if agent.wants_line:
            turn.record(LineWish(agent_id=agent.id, wanted=False))
        if agent.line_leg is not None and not is_talking_on_it(turn, agent):
            hang_up(turn, agent)
        return
    if agent.readiness is Readiness.OFFLINE or agent.leaving:
        raise RuleError("Sign in before you stay connected.", code="offline")
    if agent.device not in agent.phones:
        raise RuleError("Your phone is not registered: switch it on.", code="phone_unreachable")
    if not agent.wants_line:
        turn.record(LineWish(agent_id=agent.id, wanted=True))
    _ring(turn, turn.state.agent(agent.id))


def _ring(turn: Turn, agent: Agent) -> None:
    """Ring his phone, unless it rings or is busy already, or no node is known."""
    node = turn.state.node
    busy = agent.line_leg is not None or agent.party_leg is not None
    busy = busy or any(turn.state.assignment(held).leg_id for held in agent.assignment_ids)
    known = turn.state.nodes.get(node) if node is not None else None
    if busy or node is None or (known is not None and known.lost) or agent.device not in agent.phones:
        return
    leg_id = LegId(f"{LINE_PREFIX}{agent.id}-{turn.number}")
    until = turn.now + RING_MS
    turn.record(LineRung(agent_id=agent.id, leg_id=leg_id, node=node, device=agent.device, until_ms=until))
    turn.start(TimerKind.LINE, agent.id, at_ms=until)
    turn.do(RingLine(agent_id=agent.id, leg_id=leg_id, node=node, device=agent.device, limit_ms=RING_MS))


def answered(turn: Turn, event: LineAnswered) -> None:
    """He picked up: silence until the first call. A leg that is no longer wanted ends."""
    agent = turn.state.agents.get(event.agent_id)
    if agent is None or agent.line_leg != event.leg_id:
        node = event.node or turn.state.node
        if node is not None:
            turn.do(EndLeg(leg_id=event.leg_id, node=node))
        return
    if agent.line_up or agent.line_node is None:
        return
    turn.record(LineUp(agent_id=agent.id, at_ms=turn.now))
    turn.stop(TimerKind.LINE, agent.id)
    turn.do(QuietLine(leg_id=event.leg_id, node=agent.line_node, bridge_id=None))


def failed(turn: Turn, event: LineFailed) -> None:
    """He did not pick up, or could not be rung: he has to ask again. Another leg than the one rung is nothing."""
    agent = turn.state.agents.get(event.agent_id)
    if agent is not None and agent.line_leg == event.leg_id:
        _down(turn, agent, event.cause)


def ended(turn: Turn, agent_id: AgentId, cause: LegCause) -> None:
    """The leg is gone. What is said on it, if it was a talk, is another's business."""
    _down(turn, turn.state.agent(agent_id), cause)


def ring_expired(turn: Turn, agent: Agent) -> None:
    """Nobody picked up in time."""
    hang_up(turn, agent)


def hang_up(turn: Turn, agent: Agent) -> None:
    """Take the line away."""
    if agent.line_leg is not None and agent.line_node is not None:
        turn.do(EndLeg(leg_id=agent.line_leg, node=agent.line_node))
        _down(turn, agent, LegCause.NORMAL)


def _down(turn: Turn, agent: Agent, cause: LegCause) -> None:
    if agent.line_until_ms is not None:
        turn.stop(TimerKind.LINE, agent.id)
    turn.record(LineDown(agent_id=agent.id, cause=cause, at_ms=turn.now))


def is_talking_on_it(turn: Turn, agent: Agent) -> bool:
    """Whether the line is a leg of a talk, or of a call just offered."""
    return agent.line_leg is not None and agent.line_leg in turn.state.assignment_by_leg


def leave(turn: Turn, agent_id: AgentId) -> None:
    """He has gone offline: without a line, and without a wish for one."""
    if turn.state.agent(agent_id).wants_line:
        turn.record(LineWish(agent_id=agent_id, wanted=False))
    agent = turn.state.agent(agent_id)
    if not is_talking_on_it(turn, agent):
        hang_up(turn, agent)


def settle(turn: Turn) -> None:
    """What follows for lines from what this event decided of agents: one who moved, is ready or reachable again."""
    if not turn.state.line_by_leg and not turn.state.line_wishes:
        return
    for agent_id in dict.fromkeys(
        fact.agent_id for fact in turn.facts if isinstance(fact, ReadinessChanged | ReachChanged | DeviceSet)
    ):
        agent = turn.state.agents[agent_id]
        if agent.line_leg is not None and _moved(turn, agent) and not is_talking_on_it(turn, agent):
            hang_up(turn, agent)
        if agent.wants_line and agent.readiness is Readiness.READY:
            _ring(turn, turn.state.agents[agent_id])


def _moved(turn: Turn, agent: Agent) -> bool:
    return any(isinstance(fact, DeviceSet) and fact.agent_id == agent.id for fact in turn.facts)
