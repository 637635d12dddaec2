"""Many scripted desktops in one process, signed in and out together.

A hundred are cheap: one pool of HTTP connections, no timer per desk. The demo's agents and the benchmarks use them.
"""

import asyncio
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Final, Self

import httpx

from cti.demo.desk import Desk, Device
from cti.errors import OutsideError
from cti.home import DemoPerson

_REQUEST_LIMIT_S: Final = 10.0
_SIGN_INS: Final = 4
"""At once: hashing a password is work for the server."""


class Desks:
    """Many desks; `async with` signs them in, and out again at the end."""

    def __init__(
        self,
        web: str,
        people: Iterable[DemoPerson],
        *,
        works: bool = True,
        wrap_s: float = 0.5,
        device: Device = "sip",
        changed: Callable[[Desk], None] = lambda _desk: None,
        leave_limit_s: float = 10.0,
        writing_s: float | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=web,
            timeout=_REQUEST_LIMIT_S,
            trust_env=False,
            limits=httpx.Limits(max_connections=20, max_keepalive_connections=20),
        )
        self.all = [
            Desk(
                self._http,
                web,
                person,
                works=works,
                wrap_s=wrap_s,
                device=device,
                changed=changed,
                writing_s=writing_s,
            )
            for person in people
        ]
        self._leave_limit_s = leave_limit_s
        self._running: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Raises OutsideError when one of them is refused."""
        gate = asyncio.Semaphore(_SIGN_INS)

        async def one(desk: Desk) -> None:
            async with gate:
                await desk.sign_in()

        try:
            await asyncio.gather(*map(one, self.all))
        except BaseException:  # cancelled, too: there is no `__aexit__` after this
            await self._http.aclose()
            raise
        self._running = [asyncio.create_task(desk.run(), name=f"desk {desk.login}") for desk in self.all]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(desk.leave(limit_s=self._leave_limit_s) for desk in self.all))
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._http.aclose()

    async def connected(self, *, limit_s: float = 10.0) -> None:
        """Wait until every desk has its snapshot. Raises OutsideError, naming one that has not."""
        await self._until(lambda desk: desk.connected, limit_s, "has no connection for live events")

    async def ready(self, *, limit_s: float = 20.0) -> None:
        """Wait until every desk is ready. Raises OutsideError with the reason of one that is not."""
        await self._until(
            lambda desk: desk.state is not None and desk.state.readiness == "ready", limit_s, "did not become ready"
        )

    async def _until(self, holds: Callable[[Desk], bool], limit_s: float, otherwise: str) -> None:
        waits = [asyncio.create_task(desk.until(holds, limit_s=limit_s)) for desk in self.all]
        results = await asyncio.gather(*waits, return_exceptions=True)
        for desk, result in zip(self.all, results, strict=True):
            if isinstance(result, TimeoutError):
                raise OutsideError(f"{desk.login} {otherwise} within {limit_s:g} s. {_why(desk)}".rstrip())
            if result is not None:
                raise result


def _why(desk: Desk) -> str:
    if desk.trouble:
        return desk.trouble
    if desk.state is not None and not desk.state.phones:
        return "His phone is not registered at the centre."
    return ""
