"""The books of a mixed run: what each source counted, what the journal tells, and where they disagree."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from cti.domain.facts import (
    AssignmentClosed,
    AssignmentOffered,
    AssignmentStarted,
    ContactClosed,
    ContactQueued,
    CustomerReached,
    Fact,
)
from cti.domain.ids import AssignmentId, ContactId, Medium
from cti.store import written
from cti.store.written import Written, WrittenTable
from tests.soak.customers import Askers, Callers, Visitors, Writers


@dataclass
class Told:
    """What the journal tells of one medium."""

    arrived: set[ContactId] = field(default_factory=set)
    taken: set[ContactId] = field(default_factory=set)
    """By an agent; of a callback: its customer picked up."""
    closed: Counter[str] = field(default_factory=Counter)
    """By disposition."""
    sources: set[str] = field(default_factory=set)
    """Keys by which their sources know them."""

    @property
    def live(self) -> int:
        return len(self.arrived) - self.closed.total()


@dataclass
class Day:
    """What the journal tells of all of it."""

    told: dict[Medium, Told] = field(default_factory=dict)
    most_waiting: int = 0
    most_at_work: int = 0
    _medium: dict[ContactId, Medium] = field(default_factory=dict)
    _contact: dict[AssignmentId, ContactId] = field(default_factory=dict)
    _waiting: set[ContactId] = field(default_factory=set)
    _at_work: set[AssignmentId] = field(default_factory=set)

    def take(self, fact: Fact) -> None:
        """Fold one fact. One of a contact that never arrived is a KeyError."""
        match fact:
            case ContactQueued(contact_id=contact_id, medium=medium):
                self._medium[contact_id] = medium
                self.told.setdefault(medium, Told()).arrived.add(contact_id)
                self.told[medium].sources.add(fact.source_key)
                self._waiting.add(contact_id)
                self.most_waiting = max(self.most_waiting, len(self._waiting))
            case AssignmentOffered(assignment_id=assignment_id, contact_id=contact_id):
                self._contact[assignment_id] = contact_id
            case AssignmentStarted(assignment_id=assignment_id):
                contact_id = self._contact[assignment_id]
                self._waiting.discard(contact_id)
                self._at_work.add(assignment_id)
                self.most_at_work = max(self.most_at_work, len(self._at_work))
                if self._medium[contact_id] is not Medium.CALLBACK:
                    self._of(contact_id).taken.add(contact_id)
            case CustomerReached(assignment_id=assignment_id):
                contact_id = self._contact[assignment_id]
                self._of(contact_id).taken.add(contact_id)
            case AssignmentClosed(assignment_id=assignment_id):
                self._at_work.discard(assignment_id)
            case ContactClosed(contact_id=contact_id):
                self._waiting.discard(contact_id)
                self._of(contact_id).closed[fact.disposition] += 1
            case _:
                pass

    def _of(self, contact_id: ContactId) -> Told:
        return self.told[self._medium[contact_id]]


class Reader:
    """A journal that grows, folded as far as it was durable at the last look."""

    def __init__(self, journal: Written) -> None:
        self._journal = journal
        self._day = Day()
        self._last = 0

    def read(self) -> Day:
        """All of it up to now. Raises OutsideError."""
        for entry in written.entries(self._journal, after=self._last):
            for fact in entry.facts:
                self._day.take(fact)
            self._last = entry.number
        return self._day

    def close(self) -> None:
        """Let go of PostgreSQL, where it is there."""
        if isinstance(self._journal, WrittenTable):
            self._journal.database.close_now()


@dataclass(frozen=True)
class Line:
    """One medium: what its source counted beside what the journal tells."""

    name: str
    sent: int
    served: int | None
    """As the source saw it; None when it cannot tell."""
    told: Told

    def findings(self) -> Iterable[str]:
        """Where the two disagree."""
        if self.sent != len(self.told.arrived):
            yield f"{self.name}: {self.sent} came, {len(self.told.arrived)} arrived"
        if self.served is not None and self.served != len(self.told.taken):
            yield f"{self.name}: {self.served} were served, agents took {len(self.told.taken)}"
        if self.told.live:
            yield f"{self.name}: {self.told.live} are neither closed nor at hand"


def lines(
    day: Day, *, callers: Callers, writers: Writers, visitors: Visitors, askers: Askers
) -> tuple[list[Line], list[str]]:
    """All media, and what else does not agree."""
    told = dict(day.told)
    count = callers.ledger.count()
    found = [
        Line("calls", count.sent, count.served, told.pop(Medium.VOICE, Told())),
        Line("mails", writers.sent, writers.answers(), told.pop(Medium.EMAIL, Told())),
        Line("chats", visitors.begun, None, told.pop(Medium.CHAT, Told())),
        Line("callbacks", len(askers.promised), len(askers.reached), told.pop(Medium.CALLBACK, Told())),
    ]
    odd = [finding for line in found for finding in line.findings()]
    odd += [f"nobody sent {len(rest.arrived)} of medium {medium}" for medium, rest in told.items()]
    odd += callers.ledger.oddities
    if (writers.taken(), writers.left()) != (writers.sent, 0):
        odd.append(f"mailbox: of {writers.sent} mails {writers.taken()} were taken and {writers.left()} left")
    if len(found[1].told.sources) != writers.sent:
        odd.append(f"mails: {len(found[1].told.sources)} different ones in the journal")
    if not visitors.answered <= len(found[2].told.taken) <= visitors.begun:
        odd.append(f"chats: {visitors.answered} visitors were answered, agents took {len(found[2].told.taken)}")
    return found, odd


def show(found: Iterable[Line], notes: Iterable[str], console: Console) -> None:
    """What happened, as a table."""
    table = Table(title="Mixed run")
    for column in ("", "came", "arrived", "served (source)", "taken (journal)", "live", "closed as"):
        table.add_column(column, justify="left" if column in ("", "closed as") else "right")
    for line in found:
        served = "" if line.served is None else str(line.served)
        closed = ", ".join(f"{code} {count}" for code, count in line.told.closed.most_common())
        told = line.told
        table.add_row(
            line.name, str(line.sent), str(len(told.arrived)), served, str(len(told.taken)), str(told.live), closed
        )
    console.print(table)
    for note in notes:
        console.print(note)
