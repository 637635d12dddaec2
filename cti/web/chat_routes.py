"""Chats for agents and supervisors: one whole, and what an agent says in one of his.

What happens in it comes over the page's WebSocket (`chat_desk`). An agent sees the chats that he has or took up; a
supervisor those of his projects, and only reads.
"""

from typing import Annotated

from fastapi import APIRouter, Path

from cti.domain.ids import ContactId
from cti.domain.states import AssignmentState
from cti.ports import Person, Role
from cti.ports.chat import ChatRecord
from cti.web import mail_desk
from cti.web.chat_desk import line_view
from cti.web.chat_messages import AgentSays, ChatAnswer, ChatLine, ChatView
from cti.web.guard import Acting, Anyone, AnyParts, Parts
from cti.web.problems import Refusal, responses
from cti.web.roster import spoken

router = APIRouter(prefix="/api/v1/chats", tags=["chat"])

Named = Annotated[str, Path(max_length=60, pattern=r"^c[0-9]+(-[0-9]+)?$")]
_WRITING = frozenset({AssignmentState.ACTIVE, AssignmentState.HELD, AssignmentState.PAUSED})


@router.get("/{contact_id}", responses=responses(401, 404))
async def one_chat(contact_id: Named, person: Anyone, parts: AnyParts) -> ChatView:
    """What was said in a chat, and how it stands."""
    key, chats = ContactId(contact_id), parts.chats
    record = await chats.record(key)
    if record is None or not (holds(key, person, parts) or await _may_read(record, person, parts)):
        raise Refusal(404, "not_found")
    standing, state = chats.standing(key), holds(key, person, parts)
    return ChatView(
        contact_id=contact_id,
        phase=standing.phase,
        presence=standing.presence,
        lines=[line_view(message, parts.roster) for message in await chats.transcript(key)],
        page=record.page,
        first_response_ms=record.first_response_ms,
        rating=record.rating,
        may_write=state in _WRITING,
        answers=_answers(record, person, parts) if state is not None else [],
    )


@router.post("/{contact_id}/messages", responses=responses(401, 404, 409, 429))
async def say(given: AgentSays, contact_id: Named, person: Acting, parts: AnyParts) -> ChatLine:
    """Say something in a chat of one's own; answered when it is on disk."""
    key = ContactId(contact_id)
    state = holds(key, person, parts)
    if state is None:
        raise Refusal(404, "contact_gone")
    if state not in _WRITING:
        raise Refusal(409, "chat_ended" if state is AssignmentState.WRAP_UP else "chat_not_taken")
    message = await parts.chats.agent_says(key, person.agent_id, client_id=given.client_id, text=given.text)
    return line_view(message, parts.roster)


def holds(contact_id: ContactId, person: Person, parts: Parts) -> AssignmentState | None:
    """How far his own assignment of this contact has come; None when he has none."""
    contact = parts.engine.state.contacts.get(contact_id)
    held = parts.engine.state.assignments.get(contact.assignment_id) if contact and contact.assignment_id else None
    return held.state if held is not None and held.agent_id == person.agent_id else None


def _answers(record: ChatRecord, person: Person, parts: Parts) -> list[ChatAnswer]:
    known = parts.engine.particulars(record.contact_id)
    names = mail_desk.Names(
        customer=known.name if known else "",
        agent=person.name,
        subject=known.subject if known else "",
        contact_id=record.contact_id,
        project_id=record.project_id,
    )
    language = spoken(known.language if known else person.language)
    return [
        ChatAnswer(id=answer.id, title=answer.title, text=answer.text[language])
        for answer in mail_desk.ready_answers(parts.centre, names, reader=person.language)
    ]


async def _may_read(record: ChatRecord, person: Person, parts: Parts) -> bool:
    if person.role is not Role.AGENT:
        return record.project_id in parts.roster.projects(person)
    return await parts.history.took(person.agent_id, record.contact_id)
