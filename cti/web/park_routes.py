"""Parked calls: put aside by their agents, seen by everybody of the project, fetched by whoever clicks first."""

from typing import Annotated

from fastapi import APIRouter, Path

from cti.domain import parking
from cti.domain.contact import Contact
from cti.domain.events import FetchRequested, ParkRequested
from cti.domain.facts import ContactParked
from cti.domain.ids import ContactId
from cti.ports import Person
from cti.web import acts, screens
from cti.web.acts import Named
from cti.web.guard import Acting, Anyone, AnyParts, Parts
from cti.web.messages import Done
from cti.web.park_messages import ParkedAt, ParkedView
from cti.web.problems import Refusal, responses

router = APIRouter(prefix="/api/v1", tags=["parking"], responses=responses(401, 403, 404, 409, 429))


@router.post("/assignments/{assignment_id}/park")
async def park(assignment_id: Named, person: Acting, parts: AnyParts) -> ParkedAt:
    """Put the caller aside, with music, where any colleague can fetch him; the asker goes on to wrap-up."""
    assignment, _ = acts.held(assignment_id, person, parts)
    decision = await parts.engine.handle(ParkRequested(assignment_id=assignment.id))
    return ParkedAt(slot=next(fact.slot for fact in decision.facts if isinstance(fact, ContactParked)))


@router.get("/parked")
async def parked(person: Anyone, parts: AnyParts) -> list[ParkedView]:
    """All who are parked in the asker's projects, by their places."""
    projects = parts.roster.projects(person)
    return [_view(one, person, parts) for one in parking.parked(parts.engine.state) if one.project_id in projects]


@router.post("/parked/{contact_id}/fetch")
async def fetch(
    contact_id: Annotated[str, Path(max_length=60, pattern=r"^c[0-9]+(-[0-9]+)?$")], person: Acting, parts: AnyParts
) -> Done:
    """Have the asker's phone rung for him; who answers has the talk."""
    acts.needs_extension(person)
    contact = parts.engine.state.contacts.get(ContactId(contact_id))
    if contact is None or contact.project_id not in parts.roster.projects(person):
        raise Refusal(409, "park_gone")
    await parts.engine.handle(FetchRequested(contact_id=contact.id, agent_id=person.agent_id))
    return Done()


def _view(contact: Contact, person: Person, parts: Parts) -> ParkedView:
    known = parts.engine.particulars(contact.id)
    return ParkedView(
        contact_id=contact.id,
        slot=contact.slot or 0,
        name=known.name if known is not None else "",
        address=screens.address(known.address) if known is not None else "",
        queue=parts.screens.queue_name(contact.queue_id, person.language),
        by=parts.roster.name(contact.parked_by) or "",
        since_ms=contact.parked_ms or 0,
        until_ms=contact.parked_until_ms or 0,
    )
