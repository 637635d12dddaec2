"""Mail: a contact's thread, its files, and answers.

Who has the contact in his hands, or had it, may read its thread, and so may a supervisor of its project; whoever works
on it now, and nobody else, may answer. Files go out as downloads that no browser opens by itself.
"""

from collections.abc import Sequence
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response

from cti.config import Language
from cti.domain.assignment import Assignment
from cti.domain.contact import Contact
from cti.domain.ids import ContactId, Medium
from cti.domain.states import AssignmentState
from cti.ports import Person
from cti.ports.media import Attachment, Message
from cti.web import acts, contact_routes, mail_desk
from cti.web.guard import Acting, Anyone, AnyParts, Parts
from cti.web.mail_desk import MailDesk, Names
from cti.web.mail_messages import AnswerDesk, FileView, MessageView, NewAnswer
from cti.web.messages import Done
from cti.web.problems import Refusal, responses

router = APIRouter(prefix="/api/v1", tags=["mail"], responses=responses(401, 404))

Contacted = Annotated[str, Path(max_length=60, pattern=r"^c[0-9]+$")]
FILE_LIMIT: Final = 18_000_000
"""Bytes of one file put to an answer."""


@router.get("/contacts/{contact_id}/messages")
async def thread(contact_id: Contacted, person: Anyone, parts: AnyParts) -> list[MessageView]:
    """What was said on the contact, and on those that it goes on from, oldest first."""
    return [mail_desk.message_view(one, parts.roster) for one in await _thread(ContactId(contact_id), person, parts)]


@router.get("/contacts/{contact_id}/files/{file_id}", response_class=Response)
async def file(
    contact_id: Contacted, file_id: Annotated[int, Path(ge=1, le=2**53)], person: Anyone, parts: AnyParts
) -> Response:
    """A file of the thread, to be saved."""
    messages = await _thread(ContactId(contact_id), person, parts)
    if not any(file_id == one for message in messages for one, *_ in message.attachments):
        raise Refusal(404, "not_found")
    found = await _desk(parts).messages.attachment(file_id)
    if found is None:
        raise Refusal(404, "not_found")
    return Response(
        found[1].content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(found[1].name, safe='')}"},
    )


@router.get("/assignments/{assignment_id}/answer")
async def answer_desk(assignment_id: acts.Named, person: Anyone, parts: AnyParts) -> AnswerDesk:
    """What can be answered: to whom, with which ready answers, and the files put to it so far."""
    _, contact = _mine(assignment_id, person, parts)
    desk = _desk(parts)
    messages = await desk.messages.of_contact(contact.id)
    account = mail_desk.account_of(parts.centre, messages, contact.project_id)
    names = _names(contact, messages, person, parts)
    particulars = parts.engine.particulars(contact.id)
    language = particulars.language if particulars is not None else ""
    return AnswerDesk(
        account=account.address if account is not None else "",
        recipients=_recipients(contact, messages, parts),
        subject=names.subject,
        language=language if language in list(Language) else (account.language if account else Language.EN),
        answers=mail_desk.ready_answers(parts.centre, names, reader=person.language),
        signature={
            one.value: "\n\n".join(mail_desk.signature(account, one, names, parts.centre)) if account else ""
            for one in Language
        },
        files=[
            FileView(file_id=one.upload_id, name=one.name, size=one.size)
            for one in await desk.uploads.listed(contact.id, person.agent_id)
        ],
    )


@router.post("/assignments/{assignment_id}/answer", status_code=201, responses=responses(401, 404, 409))
async def answer(given: NewAnswer, assignment_id: acts.Named, person: Acting, parts: AnyParts) -> MessageView:
    """Send an answer. Returned when it is on disk: it is sent then, at once or as soon as the mail server takes it."""
    _, contact = _mine(assignment_id, person, parts, working=True)
    desk = _desk(parts)
    messages = await desk.messages.of_contact(contact.id)
    account = mail_desk.account_of(parts.centre, messages, contact.project_id)
    if account is None:
        raise Refusal(409, "mail_no_account")
    if given.to not in _recipients(contact, messages, parts):
        raise Refusal(422, "mail_no_recipient")
    outgoing = mail_desk.outgoing(
        given,
        account=account,
        thread=messages,
        names=_names(contact, messages, person, parts),
        centre=parts.centre,
        files=await desk.uploads.read(contact.id, person.agent_id),
    )
    queued = await desk.messages.queue(outgoing, agent_id=person.agent_id, at_ms=parts.engine.now())
    desk.queued(outgoing)
    await desk.uploads.drop(contact.id, person.agent_id)
    return mail_desk.message_view(queued, parts.roster)


