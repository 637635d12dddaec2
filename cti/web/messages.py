"""The public API's records: what goes over `/api/v1` and over its WebSocket, in JSON.

All instants are Unix milliseconds by the server's clock; each WebSocket message carries `now_ms`, so that a page can
show running times without trusting its own. Nothing here decides anything. The UI's types are made from these.

WebSocket `/api/v1/events`: the server sends one `Snapshot`, then `Delta`s numbered from 1 without holes; a page that
sees a hole closes and connects again. The server pings; a page needs no timer to stay alive.
"""

from typing import Annotated, Literal

from pydantic import Field

from cti.domain.ids import Device, LegCause, Medium, Readiness
from cti.ports import AccountAnswer, Role
from cti.variables import Lost
from cti.web.campaign_messages import CampaignContact, CampaignsChanged, CampaignView, LineState
from cti.web.chat_messages import ChatLineSaid, ChatStands, ChatTypes, ChatTyping, ChatWatch
from cti.web.mail_messages import MessageView
from cti.web.monitor_messages import ListenerView, MonitorEnded, MonitorView
from cti.web.park_messages import ParkedChanged
from cti.web.record import NO_NUL, Message
from cti.web.recording_messages import RecordingChanged
from cti.web.transfer_messages import AskedView, Colleague, ColleaguesChanged, PartyMissed, PartyView

# -- who -------------------------------------------------------------------------------------------------------------


class Credentials(Message):
    """Login and password."""

    login: str = Field(max_length=80, pattern=NO_NUL)
    password: str = Field(max_length=200)


class Softphone(Message):
    """What JsSIP needs; only for the person himself."""

    ws_url: str
    uri: str
    auth_user: str
    password: str


class Choice(Message):
    """A code and its words, in the person's language."""

    id: str
    title: str


class Me(Message):
    """Whoever is signed in."""

    agent_id: str
    login: str
    name: str
    role: Role
    language: str
    project_ids: list[str]
    extension: str | None
    softphone: Softphone | None
    reasons: list[Choice]
    """Why one may be not ready."""
    dispositions: dict[str, list[Choice]]
    """By project id."""


# -- what is going on ------------------------------------------------------------------------------------------------


class MyState(Message):
    """The agent's own state."""

    readiness: Readiness
    reason: str | None
    since_ms: int
    device: Device
    phones: list[Device]
    """Devices with a live registration."""
    leaving: bool
    """Signed out, but a contact is still to be finished."""
    line: LineState
    """Of his phone, when he stays connected between calls."""
    line_wanted: bool
    line_lost: LegCause | None
    """Why the line that he wants does not stand; None when it does, or nobody knows."""
    asked: AskedView | None
    """A colleague asks him into a talk, or he is in it."""
    monitoring: MonitorView | None
    """Of a supervisor: the talk of somebody else that he is at."""


class PathStep(Message):
    """One step in the IVR, in words; digits of secrets never get here."""

    menu: str
    key: str
    title: str


class ContractView(Message):
    """One contract of the customer."""

    number: str
    kind: str
    status: str
    balance: str
    """Formatted for the person's language, with currency."""
    ends_on: str | None


class PastContactView(Message):
    """One earlier contact of the customer."""

    contact_id: str
    medium: Medium
    queue: str
    arrived_ms: int
    agent: str | None
    disposition: str | None
    note: str


class DetailView(Message):
    """One more line of the card, from a CRM outside."""

    name: str
    value: str
    link: str
    """http(s), or "": none."""
    source: str


class CardSource(Message):
    """One of those that were asked for a card."""

    source: str
    name: str
    """As the centre file calls it; "" for the centre's own base."""
    state: Literal["loading", "found", "unknown", "unavailable"]


class CardView(Message):
    """What the centre knows of the customer."""

    customer_id: int
    name: str
    tier: str
    language: str
    phones: list[str]
    emails: list[str]
    contracts: list[ContractView]
    past: list[PastContactView]
    source: str
    details: list[DetailView]
    origins: dict[str, str]
    """The source of what is not from `source`, by `name`, `tier`, `language`, `phones.N`, `emails.N`, `contracts.N`."""


class ContactView(Message):
    """One contact."""

    contact_id: str
    medium: Medium
    project_id: str
    project: str
    queue_id: str
    queue: str
    arrived_ms: int
    address: str
    """The caller's number or other address, formatted; "" when withheld."""
    name: str
    """What the network or the form said; untrusted text."""
    dialled: str
    language: str
    path: list[PathStep]
    account: str
    subject: str
    outbound: bool
    """An agent asked for the call: his own phone rings first."""


