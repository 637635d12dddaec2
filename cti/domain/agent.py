"""An agent: a person who handles contacts. The record, and what can be said of it alone.

Whom to choose is `cti.domain.routing`; the rules of signing in, readiness and reach are `cti.domain.presence`.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from cti.domain import capacity
from cti.domain.capacity import ONE_AT_A_TIME, Capacity
from cti.domain.events import SkillLevel
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    CampaignId,
    Device,
    LegId,
    Medium,
    Milliseconds,
    NodeId,
    ProjectId,
    Readiness,
    ReasonId,
    SiteId,
)


class Agent(Struct, frozen=True, kw_only=True, gc=False):
    """An enrolled person and what he is doing."""

    id: AgentId
    project_ids: tuple[ProjectId, ...] = ()
    skills: tuple[SkillLevel, ...] = ()
    removed: bool = False
    site_id: SiteId | None = None
    capacity: Capacity = ONE_AT_A_TIME
    readiness: Readiness = Readiness.OFFLINE
    reason: ReasonId | None = None
    media: tuple[Medium, ...] = ()
    """What he takes while ready; empty: every medium."""
    since_ms: Milliseconds = 0
    """Of the readiness."""
    idle_since_ms: Milliseconds = 0
    """When he last became ready or closed a contact, whichever is later."""
    leaving: bool = False
    """He signed out while holding a contact: nothing new, and offline after it."""
    device: Device = Device.SIP
    desktop: bool = False
    desktop_bound: bool = False
    """A desktop has been connected in this sign-in, so its loss counts."""
    phones: tuple[Device, ...] = ()
    """Those with a registration."""
    grace_until_ms: Milliseconds | None = None
    """When a ready agent who lacks phone or desktop is made not ready."""
    desk_until_ms: Milliseconds | None = None
    """When what he works on without a desktop goes back to its queue."""
    skipped_until_ms: Milliseconds | None = None
    """He is ready, but his phone could not be rung just now: nothing is offered until then."""
    wants_line: bool = False
    """He wants to stay connected between calls."""
    line_leg: LegId | None = None
    """The leg that is kept up, or is being rung for it."""
    line_node: NodeId | None = None
    line_up: bool = False
    """It was answered: calls are put through without a ring."""
    line_until_ms: Milliseconds | None = None
    """How long it is rung."""
    reserved_for: CampaignId | None = None
    """He is kept free for this campaign's callees, and is offered nothing else."""
    party_leg: LegId | None = None
    """A colleague asks him into a talk, or he is in it or listens to it: he is offered nothing meanwhile."""
    assignment_ids: tuple[AssignmentId, ...] = ()
    """What he holds, from the offer to the end of wrap-up."""
    active: tuple[Medium, ...] = ()
    """The media of those, in the same order."""
    paused: tuple[AssignmentId, ...] = ()
    """What is interrupted, first paused first: it does not count."""
    pausable: tuple[AssignmentId, ...] = ()
    """What he works on and something else may interrupt, earliest first."""


_CALLS: Final = capacity.BIT[Medium.VOICE] | capacity.BIT[Medium.CALLBACK]


def is_available(agent: Agent) -> bool:
    """Whether he takes new contacts at all; capacity not considered."""
    return agent.readiness is Readiness.READY and not agent.leaving and not agent.removed


def takes(agent: Agent, medium: Medium) -> bool:
    """Whether contacts of this medium are ever for him: by his word, his profile, and with or without a desktop."""
    if agent.media and medium not in agent.media:
        return False
    if not (agent.desktop or agent.desktop_bound or medium is Medium.VOICE):
        return False
    return capacity.accepts(agent.capacity, (), medium)


def wants_voice(agent: Agent) -> bool:
    """Whether callers are among what he takes."""
    return not agent.media or Medium.VOICE in agent.media


def wants_calls(media: tuple[Medium, ...]) -> bool:
    """Whether one who takes these media, empty for every one, has his phone rung for any of them."""
    return not media or Medium.VOICE in media or Medium.CALLBACK in media


def lacks_phone(agent: Agent) -> bool:
    """Whether he takes calls but the phone he chose has no registration."""
    return wants_calls(agent.media) and agent.device not in agent.phones


