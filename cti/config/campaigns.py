"""Campaigns: whom the centre calls of its own accord, how fast, within which hours, and by which country's law.

Here: what an admin may write, and what holds where he says nothing: preview, 3 % a day, and calling hours by `law`. Not
here: the list of numbers (`cti.campaigns`, `cti.store.leads`), when one is dialled (`cti.domain`), and what is laxer
than the law (`cti.config.doubts_campaigns`). A preset is this product's reading of the law, not legal advice.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Self

from pydantic import Field, model_validator

from cti.config.calling import CallingHours
from cti.config.names import Key, Number164, ProjectName, PromptName, QueueName
from cti.config.record import Record
from cti.config.words import Words
from cti.domain.ids import CampaignMode, DialResult

HOURS_72_S: Final = 72 * 3600


class Law(StrEnum):
    """Whose law on calls that nobody asked for a campaign keeps to."""

    US = "us"
    """FTC Telemarketing Sales Rule, 16 CFR 310.4."""
    UK = "uk"
    """Ofcom's statement on persistent misuse, in force since March 2017."""
    RU = "ru"
    """Federal laws 38-FZ (art. 18) and 41-FZ of 2025."""
    NONE = "none"
    """Nothing is held against it: whoever writes this answers for it himself."""


class Window(StrEnum):
    """Over which time the cap on abandoned calls is kept."""

    DAY = "day"
    """Each 24 hours by themselves."""
    ALL = "all"
    """The whole campaign."""


class CampaignRetry(Record):
    """A lead is tried again so long after this result, while it has been tried less than `attempts` times in all."""

    after_s: int = Field(ge=10, le=90 * 86_400)
    attempts: int = Field(default=3, ge=2, le=100)


CALLING_HOURS: Final[Mapping[Law, CallingHours]] = MappingProxyType(
    {
        Law.US: CallingHours.model_validate({"weekly": {"mon-sun": "08:00-21:00"}}),
        # Custom of the trade, here and below: these laws name no hours for such calls.
        Law.UK: CallingHours.model_validate({"weekly": {"mon-fri": "08:00-21:00", "sat-sun": "09:00-20:00"}}),
        Law.RU: CallingHours.model_validate({"weekly": {"mon-fri": "09:00-21:00", "sat-sun": "10:00-20:00"}}),
    }
)
"""When a callee may be called, by the clock of his place."""

_RETRIES: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType(
    {
        "busy": {"after_s": 600, "attempts": 4},
        "no_answer": {"after_s": 3600, "attempts": 4},
        "congestion": {"after_s": 300, "attempts": 6},
        "machine": {"after_s": 4 * 3600, "attempts": 3},
        "abandoned": {"after_s": HOURS_72_S, "attempts": 3},
        "skipped": {"after_s": 4 * 3600, "attempts": 3},
    }
)


class Campaign(Record):
    """Whom the centre calls of its own accord."""

    key: str
    name: Words
    project: ProjectName
    queue: QueueName
    """Whose agents serve it, and by whose rules its contacts are wrapped up."""
    mode: CampaignMode = CampaignMode.PREVIEW
    law: Law | None = None
    advertising: bool = False
    """It offers goods or services: some laws then want a person to start each call."""
    caller_id: Number164 | None = None
    """The number that callees see; None: the project's first."""
    cap_percent: float = Field(default=3, ge=0, le=100)
    """Abandoned of a hundred live answers, at most."""
    window: Window = Window.DAY
    spare: int = Field(default=0, ge=0, le=1000)
    """Agents whom the pacer does not count on."""
    lines: int = Field(default=50, ge=1, le=5000)
    """Numbers dialled at once, at most."""
    ring_limit_s: int = Field(default=25, ge=15, le=120)
    connect_limit_s: int = Field(default=2, ge=1, le=30)
    """How long a callee may wait for an agent; then he hears `message` and counts as abandoned."""
    preview_limit_s: int = Field(default=120, ge=10, le=3600)
    """How long an agent may look at a lead."""
    detects_machines: bool = False
    message: PromptName | None = None
    """Said to an abandoned callee: who called, and a number where he can say that he does not want it."""
    hours: CallingHours | None = None
    """None: as `law` says; without one as `calling` does for the project."""
    retries: Mapping[DialResult, CampaignRetry] = Field(default_factory=dict)
    """Besides those that hold for every campaign; `null` for a result that ends a lead."""
    dispositions: Mapping[Key, CampaignRetry] = Field(default_factory=dict)
    """The agents' results after which a lead is tried again."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: Any) -> Any:
        """What is said of retries goes before those that hold for every campaign."""
        if not isinstance(given, dict) or not isinstance(given.get("retries", {}), dict):
            return given
        merged = {**_RETRIES, **given.get("retries", {})}
        return {**given, "retries": {result: rule for result, rule in merged.items() if rule is not None}}

    @model_validator(mode="after")
    def _ends_somewhere(self) -> Self:
        if DialResult.CONNECTED in self.retries:
            raise ValueError(
                "a lead that was connected is tried again by its disposition: write it under 'dispositions'"
            )
        return self

    @property
    def cap_permyriad(self) -> int:
        """The cap in hundredths of a per cent, as the domain reckons."""
        return round(self.cap_percent * 100)
