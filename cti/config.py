"""The centre file (`centre.yaml`): its records, and reading it with every mistake named at once.

Here: what an admin may write, one record per section, and the checks across sections. Not here: how YAML is read
(`cti.located`), what becomes of it in Asterisk (`cti.dialplan`), what the menus do (`ivr.flow` interprets `Menu`).
The engine, the IVR, the renderer and the supervisor call `load`.

Records are frozen; a record of a keyed section (`queues`, `menus`, …) carries its own `key`. Names of other sections
are checked while reading, so a `Centre` in hand holds no dangling name. Times of day are local to the time zone of the
record that holds them.
"""

import difflib
import ipaddress
import re
import zoneinfo
from collections.abc import Mapping
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, Self, get_args, get_origin

from holidays.registry import COUNTRIES
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from cti import actions, located
from cti.errors import ConfigError, Finding


class Language(StrEnum):
    """A language that callers may choose."""

    EN = "en"
    RU = "ru"


# -- small types -------------------------------------------------------------------------------------------------------
def _known(section: str, name: str, info: ValidationInfo) -> str:
    """Refuse a name that `section` does not hold; without a context (records made by code) anything passes."""
    if info.context is None or name in info.context.get(section, ()):
        return name
    singular = {"hours": "hours", "queues": "queue"}.get(section, section.removesuffix("s"))
    raise ValueError(f"there is no {singular} {name!r}{_did_you_mean(name, info.context.get(section, ()))}")