def lacks_desktop(agent: Agent) -> bool:
    """Whether the desktop he worked with is gone."""
    return agent.desktop_bound and not agent.desktop


def open_media(agent: Agent) -> int:
    """The bits (`capacity.BIT`) of the media of which he can be offered a contact right now."""
    return _open_media(agent, counted(agent)) if is_available(agent) else 0


def would_take(agent: Agent) -> int:
    """The same, were he not reserved for a campaign."""
    return _unreserved_media(agent, counted(agent)) if is_available(agent) else 0


def _open_media(agent: Agent, held: tuple[Medium, ...]) -> int:
    return 0 if agent.reserved_for is not None else _unreserved_media(agent, held)


def _unreserved_media(agent: Agent, held: tuple[Medium, ...]) -> int:
    if agent.skipped_until_ms is not None or agent.party_leg is not None:
        return 0
    media = capacity.open_media(agent.capacity, held, _pausable_media(agent))
    if media and agent.media:
        media &= sum(capacity.BIT[medium] for medium in agent.media)
    if agent.device not in agent.phones:
        media &= ~_CALLS
    if not agent.desktop:
        media &= capacity.BIT[Medium.VOICE]  # a call rings; anything else only shows on a desktop
    return media


def room(agent: Agent) -> tuple[bool, int, int]:
    """Whether he takes new contacts at all, `open_media` and `load`: what the index asks at every change of his."""
    held = counted(agent)
    ready = agent.readiness is Readiness.READY and not agent.leaving and not agent.removed
    return ready, _open_media(agent, held) if ready else 0, capacity.load(agent.capacity, held)


def is_engaged(agent: Agent) -> bool:
    """Whether a call cannot reach him: he talks, stays connected, is kept for a campaign, or has enough in hand."""
    if agent.party_leg is not None or agent.line_leg is not None or agent.reserved_for is not None:
        return True
    return not capacity.accepts(agent.capacity, counted(agent), Medium.VOICE)


def load(agent: Agent) -> int:
    """How much of him is taken, in percent."""
    return capacity.load(agent.capacity, counted(agent))


def counted(agent: Agent) -> tuple[Medium, ...]:
    """The media of what counts towards his capacity: all that he holds but what is paused."""
    if not agent.paused:
        return agent.active
    return tuple(
        medium
        for assignment_id, medium in zip(agent.assignment_ids, agent.active, strict=True)
        if assignment_id not in agent.paused
    )


def to_pause_for(agent: Agent, medium: Medium) -> tuple[AssignmentId, ...]:
    """What must be paused so that he can be offered one of this medium: nothing, or the fewest, latest first."""
    if not agent.pausable:
        return ()
    media = capacity.accepts_by_pausing(agent.capacity, counted(agent), _pausable_media(agent), medium) or ()
    found, left = [], list(agent.pausable)
    for wanted in media:
        chosen = next(held for held in reversed(left) if _medium(agent, held) is wanted)
        left.remove(chosen)
        found.append(chosen)
    return tuple(found)


def to_unpause(agent: Agent, may_go_on: Callable[[AssignmentId], bool]) -> tuple[AssignmentId, ...]:
    """What is paused and fits again, last interrupted first."""
    active, found = list(counted(agent)), []
    for held in reversed(agent.paused):
        if may_go_on(held) and capacity.accepts(agent.capacity, tuple(active), _medium(agent, held)):
            active.append(_medium(agent, held))
            found.append(held)
    return tuple(found)


def without(held: tuple[AssignmentId, ...], assignment_id: AssignmentId) -> tuple[AssignmentId, ...]:
    """All but that one; the very same when it is not there."""
    if assignment_id not in held:
        return held
    return tuple(other for other in held if other != assignment_id)


def _pausable_media(agent: Agent) -> tuple[Medium, ...]:
    return tuple(_medium(agent, held) for held in agent.pausable) if agent.pausable else ()


def _medium(agent: Agent, assignment_id: AssignmentId) -> Medium:
    return agent.active[agent.assignment_ids.index(assignment_id)]
