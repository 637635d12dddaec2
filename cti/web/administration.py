"""The admin's view: people, skills, the projects' codes, and the audit of who changed what.

A change is written to the directory, then the engine and the switch hear of it, then the person's open pages connect
again with what he may do now.
"""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query

from cti.domain.events import SkillLevel
from cti.domain.ids import AgentId, ProjectId, SiteId, SkillId
from cti.ports import Code, CodeKind, Person, Role
from cti.web import deeds, words
from cti.web.guard import Admin, AnyParts, Parts
from cti.web.messages import (
    Choice,
    CodeChange,
    CodeView,
    DeedView,
    Done,
    NewPerson,
    PasswordReset,
    PersonChange,
    PersonView,
    ProjectView,
    SkillView,
)
from cti.web.problems import Refusal, responses
from cti.web.roster import spoken

router = APIRouter(prefix="/api/v1", tags=["administration"], responses=responses(401, 403, 404, 409))

PersonId = Annotated[str, Path(max_length=40, pattern=r"^u[0-9]+$")]
ProjectKey = Annotated[str, Path(max_length=40)]
CodeKey = Annotated[str, Path(max_length=40)]


# -- people ----------------------------------------------------------------------------------------------------------


@router.get("/people")
async def people(_admin: Admin, parts: AnyParts) -> list[PersonView]:
    """Everyone, by name, also those not active."""
    return [_view(person) for person in await parts.people.everyone()]


@router.post("/people", status_code=201)
async def add_person(given: NewPerson, admin: Admin, parts: AnyParts) -> PersonView:
    """Enter a person. With an extension he is an agent and his phones are provisioned at once."""
    person = Person(
        agent_id=AgentId(""),
        login=given.login,
        name=given.name,
        role=given.role,
        project_ids=_projects(given.project_ids, parts),
        extension=given.extension,
        language=given.language,
        skills=_skills(given.skills, parts),
        active=True,
        site_id=_site(given.site_id, parts),
        capacity=_capacity(given.capacity, parts),
    )
    return await _spread(await parts.people.add(person, given.password, actor=admin.login), parts)


@router.patch("/people/{agent_id}")
async def change_person(given: PersonChange, agent_id: PersonId, admin: Admin, parts: AnyParts) -> PersonView:
    """Change what is given, at once: skills, site and capacity count from the next decision on, an inactive person is
    out.
    """
    person = await known_person(agent_id, parts)
    if person.agent_id == admin.agent_id and (given.active is False or given.role not in (None, Role.ADMIN)):
        raise Refusal(409, "own_account")
    changed = replace(
        person,
        name=person.name if given.name is None else given.name,
        role=person.role if given.role is None else given.role,
        project_ids=person.project_ids if given.project_ids is None else _projects(given.project_ids, parts),
        extension=given.extension if "extension" in given.model_fields_set else person.extension,
        language=person.language if given.language is None else given.language,
        skills=person.skills if given.skills is None else _skills(given.skills, parts),
        active=person.active if given.active is None else given.active,
        site_id=_site(given.site_id, parts) if "site_id" in given.model_fields_set else person.site_id,
        capacity=_capacity(given.capacity, parts) if "capacity" in given.model_fields_set else person.capacity,
    )
    return await _spread(await parts.people.change(changed, actor=admin.login), parts)


@router.post("/people/{agent_id}/password")
async def reset_password(given: PasswordReset, agent_id: PersonId, admin: Admin, parts: AnyParts) -> Done:
    """Give him a new password; all his sessions end."""
    person = await known_person(agent_id, parts)
    await parts.people.set_password(person.agent_id, given.password, actor=admin.login)
    await parts.roster.refresh()
    return Done()


async def _spread(person: Person, parts: Parts) -> PersonView:
    """Let the rest of the centre know; first the engine, for somebody may be waiting for just this."""
    await parts.enrolment.changed(person)
    await parts.roster.refresh()
    return _view(person)


async def known_person(agent_id: str, parts: Parts) -> Person:
    """Whoever has this id. Raises a 404."""
    for person in await parts.people.everyone():
        if person.agent_id == agent_id:
            return person
    raise Refusal(404, "not_found")


def _view(person: Person) -> PersonView:
    return PersonView(
        agent_id=person.agent_id,
        login=person.login,
        name=person.name,
        role=person.role,
        project_ids=list(person.project_ids),
        extension=person.extension,
        language=person.language,
        skills=[SkillView(skill_id=skill.skill_id, level=skill.level) for skill in person.skills],
        active=person.active,
        site_id=person.site_id,
        capacity=person.capacity,
    )


def _projects(given: list[str], parts: Parts) -> tuple[ProjectId, ...]:
    if not set(given) <= set(parts.centre.projects):
        raise Refusal(422, "unknown_project")
    return tuple(ProjectId(key) for key in sorted(set(given)))


def _skills(given: list[SkillView], parts: Parts) -> tuple[SkillLevel, ...]:
    levels = {skill.skill_id: skill.level for skill in given}
    if not set(levels) <= set(parts.centre.skills):
        raise Refusal(422, "unknown_skill")
    return tuple(SkillLevel(skill_id=SkillId(key), level=level) for key, level in sorted(levels.items()))


def _site(given: str | None, parts: Parts) -> SiteId | None:
    if given is None:
        return None
    if given not in parts.centre.sites:
        raise Refusal(422, "unknown_site")
    return SiteId(given)


def _capacity(given: str | None, parts: Parts) -> str | None:
    if given is not None and given not in parts.centre.capacities:
        raise Refusal(422, "unknown_capacity")
    return given


# -- projects and their codes ----------------------------------------------------------------------------------------


