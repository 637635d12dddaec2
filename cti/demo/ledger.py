"""Two ledgers of one run: what the carrier saw, and what the engine tells; and where they disagree.

Here: folding the carrier's `Seen` records, the records of both sides, and the comparison. Pure: no clock, no I/O. Not
here: who asks the engine (`cti.demo.traffic`).

Theory of operation. The carrier's side is never asked of the engine. A call is *served* when one of the phones answered
while the caller was there, and the call which that phone got showed this caller's number; numbers are unique within a
run. That the two really heard each other is counted apart: each side sounds a tone of its own and listens for the
other's. A call that ended otherwise is *lost*.

Nobody's account is instant. The carrier tells that a caller goes before the centre can know it: a phone that answers
meanwhile had his call, and the engine rightly tells of it. A call of which the carrier did not confirm in time that it
was sent may be under way nevertheless: what is seen of it counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from cti.demo.carrier import Order, Seen, Step, Who

CROSSES_S: Final = 1.0
"""A phone that answers so soon after its caller went was not told in time: the hang-up and the answer crossed."""
_NAMED = 5
"""Numbers named in one sentence."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """One call that the carrier sent."""

    order: Order
    placed_s: float
    refused: bool = False
    """The carrier has not said that it sent the call, and nothing was seen of it."""
    taken_s: float | None = None
    """When the centre answered, be it the menu."""
    served_s: float | None = None
    ended_s: float | None = None
    phone: str = ""
    """The last that answered for him, be it that he had just gone."""
    phone_leg: str = ""
    """The phone's leg while it is up."""
    rejoined: int = 0
    """How often a phone answered for him again after the one before was gone: the engine found a lone caller."""
    cause: int = 0
    caller_heard: bool = False
    phone_heard: bool = False

    @property
    def lost(self) -> bool:
        """Ended without anybody."""
        return self.ended_s is not None and self.served_s is None

    @property
    def talking(self) -> bool:
        """With an agent now."""
        return self.served_s is not None and self.ended_s is None

    @property
    def wait_s(self) -> float | None:
        """From the call's start to the agent's answer, the menu included."""
        return None if self.served_s is None else self.served_s - self.placed_s


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierCount:
    """What the carrier counted."""

    sent: int
    served: int
    lost: int
    waiting: int
    talking: int
    heard_both_ways: int
    rejoined: int
    longest_wait_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCount:
    """What the engine tells. `served` are answered contacts by the caller's number, from the agents' history."""

    arrived: int
    abandoned: int
    closed: int
    served: Mapping[str, int]
    """Answered contacts per caller's number, digits only."""
    restarted: bool = False
    """It was started anew within the run: `arrived`, `abandoned` and `closed` began at 0 again."""


@dataclass(slots=True, kw_only=True)
class CarrierLedger:
    """Folds what the carrier sees. Events of calls that are not this run's are passed over."""

    entries: dict[str, Entry] = field(default_factory=dict)
    """By label."""
    oddities: list[str] = field(default_factory=list)
    """What must not happen, as sentences."""
    _by_number: dict[str, Entry] = field(default_factory=dict)
    _by_leg: dict[str, Entry] = field(default_factory=dict)

    def sent(self, order: Order, *, at_s: float) -> None:
        """A call goes out."""
        entry = Entry(order=order, placed_s=at_s)
        self.entries[order.label] = self._by_number[digits(order.caller)] = entry

    def refused(self, label: str, *, at_s: float) -> None:
        """The carrier could not even send it, or did not say in time that it had."""
        entry = self.entries[label]
        if entry.taken_s is None and entry.served_s is None and entry.ended_s is None:
            entry.refused, entry.ended_s = True, at_s

    def take(self, seen: Seen) -> None:
        """Fold one record."""
        if seen.who is Who.CALLER:
            self._take_caller(seen)
        elif seen.who is Who.PHONE:
            self._take_phone(seen)

    def _take_caller(self, seen: Seen) -> None:
        entry = self.entries.get(seen.label)
        if entry is None:
            return
        _was_sent(entry)
        if entry.ended_s is not None:
            return
        match seen.step:
            case Step.ANSWERED:
                entry.taken_s = seen.at_s
            case Step.HEARD:
                entry.caller_heard = True
            case Step.ENDED:
                entry.ended_s, entry.cause = seen.at_s, seen.cause
            case _:
                pass

    def _take_phone(self, seen: Seen) -> None:
        match seen.step:
            case Step.ANSWERED:
                self._answer(seen)
            case Step.HEARD if seen.leg in self._by_leg:
                self._by_leg[seen.leg].phone_heard = True
            case Step.ENDED if (entry := self._by_leg.pop(seen.leg, None)) is not None and entry.phone_leg == seen.leg:
                entry.phone_leg = ""
            case _:
                pass

    def _answer(self, seen: Seen) -> None:
        entry = self._by_number.get(digits(seen.number))
        if entry is None:
            return
        _was_sent(entry)
        who = f"phone {seen.label} answered for {entry.order.caller}"
        if entry.ended_s is not None:
            entry.phone = seen.label
            if seen.at_s - entry.ended_s >= CROSSES_S:
                self.oddities.append(f"The {who}, who had gone.")
            return
        if entry.phone_leg:
            self.oddities.append(f"The {who}, who was with phone {entry.phone} already.")
            return
        if entry.served_s is None:
            entry.served_s = seen.at_s
        else:
            entry.rejoined += 1
        entry.phone, entry.phone_leg = seen.label, seen.leg
        self._by_leg[seen.leg] = entry

    @property
    def open_calls(self) -> int:
        """Calls that have not ended."""
        return sum(entry.ended_s is None for entry in self.entries.values())

    def count(self) -> CarrierCount:
        """The sums now."""
        entries = self.entries.values()
        served = [entry for entry in entries if entry.served_s is not None]
        talking = sum(entry.talking for entry in entries)
        lost = sum(entry.lost for entry in entries)
        return CarrierCount(
            sent=len(self.entries),
            served=len(served),
            lost=lost,
            waiting=len(self.entries) - len(served) - lost,
            talking=talking,
            rejoined=sum(entry.rejoined for entry in served),
            heard_both_ways=sum(entry.caller_heard and entry.phone_heard for entry in served),
            longest_wait_s=round(max((entry.wait_s or 0.0 for entry in served), default=0.0), 2),
        )


