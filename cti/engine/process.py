"""When a node's process began, by the engine's clock. Asked by `cti.engine.node`; pure.

Theory of operation. Asterisk tells its start by the wall clock, once for all. Where that was set back since, the
engine's clock has gone on, and what Asterisk tells says too little exactly when it began after the step. So it is told
apart once, when this start is first seen; a later step does not move it. In doubt it is taken as it stands, which is
never too late: a leg that is older than that is older in any case, and nobody is taken for cut off who was not.
"""

from cti.clock import STEP_MS
from cti.domain.ids import Milliseconds


class ProcessStart:
    """Of one node; remembers the start that was told last."""

    def __init__(self) -> None:
        self._told_ms: Milliseconds = 0
        self._start_ms: Milliseconds = 0
        self._ahead_ms: Milliseconds = 0
        """When the node was last asked."""

    def of(self, told_ms: Milliseconds, *, ahead_ms: Milliseconds) -> Milliseconds:
        """The start by the engine's clock, or earlier; 0 when it is not known.

        `told_ms` is by the wall clock, 0: not known; `ahead_ms`: how far the engine's clock is ahead of that now.
        """
        if told_ms not in (0, self._told_ms):
            began_after_the_step = self._told_ms != 0 and abs(ahead_ms - self._ahead_ms) < STEP_MS
            self._start_ms = told_ms + (ahead_ms if began_after_the_step else 0)
            self._told_ms = told_ms
        self._ahead_ms = ahead_ms
        return self._start_ms if told_ms else 0
