"""How fast one person may act: each act is journalled, so one page must not be able to fill the disk and the queue.

A bucket of tokens each: `BURST` at once, `RATE` a second from then on; far beyond what anyone's hands do.
"""

import time
from collections.abc import Callable
from typing import Final

from cti.domain.ids import AgentId

RATE: Final = 20.0
BURST: Final = 60.0


class Pace:
    """Remembers one instant for each person; `clock` counts seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._full_at: dict[AgentId, float] = {}
        """When the person's bucket is full again."""

    def step(self, agent_id: AgentId) -> float:
        """Take one act: 0 when it may be done, else in how many seconds it may."""
        now = self._clock()
        full_at = max(now, self._full_at.get(agent_id, now)) + 1 / RATE
        too_soon_s = full_at - now - BURST / RATE
        if too_soon_s > 0:
            return too_soon_s
        self._full_at[agent_id] = full_at
        return 0.0
