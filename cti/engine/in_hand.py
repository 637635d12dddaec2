"""Particulars of the contacts at hand, by contact and by address, and the callers' legs that have ended.

In memory only. The journal knows only ids; here stands what a pop shows: from the caller's entry until a while after
the contact closed. The database has it for longer (`cti.engine.known`).
"""

from collections import deque
from typing import Final

from cti.domain.commands import Apologise, AskCaller, PromiseCallback, SendAway
from cti.domain.ids import ContactId, LegId, Milliseconds, ProjectId
from cti.ports import Particulars

Farewell = PromiseCallback | SendAway | AskCaller | Apologise
"""What lets a caller's or a callee's leg go on without us."""

REMEMBER_MS: Final = 10 * 60_000
"""How long after its close a contact's particulars stay at hand."""
ENDED_LEGS: Final = 10_000
"""How many callers' legs of closed contacts are remembered: so a hang-up never sent can be told from a new call."""


class InHand:
    """Particulars by contact, and the legs that have ended."""

    def __init__(self) -> None:
        self._particulars: dict[ContactId, Particulars] = {}
        self._closed: deque[tuple[Milliseconds, ContactId]] = deque()
        self._legs: dict[ContactId, LegId] = {}
        self._ended: dict[LegId, Farewell | None] = {}
        self._by_address: dict[tuple[ProjectId, str], dict[ContactId, None]] = {}

    def __contains__(self, contact_id: ContactId) -> bool:
        return contact_id in self._particulars

    def put(self, particulars: Particulars) -> None:
        """Know this of the contact from now on."""
        self._forget(particulars.contact_id)
        self._particulars[particulars.contact_id] = particulars
        if particulars.address:
            key = (particulars.project_id, particulars.address)
            self._by_address.setdefault(key, {})[particulars.contact_id] = None

    def _forget(self, contact_id: ContactId) -> None:
        known = self._particulars.pop(contact_id, None)
        if known is None or not known.address:
            return
        key = (known.project_id, known.address)
        others = self._by_address[key]
        del others[contact_id]
        if not others:
            del self._by_address[key]

    def of_address(self, project_id: ProjectId, address: str) -> tuple[ContactId, ...]:
        """The contacts at hand of this number or address, the first known first; those closed lately are among them."""
        return tuple(self._by_address.get((project_id, address), ()))

    def get(self, contact_id: ContactId) -> Particulars | None:
        """What is known; None when nothing is, or no longer."""
        return self._particulars.get(contact_id)

    def opened(self, contact_id: ContactId, leg_id: LegId | None) -> None:
        """The contact is live, with this caller's leg."""
        if leg_id is not None:
            self._legs[contact_id] = leg_id

    def close(self, contact_id: ContactId, now: Milliseconds) -> None:
        """The contact is closed: forget it in a while, and forget those whose while is over."""
        leg_id = self._legs.pop(contact_id, None)
        if leg_id is not None:
            self.ended(leg_id)
        self._closed.append((now + REMEMBER_MS, contact_id))
        while self._closed and self._closed[0][0] <= now:
            self._forget(self._closed.popleft()[1])

    def parted(self, contact_id: ContactId) -> None:
        """The contact goes on without its caller's leg."""
        leg_id = self._legs.pop(contact_id, None)
        if leg_id is not None:
            self.ended(leg_id)

    def said_farewell(self, command: Farewell) -> None:
        """This caller's leg was sent out of the ACD by this command."""
        self._ended[command.leg_id] = command

    def ended(self, leg_id: LegId) -> None:
        """This caller's leg belongs to a contact that is closed, or goes on without it."""
        self._ended.setdefault(leg_id)
        if len(self._ended) > ENDED_LEGS:
            del self._ended[next(iter(self._ended))]

    @property
    def ended_legs(self) -> frozenset[LegId]:
        """Callers' legs of contacts closed not long ago, or that go on without them."""
        return frozenset(self._ended)

    def farewell(self, leg_id: LegId) -> Farewell | None:
        """By what this leg was sent out of the ACD; None for one that was to be hung up."""
        return self._ended.get(leg_id)
