"""Capacity profiles: how many contacts of which media an agent may hold at once, and what may interrupt what.

Here: what an admin may write of one. Not here: what follows from it (`cti.domain.capacity`), the ready ones
(`asterisk-conf/capacities.yaml`, which every centre may name).
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, Field, model_validator

from cti.config.record import Record
from cti.config.words import Words
from cti.domain.ids import Medium

TALKS: Final = (Medium.VOICE, Medium.CALLBACK)
"""Media that need the agent's ear: they cannot be paused."""


class Share(Record):
    """How many contacts of a medium an agent may hold, and how much of him one takes."""

    limit: int = Field(ge=1, le=1000)
    cost: int = Field(default=0, ge=0, le=100)
    """Per cent; all that he holds may take 100 at most."""


def _share(value: object) -> object:
    """`chat: 4` is short for `chat: {limit: 4}`."""
    return {"limit": value} if isinstance(value, int) and not isinstance(value, bool) else value


class Capacity(Record):
    """A profile. A medium that has no share is never offered."""

    key: str
    name: Words
    shares: Mapping[Medium, Annotated[Share, BeforeValidator(_share)]] = Field(min_length=1)
    exclusive: tuple[tuple[Medium, ...], ...] = ()
    """Of each list only one medium at a time."""
    bars: Mapping[Medium, tuple[Medium, ...]] = Field(default_factory=dict)
    """While he holds the one, none of those; the other way round it is allowed."""
    interrupts: Mapping[Medium, tuple[Medium, ...]] = Field(default_factory=dict)
    """The one may pause the work on those."""

    @model_validator(mode="after")
    def _speaks_of_its_media(self) -> Self:
        for medium in TALKS:
            if medium in self.shares and self.shares[medium].limit > 1:
                raise ValueError(f"an agent has one ear: write 'limit: 1' for {medium.value!r}")
        for where, named in self._named():
            if named not in self.shares:
                raise ValueError(
                    f"'{where}' names {named.value!r}, which has no share: add it to 'shares' or leave it out"
                )
        for among in self.exclusive:
            if len(set(among)) < 2 or len(set(among)) < len(among):
                raise ValueError("each list of 'exclusive' names two media or more, each once, such as [voice, chat]")
        for holding, barred in (*self.bars.items(), *self.interrupts.items()):
            if holding in barred:
                raise ValueError(f"{holding.value!r} stands on both sides: its 'limit' says how many of it he may hold")
        for paused in (medium for media in self.interrupts.values() for medium in media):
            if paused in TALKS:
                raise ValueError(f"a talk cannot be paused: take {paused.value!r} out of 'interrupts'")
        return self

    def _named(self) -> Iterator[tuple[str, Medium]]:
        yield from (("exclusive", medium) for among in self.exclusive for medium in among)
        for where, media in (("bars", self.bars), ("interrupts", self.interrupts)):
            for first, others in media.items():
                yield from ((where, medium) for medium in (first, *others))
