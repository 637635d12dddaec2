"""Callers who stay: they talk or wait for as long as a benchmark lasts, whatever becomes of the engine.

Used by `cti.bench.recovery` and `cti.bench.standby`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final

from cti.bench import sipp, stage
from cti.bench.stage import Stage
from cti.errors import OutsideError

FOREVER_S: Final = 1800.0
RATE: Final = 15.0
"""Calls a second while the centre fills."""
_LIMIT_S: Final = 120.0


async def call(centre: Stage, stack: AsyncExitStack, *, port: int, calls: int) -> None:
    """Let them call, in the background until the end."""
    calling = asyncio.create_task(
        sipp.call(
            centre.folder,
            target=centre.sip,
            number=stage.DIRECT,
            callers=stage.customers(),
            port=port,
            rate=RATE,
            calls=calls,
            patience_s=FOREVER_S,
        )
    )

    async def end() -> None:
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)

    stack.push_async_callback(end)


async def until_channels(centre: Stage, count: int) -> None:
    """Wait for so many. Raises OutsideError."""

    async def enough() -> bool:
        return await channels(centre) >= count

    await until(enough, otherwise=f"there are not {count} channels")


async def channels(centre: Stage) -> int:
    """How many Asterisk has now."""
    words = (await centre.console("core show channels count")).split()
    return int(words[0]) if words and words[0].isdecimal() else 0


async def until(holds: Callable[[], Awaitable[bool]], *, otherwise: str) -> None:
    """Wait for it. Raises OutsideError."""
    deadline = asyncio.get_running_loop().time() + _LIMIT_S
    while not await holds():
        if asyncio.get_running_loop().time() > deadline:
            raise OutsideError(f"After {_LIMIT_S:g} s {otherwise}.")
        await asyncio.sleep(0.3)
