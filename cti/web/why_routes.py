"""Why contacts were decided on as they were, for supervisors of their projects; and the list to choose them from.

What other projects' contacts are called stays hidden, also where one of them stood next for the same agent. The journal
is read by `ports.Reasons`, never on the loop.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query

from cti.domain.audit import telling
from cti.domain.audit.policy import Obstacle
from cti.domain.audit.telling import Names
from cti.domain.audit.why import Candidate, Offer
from cti.domain.contact import is_call
from cti.domain.facts import OUT_OF_ORDER
from cti.domain.ids import ContactId, ProjectId, QueueId, SiteId, SkillId
from cti.domain.states import ContactState
from cti.ports import CodeKind, Person
from cti.web import words
from cti.web.contact_routes import history_row
from cti.web.guard import AnyParts, Parts, Supervisor
from cti.web.messages import ContactRow, HistoryRow
from cti.web.problems import Refusal, responses
from cti.web.roster import spoken
from cti.web.why_messages import CandidateView, OfferView, TermView, WhyStory

router = APIRouter(prefix="/api/v1", tags=["floor"])

_MOST_CANDIDATES: Final = 100
_WEIGHED: Final = 3
"""Sentences of an offer until all is told of who was weighed: who has it, out of how many, by which score."""
_UNABLE: Final = (Obstacle.PROJECT, Obstacle.SITE, Obstacle.SKILL)


@router.get("/contacts", responses=responses(401, 403))
async def newest_contacts(
    person: Supervisor,
    parts: AnyParts,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[int | None, Query(ge=0, le=2**53, description="arrival, Unix ms; for the next page")] = None,
) -> list[ContactRow]:
    """The contacts of the asker's projects, newest first, those that live included."""
    projects = sorted(parts.roster.projects(person))
    told = await parts.history.of_projects(projects, limit=limit, before_ms=before)
    return [_contact_row(history_row(one, person, parts), parts) for one in told]


def _contact_row(row: HistoryRow, parts: Parts) -> ContactRow:
    live = parts.engine.state.contacts.get(ContactId(row.contact_id))
    waits = live is not None and live.state is ContactState.WAITING
    held = live is not None and not is_call(live) and live.state in (ContactState.OFFERED, ContactState.ACTIVE)
    return ContactRow(
        **row.model_dump(), priority=live.priority if live is not None and waits else None, can_take_back=held
    )


@router.get("/contacts/{contact_id}/why", responses=responses(401, 403, 404))
async def why(
    contact_id: Annotated[str, Path(max_length=60, pattern=r"^c[0-9]{1,18}(-[0-9]{1,4})?$")],
    person: Supervisor,
    parts: AnyParts,
) -> WhyStory:
    """Who was offered the contact and why, who was not, what would have changed it; why it waits, if it does."""
    key = ContactId(contact_id)
    project = await _project(key, parts)
    if project is None or project not in parts.roster.projects(person):
        raise Refusal(404, "not_found")
    story = await parts.reasons.story(key)
    if story is None:
        raise Refusal(404, "not_found")
    language = words.language_of(person.language)
    names = _names(person, parts)
    result = parts.roster.title(CodeKind.DISPOSITION, story.closed, story.project_id, person.language)
    return WhyStory(
        contact_id=story.contact_id,
        title=telling.contact_line(story, names, language, result=result),
        medium=story.medium,
        arrived_ms=story.arrived_ms,
        offers=[_offer(offer, names, language) for offer in story.offers],
        passed_by=telling.passed_line(story, language),
        missed=list(telling.of_missed(story, names, language)),
        waits=list(telling.of_wait(story.wait, names, language)) if story.wait is not None else [],
    )


async def _project(contact_id: ContactId, parts: Parts) -> ProjectId | None:
    """Whose contact it is; a live one is known without the database."""
    live = parts.engine.state.contacts.get(contact_id)
    if live is not None:
        return live.project_id
    told = await parts.history.contact(contact_id)
    return told.project_id if told is not None else None


def _names(person: Person, parts: Parts) -> Names:
    language, centre = spoken(person.language), parts.centre
    projects = parts.roster.projects(person)
    queues = parts.engine.state.queues.values()
    return Names(
        agents={agent_id: one.name for agent_id, one in parts.roster.persons.items()},
        queues={QueueId(key): queue.name.in_language(language) for key, queue in centre.queues.items()},
        skills={SkillId(key): title.in_language(language) for key, title in centre.skills.items()},
        sites={SiteId(key): site.name.in_language(language) for key, site in centre.sites.items()},
        hidden=frozenset(queue.id for queue in queues if queue.rules.project_id not in projects),
    )


def _offer(offer: Offer, names: Names, language: str) -> OfferView:
    sentences = telling.of_offer(offer, names, language)
    is_chosen = offer.why.rule not in OUT_OF_ORDER
    if not is_chosen:
        # Nobody was weighed: who asked for it has it. Neither counts nor a score say anything of that.
        sentences = (sentences[0], *sentences[_WEIGHED:])
    return OfferView(
        number=offer.number,
        at_ms=offer.at_ms,
        agent=names.agent(offer.agent_id),
        waited_ms=offer.waited_ms,
        answered=offer.answered,
        outcome=offer.outcome.value if offer.outcome is not None else None,
        sentences=list(sentences),
        changes=list(telling.of_changes(offer, names, language)) if is_chosen else [],
        terms=[TermView(key=key, title=title, ms=ms) for key, title, ms in telling.of_terms(offer.terms, language)],
        score_ms=sum(ms for _, _, ms in telling.of_terms(offer.terms, language)) if is_chosen else 0,
        strict=offer.terms.strict,
        candidates=[_candidate(each, offer, names, language) for each in offer.candidates[:_MOST_CANDIDATES]]
        if is_chosen
        else [],
        members=offer.members if is_chosen else 0,
    )


def _candidate(each: Candidate, offer: Offer, names: Names, language: str) -> CandidateView:
    return CandidateView(
        agent_id=each.agent_id,
        name=names.agent(each.agent_id),
        chosen=each.agent_id == offer.agent_id,
        preferred=each.preferred,
        obstacle=each.obstacle.value if each.obstacle is not None else None,
        obstacle_title=telling.obstacle(each, language),
        ring=each.ring,
        fit=None if each.obstacle in _UNABLE else each.fit,
        load_percent=each.load,
        idle_ms=each.idle_ms if each.obstacle is None else None,
    )