@router.post(
    "/assignments/{assignment_id}/answer/files",
    status_code=201,
    responses=responses(401, 404, 409, 413),
    openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}, "required": True}},
)
async def put_file(
    request: Request,
    assignment_id: acts.Named,
    person: Acting,
    parts: AnyParts,
    name: Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f/\\]+$")],
) -> FileView:
    """Put a file to the answer: its bytes are the body. It waits for the answer, also through a refresh."""
    _, contact = _mine(assignment_id, person, parts, working=True)
    content = await _body(request)
    file = Attachment(name=name, media_type=_media_type(request), content=content)
    kept = await _desk(parts).uploads.put(contact.id, person.agent_id, file, at_ms=parts.engine.now())
    if kept is None:
        raise Refusal(409, "mail_files_too_large")
    return FileView(file_id=kept.upload_id, name=kept.name, size=kept.size)


@router.delete("/assignments/{assignment_id}/answer/files/{file_id}")
async def drop_file(
    assignment_id: acts.Named, file_id: Annotated[int, Path(ge=1, le=2**53)], person: Acting, parts: AnyParts
) -> Done:
    """Take a file off the answer."""
    _, contact = _mine(assignment_id, person, parts)
    await _desk(parts).uploads.drop(contact.id, person.agent_id, file_id)
    return Done()


def _desk(parts: Parts) -> MailDesk:
    if parts.mail is None:
        raise Refusal(404, "not_found")
    return parts.mail


def _mine(assignment_id: str, person: Person, parts: Parts, *, working: bool = False) -> tuple[Assignment, Contact]:
    """His own assignment of a mail; with `working`, one that he has taken up and not finished."""
    found = acts.own(assignment_id, person, parts)
    contact = parts.engine.state.contacts.get(found.contact_id) if found else None
    if found is None or contact is None or contact.medium is not Medium.EMAIL:
        raise Refusal(404, "contact_gone")
    if working and found.state is not AssignmentState.ACTIVE:
        raise Refusal(409, "mail_not_active")
    return found, contact


async def _thread(contact_id: ContactId, person: Person, parts: Parts) -> list[Message]:
    desk = _desk(parts)
    if not await contact_routes.may_read(contact_id, person, parts):
        raise Refusal(404, "not_found")
    return list(await desk.messages.of_contact(contact_id))


def _recipients(contact: Contact, messages: Sequence[Message], parts: Parts) -> list[str]:
    particulars = parts.engine.particulars(contact.id)
    return mail_desk.recipients(messages, particulars.address if particulars is not None else "")


def _names(contact: Contact, messages: Sequence[Message], person: Person, parts: Parts) -> Names:
    particulars = parts.engine.particulars(contact.id)
    card = parts.hub.card(contact.id, language=person.language)
    known = particulars.name or particulars.address if particulars is not None else ""
    newest = next((one.subject for one in reversed(messages) if one.subject), "")
    return Names(
        customer=(card.name if card is not None else "") or known,
        agent=person.name,
        subject=newest or (particulars.subject if particulars is not None else ""),
        contact_id=contact.id,
        project_id=contact.project_id,
    )


async def _body(request: Request) -> bytes:
    """The whole body, no longer than a file may be."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > FILE_LIMIT:
            raise Refusal(413, "too_large")
    if not content:
        raise Refusal(422, "mail_file_empty")
    return bytes(content)


def _media_type(request: Request) -> str:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    kind, _, subkind = given.partition("/")
    plain = all(
        part and part.isascii() and part.replace("-", "").replace(".", "").replace("+", "").isalnum()
        for part in (kind, subkind)
    )
    return given if plain and len(given) < 100 else "application/octet-stream"