def _did_you_mean(name: str, among: Any) -> str:
    close = difflib.get_close_matches(name, sorted(among), n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there are: {', '.join(sorted(among))}" if among else "; none is defined"


def _reference(section: str) -> Any:
    return AfterValidator(lambda name, info: _known(section, name, info))


Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Number164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
MenuKey = Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
ProjectName = Annotated[str, _reference("projects")]
SiteName = Annotated[str, _reference("sites")]
QueueName = Annotated[str, _reference("queues")]
PromptName = Annotated[str, _reference("prompts")]
SkillName = Annotated[str, _reference("skills")]
Codec = Literal["ulaw", "alaw", "g722", "opus"]
Medium = Literal["voice", "callback", "email", "chat", "sms", "fax", "social", "task"]


def _zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = _did_you_mean(name, zoneinfo.available_timezones())[:80]  # reads some 600 files
        raise ValueError(f"there is no time zone {name!r}{hint}") from None
    return name


TimeZone = Annotated[str, AfterValidator(_zone)]


def _address(text: str) -> str:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address or network") from None
    return text


Address = Annotated[str, AfterValidator(_address)]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$")]


def _action(value: object, info: ValidationInfo) -> actions.Action:
    if isinstance(value, actions.Action):
        return value
    if not isinstance(value, str):
        raise ValueError(f"write {actions.SPELLINGS}")
    action = actions.parse(value)
    _check_action(action, info)
    return action


def _check_action(action: actions.Action, info: ValidationInfo) -> None:
    match action:
        case actions.ToMenu(key):
            _known("menus", key, info)
        case actions.ToQueue(key):
            _known("queues", key, info)
        case actions.ToHours(key):
            _known("hours", key, info)
        case actions.ChooseLanguage(code, then):
            if code not in list(Language):
                raise ValueError(f"there is no language {code!r}; there are: {', '.join(Language)}")
            if then is not None:
                _check_action(then, info)
        case _:
            pass


def _not_echo(action: actions.Action) -> actions.Action:
    if isinstance(action, actions.ToEcho):
        raise ValueError("'echo' is for numbers only")
    return action


def _of_a_number(action: actions.Action) -> actions.Action:
    if isinstance(action, actions.ToMenu | actions.ToQueue | actions.ToHours | actions.ToEcho):
        return action
    raise ValueError("a number leads to 'menu NAME', 'queue NAME', 'hours NAME' or 'echo'")


Step = Annotated[actions.Action, PlainValidator(_action), AfterValidator(_not_echo)]
Reached = Annotated[actions.Action, PlainValidator(_action), AfterValidator(_of_a_number)]


# -- records -----------------------------------------------------------------------------------------------------------
class Record(BaseModel):
    """Root of the records: frozen, and a key that is not known is a mistake."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


class Words(Record):
    """One name in every language."""

    en: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    ru: Annotated[str, StringConstraints(min_length=1, max_length=200)]

    def in_language(self, language: Language) -> str:
        """The name in that language."""
        return self.ru if language is Language.RU else self.en


class Project(Record):
    """A client company: owns numbers, queues, dispositions and reasons for not being ready."""

    key: str
    name: Words
    operator: QueueName
    """Where `operator` leads, and every caller whose IVR is down."""
    dispositions: Mapping[Key, Words] = Field(min_length=1)
    not_ready_reasons: Mapping[Key, Words] = Field(min_length=1)


class Site(Record):
    """A place with agents."""

    key: str
    name: Words
    tz: TimeZone


class Trunk(Record):
    """A carrier's line, known by the address it calls from. `emulated` stands for the demo's own carrier."""

    key: str
    emulated: bool = False
    host: Host | None = None
    port: int = Field(default=5060, ge=1, le=65535)
    transport: Literal["udp", "tcp"] = "udp"
    match: tuple[Address, ...] = ()
    """Addresses that the carrier calls from; empty means `host`, which must then be an address."""
    codecs: tuple[Codec, ...] = Field(default=("alaw", "ulaw"), min_length=1)
    caller_id: Number164
    """The number shown to those whom the centre calls."""
    max_calls: int = Field(default=500, ge=1, le=10_000)

    @model_validator(mode="after")
    def _has_a_host(self) -> Self:
        if self.emulated == (self.host is not None):
            raise ValueError("write either 'emulated: true' or 'host'")
        if self.host is not None and not self.match:
            try:
                ipaddress.ip_address(self.host)
            except ValueError:
                raise ValueError("'host' is a name: write under 'match' the addresses that it calls from") from None
        return self


class Number(Record):
    """A number of the centre."""

    key: str
    to: Reached
    project: ProjectName
    language: Language = Language.EN
    about: Words


class Menu(Record):
    """One menu of the IVR: says `greeting` once, then `prompt`, and waits for one key.

    A key that is not in `options` says `on_invalid`, silence says `on_silence`; each counts as a failed try, and after
    `tries` of them the caller goes where `after_tries` leads.
    """

    key: str
    greeting: PromptName | None = None
    prompt: PromptName
    options: Mapping[MenuKey, Step] = Field(min_length=1)
    timeout_s: float = Field(default=5.0, ge=0.5, le=60)
    """Silence after the end of `prompt` that counts as a failed try."""
    tries: int = Field(default=3, ge=1, le=10)
    on_invalid: PromptName
    on_silence: PromptName
    after_tries: Step = actions.ToOperator()


class Account(Record):
    """The self-service that asks for an account's number and PIN and tells its state; one for the centre.

    `state` may hold `{balance}`, `{tariff}` and `{number}`.
    """

    ask_number: PromptName
    ask_pin: PromptName
    on_wrong: PromptName
    """Said after a wrong number or PIN."""
    on_locked: PromptName
    """Said before the operator, after `tries` wrong ones or when the account's PIN is locked."""
    on_unavailable: PromptName
    """Said before the operator when the engine does not answer."""
    state: PromptName
    tries: int = Field(default=3, ge=1, le=10)
    number_digits: int = Field(default=6, ge=1, le=20)
    """Most digits asked for; `#` ends earlier."""
    pin_digits: int = Field(default=4, ge=1, le=12)
    timeout_s: float = Field(default=7.0, ge=1, le=60)
    then: Step


class Span(NamedTuple):
    """From `start` up to, not including, `end`; `end` is None for midnight."""

    start: time
    end: time | None


_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])")


def _days(text: str) -> str:
    first, dash, last = text.partition("-")
    if first not in _DAYS or (dash and (last not in _DAYS or _DAYS.index(last) <= _DAYS.index(first))):
        raise ValueError(f"{text!r} is not a day or a run of days, such as 'mon' or 'mon-fri'")
    return text


def _span(value: object) -> Span:
    if isinstance(value, tuple) and len(value) == 2:
        return Span(*value)
    parts = str(value).replace(" ", "").split("-")
    if len(parts) != 2 or not all(_CLOCK.fullmatch(part) for part in parts) or parts[0] >= parts[1]:
        raise ValueError(f"{value!r} is not a span such as '09:00-18:00' (at most '00:00-24:00')")
    if parts[1] > "24:00":
        raise ValueError(f"{value!r} ends after 24:00")
    return Span(time.fromisoformat(parts[0]), None if parts[1] == "24:00" else time.fromisoformat(parts[1]))


def _day_date(value: object) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is not a date such as 2030-12-31") from None


