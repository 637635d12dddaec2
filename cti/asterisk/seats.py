"""Desk phones at one node: they register under names of their own, and who has logged in there is rung at them.

Theory of operation. A desk phone has an endpoint with its own password, `desk-12`. Whoever logs in there gets an
endpoint that nobody can register as, `agent-101-desk`, which rings whatever the desk phone has registered; so he is
watched by lamps and kept in the static queues by his own name, wherever he sits. What is wanted is brought about in one
task, and again after each connect. Made and run by `cti.asterisk.switch`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from cti import variables
from cti.asterisk import endpoints
from cti.asterisk.ari import Asterisk
from cti.asterisk.contacts import Contacts
from cti.asterisk.endpoints import ConfigObject, Media
from cti.errors import AsteriskDown, OutsideError

log = logging.getLogger(__name__)

_RETRY_S: Final = 2.0
_SELDOM_S: Final = 60.0
_UNSURE: Final = "?"
"""No password and no desk: what stands is made anew."""


class Seats:
    """See `ports.DeskSwitch`. `told` is called with a seat's endpoint when that can be rung from now on, or no more."""

    def __init__(self, asterisk: Asterisk, *, contacts: Contacts, media: Media, told: Callable[[str], None]) -> None:
        self._asterisk = asterisk
        self._contacts = contacts
        self._media = media
        self._told = told
        self._desks: dict[str, str] = {}
        self._seated: dict[str, str] = {}
        """Desk by extension."""
        self._made: dict[str, str] = {}
        """What stands at the switch: a desk's password, a seat's desk; by endpoint."""
        self._changed = asyncio.Event()

    # -- ports.DeskSwitch ----------------------------------------------------------------------------------------------

    def know(self, desks: Mapping[str, str]) -> None:
        """See `ports.DeskSwitch`."""
        self._desks = dict(desks)
        self._changed.set()

    def seat(self, desk: str, extension: str) -> None:
        """See `ports.DeskSwitch`."""
        for other in [one for one, taken in self._seated.items() if taken == desk and one != extension]:
            self.leave(other)
        self._seated[extension] = desk
        self._changed.set()

    def leave(self, extension: str) -> None:
        """See `ports.DeskSwitch`."""
        if self._seated.pop(extension, None) is not None:
            self._told(variables.seat_endpoint(extension))
            self._changed.set()

    def is_reached(self, desk: str) -> bool:
        """See `ports.DeskSwitch`."""
        return self._contacts.reachable(variables.desk_endpoint(desk))

    # -- the switch's --------------------------------------------------------------------------------------------------

    @property
    def endpoints(self) -> frozenset[str]:
        """The endpoints by which those are rung who have logged in."""
        return frozenset(map(variables.seat_endpoint, self._seated))

    def reachable(self, endpoint: str) -> bool:
        """Whether a call to this seat's endpoint would ring."""
        desk = self._made.get(endpoint, _UNSURE) if endpoint in self.endpoints else _UNSURE
        return desk != _UNSURE and self.is_reached(desk)

    def restore(self, standing: Iterable[str]) -> None:
        """The node was connected: of the endpoints that stand there, ours are made anew, and what is nobody's goes."""
        ours = [
            name
            for name in standing
            if name.startswith(variables.DESK_ENDPOINT_PREFIX) or name.endswith(variables.SEAT_ENDPOINT_SUFFIX)
        ]
        self._made = dict.fromkeys(ours, _UNSURE)
        self._changed.set()

    def reported(self, endpoint: str) -> None:
        """A phone has registered, or is gone."""
        for extension, desk in self._seated.items():
            if endpoint == variables.desk_endpoint(desk):
                self._told(variables.seat_endpoint(extension))

    async def run(self) -> None:
        """Bring about what is wanted, for ever; what the node does not take now is tried again, ever more seldom."""
        is_settled, retry_s = True, _RETRY_S
        while True:
            try:
                await asyncio.wait_for(self._changed.wait(), timeout=None if is_settled else retry_s)
                retry_s = _RETRY_S
            except TimeoutError:
                retry_s = min(2 * retry_s, _SELDOM_S)
            self._changed.clear()
            is_settled = await self._settle()

    async def _settle(self) -> bool:
        """Whether all is as it is wanted. An object that is refused keeps it from no other."""
        refused = 0
        try:
            for name, change in self._changes():
                refused += not await self._brought_about(name, change)
        except AsteriskDown as error:
            log.info("desk phones wait: %s", error, extra={"action": "desks_wait"})
            return False
        return refused == 0

    def _changes(self) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        """What is not as it is wanted, and what makes it so: desks first, for a seat rings what they register."""
        desks = {variables.desk_endpoint(key): (key, secret) for key, secret in self._desks.items()}
        seats = {variables.seat_endpoint(extension): (extension, desk) for extension, desk in self._seated.items()}
        for name in [name for name in self._made if name not in desks and name not in seats]:
            yield name, partial(self._delete, name)
        for name, (key, secret) in desks.items():
            if self._made.get(name) != secret:
                yield name, partial(self._make, name, secret, endpoints.desk_objects(key, secret, media=self._media))
        for name, (extension, desk) in seats.items():
            if self._made.get(name) != desk:
                yield name, partial(self._make, name, desk, endpoints.seat_objects(extension, desk, media=self._media))

    async def _brought_about(self, name: str, change: Callable[[], Awaitable[None]]) -> bool:
        """Whether the node took it. Raises AsteriskDown."""
        was_unsure, is_done = self._made.get(name) == _UNSURE, True
        try:
            await change()
        except AsteriskDown:
            raise
        except OutsideError as error:
            self._made[name], is_done = _UNSURE, False
            log.warning("%s could not be changed: %s", name, error, extra={"action": "desk_refused"})
        if name in self.endpoints and (is_done or not was_unsure):
            self._told(name)
        return is_done

    async def _make(self, name: str, what: str, objects: Iterable[ConfigObject]) -> None:
        for made in objects:
            await self._asterisk.updateObject(
                configClass="res_pjsip", objectType=made.kind, id=made.name, fields=made.fields
            )
        self._made[name] = what

    async def _delete(self, name: str) -> None:
        for kind in ("endpoint", "aor", "auth"):
            await self._asterisk.deleteObject(configClass="res_pjsip", objectType=kind, id=name)
        self._made.pop(name, None)  # a node that was connected meanwhile may have no such endpoint
