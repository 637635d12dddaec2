"""Why a contact waits still: what has to change before it can be offered. Pure; called by `why`."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from msgspec import Struct

from cti.domain.agent import is_available
from cti.domain.audit import policy
from cti.domain.audit.policy import Obstacle
from cti.domain.contact import Contact
from cti.domain.ids import AgentId, Milliseconds, SiteId
from cti.domain.queue import rings
from cti.domain.state import State


class Hitch(StrEnum):
    """Why a contact waits still."""

    ASLEEP = "asleep"
    HELD = "held"
    NODE_LOST = "node_lost"
    NOBODY_IN_PROJECT = "nobody_in_project"
    NOBODY_AT_SITE = "nobody_at_site"
    NOBODY_SKILLED = "nobody_skilled"
    NOBODY_READY = "nobody_ready"
    ALL_BUSY = "all_busy"
    NEXT = "next"
    """Somebody has room: it is offered with the next event. Never true between events."""


class Wait(Struct, frozen=True, kw_only=True):
    """A contact that waits, as things stand at the end of the journal."""

    hitch: Hitch
    at_ms: Milliseconds
    since_ms: Milliseconds
    until_ms: Milliseconds | None
    """For how long it sleeps or is kept."""
    kept_for: tuple[AgentId, ...]
    asked: str
    sites: tuple[SiteId, ...]
    members: int
    able: int
    """Of those, how many have what is asked …"""
    ready: int
    """… and of these, how many are ready."""
    ahead: int
    """How many of its queue stand before it."""
    next_step_ms: Milliseconds | None


def waiting_for(state: State, contact: Contact, now: Milliseconds) -> Wait:
    """What keeps the waiting contact from being offered, at this instant; looks at every agent of its project."""
    rules = state.queue(contact.queue_id).rules
    asked = rings(rules, contact)[-1]
    members = [agent for agent in state.agents.values() if rules.project_id in agent.project_ids and not agent.removed]
    able = [agent for agent in members if policy.inability(rules, contact, agent) is None]
    standing = [policy.obstacle(rules, contact, agent) for agent in members]
    ready = [agent for agent in able if is_available(agent)]
    own = policy.place(rules, contact, now)
    return Wait(
        hitch=_hitch(state, contact, standing),
        at_ms=now,
        since_ms=contact.arrived_ms,
        until_ms=contact.asleep_until_ms or contact.held_until_ms,
        kept_for=contact.preferred if contact.held_until_ms is not None else (),
        asked=asked.requirement.text,
        sites=asked.sites,
        members=len(members),
        able=len(able),
        ready=len(ready),
        ahead=sum(policy.place(rules, other, now) < own for other in _queue(state, contact)),
        next_step_ms=contact.next_step_ms,
    )


def _queue(state: State, contact: Contact) -> Iterator[Contact]:
    for other in state.contacts.values():
        if other.queue_id == contact.queue_id and other.id != contact.id and policy.is_offered(state, other):
            yield other


def _hitch(state: State, contact: Contact, standing: list[Obstacle | None]) -> Hitch:
    """The obstacle that the best placed agents have: what has to change first."""
    if contact.asleep_until_ms is not None:
        return Hitch.ASLEEP
    if not policy.is_offered(state, contact):
        return Hitch.NODE_LOST
    if None in standing:
        return Hitch.NEXT
    for obstacle, hitch in _HITCHES:
        if obstacle in standing:
            return hitch
    return Hitch.NOBODY_IN_PROJECT


_HITCHES: Final = (
    (Obstacle.NO_ROOM, Hitch.ALL_BUSY),
    (Obstacle.NOT_READY, Hitch.NOBODY_READY),
    (Obstacle.KEPT, Hitch.HELD),
    (Obstacle.SKILL, Hitch.NOBODY_SKILLED),
    (Obstacle.SITE, Hitch.NOBODY_AT_SITE),
)