def _country(code: str) -> str:
    if all(code != names[1] for names in COUNTRIES.values()):  # asking the library itself loads every calendar
        raise ValueError(f"there is no holiday calendar for {code!r}: write a country's two letters, such as RU")
    return code


class Hours(Record):
    """When something is open: `weekly` spans less public holidays and `closed_on`."""

    key: str
    tz: TimeZone
    weekly: Mapping[Annotated[str, AfterValidator(_days)], Annotated[Span, PlainValidator(_span)]] = Field(min_length=1)
    holidays: Annotated[str, AfterValidator(_country)] | None = None
    closed_on: tuple[Annotated[date, PlainValidator(_day_date)], ...] = ()
    open: Step
    closed_prompt: PromptName
    closed: Step = actions.HangUp()

    def spans(self, weekday: int) -> tuple[Span, ...]:
        """The spans of a weekday, 0 for Monday."""
        found = []
        for days, span in self.weekly.items():
            first, _, last = days.partition("-")
            if _DAYS.index(first) <= weekday <= _DAYS.index(last or first):
                found.append(span)
        return tuple(found)


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


class Prompt(Record):
    """What is said: a recorded file where there is one, else the text spoken by text to speech."""

    key: str
    en: Sentence
    ru: Sentence
    file: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(/[a-z0-9_]+)*$")] | None = None
    """Recorded file under `prompts/<language>/`, without its ending."""

    def text(self, language: Language) -> str:
        """The text in that language."""
        return self.ru if language is Language.RU else self.en


class Limits(Record):
    """What bounds every call."""

    max_calls: int = Field(default=500, ge=1, le=10_000)
    """Calls from the carrier at once; the next hears that all lines are busy."""
    max_call_s: int = Field(default=14_400, ge=60, le=86_400)
    max_ivr_s: int = Field(default=300, ge=10, le=3600)
    """Longest stay in the IVR; then the operator's queue."""
    rtp_timeout_s: int = Field(default=60, ge=5, le=3600)
    """A call whose other side has sent no audio for so long is ended."""


class Centre(Record):
    """The whole centre file."""

    name: Words
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    """Country by whose rules a caller's number without + is read."""
    projects: Mapping[Key, Project] = Field(min_length=1)
    sites: Mapping[Key, Site] = Field(min_length=1)
    skills: Mapping[Key, Words] = Field(default_factory=dict)
    trunks: Mapping[Key, Trunk] = Field(min_length=1)
    """The first is the one that the centre dials out on."""
    numbers: Mapping[Number164, Number] = Field(min_length=1)
    menus: Mapping[Key, Menu] = Field(default_factory=dict)
    account: Account | None = None
    hours: Mapping[Key, Hours] = Field(default_factory=dict)
    queues: Mapping[Key, Queue] = Field(min_length=1)
    prompts: Mapping[Key, Prompt] = Field(default_factory=dict)
    goodbye: PromptName | None = None
    """Said by `hangup`."""
    limits: Limits = Limits()

    def operator_queue(self, number: Number) -> str:
        """The default queue of a number: its own when it leads straight to one, else its project's operator."""
        if isinstance(number.to, actions.ToQueue):
            return number.to.queue
        return self.projects[number.project].operator


# -- reading -----------------------------------------------------------------------------------------------------------
_KEYED: Final = ("projects", "sites", "trunks", "numbers", "menus", "hours", "queues", "prompts")
_NAMED: Final = (*_KEYED, "skills")


