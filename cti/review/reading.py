"""A journal as those read it who explain and audit: from the nearest snapshot. Blocks."""

import msgspec

from cti.domain.acd import Snapshot, restore
from cti.domain.audit import auditor, why
from cti.domain.contact import number_of
from cti.domain.ids import ContactId, Milliseconds
from cti.domain.state import State
from cti.errors import NotFound
from cti.store.written import LAST_POSSIBLE, Written, entries


def story(journal: Written, contact_id: ContactId, *, until: int = LAST_POSSIBLE, now: Milliseconds = 0) -> why.Story:
    """The contact's story, up to the event with the number `until`; `now` as for `why.explain`.

    Raises NotFound when the journal knows no such contact, OutsideError when it cannot be read.
    """
    number, state = _nearest(journal, before=number_of(contact_id))
    found = why.explain(entries(journal, after=number, until=until), contact_id, state=state, now=now)
    if found is None:
        when = f" up to event {until}" if until < LAST_POSSIBLE else ""
        raise NotFound(f"The journal {journal} knows no contact {contact_id}{when}. Contacts are called c<number>.")
    return found


def audit(journal: Written) -> auditor.Report:
    """The whole journal's audit. Raises OutsideError when it cannot be read."""
    found = auditor.Auditor()
    for entry in entries(journal, after=0, until=LAST_POSSIBLE):
        found.take(entry.number, entry.at_ms, entry.facts)
    return found.report()


def _nearest(journal: Written, *, before: int) -> tuple[int, State | None]:
    """The newest snapshot that does not know the contact yet; without one the beginning."""
    saved = journal.snapshot(until=before - 1)
    if saved is None:
        return 0, None
    return saved[0], restore(msgspec.json.decode(saved[1], type=Snapshot))
