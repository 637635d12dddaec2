"""A supervisor at a talk that is not his. The record, and what can be said of it alone; the rules: `monitors`."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from cti.domain.ids import (
    AgentId,
    AssignmentId,
    BridgeId,
    ContactId,
    Device,
    LegId,
    Milliseconds,
    MonitorMode,
    NodeId,
)
from cti.domain.states import MonitorState
from cti.variables import EAR_PREFIX


class Monitor(Struct, frozen=True, kw_only=True, gc=False):
    """He is rung, listens or coaches; who comes in is a party, and no monitor any more."""

    leg_id: LegId
    """His."""
    contact_id: ContactId
    assignment_id: AssignmentId
    spied: LegId
    """The leg of the agent to whom he listens."""
    node: NodeId
    agent_id: AgentId
    """The supervisor."""
    device: Device
    """Which of his phones."""
    mode: MonitorMode
    """What he wants as soon as he answers."""
    state: MonitorState
    asked_ms: Milliseconds
    since_ms: Milliseconds
    """How long he has been in that state."""
    until_ms: Milliseconds | None
    """How long he is rung."""
    snoop: LegId | None = None
    """By which he hears the talk; another one for each change between listening and coaching."""


HEARING: Final = (MonitorState.LISTENING, MonitorState.COACHING)


def ear_of(leg_id: LegId) -> BridgeId:
    """The bridge in which a supervisor hears a talk."""
    return BridgeId(f"{EAR_PREFIX}{leg_id}")


def of_supervisor(monitors: Iterable[Monitor], agent_id: AgentId) -> Monitor | None:
    """Which talk he is at; there is one at most."""
    return next((monitor for monitor in monitors if monitor.agent_id == agent_id), None)


def of_talk(monitors: Iterable[Monitor], assignment_id: AssignmentId) -> list[Monitor]:
    """Who is at this agent's talk, or is rung for it, in the order in which they asked."""
    return [monitor for monitor in monitors if monitor.assignment_id == assignment_id]
