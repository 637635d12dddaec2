"""An agent: a person who handles contacts. The record, and what can be said of it alone.

Whom to choose is `cti.domain.routing`; the rules of signing in, readiness and reach are `cti.domain.presence`.
"""

from msgspec import Struct

from cti.domain import capacity
from cti.domain.events import SkillLevel
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    Device,
    Medium,
    Milliseconds,
    ProjectId,
    Readiness,
    ReasonId,
)


class Agent(Struct, frozen=True, kw_only=True, gc=False):
    """An enrolled person and what he is doing."""

    id: AgentId
    project_ids: tuple[ProjectId, ...] = ()
    skills: tuple[SkillLevel, ...] = ()
    removed: bool = False
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
    assignment_ids: tuple[AssignmentId, ...] = ()
    """What he holds, from the offer to the end of wrap-up."""
    active: tuple[Medium, ...] = ()
    """The media of those, in the same order."""


def is_available(agent: Agent) -> bool:
    """Whether he takes new contacts at all; capacity not considered."""
    return agent.readiness is Readiness.READY and not agent.leaving and not agent.removed


def wants_voice(agent: Agent) -> bool:
    """Whether calls are among what he takes."""
    return not agent.media or Medium.VOICE in agent.media


def lacks_phone(agent: Agent) -> bool:
    """Whether he takes calls but the phone he chose has no registration."""
    return wants_voice(agent) and agent.device not in agent.phones


def lacks_desktop(agent: Agent) -> bool:
    """Whether the desktop he worked with is gone."""
    return agent.desktop_bound and not agent.desktop


def open_media(agent: Agent) -> int:
    """The bits (`capacity.BIT`) of the media of which he can be offered a contact right now."""
    if not is_available(agent) or agent.skipped_until_ms is not None:
        return 0
    media = capacity.open_media(capacity.ONE_AT_A_TIME, agent.active)
    if media and agent.media:
        media &= sum(capacity.BIT[medium] for medium in agent.media)
    if agent.device not in agent.phones:
        media &= ~capacity.BIT[Medium.VOICE]
    if not agent.desktop:
        media &= capacity.BIT[Medium.VOICE]  # a call rings; anything else only shows on a desktop
    return media


def load(agent: Agent) -> int:
    """How much of him is taken, in percent."""
    return capacity.load(capacity.ONE_AT_A_TIME, agent.active)