def _was_sent(entry: Entry) -> None:
    """Something is seen of this call: it is under way after all."""
    if entry.refused:
        entry.refused, entry.ended_s = False, None


def digits(number: str) -> str:
    """A number as both sides surely spell it."""
    return "".join(filter(str.isdigit, number))


def compare(carrier: CarrierLedger, engine: EngineCount) -> list[str]:
    """Every loss and disagreement as a sentence; empty when all were served and both ledgers agree."""
    count = carrier.count()
    found = list(carrier.oddities)
    if count.lost:
        found.append(f"{count.lost} of {count.sent} calls were lost: {_named(_lost(carrier))}.")
    if count.waiting:
        found.append(f"{count.waiting} callers were still waiting at the end.")
    found += _compare_counts(count, engine)
    found += _compare_numbers(carrier, engine)
    return found


def _compare_counts(count: CarrierCount, engine: EngineCount) -> list[str]:
    if engine.restarted:
        return []
    found = []
    if engine.arrived != count.sent:
        found.append(f"The carrier sent {count.sent} calls, but {engine.arrived} contacts arrived in the engine.")
    if engine.abandoned:
        found.append(f"The engine counts {engine.abandoned} contacts as abandoned.")
    if engine.closed != engine.arrived:
        found.append(f"{engine.arrived} contacts arrived in the engine, but {engine.closed} are closed.")
    return found


def _compare_numbers(carrier: CarrierLedger, engine: EngineCount) -> list[str]:
    served = {digits(entry.order.caller): entry for entry in carrier.entries.values() if entry.served_s is not None}
    unknown = [entry.order.caller for number, entry in served.items() if number not in engine.served]
    unserved = [
        entry.order.caller
        for entry in carrier.entries.values()
        if not entry.phone and digits(entry.order.caller) in engine.served
    ]
    found = []
    if unknown:
        found.append(f"{len(unknown)} callers were with an agent, but the engine has no such talk: {_named(unknown)}.")
    if unserved:
        found.append(f"The engine tells of talks that no phone had, {len(unserved)} in all: {_named(unserved)}.")
    twice = [f"+{number}" for number in served if engine.served.get(number, 1) > 1]
    if twice:
        found.append(f"The engine tells of more than one answered contact for one call: {_named(twice)}.")
    return found


def _lost(carrier: CarrierLedger) -> list[str]:
    return [f"{entry.order.caller} (cause {entry.cause})" for entry in carrier.entries.values() if entry.lost]


def _named(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:_NAMED]) + (f" and {len(every) - _NAMED} more" if len(every) > _NAMED else "")


def silent(carrier: CarrierLedger, *, shortest_s: float) -> list[Entry]:
    """Talks of at least `shortest_s` in which one side did not hear the other's tone."""
    return [
        entry
        for entry in carrier.entries.values()
        if entry.served_s is not None
        and entry.ended_s is not None
        and entry.ended_s - entry.served_s >= shortest_s
        and not (entry.caller_heard and entry.phone_heard)
    ]


def as_json(carrier: CarrierCount, engine: EngineCount) -> dict[str, dict[str, object]]:
    """Both sides for programs."""
    told = asdict(engine) | {"served": sum(engine.served.values())}
    return {"carrier": asdict(carrier), "engine": told}
