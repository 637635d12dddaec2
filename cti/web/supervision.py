"""The floor: who waits, and, for supervisors, who is where."""

from typing import Annotated

from fastapi import APIRouter, Path

from cti.domain.events import AgentBecameNotReady, ContactTakenBack, MoveRequested, PriorityChanged
from cti.domain.ids import AgentId, ContactId, QueueId, ReasonId
from cti.ports import CodeKind
from cti.web.guard import Anyone, AnyParts, Supervisor
from cti.web.messages import AgentView, Done, NotReadyWish, PriorityWish, QueueView, QueueWish
from cti.web.problems import Refusal, responses

router = APIRouter(prefix="/api/v1", tags=["floor"])


@router.get("/queues", responses=responses(401))
async def queues(person: Anyone, parts: AnyParts) -> list[QueueView]:
    """The queues of the asker's projects."""
    return parts.hub.queues(person)


@router.get("/agents", responses=responses(401, 403))
async def agents(person: Supervisor, parts: AnyParts) -> list[AgentView]:
    """The agents of the asker's projects."""
    return parts.hub.agents(person)


@router.post("/agents/{agent_id}/not-ready", responses=responses(401, 403, 404, 409))
async def set_not_ready(
    given: NotReadyWish,
    agent_id: Annotated[str, Path(max_length=40, pattern=r"^u[0-9]+$")],
    person: Supervisor,
    parts: AnyParts,
) -> Done:
    """Take an agent out of distribution; what he holds or what rings goes on."""
    agent = parts.engine.state.agents.get(AgentId(agent_id))
    projects = parts.roster.projects(person)
    if agent is None or projects.isdisjoint(agent.project_ids):
        raise Refusal(404, "not_found")
    if given.reason is not None and not parts.roster.has_code(CodeKind.REASON, given.reason, projects):
        raise Refusal(422, "unknown_reason")
    await parts.engine.handle(AgentBecameNotReady(agent_id=agent.id, reason=ReasonId(given.reason or "supervisor")))
    await parts.people.note_deed(actor=person.login, action="set_not_ready", subject=agent.id)
    return Done()


@router.post("/contacts/{contact_id}/priority", responses=responses(401, 403, 404))
async def set_priority(
    given: PriorityWish,
    contact_id: Annotated[str, Path(max_length=60, pattern=r"^c[0-9]+(-[0-9]+)?$")],
    person: Supervisor,
    parts: AnyParts,
) -> Done:
    """Give a contact points of its own, a minute of waiting each; they count from the very next decision on."""
    contact = parts.engine.state.contacts.get(ContactId(contact_id))
    if contact is None or contact.project_id not in parts.roster.projects(person):
        raise Refusal(404, "contact_gone")
    await parts.engine.handle(PriorityChanged(contact_id=contact.id, priority=given.priority))
    await parts.people.note_deed(
        actor=person.login, action="priority_changed", subject=contact.id, detail=str(given.priority)
    )
    return Done()


@router.post("/contacts/{contact_id}/take-back", responses=responses(401, 403, 404, 409))
async def take_back(
    contact_id: Annotated[str, Path(max_length=60, pattern=r"^c[0-9]+(-[0-9]+)?$")], person: Supervisor, parts: AnyParts
) -> Done:
    """Take a virtual call from its agent: it waits again in its place, and he is not ready. A talk is refused."""
    contact = parts.engine.state.contacts.get(ContactId(contact_id))
    if contact is None or contact.project_id not in parts.roster.projects(person):
        raise Refusal(404, "contact_gone")
    await parts.engine.handle(ContactTakenBack(contact_id=contact.id))
    await parts.people.note_deed(actor=person.login, action="contact_taken_back", subject=contact.id)
    return Done()


@router.post("/contacts/{contact_id}/queue", responses=responses(401, 403, 404, 409))
async def move(
    given: QueueWish,
    contact_id: Annotated[str, Path(max_length=60, pattern=r"^c[0-9]+(-[0-9]+)?$")],
    person: Supervisor,
    parts: AnyParts,
) -> Done:
    """Have a waiting contact wait in another queue of its project, with the seniority it has."""
    contact = parts.engine.state.contacts.get(ContactId(contact_id))
    if contact is None or contact.project_id not in parts.roster.projects(person):
        raise Refusal(404, "contact_gone")
    await parts.engine.handle(MoveRequested(contact_id=contact.id, queue_id=QueueId(given.queue_id)))
    await parts.people.note_deed(
        actor=person.login, action="contact_moved", subject=contact.id, detail=f"{contact.queue_id}→{given.queue_id}"
    )
    return Done()
