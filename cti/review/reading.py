"""A journal's file as those read it who explain and audit: beside its owner, from the nearest snapshot. Blocks."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from cti.domain.acd import Snapshot, restore
from cti.domain.audit import auditor, why
from cti.domain.contact import number_of
from cti.domain.ids import ContactId, Milliseconds
from cti.domain.state import State
from cti.errors import NotFound, OutsideError
from cti.ports import Entry
from cti.store import journal as journals
from cti.store import snapshots

_PAGE = 2_000
_LAST_POSSIBLE = 2**63 - 1


def journal_file(place: Path) -> Path:
    """The journal of a home, or the file itself. Raises OutsideError when it is not there."""
    place = place.expanduser().absolute()
    file = place / "journal.sqlite" if place.is_dir() else place
    if file.exists():
        return file
    if place.is_dir():
        raise OutsideError(
            f"{place} holds no journal.sqlite: is it the home that `cti up --home` was given, and did it ever run?",
            transient=False,
        )
    raise OutsideError(f"There is no journal {file}: give --home DIR, or the file itself.", transient=False)


def story(file: Path, contact_id: ContactId, *, until: int = _LAST_POSSIBLE, now: Milliseconds = 0) -> why.Story:
    """The contact's story, up to the event with the number `until`; `now` as for `why.explain`.

    Raises NotFound when the journal knows no such contact, OutsideError when it cannot be read.
    """
    number, state = _nearest(file, before=number_of(contact_id))
    found = why.explain(_entries(file, after=number, until=until), contact_id, state=state, now=now)
    if found is None:
        when = f" up to event {until}" if until < _LAST_POSSIBLE else ""
        raise NotFound(f"The journal {file} knows no contact {contact_id}{when}. Contacts are called c<number>.")
    return found


def audit(file: Path) -> auditor.Report:
    """The whole journal's audit. Raises OutsideError when it cannot be read."""
    found = auditor.Auditor()
    for entry in _entries(file, after=0, until=_LAST_POSSIBLE):
        found.take(entry.number, entry.at_ms, entry.facts)
    return found.report()


def _nearest(file: Path, *, before: int) -> tuple[int, State | None]:
    """The newest snapshot that does not know the contact yet; without one the beginning."""
    saved = snapshots.latest(file.with_suffix(".snapshots"), until=before - 1)
    if saved is None:
        return 0, None
    return saved[0], restore(msgspec.json.decode(saved[1], type=Snapshot))


def _entries(file: Path, *, after: int, until: int) -> Iterator[Entry]:
    last = after
    while page := journals.read(file, after=last, until=until, limit=_PAGE):
        yield from page
        last = page[-1].number
