"""Tasks that are to run for as long as the engine does: each restarts alone, with back-off, and takes no sibling down.

`Supervised` owns them; nothing else in the engine makes a task that outlives a call.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
_HEALTHY_AFTER_S: Final = 30.0


class Supervised:
    """The owner of the engine's long-running tasks."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], None] = {}
        self.restarts = 0

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work()` now and again whenever it raises; one that returns is done."""
        task = asyncio.get_running_loop().create_task(self._keep(name, work), name=name)
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    async def stop(self) -> None:
        """Cancel all, the youngest first, and wait for their end."""
        tasks = list(reversed(self._tasks))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        pause_s = _FIRST_PAUSE_S
        while True:
            begun = loop.time()
            try:
                await work()
                return
            except Exception:  # a task of the engine: logged, and started anew
                self.restarts += 1
                log.exception("%s failed and starts again", name, extra={"action": "task_restarted", "task": name})
            if loop.time() - begun > _HEALTHY_AFTER_S:
                pause_s = _FIRST_PAUSE_S
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
