"""Steps: the timed stages of a contact that waits in a queue.

Here: what an admin may write of one step, and that it does something. Not here: what it may name in other queues
(`cti.config.checks`), and doing it (`cti.domain`, which hears of it as `cti.domain.events.Step`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field, PlainValidator, ValidationInfo, model_validator

from cti.config.conditions import Condition
from cti.config.names import HoursName, SiteName, SkillName, known
from cti.config.record import Record
from cti.domain.ids import Announcement
from cti.domain.queue import MOST_POINTS

Level = Annotated[int, Field(ge=1, le=10)]

LONGEST_WAIT_S = 30 * 86_400


class Conditions(Record):
    """What must hold at a step's instant; all that are given, else the step does nothing then."""

    position_over: int | None = Field(default=None, ge=0, le=1_000_000)
    """Its place in the queue is beyond this; the next to be served has place 1."""
    eligible_under: int | None = Field(default=None, ge=1, le=1_000_000)
    """Fewer ready agents than this meet what is asked for, busy ones included."""
    expected_over_s: int | None = Field(default=None, ge=1, le=LONGEST_WAIT_S)
    open: HoursName | None = None
    closed: HoursName | None = None

    @model_validator(mode="after")
    def _can_hold(self) -> Self:
        if self.open is not None and self.open == self.closed:
            raise ValueError(f"{self.open!r} is never open and closed at once: keep one of them")
        return self


@dataclass(frozen=True, slots=True)
class OverflowQueue:
    """`queue NAME`: it goes on waiting there, with the seniority it has."""

    queue: str


@dataclass(frozen=True, slots=True)
class OverflowDestination:
    """`destination NAME`: the call leaves the ACD."""

    destination: str


Overflow = OverflowQueue | OverflowDestination


def _overflow(value: object, info: ValidationInfo) -> Overflow:
    if isinstance(value, OverflowQueue | OverflowDestination):
        return value
    match str(value).split():
        case ["queue", name]:
            return OverflowQueue(known(name, "queues", info))
        case ["destination", name]:
            return OverflowDestination(known(name, "destinations", info))
        case _:
            raise ValueError(f"{value!r} leads nowhere: write 'queue NAME' or 'destination NAME'")


class Step(Record):
    """What is done with a contact that has waited so long; what it changes holds from then on."""

    after_s: int = Field(ge=0, le=LONGEST_WAIT_S)
    """From its entry in the queue."""
    every_s: int | None = Field(default=None, ge=5, le=86_400)
    """Done again so often; left out: once."""
    conditions: Conditions = Field(default=Conditions(), alias="if")
    relax: Mapping[SkillName, Level] = Field(default_factory=dict)
    """Skills that are asked for at this level at most from now on."""
    drop: tuple[SkillName, ...] = ()
    """Skills that are asked for no more."""
    add: Condition = ""
    """Asked for besides from now on."""
    sites: tuple[SiteName, ...] = ()
    """Whose agents are asked besides."""
    priority: int = Field(default=0, ge=0, le=MOST_POINTS)
    """Points added; one counts as a minute of waiting. A contact never has more than `MOST_POINTS` of its own."""
    announce: tuple[Announcement, ...] = ()
    offer_callback: bool = False
    to: Annotated[Overflow, PlainValidator(_overflow)] | None = None

    @property
    def to_queue(self) -> str | None:
        """The queue it sends to; None when it sends to none."""
        return self.to.queue if isinstance(self.to, OverflowQueue) else None

    @property
    def to_destination(self) -> str | None:
        """The destination it sends to; None when it sends to none."""
        return self.to.destination if isinstance(self.to, OverflowDestination) else None

    @property
    def is_conditional(self) -> bool:
        """Whether it may come to nothing at its instant."""
        return self.conditions != Conditions()

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        acts = (self.relax, self.drop, self.add, self.sites, self.priority, self.announce, self.offer_callback, self.to)
        if not any(acts):
            raise ValueError(
                "does nothing: write relax, drop, add, sites, priority, announce, offer_callback or to under it"
            )
        both = [skill for skill in self.drop if skill in self.relax]
        if both:
            raise ValueError(f"{both[0]!r} stands in 'relax' and in 'drop': keep one of them")
        if self.to is not None and self.every_s is not None and not self.is_conditional:
            raise ValueError("'every_s' has no sense with 'to': the contact is gone after the first time")
        return self
