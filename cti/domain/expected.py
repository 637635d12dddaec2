"""How long a contact will wait: an estimate from how fast its own line moved of late, and how good such estimates were.

A *line* is what asks for the same: queue, medium, requirements. While something waits in it, the time from one offer to
the next is a sample of its pace; the wait of a newcomer is the pace times those before him and himself, corrected by
how earlier estimates turned out. All means are exponentially weighted (1/8 for the newest), in integers. An estimate
is told to people only while the mean error of the recent ones is within a stated bound. The order of magnitude of that
error is that of the samples themselves: see Ibrahim and Whitt, "Real-time delay estimation based on delay history",
Manufacturing & Service Operations Management 11(3), 2009.

Pure; the records are folded by `cti.domain.state`, read by `cti.domain.waiting`.
"""

from typing import Final

from msgspec import Struct

from cti.domain.contact import Contact
from cti.domain.events import SkillLevel
from cti.domain.ids import Medium, Milliseconds, QueueId

PaceKey = tuple[QueueId, Medium, tuple[SkillLevel, ...], str]

ENOUGH: Final = 8
"""Samples before anything is estimated, and estimates checked before any is told."""
TELL_ERROR_PERCENT: Final = 40
"""The mean error of recent estimates up to which the next one is told to people."""
LEAST_WAIT_MS: Final[Milliseconds] = 15_000
"""Errors are measured against at least this: half of two seconds is no error to speak of."""

_NEWEST: Final = 8
_SCALE: Final = 1000


class Pace(Struct, frozen=True, kw_only=True, gc=False):
    """How fast one line moves."""

    queue_id: QueueId
    medium: Medium
    requirements: tuple[SkillLevel, ...]
    condition: str
    last_ms: Milliseconds | None = None
    """The last offer after which something still waited."""
    interval_ms: Milliseconds = 0
    """From one offer to the next while something waits."""
    samples: int = 0
    checked: int = 0
    """Estimates that could be compared with what came."""
    error_percent: int = 0
    """|estimated - actual| of the actual wait."""
    ratio: int = _SCALE
    """Actual by estimated wait, in thousandths."""


def pace_key(contact: Contact) -> PaceKey:
    """The line of a contact."""
    return contact.queue_id, contact.medium, contact.requirements, contact.condition


def key_of(pace: Pace) -> PaceKey:
    """The line it tells of."""
    return pace.queue_id, pace.medium, pace.requirements, pace.condition


def new_pace(key: PaceKey) -> Pace:
    """Of a line that nobody has watched yet."""
    queue_id, medium, requirements, condition = key
    return Pace(queue_id=queue_id, medium=medium, requirements=requirements, condition=condition)


def measured(pace: Pace, contact: Contact, now: Milliseconds, *, behind: int) -> Pace:
    """After the contact is offered: one more interval, and one estimate that can be checked.

    `behind`: how many still wait in its queue.
    """
    interval, samples = pace.interval_ms, pace.samples
    if pace.last_ms is not None and contact.queued_ms <= pace.last_ms:  # else the line may have been empty meanwhile
        sample = now - pace.last_ms
        interval = sample if samples == 0 else interval + (sample - interval) // _NEWEST
        samples += 1
    checked, error, ratio = pace.checked, pace.error_percent, pace.ratio
    waited = now - contact.queued_ms
    if contact.expected_ms is not None and contact.steps_taken == 0:
        wrong = min(100 * abs(contact.expected_ms - waited) // max(waited, LEAST_WAIT_MS), 400)
        error = wrong if checked == 0 else error + (wrong - error) // _NEWEST
        if contact.expected_ms >= LEAST_WAIT_MS:
            seen = min(max(ratio * waited // contact.expected_ms, _SCALE // 4), 4 * _SCALE)
            ratio += (seen - ratio) // _NEWEST
        checked += 1
    return Pace(
        queue_id=pace.queue_id,
        medium=pace.medium,
        requirements=pace.requirements,
        condition=pace.condition,
        last_ms=now if behind > 0 else None,
        interval_ms=interval,
        samples=samples,
        checked=checked,
        error_percent=error,
        ratio=ratio,
    )


def estimate_ms(pace: Pace | None, *, position: int) -> Milliseconds | None:
    """How long the contact at this place (from 1) will wait from now on; None: too little is known."""
    if pace is None or pace.samples < ENOUGH:
        return None
    return position * pace.interval_ms * pace.ratio // _SCALE


def may_be_told(pace: Pace | None) -> bool:
    """Whether recent estimates of this line were good enough to tell people the next."""
    return pace is not None and pace.checked >= ENOUGH and pace.error_percent <= TELL_ERROR_PERCENT
