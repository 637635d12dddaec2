"""How long people wait: what a newcomer may be told of it, and what it costs to keep contacts for somebody.

Reads the engine's state and counts; the hub tells it of decisions, the board asks for a queue's expected wait.
"""

from collections.abc import Iterable
from typing import Final

from cti.domain import expected
from cti.domain import facts as decided_facts
from cti.domain.facts import Fact
from cti.domain.ids import ContactId, Medium, Milliseconds, QueueId
from cti.domain.state import State
from cti.domain.states import ContactState
from cti.metrics import Metrics

_MEDIA: Final = (Medium.VOICE, *(medium for medium in Medium if medium is not Medium.VOICE))


def newcomer_ms(state: State, queue_id: QueueId, *, waiting: int, free: int) -> Milliseconds | None:
    """How long somebody would wait who came now and asked for nothing besides; of callers first, else of other media.

    `waiting` contacts are there before him, `free` agents could take him at once. None while recent estimates were too
    wrong to tell people the next.
    """
    for medium in _MEDIA:
        pace = state.paces.get((queue_id, medium, (), ""))
        if expected.may_be_told(pace):
            return 0 if free and not waiting else expected.estimate_ms(pace, position=waiting + 1)
    return None


def errors_percent(state: State) -> dict[str, float]:
    """By queue, how wrong recent estimates were: the mean over its lines, by how many of each could be checked."""
    wrong: dict[QueueId, int] = {}
    checked: dict[QueueId, int] = {}
    for pace in state.paces.values():
        wrong[pace.queue_id] = wrong.get(pace.queue_id, 0) + pace.error_percent * pace.checked
        checked[pace.queue_id] = checked.get(pace.queue_id, 0) + pace.checked
    return {queue_id: wrong[queue_id] / count for queue_id, count in checked.items() if count}


class Kept:
    """Contacts that wait for their preferred agents though others may be free, and for how long they did."""

    _CHANGING: Final = (
        decided_facts.WaitPlanned,
        decided_facts.AssignmentOffered,
        decided_facts.ContactRequeued,
        decided_facts.ContactMoved,
        decided_facts.ContactClosed,
        decided_facts.CallbackAccepted,
        decided_facts.CallbackPostponed,
    )

    def __init__(self, metrics: Metrics) -> None:
        self._since: dict[ContactId, tuple[QueueId, Milliseconds]] = {}
        self._contacts = metrics.counter(
            "triune_held_contacts_total", "Contacts that were kept for a preferred agent, by queue"
        )
        self._seconds = metrics.counter(
            "triune_held_for_seconds_total", "How long contacts were kept for a preferred agent, by queue"
        )

    def start(self, state: State, now: Milliseconds) -> None:
        """Those that are kept when the engine starts; what they waited before is not counted again."""
        for contact_id in state.contacts:
            self._look(state, contact_id, now)

    def note(self, state: State, facts: Iterable[Fact], now: Milliseconds) -> None:
        """A decision has been made; `state` is what came of it."""
        for fact in facts:
            if isinstance(fact, self._CHANGING):
                self._look(state, fact.contact_id, now)

    def _look(self, state: State, contact_id: ContactId, now: Milliseconds) -> None:
        contact = state.contacts.get(contact_id)
        known = self._since.get(contact_id)
        kept = contact is not None and contact.state is ContactState.WAITING and contact.held_until_ms is not None
        if kept and known is None and contact is not None:
            self._since[contact_id] = (contact.queue_id, now)
            self._contacts.add(queue=contact.queue_id)
        elif known is not None and not kept:
            queue_id, since_ms = self._since.pop(contact_id)
            self._seconds.add(max(0, now - since_ms) / 1000, queue=queue_id)
