"""How many numbers a campaign dials now: a prediction, and over it a cap that cannot be broken.

`cap` decides what may be dialled and carries the proof; `estimates` learns from what became of dials and talks;
`prediction` says how many dials are wise. Pure: no clock, no randomness, integers only. Called by the campaigns with
what stands in their state, and by `cti.bench.dialer`.

A caller keeps, for each campaign and window: a `Book`, and one `Estimates` (both folded from facts). After every event
that changed the floor he asks `dials` and dials so many. What he must keep to, so that the cap holds, stands in `cap`.
"""

from cti.domain.pacing.cap import Book, answered, lost, may_dial, may_release, not_owed, surplus
from cti.domain.pacing.estimates import (
    Estimates,
    learned_answer,
    learned_no_answer,
    learned_talk,
    learned_wrap_up,
    nothing_learned,
)
from cti.domain.pacing.prediction import Floor, Mode, Rules, dials

__all__ = [
    "Book",
    "Estimates",
    "Floor",
    "Mode",
    "Rules",
    "answered",
    "dials",
    "learned_answer",
    "learned_no_answer",
    "learned_talk",
    "learned_wrap_up",
    "lost",
    "may_dial",
    "may_release",
    "not_owed",
    "nothing_learned",
    "surplus",
]
