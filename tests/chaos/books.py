"""What must hold whenever all is quiet, whatever died before: counted by carrier, phones, visitors and mail server.

The journal is asked only for how many contacts arrived and how they were closed. What is found is a sentence; nothing
found is an empty list.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import inf

from rich.table import Table

from cti.demo.carrier import Seen, Step, Who
from cti.demo.ledger import Entry, digits
from cti.domain.ids import Medium
from tests.chaos.customers import StubbornAskers, StubbornVisitors
from tests.soak.books import Day, Told
from tests.soak.customers import Callers, Writers

SHORTEST_TALK_S = 3.0
_BLINK_S = 1.2
"""The carrier counts whole seconds, and begins before the phone's answer is known."""


@dataclass(kw_only=True)
class Crowd:
    """All customers of a run, and what the carrier saw of those whom the centre called back."""

    callers: Callers
    writers: Writers
    visitors: StubbornVisitors
    askers: StubbornAskers
    strangers: int = 0
    """Callers whom faults brought with them."""
    deaths: list[tuple[float, float]] = field(default_factory=list)
    """From when Asterisk was about to die until another one served, by the carrier's clock."""
    called: Counter[str] = field(default_factory=Counter)
    """How often somebody picked up whom the centre called, by his number."""
    open_legs: dict[str, float] = field(default_factory=dict)
    """Legs of such as are up, and since when."""

    def __post_init__(self) -> None:
        self.callers.carrier.listen(self._take)

    def _take(self, seen: Seen) -> None:
        if seen.who is not Who.CALLED:
            return
        if seen.step is Step.ANSWERED:
            self.called[digits(seen.label)] += 1
            self.open_legs[seen.leg] = seen.at_s
        elif seen.step is Step.ENDED:
            self.open_legs.pop(seen.leg, None)

    def is_cut(self, entry: Entry) -> bool:
        """Did Asterisk die during this call?"""
        ended_s = inf if entry.ended_s is None else entry.ended_s
        return any(entry.placed_s <= until_s and ended_s >= from_s for from_s, until_s in self.deaths)


def findings(crowd: Crowd, day: Day) -> list[str]:
    """All that does not agree, of the whole run so far."""
    return [*_calls(crowd), *_journal(crowd, day), *_mails(crowd, day), *_chats(crowd), *_callbacks(crowd)]


def _calls(crowd: Crowd) -> Iterator[str]:
    yield from (odd for odd in crowd.callers.ledger.oddities if not _is_of_callback(crowd, odd))
    for entry in crowd.callers.ledger.entries.values():
        who = entry.order.caller
        patient = entry.order.stay_s > SHORTEST_TALK_S
        if entry.ended_s is None:
            yield f"{who}: his call has not ended"
        elif crowd.is_cut(entry):
            if entry.served_s is not None and _was_talking(crowd, entry) and not crowd.called[digits(who)]:
                yield f"{who}: was cut off in his talk and is not called back"
        elif entry.served_s is None and patient:
            yield f"{who}: nobody took his call (cause {entry.cause})"
        elif entry.served_s is not None and patient and entry.ended_s - entry.served_s < SHORTEST_TALK_S - _BLINK_S:
            yield f"{who}: his talk was cut after {entry.ended_s - entry.served_s:.1f} s"
        if crowd.called[digits(who)] > sum(entry.placed_s <= until_s for _, until_s in crowd.deaths):
            yield f"{who}: called back {crowd.called[digits(who)]} times"


def _is_of_callback(crowd: Crowd, oddity: str) -> bool:
    """The carrier's ledger takes the phone that rings for a callback for one that rings for the call before."""
    return any(digits(word) in crowd.called for word in oddity.split() if word.startswith("+"))


def _was_talking(crowd: Crowd, entry: Entry) -> bool:
    """At a death; not for so long that his phone was about to hang up."""
    begun_s = entry.served_s or 0.0
    latest_s = begun_s + SHORTEST_TALK_S - _BLINK_S
    return any(begun_s + 0.3 < from_s < latest_s for from_s, _ in crowd.deaths)


def _journal(crowd: Crowd, day: Day) -> Iterator[str]:
    for medium, told in day.told.items():
        if told.live:
            yield f"{medium}: {told.live} are neither closed nor at hand"
    came = len(crowd.callers.ledger.entries) + crowd.strangers
    arrived = len(_told(day, Medium.VOICE).arrived)
    if arrived > came:
        yield f"calls: {came} came, {arrived} arrived"
    if Medium.TASK in day.told:
        yield "tasks were made, which nobody asked for"


def _mails(crowd: Crowd, day: Day) -> Iterator[str]:
    sent, told = crowd.writers.sent, _told(day, Medium.EMAIL)
    counted = {
        "arrived": len(told.arrived),
        "different ones arrived": len(told.sources),
        "moved by the centre": crowd.writers.taken(),
        "answered": crowd.writers.answers(),
    }
    yield from (f"mails: {sent} sent, {count} {what}" for what, count in counted.items() if count != sent)
    if crowd.writers.left():
        yield f"mails: {crowd.writers.left()} still lie in the mailbox"


def _chats(crowd: Crowd) -> Iterator[str]:
    if crowd.visitors.answered != crowd.visitors.begun:
        yield f"chats: {crowd.visitors.begun} begun, {crowd.visitors.answered} answered"
    if crowd.visitors.greeted_twice:
        yield f"chats: {crowd.visitors.greeted_twice} were answered twice"


def _callbacks(crowd: Crowd) -> Iterator[str]:
    askers = crowd.askers
    missed = [number for number in askers.promised if not askers.answers.get(number)]
    yield from (f"callback of {number}: promised, and never called" for number in missed)
    most = 1 + len(crowd.deaths)
    yield from (
        f"callback of {number}: called {count} times" for number, count in askers.answers.items() if count > most
    )


def _told(day: Day, medium: Medium) -> Told:
    return day.told.get(medium, Told())


def table(crowd: Crowd, day: Day) -> Table:
    """The ledger of the whole run."""
    shown = Table(title="Ledger: what the outside counted, and the journal")
    for column in ("", "came", "served", "arrived", "live", "closed as"):
        shown.add_column(column, justify="left" if column in ("", "closed as") else "right")
    count = crowd.callers.ledger.count()
    cut = sum(crowd.is_cut(entry) for entry in crowd.callers.ledger.entries.values())
    askers = crowd.askers
    rows: Iterable[tuple[str, int, str, Told]] = (
        ("calls", count.sent + crowd.strangers, f"{count.served} ({cut} met a death)", _told(day, Medium.VOICE)),
        ("mails", crowd.writers.sent, str(crowd.writers.answers()), _told(day, Medium.EMAIL)),
        ("chats", crowd.visitors.begun, str(crowd.visitors.answered), _told(day, Medium.CHAT)),
        ("callbacks", len(askers.promised), f"{len(askers.answers)} of pages", _told(day, Medium.CALLBACK)),
    )
    for name, came, served, told in rows:
        closed = ", ".join(f"{code} {number}" for code, number in told.closed.most_common())
        shown.add_row(name, str(came), served, str(len(told.arrived)), str(told.live), closed)
    return shown