class AssignmentView(Message):
    """One contact on this agent's screen."""

    assignment_id: str
    state: Literal["offered", "ringing", "dialling", "active", "held", "paused", "rejoining", "wrap_up"]
    """`dialling`: the agent is there, and his customer is being called."""
    contact: ContactView
    card: CardView | None
    card_state: Literal["loading", "found", "unknown", "unavailable"]
    """Of all sources together."""
    card_sources: list[CardSource]
    """The own base first. Its answer is all that the ring may wait for."""
    device: Device | None
    muted: bool
    offered_ms: int
    started_ms: int | None
    held_since_ms: int | None
    until_ms: int | None
    """When the ring, the customer's too, the rejoin or the wrap-up runs out."""
    wait_ms: int
    """How long the customer had waited when the offer was made."""
    missed: LegCause | None
    """Why the customer was not reached; the agent codes it in his wrap-up."""
    suggested: str | None
    """The project's disposition for that, if it names one."""
    preview: bool
    """A campaign's lead to be looked at until `until_ms`: accepted it is called, rejected it is skipped."""
    campaign: CampaignContact | None
    """Of a contact that a campaign began."""
    parties: list[PartyView]
    """Who was asked into the talk."""
    monitored: list[ListenerView]
    """Supervisors who listen or coach, as far as the agent is told."""
    handed_over: bool
    """In wrap-up, and the talk goes on with somebody else."""


class QueueView(Message):
    """Who waits in a queue."""

    queue_id: str
    queue: str
    project_id: str
    waiting: int
    waiting_by_medium: dict[Medium, int]
    oldest_arrived_ms: int | None
    ready: int
    """Agents who are ready and free for it."""
    service_level_ms: int
    expected_wait_ms: int | None
    """How long somebody would wait who came now; None while recent estimates were too wrong to tell the next."""


class AgentView(Message):
    """Where an agent is; for supervisors."""

    agent_id: str
    name: str
    extension: str | None
    project_ids: list[str]
    readiness: Readiness
    reason: str | None
    since_ms: int
    activity: Literal["idle", "offered", "talking", "held", "rejoining", "wrap_up"] | None
    queue: str | None
    """Queue of the contact in hand."""
    activity_since_ms: int | None
    device: Device | None
    line: LineState
    """Of his phone, when he stays connected between calls."""
    talk: str | None
    """The contact to whose talk one can listen there."""
    listeners: list[ListenerView]
    """Supervisors who are at it, or are rung for it."""


class RefusingView(Message):
    """New calls are being refused at the entry."""

    since_ms: int
    reason: str
    """`lines`, `rate`: more calls than are let in. `loop`, `mailbox`, `journal`, `switch`: the centre is overloaded."""


# -- WebSocket -------------------------------------------------------------------------------------------------------


class Snapshot(Message):
    """Everything this person may see now. Agents get an empty `agents`; supervisors and admins get their projects'."""

    type: Literal["snapshot"] = "snapshot"
    now_ms: int
    me: Me
    state: MyState | None
    """None for a person without an extension."""
    assignments: list[AssignmentView]
    queues: list[QueueView]
    agents: list[AgentView]
    colleagues: list[Colleague]
    """Everybody with a phone in his projects."""
    switch_up: bool
    refusing: RefusingView | None = None
    campaigns: list[CampaignView]
    """Of his projects; none for an agent."""


class StateChanged(Message):
    """The agent's own state, whole."""

    kind: Literal["state"] = "state"
    state: MyState


class AssignmentChanged(Message):
    """New or changed, always whole. New in state `offered` is the screen pop."""

    kind: Literal["assignment"] = "assignment"
    assignment: AssignmentView


class AssignmentGone(Message):
    """The offer or the contact is no longer his."""

    kind: Literal["assignment_gone"] = "assignment_gone"
    assignment_id: str
    outcome: str
    """`closed`, `timed_out`, `rejected`, `rescinded`, `failed`, `agent_lost`, `taken_back`."""


class QueuesChanged(Message):
    """The changed ones, whole; at most once a second."""

    kind: Literal["queues"] = "queues"
    queues: list[QueueView]


class AgentsChanged(Message):
    """The changed ones, whole; at most once a second; supervisors and admins only."""

    kind: Literal["agents"] = "agents"
    agents: list[AgentView]


class MeChanged(Message):
    """What there is to choose from has changed: dispositions, reasons."""

    kind: Literal["me"] = "me"
    me: Me


class SwitchChanged(Message):
    """Asterisk went away or came back."""

    kind: Literal["switch"] = "switch"
    up: bool


