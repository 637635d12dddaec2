"""What the facts of `cti.domain.facts.agents` change in the tables."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from cti.domain.facts import (
    AgentSkipped,
    DeviceSet,
    Fact,
    LineDown,
    LineRung,
    LineUp,
    LineWish,
    ReachChanged,
    ReadinessChanged,
    SignOutDeferred,
)
from cti.domain.ids import REASON_SIGNED_IN, Readiness
from cti.domain.states import Trigger, next_readiness

if TYPE_CHECKING:
    from cti.domain.state import State


def _readiness_changed(state: "State", fact: ReadinessChanged) -> None:
    agent = state.agent(fact.agent_id)
    readiness = next_readiness(agent.id, agent.readiness, _readiness_trigger(fact))
    becomes_ready = readiness is Readiness.READY and agent.readiness is not Readiness.READY
    offline = readiness is Readiness.OFFLINE
    signed_in = fact.reason == REASON_SIGNED_IN
    state.put_agent(
        replace(
            agent,
            readiness=readiness,
            reason=fact.reason,
            media=fact.media,
            since_ms=fact.at_ms,
            idle_since_ms=fact.at_ms if becomes_ready else agent.idle_since_ms,
            leaving=agent.leaving and not offline and not signed_in,
            desktop_bound=agent.desktop if signed_in else agent.desktop_bound and not offline,
            grace_until_ms=agent.grace_until_ms if readiness is Readiness.READY else None,
            skipped_until_ms=None,
        )
    )


def _device_set(state: "State", fact: DeviceSet) -> None:
    state.put_agent(replace(state.agent(fact.agent_id), device=fact.device))


def _reach_changed(state: "State", fact: ReachChanged) -> None:
    agent = state.agent(fact.agent_id)
    signed_in = agent.readiness is not Readiness.OFFLINE
    state.put_agent(
        replace(
            agent,
            desktop=fact.desktop,
            desktop_bound=agent.desktop_bound or (fact.desktop and signed_in),
            phones=fact.phones,
            grace_until_ms=fact.grace_until_ms,
            desk_until_ms=fact.desk_until_ms,
        )
    )


def _agent_skipped(state: "State", fact: AgentSkipped) -> None:
    state.put_agent(replace(state.agent(fact.agent_id), skipped_until_ms=fact.until_ms))


def _sign_out_deferred(state: "State", fact: SignOutDeferred) -> None:
    state.put_agent(replace(state.agent(fact.agent_id), leaving=True, grace_until_ms=None))


def _readiness_trigger(fact: ReadinessChanged) -> Trigger:
    if fact.readiness is Readiness.OFFLINE:
        return Trigger.SIGNED_OUT
    if fact.readiness is Readiness.READY:
        return Trigger.BECAME_READY
    return Trigger.SIGNED_IN if fact.reason == REASON_SIGNED_IN else Trigger.BECAME_NOT_READY


def _line_wish(state: "State", fact: LineWish) -> None:
    state.put_agent(replace(state.agent(fact.agent_id), wants_line=fact.wanted))


def _line_rung(state: "State", fact: LineRung) -> None:
    state.put_agent(
        replace(
            state.agent(fact.agent_id),
            line_leg=fact.leg_id,
            line_node=fact.node,
            line_up=False,
            line_until_ms=fact.until_ms,
        )
    )


def _line_up(state: "State", fact: LineUp) -> None:
    state.put_agent(replace(state.agent(fact.agent_id), line_up=True, line_until_ms=None))


def _line_down(state: "State", fact: LineDown) -> None:
    state.put_agent(
        replace(state.agent(fact.agent_id), line_leg=None, line_node=None, line_up=False, line_until_ms=None)
    )


FOLDS: Final[Mapping[type[Fact], Callable[["State", Any], None]]] = {
    ReadinessChanged: _readiness_changed,
    DeviceSet: _device_set,
    ReachChanged: _reach_changed,
    AgentSkipped: _agent_skipped,
    SignOutDeferred: _sign_out_deferred,
    LineWish: _line_wish,
    LineRung: _line_rung,
    LineUp: _line_up,
    LineDown: _line_down,
}
