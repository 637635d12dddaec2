"""A supervisor at somebody else's talk."""

from msgspec import Struct

from cti.domain.ids import (
    AgentId,
    AssignmentId,
    ContactId,
    Device,
    LegCause,
    LegId,
    Milliseconds,
    MonitorEnd,
    MonitorMode,
    NodeId,
)
from cti.domain.states import Trigger


class MonitorRung(Struct, frozen=True, kw_only=True, gc=False):
    """A supervisor wants to be at a talk: his leg is being rung."""

    leg_id: LegId
    contact_id: ContactId
    assignment_id: AssignmentId
    spied: LegId
    node: NodeId
    agent_id: AgentId
    device: Device
    mode: MonitorMode
    at_ms: Milliseconds
    until_ms: Milliseconds


class MonitorWished(Struct, frozen=True, kw_only=True, gc=False):
    """While he is rung he wants it another way."""

    leg_id: LegId
    mode: MonitorMode


class MonitorMoved(Struct, frozen=True, kw_only=True, gc=False):
    """He listens or coaches from now on (`states.MONITOR`)."""

    leg_id: LegId
    trigger: Trigger
    snoop: LegId
    """By which he hears the talk from now on."""
    at_ms: Milliseconds


class MonitorCameIn(Struct, frozen=True, kw_only=True, gc=False):
    """He is in the talk from now on, as one of its parties."""

    leg_id: LegId
    at_ms: Milliseconds


class MonitorEnded(Struct, frozen=True, kw_only=True, gc=False):
    """He hears the talk no more."""

    leg_id: LegId
    how: MonitorEnd
    cause: LegCause | None
    at_ms: Milliseconds
