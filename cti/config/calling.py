"""Calls that agents ask for: which numbers may be called, by whom and when, and as what they count.

Here: what an admin may write. Not here: whether one number may be called now (`cti.calling`), who is not to be called
at all (`cti.store.do_not_call`).
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator, StringConstraints

from cti.config.hours import HolidayCountry, Span, Weekday, a_date, a_span, spans_of
from cti.config.names import Country, Key, Number164, ProjectName, QueueName, TimeZone
from cti.config.record import Record
from cti.domain.ids import LegCause

Prefix = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{0,14}$")]
"""The beginning of a number in full."""


class NumberKind(StrEnum):
    """What a number is, by its country's numbering plan. Those that cost extra have no name: none may be called."""

    MOBILE = "mobile"
    FIXED = "fixed"
    TOLL_FREE = "toll_free"
    VOIP = "voip"
    COMPANY = "company"
    """Universal access numbers: one number for a whole company."""
    UNKNOWN = "unknown"
    """In no plan that is known here."""


class Reach(Record):
    """Which numbers somebody may call."""

    countries: tuple[Country, ...] = ()
    """Besides the centre's own and `limits.callback_countries`."""
    kinds: tuple[NumberKind, ...] = Field(
        default=(NumberKind.MOBILE, NumberKind.FIXED, NumberKind.TOLL_FREE, NumberKind.VOIP, NumberKind.COMPANY),
        min_length=1,
    )
    allowed: tuple[Prefix, ...] = ()
    """Numbers that may be called whatever their country and kind; not those that cost extra."""
    denied: tuple[Prefix, ...] = ()
    """Numbers that may not; a longer beginning goes before a shorter one."""


class CallingHours(Record):
    """When people may be called, by the clock on their own wall."""

    weekly: Mapping[Weekday, Annotated[Span, PlainValidator(a_span)]] = Field(min_length=1)
    holidays: HolidayCountry | None = None
    closed_on: tuple[Annotated[date, PlainValidator(a_date)], ...] = ()

    def spans(self, weekday: int) -> tuple[Span, ...]:
        """The spans of a weekday, 0 for Monday."""
        return spans_of(self.weekly, weekday)


def _may_be_missed(cause: LegCause) -> LegCause:
    if cause in (LegCause.NORMAL, LegCause.LOST, LegCause.UNREACHABLE):
        raise ValueError("'missed' knows: busy, no_answer, no_such_number, congestion, rejected")
    return cause


class ProjectCalling(Record):
    """How one project's customers are called."""

    queue: QueueName | None = None
    """By whose rules such a call is wrapped up; None: the project's operator."""
    number: Number164 | None = None
    """The number that customers see, one of the project's; None: its first."""
    hours: CallingHours | None = None
    """Instead of those of the centre."""
    missed: Mapping[Annotated[LegCause, AfterValidator(_may_be_missed)], Key] = Field(default_factory=dict)
    """The result that is proposed to the agent when the customer was not reached, by the reason."""


class Calling(Record):
    """The whole section."""

    agent: Reach = Reach()
    supervisor: Reach | None = None
    """None: as an agent."""
    admin: Reach | None = None
    """None: as a supervisor."""
    hours: CallingHours | None = None
    """None: at any time."""
    zones: Mapping[Prefix, TimeZone] = Field(default_factory=dict)
    """Where numbers are that begin so, when their plan does not tell: a longer beginning goes before a shorter one."""
    projects: Mapping[ProjectName, ProjectCalling] = Field(default_factory=dict)
