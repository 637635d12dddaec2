"""Calls that people ask for, how far they have come, and who is not to be called.

An agent calls for himself, by his own role's reach. A link only fills a number in (`/#/call`): a call begins with a
request that shows the session from this very site (`cti.web.edge`).
"""

from datetime import datetime, time
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

import phonenumbers
from fastapi import APIRouter, Path, Query

from cti.calling import in_full
from cti.domain.assignment import Assignment
from cti.domain.callbacks import is_dialling
from cti.domain.contact import Contact
from cti.domain.ids import ContactId, LegCause, Milliseconds, ProjectId, QueueId
from cti.domain.states import AssignmentState
from cti.ports import Person, Role
from cti.ports.calling import Barred
from cti.web import screens, words
from cti.web.acts import needs_extension
from cti.web.call_desk import Wish, refused
from cti.web.call_messages import (
    Bar,
    BarredView,
    CallFigures,
    CallProgress,
    CallStarted,
    ContactKey,
    NewCall,
    NumberRead,
    NumberTyped,
    Unbar,
)
from cti.web.guard import Acting, Anyone, AnyParts, Parts, Supervisor
from cti.web.messages import Choice, Done
from cti.web.problems import Refusal, responses

router = APIRouter(prefix="/api/v1", tags=["calls"])

_SHORTEST: Final = 7
"""Digits before which nothing is said of a number that is being typed."""

State = Literal["ringing", "dialling", "talking", "wrap_up", "over"]


# -- calls -----------------------------------------------------------------------------------------------------------


@router.post("/calls", status_code=201, responses=responses(401, 403, 404, 409, 429))
async def call(given: NewCall, person: Acting, parts: AnyParts) -> CallStarted:
    """Ring the asker's phone, and when he has answered, the number. Answered when it is on disk.

    Refused with the reason when the number may not be called: by the asker's role, by anybody, or at this hour.
    """
    asked_ms = parts.engine.now()
    needs_extension(person)
    wish = await _wish(given, person, parts)
    contact_id = await parts.calls.place(wish, person=person, asked_ms=asked_ms)
    contact = parts.engine.state.contacts.get(contact_id)
    assignment_id = contact.assignment_id if contact is not None else None
    return CallStarted(contact_id=contact_id, assignment_id=assignment_id or "", number=wish.number)


@router.post("/calls/check", responses=responses(401, 404))
async def check(given: NumberTyped, person: Anyone, parts: AnyParts) -> NumberRead:
    """What a number that is being typed will be, and whether it may be called. Nothing is done or noted."""
    number = parts.calls.read(given.number)
    shown = _grouped(given.number, parts.centre.country)
    if not number:
        enough = sum(letter.isdigit() for letter in given.number) >= _SHORTEST
        is_none = given.whole or (enough and not _may_grow(given.number, parts.centre.country))
        code = "not_a_number" if is_none else ""
        sentence = _sentence(code, person) if code else ""
        return NumberRead(number="", full="", shown=shown, may_be_called=False, code=code, sentence=sentence)
    project_id = _project(given.project_id, person, parts)
    no = parts.calls.refusal(number, person=person, project_id=project_id)
    refusal = refused(no) if no is not None else None
    if refusal is None and await parts.calls.registry.is_listed(number, project_id=project_id):
        refusal = Refusal(409, "do_not_call")
    return NumberRead(
        number=number,
        full=screens.address(number),
        shown=shown,
        may_be_called=refusal is None,
        code=refusal.code if refusal is not None else "",
        sentence=_sentence(refusal.code, person, **refusal.values) if refusal is not None else "",
    )


@router.get("/calls/projects", responses=responses(401))
async def projects(person: Anyone, parts: AnyParts) -> list[Choice]:
    """The projects for which the asker may call."""
    return [
        Choice(id=key, title=parts.screens.project_name(key, person.language))
        for key in sorted(parts.roster.projects(person))
    ]


@router.get("/calls/figures", responses=responses(401, 403))
async def figures(person: Supervisor, parts: AnyParts) -> CallFigures:
    """What came of today's calls in the asker's projects, and the time that clicking saved."""
    now = parts.engine.now()
    projects = sorted(parts.roster.projects(person))
    made = await parts.history.calls_made(projects, since_ms=_midnight(parts, now), until_ms=now + 1)
    return CallFigures(
        asked=made.asked,
        dialled=made.dialled,
        reached=made.reached,
        to_dial_p50_ms=made.to_dial_p50_ms,
        click_to_ring_p50_ms=parts.calls.clicks.percentile_ms(50),
        click_to_ring_p99_ms=parts.calls.clicks.percentile_ms(99),
        saved_ms=made.saved_ms,
    )


@router.get("/calls/{contact_id}", responses=responses(401, 404))
async def progress(contact_id: Annotated[ContactKey, Path()], person: Anyone, parts: AnyParts) -> CallProgress:
    """How far a call of the asker's own has come: for programs, which have no page that tells."""
    key = ContactId(contact_id)
    contact = parts.engine.state.contacts.get(key)
    held = parts.engine.state.assignments.get(contact.assignment_id) if contact and contact.assignment_id else None
    if contact is not None and held is not None and held.agent_id == person.agent_id and contact.outbound:
        state, missed = _state(held, contact), held.missed
        return _progress(key, state, missed, None, person)
    told = await parts.history.contact(key)
    if told is None or not told.outbound or told.project_id not in parts.roster.projects(person):
        raise Refusal(404, "not_found")
    return _progress(key, "over", told.missed, told.disposition, person)


