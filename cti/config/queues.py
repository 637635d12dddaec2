"""Queues: where contacts wait, what they ask for meanwhile, and what happens while the engine is away.

Not here: deciding who gets whom (`cti.domain`), which hears of a queue by an event that `cti.app` makes of its record.
"""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from cti.config.names import Key, ProjectName, SkillName
from cti.config.record import Record
from cti.config.words import Words

Medium = Literal["voice", "callback", "email", "chat", "sms", "fax", "social", "task"]


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


class Queue(Record):
    """Where contacts wait."""

    key: str
    name: Words
    project: ProjectName
    priority: int = Field(default=0, ge=0, le=10)
    weights_percent: Mapping[Medium, int] = Field(default_factory=dict)
    """Weight of seniority per medium; a medium that is not named has 100."""
    service_level_s: int = Field(default=20, ge=1, le=86_400)
    service_level_percent: int = Field(default=80, ge=1, le=100)
    ring_limit_s: int = Field(default=15, ge=1, le=300)
    wrap_up_limit_s: int = Field(default=60, ge=0, le=7200)
    requirements: Mapping[SkillName, Requirement] = Field(default_factory=dict)
    music: Key = "default"
    fallback: Fallback = Fallback()

    def weight_percent(self, medium: Medium) -> int:
        """Weight of a waiting contact's seniority, in per cent."""
        return self.weights_percent.get(medium, 100)