class RefusingChanged(Message):
    """New calls begin to be refused, for another reason, or are taken again."""

    kind: Literal["refusing"] = "refusing"
    refusing: RefusingView | None


Change = Annotated[
    StateChanged
    | AssignmentChanged
    | AssignmentGone
    | QueuesChanged
    | AgentsChanged
    | MeChanged
    | SwitchChanged
    | RefusingChanged
    | ParkedChanged
    | ChatLineSaid
    | ChatStands
    | ChatTyping
    | CampaignsChanged
    | ColleaguesChanged
    | PartyMissed
    | MonitorEnded
    | RecordingChanged,
    Field(discriminator="kind"),
]


class Delta(Message):
    """One change, numbered from 1."""

    type: Literal["delta"] = "delta"
    n: int
    now_ms: int
    change: Change


# -- acts ------------------------------------------------------------------------------------------------------------


class ReadinessWish(Message):
    """`reason` is needed to be not ready."""

    ready: bool
    reason: str | None = None


class DeviceWish(Message):
    """Which phone is to ring."""

    device: Device


class Mute(Message):
    """Microphone off or on."""

    muted: bool


class Digits(Message):
    """Tones for the other side."""

    digits: str = Field(pattern=r"^[0-9*#A-D]{1,32}$")


class Finish(Message):
    """End of wrap-up."""

    disposition: str
    note: str = Field(default="", max_length=4000, pattern=NO_NUL)


class NewContact(Message):
    """A virtual call. `address` is the customer's number, e-mail or handle."""

    medium: Medium = Medium.TASK
    queue_id: str
    address: str = Field(default="", max_length=200, pattern=NO_NUL)
    name: str = Field(default="", max_length=200, pattern=NO_NUL)
    language: str = Field(default="en", max_length=8, pattern=NO_NUL)
    subject: str = Field(default="", max_length=1000, pattern=NO_NUL)


class ContactCreated(Message):
    """The new contact."""

    contact_id: str


class HistoryRow(Message):
    """One contact as history tells it; None where it did not come to that."""

    contact_id: str
    medium: Medium
    project_id: str
    queue: str
    arrived_ms: int
    answered_ms: int | None
    ended_ms: int | None
    closed_ms: int | None
    wait_ms: int | None
    talk_ms: int | None
    hold_ms: int | None
    wrap_up_ms: int | None
    agent: str | None
    customer: str | None
    address: str
    disposition: str | None
    disposition_title: str | None
    note: str
    outbound: bool
    """An agent asked for the call: `arrived_ms` is the click, `answered_ms` the customer's answer."""
    missed: LegCause | None
    """Why its customer was not reached."""
    dialled_ms: int | None
    """When its customer was dialled."""


class ContactRow(HistoryRow):
    """One contact on the supervisor's list, with what he may do about it."""

    priority: int | None
    """Points of its own while it waits; None: it does not wait (any more)."""
    can_take_back: bool
    """An agent works on it, or is offered it, without a call."""


class Problem(Message):
    """Every error: a sentence with the next step, and a code a program can act on."""

    code: str
    sentence: str


# -- further acts and answers ----------------------------------------------------------------------------------------


class Shown(Message):
    """A page says over the WebSocket that the card of this assignment is drawn."""

    type: Literal["shown"] = "shown"
    assignment_id: str = Field(max_length=60)


Said = Annotated[Shown | ChatTypes | ChatWatch, Field(discriminator="type")]
"""What a page says over the WebSocket."""


class Token(Message):
    """For programs, as `Authorization: Bearer <token>`."""

    token: str


class Link(Message):
    """The token of a one-time link, from the address the first admin was given."""

    token: str = Field(max_length=400)


class LanguageWish(Message):
    """In which language the server is to speak."""

    language: Literal["en", "ru"]


class NewPassword(Message):
    """One's own password; `old` may stay empty right after a one-time link let one in."""

    old: str = Field(default="", max_length=200)
    new: str = Field(min_length=8, max_length=200)


class Done(Message):
    """The act is decided and on disk."""

    ok: Literal[True] = True


class SignedOut(Message):
    """`left` is false while a contact is in hand: the session goes on until it is finished, then sign out again."""

    left: bool


class NotReadyWish(Message):
    """A supervisor's word for one of his agents."""

    reason: str | None = Field(default=None, max_length=40)


class QueueWish(Message):
    """Where a waiting contact is to wait."""

    queue_id: str = Field(max_length=80, pattern=NO_NUL)


class PriorityWish(Message):
    """How much more one contact matters than its queue says."""

    priority: int = Field(ge=-10, le=10)
    """Points of its own; each is worth a minute of waiting."""


