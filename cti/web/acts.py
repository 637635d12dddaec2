"""What an agent does: readiness, device, and everything about the contact in his hands.

Each act becomes an event, and the answer comes when it is on disk. Mute and digits go straight to the switch: they are
neither journalled nor logged. An assignment that is not the asker's own does not exist for him.
"""

from typing import Annotated

from fastapi import APIRouter, Path

from cti.domain.assignment import Assignment
from cti.domain.contact import Contact
from cti.domain.events import (
    AgentBecameNotReady,
    AgentBecameReady,
    DeviceChosen,
    Event,
    HangUpRequested,
    HoldRequested,
    OfferAccepted,
    OfferRejected,
    RejoinRequested,
    ResumeRequested,
    WrapUpFinished,
)
from cti.domain.ids import AssignmentId, DispositionId, LegId, NodeId, Readiness, ReasonId
from cti.domain.states import AssignmentState
from cti.ports import CodeKind, Person
from cti.web.guard import Acting, AnyParts, Parts
from cti.web.messages import DeviceWish, Digits, Done, Finish, Mute, ReadinessWish
from cti.web.problems import Refusal, responses
from cti.web.session_routes import be_agent

router = APIRouter(prefix="/api/v1", tags=["agent"], responses=responses(401, 403, 404, 409, 429))

Named = Annotated[str, Path(max_length=60, pattern=r"^a[0-9]+(-[0-9]+)?$")]
TALKING = frozenset({AssignmentState.ACTIVE, AssignmentState.HELD})


@router.post("/agent/readiness")
async def set_readiness(wish: ReadinessWish, person: Acting, parts: AnyParts) -> Done:
    """Be ready, or not ready with one of the reasons in `Me.reasons`. Who was offline is signed in first."""
    needs_extension(person)
    if not wish.ready and not parts.roster.has_code(CodeKind.REASON, wish.reason or "", parts.roster.projects(person)):
        raise Refusal(422, "unknown_reason")
    agent = parts.engine.state.agents.get(person.agent_id)
    if agent is not None and agent.readiness is Readiness.OFFLINE:
        await be_agent(person, parts)
    if wish.ready:
        return await _done(parts, AgentBecameReady(agent_id=person.agent_id))
    return await _done(parts, AgentBecameNotReady(agent_id=person.agent_id, reason=ReasonId(wish.reason or "")))


@router.post("/agent/device")
async def set_device(wish: DeviceWish, person: Acting, parts: AnyParts) -> Done:
    """Which phone is to ring from the next ring on."""
    needs_extension(person)
    return await _done(parts, DeviceChosen(agent_id=person.agent_id, device=wish.device))


@router.post("/assignments/{assignment_id}/shown")
async def shown(assignment_id: Named, person: Acting, parts: AnyParts) -> Done:
    """The page has drawn the card; the ring need not wait any longer. Cheaper over the WebSocket."""
    if (deciding := parts.hub.confirm(held(assignment_id, person, parts)[0])) is not None:
        await deciding
    return Done()


@router.post("/assignments/{assignment_id}/accept")
async def accept(assignment_id: Named, person: Acting, parts: AnyParts) -> Done:
    """Take a virtual call. Twice is once."""
    return await _done(parts, OfferAccepted(assignment_id=held(assignment_id, person, parts)[0].id))


@router.post("/assignments/{assignment_id}/reject")
async def reject(assignment_id: Named, person: Acting, parts: AnyParts) -> Done:
    """Refuse the offer; the asker is not ready then, and the contact keeps its place."""
    return await _done(parts, OfferRejected(assignment_id=held(assignment_id, person, parts)[0].id))


@router.post("/assignments/{assignment_id}/hold")
async def hold(assignment_id: Named, person: Acting, parts: AnyParts) -> Done:
    """The customer hears music."""
    return await _done(parts, HoldRequested(assignment_id=held(assignment_id, person, parts)[0].id))


@router.post("/assignments/{assignment_id}/resume")
async def resume(assignment_id: Named, person: Acting, parts: AnyParts) -> Done:
    """Talk again."""
    return await _done(parts, ResumeRequested(assignment_id=held(assignment_id, person, parts)[0].id))


@router.post("/assignments/{assignment_id}/rejoin")
async def rejoin(assignment_id: Named, person: Acting, parts: AnyParts) -> Done:
    """The page has no sound of the talk it shows: the customer hears music while the asker's phone is rung again."""
    return await _done(parts, RejoinRequested(assignment_id=held(assignment_id, person, parts)[0].id))


@router.post("/assignments/{assignment_id}/hangup")
async def hang_up(assignment_id: Named, person: Acting, parts: AnyParts) -> Done:
    """End the talk, or the work on a virtual call: on to wrap-up."""
    return await _done(parts, HangUpRequested(assignment_id=held(assignment_id, person, parts)[0].id))


@router.post("/assignments/{assignment_id}/finish")
async def finish(given: Finish, assignment_id: Named, person: Acting, parts: AnyParts) -> Done:
    """End wrap-up with one of the project's dispositions and a note."""
    assignment, contact = held(assignment_id, person, parts)
    if not parts.roster.has_code(CodeKind.DISPOSITION, given.disposition, frozenset({contact.project_id})):
        raise Refusal(422, "unknown_disposition")
    if given.note:
        parts.history.keep_note(assignment.id, contact.id, person.agent_id, given.note)
    event = WrapUpFinished(assignment_id=assignment.id, disposition=DispositionId(given.disposition))
    return await _done(parts, event)


@router.post("/assignments/{assignment_id}/mute")
async def mute(given: Mute, assignment_id: Named, person: Acting, parts: AnyParts) -> Done:
    """Switch the agent's microphone off or on, at the switch, so that it works with every phone."""
    assignment, contact = held(assignment_id, person, parts)
    leg_id, node = _talking(assignment, contact, leg_id=assignment.leg_id)
    await parts.engine.switch(node).mute(leg_id, muted=given.muted)
    parts.hub.set_muted(assignment.id, muted=given.muted)
    return Done()


@router.post("/assignments/{assignment_id}/digits")
async def digits(given: Digits, assignment_id: Named, person: Acting, parts: AnyParts) -> Done:
    """Send tones to the customer's side. Never kept anywhere."""
    assignment, contact = held(assignment_id, person, parts)
    leg_id, node = _talking(assignment, contact, leg_id=contact.leg_id)
    await parts.engine.switch(node).send_digits(leg_id, given.digits)
    return Done()


def own(assignment_id: str, person: Person, parts: Parts) -> Assignment | None:
    """His own live assignment of this id, else None."""
    found = parts.engine.state.assignments.get(AssignmentId(assignment_id))
    return found if found is not None and found.agent_id == person.agent_id else None


def held(assignment_id: str, person: Person, parts: Parts) -> tuple[Assignment, Contact]:
    """His own live assignment and its contact. Raises Refusal."""
    found = own(assignment_id, person, parts)
    if found is None:
        raise Refusal(404, "contact_gone")
    return found, parts.engine.state.contact_of(found)


def _talking(assignment: Assignment, contact: Contact, *, leg_id: LegId | None) -> tuple[LegId, NodeId]:
    if leg_id is None or contact.node is None or assignment.state not in TALKING:
        raise Refusal(409, "no_leg")
    return leg_id, contact.node


def needs_extension(person: Person) -> None:
    """Raises Refusal for one who has no phone."""
    if person.extension is None:
        raise Refusal(409, "no_extension")


async def _done(parts: Parts, event: Event) -> Done:
    await parts.engine.handle(event)
    return Done()
