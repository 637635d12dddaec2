"""The public API's records: what goes over `/api/v1` and over its WebSocket, in JSON.

All instants are Unix milliseconds by the server's clock; each WebSocket message carries `now_ms`, so that a page can
show running times without trusting its own. Nothing here decides anything. The UI's types are made from these.

WebSocket `/api/v1/events`: the server sends one `Snapshot`, then `Delta`s numbered from 1 without holes; a page that
sees a hole closes and connects again. The server pings; a page needs no timer to stay alive.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from cti.domain.ids import Device, Medium, Readiness
from cti.ports import Role


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


# -- who ----------------------------------------------------------------------------------------------------------------


class Credentials(Message):
    login: str = Field(max_length=80)
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


# -- what is going on ---------------------------------------------------------------------------------------------------


class MyState(Message):
    readiness: Readiness
    reason: str | None
    since_ms: int
    device: Device
    phones: list[Device]
    """Devices with a live registration."""
    leaving: bool
    """Signed out, but a contact is still to be finished."""


class PathStep(Message):
    """One step in the IVR, in words; digits of secrets never get here."""

    menu: str
    key: str
    title: str


class ContractView(Message):
    number: str
    kind: str
    status: str
    balance: str
    """Formatted for the person's language, with currency."""
    ends_on: str | None


class PastContactView(Message):
    contact_id: str
    medium: Medium
    queue: str
    arrived_ms: int
    agent: str | None
    disposition: str | None
    note: str


class CardView(Message):
    customer_id: int
    name: str
    tier: str
    language: str
    phones: list[str]
    emails: list[str]
    contracts: list[ContractView]
    past: list[PastContactView]
    source: str


class ContactView(Message):
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


class AssignmentView(Message):
    """One contact on this agent's screen."""

    assignment_id: str
    state: Literal["offered", "ringing", "active", "held", "rejoining", "wrap_up"]
    contact: ContactView
    card: CardView | None
    card_state: Literal["loading", "found", "unknown", "unavailable"]
    device: Device | None
    muted: bool
    offered_ms: int
    started_ms: int | None
    held_since_ms: int | None
    until_ms: int | None
    """When the ring, the rejoin or the wrap-up runs out."""
    wait_ms: int
    """How long the customer had waited when the offer was made."""


class QueueView(Message):
    queue_id: str
    queue: str
    project_id: str
    waiting: int
    waiting_by_medium: dict[Medium, int]
    oldest_arrived_ms: int | None
    ready: int
    """Agents who are ready and free for it."""
    service_level_ms: int


class AgentView(Message):
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


# -- WebSocket ----------------------------------------------------------------------------------------------------------


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
    switch_up: bool


class StateChanged(Message):
    kind: Literal["state"] = "state"
    state: MyState


class AssignmentChanged(Message):
    """New or changed, always whole. New in state `offered` is the screen pop."""

    kind: Literal["assignment"] = "assignment"
    assignment: AssignmentView


class AssignmentGone(Message):
    kind: Literal["assignment_gone"] = "assignment_gone"
    assignment_id: str
    outcome: str
    """`closed`, `timed_out`, `rejected`, `rescinded`, `failed`, `agent_lost`."""


class QueuesChanged(Message):
    """The changed ones, whole; at most twice a second."""

    kind: Literal["queues"] = "queues"
    queues: list[QueueView]


class AgentsChanged(Message):
    """The changed ones, whole; at most twice a second; supervisors and admins only."""

    kind: Literal["agents"] = "agents"
    agents: list[AgentView]


class SwitchChanged(Message):
    kind: Literal["switch"] = "switch"
    up: bool


Change = Annotated[
    StateChanged | AssignmentChanged | AssignmentGone | QueuesChanged | AgentsChanged | SwitchChanged,
    Field(discriminator="kind"),
]


class Delta(Message):
    type: Literal["delta"] = "delta"
    n: int
    now_ms: int
    change: Change


# -- acts ---------------------------------------------------------------------------------------------------------------


class ReadinessWish(Message):
    ready: bool
    reason: str | None = None


class DeviceWish(Message):
    device: Device


class Mute(Message):
    muted: bool


class Digits(Message):
    digits: str = Field(pattern=r"^[0-9*#A-D]{1,32}$")


class Finish(Message):
    """End of wrap-up."""

    disposition: str
    note: str = Field(default="", max_length=4000)


class NewContact(Message):
    """A virtual call. `address` is the customer's number, e-mail or handle."""

    medium: Medium = Medium.TASK
    queue_id: str
    address: str = Field(default="", max_length=200)
    name: str = Field(default="", max_length=200)
    language: str = Field(default="en", max_length=8)
    subject: str = Field(default="", max_length=1000)


class ContactCreated(Message):
    contact_id: str


class HistoryRow(Message):
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


class Problem(Message):
    """Every error: a sentence with the next step, and a code a program can act on."""

    code: str
    sentence: str
