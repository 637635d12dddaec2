"""Handing a talk over, and asking others into it: what an agent does with a live call besides talking.

A number outside is looked at as one that is clicked: by the asker's role, on the do-not-call list, at the hours of the
contact's project (`cti.web.call_desk`). What follows from an act is decided in `cti.domain.transfers`.
"""

from typing import Annotated

from fastapi import APIRouter, Path

from cti.domain.contact import Contact
from cti.domain.events import (
    ConferenceRequested,
    HandOverRequested,
    InviteRequested,
    PartyDropped,
    SwapRequested,
    Target,
    TransferRequested,
)
from cti.domain.ids import AgentId, AssignmentId, DestinationId, LegId, QueueId, TargetKind
from cti.ports import Person
from cti.web.acts import Named, held
from cti.web.guard import Acting, Anyone, AnyParts, Parts
from cti.web.messages import Done
from cti.web.problems import Refusal, responses
from cti.web.transfer_messages import (
    Colleague,
    Invite,
    Place,
    Places,
    ToAgent,
    ToDestination,
    ToNumber,
    ToQueue,
    Transfer,
)

router = APIRouter(prefix="/api/v1", tags=["transfers"], responses=responses(401, 403, 404, 409, 422, 429))

Leg = Annotated[str, Path(max_length=80, pattern=r"^[a-z]+-[a-z0-9-]+$")]


@router.get("/colleagues")
async def colleagues(person: Anyone, parts: AnyParts) -> list[Colleague]:
    """Everybody with a phone who works for one of the asker's projects, by name; live over the WebSocket."""
    return parts.hub.board.colleagues(person)


@router.get("/assignments/{assignment_id}/places")
async def places(assignment_id: Named, person: Anyone, parts: AnyParts) -> Places:
    """The queues and destinations to which this talk can go."""
    _, contact = held(assignment_id, person, parts)
    language = person.language
    queues = [
        Place(id=queue_id, title=parts.screens.queue_name(queue_id, language))
        for queue_id, queue in parts.engine.state.queues.items()
        if queue.open and queue.rules.project_id == contact.project_id
    ]
    destinations = [
        Place(id=key, title=parts.screens.destination_name(key, language))
        for key in sorted(_destinations(parts, contact))
    ]
    return Places(queues=queues, destinations=destinations)


@router.post("/assignments/{assignment_id}/transfer")
async def transfer(given: Transfer, assignment_id: Named, person: Acting, parts: AnyParts) -> Done:
    """Hand the talk over unseen; the asker goes on to wrap-up, and the caller is never without somebody or a place."""
    assignment, contact = held(assignment_id, person, parts)
    target, number = await _target(given.to, contact, person, parts)
    await parts.engine.transfer(TransferRequested(assignment_id=assignment.id, target=target), number)
    return Done()


@router.post("/assignments/{assignment_id}/invite")
async def invite(given: Invite, assignment_id: Named, person: Acting, parts: AnyParts) -> Done:
    """Ask a colleague, or a number outside; the customer hears music meanwhile."""
    assignment, contact = held(assignment_id, person, parts)
    target, number = await _target(given.to, contact, person, parts)
    await parts.engine.transfer(InviteRequested(assignment_id=assignment.id, target=target), number)
    return Done()


@router.post("/assignments/{assignment_id}/swap")
async def swap(assignment_id: Named, person: Acting, parts: AnyParts) -> Done:
    """From whom one asked to the customer, or back."""
    await parts.engine.handle(SwapRequested(assignment_id=_own(assignment_id, person, parts)))
    return Done()


@router.post("/assignments/{assignment_id}/conference")
async def conference(assignment_id: Named, person: Acting, parts: AnyParts) -> Done:
    """All together."""
    await parts.engine.handle(ConferenceRequested(assignment_id=_own(assignment_id, person, parts)))
    return Done()


@router.post("/assignments/{assignment_id}/hand-over")
async def hand_over(assignment_id: Named, person: Acting, parts: AnyParts) -> Done:
    """Leave the customer to whom one asked."""
    await parts.engine.handle(HandOverRequested(assignment_id=_own(assignment_id, person, parts)))
    return Done()


@router.delete("/assignments/{assignment_id}/parties/{leg_id}")
async def part(assignment_id: Named, leg_id: Leg, person: Acting, parts: AnyParts) -> Done:
    """Part from somebody, or take back that he is asked. Twice is once."""
    own = _own(assignment_id, person, parts)
    await parts.engine.handle(PartyDropped(assignment_id=own, leg_id=LegId(leg_id)))
    return Done()


async def _target(
    to: ToAgent | ToNumber | ToQueue | ToDestination, contact: Contact, person: Person, parts: Parts
) -> tuple[Target, str]:
    """Whither, and the number if it is one outside. Raises Refusal."""
    match to:
        case ToAgent():
            return Target(kind=TargetKind.AGENT, agent_id=AgentId(to.agent_id)), ""
        case ToQueue():
            return Target(kind=TargetKind.QUEUE, queue_id=QueueId(to.queue_id)), ""
        case ToDestination():
            if to.destination not in _destinations(parts, contact):
                raise Refusal(404, "not_found")
            return Target(kind=TargetKind.DESTINATION, destination=DestinationId(to.destination)), ""
        case ToNumber():
            number = parts.calls.read(to.number)
            if not number:
                raise Refusal(422, "not_a_number")
            await parts.calls.may_be_asked(number, person=person, project_id=contact.project_id)
            return Target(kind=TargetKind.NUMBER), number


def _destinations(parts: Parts, contact: Contact) -> frozenset[str]:
    """Those to which queues of the contact's project send callers already: an admin has thought of them."""
    return frozenset(
        step.to_destination
        for queue in parts.engine.state.queues.values()
        if queue.rules.project_id == contact.project_id
        for step in queue.rules.steps
        if step.to_destination is not None
    )


def _own(assignment_id: str, person: Person, parts: Parts) -> AssignmentId:
    return held(assignment_id, person, parts)[0].id
