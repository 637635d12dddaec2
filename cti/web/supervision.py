"""The floor: who waits, and, for supervisors, who is where."""

from typing import Annotated

from fastapi import APIRouter, Path

from cti.domain.agent import Agent, wants_calls
from cti.domain.events import (
    AgentBecameNotReady,
    AgentBecameReady,
    AgentSignedOut,
    ContactTakenBack,
    MoveRequested,
    PriorityChanged,
)
from cti.domain.ids import AgentId, ContactId, QueueId, Readiness, ReasonId
from cti.ports import CodeKind, Person
from cti.web.guard import Anyone, AnyParts, Parts, Supervisor
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
    agent = _agent(agent_id, person, parts)
    projects = parts.roster.projects(person)
    if given.reason is not None and not parts.roster.has_code(CodeKind.REASON, given.reason, projects):
        raise Refusal(422, "unknown_reason")
    await parts.engine.handle(AgentBecameNotReady(agent_id=agent.id, reason=ReasonId(given.reason or "supervisor")))
    await parts.people.note_deed(actor=person.login, action="set_not_ready", subject=agent.id)
    return Done()


@router.post("/agents/{agent_id}/ready", responses=responses(401, 403, 404, 409))
async def set_ready(
    agent_id: Annotated[str, Path(max_length=40, pattern=r"^u[0-9]+$")], person: Supervisor, parts: AnyParts
) -> Done:
    """Have an agent who is signed in take contacts again, of the media that he takes. Refused without his phone."""
    agent = _agent(agent_id, person, parts)
    if agent.readiness is Readiness.OFFLINE or agent.leaving:
        raise Refusal(409, "agent_signed_out")
    if wants_calls(agent.media) and agent.device not in agent.phones:
        raise Refusal(409, "agent_without_phone")
    await parts.engine.handle(AgentBecameReady(agent_id=agent.id, media=agent.media))
    await parts.people.note_deed(actor=person.login, action="set_ready", subject=agent.id)
    return Done()


@router.post("/agents/{agent_id}/sign-out", responses=responses(401, 403, 404, 409))
async def sign_out(
    agent_id: Annotated[str, Path(max_length=40, pattern=r"^u[0-9]+$")], person: Supervisor, parts: AnyParts
) -> Done:
    """End an agent's shift: at once, or after what he holds. Out already is nothing."""
    agent = _agent(agent_id, person, parts)
    await parts.engine.handle(AgentSignedOut(agent_id=agent.id))
    await parts.people.note_deed(actor=person.login, action="signed_out", subject=agent.id)
    return Done()


def _agent(agent_id: str, person: Person, parts: Parts) -> Agent:
    """Who works for one of the asker's projects. Raises Refusal."""
    agent = parts.engine.state.agents.get(AgentId(agent_id))
    if agent is None or parts.roster.projects(person).isdisjoint(agent.project_ids):
        raise Refusal(404, "not_found")
    return agent


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
