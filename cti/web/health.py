"""The loop's lag, whether this engine leads, and who may look at the counts. The routes are `cti.web.ops_routes`."""

import asyncio
import ipaddress
from collections import deque
from dataclasses import dataclass
from typing import Final

from fastapi import Request

from cti.metrics import Metrics

EVERY_S: Final = 0.1
WINDOW: Final = 100
"""How many measurements the reported maximum covers: ten seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reign:
    """How it stands with this engine's lead."""

    leads: bool = True
    epoch: int = 1
    spooling: bool = False


class LoopLag:
    """How late the loop wakes who wanted to sleep for a moment."""

    def __init__(self, metrics: Metrics) -> None:
        self._seen = metrics.histogram("triune_loop_lag_seconds", "How late the engine's loop was")
        self._recent: deque[float] = deque(maxlen=WINDOW)

    @property
    def worst_ms(self) -> float:
        """The longest within the last ten seconds."""
        return max(self._recent, default=0.0) * 1000

    async def measure(self) -> None:
        """Measure for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY_S
            await asyncio.sleep(EVERY_S)
            late_s = max(0.0, loop.time() - due)
            self._recent.append(late_s)
            self._seen.observe(late_s)


def is_local(request: Request) -> bool:
    """Whether it comes from this machine, and not through a proxy on it.

    Who comes from the very address that he goes to is here, too: a centre that listens beyond loopback is asked so.
    """
    if request.client is None or "x-forwarded-for" in request.headers:
        return False
    server = request.scope.get("server")
    if server is not None and request.client.host == server[0]:
        return True
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
