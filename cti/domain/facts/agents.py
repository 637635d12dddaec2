"""Whether agents are ready and reached, on which device, and the lines that stay up between their talks."""

from msgspec import Struct

from cti.domain.ids import AgentId, Device, LegCause, LegId, Medium, Milliseconds, NodeId, Readiness, ReasonId


class ReadinessChanged(Struct, frozen=True, kw_only=True, gc=False):
    """The agent is offline, not ready or ready from that instant."""

    agent_id: AgentId
    readiness: Readiness
    reason: ReasonId | None
    at_ms: Milliseconds
    media: tuple[Medium, ...] = ()
    """What he takes while ready; empty: every medium."""


class DeviceSet(Struct, frozen=True, kw_only=True, gc=False):
    """The agent's next ring goes to this device."""

    agent_id: AgentId
    device: Device


class ReachChanged(Struct, frozen=True, kw_only=True, gc=False):
    """The agent's desktop and phones as known now."""

    agent_id: AgentId
    desktop: bool
    phones: tuple[Device, ...]
    grace_until_ms: Milliseconds | None
    """When he stops being ready unless the missing one returns; None when nothing is missing, or it is forgiven."""
    desk_until_ms: Milliseconds | None = None
    """When what he works on at the desktop goes back to its queue; None while there is a desktop or no such work."""


class AgentSkipped(Struct, frozen=True, kw_only=True, gc=False):
    """The agent is offered nothing until then, ready as he is; None: he is offered contacts again."""

    agent_id: AgentId
    until_ms: Milliseconds | None


class SignOutDeferred(Struct, frozen=True, kw_only=True, gc=False):
    """He asked to leave while holding a contact; offline follows its close."""

    agent_id: AgentId


class LineWish(Struct, frozen=True, kw_only=True, gc=False):
    """The agent wants to stay connected between calls, or no longer."""

    agent_id: AgentId
    wanted: bool


class LineRung(Struct, frozen=True, kw_only=True, gc=False):
    """The agent's phone is being rung for a line with this leg."""

    agent_id: AgentId
    leg_id: LegId
    node: NodeId
    device: Device
    until_ms: Milliseconds


class LineUp(Struct, frozen=True, kw_only=True, gc=False):
    """The agent's line stands: his calls are put through without a ring."""

    agent_id: AgentId
    at_ms: Milliseconds


class LineDown(Struct, frozen=True, kw_only=True, gc=False):
    """The agent has no line (any more)."""

    agent_id: AgentId
    cause: LegCause
    at_ms: Milliseconds
