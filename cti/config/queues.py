"""Queues: where contacts wait, what they ask for meanwhile, and what happens while the engine is away.

Not here: deciding who gets whom (`cti.domain`), which hears of a queue by an event that `cti.app` makes of its record.
"""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from cti.config.conditions import Condition
from cti.config.names import HoursName, Key, ProjectName, QueueName, SiteName, SkillName
from cti.config.record import Record
from cti.config.recording import OfQueue
from cti.config.steps import Step
from cti.config.surveys import Survey
from cti.config.words import Words
from cti.domain.ids import Medium
from cti.regard import Preferred


class Relaxation(Record):
    """From `after_s` seconds of waiting on the skill is asked for at `level` only; 0 asks for it no more."""

    after_s: int = Field(ge=1, le=86_400)
    level: int = Field(ge=0, le=10)


class Requirement(Record):
    """The level (1–10) of a skill that a queue asks for, less and less as time passes."""

    level: int = Field(ge=1, le=10)
    relax: tuple[Relaxation, ...] = ()

    @model_validator(mode="after")
    def _goes_down(self) -> Self:
        before = (0, self.level)
        for step in self.relax:
            if step.after_s <= before[0] or step.level >= before[1]:
                raise ValueError("each step of 'relax' must come later and ask for less than the one before")
            before = (step.after_s, step.level)
        return self


class Fallback(Record):
    """What happens while the engine is away: music and retries, then Asterisk's own static queue."""

    after_s: int = Field(default=20, ge=0, le=600)
    """How long to wait for the engine before the static queue."""
    give_up_s: int = Field(default=1800, ge=10, le=86_400)
    """Longest wait in the static queue; then a polite word and the end."""


class Callback(Record):
    """How callers who would rather not wait are called back."""

    hours: HoursName | None = None
    """When they may be called; left out: at any time."""
    attempts: int = Field(default=3, ge=1, le=20)
    retry_s: int = Field(default=900, ge=10, le=86_400)
    """From an attempt that nobody answered to the next."""
    ring_limit_s: int = Field(default=30, ge=5, le=300)


def _callback(value: object) -> object:
    """`callback: true` is short for every default, `false` for none."""
    if isinstance(value, bool):
        return {} if value else None
    return value


class Queue(Record):
    """Where contacts wait."""

    key: str
    name: Words
    project: ProjectName
    priority: int = Field(default=0, ge=0, le=10)
    weights_percent: Mapping[Medium, Annotated[int, Field(ge=0, le=1000)]] = Field(default_factory=dict)
    """How fast waiting counts, per medium; a medium that is not named has 100, real time."""
    strict: bool = False
    """Before every queue that is not, whatever waits elsewhere, in order of priority and tier alone."""
    tier_credit_s: int = Field(default=0, ge=0, le=86_400)
    """What one tier of the customer is worth in waiting time."""
    prefer: Mapping[Preferred, Annotated[int, Field(ge=0, le=3600)]] = Field(default_factory=dict)
    """Who is asked first, in the order written, and for how many seconds a contact is kept for him while he is busy."""
    urgency_s: int = Field(default=0, ge=0, le=86_400)
    """What a contact gains, once, when its service level is predicted to be missed."""
    service_level_s: int = Field(default=20, ge=1, le=86_400)
    service_levels_s: Mapping[Medium, Annotated[int, Field(ge=1, le=30 * 86_400)]] = Field(default_factory=dict)
    """For media that may wait longer, or not so long; one that is not named has `service_level_s`."""
    service_level_percent: int = Field(default=80, ge=1, le=100)
    ring_limit_s: int = Field(default=15, ge=1, le=300)
    wrap_up_limit_s: int = Field(default=60, ge=0, le=7200)
    requirements: Mapping[SkillName, Requirement] = Field(default_factory=dict)
    requires: Condition = ""
    """Asked for besides `requirements`."""
    sites: tuple[SiteName, ...] = ()
    """Whose agents are asked first; empty: those of every site."""
    steps: tuple[Step, ...] = ()
    """In the order of `after_s`."""
    callback: Annotated[Callback | None, BeforeValidator(_callback)] = None
    """None: no caller is offered one."""
    lost_to: QueueName | None = None
    """Where a task is made of every contact that was lost here."""
    park_limit_s: int = Field(default=120, ge=10, le=3600)
    """How long a caller stays parked before he is somebody's again."""
    survey: Survey | None = None
    """None: its project's, if that has one."""
    recording: OfQueue = None
    """None: as its project has it; False: its talks are not recorded."""
    music: Key = "default"
    fallback: Fallback = Fallback()

    @model_validator(mode="after")
    def _steps_in_order(self) -> Self:
        before = 0
        for step in self.steps:
            if step.after_s < before:
                raise ValueError(
                    f"its steps must stand in the order of 'after_s': the one after {step.after_s} s stands behind "
                    f"the one after {before} s"
                )
            before = step.after_s
        return self