def load(path: Path) -> Centre:
    """Read and check the centre file. Raises ConfigError with every finding; blocks on the disk."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"There is no centre file {path}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The centre file {path} cannot be read: {error}.") from error
    return parse(text, file=str(path))


def parse(text: str, *, file: str) -> Centre:
    """Check the text of a centre file; `file` is the name shown in findings. Raises ConfigError with every finding."""
    source = located.read(text, file=file)
    findings = list(source.findings)
    values = source.values if isinstance(source.values, dict) else {}
    names = {section: frozenset(_section(values, section)) for section in _NAMED}
    centre: Centre | None = None
    try:
        centre = Centre.model_validate(_with_keys(values), context=names)
    except ValidationError as error:
        findings += _findings(error, source, file=file)
    if centre is not None:
        findings += _across(centre, source, file=file)
    if centre is None or findings:
        ordered = tuple(sorted(findings, key=lambda finding: (finding.line, finding.key)))
        count = "one mistake" if len(ordered) == 1 else f"{len(ordered)} mistakes"
        raise ConfigError(f"The centre file has {count}.", findings=ordered)
    return centre


def _section(values: dict[str, Any], section: str) -> dict[str, Any]:
    found = values.get(section)
    return found if isinstance(found, dict) else {}


def _with_keys(values: dict[str, Any]) -> dict[str, Any]:
    """Give each record of a keyed section its own key."""
    given = dict(values)
    for section in _KEYED:
        if isinstance(values.get(section), dict):
            given[section] = {key: _with_key(record, key) for key, record in values[section].items()}
    return given


def _with_key(record: Any, key: str) -> Any:
    """A `key` that the admin wrote himself is renamed, so that it is refused as unknown."""
    if not isinstance(record, dict):
        return record
    return {("key (the name above)" if name == "key" else name): value for name, value in record.items()} | {"key": key}


def _findings(error: ValidationError, source: located.Located, *, file: str) -> list[Finding]:
    found: dict[tuple[int, str], Finding] = {}
    for detail in error.errors(include_url=False, include_context=True):
        path = tuple(part for part in detail["loc"] if part != "[key]")
        key = located.dotted(path)
        problem = _problem(detail["type"], detail["msg"], path)
        if detail["type"] == "string_pattern_mismatch":
            problem = _PATTERNS.get(str(detail["ctx"]["pattern"]), problem)
        found.setdefault((source.line(path), key), Finding(file=file, line=source.line(path), key=key, problem=problem))
    return list(found.values())


_PATTERNS: Final = {
    r"^[a-z][a-z0-9_]{0,39}$": "a name is small letters, digits and _, starting with a letter",
    r"^\+[1-9][0-9]{6,14}$": "a number is written in full with +, such as +78005550100",
    r"^[0-9*#]$": "a key is one of 0-9, * and #",
    r"^[A-Z]{2}$": "a country is two capital letters, such as RU",
}


def _problem(kind: str, message: str, path: located.KeyPath) -> str:
    match kind:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return f"is not known here{_did_you_mean(str(path[-1]), _fields_at(path[:-1]))}"
        case _:
            return message.removeprefix("Value error, ")


def _fields_at(path: located.KeyPath) -> frozenset[str]:
    """Names of the fields that a record at `path` may have."""
    kind: Any = Centre
    for part in path:
        kind = (
            _record_in(kind.model_fields[part].annotation) if _is_record(kind) and part in kind.model_fields else kind
        )
    return frozenset(kind.model_fields) - {"key"} if _is_record(kind) else frozenset()


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _record_in(annotation: Any) -> Any:
    """The record within `Mapping[Key, X]`, `tuple[X, ...]`, `X | None`."""
    if _is_record(annotation) or get_origin(annotation) is None:
        return annotation
    return next((inner for part in get_args(annotation) if _is_record(inner := _record_in(part))), annotation)


def _across(centre: Centre, source: located.Located, *, file: str) -> list[Finding]:
    """What can be seen only when every record is sound."""
    found = []

    def find(path: located.KeyPath, problem: str) -> None:
        found.append(Finding(file=file, line=source.line(path), key=located.dotted(path), problem=problem))

    for key, project in centre.projects.items():
        if centre.queues[project.operator].project != key:
            find(("projects", key, "operator"), f"the queue {project.operator!r} belongs to another project")
    for key, number in centre.numbers.items():
        if isinstance(number.to, actions.ToQueue) and centre.queues[number.to.queue].project != number.project:
            find(("numbers", key, "to"), f"the queue {number.to.queue!r} belongs to another project")
    if centre.account is None:
        for key, menu in centre.menus.items():
            for digit, action in menu.options.items():
                if isinstance(action, actions.ToAccount):
                    find(("menus", key, "options", digit), "'account' needs the section 'account', which is missing")
    for key in centre.hours:
        if _circles(centre, key):
            find(("hours", key), "leads back to itself, so a caller would never arrive")
    return found


def _circles(centre: Centre, key: str) -> bool:
    """Whether these hours lead to themselves by way of hours only."""
    seen, ahead = set[str](), [key]
    while ahead:
        hours = centre.hours[ahead.pop()]
        following = [action.hours for action in (hours.open, hours.closed) if isinstance(action, actions.ToHours)]
        if key in following:
            return True
        ahead += [name for name in following if name not in seen]
        seen.update(following)
    return False