class ContactStory(Message):
    """One contact: what history tells, and who asked for what while it lives."""

    row: HistoryRow
    contact: ContactView | None
    """While the contact lives."""
    card: CardView | None
    """While it is in the asker's hands."""
    messages: list[MessageView]
    """What was said on it without a call, oldest first."""


class Health(Message):
    """Answered by the engine's own loop, so a frozen one does not answer."""

    ok: Literal[True] = True
    leads: bool
    """Is it known that this engine leads? A moment after it stood still, say, it is not."""
    epoch: int
    """Number of its reign; greater than that of every engine that led before."""
    spooling: bool
    """Is the journal written to this machine's disk because the database is away?"""
    switch: bool
    waiting: int
    pages: int
    loop_lag_ms: float
    """The longest the loop was late within the last ten seconds."""
    refusing: RefusingView | None = None
    """New calls are being refused at the entry."""


# -- the IVR's -------------------------------------------------------------------------------------------------------


class AccountQuestion(Message):
    """What a caller typed; never logged."""

    account: str = Field(pattern=r"^[0-9]{1,20}$")
    pin: str = Field(pattern=r"^[0-9]{1,12}$")


class LostCaller(Message):
    """Who it was and how far he came; never logged."""

    queue_id: str = Field(max_length=60)
    """The operator's queue of the project of the number that was called."""
    number: str = Field(max_length=40)
    name: str = Field(max_length=200)
    dialled: str = Field(max_length=40)
    language: str = Field(pattern=r"^(en|ru)$")
    path: str = Field(max_length=512, pattern=r"^[a-z0-9_:;*#-]*$")
    why: Lost
    at_ms: int = Field(ge=0, le=2**53)


class AccountReply(Message):
    """The fields after `tries_left` come with `ok` only."""

    result: AccountAnswer
    tries_left: int
    balance_minor: int | None = None
    currency: str | None = None
    status: str | None = None
    ends_on: str | None = None
    tariff: str | None = None
    language: str | None = None


# -- administration --------------------------------------------------------------------------------------------------


class SkillView(Message):
    """One skill at one level."""

    skill_id: str = Field(max_length=40)
    level: int = Field(ge=1, le=10)


class PersonView(Message):
    """A user, for admins."""

    agent_id: str
    login: str
    name: str
    role: Role
    project_ids: list[str]
    extension: str | None
    language: str
    skills: list[SkillView]
    active: bool
    site_id: str | None
    capacity: str | None
    """Of his own capacity profile; None: the centre's default."""


Extension = Annotated[str, Field(pattern=r"^[0-9]{2,6}$")]
Login = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@-]{1,80}$")]
PersonName = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
Password = Annotated[str, Field(min_length=8, max_length=200)]
CodeId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
CentreKey = Annotated[str | None, Field(max_length=40, pattern=NO_NUL)]
"""A key of the centre file, or none."""
Title = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]


class NewPerson(Message):
    """A person to be entered."""

    login: Login
    password: Password
    name: PersonName
    role: Role = Role.AGENT
    project_ids: list[str] = Field(default=[], max_length=200)
    extension: Extension | None = None
    language: Literal["en", "ru"] = "en"
    skills: list[SkillView] = Field(default=[], max_length=200)
    site_id: CentreKey = None
    capacity: CentreKey = None


class PersonChange(Message):
    """What is left out stays as it is; `extension: null` takes the telephone away, `site_id: null` the site, and
    `capacity: null` his own profile.
    """

    name: PersonName | None = None
    role: Role | None = None
    project_ids: list[str] | None = Field(default=None, max_length=200)
    extension: Extension | None = None
    language: Literal["en", "ru"] | None = None
    skills: list[SkillView] | None = Field(default=None, max_length=200)
    active: bool | None = None
    site_id: CentreKey = None
    capacity: CentreKey = None


class PasswordReset(Message):
    """A new password for someone else."""

    password: Password


class CodeView(Message):
    """A disposition, or a reason not to be ready, in both languages."""

    id: CodeId
    title_en: Title
    title_ru: Title
    active: bool = True


class CodeChange(Message):
    """What is left out stays as it is."""

    title_en: Title | None = None
    title_ru: Title | None = None
    active: bool | None = None


class ProjectView(Message):
    """A project."""

    id: str
    title: str


class DeedView(Message):
    """One line of the audit."""

    at_ms: int
    actor: str
    action: str
    title: str
    """The action in the reader's language."""
    subject: str
    detail: str
    told: str
    """The detail in the reader's language."""
