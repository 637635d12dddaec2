"""What a scenario file may say: queues, agents, arrivals, how long the day is and how often it is repeated.

Here: the records and what can be seen across them. Reading the file is `cti.simulate.reading`; who is drawn from an
`Arrivals` is `cti.simulate.customers`. Keys of a queue, of agents and of arrivals that are not named here go straight
to the domain's `QueueOpened`, `AgentEnrolled` and `ContactArrived`.
"""

import calendar
import datetime as dt
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, ClassVar, Final, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, StringConstraints, model_validator

from cti.config.names import did_you_mean
from cti.domain.events import AgentEnrolled, ContactArrived, Event, QueueOpened
from cti.domain.ids import AgentId, Device, Medium, Milliseconds, NodeId, QueueId
from cti.simulate import written
from cti.simulate.distributions import NEVER, Distribution, Exponential, Fixed

Date = Annotated[dt.date, BeforeValidator(written.date)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Span = Annotated[float, BeforeValidator(written.span)]
Clock = Annotated[float, BeforeValidator(written.clock)]
Instant = Annotated[float, BeforeValidator(written.instant)]
ClockSpan = Annotated[tuple[float, float], PlainValidator(written.clock_span)]
Spread = Annotated[Distribution, PlainValidator(written.distribution)]

NODE: Final = NodeId("simulated")
PROJECT: Final = "centre"
_EVENTS: Final = {kind.__name__: kind for kind in get_args(Event)}


class Record(BaseModel):
    """Root of the records: frozen, and a key that is not known is a mistake."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


class Passing(Record):
    """A record whose further keys are fields of an event of the domain."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="allow")

    @property
    def further(self) -> Mapping[str, object]:
        """The keys that are not this record's own."""
        return self.model_extra or {}


class QueueRules(Passing):
    """A queue; every key is one of `QueueOpened`."""

    def opened(self, key: str) -> QueueOpened:
        """The event that opens it. Raises ValueError."""
        return written.event(QueueOpened, {"project": PROJECT, **self.further}, queue_id=QueueId(key))


class Agents(Passing):
    """`count` agents who are alike; with more than one they are called `NAME-1`, `NAME-2`, …"""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$")]
    count: int = Field(default=1, ge=0, le=100_000)
    shifts: tuple[ClockSpan, ...] = ()
    """When they are signed in; empty: from beginning to end."""
    breaks: tuple[ClockSpan, ...] = ()
    """When they are not ready."""
    daily: bool = True
    """Shifts and breaks are those of every day; else of the first alone, whose clock goes on past 24:00."""
    stagger: Span = 0.0
    """By so much later does each further agent of the group begin his breaks."""
    media: tuple[Medium, ...] = ()
    """Those he takes; empty: every one."""
    device: Device = Device.SIP
    desktop: bool = True
    """Without one, nothing waits for a pop."""
    pop: Spread = Fixed(s=0.05)
    """From the offer to the card on the screen."""
    answer: Spread = Fixed(s=3.0)
    """From the ring, or the offer of what does not ring, to the answer."""
    no_answer: float = Field(default=0.0, ge=0, le=1)
    """Share of offers that he lets pass; the ACD makes him not ready."""
    returns_after: Span = 30.0
    """How long he then stays not ready."""
    pace: float = Field(default=1.0, gt=0, le=10)
    """His work lasts so many times as long as is drawn."""

    @property
    def ids(self) -> tuple[AgentId, ...]:
        """Of each agent of the group."""
        if self.count == 1:
            return (AgentId(self.name),)
        return tuple(AgentId(f"{self.name}-{number}") for number in range(1, self.count + 1))

    def enrolled(self, agent_id: AgentId) -> AgentEnrolled:
        """The event that enrols one of them. Raises ValueError."""
        return written.event(AgentEnrolled, {"projects": [PROJECT], **self.further}, agent_id=agent_id)


class Arrivals(Passing):
    """A stream of contacts into one queue, on one medium."""

    queue: Key
    medium: Medium = Medium.VOICE
    name: str = ""
    """Names the stream's random numbers; by default `queue/medium`."""
    per_hour: float | None = Field(default=None, ge=0)
    """A Poisson stream of one rate."""
    per_hour_from: Mapping[Clock, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    """A Poisson stream whose rate changes at these times of day, every day; nothing before the first."""
    at: tuple[Instant, ...] = ()
    """Recorded: seconds after the first midnight, or times of day."""
    at_start: int = Field(default=0, ge=0)
    """So many are there when the day begins."""
    scale: float = Field(default=1.0, ge=0, le=1000)
    """Times as many. Of recorded ones some are left out, or doubled."""
    patience: Spread = Fixed(s=NEVER)
    service: Spread
    """Talk, or work on what is no call."""
    wrap_up: Spread = Fixed(s=0.0)
    agent_ends: float = Field(default=0.5, ge=0, le=1)
    """Share of calls that the agent ends; the others are ended by the caller."""
    takes_callback: float = Field(default=0.0, ge=0, le=1)
    """Share of those offered a callback who take it."""

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        given = (self.per_hour is not None) + bool(self.per_hour_from) + bool(self.at)
        if given > 1 or (given == 0 and self.at_start == 0):
            raise ValueError("write one of 'per_hour', 'per_hour_from' and 'at'")
        return self

    def arrived(self) -> ContactArrived:
        """The event of each of them, but for leg and instant. Raises ValueError."""
        given = {"medium": self.medium, "queue_id": QueueId(self.queue), "arrived_ms": 0, "leg_id": None, "node": None}
        return written.event(ContactArrived, self.further, **given)


class Made(Record):
    """What the ACD itself makes of lost contacts, where a queue says so."""

    service: Spread = Exponential(mean_s=180.0)
    wrap_up: Spread = Fixed(s=0.0)


class Happening(Passing):
    """Any event of the domain at an instant: `{at: "10:00", SkillsChanged: {agent_id: anna, skills: …}}`."""

    at: Instant | None = None
    """None: before everything else."""

    def event(self) -> Event:
        """Raises ValueError."""
        if len(self.further) != 1:
            raise ValueError("write 'at' and one event by its name")
        name, fields = next(iter(self.further.items()))
        kind = _EVENTS.get(name)
        if kind is None:
            raise ValueError(f"{name!r} is no event{did_you_mean(name, _EVENTS)}")
        if not isinstance(fields, Mapping):
            raise ValueError(f"write the fields of {name!r} below it")
        made: Event = written.event(kind, fields)
        return made

    @model_validator(mode="after")
    def _is_an_event(self) -> Self:
        self.event()
        return self


class Overrides(Record):
    """What may be changed of a day that a journal remembers; what is not written stays as it was."""

    queues: Mapping[Key, QueueRules] = Field(default_factory=dict)
    agents: tuple[Agents, ...] = ()
    """Besides those who were there; one of the same name is replaced."""
    arrivals: "tuple[Changed, ...]" = ()
    events: tuple[Happening, ...] = ()

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        for agents in self.agents:
            for agent_id in agents.ids:
                agents.enrolled(agent_id)
        return self


class Changed(Record):
    """Other numbers for the arrivals of a queue, or of one medium in it."""

    queue: Key
    medium: Medium | None = None
    scale: float | None = Field(default=None, ge=0, le=1000)
    patience: Spread | None = None
    service: Spread | None = None
    wrap_up: Spread | None = None


class Scenario(Record):
    """A day to be played, as often as said."""

    name: str = Field(min_length=1, max_length=200)
    centre: str | None = None
    """A centre file whose queues are taken, beside this file; those below replace or join them."""
    date: Date = dt.date(2030, 1, 7)
    """Of the first day, in UTC: opening hours depend on it."""
    begins: Instant = 0.0
    lasts: Span = float(written.DAY_S)
    warm_up: Span = 0.0
    """At the beginning, not counted in the figures."""
    drain: Span = 3600.0
    """How long those who came are still served after the end; nobody comes then."""
    replications: int = Field(default=10, ge=1, le=10_000)
    seed: int = 1
    short_abandon: Span = 5.0
    """Whoever leaves sooner is shown apart."""
    made: Made = Made()
    callback_answer: Spread = Fixed(s=8.0)
    """How long a customer who is called back lets it ring."""
    callback_missed: float = Field(default=0.0, ge=0, le=1)
    """Share of attempts that nobody answers."""
    queues: Mapping[Key, QueueRules] = Field(default_factory=dict)
    agents: tuple[Agents, ...]
    arrivals: tuple[Arrivals, ...]
    events: tuple[Happening, ...] = ()

    @property
    def ends(self) -> float:
        """Seconds after the first midnight."""
        return self.begins + self.lasts

    @property
    def midnight_ms(self) -> Milliseconds:
        """The first midnight, in Unix time."""
        return calendar.timegm(self.date.timetuple()) * 1000

    def opened(self) -> tuple[QueueOpened, ...]:
        """The queues, in the order written."""
        return tuple(rules.opened(key) for key, rules in self.queues.items())


Problems = list[tuple[tuple[str | int, ...], str]]


def problems(scenario: Scenario) -> Problems:
    """What the domain would not take, and what does not fit together: the path of each, and a sentence."""
    return [*_missing(scenario), *_named_twice(scenario), *_refused(scenario)]


def _missing(scenario: Scenario) -> Problems:
    found: Problems = [
        ((part,), "write at least one") for part in ("agents", "arrivals") if not getattr(scenario, part)
    ]
    if scenario.lasts <= scenario.warm_up:
        found.append((("warm_up",), "must be shorter than 'lasts'"))
    for number, arrivals in enumerate(scenario.arrivals):
        if arrivals.queue not in scenario.queues:
            unknown = f"there is no queue {arrivals.queue!r}{did_you_mean(arrivals.queue, scenario.queues)}"
            found.append((("arrivals", number, "queue"), unknown))
    return found


def _named_twice(scenario: Scenario) -> Problems:
    found: Problems = []
    names: set[AgentId] = set()
    for number, agents in enumerate(scenario.agents):
        twice = next((agent_id for agent_id in agents.ids if agent_id in names), None)
        if twice is not None:
            found.append((("agents", number, "name"), f"another agent is called {twice!r}"))
        names.update(agents.ids)
    return found


def _refused(scenario: Scenario) -> Problems:
    """What is no event of the domain."""
    attempts: list[tuple[tuple[str | int, ...], Callable[[], object]]] = [
        *((("queues", key), partial(rules.opened, key)) for key, rules in scenario.queues.items()),
        *(
            (("agents", number), partial(agents.enrolled, AgentId(agents.name)))
            for number, agents in enumerate(scenario.agents)
        ),
        *((("arrivals", number), arrivals.arrived) for number, arrivals in enumerate(scenario.arrivals)),
    ]
    found: Problems = []
    for path, attempt in attempts:
        try:
            attempt()
        except ValueError as error:
            found.append((path, str(error)))
    return found
