"""A medium in memory, for tests: `MemoryConnector` keeps `ports.media.Connector`'s contract without a server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Final

from cti.domain.ids import ContactId, Medium
from cti.errors import OutsideError
from cti.ports.media import Incoming, Outgoing

MOST_UNACKNOWLEDGED: Final = 8


class MemorySource:
    """What stands at the source: it outlives connectors, as a mailbox outlives the engine."""

    def __init__(self) -> None:
        self.waiting: dict[str, Incoming] = {}
        """Told and not acknowledged, by key, in order."""
        self.acknowledged: list[str] = []
        self.delivered: dict[str, Outgoing] = {}
        """What was sent, by reference."""
        self.changed = asyncio.Event()

    def put(self, incoming: Incoming) -> None:
        """A customer writes. What refers to something that was sent continues its contact."""
        self.waiting[incoming.key] = incoming
        self.changed.set()


class MemoryConnector:
    """See `ports.media.Connector`."""

    def __init__(
        self,
        source: MemorySource,
        *,
        name: str = "memory",
        medium: Medium = Medium.EMAIL,
        acknowledging: Callable[[str], None] = lambda _: None,
        sending: Callable[[Outgoing], None] = lambda _: None,
    ) -> None:
        """`acknowledging` and `sending` are called first and may raise, as a source that fails."""
        self._source, self._name, self._medium = source, name, medium
        self._acknowledging, self._sending = acknowledging, sending
        self._handed: set[str] = set()

    @property
    def medium(self) -> Medium:
        """See `ports.media.Connector`."""
        return self._medium

    @property
    def name(self) -> str:
        """See `ports.media.Connector`."""
        return self._name

    async def receive(self) -> AsyncIterator[Incoming]:
        """See `ports.media.Connector`."""
        self._handed.clear()
        while True:
            for key, incoming in list(self._source.waiting.items()):
                if key not in self._handed and len(self._handed) < MOST_UNACKNOWLEDGED:
                    self._handed.add(key)
                    yield replace(incoming, continues=self._continued(incoming))
            self._source.changed.clear()
            if all(key in self._handed for key in self._source.waiting) or len(self._handed) >= MOST_UNACKNOWLEDGED:
                await self._source.changed.wait()

    def _continued(self, incoming: Incoming) -> ContactId | None:
        sent = self._source.delivered.get(incoming.text.partition(" ")[0])
        return incoming.continues or (sent.contact_id if sent is not None else None)

    async def acknowledge(self, key: str) -> None:
        """See `ports.media.Connector`."""
        self._acknowledging(key)
        if self._source.waiting.pop(key, None) is not None:
            self._source.acknowledged.append(key)
        self._handed.discard(key)
        self._source.changed.set()

    async def send(self, outgoing: Outgoing) -> str:
        """See `ports.media.Connector`. An address that begins with `refused` is nobody's, one with `later` is full."""
        self._sending(outgoing)
        if outgoing.address.startswith("refused"):
            raise OutsideError("There is nobody of that name here.", transient=False)
        if outgoing.address.startswith("later"):
            raise OutsideError("The mailbox is full.")
        reference = f"<{outgoing.key}@memory>"
        self._source.delivered[reference] = outgoing
        return reference