@router.get("/projects")
async def projects(admin: Admin, parts: AnyParts) -> list[ProjectView]:
    """The projects of the centre file."""
    return [
        ProjectView(id=key, title=project.name.in_language(spoken(admin.language)))
        for key, project in parts.centre.projects.items()
    ]


@router.get("/skills")
async def skills(admin: Admin, parts: AnyParts) -> list[Choice]:
    """The skills of the centre file."""
    return [
        Choice(id=key, title=title.in_language(spoken(admin.language))) for key, title in parts.centre.skills.items()
    ]


@router.get("/sites")
async def sites(admin: Admin, parts: AnyParts) -> list[Choice]:
    """The sites of the centre file."""
    language = spoken(admin.language)
    return [Choice(id=key, title=site.name.in_language(language)) for key, site in parts.centre.sites.items()]


@router.get("/capacities")
async def capacities(admin: Admin, parts: AnyParts) -> list[Choice]:
    """The capacity profiles that an agent may have: the centre file's own, then the ready ones."""
    language = spoken(admin.language)
    return [
        Choice(id=key, title=profile.name.in_language(language)) for key, profile in parts.centre.capacities.items()
    ]


async def _codes(kind: CodeKind, project: str, parts: Parts) -> list[CodeView]:
    if project not in parts.centre.projects:
        raise Refusal(404, "unknown_project")
    return [
        CodeView(id=code.id, title_en=code.title_en, title_ru=code.title_ru, active=code.active)
        for code in await parts.people.codes()
        if code.kind is kind and code.project_id == project
    ]


async def _put(kind: CodeKind, project: str, view: CodeView, admin: Person, parts: Parts) -> CodeView:
    if project not in parts.centre.projects:
        raise Refusal(404, "unknown_project")
    code = Code(
        project_id=ProjectId(project),
        kind=kind,
        id=view.id,
        title_en=view.title_en,
        title_ru=view.title_ru,
        active=view.active,
    )
    await parts.people.put_code(code, actor=admin.login)
    await parts.roster.refresh()
    parts.hub.codes_changed()
    return view


async def _change(
    kind: CodeKind, project: str, code_id: str, given: CodeChange, admin: Person, parts: Parts
) -> CodeView:
    for view in await _codes(kind, project, parts):
        if view.id == code_id:
            changed = view.model_copy(update=given.model_dump(exclude_none=True))
            return await _put(kind, project, changed, admin, parts)
    raise Refusal(404, "not_found")


@router.get("/projects/{project}/dispositions")
async def dispositions(project: ProjectKey, _admin: Admin, parts: AnyParts) -> list[CodeView]:
    """The project's dispositions, retired ones too."""
    return await _codes(CodeKind.DISPOSITION, project, parts)


@router.post("/projects/{project}/dispositions", status_code=201)
async def add_disposition(given: CodeView, project: ProjectKey, admin: Admin, parts: AnyParts) -> CodeView:
    """Enter a disposition; one with this id is replaced."""
    return await _put(CodeKind.DISPOSITION, project, given, admin, parts)


@router.patch("/projects/{project}/dispositions/{code_id}")
async def change_disposition(
    given: CodeChange, project: ProjectKey, code_id: CodeKey, admin: Admin, parts: AnyParts
) -> CodeView:
    """Rename a disposition, retire it or take it back."""
    return await _change(CodeKind.DISPOSITION, project, code_id, given, admin, parts)


@router.delete("/projects/{project}/dispositions/{code_id}")
async def retire_disposition(project: ProjectKey, code_id: CodeKey, admin: Admin, parts: AnyParts) -> CodeView:
    """Retire a disposition; history keeps its name."""
    return await _change(CodeKind.DISPOSITION, project, code_id, CodeChange(active=False), admin, parts)


@router.get("/projects/{project}/reasons")
async def reasons(project: ProjectKey, _admin: Admin, parts: AnyParts) -> list[CodeView]:
    """The project's reasons not to be ready, retired ones too."""
    return await _codes(CodeKind.REASON, project, parts)


@router.post("/projects/{project}/reasons", status_code=201)
async def add_reason(given: CodeView, project: ProjectKey, admin: Admin, parts: AnyParts) -> CodeView:
    """Enter a reason; one with this id is replaced."""
    return await _put(CodeKind.REASON, project, given, admin, parts)


@router.patch("/projects/{project}/reasons/{code_id}")
async def change_reason(
    given: CodeChange, project: ProjectKey, code_id: CodeKey, admin: Admin, parts: AnyParts
) -> CodeView:
    """Rename a reason, retire it or take it back."""
    return await _change(CodeKind.REASON, project, code_id, given, admin, parts)


@router.delete("/projects/{project}/reasons/{code_id}")
async def retire_reason(project: ProjectKey, code_id: CodeKey, admin: Admin, parts: AnyParts) -> CodeView:
    """Retire a reason; history keeps its name."""
    return await _change(CodeKind.REASON, project, code_id, CodeChange(active=False), admin, parts)


# -- audit -----------------------------------------------------------------------------------------------------------


@router.get("/audit")
async def audit(
    admin: Admin,
    parts: AnyParts,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    before: Annotated[int | None, Query(ge=0, le=2**53)] = None,
) -> list[DeedView]:
    """Who changed what, newest first."""
    return [
        DeedView(
            at_ms=deed.at_ms,
            actor=deed.actor,
            action=deed.action,
            title=deeds.title(deed, words.language_of(admin.language)),
            subject=deed.subject,
            detail=deed.detail,
            told=deeds.detail(deed, words.language_of(admin.language)),
        )
        for deed in await parts.people.audit(limit=limit, before_ms=before)
    ]
