"""Which endpoints have a live contact, from AMI's reports. Pure; called by `cti.asterisk.ami`.

A contact that is registered and not known to be dead counts as alive: PJSIP rings it as well. A refreshed page replaces
its old contact by a new one: that is news too, for a talk whose leg went with the old page is rung anew on it.
"""

from collections.abc import Iterable
from typing import Final

_DEAD: Final = frozenset({"unreachable", "removed", "unavail", "unavailable"})


class Contacts:
    """The live contacts of every endpoint."""

    def __init__(self) -> None:
        self._live: dict[str, set[str]] = {}

    def reachable(self, endpoint: str) -> bool:
        """Whether a call to this endpoint would ring somewhere."""
        return bool(self._live.get(endpoint))

    def uris(self, endpoint: str) -> frozenset[str]:
        """The live contacts of this endpoint."""
        return frozenset(self._live.get(endpoint, ()))

    def report(self, endpoint: str, *, uri: str, status: str) -> bool:
        """Take one report; True when it says something new: a contact not known before, or the last one gone."""
        live = self._live.setdefault(endpoint, set())
        if status.lower() in _DEAD:
            told = live == {uri}
            live.discard(uri)
        else:
            told = uri not in live
            live.add(uri)
        return told

    def replace(self, reports: Iterable[tuple[str, str, str]]) -> None:
        """Begin anew from a full listing of (endpoint, uri, status)."""
        self._live.clear()
        for endpoint, uri, status in reports:
            self.report(endpoint, uri=uri, status=status)
