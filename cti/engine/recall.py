"""What a recovered state does not hold: whom its leads stand for, and whose its contacts are; asked of the database.

For the leads the start waits; for the particulars nobody does: callers' come with the listing of their legs, and the
others are asked for until the database tells. One `Recall` for each start of the engine.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from cti.domain.contact import Contact
from cti.domain.events import CallbackMoved, Event
from cti.domain.ids import ContactId, LegId, Medium, Milliseconds
from cti.domain.state import State
from cti.domain.states import ContactState
from cti.engine.known import Known
from cti.errors import DatabaseDown
from cti.ports.campaigns import Callees

log = logging.getLogger(__name__)

AGAIN_S: Final = 3.0
"""How soon the database is asked again, when it was away."""
UNKNOWN_AGAIN_S: Final = 30.0
"""How soon it is asked again for a number that it did not have."""
UNKNOWN_SLEEP_MS: Final[Milliseconds] = 15 * 60_000
"""How long a callback sleeps of which nobody knows whom to call."""


class Recall:
    """Of the state as it was recovered."""

    def __init__(
        self,
        *,
        state: State,
        now: Callable[[], Milliseconds],
        known: Known,
        callees: Callees | None,
        post: Callable[[Event], None],
    ) -> None:
        self._state = state
        self._now = now
        self._known = known
        self._callees = callees
        self._post = post
        self._wanted = (*state.contacts, *map(ContactId, state.parties))
        self._unknown: set[ContactId] = set()
        """Callbacks of which nobody knows whom to call: they were sent to sleep."""

    async def callees(self) -> None:
        """Before anything is decided: a lead in line may be dialled by the first event."""
        while self._callees is not None:
            try:
                await self._callees.recall(self._state)
                return
            except DatabaseDown as error:
                log.warning("%s", error, extra={"action": "callees_awaited"})
            await asyncio.sleep(AGAIN_S)

    async def particulars(self) -> bool:
        """Of the contacts that were live when the engine died; False while the database is away, or one is unknown."""
        try:
            told = await self._known.recalled(self._wanted)
        except DatabaseDown as error:
            log.warning("particulars not recalled: %s", error, extra={"action": "recall_failed"})
            return False
        in_hand = self._known.in_hand
        for contact_id, particulars in told.items():
            lives = contact_id in self._state.contacts or LegId(contact_id) in self._state.parties
            if lives and contact_id not in in_hand:
                in_hand.put(particulars)
        self._let_unknown_sleep()
        return not self._unknown

    async def particulars_later(self) -> None:
        """The same again and again, until the database tells, and of all: another may write what an engine left."""
        told = False
        while not told:
            await asyncio.sleep(UNKNOWN_AGAIN_S if self._unknown else AGAIN_S)
            told = await self.particulars()

    def _let_unknown_sleep(self) -> None:
        """No phone rings for one who is to be called, and whose number died with an engine: he may tell it again."""
        until_ms = self._now() + UNKNOWN_SLEEP_MS
        unknown = {contact.id: contact for contact in self._state.contacts.values() if self._is_unknown(contact)}
        for contact_id in unknown.keys() - self._unknown:
            log.warning("nobody knows whom to call", extra={"action": "callback_unknown", "contact": contact_id})
            if (unknown[contact_id].asleep_until_ms or 0) < until_ms:
                self._post(CallbackMoved(contact_id=contact_id, not_before_ms=until_ms))
        self._unknown = set(unknown)

    def _is_unknown(self, contact: Contact) -> bool:
        """Of those whom no agent has; what has come since is known."""
        is_waiting = contact.state in (ContactState.WAITING, ContactState.OFFERED)
        return contact.medium is Medium.CALLBACK and is_waiting and contact.id not in self._known.in_hand
