"""What scripted desktops read of the public API's messages; all else in them is passed over.

The API's own records are `cti.web.messages`; a program outside would know of them what stands here. No logic.
"""

import msgspec


class Choice(msgspec.Struct, frozen=True):
    """A code."""

    id: str


class Me(msgspec.Struct, frozen=True):
    """Who is signed in."""

    agent_id: str
    name: str
    extension: str | None
    dispositions: dict[str, list[Choice]]


class State(msgspec.Struct, frozen=True):
    """How the agent stands."""

    readiness: str
    reason: str | None
    device: str
    phones: list[str]
    leaving: bool
    line: str = "off"


class Contact(msgspec.Struct, frozen=True):
    """What is known of a contact."""

    contact_id: str
    project_id: str
    queue: str
    address: str
    medium: str = "voice"


class Card(msgspec.Struct, frozen=True):
    """Whose contact it is."""

    name: str
    past: list[msgspec.Raw] = []


class Party(msgspec.Struct, frozen=True):
    """Somebody whom he has asked into his talk."""

    leg_id: str
    name: str
    state: str


class Assignment(msgspec.Struct, frozen=True):
    """One contact on the agent's screen."""

    assignment_id: str
    state: str
    contact: Contact
    card: Card | None = None
    preview: bool = False
    parties: tuple[Party, ...] = ()


class Queue(msgspec.Struct, frozen=True):
    """Who waits in a queue."""

    queue_id: str
    waiting: int


class AgentSeen(msgspec.Struct, frozen=True):
    """Where an agent is, for supervisors."""

    agent_id: str
    readiness: str
    activity: str | None


class Change(msgspec.Struct, frozen=True):
    """What changed: the field that `kind` says is filled."""

    kind: str
    state: State | str | None = None
    """The agent's own; of other kinds it is a word."""
    assignment: Assignment | None = None
    assignment_id: str = ""
    outcome: str = ""
    queues: list[Queue] = []
    agents: list[AgentSeen] = []


class Message(msgspec.Struct, frozen=True):
    """A snapshot, or a delta with its `change`."""

    type: str
    n: int = 0
    change: Change | None = None
    me: Me | None = None
    state: State | None = None
    assignments: list[Assignment] = []
    queues: list[Queue] = []
    agents: list[AgentSeen] = []


class HistoryRow(msgspec.Struct, frozen=True):
    """A contact that this person took up."""

    contact_id: str
    arrived_ms: int
    answered_ms: int | None
    ended_ms: int | None
    closed_ms: int | None
    address: str
    disposition: str | None


decode = msgspec.json.Decoder(Message).decode
"""One message of the WebSocket. Raises msgspec.DecodeError."""
