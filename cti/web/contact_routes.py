"""Contacts: one's own history, one contact's story, and new virtual calls.

An agent sees what he took up himself; a supervisor his projects'; an admin everything.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from cti.callable import may_be_called_back, telephone_number
from cti.domain.events import ContactArrived
from cti.domain.ids import ContactId, Medium, QueueId
from cti.ports import Arrival, CodeKind, Person, Role, Told
from cti.web import mail_desk, screens
from cti.web.guard import Anyone, AnyParts, Parts
from cti.web.messages import ContactCreated, ContactStory, HistoryRow, NewContact
from cti.web.problems import Refusal, responses

router = APIRouter(prefix="/api/v1", tags=["contacts"])

BY_NUMBER = frozenset({Medium.CALLBACK, Medium.SMS, Medium.FAX, Medium.VOICEMAIL})


@router.get("/history", responses=responses(401))
async def my_history(
    person: Anyone,
    parts: AnyParts,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[int | None, Query(ge=0, le=2**53, description="arrival, Unix ms; for the next page")] = None,
) -> list[HistoryRow]:
    """The contacts that the asker took up, newest first."""
    told = await parts.history.of_agent(person.agent_id, limit=limit, before_ms=before)
    return [history_row(one, person, parts) for one in told]


@router.get("/contacts/{contact_id}", responses=responses(401, 404))
async def one_contact(
    contact_id: Annotated[str, Path(max_length=60, pattern=r"^c[0-9]+(-[0-9]+)?$")], person: Anyone, parts: AnyParts
) -> ContactStory:
    """One contact, with the customer's card while it is in the asker's own hands."""
    key = ContactId(contact_id)
    live = parts.engine.state.contacts.get(key)
    held = parts.engine.state.assignments.get(live.assignment_id) if live and live.assignment_id else None
    mine = held is not None and held.agent_id == person.agent_id
    told = await parts.history.contact(key)
    if told is None or not (mine or await may_see(told, person, parts)):
        raise Refusal(404, "not_found")
    view = None
    if live is not None:
        view = parts.screens.contact(live, parts.engine.particulars(key), language=person.language)
    return ContactStory(
        row=history_row(told, person, parts),
        contact=view,
        card=parts.hub.card(key, language=person.language) if mine else None,
        messages=await mail_desk.thread(parts.mail, key, parts.roster),
    )


@router.post("/contacts", status_code=201, responses=responses(401, 403, 404, 409))
async def new_contact(given: NewContact, person: Anyone, parts: AnyParts) -> ContactCreated:
    """A virtual call for a queue of the asker's projects. Answered when it is on disk, so that it is never lost."""
    if given.medium in (Medium.VOICE, Medium.VOICEMAIL):
        raise Refusal(422, "voice_has_a_channel")
    queue = parts.engine.state.queues.get(QueueId(given.queue_id))
    if queue is None or queue.rules.project_id not in parts.roster.projects(person):
        raise Refusal(404, "unknown_queue")
    if given.medium is Medium.CALLBACK:
        number = telephone_number(given.address, country=parts.centre.country)
        if not may_be_called_back(number, countries=parts.centre.callback_countries):
            raise Refusal(422, "no_number_to_call")
        await parts.calls.may_be_called_back(number, person=person, project_id=queue.rules.project_id)
    event = ContactArrived(medium=given.medium, queue_id=queue.id, arrived_ms=parts.engine.now())
    arrival = Arrival(
        address=_normal(given.address, medium=given.medium, country=parts.centre.country),
        name=given.name,
        language=given.language,
        subject=given.subject,
    )
    return ContactCreated(contact_id=await parts.engine.arrive(event, arrival))


async def may_see(told: Told, person: Person, parts: Parts) -> bool:
    """Whether he may see a contact that he does not have in his hands."""
    if person.role is not Role.AGENT:
        return told.project_id in parts.roster.projects(person)
    return await parts.history.took(person.agent_id, told.contact_id)


async def may_read(contact_id: ContactId, person: Person, parts: Parts) -> bool:
    """Whether he may read, and hear, what was said on a contact: who has it, or had it, and supervisors."""
    live = parts.engine.state.contacts.get(contact_id)
    if live is not None:
        held = parts.engine.state.assignments.get(live.assignment_id) if live.assignment_id else None
        if held is not None and held.agent_id == person.agent_id:
            return True
        if person.role is not Role.AGENT:
            return live.project_id in parts.roster.projects(person)
    told = await parts.history.contact(contact_id)
    return told is not None and await may_see(told, person, parts)


def history_row(told: Told, person: Person, parts: Parts) -> HistoryRow:
    """What history tells of a contact, in the person's language."""
    title = parts.roster.title(CodeKind.DISPOSITION, told.disposition, told.project_id, person.language)
    return HistoryRow(
        contact_id=told.contact_id,
        medium=told.medium,
        project_id=told.project_id,
        queue=parts.screens.queue_name(told.queue_id, person.language),
        arrived_ms=told.arrived_ms,
        answered_ms=told.answered_ms,
        ended_ms=told.ended_ms,
        closed_ms=told.closed_ms,
        wait_ms=told.wait_ms,
        talk_ms=told.talk_ms,
        hold_ms=told.hold_ms,
        wrap_up_ms=told.wrap_up_ms,
        agent=parts.roster.name(told.agent_id),
        customer=told.customer,
        address=screens.address(told.address),
        disposition=told.disposition,
        disposition_title=title,
        note=told.note,
        outbound=told.outbound,
        missed=told.missed,
        dialled_ms=told.dialled_ms,
    )


def _normal(address: str, *, medium: Medium, country: str) -> str:
    """A telephone number in E.164, as look-ups want it; any other address as it is."""
    text = address.strip()
    if medium not in BY_NUMBER and not text.startswith("+"):
        return text
    return telephone_number(text, country=country) or text
