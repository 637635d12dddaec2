"""The flight recorder: a journal decided again by this version's rules, and compared decision by decision.

Recovery folds facts and never comes here. Replay shows whether the rules of today decide as those of that day did; each
difference names the event. Pure but for the clock that measures its own speed. Called by `cti replay`.
"""

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from cti.domain.acd import Acd
from cti.domain.facts import AssignmentOffered, Fact
from cti.domain.ids import Milliseconds
from cti.errors import RuleError
from cti.ports import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One event that was decided otherwise then."""

    number: int
    event: str
    then: tuple[str, ...]
    now: tuple[str, ...]
    """Names of the facts, or `refused`."""
    detail: str = ""
    """Where the names are the same: the first field that differs, `then → now`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a replay found."""

    events: int
    decisions: int
    """Facts decided."""
    differences: tuple[Difference, ...]
    digest: str
    """SHA-256 over all facts decided now, in order: equal digests, equal days."""
    span_ms: Milliseconds
    """From the first event to the last, in the journal's time."""
    took_s: float

    @property
    def times_real_time(self) -> float:
        """How much faster than the day itself."""
        return self.span_ms / 1000 / self.took_s if self.took_s else 0.0

    @property
    def decisions_per_s(self) -> float:
        """How many facts were decided in a second, the reading of the journal included."""
        return self.decisions / self.took_s if self.took_s else 0.0


def replay(source: Callable[[], Iterable[Entry]], *, most_differences: int = 20) -> Outcome:
    """Decide every event again from an empty state; `source()` gives the entries from the first one on.

    After a difference the state is folded anew to what it was then, so that one difference does not bring a thousand.
    """
    acd = Acd()
    digest = hashlib.sha256()
    encode = msgspec.json.Encoder(order="deterministic").encode
    differences: list[Difference] = []
    events = decisions = 0
    first = last = 0
    begun = time.perf_counter()
    for entry in source():
        first = first or entry.at_ms
        last = entry.at_ms
        facts, refused = _decide(acd, entry)
        events += 1
        decisions += len(facts)
        digest.update(encode([[type(fact).__name__, fact] for fact in facts]))
        if not _same(facts, entry.facts) or refused != (entry.refused is not None):
            differences.append(_difference(entry, facts, refused=refused))
            if len(differences) >= most_differences:
                break
            acd = _folded(source(), until=entry.number)
    return Outcome(
        events=events,
        decisions=decisions,
        differences=tuple(differences),
        digest=digest.hexdigest(),
        span_ms=last - first,
        took_s=time.perf_counter() - begun,
    )


def _decide(acd: Acd, entry: Entry) -> tuple[tuple[Fact, ...], bool]:
    """The facts decided now, and whether the event is refused."""
    acd.state.number = entry.number - 1
    try:
        return acd.handle(entry.event, entry.at_ms).facts, False
    except RuleError:
        return (), True


def _same(now: tuple[Fact, ...], then: tuple[Fact, ...]) -> bool:
    """Whether the decision is the same, as far as the version that made it told of it."""
    return now == then or (len(now) == len(then) and all(map(_as_told, now, then)))


def _as_told(now: Fact, then: Fact) -> bool:
    if isinstance(now, AssignmentOffered) and isinstance(then, AssignmentOffered) and then.why.terms is None:
        known = replace(now.why, ring=0, terms=None, other_project=0, other_site=0, lacks_skill=0)
        now = replace(now, why=replace(known, rival=None, rival_score_ms=0))
    return now == then


def _difference(entry: Entry, facts: tuple[Fact, ...], *, refused: bool) -> Difference:
    return Difference(
        detail=_detail(entry.facts, facts),
        number=entry.number,
        event=type(entry.event).__name__,
        then=("refused",) if entry.refused is not None else tuple(type(fact).__name__ for fact in entry.facts),
        now=("refused",) if refused else tuple(type(fact).__name__ for fact in facts),
    )


def _detail(then: tuple[Fact, ...], now: tuple[Fact, ...]) -> str:
    """The first field that differs, if the facts are of the same kinds."""
    if [type(fact) for fact in then] != [type(fact) for fact in now]:
        return ""
    for was, is_ in zip(then, now, strict=True):
        for name in was.__struct_fields__:
            if getattr(was, name) != getattr(is_, name):
                return f"{type(was).__name__}.{name}: {getattr(was, name)} → {getattr(is_, name)}"
    return ""


def _folded(entries: Iterable[Entry], *, until: int) -> Acd:
    acd = Acd()
    for entry in entries:
        acd.fold(entry.number, entry.facts)
        if entry.number == until:
            break
    return acd
