"""Time, the engine's start, and switches that do not answer."""

from msgspec import Struct

from cti.domain.ids import Milliseconds, NodeId, TimerId


class TimerFired(Struct, frozen=True, kw_only=True, gc=False):
    """A deadline passed. One that no longer matters is answered with an empty decision."""

    timer_id: TimerId


class ClockStepped(Struct, frozen=True, kw_only=True, gc=False):
    """The wall clock jumped by so much; the engine's own did not. Deadlines stay as far away as they were."""

    by_ms: Milliseconds


class EngineStarted(Struct, frozen=True, kw_only=True, gc=False):
    """A new process took over this state. Answered with the commands that make timers and pops stand again."""

    node: NodeId


class SwitchLost(Struct, frozen=True, kw_only=True, gc=False):
    """The node does not answer; its legs are unknown, not gone. Until `SwitchReturned` nothing there is offered."""

    node: NodeId


class SwitchReturned(Struct, frozen=True, kw_only=True, gc=False):
    """The node answers, and what it holds has been compared. Of one not known as lost it is nothing, but the first."""

    node: NodeId
