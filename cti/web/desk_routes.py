"""Hot desks: which there are, logging in at one and leaving it, from the page or, for the IVR, by dialling."""

from typing import Annotated

from fastapi import APIRouter, Header

from cti.config import Language
from cti.ports import Person
from cti.ports.desks import Desks
from cti.web.acts import needs_extension
from cti.web.administration import PersonId, known_person
from cti.web.desk_messages import DeskView, DeskWish, PhoneAnswer, PhoneLogin, PhoneLogout, PinWish
from cti.web.guard import Acting, Admin, Anyone, AnyParts, Parts
from cti.web.ivr_routes import must_be_ivr
from cti.web.messages import Done
from cti.web.problems import Refusal, responses

router = APIRouter(prefix="/api/v1", tags=["desks"])


@router.get("/desks", responses=responses(401))
async def desks(person: Anyone, parts: AnyParts) -> list[DeskView]:
    """Every desk phone by its key, and who of one's own projects sits there."""
    known = _desks(parts)
    projects = parts.roster.projects(person)
    seats = {seat.desk: seat for seat in known.seats}
    views = []
    for desk in parts.centre.desks.values():
        seat = seats.get(desk.key)
        sitting = parts.roster.persons.get(seat.agent_id) if seat is not None else None
        is_shown = sitting is not None and not projects.isdisjoint(sitting.project_ids)
        views.append(
            DeskView(
                desk=desk.key,
                name=desk.name.in_language(Language(person.language)),
                reached=known.is_reached(desk.key),
                agent_id=sitting.agent_id if sitting is not None and is_shown else None,
                person=sitting.name if sitting is not None and is_shown else None,
                since_ms=seat.since_ms if seat is not None and is_shown else None,
            )
        )
    return views


@router.post("/agent/desk", responses=responses(401, 403, 404, 409, 429))
async def sit_down(wish: DeskWish, person: Acting, parts: AnyParts) -> Done:
    """Be rung at this desk phone from the next ring on. Who sat there is not any more; talks go on where they are."""
    needs_extension(person)
    await _desks(parts).log_in(person.agent_id, wish.desk)
    return Done()


@router.delete("/agent/desk", responses=responses(401, 403, 429))
async def get_up(person: Acting, parts: AnyParts) -> Done:
    """Be rung where one was before."""
    needs_extension(person)
    await _desks(parts).log_out(person.agent_id)
    return Done()


@router.put("/agent/pin", responses=responses(401, 403, 404, 422, 429))
async def choose_pin(wish: PinWish, person: Acting, parts: AnyParts) -> Done:
    """Choose the PIN that one presses at desk phones; a lock by wrong tries is opened."""
    needs_extension(person)
    return await _give_pin(person, wish.pin, parts, actor=person.login)


@router.put("/people/{agent_id}/pin", responses=responses(401, 403, 404, 422))
async def give_pin(wish: PinWish, agent_id: PersonId, admin: Admin, parts: AnyParts) -> Done:
    """Give somebody a PIN for desk phones; a lock by wrong tries is opened."""
    return await _give_pin(await known_person(agent_id, parts), wish.pin, parts, actor=admin.login)


async def _give_pin(person: Person, pin: str, parts: Parts, *, actor: str) -> Done:
    await _desks(parts).set_pin(person.agent_id, pin)
    await parts.people.note_deed(actor=actor, action="pin_set", subject=person.agent_id)
    return Done()


@router.post("/ivr/desks/in", responses=responses(401))
async def log_in_by_phone(
    given: PhoneLogin, parts: AnyParts, x_triune_token: Annotated[str, Header(max_length=200)] = ""
) -> PhoneAnswer:
    """Somebody pressed number and PIN at a desk phone. Wrong tries are counted per person; three lock the PIN."""
    must_be_ivr(x_triune_token, parts)
    answer = await _desks(parts).log_in_by_phone(given.extension, given.pin, endpoint=given.endpoint)
    return PhoneAnswer(result=answer.value)


@router.post("/ivr/desks/out", responses=responses(401))
async def log_out_by_phone(
    given: PhoneLogout, parts: AnyParts, x_triune_token: Annotated[str, Header(max_length=200)] = ""
) -> PhoneAnswer:
    """Whoever sits at this phone leaves it; `unknown` when nobody does."""
    must_be_ivr(x_triune_token, parts)
    left = await _desks(parts).log_out_by_phone(given.endpoint)
    return PhoneAnswer(result="ok" if left else "unknown")


def _desks(parts: Parts) -> Desks:
    if parts.desks is None:
        raise Refusal(404, "not_found")
    return parts.desks