async def _wish(given: NewCall, person: Person, parts: Parts) -> Wish:
    number = parts.calls.read(given.number)
    if not number:
        raise Refusal(422, "not_a_number")
    told = await parts.history.contact(ContactId(given.origin)) if given.origin is not None else None
    theirs = told is not None and told.project_id in parts.roster.projects(person)
    asked = given.project_id or (told.project_id if told is not None and theirs else None)
    queue = None
    if given.queue_id is not None:
        queue = parts.engine.state.queues.get(QueueId(given.queue_id))
        if queue is None or queue.rules.project_id not in parts.roster.projects(person):
            raise Refusal(404, "unknown_queue")
    if queue is None and asked is None:
        # Nobody is asked to choose a project for a number that none of them may call.
        await parts.calls.may_ever_be_called(number, person=person)
    project_id = queue.rules.project_id if queue is not None else _project(asked, person, parts)
    return Wish(
        number=number,
        project_id=project_id,
        queue_id=queue.id if queue is not None else QueueId(parts.centre.calling_queue(project_id)),
        origin=ContactId(given.origin) if given.origin is not None and theirs else None,
        customer_id=given.customer_id,
    )


def _project(asked: str | None, person: Person, parts: Parts) -> ProjectId:
    """The project that he names, or his only one. Raises Refusal."""
    own = parts.roster.projects(person)
    if asked is None:
        if len(own) != 1:
            raise Refusal(422, "choose_project")
        return next(iter(own))
    if asked not in own:
        raise Refusal(404, "unknown_project")
    return ProjectId(asked)


def _state(held: Assignment, contact: Contact) -> State:
    if held.state is AssignmentState.OFFERED:
        return "ringing"
    if held.state is AssignmentState.WRAP_UP:
        return "wrap_up"
    return "dialling" if is_dialling(held, contact) else "talking"


def _progress(
    contact_id: ContactId, state: State, missed: LegCause | None, disposition: str | None, person: Person
) -> CallProgress:
    code = f"call_{state}" if missed is None else f"missed_{missed.value}"
    return CallProgress(
        contact_id=contact_id,
        state=state,
        missed=missed,
        sentence=words.progress(code, words.language_of(person.language)),
        disposition=disposition,
    )


def _midnight(parts: Parts, now: Milliseconds) -> Milliseconds:
    zone = ZoneInfo(next(iter(parts.centre.sites.values())).tz)
    today = datetime.fromtimestamp(now / 1000, tz=zone).date()
    return round(datetime.combine(today, time(0), tzinfo=zone).timestamp() * 1000)


def _sentence(code: str, person: Person, **values: object) -> str:
    return words.problem(code, words.language_of(person.language), **values)


def _may_grow(text: str, country: str) -> bool:
    """Whether further digits may make a number of it."""
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number_with_reason(parsed) in (
        phonenumbers.ValidationResult.TOO_SHORT,
        phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY,
    )


def _grouped(text: str, country: str) -> str:
    """What was typed, put in groups as the country does; as it is when it is more than a number's letters."""
    if any(letter not in "+0123456789 ()-" for letter in text):
        return text
    formatter = phonenumbers.AsYouTypeFormatter(country)
    shown = ""
    for letter in text:
        if letter.isdigit() or letter == "+":
            shown = formatter.input_digit(letter)
    return shown


# -- who is not to be called -----------------------------------------------------------------------------------------


@router.get("/do-not-call", responses=responses(401, 403, 404))
async def barred(
    person: Supervisor,
    parts: AnyParts,
    begins: Annotated[str, Query(max_length=20, pattern=r"^(\+[0-9]*)?$")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[BarredView]:
    """Who is not to be called for the asker's projects, and for nobody; newest first."""
    scopes = [None, *sorted(parts.roster.projects(person))]
    return [_view(one) for one in await parts.calls.registry.entries(scopes, begins=begins, limit=limit)]


@router.post("/do-not-call", status_code=201, responses=responses(401, 403, 404, 429))
async def bar(given: Bar, person: Acting, parts: AnyParts) -> Done:
    """Call this number no more: for one of the asker's projects; admins, for none at all. Twice is once."""
    number = _number(given.number, parts)
    scope = _scope(given.project_id, person, parts)
    await parts.calls.registry.add([number], project_id=scope, reason=given.reason, actor=person.login)
    return Done()


@router.post("/do-not-call/remove", responses=responses(401, 403, 404))
async def unbar(given: Unbar, person: Supervisor, parts: AnyParts) -> Done:
    """Let this number be called again; an entry for another project, or for all, stays."""
    number = _number(given.number, parts)
    scope = _scope(given.project_id, person, parts)
    if not await parts.calls.registry.remove(number, project_id=scope, actor=person.login):
        raise Refusal(404, "not_found")
    return Done()


def _number(text: str, parts: Parts) -> str:
    number = in_full(text, country=parts.centre.country)
    if not number:
        raise Refusal(422, "not_a_number")
    return number


def _scope(project_id: str | None, person: Person, parts: Parts) -> ProjectId | None:
    if project_id is not None:
        return _project(project_id, person, parts)
    if person.role is not Role.ADMIN:
        raise Refusal(403, "not_allowed")
    return None


def _view(one: Barred) -> BarredView:
    return BarredView(
        number=one.number,
        shown=screens.address(one.number),
        project_id=one.project_id,
        added_ms=one.added_ms,
        actor=one.actor,
        reason=one.reason,
    )
