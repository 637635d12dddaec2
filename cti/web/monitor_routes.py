"""Supervisors at others' talks: listen, coach, come in, take over, leave. Each act is kept in the audit."""

from typing import Annotated

from fastapi import APIRouter, Path

from cti.domain.events import MonitorLeft, MonitorRequested
from cti.domain.ids import ContactId
from cti.web.guard import AnyParts, Supervisor
from cti.web.messages import Done
from cti.web.monitor_messages import MonitorWish
from cti.web.problems import Refusal, responses

router = APIRouter(prefix="/api/v1", tags=["supervision"])


@router.post("/contacts/{contact_id}/monitor", responses=responses(401, 403, 404, 409))
async def monitor(
    given: MonitorWish,
    contact_id: Annotated[str, Path(max_length=60, pattern=r"^c[0-9]+(-[0-9]+)?$")],
    person: Supervisor,
    parts: AnyParts,
) -> Done:
    """Be at this talk: the supervisor's own phone rings first. At it already, he changes how. Twice is once."""
    contact = parts.engine.state.contacts.get(ContactId(contact_id))
    if contact is None or contact.project_id not in parts.roster.projects(person):
        raise Refusal(404, "contact_gone")
    await parts.engine.handle(MonitorRequested(contact_id=contact.id, agent_id=person.agent_id, mode=given.mode))
    await parts.people.note_deed(
        actor=person.login, action="talk_monitored", subject=contact.id, detail=given.mode.value
    )
    return Done()


@router.delete("/monitor", responses=responses(401, 403))
async def leave(person: Supervisor, parts: AnyParts) -> Done:
    """Leave the talk that one listens to or came into; at none, it is nothing."""
    agent = parts.engine.state.agents.get(person.agent_id)
    leg_id = agent.party_leg if agent is not None else None
    monitor, party = (
        (parts.engine.state.monitors.get(leg_id), parts.engine.state.parties.get(leg_id))
        if leg_id is not None
        else (None, None)
    )
    at = monitor or (party if party is not None and party.uninvited else None)
    await parts.engine.handle(MonitorLeft(agent_id=person.agent_id))
    if at is not None:
        await parts.people.note_deed(actor=person.login, action="talk_left", subject=at.contact_id, detail="")
    return Done()
