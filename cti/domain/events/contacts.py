"""Contacts that arrive, and what customers, campaigns and supervisors ask for them before they are talked to."""

from msgspec import Struct

from cti.domain.events.setup import SkillLevel
from cti.domain.ids import AgentId, ContactId, LegId, Medium, Milliseconds, NodeId, QueueId


class ContactArrived(Struct, frozen=True, kw_only=True, gc=False):
    """Someone asks for something in this queue. The contact's id derives from this event's number.

    `leg_id` and `node` are the caller's leg for voice, None for a virtual call. `arrived_ms` is when the request
    reached the switch or the mailbox: seniority counts from there, not from this event.
    """

    medium: Medium
    queue_id: QueueId
    arrived_ms: Milliseconds
    leg_id: LegId | None = None
    node: NodeId | None = None
    requirements: tuple[SkillLevel, ...] = ()
    """Asked for besides what the queue asks (a language, say)."""
    preferred: tuple[AgentId, ...] = ()
    """Who should have it: the owner of the open case, the last agent, the relationship manager; the first is asked
    first."""
    hold_for_ms: tuple[Milliseconds, ...] = ()
    """How long each of those is waited for while he is busy; missing ones are 0. Nobody waits for one who is away."""
    condition: str = ""
    """An expression (`cti.domain.requirement`) asked for besides."""
    tier: int = 0
    """Of the customer, 0–10."""
    priority: int = 0
    """Points added to those of the queue."""
    origin: ContactId | None = None
    """The contact that this one was made of."""
    address_key: str = ""
    """Stands for the customer's number or address without telling it (a keyed hash); "" when there is none."""
    source_key: str = ""
    """Stands for the source's own key of the request: one with the same key is the same, not a second; "" has none."""
    not_before_ms: Milliseconds | None = None
    """When a customer wants to be called back, at the earliest; of callbacks only. None: as soon as may be."""
    cut_off: bool = False
    """To be called back, before all others, since the switch died while he was in its menus; there is no `origin`."""


class OutboundRequested(Struct, frozen=True, kw_only=True, gc=False):
    """An agent wants a customer called, now, by himself. The contact's id derives from this event's number."""

    agent_id: AgentId
    queue_id: QueueId
    """Whose project the call is for, and by whose rules it is wrapped up."""
    node: NodeId | None = None
    """From where; None: where the newest caller's leg stands."""
    origin: ContactId | None = None
    """The contact that it is about."""
    address_key: str = ""
    """As in `ContactArrived`."""
    asked_ms: Milliseconds | None = None
    """When he clicked, as far as is known; None: now."""


class CallbackRequested(Struct, frozen=True, kw_only=True, gc=False):
    """The caller would rather be called back than wait: he keeps his place. One without the offer is refused."""

    leg_id: LegId


class PriorityChanged(Struct, frozen=True, kw_only=True, gc=False):
    """A supervisor gives one contact so many points; effective at the very next decision."""

    contact_id: ContactId
    priority: int


class ContactCancelled(Struct, frozen=True, kw_only=True, gc=False):
    """The request is no longer wanted (non-voice, or an admin's word)."""

    contact_id: ContactId
    abandoned: bool = False
    """The customer went away while he waited: counted as a caller who hung up."""


class CallbackMoved(Struct, frozen=True, kw_only=True, gc=False):
    """Who is to be called back wants it at another time; refused once an agent is at it."""

    contact_id: ContactId
    not_before_ms: Milliseconds | None = None
    """None: as soon as an agent is free."""


class MoveRequested(Struct, frozen=True, kw_only=True, gc=False):
    """A supervisor has a waiting contact wait in another queue of its project, with the seniority it has."""

    contact_id: ContactId
    queue_id: QueueId


class ContactTakenBack(Struct, frozen=True, kw_only=True, gc=False):
    """A supervisor takes a virtual call from its agent and lets it wait again. A talk is refused. Twice is once."""

    contact_id: ContactId
