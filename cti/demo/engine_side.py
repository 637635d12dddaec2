"""The engine's own account of a run, from its public API: its counters, the supervisor's view, the agents' history.

Not here: the comparison with the carrier's count (`cti.demo.ledger`).
"""

import asyncio
import contextlib
import re
import time
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

import httpx

from cti.demo.centre import Centre
from cti.demo.desk import Desk
from cti.demo.desks import Desks
from cti.demo.ledger import EngineCount, digits
from cti.errors import OutsideError

_LINE: Final = re.compile(r'^triune_contacts_(arrived|closed)_total\{\w+="(\w+)"\} ([0-9.e+]+)$', re.MULTILINE)
_TALKING: Final = ("talking", "held", "rejoining")
_SETTLE_LIMIT_S: Final = 10.0
_EVERY_S: Final = 0.5

_Counts = dict[tuple[str, str], int]


class EngineSide:
    """Watches the engine for the length of a run; `async with`."""

    def __init__(self, centre: Centre) -> None:
        self._watchers = Desks(centre.web, [centre.supervisor], works=False)
        self._http = httpx.AsyncClient(base_url=centre.web, timeout=5.0, trust_env=False)
        self._restarted = False

    async def __aenter__(self) -> Self:
        """Raises OutsideError when the centre refuses or does not answer."""
        await self._watchers.__aenter__()
        await self._watchers.connected()
        self._first = self._last = await self._counters()
        self._began_ms = time.time_ns() // 1_000_000
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()
        await self._watchers.__aexit__(kind, error, trace)

    @property
    def waiting(self) -> int:
        """Contacts in the queues, as the supervisor sees it now."""
        return sum(queue.waiting for queue in self._desk.queues.values())

    @property
    def talking(self) -> int:
        """Agents with a customer, as the supervisor sees it now."""
        return sum(agent.activity in _TALKING for agent in self._desk.agents.values())

    @property
    def connected(self) -> bool:
        """Does the engine answer?"""
        return self._desk.connected

    @property
    def _desk(self) -> Desk:
        return self._watchers.all[0]

    async def look(self) -> None:
        """Read the counters; while the engine is away they stay as they were."""
        with contextlib.suppress(OutsideError):
            self._note(await self._counters())

    @property
    def arrived(self) -> int:
        """Contacts that arrived, as last read."""
        return self._grown("arrived")

    @property
    def abandoned(self) -> int:
        """Contacts given up, as last read."""
        return self._grown("closed", "abandoned")

    @property
    def closed(self) -> int:
        """Contacts that are over, as last read."""
        return self._grown("closed")

    async def settle(self, desks: Iterable[Desk], *, numbers: frozenset[str], expected: int) -> EngineCount:
        """The final account, once all is closed and `expected` contacts of `numbers` (digits) are in the history.

        History follows the engine within a second; after 10 s it is taken as it stands. Raises OutsideError.
        """
        desks = list(desks)
        deadline = time.monotonic() + _SETTLE_LIMIT_S
        while True:
            self._note(await self._counters())
            served = await self._served(desks, numbers)
            done = sum(served.values()) >= expected and (self.closed >= self.arrived or self._restarted)
            if done or time.monotonic() > deadline:
                break
            await asyncio.sleep(_EVERY_S)
        return EngineCount(
            arrived=self.arrived,
            abandoned=self.abandoned,
            closed=self.closed,
            served=served,
            restarted=self._restarted,
        )

    async def _served(self, desks: list[Desk], numbers: frozenset[str]) -> Counter[str]:
        contacts: dict[str, str] = {}
        for desk in desks:
            for row in await desk.history(since_ms=self._began_ms):
                if row.answered_ms is not None and digits(row.address) in numbers:
                    contacts[row.contact_id] = digits(row.address)
        return Counter(contacts.values())

    def _grown(self, name: str, label: str | None = None) -> int:
        keys = [key for key in self._last if key[0] == name and label in (None, key[1])]
        first = {} if self._restarted else self._first
        return sum(self._last[key] - first.get(key, 0) for key in keys)

    def _note(self, counts: _Counts) -> None:
        if any(counts.get(key, 0) < value for key, value in self._last.items()):
            self._restarted = True
        self._last = counts

    async def _counters(self) -> _Counts:
        try:
            answer = await self._http.get("/metrics")
        except httpx.HTTPError as error:
            raise OutsideError("The centre does not answer: is it still up?") from error
        if answer.is_error:
            raise OutsideError(f"The centre does not show its counters ({answer.status_code}).", transient=False)
        return {(name, label): int(float(value)) for name, label, value in _LINE.findall(answer.text)}
